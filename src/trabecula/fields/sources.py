"""What each species' cells release: rows of the species table laid on the grids."""

from typing import NamedTuple

import numpy as np

from trabecula.base.codes import Population, Species, Target
from trabecula.base.columns import Array
from trabecula.config.species import Scale, SourceRow, SpeciesRow
from trabecula.fields.hierarchy import Hierarchy
from trabecula.fields.numbers import MOLECULE, Table
from trabecula.kernels.deposit import deposit_coarse, deposit_discs, deposit_fine, fill_open
from trabecula.kernels.ligands import couple
from trabecula.kernels.space import Space, make_ball
from trabecula.state.state import State

CYTOKINES = (Species.IL1, Species.IL6, Species.TNF)
COUPLED = (Population.OSTEOBLAST, Population.LINING, Population.MARROW)
"""Populations whose RANKL answers to cytokines."""


class Released(NamedTuple):
    """What one population releases: where (flat fine voxel) and how much (molecules/d)."""

    voxel: Array
    amount: Array


def _select(state: State, row: SourceRow) -> tuple[Array, Array | float]:
    """Return the voxels of the cells of `row` and what weighs them besides its scale."""
    cells = state.cells
    if row.population == Population.OSTEOCYTE:
        return cells.osteocytes.rows.outlet, 1.0
    if row.population == Population.OSTEOBLAST:
        bone_makers = cells.osteoblasts.rows
        chosen = 1.0 if row.stage is None else (bone_makers.stage == row.stage).astype(float)
        return bone_makers.voxel, chosen
    if row.population == Population.OSTEOCLAST:
        return cells.osteoclasts.rows.voxel, 1.0
    if row.population == Population.LINING:
        return cells.lining.rows.voxel, 1.0
    return cells.precursors.rows.voxel, 1.0


def _scale(state: State, parameters: Table, row: SourceRow) -> Array | float:
    if row.scale == Scale.STRESS:
        return 1.0 + state.cells.osteocytes.rows.stress.astype(float)
    if row.scale == Scale.ALARM:
        return state.cells.osteocytes.rows.stress.astype(float)
    if row.scale == Scale.WORK:
        return state.cells.osteoclasts.rows.work.astype(float)
    if row.scale == Scale.MATURE:
        age = state.clock.time - state.cells.osteocytes.rows.born
        mature = age > parameters["fields.sclerostin.onset"]
        return np.multiply(mature, state.cells.osteocytes.rows.secretion, dtype=float)
    if row.scale == Scale.SUBSTRATE:
        serum = state.signals.levels.get("testosterone", 0.0)
        return serum + float(parameters["fields.estradiol.adrenal_substrate"])
    return 1.0


def compute_share(state: State, parameters: Table, species: Species, who: Population) -> float:
    """Return the share of RANKL production that goes to this form of it, 1 for other species."""
    if species not in (Species.RANKL_MEMBRANE, Species.RANKL_SOLUBLE):
        return 1.0
    hold = parameters["fields.rankl_membrane.retention"]
    hold *= state.signals.get(Target.RANKL_RETENTION, who)
    hold = min(hold, parameters["fields.rankl_membrane.retention_limit"])
    return hold if species == Species.RANKL_MEMBRANE else 1.0 - hold


def compute_rate(state: State, parameters: Table, row: SpeciesRow, source: SourceRow) -> float:
    """Return the rate of `source` under the present signals: molecules/d per unit of its scale."""
    rate = float(parameters[source.rate])
    if row.target is not None:
        rate *= state.signals.get(row.target, source.population)
    rate *= 1.0 - state.signals.blockade.get(str(row.species), 0.0)
    return rate * compute_share(state, parameters, row.species, source.population)


def compute_released(
    state: State, parameters: Table, row: SpeciesRow, source: SourceRow
) -> Released:
    """Return what the cells of `source` release into the marrow.

    Osteocytes release at their outlet, attenuated by exp(-reach / canalicular reach).
    """
    voxel, weight = _select(state, source)
    rate = compute_rate(state, parameters, row, source)
    amount = np.full(len(voxel), rate) * weight * _scale(state, parameters, source)
    if source.population == Population.LINING:
        # a row lines the surface of one voxel, whatever its size
        amount *= state.grid.voxel_surface / parameters["cells.lining.area"]
    if source.population == Population.OSTEOCYTE:
        reach = state.cells.osteocytes.rows.reach.astype(float)
        amount *= np.exp(-reach / parameters["fields.rankl.canalicular_reach"])
    return Released(voxel, amount)


