"""Labelled pieces of bone or marrow: which of them are held."""

import numpy as np

from trabecula.base.columns import Array


def find_held(labels: Array, count: int, periodic: bool) -> Array:
    """Return which pieces are held: bool by label, shape (count + 1,); what is no piece counts as held.

    Held is the largest piece, of equals the first; on a lattice that does not repeat itself also
    whatever reaches a side, beyond which it goes on.

    Parameters
    ----------
    labels
        Shape (z, y, x), int: the piece of every voxel, 0 outside of all.
    count
        Number of pieces.
    """
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    held = np.zeros(count + 1, bool)
    held[[0, int(sizes.argmax())]] = True
    if not periodic:
        for axis in range(3):
            for end in (0, -1):
                held[np.unique(np.take(labels, end, axis))] = True
    return held
