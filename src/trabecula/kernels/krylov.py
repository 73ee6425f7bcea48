"""Vectors of conjugate gradients and of Chebyshev smoothing; sums per block, in one order."""

import numpy as np

from trabecula.kernels.compile import kernel, make_sized, prange

BLOCK = 8192


@make_sized(50_000)
def sum_blocks(a, b, sums):
    """Write the scalar product of a and b over every block into `sums` (float64)."""
    for i in prange((len(sums) + 3) // 4):
        sum_four(a, b, 4 * i, sums)


@kernel
def sum_four(a, b, i, sums):
    """Write the scalar products of block i and the three after it, as far as there are any.

    Whole ones grow side by side, each in its order: one alone waits for every addition to end.
    """
    if (i + 4) * BLOCK <= len(a):
        s, t, u, v = 0.0, 0.0, 0.0, 0.0
        o, n = np.uint64(i * BLOCK), np.uint64(BLOCK)
        p, q, r = o + n, o + n + n, o + n + n + n
        for k in range(n):
            s += np.float64(a[o + k]) * np.float64(b[o + k])
            t += np.float64(a[p + k]) * np.float64(b[p + k])
            u += np.float64(a[q + k]) * np.float64(b[q + k])
            v += np.float64(a[r + k]) * np.float64(b[r + k])
        sums[i], sums[i + 1], sums[i + 2], sums[i + 3] = s, t, u, v
        return
    for j in range(i, min(i + 4, len(sums))):
        s = 0.0
        for k in range(j * BLOCK, min((j + 1) * BLOCK, len(a))):
            s += np.float64(a[k]) * np.float64(b[k])
        sums[j] = s


@make_sized(50_000)
def start_smoothing(b, inverse, weight, d, x):
    """First Chebyshev step from nothing: d = weight D^-1 b and x = d."""
    for i in prange((len(b) + BLOCK - 1) // BLOCK):
        for k in range(i * BLOCK, min((i + 1) * BLOCK, len(b))):
            v = weight * inverse[k] * b[k]
            d[k] = v
            x[k] = v


@make_sized(50_000)
def smooth(b, ax, inverse, weights, d, x):
    """Chebyshev step: d = w0 d + w1 D^-1 (b - A x) and x = x + d."""
    w0, w1 = weights[0], weights[1]
    for i in prange((len(b) + BLOCK - 1) // BLOCK):
        for k in range(i * BLOCK, min((i + 1) * BLOCK, len(b))):
            v = w0 * d[k] + w1 * inverse[k] * (b[k] - ax[k])
            d[k] = v
            x[k] += v


@make_sized(50_000)
def subtract(b, ax, inverse, r):
    """Residual r = b - A x of the free components."""
    zero = r.dtype.type(0)
    for i in prange((len(b) + BLOCK - 1) // BLOCK):
        for k in range(i * BLOCK, min((i + 1) * BLOCK, len(b))):
            r[k] = b[k] - ax[k] if inverse[k] != zero else zero


@make_sized(50_000)
def advance(p, ap, alpha, inverse, x, r):
    """Conjugate gradients: x += alpha p, and r -= alpha A p in the free components."""
    zero = r.dtype.type(0)
    for i in prange((len(p) + BLOCK - 1) // BLOCK):
        for k in range(i * BLOCK, min((i + 1) * BLOCK, len(p))):
            x[k] += alpha * p[k]
            r[k] -= alpha * ap[k] if inverse[k] != zero else zero


@make_sized(50_000)
def turn(z, beta, p):
    """Conjugate gradients: p = z + beta p."""
    for i in prange((len(p) + BLOCK - 1) // BLOCK):
        for k in range(i * BLOCK, min((i + 1) * BLOCK, len(p))):
            p[k] = z[k] + beta * p[k]
