"""How much of the bone surface is covered by what, in one pass over the voxels that carry it."""

from typing import Any

import numpy as np

from trabecula.base.codes import HALF
from trabecula.base.columns import Array
from trabecula.kernels.compile import kernel
from trabecula.kernels.space import FACES, Space, neighbour

HALF_QUANTA = HALF
OSTEOID, ERODED, OSTEOBLAST, LABELLED = 0, 1, 2, 3


@kernel
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
        Shape (4,), in the order of the codes of this module; written.
    """
    sums[:] = 0.0
    for z in range(space.nz):
        for y in range(space.ny):
            for x in range(space.nx):
                area = weights[z, y, x]
                if area <= 0.0:
                    continue
                faces, osteoid, eroded, covered, labelled = 0, 0, 0, 0, 0
                for k in range(6):
                    a, b, c = neighbour(z, y, x, FACES[k, 0], FACES[k, 1], FACES[k, 2], space)
                    if lattice.matrix[a, b, c] >= HALF_QUANTA:
                        continue
                    faces += 1
                    both = np.int64(lattice.osteoid[z, y, x]) + lattice.osteoid[a, b, c]
                    late = max(lattice.formed[z, y, x], lattice.formed[a, b, c])
                    osteoid += both >= seam
                    # eroded surface is what osteoid does not yet cover (Dempster et al. 2013)
                    eroded += lattice.eroded[a, b, c] != 0 and both < seam
                    covered += osteoblasts[a, b, c] != 0
                    labelled += late >= since
                share = area / max(faces, 1)
                sums[OSTEOID] += share * osteoid
                sums[ERODED] += share * eroded
                sums[OSTEOBLAST] += share * covered
                sums[LABELLED] += share * labelled
