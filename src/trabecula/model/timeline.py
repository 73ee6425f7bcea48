"""Moving day 0: all times in a state are relative to it."""

import numpy as np

from trabecula.state import Clock, State

SITE_TIMES = (
    "activated",
    "first_resorbed",
    "last_resorbed",
    "first_formed",
    "last_formed",
    "ended",
)
"""Columns of the site ledger that hold moments."""


def count_steps(duration: float, length: float) -> int:
    """Return how many steps of `length` (d) make up `duration` (d), to the nearest."""
    return round(duration / length)


def is_due(clock: Clock, time: float, interval: float) -> bool:
    """Whether `time` (d) is a whole number of `interval` (d) from day 0."""
    ticks = max(1, count_steps(interval, clock.length))
    return round(time / clock.length) % ticks == 0


def is_passed(clock: Clock, time: float, interval: float, every: float) -> bool:
    """Whether a whole number of `interval` (d) from day 0 lies in the `every` d up to `time` (d)."""
    now, ticks = round(time / clock.length), max(1, count_steps(interval, clock.length))
    before = now - max(1, count_steps(every, clock.length))
    return now // ticks > before // ticks


def shift_zero(state: State, steps: int) -> None:
    """Put day 0 `steps` later (negative: earlier) and correct every moment that the state holds."""
    state.clock.zero += steps
    days = steps * state.clock.length
    for moments in (state.lattice.formed, state.lattice.resorbed):
        moments[...] -= np.float32(days)
    cells = state.cells
    for table in (
        cells.precursors,
        cells.osteoclasts,
        cells.osteoblasts,
        cells.lining,
        cells.osteocytes,
    ):
        table.rows.born[...] -= days
    for name in SITE_TIMES:
        getattr(state.sites.rows, name)[...] -= days
