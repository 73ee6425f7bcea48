"""Open faces and transfers of the fine grid, voxel by voxel."""

import numpy as np

from twins.space import FACES

OPEN = 64


def find_beyond(place, offset, shape, periodic):
    """The place beyond a face, None at an end; an axis of one voxel has nothing beside it."""
    there = [i + d for i, d in zip(place, offset, strict=True)]
    for axis, n in enumerate(shape):
        if not 0 <= there[axis] < n:
            if not periodic or n == 1:
                return None
            there[axis] %= n
    return tuple(there)


def mark_open(matrix, half, periodic, bits):
    is_open = matrix < half
    for place in np.ndindex(matrix.shape):
        bits[place] = OPEN if is_open[place] else 0
        for face, offset in enumerate(FACES):
            there = find_beyond(place, offset, matrix.shape, periodic)
            if is_open[place] and there is not None and is_open[there]:
                bits[place] += 2**face


def mark_surface(bits, periodic, surface):
    for place in np.ndindex(bits.shape):
        beyond = [find_beyond(place, offset, bits.shape, periodic) for offset in FACES]
        has_bone = any(there is not None and bits[there] == 0 for there in beyond)
        surface[place] = bits[place] > 0 and has_bone


def count_open(bits):
    """Number of open faces of every voxel."""
    return sum(bits // 2**face % 2 for face in range(6)).astype(float)


def invert_diagonal(bits, g, kappa):
    whole = float(g) * count_open(bits) + kappa
    kappa[...] = np.where(bits > 0, 1 / np.where(bits > 0, whole, 1), 0)


def sum_blocks(values, shape):
    """Sums over blocks of 2 x 2 x 2, cut off at odd ends."""
    out = np.zeros(shape)
    for place in np.ndindex(values.shape):
        out[tuple(i // 2 for i in place)] += values[place]
    return out


def restrict_decay(bits, g, inverse, out):
    inside = bits > 0
    decay = 1 / np.where(inside, inverse, 1).astype(float) - float(g) * count_open(bits)
    out[...] = sum_blocks(np.where(inside, np.maximum(decay, 0), 0), out.shape) / 8


def restrict_fine(c, bits, out):
    out[...] = sum_blocks(np.where(bits > 0, c, 0).astype(float), out.shape) / 8


def prolong_fine(e, bits, c):
    for place in np.ndindex(c.shape):
        if bits[place]:
            c[place] += e[tuple(i // 2 for i in place)]
