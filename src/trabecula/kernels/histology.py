"""How much of the bone surface is covered by what, in one pass over the voxels that carry it."""

from typing import Any

import numpy as np

from trabecula.base.codes import HALF
from trabecula.base.columns import Array
from trabecula.kernels.compile import kernel, parallel_kernel, prange
from trabecula.kernels.space import Space, shift

HALF_QUANTA = HALF
OSTEOID, ERODED = 0, 1


@parallel_kernel
def sum_covers(
    lattice: Any,
    weights: Array,
    space: Space,
    seam: int,
    sums: Array,
) -> None:
    """Add up the surface area (voxel faces) under osteoid, and eroded.

    Parameters
    ----------
    lattice
        Layout ``Lattice``.
    weights
        Area of each bone voxel (voxel faces), shape (z, y, x); it is shared out evenly among the
        voxel's open faces.
    space
        Geometry.
    seam
        Osteoid (quanta, on both sides of a face together) from which a seam is seen.
    sums
        Shape (z, 2), one row per slab, columns in the order of the codes of this module; written.
    """
    for z in prange(space.nz):
        cover_slab(z, lattice, weights, space, seam, sums)


@kernel
def cover_slab(
    z: int,
    lattice: Any,
    weights: Array,
    space: Space,
    seam: int,
    sums: Array,
) -> None:
    """Write the sums of slab z; named tuples of arrays are slow to take apart in a parallel body.

    Parameters
    ----------
    weights
        Shape (z, y, x), area of each bone voxel (voxel faces).
    seam
        Osteoid (quanta) that counts as a seam.
    sums
        Shape (z, 2), voxel faces; row z is written.
    """
    nz, ny, nx, around = space.nz, space.ny, space.nx, space.periodic
    matrix, osteoid = lattice.matrix.reshape(-1), lattice.osteoid.reshape(-1)
    eroded = lattice.eroded.reshape(-1)
    found = np.zeros(2)
    zm, zp = shift(z - 1, nz, around), shift(z + 1, nz, around)
    for y in range(ny):
        ym, yp = shift(y - 1, ny, around), shift(y + 1, ny, around)
        here = (z * ny + y) * nx
        below, above = (zm * ny + y) * nx, (zp * ny + y) * nx
        front, back = (z * ny + ym) * nx, (z * ny + yp) * nx
        for x in range(nx):
            area = weights[z, y, x]
            if area <= 0.0:
                continue
            own = int(osteoid[here + x])
            left, right = here + shift(x - 1, nx, around), here + shift(x + 1, nx, around)
            faces, seams, pits = 0, 0, 0
            for j in (below + x, above + x, front + x, back + x, left, right):
                if matrix[j] >= HALF_QUANTA:
                    continue
                faces += 1
                covered = own + int(osteoid[j]) >= seam
                seams += int(covered)
                # eroded surface is what osteoid does not yet cover (Dempster et al. 2013)
                pits += int(eroded[j] != 0 and not covered)
            share = area / max(faces, 1)
            found[OSTEOID] += share * seams
            found[ERODED] += share * pits
    sums[z] = found
