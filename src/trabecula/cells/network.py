"""Stages of the osteocyte network."""

from trabecula.cells.events import count_event
from trabecula.cells.rates import Table as Parameters
from trabecula.cells.rates import make_osteocyte_rates
from trabecula.cells.scene import Stage, make_moment
from trabecula.kernels.osteocytes import age_osteocytes, find_outlets, trigger_clusters
from trabecula.kernels.space import make_ball
from trabecula.state import State

OUTLETS_EVERY = 5.0
"""Interval (d) at which every osteocyte looks for a nearer outlet; closed ones are sought at once."""


def step_network(state: State, p: Parameters, stage: Stage, ageing: bool) -> None:
    """Osteocytes of resorbed bone are freed, old ones die, stress fades, canaliculi find outlets."""
    rates = make_osteocyte_rates(p, state.signals)
    if not ageing:
        rates = rates._replace(death=0.0)
    table, moment = state.cells.osteocytes, make_moment(state)
    freed, dead = age_osteocytes(table.rows, table.count, state.lattice.matrix, moment, rates)
    table.compact()
    ball = make_ball(p["cells.osteocyte.canaliculi"] / state.grid.voxel)
    every = state.clock.is_due(OUTLETS_EVERY)
    find_outlets(table.rows, table.count, state.lattice.matrix, stage.space, ball, every)
    count_event(state, "osteocytes_freed", freed)
    count_event(state, "osteocytes_died", dead)


def step_triggering(state: State, p: Parameters, stage: Stage) -> None:
    """Clusters of osteocytes die near the surface and their neighbours call for osteoclasts."""
    rates = make_osteocyte_rates(p, state.signals)
    table = state.cells.osteocytes
    clusters, killed = trigger_clusters(
        table.rows, table.count, state.lattice.formed, stage.space, make_moment(state), rates
    )
    table.compact()
    count_event(state, "clusters", clusters)
    count_event(state, "osteocytes_killed", killed)
