"""Lining cells: they close the quiet surface, and withdraw where RANKL calls."""

from typing import NamedTuple

import numpy as np

from trabecula.kernels.compile import kernel, parallel_kernel, prange
from trabecula.kernels.gather import SPAN
from trabecula.kernels.keyed import draw, fill_draws, make_uid
from trabecula.kernels.ligands import hill, occupancy, rouse
from trabecula.kernels.osteoblasts import begin_osteoblast
from trabecula.kernels.reach import holds
from trabecula.kernels.sites import keep_open
from trabecula.kernels.space import join, neighbour, split

LINING = 15
NEWBORN = -1
SHIFTED = 100  # index of the first of 27 draws, one for each place around
WOKEN = 1000  # index that names a cell, beyond those of recruits
ROWS = 512


class LiningRates(NamedTuple):
    """``opening`` 1/d at full occupancy; ``half``, ``power``, ``kd`` (pM) of occupancy; ``covering``
    1/d within ``reach`` voxels of a lining cell; ``clearance`` um to the nearest osteoclast; ``seam``
    quanta of osteoid; ``waking`` 1/d at plenty of bound factor, half of it at ``waking_half`` quanta;
    ``alarmin_half`` pM, ``alarmin_max`` 1.
    """

    opening: float
    half: float
    power: float
    kd: float
    covering: float
    reach: int
    clearance: float
    seam: int
    waking: float
    waking_half: float
    alarmin_half: float
    alarmin_max: float


@kernel
def withdraws(u, theta, alarm, moment, rates):
    """Whether a lining cell at RANK occupancy `theta` and response `alarm` withdraws by its draw `u`.

    The chance is below opening x dt x ((theta/half)^n + alarm) for every whole n up to `power`: most
    draws lie above that and need no power function.
    """
    most = 1.0
    if theta < rates.half:
        for _ in range(int(rates.power)):
            most *= theta / rates.half
    if u >= rates.opening * moment.dt * (most + alarm) * 1.000001:
        return False
    rate = rates.opening * (hill(theta, rates.half, rates.power) + alarm)
    return rate * moment.dt >= 1e-6 and u < 1.0 - np.exp(-rate * moment.dt)


@kernel
def choose_block(block, table, count, ligands, space, moment, rates, leaving):
    """Mark in `leaving` the lining cells of one block of rows that withdraw."""
    first, last = block * ROWS, min((block + 1) * ROWS, count)
    draws = np.empty(last - first)
    fill_draws(moment.seed, LINING, moment.step, table.uid[first:last], 0, draws)
    for i in range(first, last):
        leaving[i] = 0
        if table.uid[i] != 0:
            z, y, x = split(table.voxel[i], space)
            theta = occupancy(ligands, rates.kd, z, y, x)
            alarm = rouse(ligands, rates, z, y, x)
            leaving[i] = withdraws(draws[i - first], theta, alarm, moment, rates)


