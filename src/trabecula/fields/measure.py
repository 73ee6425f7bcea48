"""What is reported of the fields."""

import numpy as np

from trabecula.base.codes import Population, Species
from trabecula.base.columns import Array
from trabecula.config.species import Scale, load_species
from trabecula.fields.hierarchy import make_hierarchy
from trabecula.fields.numbers import Table
from trabecula.fields.sources import COUPLED, compute_coupling, compute_released
from trabecula.state.state import State


def measure_fields(state: State, parameters: Table) -> dict[str, float]:
    """Return levels, ratio and occupancy of the fields as they stand.

    Keys: ``<species>_marrow`` and ``<species>_surface`` (pM), ``rankl_opg`` (total RANKL over
    total OPG at the surface, 1), ``rank_occupancy_surface``, ``rank_occupancy_surface_median`` and
    ``rank_occupancy_precursors`` (1), ``rankl_per_cell`` (molecules/d that an expressing cell puts
    on its membrane), ``local_estradiol`` (pM). NaN where there is nothing to average over.
    """
    hierarchy = make_hierarchy(state.grid, state.lattice.matrix, reuse=True)
    surface = np.nonzero(hierarchy.mark_surface())
    result: dict[str, float] = {}
    for species in Species:
        field = state.fields.get(species)
        weight = hierarchy.coarse_pore if state.fields.is_coarse(species) else hierarchy.is_open
        result[f"{species}_marrow"] = _average(field, weight)
        result[f"{species}_surface"] = _mean(_read(state, species, surface))
    result["rankl_opg"] = _compute_ratio(result)
    at_surface = compute_occupancy(state, parameters, surface)
    result["rank_occupancy_surface"] = _mean(at_surface)
    result["rank_occupancy_surface_median"] = (
        float(np.median(at_surface)) if len(at_surface) else float("nan")
    )
    young = np.unravel_index(state.cells.precursors.rows.voxel, state.grid.shape)
    result["rank_occupancy_precursors"] = _mean(compute_occupancy(state, parameters, young))
    result["rankl_per_cell"] = _compute_rankl_per_cell(state, parameters)
    result["local_estradiol"] = state.signals.local_estradiol
    return result


def compute_occupancy(state: State, parameters: Table, where: tuple[Array, ...]) -> Array:
    """Return the occupied share of RANK at voxels (z, y, x): R / (KD + R), row fields.rank.kd."""
    free = _read(state, Species.RANKL_MEMBRANE, where) + _read(state, Species.RANKL_SOLUBLE, where)
    return free / (parameters["fields.rank.kd"] + free)


def _read(state: State, species: Species, where: tuple[Array, ...]) -> Array:
    z, y, x = where
    field = state.fields.get(species)
    if state.fields.is_coarse(species):
        return field[z // 2, y // 2, x // 2].astype(float)  # type: ignore[no-any-return]
    return field[z, y, x].astype(float)


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _average(field: Array, weight: Array) -> float:
    total = weight.sum(dtype=float)
    return float((field * weight).sum(dtype=float) / total) if total > 0 else float("nan")


def _compute_ratio(levels: dict[str, float]) -> float:
    """Total RANKL over total OPG at the surface.

    The complex counts in both.
    """
    bound = levels["rankl_opg_surface"]
    ligand = levels["rankl_membrane_surface"] + levels["rankl_soluble_surface"] + bound
    decoy = levels["opg_surface"] + bound
    return ligand / decoy if decoy > 0 else float("nan")


def _compute_rankl_per_cell(state: State, parameters: Table) -> float:
    row = next(r for r in load_species() if r.species == Species.RANKL_MEMBRANE)
    coupling = compute_coupling(state, parameters)
    total, cells = 0.0, 0
    for source in row.sources:
        if source.scale == Scale.VOLUME:
            continue
        voxel, amount = compute_released(state, parameters, row, source)
        if source.population in COUPLED:
            z, y, x = np.unravel_index(voxel, state.grid.shape)
            amount = amount * coupling[z // 2, y // 2, x // 2]
        expressing = amount > 0 if source.population != Population.OSTEOCYTE else voxel >= 0
        total += float(amount[expressing].sum())
        cells += int(np.count_nonzero(expressing))
    return total / cells if cells else float("nan")
