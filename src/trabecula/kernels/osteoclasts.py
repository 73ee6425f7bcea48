"""Osteoclasts: fusion, nuclear turnover, movement, and the work of ruffled borders."""

from typing import NamedTuple

import numpy as np

from trabecula.base.codes import FULL
from trabecula.kernels.blocks import chain_cells, count_blocks, list_near
from trabecula.kernels.compile import kernel
from trabecula.kernels.keyed import draw, draw_bits
from trabecula.kernels.ligands import boost, hill, occupancy
from trabecula.kernels.reach import share_bony
from trabecula.kernels.sites import book_resorption
from trabecula.kernels.space import (
    FACES,
    HALF_QUANTA,
    join,
    neighbour,
    refresh_contact,
    split,
)
from trabecula.kernels.surface import WEIGHTS

FUSION, NUCLEI, RESORPTION = 8, 9, 10
FULL_QUANTA = FULL
TIE = 0.05  # a draw below it settles what is as good


class OsteoclastRates(NamedTuple):
    """Rates per day, already scaled by hormones.

    ``fusion`` 1/d; ``most`` nuclei; ``fewest`` nuclei that begin a site; ``death`` of a nucleus 1/d
    without survival signal; ``survival`` maximum by occupancy, ``half``, ``power``, ``kd`` (pM);
    ``tgfb_half`` pM, ``tgfb_max``; ``il1_half`` pM, ``il1_max``; ``work`` um^3/d per nucleus; ``area``
    um^2 per nucleus; ``speed`` um/d, in strides of ``stride`` voxels (at least one) to places at most
    ``look`` squared voxels off (at least 3: the 26 around); ``seam`` osteoid quanta that protect;
    ``release`` factor per quantum; ``room`` open share of the ball ``border`` (offsets; ``ways`` of
    :func:`make_ways`) that a ruffled border needs; ``levelling`` power of the open share in the choice
    of ground; ``idle_half`` d without ground to resorb, ``idle_max`` what it adds to the hazard;
    ``exposed``, ``begun``, ``signal`` weights (1) of open surroundings within a stride, of what is dug,
    and of the answer to RANK in the choice of a voxel.
    """

    fusion: float
    most: int
    fewest: int
    death: float
    survival: float
    half: float
    power: float
    kd: float
    tgfb_half: float
    tgfb_max: float
    il1_half: float
    il1_max: float
    work: float
    area: float
    speed: float
    stride: int
    look: float
    seam: int
    release: float
    room: float
    border: np.ndarray
    ways: np.ndarray
    levelling: float
    idle_half: float
    idle_max: float
    exposed: float
    begun: float
    signal: float


@kernel
def fuse_osteoclasts(table, order, space, moment, rates):
    """Fuse osteoclasts that touch; the larger takes the nuclei. Returns the number of fusions.

    Two cells touch when their discs (area per nucleus times nuclei) overlap. Nuclei are conserved.
    """
    n = len(order)
    chance = 1.0 - np.exp(-rates.fusion * moment.dt)
    # discs of two cells reach farthest when they share the most nuclei evenly
    blocks = count_blocks(space, np.sqrt(2.0 * rates.area * rates.most / np.pi))
    heads = np.empty(blocks[0] * blocks[1] * blocks[2], np.int32)
    following, near = np.empty(n, np.int32), np.empty(n, np.int32)
    chain_cells(table.voxel, order, space, blocks, heads, following)
    fusions = 0
    for p in range(n):
        i = order[p]
        if table.uid[i] == 0:
            continue
        count = list_near(table.voxel[i], space, blocks, heads, following, near)
        for q in near[:count]:
            j = order[q]
            if j == i or table.uid[j] == 0 or table.uid[i] == 0:
                continue
            if table.nuclei[i] < table.nuclei[j] or table.nuclei[i] + table.nuclei[j] > rates.most:
                continue
            if not touch(table, i, j, space, rates.area):
                continue
            key = table.uid[i] ^ table.uid[j]
            if draw(moment.seed, FUSION, moment.step, key, 0) < chance:
                table.nuclei[i] += table.nuclei[j]
                table.carry[i] += table.carry[j]
                table.uid[j] = 0
                fusions += 1
    return fusions


