"""Explicit transient solver in float64: the yardstick of the quasi-steady one.

dR/dt = div(D grad R) + s - k R - ki RANK R/(KD + R) - kon O R + koff C, and so on for soluble
RANKL, OPG and the two complexes, all on the lattice itself, in flux form, so that what leaves one
voxel enters its neighbour bit by bit. Circulating binders are left out.
"""

from dataclasses import dataclass, field

import numpy as np

from trabecula.base.codes import Species
from trabecula.base.columns import Array
from trabecula.fields.numbers import Table, get_decay, get_diffusion
from trabecula.state.grid import Grid

LIGANDS = (Species.RANKL_MEMBRANE, Species.RANKL_SOLUBLE)


@dataclass
class Transient:
    """Concentrations and what has flowed in and out of them.

    Parameters
    ----------
    grid
        Shape, voxel and sides.
    marrow
        Mask of shape (z, y, x).
    levels
        Free concentration by species, shape (z, y, x), pM, float64.
    bound
        OPG complex of each form of RANKL, shape (z, y, x), pM, float64.
    sources
        Production by species, shape (z, y, x), pM/d.
    rank
        RANK, shape (z, y, x), pM per voxel.
    produced, lost
        Summed over voxels and time by species, pM; a complex counts in both its parts.
    """

    grid: Grid
    marrow: Array
    levels: dict[Species, Array]
    bound: dict[Species, Array]
    sources: dict[Species, Array]
    rank: Array
    produced: dict[Species, float] = field(default_factory=dict)
    lost: dict[Species, float] = field(default_factory=dict)

    def sum_total(self, species: Species) -> float:
        """Free and bound amount of a species, summed over voxels (pM)."""
        bound = self.bound.values() if species == Species.OPG else [self.bound.get(species)]
        total = float(self.levels[species].sum())
        return total + sum(float(b.sum()) for b in bound if b is not None)


def make_transient(
    grid: Grid, marrow: Array, sources: dict[Species, Array], rank: Array | None = None
) -> Transient:
    """Build an empty transient of the species of `sources` (pM/d, shape (z, y, x)).

    Parameters
    ----------
    marrow
        Mask of shape (z, y, x).
    rank
        Shape (z, y, x), pM per voxel; None for no RANK.
    """
    zero = np.zeros(grid.shape)
    sources = {s: np.where(marrow, rate, 0.0) for s, rate in sources.items()}
    levels = {s: zero.copy() for s in sources}
    bound = {s: zero.copy() for s in LIGANDS if s in sources and Species.OPG in sources}
    sites = zero.copy() if rank is None else np.where(marrow, rank, 0.0)
    nothing = dict.fromkeys(sources, 0.0)
    return Transient(grid, marrow, levels, bound, sources, sites, dict(nothing), dict(nothing))


def compute_divergence(values: Array, marrow: Array, periodic: bool) -> Array:
    """Return the sum of differences to the open neighbours, shape (z, y, x), in the unit of `values`.

    Parameters
    ----------
    values
        Shape (z, y, x), any unit.
    marrow
        Mask of shape (z, y, x).
    """
    total = np.zeros_like(values)
    for axis in range(3):
        if values.shape[axis] == 1:
            continue
        is_open = marrow & np.roll(marrow, -1, axis)
        if not periodic:
            is_open[(slice(None),) * axis + (-1,)] = False
        flux = np.where(is_open, np.roll(values, -1, axis) - values, 0.0)
        total += flux - np.roll(flux, 1, axis)
    return total


def step_transient(transient: Transient, parameters: Table, dt: float) -> None:
    """Advance all species by `dt` (d), explicit Euler; mutates levels and the budget."""
    change = {s: np.zeros(transient.grid.shape) for s in transient.levels}
    for species, level in transient.levels.items():
        change[species] += _transport(transient, parameters, species, level)
        rate = transient.sources[species]
        gone = get_decay(parameters, species) * level
        if species in LIGANDS:
            gone = gone + _compute_uptake(transient, parameters, level)
        change[species] += rate - gone
        transient.produced[species] += float(rate.sum()) * dt
        transient.lost[species] += float(gone.sum()) * dt
    grown = {s: _bind(transient, parameters, s, change, dt) for s in transient.bound}
    for species in transient.levels:
        transient.levels[species] += dt * change[species]
    for species in transient.bound:
        transient.bound[species] += dt * grown[species]


def _transport(transient: Transient, parameters: Table, species: Species, level: Array) -> Array:
    g = get_diffusion(parameters, species) / transient.grid.voxel**2
    spread = compute_divergence(level, transient.marrow, transient.grid.periodic)
    return g * spread


def _compute_uptake(transient: Transient, parameters: Table, level: Array) -> Array:
    """Free RANKL taken in by RANK (pM/d); both forms compete for the same receptors."""
    free = sum((transient.levels[s] for s in LIGANDS if s in transient.levels), np.zeros(1))
    occupied = level / (parameters["fields.rank.kd"] + free)
    return parameters["fields.rank.internalisation"] * transient.rank * occupied


def _bind(
    transient: Transient,
    parameters: Table,
    species: Species,
    change: dict[Species, Array],
    dt: float,
) -> Array:
    complexed = transient.bound[species]
    made = parameters["fields.opg.on_rate"] * transient.levels[species]
    made = made * transient.levels[Species.OPG] - parameters["fields.opg.off_rate"] * complexed
    change[species] -= made
    change[Species.OPG] -= made
    cleared = get_decay(parameters, Species.RANKL_OPG) * complexed
    for part in (species, Species.OPG):
        transient.lost[part] += float(cleared.sum()) * dt
    return made - cleared + _transport(transient, parameters, species, complexed)


def compute_stable_step(transient: Transient, parameters: Table) -> float:
    """Return a step (d) at which explicit Euler is stable: 0.9 of the sum of all rates inverted."""
    h2 = transient.grid.voxel**2
    fastest = 0.0
    for species in transient.levels:
        rate = 6.0 * get_diffusion(parameters, species) / h2 + get_decay(parameters, species)
        if species in LIGANDS:
            sites = float(transient.rank.max()) / parameters["fields.rank.kd"]
            rate += parameters["fields.rank.internalisation"] * sites
        fastest = max(fastest, rate)
    if transient.bound:
        peak = max(float(level.max()) for level in transient.levels.values())
        rate = parameters["fields.opg.on_rate"] * 2.0 * peak + parameters["fields.opg.off_rate"]
        fastest += rate + get_decay(parameters, Species.RANKL_OPG)
    return 0.9 / fastest
