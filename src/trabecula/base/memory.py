"""How much memory this machine has, and what the least of the program and a voxel take."""

import os

BASE_MEMORY = 380e6
"""Memory of the interpreter, its libraries and compiled kernels (byte); compiling them takes three
times as much, once."""

SCRATCH_BYTES = 88
"""Bytes per voxel of the largest stage, for as long as it lasts: thickness of bone and marrow, every
`output.costly`; the making of a bone takes nearly as much."""


def find_memory() -> float:
    """Return the physical memory of this machine (bytes); infinite where it does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return float("inf")
