"""The load signal of a structure that is being made: strain energy under its habitual load."""

import numpy as np

from trabecula.base.codes import Lateral
from trabecula.base.columns import Array
from trabecula.config import Parameters, load_parameters
from trabecula.mechanics import LoadedLattice, compute_modulus, compute_strain, halve

TOLERANCE = 1e-2


class StrainSignal:
    """Strain energy density of the tissue under habitual stress along z, y and x.

    A callable ``fraction -> signal`` (MPa), both (z, y, x); it is solved on a grid twice as coarse,
    between mirrored sides, and remembers the displacements for the next call.

    Parameters
    ----------
    stress
        Apparent stress along z, y, x (MPa); rows mechanics.load.* if None.
    parameters
        The parameter table; the default one if None.
    """

    def __init__(
        self,
        stress: tuple[float, float, float] | None = None,
        parameters: Parameters | None = None,
    ) -> None:
        p = load_parameters() if parameters is None else parameters
        across = p["mechanics.load.transversal"]
        self.stress = (p["mechanics.load.axial"], across, across) if stress is None else stress
        self._parameters = p
        self._starts: list[Array] | None = None

    def __call__(self, fraction: Array) -> Array:
        """Return the signal (float64, z y x, MPa), 0 where nothing is loaded."""
        p, coarse = self._parameters, halve(fraction.astype(np.float32))
        modulus = compute_modulus(coarse, 1.0, p)
        lattice = LoadedLattice(
            modulus, p["mechanics.modulus.poisson"], Lateral.MIRRORED, (0, 1, 2)
        )
        starts = self._starts
        responses = [
            lattice.solve(axis, TOLERANCE, None if starts is None else starts[axis])
            for axis in range(3)
        ]
        self._starts = [response.displacement for response in responses]
        density: Array = np.zeros(modulus.shape)
        for stress, response in zip(self.stress, responses, strict=True):
            density += response.density * compute_strain(stress, response.compute_modulus(), p) ** 2
        share = lattice.modulus / p["mechanics.modulus.tissue"]
        tissue = np.divide(density, share, out=np.zeros_like(density), where=share > 0)
        return _double(tissue, fraction.shape)


def _double(values: Array, shape: tuple[int, ...]) -> Array:
    """Return block values on the lattice of `shape`."""
    for axis in range(3):
        values = np.repeat(values, 2, axis=axis)
    return np.asarray(values[: shape[0], : shape[1], : shape[2]])
