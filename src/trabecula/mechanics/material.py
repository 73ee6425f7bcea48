"""From bone fraction and mineral to stiffness."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.mechanics.numbers import Table


def compute_modulus(fraction: Array, mineral: Array | float, parameters: Table) -> Array:
    """Return Young's modulus of every voxel (MPa), shape (z, y, x), float32.

    E = E0 f^a m^b with the fraction f of mineralised bone in the voxel and its degree of
    mineralisation m (1 when secondary mineralisation is complete); rows mechanics.modulus.tissue,
    .fraction_power, .mineral_power. Voxels with less bone than mechanics.modulus.floor carry nothing.

    Parameters
    ----------
    fraction
        Shape (z, y, x), 0..1.
    mineral
        Shape (z, y, x), 1.
    """
    power, mineral_power = (
        parameters[f"mechanics.modulus.{k}_power"] for k in ("fraction", "mineral")
    )
    share = np.power(fraction, power, dtype=np.float32) * np.power(mineral, mineral_power)
    modulus = (parameters["mechanics.modulus.tissue"] * share).astype(np.float32)
    modulus[fraction < parameters["mechanics.modulus.floor"]] = 0.0
    return modulus
