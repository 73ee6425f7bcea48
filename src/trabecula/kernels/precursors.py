"""Osteoclast precursors: delivered by vessels, wandering in marrow, settling where RANK is bound."""

from typing import NamedTuple

import numpy as np

from trabecula.kernels.compile import kernel, parallel_kernel, prange
from trabecula.kernels.keyed import draw, draw_below, draw_pair, make_uid
from trabecula.kernels.ligands import Felt, boost, hill, occupancy, rouse
from trabecula.kernels.scene import BARE, BONE
from trabecula.kernels.space import FACES, HALF_QUANTA, join, neighbour, split

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


@kernel
def supply_precursors(table, count, matrix, space, moment, influx):
    """Deliver newborn precursors to open voxels, block by block; return the new count or -1.

    The number in a block is Poisson with mean influx x open volume x dt, up to
    some 700; -1 means no room in `table`.
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
        mean = influx * ez * ey * ex * volume * moment.dt
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
            if count >= len(table.uid):
                return -1
            flat = join(z, y, x, space)
            table.uid[count] = make_uid(moment.seed, 0, flat, moment.step, block * 64 + k)
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
        m = ligands.mcsf[z // 2, y // 2, x // 2]
        hazard = rates.death * (rates.mcsf_half + m) / max(m, 1e-9)
        chance = 1.0 - np.exp(-hazard * moment.dt)
        if draw(moment.seed, SUPPLY, moment.step, table.uid[i], 40000) < chance:
            table.uid[i] = 0
            deaths += 1
    return deaths


@kernel
def fill_odds(power, odds):
    """Write for every word w the ratio r of concentrations at which r^power = w / len(odds).

    Word 0 asks for a trace, so that nobody goes where there is nothing.
    """
    for w in range(len(odds)):
        odds[w] = max(w / len(odds), 1e-12) ** (1.0 / power) if power > 0.0 else 0.0


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
def draw_path(uid, moment, words):
    """Draw the random bits of a whole walk, three hops a word, two words a draw."""
    for j in range(len(words) // 2):
        words[2 * j], words[2 * j + 1] = draw_pair(moment.seed, MOTION, moment.step, uid, j)


@kernel
def walk_one(voxel, uid, ground, felt, space, moment, rates, odds_words):
    """Walk the precursor in `voxel` through the step; returns where it is, and 1 if it adhered."""
    odds, words = odds_words
    hops = count_hops(space, moment, rates)
    soluble = felt.rankl_soluble.reshape(-1)
    my, mx = felt.rankl_soluble.shape[1:]
    flat = np.uint64(voxel)
    stand = ground[flat]
    z, y, x = split(voxel, space)
    here = felt.rankl_soluble[z >> 1, y >> 1, x >> 1]
    draw_path(uid, moment, words)
    bits = np.uint64(0)
    adhered = 0
    for h in range(hops):
        if h % 3 == 0:
            bits = words[h // 3]
        word = np.int64(bits & np.uint64(0x1FFFFF))
        bits >>= np.uint64(21)
        if rates.motility > 0.0:
            k = (word & 0x7FFF) * 6 >> 15
            a, b, c = neighbour(z, y, x, FACES[k, 0], FACES[k, 1], FACES[k, 2], space)
            place = np.uint64(join(a, b, c, space))
            what = ground[place]
            there = soluble[np.uint64(((a >> 1) * my + (b >> 1)) * mx + (c >> 1))]
            # one plain choice: no processor foretells a branch on a random walk
            go = (what != BONE) & (there >= here * odds[word >> 15])
            z, y, x = (a, b, c) if go else (z, y, x)
            flat = place if go else flat
            here = there if go else here
            stand = what if go else stand
        if stand != BARE:
            continue
        sub = moment.dt / hops
        if rates.adhesion > 0.0 and settles(z, y, x, uid, h, felt, moment, (rates, sub)):
            adhered = 1
            break
    return np.int64(flat), adhered


@kernel
def walk_block(block, table, count, scene, felt, space_moment, rates, odds_words):
    """Walk one block of rows; returns how many adhered."""
    space, moment = space_moment
    ground = scene.ground.reshape(-1)
    total = 0
    for i in range(block * ROWS, min((block + 1) * ROWS, count)):
        if table.uid[i] == 0:
            continue
        table.voxel[i], adhered = walk_one(
            table.voxel[i], table.uid[i], ground, felt, space, moment, rates, odds_words
        )
        if adhered:
            scene.settled[i] = 1
            total += 1
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
    drawn = 2 * ((count_hops(space, moment, rates) + 5) // 6)
    blocks = (count + ROWS - 1) // ROWS
    adhered = np.zeros(blocks, np.int64)
    felt = Felt(ligands.rankl_membrane, ligands.rankl_soluble, ligands.tnf, ligands.alarmin)
    for block in prange(blocks):
        words = np.empty(drawn, np.uint64)
        # numba drops writes to arrays of named tuples in a parallel body: walk_block writes
        adhered[block] = walk_block(
            block, table, count, scene, felt, (space, moment), rates, (odds, words)
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
