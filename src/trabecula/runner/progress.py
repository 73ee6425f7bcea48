"""How far a run is, told a few times a second."""

import time
from collections.abc import Callable
from typing import NamedTuple

from trabecula.base.codes import FULL
from trabecula.model import TrabeculaModel

PAUSE = 0.2
"""Shortest time between two reports (s of wall time)."""


class Progress(NamedTuple):
    """One report.

    Parameters
    ----------
    phase
        ``spin-up``, ``settle`` or ``run``.
    time
        Simulated time (d), negative before day 0.
    until
        End of the phase (d).
    days_per_second
        Simulated days per second of wall time, in this phase.
    time_left
        Wall time that the phase will still take (s).
    bv_tv
        Bone volume fraction.
    """

    phase: str
    time: float
    until: float
    days_per_second: float
    time_left: float
    bv_tv: float


class Pacer:
    """Turns a model's steps into reports; call it after every step."""

    def __init__(
        self,
        phase: str,
        until: float,
        model: TrabeculaModel,
        report: Callable[[Progress], None] | None,
    ) -> None:
        self._phase, self._until, self._model, self._report = phase, until, model, report
        self._began = self._last = time.monotonic()
        self._first = model.state.clock.time

    def __call__(self) -> None:
        """Report, unless the last report was a moment ago."""
        now = time.monotonic()
        if self._report is not None and now - self._last >= PAUSE:
            self._last = now
            self._report(self.measure())

    def measure(self) -> Progress:
        """Return the present report."""
        state = self._model.state
        day = state.clock.time
        spent = max(time.monotonic() - self._began, 1e-9)
        speed = (day - self._first) / spent
        left = (self._until - day) / speed if speed > 0 else float("inf")
        bv_tv = state.volume.expected / FULL / state.grid.size
        return Progress(self._phase, day, self._until, speed, left, bv_tv)
