"""Progress of work that comes in pieces, such as the frames of a film."""

import sys
import time
from typing import Any

import typer

QUIET = 10.0
"""Seconds between two plain lines."""


class Counter:
    """Says how many of `total` are done: a bar on a terminal, now and then a line elsewhere."""

    def __init__(self, total: int, what: str) -> None:
        self._total, self._what = total, what
        self._start = self._last = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> "Counter":
        if sys.stdout.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bars

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Bars(*columns, TimeRemainingColumn())
            self._task = self._bar.add_task(self._what, total=self._total)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int) -> None:
        """Show that `done` are done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done)
            return
        now = time.monotonic()
        if done in (1, self._total) or now - self._last >= QUIET:
            self._last = now
            left = (now - self._start) / done * (self._total - done)
            typer.echo(f"{self._what} {done} of {self._total}, {left:.0f} s left")
            sys.stdout.flush()
