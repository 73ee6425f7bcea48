"""Osteoblasts: recruited by bound factor, active when the place is theirs, spending what they took."""

from typing import NamedTuple

import numpy as np

from trabecula.base.codes import FULL
from trabecula.kernels.compile import kernel
from trabecula.kernels.gather import find_next
from trabecula.kernels.keyed import draw, make_uid
from trabecula.kernels.ligands import boost
from trabecula.kernels.places import Choice, move_out
from trabecula.kernels.reach import holds, is_held, measure_hollow, take_near
from trabecula.kernels.sites import book_formation, keep_open
from trabecula.kernels.space import (
    HALF_QUANTA,
    join,
    neighbour,
    refresh_contact,
    split,
)

RECRUITMENT, ACTIVATION, APPOSITION, FATE = 11, 12, 13, 14
FULL_QUANTA = FULL


class OsteoblastRates(NamedTuple):
    """Rates per day, already scaled by hormones.

    ``recruitment`` 1/d per free place; ``bound_half`` quanta; ``tgfb_half`` pM, ``tgfb_max``;
    ``igf1_half`` pM, ``igf1_max``; ``places`` cells per voxel, ``pit_places`` in a pit; ``choice`` of a
    place; ``maturation`` 1/d; ``density``
    threshold of occupied eroded surface; ``clearance`` um to the nearest osteoclast; ``death_young``,
    ``death`` 1/d; ``speed`` um/d; ``area`` um^2; ``eager`` extra rate of a fully laden cell;
    ``uptake`` quanta/d; ``purse`` most quanta carried; ``gain`` matrix per factor;
    ``sclerostin_ref`` pM, ``sclerostin_max``; ``hollow`` exponent of concavity in speed, ``crowding`` in
    gain; ``crawl`` voxels/d; ``reach`` voxels; ``crumb`` quanta that no cell stays for; ``osteocytes``
    per um^3; ``lining_share`` of those that end.
    """

    recruitment: float
    bound_half: float
    tgfb_half: float
    tgfb_max: float
    igf1_half: float
    igf1_max: float
    places: int
    pit_places: int
    choice: Choice
    maturation: float
    density: float
    clearance: float
    death_young: float
    death: float
    speed: float
    area: float
    eager: float
    uptake: float
    purse: float
    gain: float
    sclerostin_ref: float
    sclerostin_max: float
    hollow: float
    crowding: float
    crawl: float
    reach: int
    crumb: int
    osteocytes: float
    lining_share: float


@kernel
def begin_osteoblast(table, row, uid, flat, time, stage, site):
    """Write a new osteoblast, which carries nothing yet, into a row of the table."""
    table.uid[row] = uid
    table.voxel[row] = flat
    table.born[row] = time
    table.stage[row] = stage
    table.dose[row] = 0
    table.carry[row] = 0.0
    table.rest[row] = 0.0
    table.site[row] = site


@kernel
def recruit(table, count, scene, lattice, phase, ligands, space_moment_rates):
    """Bring preosteoblasts to surface voxels that hold bound factor; returns the new count or -1.

    TGF-beta and IGF-1 set free by resorption draw them. They belong to the site whose ground it is while
    that is open (`phase`, one for each site).
    """
    space, moment, rates = space_moment_rates
    bound = lattice.bound.reshape(-1)
    flat = -1
    while True:
        flat = find_next(bound, flat + 1)
        if flat == len(bound):
            break
        z, y, x = split(flat, space)
        free = rates.places - int(scene.osteoblasts[z, y, x])
        if free <= 0 or scene.contact[z, y, x] == 0 or scene.osteoclasts[z, y, x] > 0:
            continue
        if scene.lining[z, y, x] > 0:
            continue
        a, b, c = z // 2, y // 2, x // 2
        rate = rates.recruitment * bound[flat] / (rates.bound_half + bound[flat])
        rate *= boost(ligands.tgfb[a, b, c], rates.tgfb_half, rates.tgfb_max)
        rate *= boost(ligands.igf1[a, b, c], rates.igf1_half, rates.igf1_max)
        chance = 1.0 - np.exp(-rate * moment.dt)
        for k in range(free):
            if draw(moment.seed, RECRUITMENT, moment.step, flat, k) >= chance:
                continue
            if count >= len(table.uid):
                return -1
            uid = make_uid(moment.seed, 2, flat, moment.step, k)
            site = keep_open(lattice.site[z, y, x], phase)
            begin_osteoblast(table, count, uid, flat, moment.time, 0, site)
            scene.osteoblasts[z, y, x] += 1
            count += 1
    return count


