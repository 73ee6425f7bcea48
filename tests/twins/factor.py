"""Coupling factor bound to the surface."""

import math

from trabecula.base.codes import Stream
from twins.keyed import draw
from twins.space import is_bone, join, nearest_first, neighbour, places_of, squared


def settle_factor(lattice, scene, space, ball, near, moment):
    """Factor that lost its surface goes to the nearest one, among equals by site, pit and hollow."""
    lost = 0
    for place in places_of(space):
        amount = int(lattice.bound[place])
        if amount == 0 or scene.contact[place] > 0:
            continue
        lattice.bound[place] = 0
        reach = nearest_first(ball if is_bone(lattice.matrix, place) else ball[:near])
        found = [
            (squared(offset), there, k)
            for k, offset in enumerate(reach)
            if squared(offset) > 0
            and scene.contact[there := neighbour(place, offset, space)] > 0
        ]  # fmt: skip
        if not found:
            lost += amount
            continue

        ranks = [
            distance
            - 0.4 * (lattice.site[there] == lattice.site[place])
            - 0.3 * int(lattice.eroded[there])
            - 0.04 * int(scene.contact[there])
            for distance, there, _ in found
        ]
        equals = [one for one, rank in zip(found, ranks, strict=True) if rank == min(ranks)]
        flat = join(place, space)
        best = [
            there
            for n, (_, there, k) in enumerate(equals, 1)
            if draw(moment.seed, Stream.FATE, moment.step, flat, 3 + k) * n < 1
        ][-1]
        lattice.bound[best] += amount
        if lattice.site[best] == 0:
            lattice.site[best] = lattice.site[place]
    return lost


def fade_factor(bound, moment, rate):
    """Whole quanta at `rate`; the fraction is a chance."""
    flat, lost = bound.reshape(-1), 0
    for i in range(len(flat)):
        part, whole = math.modf(int(flat[i]) * (1 - math.exp(-rate * moment.dt)))
        gone = int(whole)
        if flat[i] > 0:
            gone += draw(moment.seed, Stream.FATE, moment.step, i, 2) < part
        flat[i] -= gone
        lost += gone
    return lost


def grant_factor(table, count, bound, contact, moment, quanta):
    """Whole quanta from every calling cell with a surface outlet; the fraction is a chance."""
    flat, touch, sent = bound.reshape(-1), contact.reshape(-1), 0
    for i in range(count):
        calls = table.uid[i] != 0 and table.calling[i] > 0 and table.outlet[i] >= 0
        if not calls or touch[table.outlet[i]] == 0:
            continue
        part, whole = math.modf(quanta * float(table.calling[i]) * moment.dt)
        u = draw(moment.seed, Stream.OSTEOCYTE, moment.step, table.uid[i], 1)
        amount = int(whole) + (u < part)
        flat[table.outlet[i]] += amount
        sent += amount
    return sent
