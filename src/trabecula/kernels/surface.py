"""Surface area of a voxel mask from the number and arrangement of open faces.

Mullikin & Verbeek 1993 (Bioimaging 1:6) give each boundary voxel an area by its class: weights of
the first three classes make planes of random direction unbiased. Windreich et al. 2003
(Pattern Recognition 36:2531) add the classes of structures that are one voxel thin.
"""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.compile import parallel_kernel, prange

ONE, CORNER_TWO, CORNER_THREE = 0.894, 1.3409, 1.5879
THREE, FOUR, FIVE = 2.0, 8.0 / 3.0, 10.0 / 3.0
SHEET, ROD, POINT = 1.79, 2.68, 4.08


def make_weights() -> Array:
    """Return the area (voxel faces) of the arrangements of open faces, shape (64,).

    Bits 0..5 are the faces -z, +z, -y, +y, -x, +x.
    """
    table = np.zeros(64, dtype=np.float32)
    for code in range(1, 64):
        count = code.bit_count()
        pairs = sum(((code >> (2 * axis)) & 3) == 3 for axis in range(3))
        if count == 2:
            area = SHEET if pairs == 1 else CORNER_TWO
        elif count == 3:
            area = THREE if pairs == 1 else CORNER_THREE
        elif count == 4:
            area = ROD if pairs == 2 else FOUR
        else:
            area = {1: ONE, 5: FIVE, 6: POINT}[count]
        table[code] = area
    return table


WEIGHTS = make_weights()


@parallel_kernel
def _fill_weights(mask: Array, periodic: bool, table: Array, weights: Array, sums: Array) -> None:
    """Write each bone voxel's area and each plane's sum."""
    nz, ny, nx = mask.shape
    first, last = (nx - 1, 0) if periodic else (0, nx - 1)
    for z in prange(nz):
        total = 0.0
        below, above = z - 1, z + 1
        if periodic:
            below, above = below % nz, above % nz
        else:
            below, above = max(below, 0), min(above, nz - 1)
        for y in range(ny):
            front, back = y - 1, y + 1
            if periodic:
                front, back = front % ny, back % ny
            else:
                front, back = max(front, 0), min(back, ny - 1)
            for x in range(nx):
                if mask[z, y, x] == 0:
                    continue
                left = x - 1 if x > 0 else first
                right = x + 1 if x < nx - 1 else last
                code = 0
                if mask[below, y, x] == 0:
                    code |= 1
                if mask[above, y, x] == 0:
                    code |= 2
                if mask[z, front, x] == 0:
                    code |= 4
                if mask[z, back, x] == 0:
                    code |= 8
                if mask[z, y, left] == 0:
                    code |= 16
                if mask[z, y, right] == 0:
                    code |= 32
                weights[z, y, x] = table[code]
                total += table[code]
        sums[z] = total


def compute_surface_weights(mask: Array, periodic: bool) -> tuple[Array, float]:
    """Return the area carried by each bone voxel and the total, in voxel faces.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool or uint8; true is bone.
    periodic
        Whether the lattice repeats itself; otherwise its sides mirror it, so that a face on the
        border is never open.

    Returns
    -------
    tuple
        float32 array (z, y, x), zero in marrow and inside bone; total as float.

    Notes
    -----
    Measured bias: -0.3 / radius in voxels on spheres (-4.5 % at 6, -1.6 % at 19.5), as weights sit
    on the inner side of the surface; -10.6 % on planes along the axes (weight 0.894), +0.1 %
    on average over planes of random direction (SD 2.3 %, largest +3 %).
    """
    bytes_ = np.ascontiguousarray(mask).view(np.uint8) if mask.dtype == bool else mask
    weights = np.zeros(mask.shape, dtype=np.float32)
    sums = np.zeros(mask.shape[0])
    _fill_weights(bytes_, bool(periodic), WEIGHTS, weights, sums)
    return weights, float(sums.sum())
