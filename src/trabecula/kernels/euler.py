"""Euler number of a voxel mask by counting the cells of its cubical complex."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.compile import parallel_kernel, prange


@parallel_kernel
def count_cells(mask: Array, periodic: bool, sums: Array) -> None:
    """Write per plane of lattice points 8 x (vertices - edges + faces - cubes).

    Voxels are closed cubes, so bone is 26-connected and marrow 6-connected. Point (z, y, x) is the
    low corner of voxel (z, y, x); it owns itself, three edges, three faces and one cube. In a
    mirrored lattice (shape + 1 points) cells on the border count by the share that lies inside.
    """
    nz, ny, nx = mask.shape
    pz, py, px = (nz, ny, nx) if periodic else (nz + 1, ny + 1, nx + 1)
    for z in prange(pz):
        total = np.int64(0)
        near = np.zeros((2, 2, 2), dtype=np.uint8)
        for y in range(py):
            for x in range(px):
                for i in range(2):
                    for j in range(2):
                        for k in range(2):
                            a, b, c = z - 1 + i, y - 1 + j, x - 1 + k
                            if periodic:
                                near[i, j, k] = mask[a % nz, b % ny, c % nx]
                            elif 0 <= a < nz and 0 <= b < ny and 0 <= c < nx:
                                near[i, j, k] = mask[a, b, c]
                            else:
                                near[i, j, k] = 0
                wz = 1 if not periodic and (z in (0, nz)) else 2
                wy = 1 if not periodic and (y in (0, ny)) else 2
                wx = 1 if not periodic and (x in (0, nx)) else 2
                total += wz * wy * wx * (near.max() > 0)
                total -= 2 * wy * wx * (near[1].max() > 0)
                total -= wz * 2 * wx * (near[:, 1].max() > 0)
                total -= wz * wy * 2 * (near[:, :, 1].max() > 0)
                total += wz * 4 * (near[:, 1, 1].max() > 0)
                total += wy * 4 * (near[1, :, 1].max() > 0)
                total += wx * 4 * (near[1, 1].max() > 0)
                total -= 8 * (near[1, 1, 1] > 0)
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
    bytes_ = np.ascontiguousarray(mask).astype(np.uint8)
    points = mask.shape[0] + (0 if periodic else 1)
    sums = np.zeros(points, dtype=np.int64)
    count_cells(bytes_, bool(periodic), sums)
    return float(sums.sum()) / 8.0
