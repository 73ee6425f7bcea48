"""Volume-weighted resampling: every new voxel takes the mean of what lies inside it."""

import numpy as np

from trabecula.base.columns import Array


def compute_overlaps(count: int, spacing: float, voxel: float) -> Array:
    """Return the shares of old cells in new ones along one axis.

    Parameters
    ----------
    count
        Old cells.
    spacing, voxel
        Edges of an old and a new cell (um).

    Returns
    -------
    numpy.ndarray
        Shape (new, old); every row sums to 1. Only whole new cells are made, at least one; they are
        centred on the old ones, so that equal margins are lost on both sides.
    """
    length = count * spacing
    new = max(1, int(np.floor(length / voxel + 1e-6)))
    start = 0.5 * (length - new * voxel)
    low = start + voxel * np.arange(new)[:, None]
    old = spacing * np.arange(count)[None, :]
    overlap = np.minimum(low + voxel, old + spacing) - np.maximum(low, old)
    overlap = np.maximum(overlap, 0)
    shares: Array = overlap / overlap.sum(axis=1, keepdims=True)
    return shares


def resample(fraction: Array, spacing: tuple[float, float, float], voxel: float) -> Array:
    """Return `fraction` (z, y, x) on cubic voxels (um), as volume-weighted means (float32).

    Parameters
    ----------
    spacing
        Edges of the voxels that there are, z, y, x (um).
    voxel
        Edge of the voxels wanted (um).
    """
    found = fraction.astype(np.float32)
    for axis in range(3):
        shares = compute_overlaps(found.shape[axis], spacing[axis], voxel).astype(np.float32)
        found = np.moveaxis(np.tensordot(shares, found, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(np.clip(found, 0, 1), dtype=np.float32)
