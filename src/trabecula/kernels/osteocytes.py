"""Osteocytes: their canaliculi to the surface, their death, and the clusters that start a site."""

from typing import NamedTuple

import numpy as np

from trabecula.kernels.compile import kernel, parallel_kernel, prange
from trabecula.kernels.keyed import S32, draw
from trabecula.kernels.space import HALF_QUANTA, join, neighbour, split

TRIGGER, OSTEOCYTE = 4, 16
ROWS = 512


class OsteocyteRates(NamedTuple):
    """``death`` 1/d; ``trigger`` 1/d per osteocyte near the surface; ``depth`` and ``radius`` um of a
    cluster; ``share`` that dies in it; ``emission`` stress of its bystanders; ``fading`` 1/d of
    stress; ``young`` d: bone younger than that does not start a site; ``thinning`` 1/d: rate at which
    years take osteocytes, so that who is left answers for more matrix.
    """

    death: float
    trigger: float
    depth: float
    radius: float
    share: float
    emission: float
    fading: float
    young: float
    thinning: float


@kernel
def seek_block(block, table, count, matrix, space, ball, every):
    """Find the outlets of one block of rows.

    Of equally near ones each cell has one of its own, by its identity, whose bits are random: by the
    order of voxels all would lead to the same side.
    """
    flat_matrix = matrix.reshape(-1)
    for i in range(block * ROWS, min((block + 1) * ROWS, count)):
        if table.uid[i] == 0:
            continue
        outlet = table.outlet[i]
        if not every:
            if outlet == -1:
                continue
            if outlet >= 0 and flat_matrix[outlet] < HALF_QUANTA:
                continue
        z, y, x = split(table.voxel[i], space)
        table.outlet[i] = -1
        table.reach[i] = 1e6
        first, last, equals, nearest = 0, len(ball), 0, -1
        for k in range(len(ball)):
            dz, dy, dx = ball[k, 0], ball[k, 1], ball[k, 2]
            if nearest >= 0 and dz * dz + dy * dy + dx * dx > nearest:
                last = k
                break
            a, b, c = neighbour(z, y, x, dz, dy, dx, space)
            if matrix[a, b, c] < HALF_QUANTA:
                if nearest < 0:
                    first, nearest = k, dz * dz + dy * dy + dx * dx
                    table.reach[i] = np.sqrt(float(nearest)) * space.voxel
                equals += 1
        if equals == 0:
            continue
        chosen = np.int64((np.uint64(table.uid[i]) >> S32) % np.uint64(equals))
        for k in range(first, last):
            a, b, c = neighbour(z, y, x, ball[k, 0], ball[k, 1], ball[k, 2], space)
            if matrix[a, b, c] < HALF_QUANTA:
                if chosen == 0:
                    table.outlet[i] = join(a, b, c, space)
                    break
                chosen -= 1


@parallel_kernel
def find_outlets(table, count, matrix, space, ball, every):
    """Find the open voxel nearest to each osteocyte; -1 where `ball` holds none.

    With `every` false only cells whose outlet has closed or was never sought are looked at.
    """
    for block in prange((count + ROWS - 1) // ROWS):
        seek_block(block, table, count, matrix, space, ball, every)


@kernel
def age_osteocytes(table, count, matrix, moment, rates):
    """Fade stress; remove cells whose bone was resorbed and cells that die. Returns (freed, dead)."""
    flat_matrix = matrix.reshape(-1)
    keep = np.exp(-rates.fading * moment.dt)
    chance = 1.0 - np.exp(-rates.death * moment.dt)
    freed = 0
    dead = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        if flat_matrix[table.voxel[i]] < HALF_QUANTA:
            table.uid[i] = 0
            freed += 1
            continue
        if draw(moment.seed, OSTEOCYTE, moment.step, table.uid[i], 0) < chance:
            table.uid[i] = 0
            dead += 1
            continue
        if table.stress[i] > 0.0:
            table.stress[i] *= keep
            if table.stress[i] < 1e-3:
                table.stress[i] = 0.0
    return freed, dead


@kernel
def offset(a, b, n, periodic):
    """Shortest signed distance from `a` to `b` along an axis of `n` voxels."""
    d = b - a
    if periodic:
        if d > n // 2:
            d -= n
        elif d < -(n // 2):
            d += n
    return float(d)


@kernel
def weigh(formed, moment, rates):
    """Cells that lived once in the matrix that a cell of bone formed at `formed` (d) answers for."""
    return np.exp(rates.thinning * max(0.0, moment.time - formed))


@kernel
def trigger_clusters(table, count, formed, space, moment, rates):
    """Start clusters of osteocyte death near the surface, and stress their bystanders.

    A cell within `depth` of the surface, in bone that is no longer young, starts one at rate
    `trigger` times its unrest. Cells whose outlet lies within `radius` of its outlet, on the same
    side of the strut and within `depth`, die with probability `share`; the others emit RANKL in
    excess. Both weigh by what a cell answers for since the years took its neighbours: worn matrix
    is renewed though few are left in it. Returns (clusters, deaths).
    """
    flat_formed = formed.reshape(-1)
    clusters = 0
    deaths = 0
    for i in range(count):
        if table.uid[i] == 0 or table.outlet[i] < 0 or table.reach[i] > rates.depth:
            continue
        formed_here = flat_formed[table.voxel[i]]
        hazard = rates.trigger * table.unrest[i] * weigh(formed_here, moment, rates) * moment.dt
        u = draw(moment.seed, TRIGGER, moment.step, table.uid[i], 0)
        if u >= hazard or u >= 1.0 - np.exp(-hazard):
            continue
        if moment.time - formed_here < rates.young:
            continue
        clusters += 1
        start = table.uid[i]
        oz, oy, ox = split(table.outlet[i], space)
        vz, vy, vx = split(table.voxel[i], space)
        nz = offset(vz, oz, space.nz, space.periodic)
        ny = offset(vy, oy, space.ny, space.periodic)
        nx = offset(vx, ox, space.nx, space.periodic)
        for j in range(count):
            if table.uid[j] == 0 or table.outlet[j] < 0 or table.reach[j] > rates.depth:
                continue
            pz, py, px = split(table.outlet[j], space)
            dz = offset(oz, pz, space.nz, space.periodic)
            dy = offset(oy, py, space.ny, space.periodic)
            dx = offset(ox, px, space.nx, space.periodic)
            if (dz * dz + dy * dy + dx * dx) * space.voxel**2 > rates.radius**2:
                continue
            wz, wy, wx = split(table.voxel[j], space)
            side = nz * offset(wz, pz, space.nz, space.periodic)
            side += ny * offset(wy, py, space.ny, space.periodic)
            side += nx * offset(wx, px, space.nx, space.periodic)
            if side <= 0.0:
                continue
            # a pair has its own key, and so has the cell that starts, whose pair would be 0
            key = start if i == j else table.uid[j] ^ start
            if draw(moment.seed, TRIGGER, moment.step, key, 1) < rates.share:
                table.uid[j] = 0
                deaths += 1
            else:
                call = rates.emission * weigh(flat_formed[table.voxel[j]], moment, rates)
                table.stress[j] = max(table.stress[j], call)
    return clusters, deaths
