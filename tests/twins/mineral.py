"""Mineralisation voxel by voxel."""

import math

import numpy as np


def mineralise(matrix, osteoid, mineral, share, primary, keep):
    """The lack of mineral shrinks; then fresh mineral is mixed in by its quanta."""
    for place in np.ndindex(matrix.shape):
        whole, soft = int(matrix[place]), int(osteoid[place])
        degree = 1 - (1 - float(mineral[place])) * min(keep, 1.0)
        fresh = math.floor(share * soft + 0.5) or soft
        if soft > 0:
            old = whole - soft
            degree = (degree * old + primary * fresh) / (old + fresh)
            osteoid[place] = soft - fresh
        if whole == 0:
            degree, osteoid[place] = 0.0, soft
        mineral[place] = degree


def sum_quanta(values):
    return sum(int(value) for value in values.ravel())
