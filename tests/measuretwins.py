"""Plain twins of the sums over marrow, surface and lattice; nothing from the kernels."""

import numpy as np

FULL, HALF = 32768, 16384


def find_surface(matrix, periodic):
    """Marrow voxels with a face on bone; beyond a mirrored side lies no bone."""
    bone = matrix >= HALF
    near = np.zeros(bone.shape, bool)
    for axis, size in enumerate(bone.shape):
        if size == 1:
            continue
        for step in (-1, 1):
            moved = np.roll(bone, step, axis)
            if not periodic:
                end = [slice(None)] * 3
                end[axis] = 0 if step == 1 else size - 1
                moved[tuple(end)] = False
            near |= moved
    return near & ~bone


def spread(coarse, shape):
    """A field of the coarse grid, block by block on the lattice."""
    fine = coarse
    for axis in range(3):
        fine = np.repeat(fine, 2, axis)
    return fine[: shape[0], : shape[1], : shape[2]].astype(float)


def measure_levels(fine, coarse, matrix, periodic):
    """Mean of every species over the marrow and over the surface, fine ones first."""
    shape = matrix.shape
    marrow, surface = matrix < HALF, find_surface(matrix, periodic)
    values = [f.astype(float) for f in fine] + [spread(c, shape) for c in coarse]
    return [v[marrow].mean() for v in values], [v[surface].mean() for v in values]


def measure_tissue(matrix, osteoid, mineral):
    """Sums over the lattice: matrix, osteoid, mineral times the quanta beside osteoid, bone voxels."""
    solid = matrix.astype(float) - osteoid
    return [
        matrix.sum(dtype=np.int64),
        osteoid.sum(dtype=np.int64),
        (solid * mineral).sum(),
        (matrix >= HALF).sum(),
    ]
