"""Interpolation from a coarser mesh as a dense matrix, and its transpose."""

import numpy as np


def make_matrix(links, count):
    """Weights (node, coarse node) that the links stand for."""
    weights = np.zeros((len(links), count))
    for i, row in np.ndindex(links.shape):
        low, odd = links[i, row] // 2, links[i, row] % 2
        weights[i, low] += 1 / 8
        weights[i, low + odd] += 1 / 8
    return weights


def refine_nodes(links, coarse, active, fine):
    values = coarse.reshape(-1, 3)
    fine += (make_matrix(links, len(values)) @ values).reshape(-1) * (active != 0)


def collect_nodes(fine, planes, links, active, coarse):
    matrix = make_matrix(links, len(coarse) // 3)
    coarse[:] = (matrix.T @ fine.reshape(-1, 3)).reshape(-1) * (active != 0)
