"""Where on the surface an osteoblast works: in hollows and at steps, as the sheet closes a pit."""

from typing import NamedTuple

import numpy as np

from trabecula.base.codes import FULL
from trabecula.kernels.compile import kernel
from trabecula.kernels.keyed import draw
from trabecula.kernels.reach import count_around
from trabecula.kernels.space import HALF_QUANTA, join, neighbour, split

APPOSITION = 13
FULL_QUANTA = FULL
PIT = 4  # bony faces from which an open voxel is a pit


class Choice(NamedTuple):
    """What weighs with an osteoblast in the choice of a place, in bony neighbours (of 26).

    ``begun`` a voxel all but full; ``eroded`` surface that was dug; ``crowd`` each osteoblast there;
    ``step`` each axis along which it has to move; ``reach`` voxels within which bone is counted.
    """

    begun: float
    eroded: float
    crowd: float
    step: float
    reach: int


@kernel
def value_place(matrix, osteoblasts, eroded, space, choice, z, y, x):
    """Value of an open voxel as a place to work: hollow, begun, eroded, not crowded.

    Matrix is laid like a crystal grows, at the steps and hollows of a surface: that is what makes a
    filled pit smooth. It takes the three arrays that it reads, since handing on all of scene and
    lattice at each call made a search for a place half as slow again.
    """
    value = count_around(matrix, z, y, x, choice.reach, space)
    value += choice.begun * matrix[z, y, x] / FULL_QUANTA
    value -= choice.crowd * osteoblasts[z, y, x]
    return value + choice.eroded * (eroded[z, y, x] > 0)


@kernel
def move_out(table, i, scene, lattice, space, rates, least):
    """Step to the neighbouring surface voxel that is the best place, if its value exceeds `least`.

    Returns False if there is none; a cell that had to leave is then entombed.
    """
    z, y, x = split(table.voxel[i], space)
    matrix, osteoblasts, eroded = lattice.matrix, scene.osteoblasts, lattice.eroded
    choice, places, pit_places = rates.choice, rates.places, max(rates.places, rates.pit_places)
    best = least
    bz, by, bx = -1, -1, -1
    for k in range(27):
        if k == 13:
            continue
        dz, dy, dx = k // 9 - 1, k // 3 % 3 - 1, k % 3 - 1
        a, b, c = neighbour(z, y, x, dz, dy, dx, space)
        if scene.contact[a, b, c] == 0:
            continue  # surface is open: no bone is among what is left
        room = pit_places if scene.contact[a, b, c] >= PIT else places
        if osteoblasts[a, b, c] >= room:
            continue
        if scene.osteoclasts[a, b, c] > 0:
            continue
        # a lining cell at the bottom of a pit does not keep it from being filled
        if scene.lining[a, b, c] > 0 and scene.contact[a, b, c] < PIT:
            continue
        value = value_place(matrix, osteoblasts, eroded, space, choice, a, b, c)
        value -= choice.step * (abs(dz) + abs(dy) + abs(dx))
        if value > best:
            best, bz, by, bx = value, a, b, c
    if bz < 0:
        return False
    osteoblasts[z, y, x] -= 1
    osteoblasts[bz, by, bx] += 1
    table.voxel[i] = join(bz, by, bx, space)
    return True


@kernel
def crawl(table, order, scene, lattice, space, moment, rates):
    """Let active osteoblasts creep to a better place beside theirs; returns how many did."""
    chance = 1.0 - np.exp(-rates.crawl * moment.dt)
    matrix, osteoblasts, eroded = lattice.matrix, scene.osteoblasts, lattice.eroded
    moved = 0
    for i in order:
        if table.uid[i] == 0 or table.stage[i] == 0:
            continue
        z, y, x = split(table.voxel[i], space)
        if matrix[z, y, x] >= HALF_QUANTA:
            continue  # the voxel is finished first
        if draw(moment.seed, APPOSITION, moment.step, table.uid[i], 1) >= chance:
            continue
        # its own weight does not count against its own place
        least = value_place(matrix, osteoblasts, eroded, space, rates.choice, z, y, x)
        least += rates.choice.crowd
        moved += move_out(table, i, scene, lattice, space, rates, least)
    return moved
