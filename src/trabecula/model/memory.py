"""How much memory a run takes, and whether this machine has it."""

import os
from typing import TYPE_CHECKING

import numpy as np

from trabecula.base.columns import columns_of
from trabecula.base.errors import Problem, SpecimenError
from trabecula.base.layouts import Lattice

if TYPE_CHECKING:
    from trabecula.config import Config

BASE_MEMORY = 380e6
"""Memory of the interpreter, its libraries and compiled kernels (byte); compiling them takes three
times as much, once."""

STATE_BYTES = 36
"""Bytes per voxel that stay, beside the lattice's arrays: fields and the levels of their solver, the
scene of the cells, strain energy and displacements on the coarse mesh."""

SCRATCH_BYTES = 88
"""Bytes per voxel of the largest stage, for as long as it lasts: thickness of bone and marrow, every
`output.costly`; the making of a bone takes nearly as much."""

CELL_BYTES = 700_000.0
"""Bytes per mm^3 of tissue for the tables of cells with spare capacity."""


def compute_memory(voxels: int, volume: float) -> float:
    """Return the memory (byte) of a run on so many voxels and `volume` (mm^3) of tissue."""
    lattice = sum(np.dtype(spec.dtype).itemsize for spec in columns_of(Lattice).values())
    return BASE_MEMORY + voxels * (lattice + STATE_BYTES + SCRATCH_BYTES) + volume * CELL_BYTES


def find_memory() -> float:
    """Return the physical memory of this machine (bytes); infinite where it does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return float("inf")


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
    if shape is None:
        return
    voxels = float(np.prod(shape))
    needed = compute_memory(int(voxels), voxels * voxel**3 * 1e-9)
    there = find_memory()
    if needed > there:
        numbers = " x ".join(f"{edge:.0f}" for edge in shape)
        found = f"{numbers} voxels, which need {needed / 1e9:.0f} GB of memory"
        allowed = f"what this machine has, {there / 1e9:.0f} GB"
        hint = "make the lattice smaller or its voxels larger"
        raise SpecimenError.of([Problem("lattice", key, found, allowed, hint)])
