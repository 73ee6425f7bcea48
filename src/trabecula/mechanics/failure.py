"""When a loaded specimen breaks, by how much of its tissue is strained too far."""

import numpy as np

from trabecula.base.columns import Array


def compute_effective_strain(density: Array, modulus: Array) -> Array:
    """Return sqrt(2 U / E) (1) of every voxel, 0 where the modulus is 0.

    Parameters
    ----------
    density
        Strain energy density U (MPa), any shape.
    modulus
        Young's modulus E (MPa), of the same shape.
    """
    ratio = np.divide(2.0 * density, modulus, out=np.zeros(np.shape(density)), where=modulus > 0)
    return np.asarray(np.sqrt(ratio))


def compute_pistoia_factor(strain: Array, limit: float, share: float) -> float:
    """Return the factor on the load at which `share` of the tissue is strained beyond `limit`.

    Pistoia et al. 2002, doi:10.1016/S8756-3282(02)00736-6; NaN where nothing is strained.

    Parameters
    ----------
    strain
        Effective strain of every loaded voxel (1).
    limit
        Row mechanics.failure.strain (1).
    share
        Row mechanics.failure.volume (1).
    """
    if strain.size == 0:
        return float("nan")
    critical = float(np.quantile(strain, 1.0 - share))
    return limit / critical if critical > 0 else float("nan")
