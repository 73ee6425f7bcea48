"""Small dense systems of the coarsest mesh: Cholesky factors that pass over what nothing holds."""

import numpy as np

from trabecula.kernels.compile import kernel

SMALL = 1e-9
"""Pivot, relative to its diagonal, below which a component is left at 0: it moves freely."""


@kernel
def factorise(a):
    """Turn a symmetric, positive semidefinite matrix into its lower Cholesky factor, in place.

    Rows of components that follow from the ones before get a pivot of 0.
    """
    n = len(a)
    for j in range(n):
        whole = a[j, j]
        v = whole
        for k in range(j):
            v -= a[j, k] * a[j, k]
        if v <= SMALL * whole:
            a[j:, j] = 0.0
            continue
        a[j, j] = np.sqrt(v)
        for i in range(j + 1, n):
            s = a[i, j]
            for k in range(j):
                s -= a[i, k] * a[j, k]
            a[i, j] = s / a[j, j]


@kernel
def substitute(a, b, x, y):
    """Solve a x = b with the factor a; y is scratch; components without pivot stay 0."""
    n = len(a)
    for i in range(n):
        s = np.float64(b[i])
        for k in range(i):
            s -= a[i, k] * y[k]
        y[i] = s / a[i, i] if a[i, i] > 0.0 else 0.0
    for i in range(n - 1, -1, -1):
        if a[i, i] > 0.0:
            s = y[i]
            for k in range(i + 1, n):
                s -= a[k, i] * y[k]
            y[i] = s / a[i, i]
        x[i] = y[i]
