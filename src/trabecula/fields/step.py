"""One tick of the fields: every species that is due is brought to its quasi-steady state."""

from collections.abc import Mapping

import numpy as np

from trabecula.base.codes import Species
from trabecula.base.columns import Array
from trabecula.config.species import SpeciesRow, load_species
from trabecula.fields.hierarchy import Hierarchy, compute_shapes, make_hierarchy
from trabecula.fields.measure import find_surface, sum_at_surface
from trabecula.fields.numbers import Table, get_decay, get_diffusion
from trabecula.fields.rankl import Production, solve_rankl
from trabecula.fields.solver import TOLERANCE, solve_coarse
from trabecula.fields.sources import compute_coupling, compute_rank_sites, compute_source
from trabecula.kernels.gather import holds_any
from trabecula.state.fieldstack import FieldStack
from trabecula.state.grid import Grid
from trabecula.state.state import State

DAILY_ROUNDS = 6
"""Rounds that RANKL and OPG take turns in one tick of a warm start; what is left waits a tick."""

BOUND = (Species.RANKL_MEMBRANE, Species.RANKL_SOLUBLE, Species.OPG, Species.RANKL_OPG)


def make_fields(grid: Grid, parameters: Table) -> FieldStack:
    """Build empty fields (pM); the first :func:`step_fields` fills them all.

    Parameters
    ----------
    parameters
        The parameter table; a first look at the rows that every species needs.
    """
    fine = tuple(row.species for row in load_species() if not row.is_coarse)
    coarse = tuple(row.species for row in load_species() if row.is_coarse)
    for species in fine + coarse:
        if species != Species.RANKL_OPG:
            get_diffusion(parameters, species)
        get_decay(parameters, species)
    block = compute_shapes(grid.shape)[0]
    return FieldStack(
        fine,
        coarse,
        np.zeros((len(fine), *grid.shape), np.float32),
        np.zeros((len(coarse), *block), np.float32),
    )


def step_fields(
    state: State,
    parameters: Table,
    sources_on: Mapping[str, bool],
    *,
    everything: bool = False,
    tolerance: float = TOLERANCE,
    every: float = 0.0,
) -> dict[str, int]:
    """Solve the species that are due; returns the multigrid cycles spent by name.

    Parameters
    ----------
    state
        Reads lattice, cells and signals; writes `fields` and `signals.local_estradiol`.
    sources_on
        Whether each species has its sources; a missing name means on. Off for `rankl_opg`: OPG
        binds nothing.
    everything
        Solve all species, whatever their clocks; empty fields are always solved in full.
    tolerance
        Residual and imbalance, relative to the source (1), at which a species is left alone.
    every
        Shortest time between two solves of a species (d), where its own clock is shorter.

    Raises
    ------
    SolverError
        If a species does not converge; names it and its residual.
    """
    everything = everything or not holds_any(state.fields.coarse.reshape(-1))
    rows = {row.species: row for row in load_species()}
    due = [s for s, row in rows.items() if everything or state.clock.is_due(max(every, row.clock))]
    if not due:
        return {}
    hierarchy = make_hierarchy(state.grid, state.lattice.matrix, reuse=True)
    spent: dict[str, int] = {}
    for species in due:
        if species not in BOUND:
            row, on = rows[species], sources_on.get(str(species), True)
            spent[str(species)] = _solve_alone(state, parameters, row, hierarchy, on, tolerance)
            if species == Species.ESTRADIOL:
                state.signals.local_estradiol = _compute_surface_mean(state, hierarchy)
    if Species.OPG in due:
        rounds = 0 if everything else DAILY_ROUNDS
        spent["rankl"] = _solve_bound(
            state, parameters, rows, hierarchy, sources_on, tolerance, rounds
        )
    return spent


def _solve_alone(
    state: State,
    parameters: Table,
    row: SpeciesRow,
    hierarchy: Hierarchy,
    on: bool,
    tolerance: float,
) -> int:
    field = state.fields.get(row.species)
    source = compute_source(state, parameters, row, hierarchy, None) if on else None
    if source is None or not holds_any(source.reshape(-1)):
        field[...] = 0
        return 0
    field *= hierarchy.coarse_pore > 0
    decay_rate = np.float32(get_decay(parameters, row.species))

    def refresh(decay: Array) -> Array:
        np.multiply(hierarchy.coarse_pore, decay_rate, out=decay)
        return source

    diffusion = get_diffusion(parameters, row.species)
    outcome = solve_coarse(hierarchy, field, refresh, diffusion, str(row.species), tolerance)
    return outcome.cycles


def _solve_bound(
    state: State,
    parameters: Table,
    rows: Mapping[Species, SpeciesRow],
    hierarchy: Hierarchy,
    sources_on: Mapping[str, bool],
    tolerance: float,
    rounds: int,
) -> int:
    production = make_production(state, parameters, rows, hierarchy, sources_on)
    binds = sources_on.get(str(Species.RANKL_OPG), True)
    return solve_rankl(
        state.fields,
        hierarchy,
        production,
        parameters,
        state.signals,
        binds=binds,
        tolerance=tolerance,
        rounds=rounds,
    )


def make_production(
    state: State,
    parameters: Table,
    rows: Mapping[Species, SpeciesRow],
    hierarchy: Hierarchy,
    sources_on: Mapping[str, bool],
) -> Production:
    """Build the sources of RANKL and OPG and the receptors, as the cells stand now."""
    coupling = compute_coupling(state, parameters)
    made: dict[Species, Array] = {}
    for species in (Species.RANKL_MEMBRANE, Species.RANKL_SOLUBLE, Species.OPG):
        factor = None if species == Species.OPG else coupling
        source = compute_source(state, parameters, rows[species], hierarchy, factor)
        made[species] = source if sources_on.get(str(species), True) else np.zeros_like(source)
    rank = compute_rank_sites(state, parameters, hierarchy)
    return Production(
        made[Species.RANKL_MEMBRANE], made[Species.RANKL_SOLUBLE], made[Species.OPG], rank
    )


def _compute_surface_mean(state: State, hierarchy: Hierarchy) -> float:
    level = state.fields.get(Species.ESTRADIOL)[None]
    count, total = sum_at_surface(find_surface(hierarchy), level[:0], level)
    return float(total / count) if count else 0.0
