"""What no state may hold: looked at before every commit, so that no file is quietly wrong."""

import numpy as np

from trabecula.base.codes import HALF
from trabecula.base.columns import Array
from trabecula.base.errors import StateError
from trabecula.lattice import check_ledgers
from trabecula.state import State

OUTSIDE_BONE = ("precursors", "osteoclasts", "lining")
"""Cells that never lie in bone; an osteoblast fills its own place before it leaves it."""

ADVICE = "the state cannot be trusted; go back to the last checkpoint (`trabecula resume`)"


def check_state(state: State) -> None:
    """Insist on closed ledgers, finite fields that are nowhere negative, and cells in their places.

    Raises
    ------
    LedgerError
        If matrix or coupling factor do not close.
    StateError
        If a concentration is negative or no number, or a cell lies outside of the lattice or in bone;
        names the place and the day.
    """
    check_ledgers(state)
    fields = state.fields
    for species in (*fields.fine_names, *fields.coarse_names):
        level = fields.get(species)
        wrong = ~(level >= 0) | ~np.isfinite(level)
        if wrong.any():
            place = tuple(int(i) for i in np.argwhere(wrong)[0])
            _refuse(state, f"{species} is {level[place]:g} pM at {place}")
    if not np.isfinite(state.lattice.mineral).all():
        _refuse(state, "the degree of mineralisation is no number somewhere")
    matrix = state.lattice.matrix.reshape(-1)
    for name, table in vars(state.cells).items():
        _check_cells(state, name, table.rows.voxel, matrix)


def _check_cells(state: State, name: str, voxel: Array, matrix: Array) -> None:
    outside = (voxel < 0) | (voxel >= state.grid.size)
    if outside.any():
        _refuse(state, f"{name} lie outside of the lattice, at index {voxel[outside][0]}")
    if name in OUTSIDE_BONE:
        inside = matrix[voxel] >= HALF
        if inside.any():
            place = state.grid.to_zyx(int(voxel[inside][0]))
            _refuse(state, f"{name} lie in bone, one at {tuple(int(i) for i in place)}")


def _refuse(state: State, words: str) -> None:
    msg = f"day {state.clock.time:g}, step {state.clock.step}: {words}; {ADVICE}"
    raise StateError(msg)
