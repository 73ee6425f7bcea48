"""How much of the bone surface is covered by what, in one pass over the voxels that carry it."""

from typing import Any

import numpy as np

from trabecula.base.codes import HALF
from trabecula.base.columns import Array
from trabecula.kernels.compile import kernel, parallel_kernel, prange
from trabecula.kernels.space import FACES, Space, neighbour

HALF_QUANTA = HALF
OSTEOID, ERODED, OSTEOBLAST, LABELLED = 0, 1, 2, 3


@parallel_kernel
def sum_covers(
    lattice: Any,
    osteoblasts: Array,
    weights: Array,
    space: Space,
    seam: int,
    since: float,
    sums: Array,
) -> None:
    """Add up the surface area (voxel faces) under osteoid, eroded, under osteoblasts, labelled.

    Parameters
    ----------
    lattice
        Layout ``Lattice``.
    osteoblasts
        Active osteoblasts per voxel, shape (z, y, x).
    weights
        Area of each bone voxel (voxel faces), shape (z, y, x); it is shared out evenly among the
        voxel's open faces.
    space
        Geometry.
    seam
        Osteoid (quanta, on both sides of a face together) from which a seam is seen.
    since
        Matrix laid down at this time (d) or later counts as labelled.
    sums
        Shape (z, 4), one row per slab, columns in the order of the codes of this module; written.
    """
    for z in prange(space.nz):
        cover_slab(z, lattice, osteoblasts, weights, space, (seam, since), sums)


@kernel
def cover_slab(
    z: int,
    lattice: Any,
    osteoblasts: Array,
    weights: Array,
    space: Space,
    limits: tuple[int, float],
    sums: Array,
) -> None:
    """Write the sums of slab z; named tuples of arrays are slow to take apart in a parallel body."""
    seam, since = limits
    matrix, osteoid, formed = lattice.matrix, lattice.osteoid, lattice.formed
    eroded = lattice.eroded
    found = np.zeros(4)
    for y in range(space.ny):
        for x in range(space.nx):
            area = weights[z, y, x]
            if area <= 0.0:
                continue
            own, late = int(osteoid[z, y, x]), formed[z, y, x] >= since
            faces, seams, pits, makers, labels = 0, 0, 0, 0, 0
            for k in range(6):
                a, b, c = neighbour(z, y, x, FACES[k, 0], FACES[k, 1], FACES[k, 2], space)
                if matrix[a, b, c] >= HALF_QUANTA:
                    continue
                faces += 1
                covered = own + int(osteoid[a, b, c]) >= seam
                seams += int(covered)
                # eroded surface is what osteoid does not yet cover (Dempster et al. 2013)
                pits += int(eroded[a, b, c] != 0 and not covered)
                makers += osteoblasts[a, b, c] != 0
                labels += late or formed[a, b, c] >= since
            share = area / max(faces, 1)
            found[OSTEOID] += share * seams
            found[ERODED] += share * pits
            found[OSTEOBLAST] += share * makers
            found[LABELLED] += share * labels
    sums[z] = found
