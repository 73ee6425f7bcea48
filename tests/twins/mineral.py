"""Mineralisation voxel by voxel."""

import math

import numpy as np

from trabecula.base.codes import Stream
from twins.keyed import draw


def mineralise(matrix, osteoid, mineral, degrees, moment):
    """The lack of mineral shrinks; then fresh mineral is mixed in by its quanta, a draw for a part."""
    share, primary, keep = degrees
    for flat, place in enumerate(np.ndindex(matrix.shape)):
        whole, soft = int(matrix[place]), int(osteoid[place])
        degree = 1 - (1 - float(mineral[place])) * min(keep, 1.0)
        chance = draw(moment.seed, Stream.MINERAL, moment.step, flat, 0)
        fresh = math.floor(share * soft + chance)
        if soft > 0 and fresh > 0:
            old = whole - soft
            degree = (degree * old + primary * fresh) / (old + fresh)
            osteoid[place] = soft - fresh
        if whole == 0:
            degree, osteoid[place] = 0.0, soft
        mineral[place] = degree


def sum_quanta(values):
    return sum(int(value) for value in values.ravel())
