"""Stages of the osteoblast lineage and of the lining."""

import numpy as np

from trabecula.base.codes import FULL
from trabecula.base.errors import TrabeculaError
from trabecula.cells.events import count_event
from trabecula.cells.rates import Table as Parameters
from trabecula.cells.rates import make_lining_rates, make_osteoblast_rates
from trabecula.cells.scene import Stage, make_ligands, make_moment, make_order
from trabecula.kernels.factor import fade_factor, grant_factor, settle_factor
from trabecula.kernels.lining import cover_surface, open_surface, shift_lining, wake_lining
from trabecula.kernels.osteoblasts import (
    activate,
    appose,
    end_osteoblasts,
    lose_osteoblasts,
    recruit,
    take_up,
)
from trabecula.kernels.places import crawl
from trabecula.kernels.precursors import push_out
from trabecula.kernels.space import make_ball
from trabecula.state import State

OSTEOCYTE, LINING, DEAD = 2, 3, 4


def step_factor(state: State, p: Parameters, stage: Stage) -> None:
    """Bound factor stays on the surface, wherever it goes, and fades slowly; far from any it is lost."""
    far = p["cells.factor.buried_reach"]
    ball = make_ball(far / state.grid.voxel)
    near = len(make_ball(min(p["cells.factor.reach"], far) / state.grid.voxel))
    moment = make_moment(state)
    lost = settle_factor(state.lattice, stage.scene, stage.space, ball, near, moment)
    faded = fade_factor(state.lattice.bound, moment, 1.0 / p["cells.factor.life"])
    state.coupling.lost += int(lost)
    state.coupling.faded += int(faded)


def step_modelling(state: State, p: Parameters, stage: Stage) -> None:
    """Strained osteocytes send factor to the surface, and lining cells over it wake and build.

    Raises
    ------
    TrabeculaError
        If there are more woken osteoblasts than the table was made for.
    """
    cells, moment = state.cells, make_moment(state)
    quanta = p["cells.osteocyte.grant"] * FULL / state.grid.voxel_volume
    table = cells.osteocytes
    granted = grant_factor(
        table.rows, table.count, state.lattice.bound, stage.scene.contact, moment, quanta
    )
    state.coupling.granted += int(granted)
    rates, builders = make_lining_rates(p, state.grid), cells.osteoblasts
    covered = state.lattice.bound.reshape(-1)[cells.lining.rows.voxel] > 0
    builders.reserve(int(np.count_nonzero(covered)) + 64)
    before = builders.count
    count = wake_lining(
        cells.lining.rows, builders.arrays, (cells.lining.count, before), stage.scene, state.lattice,
        state.sites.rows.phase, (stage.space, moment), rates,
    )  # fmt: skip
    if count < 0:
        msg = f"day {state.clock.time:g}: more lining cells woke than osteoblasts fit in the table"
        raise TrabeculaError(msg)
    builders.count = int(count)
    cells.lining.compact()
    count_event(state, "lining_woken", builders.count - before)


def step_recruitment(state: State, p: Parameters, stage: Stage) -> None:
    """Bound factor, TGF-beta and IGF-1 bring preosteoblasts to bare surface.

    Raises
    ------
    TrabeculaError
        If there are more preosteoblasts than the table was made for.
    """
    rates = make_osteoblast_rates(p, state.signals, state.grid)
    table = state.cells.osteoblasts
    holding = int(np.count_nonzero(state.lattice.bound))
    table.reserve(rates.places * holding + 64)
    context = (stage.space, make_moment(state), rates)
    before = table.count
    phase = state.sites.rows.phase
    count = recruit(
        table.arrays, before, stage.scene, state.lattice, phase, make_ligands(state), context
    )
    if count < 0:
        msg = f"day {state.clock.time:g}: more preosteoblasts were recruited than fit in the table"
        raise TrabeculaError(msg)
    table.count = int(count)
    count_event(state, "osteoblasts_born", table.count - before)


def step_activation(state: State, p: Parameters, stage: Stage) -> None:
    """Preosteoblasts turn active where osteoclasts have left and the patch is densely settled."""
    rates = make_osteoblast_rates(p, state.signals, state.grid)
    table = state.cells.osteoblasts
    ball = make_ball(rates.clearance / state.grid.voxel)
    activated = activate(
        table.arrays, table.count, stage.scene, state.lattice, stage.space, make_moment(state),
        (rates, ball),
    )  # fmt: skip
    count_event(state, "osteoblasts_activated", activated)


def step_death(state: State, p: Parameters, stage: Stage) -> None:
    """Osteoblasts may die before their work is done; the factor that they carry is lost."""
    rates = make_osteoblast_rates(p, state.signals, state.grid)
    table = state.cells.osteoblasts
    died, lost = lose_osteoblasts(
        table.arrays, table.count, stage.scene, stage.space, make_moment(state), rates
    )
    state.coupling.lost += int(lost)
    count_event(state, "osteoblasts_died", died)
    table.compact()


