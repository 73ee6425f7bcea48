"""Euler number of a voxel mask by counting the cells of its cubical complex."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.compile import kernel, parallel_kernel, prange


@kernel
def _weigh_point(corners: tuple[int, ...], w: Array) -> int:
    """Return 8 x the weighted cells that one point owns.

    a..h are the voxels around it in the order of (z, y, x) bits, h being its own; `w` (3) is 1 for
    an axis on whose border the point lies, 2 otherwise.
    """
    a, b, c, d, e, f, g, h = corners
    wz, wy, wx = w[0], w[1], w[2]
    total = wz * wy * wx * np.int64(a | b | c | d | e | f | g | h)
    total -= 2 * (wy * wx * (e | f | g | h) + wz * wx * (c | d | g | h) + wz * wy * (b | d | f | h))
    total += 4 * (wz * (d | h) + wy * (f | h) + wx * (g | h))
    return total - 8 * h


@parallel_kernel
def count_cells(padded: Array, weights: tuple[Array, Array, Array], sums: Array) -> None:
    """Write per plane of lattice points 8 x (vertices - edges + faces - cubes).

    Voxels are closed cubes, so bone is 26-connected and marrow 6-connected. A point is the low
    corner of its own voxel and owns itself, three edges, three faces and one cube. `padded` has one
    voxel more than points along each axis; `weights` gives each point 1 on a mirrored border and 2
    inside, so that cells on a border count by the share that lies inside.

    Parameters
    ----------
    padded
        Shape (z + 1, y + 1, x + 1) for z, y, x lattice points, int8: 1 is bone.
    weights
        For each axis, shape (points,): 1 or 2.
    sums
        Shape (z,), number of cells times 8, written.
    """
    pz, py, px = len(weights[0]), len(weights[1]), len(weights[2])
    for z in prange(pz):
        total = np.int64(0)
        w = np.empty(3, dtype=np.int64)
        w[0] = weights[0][z]
        p, q = padded[z], padded[z + 1]
        for y in range(py):
            w[1] = weights[1][y]
            for x in range(px):
                w[2] = weights[2][x]
                i, j = y + 1, x + 1
                near = (p[y, x], p[y, j], p[i, x], p[i, j])
                total += _weigh_point((*near, q[y, x], q[y, j], q[i, x], q[i, j]), w)
        sums[z] = total


def compute_euler_number(mask: Array, periodic: bool) -> float:
    """Return the Euler number of bone: components - tunnels + enclosed marrow.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool or uint8; true is bone.
    periodic
        Whether the lattice repeats itself. Otherwise cells on a side count a half, on an edge a
        quarter, on a corner an eighth: an eighth of the Euler number of the mirrored tiling.
        This is the edge correction: the numbers of adjoining boxes add up.
    """
    whole = mask.astype(np.int8)
    if periodic:
        padded = np.pad(whole, ((1, 0), (1, 0), (1, 0)), mode="wrap")
        weights = [np.full(n, 2) for n in mask.shape]
    else:
        padded = np.pad(whole, 1)
        weights = [np.r_[1, np.full(n - 1, 2), 1] for n in mask.shape]
    sums = np.zeros(len(weights[0]), dtype=np.int64)
    count_cells(padded, (weights[0], weights[1], weights[2]), sums)
    return float(sums.sum()) / 8.0
