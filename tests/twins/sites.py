"""Remodelling sites, by looking at all candidates."""

import numpy as np

from trabecula.base.codes import Phase
from twins.space import nearest_first, neighbour, split, squared, steps_between


def find_live_site(flat, voxel, site, uid, phase, lattice, space_ball):
    """Site of the nearest osteoclast within the ball (the older site of two), else of surface."""
    space, ball = space_ball
    offsets = nearest_first(ball)
    here = split(flat, space)
    reach = squared(offsets[-1])
    candidates = []
    for i in range(len(voxel)):
        gap = squared(steps_between(here, split(voxel[i], space), space))
        if uid[i] != 0 and site[i] > 0 and gap <= reach:
            candidates.append((gap, int(site[i])))
    if candidates:
        return min(candidates)[1]
    for offset in offsets:
        place = neighbour(here, offset, space)
        number = int(lattice.site[place])
        if number > 0 and lattice.eroded[place] and phase[number - 1] <= Phase.REVERSAL:
            return number
    return 0


def add_time(mean, spread, row, held, part, time):
    """Mean and variance of the two lots together, from their definitions."""
    old, total = float(mean[row]), held + part
    both = (held * old + part * time) / total
    squares = held * (float(spread[row]) + (old - both) ** 2) + part * (time - both) ** 2
    mean[row], spread[row] = both, squares / total


def tally_sites(bound, site, seam, out):
    holding = bound > seam
    out += np.bincount(site[holding], minlength=len(out))
