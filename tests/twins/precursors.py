"""Osteoclast precursors one by one."""

import math

from trabecula.base.codes import Ground, Population, Stream
from twins.keyed import draw, draw_below, draw_pair, happens, make_uid
from twins.ligands import boost, call
from twins.space import FACES, half, is_bone, join, nearest_first, neighbour, shape_of, split

EDGE = 8


def count_born(u, mean):
    """Number whose Poisson probability of at most so many first exceeds u."""
    odds = [
        math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))
        for k in range(round(20 + 3 * mean))
    ]
    return next(k for k in range(len(odds)) if u < math.fsum(odds[: k + 1]))


def find_hazard(ligands, rates, place):
    """`death` with much M-CSF, more the less there is."""
    mcsf = max(float(ligands.mcsf[half(place)]), 1e-9)
    return rates.death * (1 + rates.mcsf_half / mcsf)


def supply_precursors(table, count, matrix, ligands, space, moment, rates):
    """A Poisson number for every block of 8 x 8 x 8; those that would begin in bone are not born.

    Born at any time of the step, a cell lives to its end with the mean of exp(-hazard x what is left).
    """
    sizes = shape_of(space)
    corners = [
        (z, y, x)
        for z in range(0, sizes[0], EDGE)
        for y in range(0, sizes[1], EDGE)
        for x in range(0, sizes[2], EDGE)
    ]
    for block, corner in enumerate(corners):
        edges = [min(EDGE, n - low) for low, n in zip(corner, sizes, strict=True)]
        key = (moment.seed, Stream.SUPPLY, moment.step, block)
        mean = rates.influx * math.prod(edges) * space.voxel**3 * moment.dt
        for k in range(count_born(draw(*key, 0), mean)):
            place = tuple(
                corner[axis] + draw_below(*key, 3 * k + 1 + axis, edges[axis]) for axis in range(3)
            )
            if is_bone(matrix, place):
                continue
            flat = join(place, space)
            uid = make_uid(moment.seed, Population.PRECURSOR, flat, moment.step, 64 * block + k)
            risk = find_hazard(ligands, rates, place) * moment.dt
            lot = draw(moment.seed, Stream.SUPPLY, moment.step, uid, 40001)
            if lot >= -math.expm1(-risk) / risk:
                continue
            if count == len(table.uid):
                return -1
            table.uid[count] = uid
            table.voxel[count] = flat
            table.born[count] = moment.time
            count += 1
    return count


def lose_precursors(table, count, ligands, space, moment, rates):
    """Death at `death` with much M-CSF, faster the less there is."""
    deaths = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        rate = find_hazard(ligands, rates, split(table.voxel[i], space))
        if happens(moment, Stream.SUPPLY, table.uid[i], 40000, rate):
            table.uid[i] = 0
            deaths += 1
    return deaths


def read_hop(moment, uid, hop):
    """Face (0..5) and threshold (0..63) of a hop: 21 bits each, three to a word, six to a draw."""
    word = draw_pair(moment.seed, Stream.MOTION, moment.step, uid, hop // 6)[hop // 3 % 2]
    word = word // 2 ** (21 * (hop % 3)) % 2**21
    return word % 2**15 * 6 // 2**15, word // 2**15


def walk_precursors(table, count, scene, ligands, space, moment, rates):
    """Hops of one voxel at rate 6 D / h^2, then a try to settle; (c'/c)^chemotaxis lets a hop pass."""
    hops = max(1, math.ceil(6 * rates.motility * moment.dt / space.voxel**2))
    brief = moment._replace(dt=moment.dt / hops)
    settled = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        place = split(table.voxel[i], space)
        for hop in range(hops):
            face, threshold = read_hop(moment, table.uid[i], hop)
            there = neighbour(place, FACES[face], space)
            if rates.motility > 0 and scene.ground[there] != Ground.BONE:
                before = float(ligands.rankl_soluble[half(place)])
                after = float(ligands.rankl_soluble[half(there)])
                if after >= before or threshold + 0.5 <= 64 * (after / before) ** rates.chemotaxis:
                    place = there
            if rates.adhesion > 0 and scene.ground[place] == Ground.BARE:
                rate = rates.adhesion * call(ligands, rates, place)
                rate *= boost(ligands.tnf[half(place)], rates.tnf_half, rates.tnf_max)
                worth_a_draw = 1 - math.exp(-rate * brief.dt) > 1e-6
                if worth_a_draw and happens(brief, Stream.DIFFERENTIATION, table.uid[i], hop, rate):
                    scene.settled[i] = 1
                    settled += 1
                    break
        table.voxel[i] = join(place, space)
    return settled


def push_out(uid, voxel, count, matrix, space, ball):
    """Cells in bone go to the nearest open voxel of the ball, or die."""
    lost = 0
    for i in range(count):
        place = split(voxel[i], space)
        if uid[i] == 0 or not is_bone(matrix, place):
            continue
        within = [neighbour(place, offset, space) for offset in nearest_first(ball)]
        free = [there for there in within if not is_bone(matrix, there)]
        if free:
            voxel[i] = join(free[0], space)
        else:
            uid[i] = 0
            lost += 1
    return lost
