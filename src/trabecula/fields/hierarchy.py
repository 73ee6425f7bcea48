"""Geometry of one moment: open faces of every voxel, pore and face shares of every coarser level."""

import threading
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trabecula.base.codes import HALF
from trabecula.base.columns import Array
from trabecula.kernels.multigrid import (
    coarsen_bits,
    coarsen_faces,
    restrict_mean,
    stretch_faces,
    sum_faces,
)
from trabecula.kernels.stencil import mark_open
from trabecula.state.grid import Grid

Shape = tuple[int, int, int]
_STORE = threading.local()


@lru_cache(maxsize=16)
def compute_shapes(shape: Shape) -> tuple[Shape, ...]:
    """Return the shapes of the coarse levels below a lattice of `shape`, down to one block."""
    shapes: list[Shape] = []
    z, y, x = shape
    while not shapes or (z, y, x) != (1, 1, 1):
        z, y, x = (z + 1) // 2, (y + 1) // 2, (x + 1) // 2
        shapes.append((z, y, x))
    return tuple(shapes)


@dataclass
class Hierarchy:
    """The masked grid and its coarse levels; buffers are flat, level after level.

    Parameters
    ----------
    grid
        Shape, voxel and sides of the lattice.
    bits
        Shape (z, y, x): open faces (bits 0-5) and marrow (bit 6) of every voxel.
    shapes, offsets
        Shape of each coarse level, and where it starts in a flat buffer.
    pore
        Flat, 1: pore share of every block of every level.
    faces
        Flat, 1: open share of the upper face of every block along z, y, x (three times as long).
    outlets
        Flat, 1: sum of the open shares of all six faces of every block of every level.
    error, spare, residual, decay, inverse
        Flat scratch of the multigrid cycle (pM, pM, pM/d, 1/d, d).
    """

    grid: Grid
    bits: Array
    shapes: Array
    offsets: Array
    pore: Array
    faces: Array
    outlets: Array
    error: Array
    spare: Array
    residual: Array
    decay: Array
    inverse: Array

    @property
    def coarse_shape(self) -> Shape:
        """Shape of the grid twice as coarse."""
        return compute_shapes(self.grid.shape)[0]

    @property
    def coarse_pore(self) -> Array:
        """Pore share of the grid twice as coarse, shape (z, y, x), 1."""
        return self.view(self.pore, 0)

    @property
    def is_open(self) -> Array:
        """Mask of marrow voxels, shape (z, y, x)."""
        return np.not_equal(self.bits, 0)

    def view(self, flat: Array, level: int) -> Array:
        """Return one level of a flat buffer, any unit, as a (z, y, x) view in the same unit."""
        shape = tuple(self.shapes[level])
        part: Array = flat[self.offsets[level] : self.offsets[level + 1]].reshape(shape)
        return part

    def view_faces(self, level: int) -> Array:
        """Return the face shares of one level, shape (axis, z, y, x)."""
        lo, hi = self.offsets[level], self.offsets[level + 1]
        return self.faces[3 * lo : 3 * hi].reshape((3, *self.shapes[level]))


def _allocate(grid: Grid) -> Hierarchy:
    shapes = compute_shapes(grid.shape)
    sizes = [s[0] * s[1] * s[2] for s in shapes]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    total = int(offsets[-1])
    flat = [np.zeros(total, np.float32) for _ in range(7)]
    faces = np.zeros(3 * total, np.float32)
    bits = np.zeros(grid.shape, np.uint8)
    levels = np.array(shapes, np.int64)
    return Hierarchy(grid, bits, levels, offsets, flat[0], faces, *flat[1:])


def make_hierarchy(
    grid: Grid, matrix: Array, *, reuse: bool = False, whole: bool = True
) -> Hierarchy:
    """Build the levels over the marrow (matrix < HALF).

    Parameters
    ----------
    matrix
        Shape (z, y, x), quanta of matrix.
    reuse
        Take the buffers of this thread's previous hierarchy of the same grid, whose content is
        then overwritten.
    whole
        Whether all levels are wanted; otherwise only the shares of the first are filled in, which
        is enough to read fields but not to solve them.
    """
    hierarchy: Hierarchy | None = getattr(_STORE, "hierarchy", None) if reuse else None
    if hierarchy is None or hierarchy.grid != grid:
        hierarchy = _allocate(grid)
    if reuse:
        _STORE.hierarchy = hierarchy
    mark_open(matrix, HALF, grid.periodic, hierarchy.bits)
    _coarsen(hierarchy, len(hierarchy.shapes) if whole else 1)
    return hierarchy


def _coarsen(hierarchy: Hierarchy, levels: int) -> None:
    coarsen_bits(hierarchy.bits, hierarchy.coarse_pore, hierarchy.view_faces(0))
    shape = hierarchy.grid.shape
    for level in range(levels):
        if level > 0:
            shape = tuple(hierarchy.shapes[level - 1])
            coarsen_faces(hierarchy.view_faces(level - 1), hierarchy.view_faces(level))
            restrict_mean(
                hierarchy.view(hierarchy.pore, level - 1), hierarchy.view(hierarchy.pore, level)
            )
        stretch_faces(hierarchy.view_faces(level), *(n % 2 == 1 for n in shape))
        sum_faces(hierarchy.view_faces(level), hierarchy.view(hierarchy.outlets, level))
