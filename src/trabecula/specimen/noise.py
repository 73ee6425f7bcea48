"""Band-passed Gaussian random fields: the raw material of a generated structure."""

import numpy as np

from trabecula.base.codes import Stream
from trabecula.base.columns import Array
from trabecula.kernels.noise import fill_normal

BANDWIDTH = 0.25
"""Width of the band relative to its wave number."""


def make_band_field(
    shape: tuple[int, int, int], wavelength: float, stretch: float, seed: int
) -> Array:
    """Build a periodic Gaussian field with one dominant wavelength.

    Parameters
    ----------
    shape
        Voxels along z, y, x.
    wavelength
        Centre of the band, geometric mean over the axes (voxels).
    stretch
        Wavelength along z over that along y and x.
    seed
        Key of the draws: one per voxel, so that equal shapes share their noise.

    Returns
    -------
    numpy.ndarray
        float64 (z, y, x), mean 0, variance 1.
    """
    from scipy import fft

    noise = np.empty(shape)
    fill_normal(seed, int(Stream.STRUCTURE), 0, noise.reshape(-1))
    scale = (stretch ** (2 / 3), stretch ** (-1 / 3), stretch ** (-1 / 3))
    kz = np.fft.fftfreq(shape[0])[:, None, None] * scale[0]
    ky = np.fft.fftfreq(shape[1])[None, :, None] * scale[1]
    kx = np.fft.rfftfreq(shape[2])[None, None, :] * scale[2]
    wave = np.sqrt(kz**2 + ky**2 + kx**2) * wavelength
    band = np.exp(-0.5 * ((wave - 1) / BANDWIDTH) ** 2)
    band[0, 0, 0] = 0
    field: Array = fft.irfftn(fft.rfftn(noise) * band, s=shape)
    return (field - field.mean()) / field.std()
