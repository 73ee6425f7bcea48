"""White Gaussian noise on a lattice, one keyed draw per voxel."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.compile import kernel
from trabecula.kernels.keyed import draw

TURN = 2.0 * np.pi


@kernel
def fill_normal(seed: int, stream: int, step: int, out: Array) -> None:
    """Fill flat `out` with standard normal numbers (Box & Muller 1958); value i has identity i."""
    for i in range(out.size):
        radius = np.sqrt(-2.0 * np.log(1.0 - draw(seed, stream, step, i, 0)))
        out[i] = radius * np.cos(TURN * draw(seed, stream, step, i, 1))
