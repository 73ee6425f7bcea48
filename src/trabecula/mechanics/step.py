"""The load felt in the living bone: strain energy on the lattice, answers of the osteocytes."""

import math
from typing import Any, NamedTuple

import numpy as np

from trabecula.base.codes import FULL, Lateral
from trabecula.base.columns import Array
from trabecula.mechanics.failure import compute_effective_strain, compute_pistoia_factor
from trabecula.mechanics.material import compute_modulus
from trabecula.mechanics.mechanostat import accommodate, compute_answer, find_reference
from trabecula.mechanics.numbers import Table
from trabecula.mechanics.solve import LoadedLattice
from trabecula.state import Loading, State


class Load(NamedTuple):
    """How the bone is loaded and how finely that is solved.

    Parameters
    ----------
    stress
        Habitual apparent stress along z, y, x (MPa).
    is_coarse
        Whether the mechanical grid is twice as coarse as the lattice.
    tolerance
        Of the solver (1).
    lateral
        What holds the lattice across its load.
    """

    stress: tuple[float, float, float]
    is_coarse: bool
    tolerance: float
    lateral: Lateral


def step_mechanics(state: State, p: Table, load: Load) -> None:
    """Load the bone along three axes; osteocytes hold its strain energy against the reference."""
    modulus, edge = compute_bone_modulus(state, p), state.grid.voxel
    if load.is_coarse:
        modulus, edge = halve(modulus), 2.0 * edge
        modulus[modulus < p["mechanics.modulus.floor"] * p["mechanics.modulus.tissue"]] = 0.0
    loading = state.loading
    solve_loading(loading, modulus, p, load)
    loading.stress = tuple(float(one) for one in load.stress)
    loading.stimulus = spread_stimulus(loading.sed, p["mechanics.sensing.radius"] / edge)
    rows = state.cells.osteocytes.rows
    place = loading.find_block(state.grid.shape, rows.voxel)
    felt = loading.stimulus.reshape(-1)[place].astype(float)
    set_reference(loading, felt, p)
    if math.isnan(loading.reference):
        return
    answer = compute_answer(felt / loading.reference, p)
    rows.stimulus[:] = felt / loading.reference
    rows.secretion[:] = compute_answer(felt / accommodate(loading.reference, felt, p), p).secretion
    rows.unrest[:] = answer.unrest / loading.rest
    rows.calling[:] = answer.calling


def forget_load(state: State) -> None:
    """Let osteocytes feel nothing, where load is not followed any more; the reference stays."""
    loading, rows = state.loading, state.cells.osteocytes.rows
    if not loading.is_known:
        return
    state.loading = Loading(loading.is_fixed, loading.reference, loading.rest)
    for column in (rows.stimulus, rows.secretion, rows.unrest):
        column[:] = 1.0
    rows.calling[:] = 0.0


def set_reference(loading: Loading, felt: Array, p: Table) -> None:
    """Let the reference follow what osteocytes feel (MPa), unless it is fixed and known.

    Parameters
    ----------
    felt
        Shape (osteocyte,), MPa.
    """
    if loading.is_fixed and not math.isnan(loading.reference):
        return
    loading.reference = find_reference(felt, p)
    if not math.isnan(loading.reference):
        loading.rest = float(np.mean(compute_answer(felt / loading.reference, p).unrest))


def compute_bone_modulus(state: State, p: Table) -> Array:
    """Return Young's modulus of every voxel of the lattice (MPa), shape (z, y, x), float32."""
    lattice = state.lattice
    mineralised = (lattice.matrix - lattice.osteoid).astype(np.float32) / np.float32(FULL)
    return compute_modulus(mineralised, lattice.mineral, p)


