"""Osteocytes one by one."""

import math

from trabecula.base.codes import Stream
from twins.keyed import draw, happens
from twins.space import is_bone, join, nearest_first, neighbour, split, squared, steps_between

NONE = -1


def find_outlets(table, count, matrix, space, ball, every):
    """The nearest open voxel of the ball, of equals one that is the cell's own.

    Those that have one, or have none in reach, may wait.
    """
    for i in range(count):
        if table.uid[i] == 0:
            continue
        outlet = int(table.outlet[i])
        content = outlet == NONE or (outlet >= 0 and not is_bone(matrix, split(outlet, space)))
        if content and not every:
            continue
        place = split(table.voxel[i], space)
        table.outlet[i], table.reach[i] = NONE, 1e6
        free = [o for o in nearest_first(ball) if not is_bone(matrix, neighbour(place, o, space))]
        if free:
            equals = [o for o in free if squared(o) == squared(free[0])]
            chosen = equals[(int(table.uid[i]) >> 32) % len(equals)]
            table.outlet[i] = join(neighbour(place, chosen, space), space)
            table.reach[i] = math.sqrt(squared(free[0])) * space.voxel


def age_osteocytes(table, count, matrix, moment, rates):
    """Freed where bone is gone, dead by a draw, else calmer by exp(-fading dt)."""
    freed = dead = 0
    for i in range(count):
        if table.uid[i] == 0:
            continue
        if not is_bone(matrix.reshape(-1), int(table.voxel[i])):
            table.uid[i] = 0
            freed += 1
        elif happens(moment, Stream.OSTEOCYTE, table.uid[i], 0, rates.death):
            table.uid[i] = 0
            dead += 1
        else:
            table.stress[i] = float(table.stress[i]) * math.exp(-rates.fading * moment.dt)
            if table.stress[i] < 1e-3:
                table.stress[i] = 0
    return freed, dead


def trigger_clusters(table, count, formed, space, moment, rates):
    """Cells within `radius` of a cell that starts a cluster, on its side of the strut, die or call."""
    near = [i for i in range(count) if table.outlet[i] != NONE and table.reach[i] <= rates.depth]
    place = {i: split(table.voxel[i], space) for i in near}
    outlet = {i: split(table.outlet[i], space) for i in near}
    outward = {i: steps_between(place[i], outlet[i], space) for i in near}
    # worn matrix is called for as loud and as often as when all its cells lived
    age = {i: max(0.0, moment.time - float(formed[place[i]])) for i in near}
    weight = {i: math.exp(rates.thinning * age[i]) for i in near}
    clusters = deaths = 0
    for i in near:
        start = int(table.uid[i])
        is_old = moment.time - float(formed[place[i]]) >= rates.young
        if start == 0 or not is_old:
            continue
        rate = rates.trigger * float(table.unrest[i]) * weight[i]
        if not happens(moment, Stream.TRIGGER, start, 0, rate):
            continue
        clusters += 1
        for j in near:
            if table.uid[j] == 0:
                continue
            gap = math.sqrt(squared(steps_between(outlet[i], outlet[j], space))) * space.voxel
            same_side = sum(a * b for a, b in zip(outward[i], outward[j], strict=True)) > 0
            if gap > rates.radius or not same_side:
                continue
            # each pair has a key of its own, and so has the fate of the cell that starts
            key = start if i == j else int(table.uid[j]) ^ start
            if draw(moment.seed, Stream.TRIGGER, moment.step, key, 1) < rates.share:
                table.uid[j] = 0
                deaths += 1
            else:
                table.stress[j] = max(float(table.stress[j]), rates.emission * weight[j])
    return clusters, deaths