def step_apposition(state: State, p: Parameters, stage: Stage, embed: bool) -> None:
    """Active osteoblasts take up factor and lay osteoid for it, then end by their fate."""
    rates = make_osteoblast_rates(p, state.signals, state.grid)
    if not embed:
        rates = rates._replace(osteocytes=0.0)
    table, moment = state.cells.osteoblasts, make_moment(state)
    order = make_order(state, table)
    rows, lattice, ligands = table.rows, state.lattice, make_ligands(state)
    crawl(rows, order, stage.scene, lattice, stage.space, moment, rates)
    take_up(rows, order, lattice, stage.space, moment, rates)
    context = (stage.space, moment, rates)
    formed, spent = appose(rows, order, stage.scene, ligands, lattice, state.sites.arrays, context)
    state.volume.formed += int(formed)
    state.coupling.spent += int(spent)
    end_osteoblasts(rows, table.count, stage.scene, lattice, stage.space, moment, rates)
    _bury(state, stage)
    table.compact()
    stage.scene.closed[...] = 0
    _make_way(state, p, stage)


def _bury(state: State, stage: Stage) -> None:
    """Turn the ended osteoblasts into osteocytes, lining cells or nothing."""
    rows = state.cells.osteoblasts.rows
    fate = rows.stage
    buried = np.flatnonzero((fate == OSTEOCYTE) & (rows.uid != 0))
    lined = np.flatnonzero((fate == LINING) & (rows.uid != 0))
    ended = np.flatnonzero((fate == DEAD) & (rows.uid != 0))
    time = state.clock.time
    if len(buried):
        state.cells.osteocytes.append(
            uid=rows.uid[buried],
            voxel=rows.voxel[buried],
            born=np.full(len(buried), time),
            outlet=-2,
        )
    lining = stage.scene.lining.reshape(-1)
    contact = stage.scene.contact.reshape(-1)
    placed = 0
    for i in lined:
        flat = int(rows.voxel[i])
        if contact[flat] > 0 and lining[flat] == 0:
            placed += 1
            lining[flat] = 1
            state.lattice.eroded.reshape(-1)[flat] = 0
            state.cells.lining.append(uid=rows.uid[i], voxel=flat, born=time)
    rows.uid[np.concatenate((buried, lined, ended))] = 0
    count_event(state, "osteocytes_born", len(buried))
    count_event(state, "osteoblasts_lined", placed)
    # a place has room for one lining cell: others that end in it die
    count_event(state, "osteoblasts_ended", len(ended) + len(lined) - placed)


def _make_way(state: State, p: Parameters, stage: Stage) -> None:
    """Push precursors and osteoclasts out of voxels that have just become bone."""
    ball = make_ball(p["cells.factor.buried_reach"] / state.grid.voxel)
    counts = stage.scene.osteoclasts.reshape(-1)
    counts[state.cells.osteoclasts.rows.voxel] = 0
    for table, event in (
        (state.cells.precursors, "precursors_died"),
        (state.cells.osteoclasts, "osteoclasts_died"),
    ):
        rows = table.rows
        lost = push_out(rows.uid, rows.voxel, table.count, state.lattice.matrix, stage.space, ball)
        table.compact()
        count_event(state, event, lost)
    np.add.at(counts, state.cells.osteoclasts.rows.voxel, 1)


def step_opening(state: State, p: Parameters, stage: Stage) -> None:
    """Lining cells withdraw where RANKL is high."""
    rates = make_lining_rates(p, state.grid)
    table = state.cells.lining
    opened = open_surface(
        table.rows,
        table.count,
        stage.scene,
        make_ligands(state),
        stage.space,
        make_moment(state),
        rates,
    )
    table.compact()
    count_event(state, "lining_opened", opened)


def step_covering(state: State, p: Parameters, stage: Stage) -> None:
    """Lining cells follow the surface and close what nobody works on.

    Raises
    ------
    TrabeculaError
        If there are more lining cells than the table was made for.
    """
    rates = make_lining_rates(p, state.grid)
    table = state.cells.lining
    shed = shift_lining(table.rows, table.count, stage.scene, stage.space, make_moment(state))
    table.compact()
    bare = int(np.count_nonzero((stage.scene.contact > 0) & (stage.scene.lining == 0)))
    table.reserve(bare + 64)
    ball = make_ball(rates.clearance / state.grid.voxel)
    before = table.count
    count = cover_surface(
        table.arrays,
        before,
        stage.scene,
        state.lattice,
        stage.space,
        make_moment(state),
        (rates, ball),
    )
    if count < 0:
        msg = f"day {state.clock.time:g}: more lining cells were born than fit in the table"
        raise TrabeculaError(msg)
    table.count = int(count)
    count_event(state, "lining_shed", shed)
    count_event(state, "lining_born", table.count - before)
