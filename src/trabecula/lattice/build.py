"""A lattice from a specimen's bone fraction."""

import numpy as np

from trabecula.base.codes import FULL, Stream
from trabecula.base.columns import Array, make_arrays
from trabecula.base.layouts import Lattice
from trabecula.kernels.keyed import fill_uniform
from trabecula.state import Grid


def make_lattice(
    fraction: Array, grid: Grid, seed: int, mean_age: float, patch: float, time: float
) -> Lattice:
    """Build the lattice of a bone that has lived before.

    Parameters
    ----------
    fraction
        Shape (z, y, x), 0..1, matrix per voxel.
    seed
        Key of the patches' ages.
    mean_age
        Mean age of the matrix (d); ages are exponential in packets, since bone that is all of one
        age oscillates for years.
    patch
        Edge of the packets (um), rounded to voxels.
    time
        Present time (d).
    """
    lattice = make_arrays(Lattice, grid.shape)
    lattice.matrix[...] = np.rint(np.clip(fraction, 0.0, 1.0) * FULL).astype(np.uint16)
    edge = max(1, round(patch / grid.voxel))
    patches = tuple(-(-n // edge) for n in grid.shape)
    uniform = np.empty(patches)
    fill_uniform(seed, int(Stream.STRUCTURE), 7, uniform.reshape(-1))
    ages = -mean_age * np.log1p(-uniform)
    index = [
        np.minimum(np.arange(n) // edge, m - 1) for n, m in zip(grid.shape, patches, strict=True)
    ]
    lattice.formed[...] = time - ages[np.ix_(*index)]
    return lattice


def settle_mineral(lattice: Lattice, primary: float, secondary_time: float, time: float) -> None:
    """Give every voxel the degree of mineralisation of its age.

    Parameters
    ----------
    primary
        Degree of mineralisation that fresh matrix reaches at once (1).
    secondary_time
        Time constant of the approach to 1 (d).
    time
        Present time (d).
    """
    age = np.maximum(0.0, time - lattice.formed)
    degree = 1.0 - (1.0 - primary) * np.exp(-age / secondary_time)
    lattice.mineral[...] = np.where(lattice.matrix > 0, degree, 0.0)