@parallel_kernel
def choose_leaving(table, count, ligands, space, moment, rates, leaving):
    """Mark in `leaving` (a value per row) the lining cells that withdraw."""
    for block in prange((count + ROWS - 1) // ROWS):
        choose_block(block, table, count, ligands, space, moment, rates, leaving)


def open_surface(table, count, scene, ligands, space, moment, rates):
    """Let lining cells withdraw by RANK occupancy at their place; returns how many did."""
    leaving = np.empty(count, np.uint8)
    choose_leaving(table, count, ligands, space, moment, rates, leaving)
    rows = np.flatnonzero(leaving)
    np.subtract.at(scene.lining.reshape(-1), table.voxel[rows], 1)
    table.uid[rows] = 0
    return len(rows)


@kernel
def shift_lining(table, count, scene, space, moment):
    """Let lining cells follow a surface that moved, to the nearest place; those without are shed.

    Places as near as each other are settled by a draw. Returns how many were shed.
    """
    shed = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        z, y, x = split(table.voxel[i], space)
        if scene.contact[z, y, x] > 0 and scene.lining[z, y, x] == 1:
            continue
        scene.lining[z, y, x] -= 1
        nearest, place = np.inf, -1
        for k in range(27):
            dz, dy, dx = k // 9 - 1, k // 3 % 3 - 1, k % 3 - 1
            a, b, c = neighbour(z, y, x, dz, dy, dx, space)
            if scene.contact[a, b, c] == 0 or scene.lining[a, b, c] > 0:
                continue
            if scene.osteoblasts[a, b, c] > 0 or scene.osteoclasts[a, b, c] > 0:
                continue
            if scene.osteoid[a, b, c] > 0:
                continue
            far = dz * dz + dy * dy + dx * dx
            far += draw(moment.seed, LINING, moment.step, table.uid[i], SHIFTED + k)
            if far < nearest:
                nearest, place = far, join(a, b, c, space)
        if place < 0:
            table.uid[i] = 0
            shed += 1
            continue
        table.voxel[i] = place
        scene.lining.reshape(-1)[place] += 1
    return shed


@kernel
def is_covered(contact, lining, first, last):
    """Whether all surface among the flat places from `first` up to `last` has its lining cell."""
    bare = False
    for i in range(np.uint64(first), np.uint64(last)):
        bare |= (contact[i] != 0) & (lining[i] == 0)
    return not bare


@kernel
def cover_surface(table, count, scene, lattice, space, moment, rates_ball):
    """Close bare surface that nobody works on, by division of lining cells at its border.

    Returns the new count or -1. Factor still bound there keeps the place open for osteoblasts, and so
    do osteoblasts beside it: a pit that is lined while they fill its rim would stay for ever.
    """
    rates, ball = rates_ball
    first = count
    is_full = False
    chance = 1.0 - np.exp(-rates.covering * moment.dt)
    contact, lining = scene.contact.reshape(-1), scene.lining.reshape(-1)
    osteoblasts, bound = scene.osteoblasts.reshape(-1), lattice.bound.reshape(-1)
    flat = -1
    while flat + 1 < len(contact):
        flat += 1
        if flat % SPAN == 0 and is_covered(contact, lining, flat, min(flat + SPAN, len(contact))):
            flat += SPAN - 1
            continue
        if contact[flat] == 0 or lining[flat] != 0:
            continue
        if osteoblasts[flat] > 0 or bound[flat] > rates.seam:
            continue
        if draw(moment.seed, LINING, moment.step, flat, 1) >= chance:
            continue
        z, y, x = split(flat, space)
        if not holds(scene.lining, z, y, x, rates.reach, 1, space):
            continue
        if holds(scene.osteoblasts, z, y, x, rates.reach, 1, space):
            continue
        busy = False
        for k in range(len(ball)):
            a, b, c = neighbour(z, y, x, ball[k, 0], ball[k, 1], ball[k, 2], space)
            if scene.osteoclasts[a, b, c] > 0:
                busy = True
                break
        if busy:
            continue
        if count >= len(table.uid):
            is_full = True
            break
        table.uid[count] = make_uid(moment.seed, 3, flat, moment.step, 0)
        table.voxel[count] = flat
        table.born[count] = moment.time
        lining[flat] = NEWBORN  # no parent yet: covering would run ahead along the scan
        lattice.eroded.reshape(-1)[flat] = 0
        count += 1
    for i in range(first, count):
        lining[table.voxel[i]] = 1
    return -1 if is_full else count


@kernel
def wake_lining(lining, osteoblasts, counts, scene, lattice, phase, space_moment, rates):
    """Turn lining cells over bound factor into active osteoblasts, where no osteoclast works.

    They belong to the site that dug the surface as long as it is open, by the `phase` of each site,
    later to none. `counts` holds the rows of both tables. Returns the new count of osteoblasts, or
    -1 where there is no row left.
    """
    space, moment = space_moment
    count = counts[1]
    bound = lattice.bound.reshape(-1)
    for i in range(counts[0]):
        if lining.uid[i] == 0 or bound[lining.voxel[i]] == 0:
            continue
        flat = lining.voxel[i]
        z, y, x = split(flat, space)
        if scene.osteoclasts[z, y, x] > 0 or scene.contact[z, y, x] == 0:
            continue
        rate = rates.waking * bound[flat] / (rates.waking_half + bound[flat])
        u = draw(moment.seed, LINING, moment.step, lining.uid[i], 2)
        if u >= 1.0 - np.exp(-rate * moment.dt):
            continue
        if count >= len(osteoblasts.uid):
            return -1
        uid = make_uid(moment.seed, 2, flat, moment.step, WOKEN)
        site = keep_open(lattice.site[z, y, x], phase)
        begin_osteoblast(osteoblasts, count, uid, flat, moment.time, 1, site)
        scene.lining[z, y, x] -= 1
        scene.osteoblasts[z, y, x] += 1
        lining.uid[i] = 0
        count += 1
    return count