@kernel
def touch(table, i, j, space, area):
    """Whether the discs of two osteoclasts overlap; `area` of a nucleus in um^2."""
    zi, yi, xi = split(table.voxel[i], space)
    zj, yj, xj = split(table.voxel[j], space)
    dz, dy, dx = abs(zi - zj), abs(yi - yj), abs(xi - xj)
    if space.periodic:
        dz, dy, dx = min(dz, space.nz - dz), min(dy, space.ny - dy), min(dx, space.nx - dx)
    gap = np.sqrt(float(dz * dz + dy * dy + dx * dx)) * space.voxel
    reach = np.sqrt(area * table.nuclei[i] / np.pi)
    reach += np.sqrt(area * table.nuclei[j] / np.pi)
    return gap <= reach


@kernel
def turn_over_nuclei(table, count, ligands, space, moment, rates):
    """Let nuclei die one by one; a cell without nuclei is dead. Returns (nuclei, cells) lost.

    RANK occupancy and IL-1 prolong, TGF-beta and days without ground to resorb shorten a nucleus's life.
    """
    nuclei = 0
    cells = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        z, y, x = split(table.voxel[i], space)
        a, b, c = z // 2, y // 2, x // 2
        theta = hill(occupancy(ligands, rates.kd, z, y, x), rates.half, rates.power)
        hazard = rates.death * boost(ligands.tgfb[a, b, c], rates.tgfb_half, rates.tgfb_max)
        hazard /= 1.0 + rates.survival * theta
        hazard /= boost(ligands.il1[a, b, c], rates.il1_half, rates.il1_max)
        hazard *= boost(table.idle[i], rates.idle_half, rates.idle_max)
        chance = 1.0 - np.exp(-hazard * moment.dt)
        lost = 0
        for k in range(table.nuclei[i]):
            if draw(moment.seed, NUCLEI, moment.step, table.uid[i], k) < chance:
                lost += 1
        table.nuclei[i] -= lost
        nuclei += lost
        if table.nuclei[i] <= 0:
            table.uid[i] = 0
            cells += 1
    return nuclei, cells


@kernel
def share_open(matrix, space, ball, ways, z, y, x):
    """Open share of the voxels at the offsets `ball` (n, 3), the first of which is the voxel itself.

    Only what is open all the way from it counts: marrow behind a wall of two voxels or more gives a
    cell no room. The last voxel of a wall has room on both sides.
    """
    reached = np.empty(len(ball), np.bool_)
    reached[0] = True
    n = 0
    for k in range(1, len(ball)):
        reached[k] = False
        if reached[ways[k, 0]] or reached[ways[k, 1]] or reached[ways[k, 2]]:
            a, b, c = neighbour(z, y, x, ball[k, 0], ball[k, 1], ball[k, 2], space)
            reached[k] = matrix[a, b, c] < HALF_QUANTA
            n += reached[k]
    return n / (len(ball) - 1)


@kernel
def value_ground(scene, ligands, space, rates, z, y, x):
    """Value of a surface voxel to an osteoclast: occupancy of RANK x open share^levelling.

    The open share around a place is high on ridges, one half and more on flat bone, low in a pit:
    a cell that has dug moves on to fresh bone beside its pit, which so grows wide before deep.
    """
    value = occupancy(ligands, rates.kd, z, y, x)
    if rates.levelling > 0.0:
        value *= (
            share_open(scene.matrix, space, rates.border, rates.ways, z, y, x) ** rates.levelling
        )
    return value


@kernel
def find_ground(scene, ligands, space, rates, z, y, x):
    """Return the best place among (z, y, x) and what it looks at of the surface that osteoblasts leave.

    Lining cells do not hold theirs: they withdraw where RANKL calls. A cell stays where no place is
    better, and where it has lost the surface and finds none.
    """
    stranded = scene.contact[z, y, x] == 0
    best = -1.0 if stranded else value_ground(scene, ligands, space, rates, z, y, x)
    bz, by, bx = z, y, x
    far = rates.stride
    for dz in range(-far, far + 1):
        for dy in range(-far, far + 1):
            for dx in range(-far, far + 1):
                if dz * dz + dy * dy + dx * dx > rates.look:
                    continue
                a, b, c = neighbour(z, y, x, dz, dy, dx, space)
                if scene.contact[a, b, c] == 0 or scene.osteoblasts[a, b, c] > 0:
                    continue
                value = value_ground(scene, ligands, space, rates, a, b, c)
                if value > best:
                    best, bz, by, bx = value, a, b, c
    return bz, by, bx


