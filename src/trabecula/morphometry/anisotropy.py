"""Degree of anisotropy from the surface normals.

The mean intercept length along a direction w is 2 BV over the projected area of the surface,
MIL(w) = 2 BV / integral |n.w| dA (Underwood 1970, Quantitative Stereology). The normals come from
the gradient of the smoothed bone fraction, whose magnitude integrates to the area. A structure that
is isotropic and then stretched by s has MIL ratio s exactly.
"""

import numpy as np

from trabecula.base.columns import Array

SMOOTHING = 1.0
"""Width of the Gaussian before the gradient (voxels)."""


def compute_projected_areas(fraction: Array, periodic: bool) -> tuple[Array, Array]:
    """Return the areas projected along the axes z, y, x, and along the principal axes.

    Parameters
    ----------
    fraction
        Shape (z, y, x), bone fraction 0..1 or bool.
    periodic
        Whether the lattice repeats itself; otherwise it is mirrored.

    Returns
    -------
    tuple
        Two arrays of shape (3,), voxel faces. Principal axes are those of the tensor
        integral n n^T dA, by rising eigenvalue.
    """
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(
        fraction.astype(np.float32), SMOOTHING, mode="wrap" if periodic else "reflect"
    )
    padded = np.pad(smooth, 1, mode="wrap" if periodic else "symmetric")
    inner = slice(1, -1)
    normal = np.stack(
        [
            (padded[2:, inner, inner] - padded[:-2, inner, inner])[smooth > 0],
            (padded[inner, 2:, inner] - padded[inner, :-2, inner])[smooth > 0],
            (padded[inner, inner, 2:] - padded[inner, inner, :-2])[smooth > 0],
        ]
    ).astype(np.float64)
    normal *= 0.5
    size = np.sqrt((normal**2).sum(0))
    normal, size = normal[:, size > 1e-6], size[size > 1e-6]
    tensor = (normal / size) @ normal.T
    _, axes = np.linalg.eigh(tensor)
    return np.abs(normal).sum(1), np.abs(axes.T @ normal).sum(1)


def measure_anisotropy(fraction: Array, periodic: bool) -> float:
    """Return DA: longest over shortest mean intercept length (1 isotropic), NaN if empty.

    Parameters
    ----------
    fraction
        Shape (z, y, x), bone fraction 0..1.
    """
    _, areas = compute_projected_areas(fraction, periodic)
    return float(areas.max() / areas.min()) if areas.min() > 0 else float("nan")


def measure_axial_ratio(fraction: Array, periodic: bool) -> float:
    """Return the mean intercept length along z over the geometric mean of those along y and x.

    Parameters
    ----------
    fraction
        Shape (z, y, x), bone fraction 0..1.

    Returns
    -------
    float
        Ratio (1), NaN if empty.
    """
    (z, y, x), _ = compute_projected_areas(fraction, periodic)
    return float(np.sqrt(y * x) / z) if z > 0 else float("nan")
