"""The BMU ledger: where a site begins, which phase it is in, when it is done."""

import numpy as np

from trabecula.base.codes import Phase
from trabecula.cells.events import count_event
from trabecula.cells.scene import Stage
from trabecula.kernels.sites import find_live_site, tally_sites
from trabecula.kernels.space import make_ball
from trabecula.state import State


def find_site(state: State, stage: Stage, flat: int, fewest: int, join: float) -> int:
    """Return the site that an osteoclast at `flat` works in, a new one if none is within `join` (um).

    It joins osteoclasts of `fewest` nuclei or more: what is left of smaller ones holds no site open to
    newcomers, or one site would run into the next for years.
    """
    table = state.sites
    ball = make_ball(join / state.grid.voxel)
    rows = state.cells.osteoclasts.rows
    found = int(
        find_live_site(
            flat,
            rows.voxel,
            np.where(rows.nuclei >= fewest, rows.site, 0),
            rows.uid,
            table.rows.phase,
            state.lattice,
            (stage.space, ball),
        )
    )
    if found > 0:
        return found
    table.append(activated=state.clock.time, voxel=flat)
    count_event(state, "sites_begun", 1)
    return table.count


def assign_sites(state: State, stage: Stage, fewest: int, join: float) -> None:
    """Give every osteoclast with `fewest` nuclei a site; a new one if none is within `join` (um)."""
    rows = state.cells.osteoclasts.rows
    for i in np.flatnonzero((rows.nuclei >= fewest) & (rows.site == 0)):
        rows.site[i] = find_site(state, stage, int(rows.voxel[i]), fewest, join)


def step_sites(state: State, seam: int, fewest: int) -> None:
    """Move every open site on to the phase that its cells are in.

    Parameters
    ----------
    seam
        Bound factor (quanta) of a voxel that still waits for osteoblasts.
    fewest
        Nuclei of an osteoclast that makes a site resorbing; what is left of smaller ones digs on in
        reversal, as mononuclear cells do, and keeps the site from ending.
    """
    table = state.sites
    rows = table.rows
    if table.count == 0:
        return
    clasts = state.cells.osteoclasts.rows
    resorbing = np.zeros(table.count + 1, np.int64)
    left = np.zeros(table.count + 1, np.int64)
    forming = np.zeros(table.count + 1, np.int64)
    bound = np.zeros(table.count + 1, np.int64)
    np.add.at(resorbing, clasts.site[clasts.nuclei >= fewest], 1)
    np.add.at(left, clasts.site, 1)
    np.add.at(forming, state.cells.osteoblasts.rows.site, 1)
    tally_sites(state.lattice.bound, state.lattice.site, seam, bound)
    open_sites = np.flatnonzero(rows.phase < Phase.COMPLETE)
    time = state.clock.time
    for row in open_sites:
        site = row + 1
        if resorbing[site]:
            rows.phase[row] = Phase.RESORPTION
        elif rows.resorbed[row] == 0:
            if not left[site]:
                rows.phase[row], rows.ended[row] = Phase.ABANDONED, time
        elif forming[site] or bound[site] or left[site]:
            has_formed = not np.isnan(rows.first_formed[row])
            rows.phase[row] = Phase.FORMATION if has_formed else Phase.REVERSAL
        else:
            rows.phase[row], rows.ended[row] = Phase.COMPLETE, time
            count_event(state, "sites_completed", 1)
