"""The stage that clears away pieces of bone that nothing holds."""

import numpy as np

from trabecula.base.codes import HALF
from trabecula.base.columns import Array
from trabecula.base.pieces import find_held
from trabecula.cells.events import count_event
from trabecula.cells.rates import Table as Parameters
from trabecula.cells.rates import compute_seam
from trabecula.cells.scene import Stage, make_moment
from trabecula.kernels.keyed import fill_draws
from trabecula.kernels.pieces import PIECES, label_pieces, take_pieces
from trabecula.state import State

EVERY = 30.0
"""Interval (d) at which pieces are looked for."""


def step_clearing(state: State, p: Parameters, stage: Stage) -> None:
    """Every month pieces of bone that nothing holds are looked for, and some are cleared away."""
    if not state.clock.is_due(EVERY):
        return
    since = max(1, round(EVERY / state.clock.length)) * state.clock.length
    matrix = state.lattice.matrix
    labels = np.zeros(matrix.shape, np.int32)
    count = int(label_pieces(matrix, stage.space, labels))
    loose = np.flatnonzero(~find_held(labels, count, bool(state.grid.periodic)))
    if not len(loose):
        return
    goes = np.zeros(count + 1, np.uint8)
    goes[loose] = _draw(state, labels, loose) < 1.0 - np.exp(-since / p["cells.piece.life"])
    if not goes.any():
        return
    state.volume.cleared += int(take_pieces(state.lattice, labels, goes, stage.space))
    count_event(state, "pieces_cleared", int(goes.sum()))
    stage.set_up(state, compute_seam(p, state.grid))
    _drop_osteoblasts(state, stage)


def _draw(state: State, labels: Array, loose: Array) -> Array:
    """Return a number in [0, 1) for each loose piece, keyed to its first voxel."""
    is_loose = np.zeros(int(labels.max()) + 1, bool)
    is_loose[loose] = True
    flat = np.flatnonzero(is_loose[labels])
    _, places = np.unique(labels.reshape(-1)[flat], return_index=True)
    moment, draws = make_moment(state), np.empty(len(loose))
    fill_draws(moment.seed, PIECES, moment.step, flat[places].astype(np.uint64), 0, draws)
    return draws


def _drop_osteoblasts(state: State, stage: Stage) -> None:
    """Let osteoblasts die whose bone has gone; the factor that they carry is lost."""
    table = state.cells.osteoblasts
    rows = table.rows
    adrift = stage.scene.contact.reshape(-1)[rows.voxel] == 0
    adrift &= state.lattice.matrix.reshape(-1)[rows.voxel] < HALF
    state.coupling.lost += int(rows.dose[adrift].sum())
    count_event(state, "osteoblasts_died", int(adrift.sum()))
    np.subtract.at(stage.scene.osteoblasts.reshape(-1), rows.voxel[adrift], 1)
    rows.uid[adrift] = 0
    table.compact()
