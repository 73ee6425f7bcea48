"""Plain twins of the field kernels: loops and a direct sparse solve; nothing from the kernels."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve


def find_faces(mask, periodic):
    """All pairs of open neighbours (each face once) as flat indices, with the face's axis."""
    shape = mask.shape
    pairs = []
    for z, y, x in np.argwhere(mask):
        for axis in range(3):
            there = [z, y, x]
            there[axis] += 1
            if there[axis] == shape[axis]:
                if not periodic or shape[axis] == 1:
                    continue
                there[axis] = 0
            if mask[tuple(there)]:
                pairs.append((axis, (z, y, x), tuple(there)))
    return pairs


def solve_direct(weights, volume_decay, source, g):
    """Solve sum_f g w (c_nb - c) - kappa c + s = 0 for {(a, b): w}; blocks without decay stay 0."""
    shape = source.shape
    kappa = volume_decay.ravel().astype(float)
    diagonal = kappa.copy()
    rows, columns, values = [], [], []
    for (a, b), w in weights.items():
        i, j = np.ravel_multi_index(a, shape), np.ravel_multi_index(b, shape)
        diagonal[i] += g * w
        diagonal[j] += g * w
        rows += [i, j]
        columns += [j, i]
        values += [-g * w, -g * w]
    empty = diagonal == 0
    diagonal[empty] = 1
    n = source.size
    matrix = coo_matrix(
        (np.r_[values, diagonal], (np.r_[rows, np.arange(n)], np.r_[columns, np.arange(n)])),
        shape=(n, n),
    )
    right = np.where(empty, 0, source.ravel().astype(float))
    return spsolve(matrix.tocsc(), right).reshape(shape)


def solve_fine_twin(mask, periodic, decay, source, g):
    weights = {}
    for _, a, b in find_faces(mask, periodic):
        weights[a, b] = weights.get((a, b), 0) + 1.0
    return solve_direct(weights, decay * mask, source * mask, g)


def solve_coarse_twin(mask, periodic, decay, source, g):
    """Twice as coarse: pore share times decay; face share = open faces / 4, 4/3 for half blocks."""
    shape = tuple((n + 1) // 2 for n in mask.shape)
    pore = np.zeros(shape)
    for z, y, x in np.argwhere(mask):
        pore[z // 2, y // 2, x // 2] += 0.125
    weights = {}
    for axis, a, b in find_faces(mask, periodic):
        i, j = tuple(k // 2 for k in a), tuple(k // 2 for k in b)
        if i == j:
            continue
        half = mask.shape[axis] % 2 == 1 and shape[axis] - 1 in (i[axis], j[axis])
        weights[i, j] = weights.get((i, j), 0) + 0.25 * (4 / 3 if half else 1)
    return pore, solve_direct(weights, decay * pore, source, g)
