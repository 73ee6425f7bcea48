"""The mechanical test of one specimen: stiffness, strain energy, failure."""

from dataclasses import dataclass

from trabecula.base.codes import Lateral
from trabecula.base.columns import Array
from trabecula.mechanics.failure import compute_effective_strain, compute_pistoia_factor
from trabecula.mechanics.numbers import Table
from trabecula.mechanics.solve import LoadedLattice

TOLERANCE = 1e-4


@dataclass
class MechanicalTest:
    """What a test between platens gives.

    Parameters
    ----------
    stiffness
        Force per displacement (N/mm).
    apparent_modulus
        Stress per strain (MPa).
    sed_mean
        Mean over the bone of the strain energy density at the voxels' centres (MPa).
    pistoia_factor
        Factor on the load at which the specimen fails (1).
    failure_load
        Force at which it fails (N).
    density
        Shape (z, y, x), MPa: strain energy density.
    """

    stiffness: float
    apparent_modulus: float
    sed_mean: float
    pistoia_factor: float
    failure_load: float
    density: Array


def measure_mechanics(
    modulus: Array,
    voxel: float,
    axis: int,
    strain: float,
    lateral: Lateral,
    parameters: Table,
    poisson: float | None = None,
) -> MechanicalTest:
    """Compress a specimen between platens.

    Parameters
    ----------
    modulus
        Shape (z, y, x), MPa.
    voxel
        Edge of a voxel (um).
    axis
        Direction of the load: 0 z, 1 y, 2 x.
    strain
        Magnitude of the mean strain (1).
    poisson
        Poisson's ratio (1); row mechanics.modulus.poisson if None.

    Raises
    ------
    SolverError
        If there is no equilibrium.
    """
    ratio = parameters["mechanics.modulus.poisson"] if poisson is None else poisson
    lattice = LoadedLattice(modulus, ratio, lateral, (axis,))
    response = lattice.solve(axis, TOLERANCE)
    edge = voxel * 1e-3
    density = response.density * strain**2
    bone, loaded = modulus > 0, lattice.modulus > 0  # loose pieces bear nothing, and break none
    effective = compute_effective_strain(density[loaded], modulus[loaded])
    factor = compute_pistoia_factor(
        effective, parameters["mechanics.failure.strain"], parameters["mechanics.failure.volume"]
    )
    force = response.force * strain * edge**2
    return MechanicalTest(
        stiffness=response.force * edge / modulus.shape[axis],
        apparent_modulus=response.compute_modulus(),
        sed_mean=float(density[bone].mean(dtype=float)) if bone.any() else 0.0,
        pistoia_factor=factor,
        failure_load=factor * force,
        density=density,
    )
