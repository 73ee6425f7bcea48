"""Band-passed Gaussian random fields: the raw material of a generated structure."""

from dataclasses import dataclass

import numpy as np

from trabecula.base.codes import Stream
from trabecula.base.columns import Array
from trabecula.kernels.noise import fill_normal

BANDWIDTH = 0.25
"""Width of the band relative to its wave number."""

WEB_SCALE = 1.5
"""Wavelength of the web over that of the sheets."""


@dataclass(frozen=True)
class FieldShape:
    """What :func:`make_bone_field` makes.

    Parameters
    ----------
    wavelength
        Wavelength of the sheets (voxels).
    stretch
        Wavelength along z over that along y and x.
    rods
        Weight of the web (1).
    draw
        Number of the pair of fields among those of one seed.
    """

    wavelength: float
    stretch: float
    rods: float
    draw: int = 0


def make_bone_field(shape: tuple[int, int, int], kind: FieldShape, seed: int) -> Array:
    """Build a field whose upper level sets are plates and rods: ``rods * web - sheets**2``.

    `web` and `sheets` are two independent band fields. Where `sheets` is near zero lies a plate; the
    web makes it thicker here and opens it there. Many `rods` leave the web alone, whose one-sided
    cut is a network of rods; none leave closed sheets.

    Parameters
    ----------
    shape
        Voxels along z, y, x.
    kind
        Wavelength, stretch and share of rods.
    seed
        Key of the draws.

    Returns
    -------
    numpy.ndarray
        float64 (z, y, x), mean 0, variance 1.
    """
    wave, layer = kind.wavelength, 2 * kind.draw
    web = make_band_field(shape, WEB_SCALE * wave, kind.stretch, seed, layer)
    sheets = make_band_field(shape, wave, kind.stretch, seed, layer + 1)
    field: Array = kind.rods * web - sheets**2
    return (field - field.mean()) / field.std()


def make_band_field(
    shape: tuple[int, int, int], wavelength: float, stretch: float, seed: int, layer: int = 0
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
    layer
        Number of the field among independent ones of one seed.

    Returns
    -------
    numpy.ndarray
        float64 (z, y, x), mean 0, variance 1.
    """
    from scipy import fft

    noise = np.empty(shape)
    fill_normal(seed, int(Stream.STRUCTURE), layer, noise.reshape(-1))
    scale = (stretch ** (2 / 3), stretch ** (-1 / 3), stretch ** (-1 / 3))
    kz = np.fft.fftfreq(shape[0])[:, None, None] * scale[0]
    ky = np.fft.fftfreq(shape[1])[None, :, None] * scale[1]
    kx = np.fft.rfftfreq(shape[2])[None, None, :] * scale[2]
    wave = np.sqrt(kz**2 + ky**2 + kx**2) * wavelength
    band = np.exp(-0.5 * ((wave - 1) / BANDWIDTH) ** 2)
    band[0, 0, 0] = 0
    field: Array = fft.irfftn(fft.rfftn(noise) * band, s=shape)
    return (field - field.mean()) / field.std()
