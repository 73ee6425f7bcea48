"""Stages of the osteoclast lineage."""

import numpy as np

from trabecula.base.errors import TrabeculaError
from trabecula.cells.events import count_event
from trabecula.cells.rates import Table as Parameters
from trabecula.cells.rates import make_osteoclast_rates, make_precursor_rates
from trabecula.cells.scene import Stage, make_ligands, make_moment, make_order
from trabecula.cells.sites import assign_sites
from trabecula.kernels.osteoclasts import (
    fuse_osteoclasts,
    move_osteoclasts,
    resorb,
    turn_over_nuclei,
)
from trabecula.kernels.precursors import lose_precursors, supply_precursors, walk_precursors
from trabecula.kernels.space import make_ball
from trabecula.state import State


def step_supply(state: State, p: Parameters, stage: Stage) -> None:
    """Precursors arrive with the blood and die; M-CSF keeps them alive.

    Raises
    ------
    TrabeculaError
        If there are more precursors than the table was made for.
    """
    rates = make_precursor_rates(p, state.signals)
    table, moment, ligands = state.cells.precursors, make_moment(state), make_ligands(state)
    died = lose_precursors(table.arrays, table.count, ligands, stage.space, moment, rates)
    expected = rates.influx * state.grid.size * state.grid.voxel_volume * moment.dt
    table.reserve(int(4 * expected) + 256)
    before = table.count
    count = supply_precursors(
        table.arrays, before, state.lattice.matrix, ligands, stage.space, moment, rates
    )
    if count < 0:
        msg = f"day {moment.time:g}: more precursors were born than fit; lower precursor.density"
        raise TrabeculaError(msg)
    table.count = int(count)
    count_event(state, "precursors_died", died)
    count_event(state, "precursors_born", table.count - before)


def step_walk(state: State, p: Parameters, stage: Stage, motion: bool, settle: bool) -> None:
    """Precursors wander up the RANKL gradient; those with occupied RANK settle on bare bone."""
    rates = make_precursor_rates(p, state.signals)
    rates = rates._replace(
        motility=rates.motility if motion else 0.0, adhesion=rates.adhesion if settle else 0.0
    )
    table, moment = state.cells.precursors, make_moment(state)
    table.compact()
    if len(stage.scene.settled) < table.capacity:
        stage.scene = stage.scene._replace(settled=np.zeros(table.capacity, np.uint8))
    stage.scene.settled[: table.count] = 0
    walk_precursors(
        table.arrays, table.count, stage.scene, make_ligands(state), stage.space, moment, rates
    )
    _differentiate(state, stage, np.flatnonzero(stage.scene.settled[: table.count]))
    table.compact()


def _differentiate(state: State, stage: Stage, chosen: np.ndarray) -> None:
    precursors, osteoclasts = state.cells.precursors, state.cells.osteoclasts
    rows = precursors.rows
    for i in chosen:
        flat = int(rows.voxel[i])
        osteoclasts.append(uid=rows.uid[i], voxel=flat, born=state.clock.time, nuclei=1)
        stage.scene.osteoclasts.reshape(-1)[flat] += 1
        rows.uid[i] = 0
    count_event(state, "osteoclasts_born", len(chosen))


def step_fusion(state: State, p: Parameters, stage: Stage) -> None:
    """Osteoclasts that touch fuse; nuclei are conserved."""
    rates = make_osteoclast_rates(p, state.signals, state.grid)
    table = state.cells.osteoclasts
    fused = fuse_osteoclasts(
        table.rows, make_order(state, table), stage.space, make_moment(state), rates
    )
    _refresh(state, stage)
    count_event(state, "osteoclasts_fused", fused)


def step_nuclei(state: State, p: Parameters, stage: Stage) -> None:
    """Nuclei die; RANK occupancy and IL-1 prolong, TGF-beta shortens their life."""
    rates = make_osteoclast_rates(p, state.signals, state.grid)
    table = state.cells.osteoclasts
    nuclei, cells = turn_over_nuclei(
        table.rows, table.count, make_ligands(state), stage.space, make_moment(state), rates
    )
    _refresh(state, stage)
    count_event(state, "nuclei_died", nuclei)
    count_event(state, "osteoclasts_died", cells)


def step_resorption(state: State, p: Parameters, stage: Stage, coupled: bool) -> None:
    """Osteoclasts creep to where RANKL is and remove matrix; its factor is bound to the surface."""
    rates = make_osteoclast_rates(p, state.signals, state.grid)
    if not coupled:
        rates = rates._replace(release=0.0)
    table, moment = state.cells.osteoclasts, make_moment(state)
    assign_sites(state, stage, rates.fewest, p["cells.site.join"])
    order = make_order(state, table)
    ligands, scene = make_ligands(state), stage.scene
    rows = table.rows
    move_osteoclasts(rows, order, scene, ligands, stage.space, moment, rates)
    reach = np.sqrt(rates.area * rates.most / np.pi) / state.grid.voxel
    ball = make_ball(max(float(reach), 1.75))
    books = state.sites.arrays
    context = (stage.space, moment, rates, ball)
    gone, released = resorb(rows, order, scene, ligands, state.lattice, books, context)
    state.volume.resorbed += int(gone)
    state.coupling.released += int(released)


def _refresh(state: State, stage: Stage) -> None:
    """Drop dead osteoclasts and count the living anew; none has moved."""
    table, counts = state.cells.osteoclasts, stage.scene.osteoclasts.reshape(-1)
    counts[table.rows.voxel] = 0
    table.compact()
    np.add.at(counts, table.rows.voxel, 1)