@kernel
def lose_osteoblasts(table, count, scene, space, moment, rates):
    """Let osteoblasts die early; the factor that they carry is lost. Returns (deaths, lost)."""
    deaths = 0
    lost = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        hazard = rates.death_young if table.stage[i] == 0 else rates.death
        if draw(moment.seed, FATE, moment.step, table.uid[i], 0) < 1.0 - np.exp(
            -hazard * moment.dt
        ):
            z, y, x = split(table.voxel[i], space)
            scene.osteoblasts[z, y, x] -= 1
            lost += table.dose[i]
            table.dose[i] = 0
            table.uid[i] = 0
            deaths += 1
    return deaths, lost


@kernel
def activate(table, count, scene, lattice, space, moment, rates_ball):
    """Turn preosteoblasts active where osteoclasts have left and the patch is densely settled.

    The patch is the eroded surface within `clearance` that holds factor or an osteoblast: what has
    been filled, or was emptied by neighbours, keeps nobody waiting. There must be no osteoclast near,
    and at least `density` of the patch must hold an osteoblast, in the voxel or, of fine voxels, in the
    block that makes the reach. Returns the number activated.
    """
    rates, ball = rates_ball
    chance = 1.0 - np.exp(-rates.maturation * moment.dt)
    active = 0
    for i in range(count):
        if table.uid[i] == 0 or table.stage[i] != 0:
            continue
        if draw(moment.seed, ACTIVATION, moment.step, table.uid[i], 0) >= chance:
            continue
        z, y, x = split(table.voxel[i], space)
        patch = 0
        held = 0
        clear = True
        for k in range(len(ball)):
            a, b, c = neighbour(z, y, x, ball[k, 0], ball[k, 1], ball[k, 2], space)
            if scene.osteoclasts[a, b, c] > 0:
                clear = False
                break
            if scene.contact[a, b, c] > 0 and lattice.eroded[a, b, c] > 0:
                here = is_held(scene.osteoblasts, a, b, c, rates.reach)
                held += here
                patch += here or lattice.bound[a, b, c] > 0
        if clear and held >= rates.density * patch:
            table.stage[i] = 1
            active += 1
    return active


@kernel
def take_up(table, order, lattice, space, moment, rates):
    """Let active osteoblasts take bound factor within their reach, their own voxel first.

    Whole quanta, the fraction of a step's uptake settled by a draw.
    """
    most = rates.uptake * moment.dt
    cube = (2 * rates.reach + 1) ** 3
    for i in order:
        if table.uid[i] == 0 or table.stage[i] == 0:
            continue
        chance = draw(moment.seed, APPOSITION, moment.step, table.uid[i], 3)
        wish = int(min(np.floor(most + chance), rates.purse - table.dose[i]))
        if wish <= 0:
            continue
        first = int(cube * draw(moment.seed, APPOSITION, moment.step, table.uid[i], 2))
        z, y, x = split(table.voxel[i], space)
        table.dose[i] += take_near(lattice.bound, z, y, x, rates.reach, wish, space, first)


@kernel
def close_voxel(scene, z, y, x, lattice, space_moment_rates):
    """Let a voxel that has become bone ask for its osteocytes in `scene.closed`."""
    space, moment, rates = space_moment_rates
    refresh_contact(lattice.matrix, z, y, x, space, scene.contact)
    wanted = rates.osteocytes * space.voxel**3
    flat = join(z, y, x, space)
    extra = draw(moment.seed, APPOSITION, moment.step, flat, 0) < wanted % 1.0
    scene.closed[z, y, x] = int(wanted) + extra


