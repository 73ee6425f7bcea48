"""How much memory a run takes, and whether this machine has it."""

from typing import TYPE_CHECKING

import numpy as np

from trabecula.base.columns import columns_of
from trabecula.base.errors import Problem, SpecimenError
from trabecula.base.layouts import Lattice
from trabecula.base.memory import BASE_MEMORY, SCRATCH_BYTES, find_memory

if TYPE_CHECKING:
    from trabecula.config import Config

STATE_BYTES = 36
"""Bytes per voxel that stay, beside the lattice's arrays: fields and the levels of their solver, the
scene of the cells, strain energy and displacements on the coarse mesh."""

CELL_BYTES = 700_000.0
"""Bytes per mm^3 of tissue for the tables of cells with spare capacity."""


def compute_memory(voxels: int, volume: float) -> float:
    """Return the memory (byte) of a run on so many voxels and `volume` (mm^3) of tissue."""
    lattice = sum(np.dtype(spec.dtype).itemsize for spec in columns_of(Lattice).values())
    return BASE_MEMORY + voxels * (lattice + STATE_BYTES + SCRATCH_BYTES) + volume * CELL_BYTES


def insist_on_memory(config: "Config") -> None:
    """Refuse a lattice that this machine cannot hold, before anything is allocated.

    An imported bone is judged by its crop, where one is given.

    Raises
    ------
    SpecimenError
        If the estimate is beyond the physical memory.
    """
    lattice, voxel = config.lattice, config.lattice.voxel
    shape: tuple[float, ...] | None = lattice.shape
    key = "lattice.shape"
    if shape is None and lattice.crop is not None:
        shape, key = tuple(edge / voxel for edge in lattice.crop.size), "lattice.crop"
    if shape is not None:
        insist_on_shape(shape, voxel, key)


def insist_on_shape(shape: tuple[float, ...], voxel: float, key: str) -> None:
    """Refuse a lattice that this machine cannot hold.

    Parameters
    ----------
    shape
        Voxels along z, y, x (1).
    voxel
        Edge of a voxel (um).
    key
        Key of the configuration that asks for them.

    Raises
    ------
    SpecimenError
        If the estimate is beyond the physical memory.
    """
    voxels = float(np.prod(shape))
    needed = compute_memory(int(voxels), voxels * voxel**3 * 1e-9)
    there = find_memory()
    if needed > there:
        numbers = " x ".join(f"{edge:.0f}" for edge in shape)
        found = f"{numbers} voxels, which need {needed / 1e9:.0f} GB of memory"
        allowed = f"what this machine has, {there / 1e9:.0f} GB"
        hint = "make the lattice smaller or its voxels larger"
        raise SpecimenError.of([Problem("lattice", key, found, allowed, hint)])
