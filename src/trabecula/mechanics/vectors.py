"""Sums over nodes that do not depend on the number of threads."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.krylov import BLOCK, sum_blocks


def compute_dot(a: Array, b: Array) -> float:
    """Return the scalar product (unit of `a` times that of `b`), summed in float64 in one order.

    Parameters
    ----------
    a, b
        Flat arrays, in any units.
    """
    sums = np.empty((len(a) + BLOCK - 1) // BLOCK)
    sum_blocks(a, b, sums)
    return float(sums.sum())
