"""Antialiased level cuts of a periodic field."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.compile import kernel


@kernel
def fill_gradient(field: Array, least: float, out: Array) -> None:
    """Write the length of the periodic central-difference gradient (per voxel), `least` at least.

    Parameters
    ----------
    field
        Shape (z, y, x), any unit.
    out
        The same shape, that unit per voxel, written.
    """
    nz, ny, nx = field.shape
    for z in range(nz):
        below, above = (z - 1) % nz, (z + 1) % nz
        for y in range(ny):
            front, back = (y - 1) % ny, (y + 1) % ny
            for x in range(nx):
                dz = field[above, y, x] - field[below, y, x]
                dy = field[z, back, x] - field[z, front, x]
                dx = field[z, y, (x + 1) % nx] - field[z, y, (x - 1) % nx]
                slope = 0.5 * np.sqrt(dz * dz + dy * dy + dx * dx)
                out[z, y, x] = max(slope, least)


@kernel
def compute_cut_volume(field: Array, width: Array, level: float) -> float:
    """Return the sum over flat `field` of 0.5 + (field - level) / width, clipped to 0..1."""
    total = 0.0
    for i in range(field.size):
        total += min(max(0.5 + (field[i] - level) / width[i], 0.0), 1.0)
    return total
