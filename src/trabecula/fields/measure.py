"""What is reported of the fields."""

import math
from typing import NamedTuple

import numpy as np

from trabecula.base.codes import Population, Species, Target
from trabecula.base.columns import Array
from trabecula.fields.hierarchy import Hierarchy, make_hierarchy
from trabecula.fields.numbers import Table
from trabecula.fields.sources import compute_coupling
from trabecula.kernels.levels import (
    count_surface,
    fill_occupancy,
    list_surface,
    sum_open,
    sum_surface,
    sum_weighted,
)
from trabecula.state.fieldstack import FieldStack
from trabecula.state.state import State


class Surface(NamedTuple):
    """The marrow voxels that have a face on bone, slab by slab.

    Parameters
    ----------
    starts
        Shape (z + 1,): where each slab begins in the list, and its end.
    voxels, blocks
        Shape (n,): flat places on the lattice and on the coarse grid.
    """

    starts: Array
    voxels: Array
    blocks: Array


def find_surface(hierarchy: Hierarchy) -> Surface:
    """List the surface voxels of a hierarchy."""
    bits, periodic = hierarchy.bits, hierarchy.grid.periodic
    counts = np.empty(len(bits), np.int64)
    count_surface(bits, periodic, counts)
    starts = np.concatenate([[0], np.cumsum(counts)])
    voxels, blocks = np.empty((2, starts[-1]), np.int64)
    list_surface(bits, periodic, starts, voxels, blocks)
    return Surface(starts, voxels, blocks)


def measure_fields(state: State, parameters: Table) -> dict[str, float]:
    """Return levels, ratio and occupancy of the fields as they stand.

    Keys: ``<species>_marrow`` and ``<species>_surface`` (pM), ``rankl_opg`` (total RANKL over
    total OPG at the surface, 1), ``rank_occupancy_surface``, ``rank_occupancy_surface_median`` and
    ``rank_occupancy_precursors`` (1), ``rankl_per_cell`` (RANKL that a marrow cell makes,
    relative to the replete state), ``local_estradiol`` (pM). NaN where there is nothing to average over.
    """
    fields = state.fields
    parts = make_hierarchy(state.grid, state.lattice.matrix, reuse=True, whole=False)
    result = _measure_marrow(fields, parts)
    surface = find_surface(parts)
    count, *totals = sum_at_surface(surface, fields.fine, fields.coarse)
    for species, total in zip(fields.fine_names + fields.coarse_names, totals, strict=True):
        result[f"{species}_surface"] = float(total / count) if count else math.nan
    result["rankl_opg"] = _compute_ratio(result)
    at_surface = _compute_surface_occupancy(state, parameters, surface)
    result["rank_occupancy_surface"] = _mean(at_surface)
    result["rank_occupancy_surface_median"] = (
        float(np.median(at_surface)) if len(at_surface) else math.nan
    )
    young = np.unravel_index(state.cells.precursors.rows.voxel, state.grid.shape)
    result["rank_occupancy_precursors"] = _mean(compute_occupancy(state, parameters, young))
    result["rankl_per_cell"] = _compute_rankl_per_cell(state, parameters, parts.coarse_pore)
    result["rankl_unsettled"] = state.fields.unsettled
    result["local_estradiol"] = state.signals.local_estradiol
    return result


def sum_at_surface(surface: Surface, fine: Array, coarse: Array) -> Array:
    """Return the surface voxels and the sum over them of every species, fine ones first.

    Parameters
    ----------
    fine, coarse
        Shape (species, z, y, x), each on its own grid, pM.

    Returns
    -------
    numpy.ndarray
        Shape (1 + species,), float64.
    """
    fine, coarse = (s.reshape(len(s), math.prod(s.shape[1:])) for s in (fine, coarse))
    slabs = np.empty((len(surface.starts) - 1, 1 + len(fine) + len(coarse)))
    sum_surface(surface.voxels, surface.blocks, surface.starts, fine, coarse, slabs)
    return slabs.sum(axis=0)


def _measure_marrow(fields: FieldStack, hierarchy: Hierarchy) -> dict[str, float]:
    pore = hierarchy.coarse_pore
    at_voxels = np.empty((hierarchy.grid.shape[0], 1 + len(fields.fine)))
    at_blocks = np.empty((pore.shape[0], 1 + len(fields.coarse)))
    sum_open(fields.fine, hierarchy.bits, at_voxels)
    sum_weighted(fields.coarse, pore, at_blocks)
    result: dict[str, float] = {}
    for names, sums in ((fields.fine_names, at_voxels), (fields.coarse_names, at_blocks)):
        volume, *totals = sums.sum(axis=0)
        for species, total in zip(names, totals, strict=True):
            result[f"{species}_marrow"] = float(total / volume) if volume > 0 else math.nan
    return result


def _compute_surface_occupancy(state: State, parameters: Table, surface: Surface) -> Array:
    membrane = state.fields.get(Species.RANKL_MEMBRANE).reshape(-1)
    soluble = state.fields.get(Species.RANKL_SOLUBLE).reshape(-1)
    out = np.empty(len(surface.voxels))
    kd = float(parameters["fields.rank.kd"])
    fill_occupancy(surface.voxels, surface.blocks, membrane, soluble, kd, out)
    return out


def compute_occupancy(state: State, parameters: Table, where: tuple[Array, ...]) -> Array:
    """Return the occupied share of RANK at voxels (z, y, x): R / (KD + R), row fields.rank.kd.

    Parameters
    ----------
    where
        Indices (z, y, x) of the voxels, each of shape (n,).

    Returns
    -------
    numpy.ndarray
        Shape (n,), 1.
    """
    free = _read(state, Species.RANKL_MEMBRANE, where) + _read(state, Species.RANKL_SOLUBLE, where)
    return free / (parameters["fields.rank.kd"] + free)


def _read(state: State, species: Species, where: tuple[Array, ...]) -> Array:
    z, y, x = where
    field = state.fields.get(species)
    if state.fields.is_coarse(species):
        return field[z // 2, y // 2, x // 2].astype(float)  # type: ignore[no-any-return]
    return field[z, y, x].astype(float)


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else math.nan


def _compute_ratio(levels: dict[str, float]) -> float:
    """RANKL over OPG at the surface, both with their complex; what a drug holds of RANKL is left out."""
    bound = levels["rankl_opg_surface"]
    ligand = levels["rankl_membrane_surface"] + levels["rankl_soluble_surface"] + bound
    decoy = levels["opg_surface"] + bound
    return ligand / decoy if decoy > 0 else math.nan


def _compute_rankl_per_cell(state: State, parameters: Table, pore: Array) -> float:
    """RANKL on a marrow cell, relative to the replete state at reference cytokines (1).

    Blocks count by their share of marrow. It is what flow cytometry of marrow cells sees (stromal, T
    and B cells; Eghbali-Fatourechi 2003, doi:10.1172/JCI17215): what hormones let it make and keep,
    times cytokines on the spot.
    """
    signal = state.signals.get(Target.RANKL_PRODUCTION, Population.MARROW)
    signal *= state.signals.get(Target.RANKL_RETENTION, Population.MARROW)
    marrow = float(pore.sum(dtype=float))
    if marrow == 0.0:
        return math.nan
    return signal * float((compute_coupling(state, parameters) * pore).sum(dtype=float)) / marrow
