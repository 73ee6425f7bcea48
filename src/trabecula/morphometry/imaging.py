"""What a scanner would see of a lattice: blurred to its resolution, then cut at half of bone.

A resorption pit is rough: holes a voxel wide run through it that no scan resolves and whose number
follows the voxel size; every ridge between two bites is a mid-axis to those who count trabeculae.
Published structure comes from scans, so it is also measured on the bone as a scan shows it.
"""

import numpy as np

from trabecula.base.columns import Array

IMAGING_BLUR = 30.0
"""Standard deviation of the blur (um): 71 um across at half height. The human bands of Conn.D and
Tb.N come from micro-CT of biopsies (voxels of 14-37 um, smoothed over about one before the
threshold), so it is theirs, and not the 40-55 um of HR-pQCT in the living, which would close real
perforations of 100 um."""

HALF_BONE = 0.5
"""Blurred bone fraction from which a voxel is bone. Fixed, as one threshold serves all scans of a
study: a cut that keeps the volume would let bone lost at one place open or close holes at another."""


def compute_blur(voxel_um: float) -> float:
    """Return the standard deviation (voxels) still to blur: a voxel is itself a mean over its cube.

    Parameters
    ----------
    voxel_um
        Edge of a voxel (um).
    """
    missing = IMAGING_BLUR**2 - voxel_um**2 / 12.0
    return float(np.sqrt(missing)) / voxel_um if missing > 0 else 0.0


def make_image(mask_or_fraction: Array, voxel_um: float, periodic: bool) -> Array:
    """Return what is bone at imaging resolution (bool, z y x).

    Parameters
    ----------
    mask_or_fraction
        Shape (z, y, x); bool, or bone fraction 0..1.
    voxel_um
        Edge of a voxel (um).
    periodic
        Whether the lattice repeats itself; otherwise it is mirrored.

    Notes
    -----
    Round holes less than 71 um across close, as do flat gaps of 40 um; rods and plates thinner than
    that vanish.
    """
    from scipy.ndimage import gaussian_filter

    fraction = mask_or_fraction.astype(np.float32)
    blurred = gaussian_filter(
        fraction, compute_blur(voxel_um), mode="wrap" if periodic else "reflect", truncate=3.0
    )
    image: Array = blurred >= HALF_BONE
    return image