def halve(values: Array) -> Array:
    """Return the mean over blocks of 2^3 voxels, the last block repeating an odd edge.

    Parameters
    ----------
    values
        Shape (z, y, x), any unit, which is that of the means.

    Returns
    -------
    numpy.ndarray
        Shape (z, y, x) of half the edges, float32.
    """
    padded = np.pad(values, [(0, n % 2) for n in values.shape], mode="edge")
    nz, ny, nx = (n // 2 for n in padded.shape)
    blocks = padded.reshape(nz, 2, ny, 2, nx, 2)
    return np.asarray(blocks.mean(axis=(1, 3, 5), dtype=np.float32))


def spread_stimulus(sed: Array, radius: float) -> Array:
    """Return strain energy averaged over the bone around (Gaussian of width `radius`, in edges).

    Parameters
    ----------
    sed
        Shape (z, y, x), MPa.
    radius
        Width of the Gaussian (edges of the mechanical grid, 1).

    Returns
    -------
    numpy.ndarray
        Shape (z, y, x), MPa; 0 where nothing is loaded.
    """
    from scipy.ndimage import gaussian_filter

    if radius <= 0:
        return sed
    loaded = (sed > 0).astype(np.float32)
    total = gaussian_filter(sed, radius, mode="reflect", truncate=3.0)
    share = gaussian_filter(loaded, radius, mode="reflect", truncate=3.0)
    return np.asarray(loaded * total / np.maximum(share, np.float32(1e-6)))


def solve_loading(loading: Loading, modulus: Array, p: Table, load: Load) -> None:
    """Write strain energy, apparent moduli, strains and safety into `loading`.

    Each axis bears its stress at its own times, so that energies add up. A bone that gives way under
    its stress is strained by mechanics.load.most_strain.

    Parameters
    ----------
    modulus
        Shape (z, y, x) of the mechanical grid, MPa.
    """
    lattices = _make_lattices(modulus, p["mechanics.modulus.poisson"], load.lateral)
    warm = loading.displacement.shape[2:] == tuple(n + 1 for n in modulus.shape)
    density: Array = np.zeros(modulus.shape)
    found = []
    for axis, (stress, lattice) in enumerate(zip(load.stress, lattices, strict=True)):
        response = lattice.solve(axis, load.tolerance, loading.displacement[axis] if warm else None)
        found.append(response.displacement)
        apparent = response.compute_modulus()
        strain = compute_strain(stress, apparent, p)
        loading.modulus[axis], loading.strain[axis] = apparent, strain
        density += response.density * strain**2
        if axis == 0:
            bone = lattice.modulus > 0
            strained = compute_effective_strain(response.density[bone], lattice.modulus[bone])
            loading.failure_strain = compute_pistoia_factor(
                strained, p["mechanics.failure.strain"], p["mechanics.failure.volume"]
            )
    loading.displacement = np.stack(found)
    share = modulus / p["mechanics.modulus.tissue"]
    tissue = np.divide(density, share, out=np.zeros_like(density), where=share > 0)
    loading.sed = tissue.astype(np.float32)
    volume = float(share.sum(dtype=float))
    loading.sed_mean = float(np.vdot(tissue, share)) / volume if volume > 0 else 0.0


def compute_strain(stress: float, apparent: float, p: Table) -> float:
    """Return the mean strain (1) under a `stress` (MPa), at most mechanics.load.most_strain.

    Parameters
    ----------
    apparent
        Apparent modulus (MPa); 0 for a bone that carries nothing.
    """
    most = float(p["mechanics.load.most_strain"])
    return stress / apparent if stress < most * apparent else most * (stress > 0)


def _make_lattices(modulus: Array, poisson: float, lateral: Lateral) -> list[LoadedLattice]:
    """Return the lattice for a load along each axis; mirrored sides let all share one."""
    if lateral == Lateral.MIRRORED:
        return [LoadedLattice(modulus, poisson, lateral, (0, 1, 2))] * 3
    return [LoadedLattice(modulus, poisson, lateral, (axis,)) for axis in range(3)]


def compute_stress(given: Any, p: Table, time: float) -> tuple[float, float, float]:
    """Return the habitual stress along z, y, x (MPa) at `time` (d); before day 0 that of day 0.

    Parameters
    ----------
    given
        Series of points (d, MPa) as attributes z, y, x; None where rows mechanics.load.axial (z) and
        .transversal (y, x) hold.
    """
    axial, across = p["mechanics.load.axial"], p["mechanics.load.transversal"]

    def read(points: tuple[tuple[float, float], ...] | None, usual: float) -> float:
        if points is None:
            return usual
        days, values = zip(*points, strict=True)
        return float(np.interp(max(time, 0.0), days, values))

    return read(given.z, axial), read(given.y, across), read(given.x, across)
