"""Osteoclast precursors: delivered by vessels, wandering in marrow, settling where RANK is bound."""

from typing import NamedTuple

import numpy as np

from trabecula.kernels.compile import kernel, parallel_kernel, prange
from trabecula.kernels.keyed import draw, draw_below, fill_pairs, make_uid
from trabecula.kernels.ligands import Felt, boost, hill, occupancy, rouse
from trabecula.kernels.scene import BARE, BONE
from trabecula.kernels.space import FACES, HALF_QUANTA, join, neighbour, shift, split

SUPPLY, MOTION, DIFFERENTIATION = 5, 6, 7
BLOCK = 8
ROWS = 64


class PrecursorRates(NamedTuple):
    """Rates per day, already scaled by hormones.

    ``influx`` cells per um^3 of marrow and day; ``motility`` um^2/d; ``chemotaxis`` exponent;
    ``adhesion`` 1/d at full occupancy; ``half``, ``power`` of occupancy; ``kd`` pM; ``death`` 1/d;
    ``mcsf_half`` pM; ``tnf_half`` pM; ``tnf_max`` 1; ``alarmin_half`` pM, ``alarmin_max`` 1.
    """

    influx: float
    motility: float
    chemotaxis: float
    adhesion: float
    half: float
    power: float
    kd: float
    death: float
    mcsf_half: float
    tnf_half: float
    tnf_max: float
    alarmin_half: float
    alarmin_max: float


class Walk(NamedTuple):
    """What a block of walkers carries from hop to hop, one place each.

    ``z``, ``y``, ``x`` voxels; ``here`` soluble RANKL (pM), infinite for who has adhered or is dead, so
    that nothing draws them on; ``bare`` 1 on bare bone, 0 for those; ``words`` shape (word, walker),
    random bits of the whole walk.
    """

    z: np.ndarray
    y: np.ndarray
    x: np.ndarray
    here: np.ndarray
    bare: np.ndarray
    words: np.ndarray


@kernel
def make_walk(words):
    """Make room for ROWS walkers with so many words each."""
    z, y, x = np.empty(ROWS, np.int64), np.empty(ROWS, np.int64), np.empty(ROWS, np.int64)
    here, bare = np.empty(ROWS, np.float32), np.empty(ROWS, np.int64)
    return Walk(z, y, x, here, bare, np.empty((words, ROWS), np.uint64))


@kernel
def fill_beside(space, beside):
    """Write for each of the six faces which index comes next along z, y, x; shape (6, 3, index)."""
    for k in range(6):
        for i in range(space.nz):
            beside[k, 0, i] = shift(i + FACES[k, 0], space.nz, space.periodic)
        for i in range(space.ny):
            beside[k, 1, i] = shift(i + FACES[k, 1], space.ny, space.periodic)
        for i in range(space.nx):
            beside[k, 2, i] = shift(i + FACES[k, 2], space.nx, space.periodic)


