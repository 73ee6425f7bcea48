"""The cells that a bone starts with: lining on its surface, osteocytes in it, precursors beside it."""

from typing import Any

import numpy as np

from trabecula.base.codes import HALF, Population, Stream
from trabecula.base.columns import Array
from trabecula.base.layouts import (
    Lattice,
    LiningCells,
    Osteoblasts,
    Osteoclasts,
    Osteocytes,
    Precursors,
)
from trabecula.cells.rates import PER_MM3
from trabecula.kernels.keyed import fill_uids, fill_uniform
from trabecula.kernels.space import Space, fill_contact
from trabecula.state import Cells, Grid, Table


def make_cells(
    lattice: Lattice,
    grid: Grid,
    seed: int,
    osteocyte_density: float,
    precursor_density: float,
    osteocyte_loss: float = 0.0,
) -> Cells:
    """Populate a lattice at rest.

    Parameters
    ----------
    osteocyte_density
        Osteocytes per mm^3 of bone at their burial.
    precursor_density
        Precursors per mm^3 of marrow.
    osteocyte_loss
        Rate at which they have died since (1/d): old bone begins with the cells that outlived its
        age, or their number, and with it the pace of remodelling, would fall for years.
    """
    cells = Cells(
        precursors=Table(Precursors),
        osteoclasts=Table(Osteoclasts),
        osteoblasts=Table(Osteoblasts),
        lining=Table(LiningCells),
        osteocytes=Table(Osteocytes),
    )
    contact = np.zeros(grid.shape, np.uint8)
    fill_contact(lattice.matrix, make_space(grid), contact)
    bone = lattice.matrix.reshape(-1) >= HALF
    formed = lattice.formed.reshape(-1)
    surface = np.flatnonzero(contact.reshape(-1))
    _add(cells.lining, Population.LINING, surface, seed, -1.0e4)
    alive = np.exp(np.minimum(formed, 0.0) * osteocyte_loss)
    inside = _scatter(bone, osteocyte_density * PER_MM3 * grid.voxel_volume * alive, seed, 1)
    _add(cells.osteocytes, Population.OSTEOCYTE, inside, seed, formed[inside].astype(float))
    cells.osteocytes.rows.outlet[:] = -2  # never sought
    marrow = _scatter(~bone, precursor_density * PER_MM3 * grid.voxel_volume, seed, 2)
    _add(cells.precursors, Population.PRECURSOR, marrow, seed, 0.0)
    return cells


def make_space(grid: Grid) -> Space:
    """Return the geometry as kernels take it."""
    return Space(*grid.shape, int(grid.periodic), grid.voxel)


def _scatter(allowed: Array, mean: Array | float, seed: int, index: int) -> Array:
    """Flat indices of allowed voxels, each `mean` times on average, keyed by place."""
    uniform = np.empty(len(allowed))
    fill_uniform(seed, int(Stream.SEEDING), index, uniform)
    count = np.floor(mean) + (uniform < mean % 1.0)
    return np.repeat(np.arange(len(allowed)), np.where(allowed, count, 0).astype(int))


def _add(
    table: Table[Any], population: Population, voxel: Array, seed: int, born: Array | float
) -> None:
    uid = np.empty(len(voxel), np.uint64)
    fill_uids(seed, int(population), voxel.astype(np.int64), uid)
    table.append(uid=uid, voxel=voxel, born=born)
