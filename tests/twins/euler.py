"""Euler number by listing the cells of the cubical complex."""

import numpy as np


def compute_euler_number(mask, periodic):
    """Vertices - edges + faces - cubes of the closed voxels, kept in a set.

    A cell has doubled coordinates, odd along the axes in which it extends. On a mirrored side half
    of it lies inside, on an edge a quarter, in a corner an eighth.
    """
    cells = set()
    for place in np.argwhere(mask):
        for offset in np.ndindex(3, 3, 3):
            cell = 2 * place + offset
            cells.add(tuple(cell % (2 * np.array(mask.shape)) if periodic else cell))
    total = 0.0
    for cell in cells:
        on_side = sum(c in (0, 2 * n) for c, n in zip(cell, mask.shape, strict=True))
        share = 1.0 if periodic else 0.5**on_side
        total += share * (-1) ** sum(c % 2 for c in cell)
    return total
