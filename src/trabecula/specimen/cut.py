"""Level cuts of a smooth field with antialiased surfaces and an exact bone volume."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import SpecimenError
from trabecula.kernels.level import compute_cut_volume, fill_gradient
from trabecula.morphometry import keep_largest_component, purify

LEAST_GRADIENT = 0.02
"""Gradient below which a surface is spread over no more voxels, relative to the field's spread."""

PRECISION = 1e-6
"""Error of the bone volume fraction of a cut."""

ROUNDS = 12
"""Most rounds of dropping loose parts and cutting again."""


def compute_width(field: Array) -> Array:
    """Return the change of `field` across a voxel, which spreads its surface over one voxel.

    Parameters
    ----------
    field
        Shape (z, y, x), periodic, any unit.

    Returns
    -------
    numpy.ndarray
        Shape (z, y, x), that unit per voxel.
    """
    width = np.empty_like(field)
    fill_gradient(field, LEAST_GRADIENT * float(field.std()), width)
    return width


def cut(field: Array, width: Array, bv_tv: float) -> Array:
    """Cut `field` so that the mean bone fraction is `bv_tv`.

    Parameters
    ----------
    field, width
        Shape (z, y, x); the field and its change across a voxel.
    bv_tv
        Bone volume fraction to reach (1).

    Returns
    -------
    numpy.ndarray
        float32 (z, y, x): 0.5 + signed distance to the surface in voxels, clipped to 0..1.
    """
    low, high = float(field.min()) - 1, float(field.max()) + 1
    level = 0.5 * (low + high)
    for _ in range(40):
        mean = compute_cut_volume(field.reshape(-1), width.reshape(-1), level) / field.size
        if abs(mean - bv_tv) < PRECISION:
            break
        low, high = (level, high) if mean > bv_tv else (low, level)
        level = 0.5 * (low + high)
    return np.clip(0.5 + (field - level) / width, 0, 1).astype(np.float32)


def cut_connected(field: Array, bv_tv: float) -> tuple[Array, float]:
    """Cut `field` to one connected component without enclosed marrow.

    Parameters
    ----------
    field
        Shape (z, y, x), periodic; high where bone is wanted (1).
    bv_tv
        Bone volume fraction wanted (1).

    Returns
    -------
    tuple
        Fractions (z, y, x), 0..1, as in :func:`cut`, and the share of bone that was loose and
        dropped in the first round.

    Raises
    ------
    SpecimenError
        If no level gives one component of the wanted volume.
    """
    work, dropped = field.copy(), 0.0
    width = compute_width(field)
    floor, ceiling = float(field.min()) - 1, float(field.max()) + 1
    for turn in range(ROUNDS):
        fraction = cut(work, width, bv_tv)
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
