"""How much bone surface there is, and what covers it, in one pass over the lattice."""

from typing import Any

import numpy as np

from trabecula.base.codes import HALF
from trabecula.base.columns import Array
from trabecula.kernels.compile import kernel, parallel_kernel, prange
from trabecula.kernels.gather import gather, make_marks
from trabecula.kernels.space import Space, shift
from trabecula.kernels.stencil import look_row

HALF_QUANTA = HALF
OSTEOID, ERODED, SURFACE = 0, 1, 2


@parallel_kernel
def sum_covers(
    lattice: Any,
    table: Array,
    space: Space,
    seam: int,
    sums: Array,
) -> None:
    """Add up the surface area (voxel faces) under osteoid, eroded, and in all.

    Parameters
    ----------
    lattice
        Layout ``Lattice``.
    table
        Area (voxel faces) of a bone voxel by its open faces, shape (64,), as
        :func:`trabecula.kernels.surface.make_weights` has it; it is shared out evenly among them.
    space
        Geometry.
    seam
        Osteoid (quanta, on both sides of a face together) from which a seam is seen.
    sums
        Shape (z, 3), one row per slab, columns in the order of the codes of this module; written.
    """
    for z in prange(space.nz):
        cover_slab(z, lattice, table, space, seam, sums)


@kernel
def cover_slab(
    z: int,
    lattice: Any,
    table: Array,
    space: Space,
    seam: int,
    sums: Array,
) -> None:
    """Write the sums of slab z; named tuples of arrays are slow to take apart in a parallel body.

    Parameters
    ----------
    table
        Shape (64,), area of a bone voxel by its open faces (voxel faces).
    seam
        Osteoid (quanta) that counts as a seam.
    sums
        Shape (z, 3), voxel faces; row z is written.
    """
    nz, ny, nx, around = space.nz, space.ny, space.nx, space.periodic
    matrix, osteoid = lattice.matrix.reshape(-1), lattice.osteoid.reshape(-1)
    eroded = lattice.eroded.reshape(-1)
    codes, places = np.zeros(nx, np.uint8), np.empty(nx + 8, np.int64)
    marks, words = make_marks(nx)
    found = np.zeros(3)
    zm, zp = shift(z - 1, nz, around), shift(z + 1, nz, around)
    for y in range(ny):
        ym, yp = shift(y - 1, ny, around), shift(y + 1, ny, around)
        here = (z * ny + y) * nx
        rows = ((zm * ny + y) * nx, (zp * ny + y) * nx, (z * ny + ym) * nx, (z * ny + yp) * nx)
        mark_open_bone(matrix, z, y, space, codes, marks)
        for i in range(gather(marks, words, places)):
            x = places[i]
            code = codes[x]
            own = int(osteoid[here + x])
            left, right = here + shift(x - 1, nx, around), here + shift(x + 1, nx, around)
            beside = (rows[0] + x, rows[1] + x, rows[2] + x, rows[3] + x, left, right)
            faces, seams, pits = 0, 0, 0
            for k in range(6):
                if code >> k & 1 == 0:
                    continue
                j = beside[k]
                faces += 1
                covered = own + int(osteoid[j]) >= seam
                seams += int(covered)
                # eroded surface is what osteoid does not yet cover (Dempster et al. 2013)
                pits += int(eroded[j] != 0 and not covered)
            share = table[code] / faces
            found[OSTEOID] += share * seams
            found[ERODED] += share * pits
            found[SURFACE] += table[code]
    sums[z] = found


@kernel
def mark_open_bone(matrix: Array, z: int, y: int, space: Space, codes: Array, marks: Array) -> None:
    """Mark the bone voxels of row (z, y) that have an open face; no face on the lattice's end is one.

    Parameters
    ----------
    matrix
        Flat, quanta.
    z, y
        Row (voxels).
    codes
        Shape (x,), open faces, bits 0-5: z- z+ y- y+ x- x+, 0 in marrow; written.
    marks
        Shape (x,) or longer, 1 where there is one; written.
    """
    nz, ny, nx, around = space.nz, space.ny, space.nx, space.periodic
    look_row(matrix, HALF_QUANTA, z, y, (nz, ny, nx), codes, np.uint64(0))
    h, o, zero = np.uint16(HALF_QUANTA), np.uint64((z * ny + y) * nx), np.uint8(0)
    along = int(around or z > 0) | int(around or z < nz - 1) << 1
    keep = np.uint8(48 | along | int(around or y > 0) << 2 | int(around or y < ny - 1) << 3)
    if not around:
        codes[0] &= np.uint8(47)
        codes[nx - 1] &= np.uint8(31)
    for x in range(np.uint64(nx)):
        codes[x] = codes[x] & keep if matrix[o + x] >= h else zero
        marks[x] = np.uint8(codes[x] != zero)