@kernel
def lay(table, i, wanted, scene, lattice, sites, space_moment_rates):
    """Lay up to `wanted` quanta from the place of cell `i` on, which moves out of what it fills.

    Returns the quanta laid. Where they follow resorption, the site's reversal is entered; what an
    earlier site has left open does not count as this one's wait.
    """
    space, moment, rates = space_moment_rates
    row = table.site[i] - 1
    laid = 0
    while laid < wanted:
        z, y, x = split(table.voxel[i], space)
        if lattice.matrix[z, y, x] >= FULL_QUANTA and not move_out(
            table, i, scene, lattice, space, rates, -1.0e9
        ):
            break
        z, y, x = split(table.voxel[i], space)
        before = int(lattice.matrix[z, y, x])
        part = min(wanted - laid, FULL_QUANTA - before)
        if part <= 0:
            break
        dug = lattice.resorbed[z, y, x]
        if row >= 0 and dug > lattice.formed[z, y, x] and dug >= sites.activated[row]:
            sites.reversal[row] += moment.time - dug
            sites.reversed[row] += 1
        lattice.matrix[z, y, x] = before + part
        lattice.osteoid[z, y, x] += part
        lattice.formed[z, y, x] = moment.time
        laid += part
        if before < HALF_QUANTA and before + part >= HALF_QUANTA:
            close_voxel(scene, z, y, x, lattice, space_moment_rates)
    return laid


@kernel
def pay(table, i, laid, gain):
    """Pay for `laid` quanta from the dose of cell `i`, whole quanta of factor. Returns the cost."""
    table.rest[i] -= laid / gain
    cost = int(np.floor(-table.rest[i]))
    cost = min(max(cost, 0), table.dose[i])
    table.dose[i] -= cost
    table.rest[i] += cost
    return cost


@kernel
def appose(table, order, scene, ligands, lattice, sites, space_moment_rates):
    """Let active osteoblasts lay osteoid for the factor they carry; a dose that is spent is spent.

    Daily matrix = speed x area x laden x hollow x sclerostin; in a hollow, where cells crowd, factor
    pays for more. Returns (formed, spent) in quanta.
    """
    space, moment, rates = space_moment_rates
    per_day = FULL_QUANTA / space.voxel**3 * moment.dt
    formed = 0
    spent = 0
    for i in order:
        if table.uid[i] == 0 or table.stage[i] == 0:
            continue
        z, y, x = split(table.voxel[i], space)
        s = ligands.sclerostin[z // 2, y // 2, x // 2] / rates.sclerostin_ref
        brake = (1.0 + rates.sclerostin_max) / (1.0 + rates.sclerostin_max * s)
        laden = 1.0 + rates.eager * (2.0 * min(1.0, table.dose[i] / rates.purse) - 1.0)
        near = measure_hollow(lattice.matrix, z, y, x, rates.reach, space)
        hollow = near**rates.hollow
        table.carry[i] += rates.speed * rates.area * per_day * laden * hollow * brake
        gain = rates.gain * brake * near**rates.crowding
        affordable = int((table.dose[i] + table.rest[i]) * gain)
        q = min(int(table.carry[i]), affordable)
        if q < int(table.carry[i]):
            table.carry[i] = float(q)
        laid = lay(table, i, q, scene, lattice, sites, space_moment_rates)
        if laid == 0:
            continue
        table.carry[i] -= laid
        spent += pay(table, i, laid, gain)
        formed += laid
        if table.site[i] > 0:
            book_formation(sites, table.site[i] - 1, laid, moment)
    return formed, spent


@kernel
def end_osteoblasts(table, count, scene, lattice, space, moment, rates):
    """Decide the fate of osteoblasts that are entombed or have nothing left to spend.

    A voxel whose matrix crossed one half in this step takes its osteocytes from the cells in it (the
    first in the table), as many as `scene.closed` still wants. What an osteocyte or
    an entombed cell carried goes back to the surface. Fates are written to `stage`: 2 osteocyte,
    3 lining, 4 dead; the caller reads and clears them. Returns the number of ended cells.
    """
    ended = 0
    for i in range(count):
        if table.uid[i] == 0 or table.stage[i] == 0:
            continue
        z, y, x = split(table.voxel[i], space)
        fate = 0
        if scene.closed[z, y, x] > 0:
            fate = 2
            scene.closed[z, y, x] -= 1
        elif lattice.matrix[z, y, x] >= FULL_QUANTA and not move_out(
            table, i, scene, lattice, space, rates, -1.0e9
        ):
            fate = 4
        else:
            z, y, x = split(table.voxel[i], space)
            least = rates.crumb - table.dose[i]
            if not holds(lattice.bound, z, y, x, rates.reach, least, space):
                u = draw(moment.seed, FATE, moment.step, table.uid[i], 1)
                fate = 3 if u < rates.lining_share else 4
        if fate > 0:
            z, y, x = split(table.voxel[i], space)
            lattice.bound[z, y, x] += table.dose[i]
            table.dose[i] = 0
            scene.osteoblasts[z, y, x] -= 1
            table.stage[i] = fate
            ended += 1
    return ended
