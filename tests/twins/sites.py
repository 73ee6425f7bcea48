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
        if uid[i] != 0 and gap <= reach:
            candidates.append((gap, int(site[i])))
    if candidates:
        return min(candidates)[1]
    for offset in offsets:
        place = neighbour(here, offset, space)
        number = int(lattice.site[place])
        if number > 0 and lattice.eroded[place] and phase[number - 1] == Phase.RESORPTION:
            return number
    return 0


def tally_sites(bound, site, seam, out):
    holding = bound > seam
    out += np.bincount(site[holding], minlength=len(out))