@kernel
def find_hazard(ligands, rates, z, y, x):
    """Hazard of a precursor's death (1/d): the less M-CSF, the higher."""
    m = ligands.mcsf[z // 2, y // 2, x // 2]
    return rates.death * (rates.mcsf_half + m) / max(m, 1e-9)


@kernel
def supply_precursors(table, count, matrix, ligands, space, moment, rates):
    """Deliver newborn precursors to open voxels, block by block; return the new count or -1.

    The number in a block is Poisson with mean influx x open volume x dt, up to some 700; of them those
    are here at the end of the step that outlive what is left of it, born at any time within it. So their
    number in equilibrium is influx over hazard, whatever the step. -1 means no room in `table`.
    """
    volume = space.voxel**3
    bz = (space.nz + BLOCK - 1) // BLOCK
    by = (space.ny + BLOCK - 1) // BLOCK
    bx = (space.nx + BLOCK - 1) // BLOCK
    for block in range(bz * by * bx):
        z0 = block // (by * bx) * BLOCK
        y0 = block // bx % by * BLOCK
        x0 = block % bx * BLOCK
        ez, ey, ex = min(BLOCK, space.nz - z0), min(BLOCK, space.ny - y0), min(BLOCK, space.nx - x0)
        # candidates are thinned: a voxel is drawn in the whole block, kept if it is open
        mean = rates.influx * ez * ey * ex * volume * moment.dt
        u = draw(moment.seed, SUPPLY, moment.step, block, 0)
        p = np.exp(-mean)
        cumulative = p
        born = 0
        most = mean + 12.0 * np.sqrt(mean) + 20.0  # beyond it the sum stands at 1 but for rounding
        while u >= cumulative and born < most:
            born += 1
            p *= mean / born
            cumulative += p
        for k in range(born):
            z = z0 + draw_below(moment.seed, SUPPLY, moment.step, block, 3 * k + 1, ez)
            y = y0 + draw_below(moment.seed, SUPPLY, moment.step, block, 3 * k + 2, ey)
            x = x0 + draw_below(moment.seed, SUPPLY, moment.step, block, 3 * k + 3, ex)
            if matrix[z, y, x] >= HALF_QUANTA:
                continue
            flat = join(z, y, x, space)
            uid = make_uid(moment.seed, 0, flat, moment.step, block * 64 + k)
            risk = find_hazard(ligands, rates, z, y, x) * moment.dt
            if draw(moment.seed, SUPPLY, moment.step, uid, 40001) * risk >= 1.0 - np.exp(-risk):
                continue
            if count >= len(table.uid):
                return -1
            table.uid[count] = uid
            table.voxel[count] = flat
            table.born[count] = moment.time
            count += 1
    return count


@kernel
def lose_precursors(table, count, ligands, space, moment, rates):
    """Let precursors die; M-CSF keeps them alive. Returns the number of deaths."""
    deaths = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        z, y, x = split(table.voxel[i], space)
        chance = 1.0 - np.exp(-find_hazard(ligands, rates, z, y, x) * moment.dt)
        if draw(moment.seed, SUPPLY, moment.step, table.uid[i], 40000) < chance:
            table.uid[i] = 0
            deaths += 1
    return deaths


@kernel
def fill_odds(power, odds):
    """Write for every word w the ratio r of concentrations at which r^power = (w + 1/2) / len(odds).

    So the share of words that let a hop pass is r^power to the nearest, not to the next above it.
    """
    for w in range(len(odds)):
        odds[w] = ((w + 0.5) / len(odds)) ** (1.0 / power) if power > 0.0 else 0.0


@kernel
def settles(z, y, x, uid, hop, felt, moment, rates_sub):
    """Whether a precursor on bare bone adheres in this part `sub` (d) of the step."""
    rates, sub = rates_sub
    theta = hill(occupancy(felt, rates.kd, z, y, x), rates.half, rates.power)
    theta += rouse(felt, rates, z, y, x)
    tnf = boost(felt.tnf[z // 2, y // 2, x // 2], rates.tnf_half, rates.tnf_max)
    chance = 1.0 - np.exp(-rates.adhesion * theta * tnf * sub)
    if chance <= 1e-6:
        return False
    return draw(moment.seed, DIFFERENTIATION, moment.step, uid, hop) < chance


@kernel
def count_hops(space, moment, rates):
    """Hops of a voxel that make up the motility in one step, at least one."""
    return max(1, int(np.ceil(6.0 * rates.motility * moment.dt / space.voxel**2)))


@kernel
def start_walk(table, first, count, ground, soluble, space, walk):
    """Write where `count` rows from `first` on stand, and what they meet there."""
    for r in range(count):
        z, y, x = split(table.voxel[first + r], space)
        walk.z[r], walk.y[r], walk.x[r] = z, y, x
        walk.here[r] = soluble[z >> 1, y >> 1, x >> 1]
        walk.bare[r] = ground[z, y, x] == BARE
        if table.uid[first + r] == 0:
            stop(walk, r)


@kernel
def stop(walk, r):
    """Let walker r stay where it is from now on."""
    walk.here[r] = np.inf
    walk.bare[r] = 0


@kernel
def hop_all(h, count, ground, soluble, space, guides, walk):
    """Let `count` walkers make hop `h`: while one waits for what it meets, the others go on.

    Whether a walker goes is no branch, since no processor foretells a random walk.
    """
    beside, odds = guides
    ny, nx = np.uint64(space.ny), np.uint64(space.nx)
    one = np.uint64(1)
    my, mx = (ny + one) >> one, (nx + one) >> one
    word, turn = np.uint64(h // 3), np.uint64(21 * (h % 3))
    for r in range(np.uint64(count)):
        bits = (walk.words[word, r] >> turn) & np.uint64(0x1FFFFF)
        z, y, x, here = walk.z[r], walk.y[r], walk.x[r], walk.here[r]
        k = (bits & np.uint64(0x7FFF)) * np.uint64(6) >> np.uint64(15)
        a, b, c = beside[k, 0, np.uint64(z)], beside[k, 1, np.uint64(y)], beside[k, 2, np.uint64(x)]
        i, j, m = np.uint64(a), np.uint64(b), np.uint64(c)
        what = ground[(i * ny + j) * nx + m]
        there = soluble[((i >> one) * my + (j >> one)) * mx + (m >> one)]
        go = np.int64(what != BONE) & np.int64(there >= here * odds[bits >> np.uint64(15)])
        walk.z[r] = z + go * (a - z)
        walk.y[r] = y + go * (b - y)
        walk.x[r] = x + go * (c - x)
        walk.here[r] = there if go else here
        walk.bare[r] += go * (np.int64(what == BARE) - walk.bare[r])


@kernel
def walk_block(block, table, count, scene, felt, space_moment, rates, guides_walk):
    """Walk one block of rows, all of them hop by hop; returns how many adhered."""
    space, moment = space_moment
    guides, walk = guides_walk
    ground, soluble = scene.ground.reshape(-1), felt.rankl_soluble.reshape(-1)
    first = block * ROWS
    n = min(ROWS, count - first)
    hops = count_hops(space, moment, rates)
    sub = moment.dt / hops
    start_walk(table, first, n, scene.ground, felt.rankl_soluble, space, walk)
    uids = table.uid[first : first + n]
    for j in range(len(walk.words) // 2):  # three hops a word
        even, odd = walk.words[2 * j], walk.words[2 * j + 1]
        fill_pairs(moment.seed, MOTION, moment.step, uids, j, even, odd)
    total = 0
    for h in range(hops):
        if rates.motility > 0.0:
            hop_all(h, n, ground, soluble, space, guides, walk)
        for r in range(n):
            if walk.bare[r] == 0 or rates.adhesion <= 0.0:
                continue
            z, y, x = walk.z[r], walk.y[r], walk.x[r]
            if settles(z, y, x, uids[r], h, felt, moment, (rates, sub)):
                stop(walk, r)
                scene.settled[first + r] = 1
                total += 1
    for r in range(n):
        if uids[r] != 0:
            table.voxel[first + r] = join(walk.z[r], walk.y[r], walk.x[r], space)
    return total


@parallel_kernel
def walk_precursors(table, count, scene, ligands, space, moment, rates):
    """Walk every precursor through the step and settle those whose RANK is occupied at bare bone.

    A hop to an open neighbour is accepted with probability min(1, (c'/c)^chemotaxis), c the soluble
    RANKL, so that the stationary density is proportional to c^chemotaxis. `scene.settled` gets 1
    where the precursor adhered. Returns how many did.
    """
    odds = np.empty(64)
    fill_odds(rates.chemotaxis, odds)
    beside = np.empty((6, 3, max(space.nz, space.ny, space.nx)), np.int64)
    fill_beside(space, beside)
    drawn = 2 * ((count_hops(space, moment, rates) + 5) // 6)
    blocks = (count + ROWS - 1) // ROWS
    adhered = np.zeros(blocks, np.int64)
    felt = Felt(ligands.rankl_membrane, ligands.rankl_soluble, ligands.tnf, ligands.alarmin)
    for block in prange(blocks):
        walk = make_walk(drawn)
        # numba drops writes to arrays of named tuples in a parallel body: walk_block writes
        adhered[block] = walk_block(
            block, table, count, scene, felt, (space, moment), rates, ((beside, odds), walk)
        )
    return adhered.sum()


@kernel
def push_out(uid, voxel, count, matrix, space, ball):
    """Move cells whose voxel has become bone to the nearest open voxel within `ball`.

    Returns how many found none; those die.
    """
    flat_matrix = matrix.reshape(-1)
    lost = 0
    for i in range(count):
        if uid[i] == 0 or flat_matrix[voxel[i]] < HALF_QUANTA:
            continue
        z, y, x = split(voxel[i], space)
        placed = False
        for k in range(len(ball)):
            a, b, c = neighbour(z, y, x, ball[k, 0], ball[k, 1], ball[k, 2], space)
            if matrix[a, b, c] < HALF_QUANTA:
                voxel[i] = join(a, b, c, space)
                placed = True
                break
        if not placed:
            uid[i] = 0
            lost += 1
    return lost
