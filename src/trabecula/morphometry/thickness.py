"""Local thickness by sphere fitting: Tb.Th, Tb.Sp and Tb.N.

Conventions: a sphere's radius runs from its centre to the nearest voxel of the other phase, less
half a voxel (its border). Centres lie on the half-voxel grid, so walls along the axes are exact.
Round rods and spheres read up to one voxel small. In a lattice that is not periodic a sphere must
lie inside the box, as nothing is known beyond it.
"""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.boxdistance import compute_box_distance
from trabecula.kernels.distance import compute_distance
from trabecula.kernels.spheres import find_half_ridge, find_ridge, mark_mid_axes, paint_spheres

SLACK = 0.3
"""Voxels by which a dropped sphere may stick out of the neighbour that replaces it."""

MID_AXIS_SLOPE = 0.3
"""Rise of the distance per voxel below which a voxel lies on the mid-axes."""


def compute_local_thickness(mask: Array, periodic: bool) -> Array:
    """Return at every voxel the diameter of the largest inscribed sphere that covers it.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool; the phase to measure.
    periodic
        Whether spheres cross the sides.

    Returns
    -------
    numpy.ndarray
        float32 (z, y, x), voxels; 0 outside `mask`. Infinite if a periodic `mask` is everything.
    """
    if periodic and mask.all():
        return np.full(mask.shape, np.inf, np.float32)
    painted = np.zeros(mask.shape, np.float32)
    paint_spheres(_find_centres(mask, periodic), periodic, painted)
    painted *= mask
    painted *= 2
    painted -= 1  # half a voxel at either end
    return np.maximum(painted, 0, out=painted)


def _find_centres(mask: Array, periodic: bool) -> Array:
    """Centres and radii (voxels) of the spheres to paint, shape (n, 4)."""
    distance, feature = _compute_features(mask, periodic)
    nz, ny, nx = mask.shape
    core = np.ascontiguousarray(distance[:nz, :ny, :nx])
    centres = np.empty((4 * int(np.count_nonzero(mask)) + 64, 4), np.float32)
    count = find_ridge(core, SLACK, periodic, centres)
    count = find_half_ridge(distance, feature, centres, count)
    return centres[:count]


def _compute_features(mask: Array, periodic: bool) -> tuple[Array, Array]:
    """Distance to, and place of, the nearest opposite voxel; one voxel beyond the lattice."""
    if periodic:
        distance, place = compute_distance(mask)
        place = np.pad(place, ((0, 0), (0, 1), (0, 1), (0, 1)), mode="wrap")
        for axis, n in enumerate(mask.shape):
            place[axis].swapaxes(0, axis)[n] += n
        return np.pad(distance, (0, 1), mode="wrap").astype(np.float32), place
    return compute_box_distance(mask, 0, 1)


def find_mid_axes(mask: Array, periodic: bool) -> Array:
    """Return the mid-axes of `mask` (bool, z y x): where the distance to the border levels off."""
    axes = np.zeros(mask.shape, np.uint8)
    if periodic:
        distance = np.pad(compute_distance(mask)[0], 1, mode="wrap")
    else:
        distance, _ = compute_box_distance(mask, 1, 1, is_placed=False)
    mark_mid_axes(np.ascontiguousarray(distance), MID_AXIS_SLOPE, axes)
    return axes.astype(bool)


def measure_thickness(mask: Array, periodic: bool) -> float:
    """Return the volume-weighted mean thickness of `mask` (voxels), NaN if it is empty.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool: the phase to measure.
    """
    if not mask.any():
        return float("nan")
    return float(compute_local_thickness(mask, periodic)[mask].mean(dtype=np.float64))


def measure_number(mask: Array, periodic: bool) -> float:
    """Return Tb.N (1/voxel): the inverse of the mean distance between the mid-axes of bone.

    The distance is the sphere-fitted thickness of the space between the mid-axes (Hildebrand et al.
    1999, doi:10.1359/jbmr.1999.14.7.1167); between planes it reads one or two voxels small.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool: bone.
    """
    if not mask.any() or mask.all():
        return float("nan")
    return 1.0 / measure_thickness(~find_mid_axes(mask, periodic), periodic)