@kernel
def move_osteoclasts(table, order, scene, ligands, space, moment, rates):
    """Creep stride by stride, at an even pace, to the best ground in sight, in pits and out of them.

    Until a time t a cell has gone the whole part of speed x t / stride + phase strides, its phase drawn
    once, so that neither the step nor the voxel sets how far it comes in a day.
    """
    pace = rates.speed / (space.voxel * rates.stride)
    for i in order:
        if table.uid[i] == 0:
            continue
        phase = draw(moment.seed, RESORPTION, 0, table.uid[i], 1)
        before = np.floor(pace * moment.time + phase)
        hops = int(np.floor(pace * (moment.time + moment.dt) + phase) - before)
        z, y, x = split(table.voxel[i], space)
        for _ in range(hops):
            a, b, c = find_ground(scene, ligands, space, rates, z, y, x)
            if a == z and b == y and c == x:
                break
            scene.osteoclasts[z, y, x] -= 1
            scene.osteoclasts[a, b, c] += 1
            z, y, x = a, b, c
        table.voxel[i] = join(z, y, x, space)


@kernel
def score_target(scene, ligands, space, rates, z, y, x):
    """Score a voxel with matrix as a target: -1 if out of reach, more if exposed and signalled.

    A voxel is reachable through an open face that neither lining cell nor osteoblast covers; the
    most exposed goes first (random digging makes tunnels), and begun voxels are finished.
    """
    if scene.matrix[z, y, x] == 0 or scene.osteoid[z, y, x] > rates.seam:
        return -1.0
    if scene.lining[z, y, x] > 0 or scene.osteoblasts[z, y, x] > 0:
        return -1.0
    reachable = False
    theta = 0.0
    for k in range(6):
        a, b, c = neighbour(z, y, x, FACES[k, 0], FACES[k, 1], FACES[k, 2], space)
        if scene.matrix[a, b, c] >= HALF_QUANTA:
            continue
        if scene.lining[a, b, c] > 0 or scene.osteoblasts[a, b, c] > 0:
            continue
        reachable = True
        theta = max(theta, hill(occupancy(ligands, rates.kd, a, b, c), rates.half, rates.power))
    if not reachable:
        return -1.0
    bone = share_bony(scene.matrix, z, y, x, rates.stride, space)
    begun = 1.0 - scene.matrix[z, y, x] / FULL_QUANTA
    return rates.exposed * (1.0 - bone) + rates.begun * begun + rates.signal * theta


@kernel
def fits(matrix, space, rates, z, y, x):
    """Whether a ruffled border fits: it is wider than a voxel and needs `room` around a whole one."""
    if matrix[z, y, x] < FULL_QUANTA:
        return True
    return share_open(matrix, space, rates.border, rates.ways, z, y, x) >= rates.room


@kernel
def first_touch(lattice, scene, space, site, z, y, x):
    """Enter a voxel in a site's books: layer 0 if the site found it exposed, else one deeper."""
    layer = 254
    for k in range(6):
        a, b, c = neighbour(z, y, x, FACES[k, 0], FACES[k, 1], FACES[k, 2], space)
        if scene.matrix[a, b, c] >= HALF_QUANTA:
            continue
        if lattice.site[a, b, c] != site or lattice.eroded[a, b, c] == 0:
            layer = -1
            break
        layer = min(layer, int(lattice.layer[a, b, c]))
    lattice.site[z, y, x] = site
    lattice.layer[z, y, x] = min(layer + 1, 255)


@kernel
def measure_opened(lattice, scene, space, site, z, y, x):
    """Return the area (um^2) of the surface that a site found on a voxel of the first layer.

    By the faces that were open before it dug beside them: the weights that bone surface has, too.
    """
    code = 0
    for k in range(6):
        a, b, c = neighbour(z, y, x, FACES[k, 0], FACES[k, 1], FACES[k, 2], space)
        if scene.matrix[a, b, c] >= HALF_QUANTA:
            continue
        if lattice.site[a, b, c] != site or lattice.eroded[a, b, c] == 0:
            code |= 1 << k
    return np.float64(max(WEIGHTS[code], WEIGHTS[1])) * space.voxel**2