def compute_coupling(state: State, parameters: Table) -> Array:
    """Factor of cytokines on RANKL production, shape (z, y, x) of the coarse grid, 1.

    Product over IL-1, IL-6 and TNF of 1 + a (x - 1)/(x + 1) with x = level / reference; rows
    fields.<cytokine>.on_rankl and .reference.
    """
    factor = np.ones(state.fields.coarse.shape[1:], np.float32)
    for species in CYTOKINES:
        strength = np.float32(parameters[f"fields.{species}.on_rankl"])
        reference = np.float32(parameters[f"fields.{species}.reference"])
        level = state.fields.get(species)
        couple(level.reshape(-1), strength, reference, factor.reshape(-1))
    return factor


def compute_source(
    state: State, parameters: Table, row: SpeciesRow, hierarchy: Hierarchy, coupling: Array | None
) -> Array:
    """Return the source of a species (pM/d per whole voxel), shape (z, y, x) of its own grid, float32.

    Parameters
    ----------
    coupling
        Factor on the production of stromal cells, shape (z, y, x) of the coarse grid; None for 1.
    """
    ones = np.ones(hierarchy.coarse_shape, np.float32)
    factor = ones if coupling is None else coupling
    out = _fill_diffuse(state, parameters, row, hierarchy, factor)
    edge = hierarchy.grid.voxel * (2.0 if row.is_coarse else 1.0)
    deposit = deposit_coarse if row.is_coarse else deposit_fine
    for source in row.sources:
        if source.scale != Scale.VOLUME:
            released = compute_released(state, parameters, row, source)
            local = factor if source.population in COUPLED else ones
            amount = released.amount * (MOLECULE / edge**3)
            deposit(released.voxel, amount, local, hierarchy.bits, out)
    return out


def _fill_diffuse(
    state: State, parameters: Table, row: SpeciesRow, hierarchy: Hierarchy, factor: Array
) -> Array:
    diffuse = [s for s in row.sources if s.scale == Scale.VOLUME]
    rate = sum(compute_rate(state, parameters, row, s) for s in diffuse) * MOLECULE
    if row.is_coarse:
        return (np.float32(rate) * hierarchy.coarse_pore * factor).astype(np.float32)
    out = np.empty(hierarchy.grid.shape, np.float32)
    fill_open(hierarchy.bits, rate, factor, out)
    return out


def compute_rank_sites(state: State, parameters: Table, hierarchy: Hierarchy) -> Array:
    """Return RANK of precursors and osteoclasts, shape (z, y, x), pM per fine voxel, float32.

    An osteoclast's lies on the surface under its disc, of `cells.osteoclast.area` a nucleus: in one
    voxel it would take all RANKL there, and miss it in the next.
    """
    out = np.zeros(hierarchy.grid.shape, np.float32)
    ones = np.ones(hierarchy.coarse_shape, np.float32)
    each = MOLECULE / hierarchy.grid.voxel_volume
    young = state.cells.precursors.rows
    sites = np.full(len(young.voxel), each * parameters["fields.rank.sites_precursor"])
    deposit_fine(young.voxel, sites, ones, hierarchy.bits, out)
    grown = state.cells.osteoclasts.rows
    grid, area = hierarchy.grid, parameters["cells.osteoclast.area"]
    sites = grown.nuclei * (each * parameters["fields.rank.sites_nucleus"])
    radius = np.sqrt(area * grown.nuclei / np.pi) / grid.voxel
    widest = np.sqrt(area * parameters["cells.osteoclast.most_nuclei"] / np.pi) / grid.voxel
    ball = make_ball(float(np.ceil(widest)))
    space = Space(*grid.shape, int(grid.periodic), grid.voxel)
    deposit_discs(grown.voxel, sites, radius, ball, hierarchy.bits, space, out)
    return out
