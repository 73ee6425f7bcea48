"""Pieces of bone: what hangs together, and the removal of what does not."""

import numpy as np

from trabecula.kernels.compile import kernel
from trabecula.kernels.space import HALF_QUANTA, join, neighbour, split

PIECES = 19


@kernel
def label_pieces(matrix, space, labels):
    """Number the pieces of bone that touch by a face, an edge or a corner, from 1 on.

    They are numbered by their first voxel. `labels` (z, y, x) is zero before. Returns their number.
    """
    flat_matrix, flat_labels = matrix.reshape(-1), labels.reshape(-1)
    pile = np.empty((flat_matrix >= HALF_QUANTA).sum(), np.int64)  # every voxel lies on it once
    count = 0
    for start in range(len(flat_matrix)):
        if flat_matrix[start] < HALF_QUANTA or flat_labels[start] > 0:
            continue
        count += 1
        flat_labels[start] = count
        pile[0], height = start, 1
        while height > 0:
            height -= 1
            z, y, x = split(pile[height], space)
            for k in range(27):
                a, b, c = neighbour(z, y, x, k // 9 - 1, k // 3 % 3 - 1, k % 3 - 1, space)
                if matrix[a, b, c] >= HALF_QUANTA and labels[a, b, c] == 0:
                    labels[a, b, c] = count
                    pile[height] = join(a, b, c, space)
                    height += 1
    return count


@kernel
def hangs_on(labels, goes, space, z, y, x):
    """Whether beside an open voxel there is bone that goes, and none that stays."""
    leaves = False
    for k in range(27):
        a, b, c = neighbour(z, y, x, k // 9 - 1, k // 3 % 3 - 1, k % 3 - 1, space)
        if labels[a, b, c] > 0:
            if goes[labels[a, b, c]] == 0:
                return False
            leaves = True
    return leaves


@kernel
def take_pieces(lattice, labels, goes, space):
    """Remove the pieces marked in `goes` (by label), and matrix of open voxels that hangs on them alone.

    Returns the quanta removed.
    """
    matrix, osteoid = lattice.matrix.reshape(-1), lattice.osteoid.reshape(-1)
    flat_labels = labels.reshape(-1)
    taken = 0
    for flat in range(len(matrix)):
        if matrix[flat] == 0:
            continue
        if flat_labels[flat] > 0:
            if goes[flat_labels[flat]] == 0:
                continue
        else:
            z, y, x = split(flat, space)
            if not hangs_on(labels, goes, space, z, y, x):
                continue
        taken += int(matrix[flat])
        matrix[flat] = 0
        osteoid[flat] = 0
    return taken
