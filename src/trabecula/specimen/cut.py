"""Level cuts of a smooth field with antialiased surfaces and an exact bone volume."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import SpecimenError
from trabecula.morphometry import keep_largest_component, purify

LEAST_GRADIENT = 0.02
"""Gradient below which a surface is spread over no more voxels, relative to the field's spread."""

ROUNDS = 12
"""Most rounds of dropping loose parts and cutting again."""


def compute_gradient(field: Array) -> Array:
    """Return the periodic central-difference gradient's length (per voxel) of `field`."""
    total = np.zeros_like(field)
    for axis in range(3):
        total += (np.roll(field, -1, axis) - np.roll(field, 1, axis)) ** 2
    return 0.5 * np.sqrt(total)


def cut(field: Array, gradient: Array, bv_tv: float) -> Array:
    """Cut `field` so that the mean bone fraction is `bv_tv`.

    Parameters
    ----------
    field, gradient
        Shape (z, y, x); the gradient per voxel.
    bv_tv
        Bone volume fraction to reach (1).

    Returns
    -------
    numpy.ndarray
        float32 (z, y, x): 0.5 + signed distance to the surface in voxels, clipped to 0..1.
    """
    width = np.maximum(gradient, LEAST_GRADIENT * field.std())
    low, high = float(field.min()) - 1, float(field.max()) + 1
    fraction = np.zeros(field.shape)
    for _ in range(40):
        level = 0.5 * (low + high)
        fraction = np.clip(0.5 + (field - level) / width, 0, 1)
        mean = float(fraction.mean())
        if abs(mean - bv_tv) < 1e-6:
            break
        low, high = (level, high) if mean > bv_tv else (low, level)
    return fraction.astype(np.float32)


def cut_connected(field: Array, bv_tv: float) -> tuple[Array, float]:
    """Cut `field` to one connected component without enclosed marrow.

    Returns
    -------
    tuple
        Fractions as in :func:`cut`, and the share of bone that was loose and dropped in the first
        round.

    Raises
    ------
    SpecimenError
        If no level gives one component of the wanted volume.
    """
    work, dropped = field.copy(), 0.0
    gradient = compute_gradient(field)
    floor, ceiling = float(field.min()) - 1, float(field.max()) + 1
    for turn in range(ROUNDS):
        fraction = cut(work, gradient, bv_tv)
        mask = fraction >= 0.5
        largest = keep_largest_component(mask, periodic=True)
        filled = purify(mask, periodic=True)
        if turn == 0 and mask.any():
            dropped = 1 - np.count_nonzero(largest) / np.count_nonzero(mask)
        loose = (mask & ~largest) | ((fraction > 0) & ~_touches(filled))
        if not loose.any() and (filled == mask).all():
            return fraction, dropped
        work[loose] = floor
        work[filled & ~mask] = ceiling
    msg = (
        f"lattice.bv_tv: found {bv_tv:g}; no level of the structure gives one connected component "
        "of this volume; allowed: a larger bv_tv or lattice, or another lattice.seed"
    )
    raise SpecimenError(msg)


def _touches(mask: Array) -> Array:
    """Voxels within one step (26 neighbours, periodic) of `mask`."""
    near = mask.copy()
    for axis in range(3):
        near = near | np.roll(near, 1, axis) | np.roll(near, -1, axis)
    return near
