"""Vector operations of conjugate gradients and Chebyshev smoothing, on whole arrays."""

import numpy as np

BLOCK = 8192


def sum_blocks(a, b, sums):
    products = a.astype(float) * b
    sums[:] = [products[k : k + BLOCK].sum() for k in range(0, len(a), BLOCK)]


def start_smoothing(b, inverse, weight, d, x):
    d[:] = weight * inverse * b
    x[:] = d


def smooth(b, ax, inverse, weights, d, x):
    d[:] = weights[0] * d + weights[1] * inverse * (b - ax)
    x += d


def subtract(b, ax, inverse, r):
    r[:] = np.where(inverse == 0, 0, b - ax)


def advance(p, ap, alpha, inverse, x, r):
    x += alpha * p
    r -= alpha * np.where(inverse == 0, 0, ap)


def turn(z, beta, p):
    p[:] = z + beta * p
