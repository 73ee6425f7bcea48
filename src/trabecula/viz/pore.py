"""Fields as they are where there is marrow: stored block means without the bone in the blocks."""

import numpy as np

from trabecula.base.codes import Species
from trabecula.base.columns import Array
from trabecula.config.species import load_species

OPEN_BELOW = 0.5
"""Bone per voxel volume below which a voxel is open."""


def fill_bone(values: Array, fraction: Array, name: str) -> Array:
    """Return a stored field with values in bone too, as if the marrow beside it went on.

    Parameters
    ----------
    values
        Concentrations on blocks of 2 x 2 x 2 voxels, shape (z / 2, y / 2, x / 2), rounded up, pM.
    fraction
        Bone per voxel volume, shape (z, y, x).
    name
        The molecule: those that live on single voxels were stored as means over blocks, bone included.

    Returns
    -------
    ndarray
        Of the shape of `values`, pM.
    """
    from scipy.ndimage import distance_transform_edt

    share = _compute_pore(fraction)
    if share.shape != values.shape or not share.any():
        return values
    is_coarse = next((s.is_coarse for s in load_species() if s.species == Species(name)), True)
    inside = values if is_coarse else values / np.maximum(share, 1.0 / 8.0)
    nearest = distance_transform_edt(share == 0.0, return_distances=False, return_indices=True)
    filled: Array = inside[tuple(nearest)]
    return filled


def _compute_pore(fraction: Array) -> Array:
    """Return the open share of every block of 2 x 2 x 2 voxels; an odd edge repeats itself."""
    open_ = (fraction < OPEN_BELOW).astype(np.float32)
    padded = np.pad(open_, [(0, n % 2) for n in open_.shape], mode="edge")
    nz, ny, nx = (n // 2 for n in padded.shape)
    share: Array = padded.reshape(nz, 2, ny, 2, nx, 2).mean(axis=(1, 3, 5))
    return share
