"""What load does to the bone, as of the last time that mechanics was solved."""

import math
from dataclasses import dataclass, field

import numpy as np

from trabecula.base.columns import Array


def _nothing() -> Array:
    return np.zeros((0, 0, 0), np.float32)


@dataclass
class Loading:
    """Strain energy under the habitual load, and the reference that osteocytes hold it against.

    The mechanical grid is the lattice or one twice as coarse; a lattice that never was loaded has
    empty arrays.

    Parameters
    ----------
    is_fixed
        Whether the reference stays as it is; until then it follows the bone.
    reference
        Strain energy density at which the osteocytes together ask for nothing (MPa); NaN at first.
    rest
        Mean factor on triggering over the osteocytes at the reference (1).
    modulus
        Shape (axis), MPa: apparent modulus along z, y, x.
    strain
        Shape (axis), 1: mean strain along z, y, x under the habitual stress.
    failure_strain
        Mean strain along z at which the bone fails (1).
    sed_mean
        Mean of `sed` over the bone (MPa).
    sed
        Shape of the mechanical grid, MPa: strain energy density of the tissue, float32.
    stimulus
        Shape of the mechanical grid, MPa: the same, averaged over what an osteocyte feels.
    stress
        Habitual stress along z, y, x (MPa) under which it was solved last; empty if it never was.
    displacement
        Shape (axis, component, z + 1, y + 1, x + 1): departure from uniform unit strain along each
        axis in edges of the mechanical grid, from which the next solve starts.
    """

    is_fixed: bool = False
    reference: float = math.nan
    rest: float = 1.0
    modulus: Array = field(default_factory=lambda: np.zeros(3))
    strain: Array = field(default_factory=lambda: np.zeros(3))
    failure_strain: float = math.nan
    sed_mean: float = math.nan
    stress: tuple[float, ...] = field(default=(), metadata={"is_late": True})
    sed: Array = field(default_factory=_nothing)
    stimulus: Array = field(default_factory=_nothing)
    displacement: Array = field(default_factory=lambda: np.zeros((3, 3, 0, 0, 0), np.float32))

    @property
    def is_known(self) -> bool:
        """Whether mechanics has been solved."""
        return self.sed.size > 0

    def find_block(self, shape: tuple[int, int, int], flat: Array) -> Array:
        """Return flat indices on the mechanical grid of `flat` indices (any shape) on a lattice.

        Parameters
        ----------
        shape
            Shape (z, y, x) of the lattice.
        """
        factor = 1 if self.sed.shape == shape else 2
        z, y, x = (index // factor for index in np.unravel_index(flat, shape))
        return np.ravel_multi_index((z, y, x), self.sed.shape)
