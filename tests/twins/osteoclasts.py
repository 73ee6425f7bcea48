"""Osteoclasts one by one."""

import math

from trabecula.base.codes import FULL, Stream
from twins.keyed import draw, happens
from twins.ligands import boost, feel, occupancy
from twins.space import (
    BLOCK,
    count_bone26,
    faces_of,
    half,
    is_bone,
    join,
    neighbour,
    split,
    squared,
    steps_between,
)


def radius_of(nuclei, area):
    """Radius (um) of the disc that so many nuclei cover."""
    return math.sqrt(area * int(nuclei) / math.pi)


def fuse_osteoclasts(table, order, space, moment, rates):
    """Every pair of discs that overlap, in order of precedence; the one with fewer nuclei ends."""
    fusions = 0
    for i in order:
        for j in order:
            alive = table.uid[i] != 0 and table.uid[j] != 0 and i != j
            if not alive or table.nuclei[j] > table.nuclei[i]:
                continue
            if table.nuclei[i] + table.nuclei[j] > rates.most:
                continue
            a, b = split(table.voxel[i], space), split(table.voxel[j], space)
            gap = math.sqrt(squared(steps_between(a, b, space))) * space.voxel
            if gap > sum(radius_of(table.nuclei[k], rates.area) for k in (i, j)):
                continue
            pair = int(table.uid[i]) ^ int(table.uid[j])
            if happens(moment, Stream.FUSION, pair, 0, rates.fusion):
                table.nuclei[i] += table.nuclei[j]
                table.carry[i] += table.carry[j]
                table.uid[j] = 0
                fusions += 1
    return fusions


def turn_over_nuclei(table, count, ligands, space, moment, rates):
    """A draw for every nucleus."""
    nuclei = cells = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        place = split(table.voxel[i], space)
        longer = 1 + rates.survival * feel(ligands, rates, place)
        longer *= boost(ligands.il1[half(place)], rates.il1_half, rates.il1_max)
        shorter = boost(ligands.tgfb[half(place)], rates.tgfb_half, rates.tgfb_max)
        rate = rates.death * shorter / longer
        lost = sum(
            happens(moment, Stream.NUCLEI, table.uid[i], k, rate) for k in range(table.nuclei[i])
        )
        table.nuclei[i] -= lost
        nuclei += lost
        if table.nuclei[i] == 0:
            table.uid[i] = 0
            cells += 1
    return nuclei, cells


def move_osteoclasts(table, order, scene, ligands, space, moment, rates):
    """Those that move, and those that lost the surface, go where RANK is occupied most."""
    for i in order:
        if table.uid[i] == 0:
            continue
        place = split(table.voxel[i], space)
        stranded = scene.contact[place] == 0
        u = draw(moment.seed, Stream.RESORPTION, moment.step, table.uid[i], 1)
        if u * space.voxel >= rates.speed * moment.dt and not stranded:
            continue
        around = [neighbour(place, offset, space) for offset in BLOCK]
        choice = [p for p in around if scene.contact[p] > 0 and scene.osteoblasts[p] == 0]
        if not stranded:
            choice.insert(0, place)  # it stays where no place is better
        if not choice:
            continue
        best = max(choice, key=lambda p: occupancy(ligands, rates.kd, *p))
        scene.osteoclasts[place] -= 1
        scene.osteoclasts[best] += 1
        table.voxel[i] = join(best, space)


def share_open(matrix, space, ball, z, y, x):
    """Open share of what lies around a voxel; the ball's first offset is the voxel itself."""
    around = [neighbour((z, y, x), offset, space) for offset in ball if squared(offset) > 0]
    return sum(not is_bone(matrix, p) for p in around) / len(around)


def score_target(scene, ligands, space, rates, z, y, x):
    """Three parts exposure, two parts begun work, half a part signal; -1 out of reach."""
    here = (z, y, x)

    def is_covered(place):
        return scene.lining[place] > 0 or scene.osteoblasts[place] > 0

    if scene.matrix[here] == 0 or scene.osteoid[here] > rates.seam or is_covered(here):
        return -1.0
    doors = [p for p in faces_of(here, space) if not is_bone(scene.matrix, p) and not is_covered(p)]
    around = 26 - count_bone26(scene.matrix, z, y, x, space)
    begun = scene.matrix[here] < FULL
    fits = begun or share_open(scene.matrix, space, rates.border, z, y, x) >= rates.room
    if not doors or not fits:
        return -1.0
    dug = (FULL - int(scene.matrix[here])) / FULL
    return 3 * around / 26 + 2 * dug + max(feel(ligands, rates, p) for p in doors) / 2


def first_touch(lattice, scene, space, site, z, y, x):
    """Layer 0 beside surface that the site did not open itself, else one deeper than beside it."""
    doors = [p for p in faces_of((z, y, x), space) if not is_bone(scene.matrix, p)]
    own = [lattice.site[p] == site and lattice.eroded[p] != 0 for p in doors]
    layer = 1 + min((int(lattice.layer[p]) for p in doors), default=254) if all(own) else 0
    lattice.site[z, y, x] = site
    lattice.layer[z, y, x] = min(layer, 255)
