"""Thin or thicken a living bone evenly, without telling its cells: what follows is relaxation."""

import numpy as np

from trabecula.base.codes import FULL, HALF

OLD = -2000.0
"""Time (d) at which added matrix counts as laid down: long ago, like the bone beside it."""


def push(state, share: float) -> None:
    """Add the `share` of bone volume (negative: take it) as an even layer on the whole surface.

    Matrix changes where an open voxel and a bone voxel meet, by the same thickness everywhere.
    The volume ledger is told, so that it goes on closing; the reference of strain stays what it was.
    Sides must be periodic.
    """
    lattice = state.lattice
    matrix = lattice.matrix.astype(np.int64)
    target = round(share * int(matrix.sum()))
    before = matrix.copy()
    for _ in range(4):  # a voxel that fills or empties hands the layer on to the next
        left = target - int(matrix.sum() - before.sum())
        bone = matrix >= HALF
        faces = sum(np.roll(bone, way, axis) for axis in range(3) for way in (-1, 1))
        rim = (faces > 0) & ~bone if share > 0 else (6 - faces > 0) & bone
        room = (FULL - matrix if share > 0 else matrix)[rim]
        if room.size == 0:
            break
        layer = np.minimum(room, _find_layer(room, abs(left)))
        matrix[rim] += layer if share > 0 else -layer
        if abs(target - int(matrix.sum() - before.sum())) < 1e-3 * abs(target):
            break
    lattice.matrix[...] = matrix
    changed = matrix != before
    lattice.osteoid[...] = np.minimum(lattice.osteoid, lattice.matrix)
    lattice.formed[changed & (matrix > before)] = OLD
    lattice.mineral[changed & (lattice.mineral == 0)] = float(lattice.mineral.max())
    state.volume.start += int(matrix.sum() - before.sum())


def _find_layer(room, wanted: int) -> int:
    """Return the thickness (quanta) of which the rooms take `wanted` together, or all they have."""
    low, high = 0, int(room.max())
    while low < high:
        middle = (low + high) // 2
        if int(np.minimum(room, middle).sum()) < wanted:
            low = middle + 1
        else:
            high = middle
    return low