@kernel
def choose_target(scene, ligands, z, y, x, radius, space_moment_rates_ball):
    """Return the best voxel within `radius` (voxels) of (z, y, x) that has room, flat; -1 if none.

    Equal scores are settled by a draw keyed to the voxel, not by its place in a loop.
    """
    space, moment, rates, ball = space_moment_rates_ball
    best, target = -1.0, -1
    for k in range(len(ball)):
        dz, dy, dx = ball[k, 0], ball[k, 1], ball[k, 2]
        if dz * dz + dy * dy + dx * dx > radius * radius:
            break
        a, b, c = neighbour(z, y, x, dz, dy, dx, space)
        if scene.matrix[a, b, c] == 0:
            continue
        value = score_target(scene, ligands, space, rates, a, b, c)
        if value < 0.0:
            continue
        flat = join(a, b, c, space)
        bits = draw_bits(moment.seed, RESORPTION, moment.step, flat, 7)
        value += TIE * float(bits >> np.uint64(40)) / 16777216.0
        if value > best and fits(scene.matrix, space, rates, a, b, c):
            best, target = value, flat
    return target


@kernel
def take_matrix(lattice, scene, sites, row, most, flat, space_moment_rates_ball):
    """Take up to `most` quanta of a voxel for the site in `row`. Returns (taken, factor set free)."""
    space, moment, rates, _ = space_moment_rates_ball
    z, y, x = split(flat, space)
    if lattice.site[z, y, x] != row + 1:
        first_touch(lattice, scene, space, row + 1, z, y, x)
    before = int(lattice.matrix[z, y, x])
    q = min(before, most)
    after = before - q
    lattice.matrix[z, y, x] = after
    lattice.resorbed[z, y, x] = moment.time
    lattice.osteoid[z, y, x] = min(int(lattice.osteoid[z, y, x]), after)
    factor = int(np.floor(rates.release * q + 0.5))
    lattice.bound[z, y, x] += factor
    if before >= HALF_QUANTA and after < HALF_QUANTA:
        lattice.eroded[z, y, x] = 1
        layer = int(lattice.layer[z, y, x])
        if layer == 0:
            sites.mouth[row] += 1
            sites.opened[row] += measure_opened(lattice, scene, space, row + 1, z, y, x)
        sites.deepest[row] = max(sites.deepest[row], layer + 1)
        refresh_contact(lattice.matrix, z, y, x, space, scene.contact)
    return q, factor


@kernel
def resorb(table, order, scene, ligands, lattice, sites, space_moment_rates_ball):
    """Let every osteoclast with enough nuclei remove its day's matrix, quantum by quantum exact.

    One that has lost nuclei since it began a site goes on there with those that are left. What goes
    is entered in the site's books, and its coupling factor is bound where it was.
    Returns (resorbed, released) in quanta.
    """
    space, moment, rates, _ = space_moment_rates_ball
    per_day = FULL_QUANTA / space.voxel**3 * moment.dt
    resorbed = 0
    released = 0
    for i in order:
        table.work[i] = 0.0
        if table.uid[i] == 0 or (table.nuclei[i] < rates.fewest and table.site[i] == 0):
            continue
        z, y, x = split(table.voxel[i], space)
        radius = max(np.sqrt(rates.area * table.nuclei[i] / np.pi) / space.voxel, 1.75)
        due = rates.work * table.nuclei[i] * per_day  # quanta
        table.carry[i] += due
        done, idle = 0, 0.0
        row = table.site[i] - 1
        while table.carry[i] >= 1.0:
            flat = choose_target(scene, ligands, z, y, x, radius, space_moment_rates_ball)
            if flat < 0:
                # work that found no ground was the last part of the day, and is owed to nobody
                idle = min(table.carry[i] / due, 1.0) * moment.dt
                table.carry[i] = 0.0
                break
            most = int(table.carry[i])
            q, factor = take_matrix(lattice, scene, sites, row, most, flat, space_moment_rates_ball)
            table.carry[i] -= q
            done += q
            released += factor
        if done > 0:
            table.work[i] = done / per_day
            table.idle[i] = 0.0
            book_resorption(sites, row, done, table.nuclei[i], moment)
            resorbed += done
        table.idle[i] += idle
    return resorbed, released
