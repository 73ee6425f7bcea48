"""Totals of the ledgers over the last year, from which rates over any window follow."""

from collections import deque
from typing import NamedTuple

from trabecula.state import State

LONGEST = 365.25
"""Span that the history keeps (d)."""


class Totals(NamedTuple):
    """Ledger totals at one moment; matrix and factor in quanta.

    Parameters
    ----------
    time
        Time (d).
    formed, resorbed
        Matrix laid down and removed since the beginning.
    released
        Coupling factor released or granted since the beginning.
    """

    time: float
    formed: int
    resorbed: int
    released: int


class History:
    """Totals of the samples of the last year; plain numbers, so that a checkpoint can hold it."""

    def __init__(self, rows: list[list[float]] | None = None) -> None:
        self.rows: deque[Totals] = deque()
        for time, *counts in rows or []:
            self.rows.append(Totals(time, *(int(count) for count in counts)))

    def add(self, state: State) -> None:
        """Note the present totals and forget what is older than a year."""
        volume, now = state.volume, state.clock.time
        came = state.coupling.released + state.coupling.granted
        totals = Totals(now, volume.formed, volume.resorbed, came)
        if self.rows and self.rows[-1].time == now:
            self.rows.pop()
        self.rows.append(totals)
        while len(self.rows) > 2 and self.rows[1].time <= now - LONGEST:
            self.rows.popleft()

    def compute_window(self, width: float) -> Totals | None:
        """Return what was added in the last `width` (d); `time` holds the span that was found.

        The span is the shortest of at least `width` between samples, or all that is known;
        None if there are fewer than two samples.
        """
        if len(self.rows) < 2:
            return None
        last = self.rows[-1]
        earlier = [row for row in self.rows if row.time <= last.time - width]
        first = earlier[-1] if earlier else self.rows[0]
        return Totals(*(b - a for a, b in zip(first, last, strict=True)))  # type: ignore[arg-type]

    def to_rows(self) -> list[list[float]]:
        """Return the samples as plain lists, each number in the unit of its column."""
        return [list(row) for row in self.rows]
