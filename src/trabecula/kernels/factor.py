"""Coupling factor bound to the surface: it follows the surface, and fades."""

import numpy as np

from trabecula.kernels.compile import kernel
from trabecula.kernels.gather import find_next
from trabecula.kernels.keyed import draw
from trabecula.kernels.space import HALF_QUANTA, join, neighbour, split

FATE, OSTEOCYTE = 14, 16
OWN_SITE, ERODED, BONY = 0.4, 0.3, 0.04  # in squared voxels: they settle ties of distance


@kernel
def settle_factor(lattice, scene, space, ball, near, moment):
    """Move factor that is buried or hangs in the open to the nearest surface voxel.

    What is buried looks through `ball`, what hangs in the open through its first `near` places:
    where a rod was cut or a plate holed, nothing is there to lay matrix on. Of equally good places one
    is drawn. Returns the quanta that found no surface and are lost.
    """
    bound, contact = lattice.bound.reshape(-1), scene.contact.reshape(-1)
    lost = 0
    flat = -1
    while True:
        flat = find_next(bound, flat + 1)
        if flat == len(bound):
            break
        if contact[flat] > 0:
            continue
        z, y, x = split(flat, space)
        reach = near if lattice.matrix[z, y, x] < HALF_QUANTA else len(ball)
        best, equals = -1, 0
        best_rank = 1e9
        for k in range(1, reach):
            dz, dy, dx = ball[k, 0], ball[k, 1], ball[k, 2]
            distance = float(dz * dz + dy * dy + dx * dx)
            if distance - 1.0 >= best_rank:
                break  # no bonus makes up for a step more
            a, b, c = neighbour(z, y, x, dz, dy, dx, space)
            if scene.contact[a, b, c] == 0:
                continue
            # the same site first, then eroded surface, then the deepest hollow
            rank = distance - OWN_SITE * (lattice.site[a, b, c] == lattice.site[z, y, x])
            rank -= ERODED * lattice.eroded[a, b, c] + BONY * scene.contact[a, b, c]
            if rank < best_rank:
                best_rank, equals = rank, 0
            if rank == best_rank:  # each of them is as likely to be kept
                equals += 1
                if draw(moment.seed, FATE, moment.step, flat, 3 + k) * equals < 1.0:
                    best = join(a, b, c, space)
        if best >= 0:
            bound[best] += bound[flat]
            a, b, c = split(best, space)
            if lattice.site[a, b, c] == 0:
                lattice.site[a, b, c] = lattice.site[z, y, x]
        else:
            lost += bound[flat]
        bound[flat] = 0
    return lost


@kernel
def fade_factor(bound, moment, rate):
    """Let bound factor fade by whole quanta, the fraction settled by a draw; returns quanta lost."""
    flat = bound.reshape(-1)
    chance = 1.0 - np.exp(-rate * moment.dt)
    lost = 0
    i = -1
    while True:
        i = find_next(flat, i + 1)
        if i == len(flat):
            break
        amount = flat[i] * chance
        gone = int(amount)
        gone += draw(moment.seed, FATE, moment.step, i, 2) < amount - gone
        gone = min(gone, flat[i])
        flat[i] -= gone
        lost += gone
    return lost


@kernel
def grant_factor(table, count, bound, contact, moment, quanta):
    """Let strained osteocytes send coupling factor to the surface at their outlet.

    A cell that is fully strained sends `quanta` per day, others the share `calling` of it; what is
    less than a quantum is settled by a draw. Returns the quanta sent.
    """
    flat, touch = bound.reshape(-1), contact.reshape(-1)
    sent = 0
    for i in range(count):
        if table.uid[i] == 0 or table.calling[i] <= 0.0 or table.outlet[i] < 0:
            continue
        if touch[table.outlet[i]] == 0:
            continue
        amount = quanta * np.float64(table.calling[i]) * moment.dt
        whole = int(amount)
        whole += draw(moment.seed, OSTEOCYTE, moment.step, table.uid[i], 1) < amount - whole
        flat[table.outlet[i]] += whole
        sent += whole
    return sent
