"""Growth of a structure along its load: loaded surfaces move out, idle ones in."""

from collections.abc import Callable

import numpy as np

from trabecula.base.columns import Array
from trabecula.specimen.cut import compute_width, cut

LoadSignal = Callable[[Array], Array]

RATE = 0.06
CLIP = 1.5
"""Largest natural logarithm of the signal, relative to its median, that counts."""


def adapt(
    field: Array, bv_tv: float, smoothing: float, load_signal: LoadSignal, iterations: int
) -> Array:
    """Move the surface of a level cut by its load signal at constant bone volume.

    Every iteration smooths the bone fraction, adds the logarithm of the signal (averaged over
    nearby bone) and cuts again: phi = G f + RATE log(S / median S), after Huiskes et al. 2000,
    doi:10.1038/35015116, whose bone-lining cells answer the energy that osteocytes nearby sense.

    Parameters
    ----------
    field
        Shape (z, y, x), periodic, without unit (1).
    bv_tv
        Bone volume fraction held (1).
    smoothing
        Width of the Gaussian (voxels); the signal is averaged over twice that.
    load_signal
        ``fraction -> signal``, both (z, y, x).
    iterations
        How often the surface moves.

    Returns
    -------
    numpy.ndarray
        The moved field, shape (z, y, x), float64, without unit (1), to be cut.
    """
    from scipy.ndimage import gaussian_filter

    for _ in range(iterations):
        fraction = cut(field, compute_width(field), bv_tv)
        signal = load_signal(fraction)
        near = gaussian_filter(fraction, 2 * smoothing, mode="wrap", truncate=3.0)
        spread = gaussian_filter(
            (fraction * signal).astype(np.float32), 2 * smoothing, mode="wrap", truncate=3.0
        )
        mean = spread / np.maximum(near, 1e-6)
        middle = float(np.median(mean[fraction >= 0.5]))
        drive = np.log(np.maximum(mean, 1e-12) / max(middle, 1e-12))
        soft = gaussian_filter(fraction.astype(np.float64), smoothing, mode="wrap", truncate=3.0)
        field = soft + RATE * np.clip(drive, -CLIP, CLIP)
    return field
