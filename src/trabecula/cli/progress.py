"""How a run is watched: a live line on a terminal, now and then a plain line elsewhere."""

import math
import sys
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

import typer

if TYPE_CHECKING:
    from trabecula.kernels.compile import Compilation
    from trabecula.runner import Progress
    from trabecula.study.sweeping import SweepProgress

QUIET = 10.0
"""Seconds between two plain lines."""


ANNOUNCEMENT = "compiling loops, once for this version and machine: a minute or two"


def to_date(days: float) -> str:
    """Return simulated time in years and days; spin-up counts down to day 0."""
    sign, whole = "-" if days < 0 else "", round(abs(days))
    years = int((whole + 0.5) / 365.25)  # a year of 365.25 d is lived in 365 whole ones
    rest = whole - round(365.25 * years)
    if years and rest:
        return f"{sign}{years} y {rest:3d} d"
    return f"{sign}{years} y" if years else f"{sign}{rest} d"


def to_clock(seconds: float) -> str:
    """Return wall time as minutes and seconds; a dash while it is unknown."""
    if not seconds < 1e6:
        return "-"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def describe_compilation(compilation: "Compilation") -> str:
    """Return how far compiling is, in words."""
    done, seconds = compilation.done, to_clock(compilation.seconds)
    return f"compiling loops: {done} done in {seconds}, now {compilation.name}"


class CompilationNotice:
    """Says on the standard error that kernels are being compiled, now and then how far that is."""

    def __init__(self, pause: float = QUIET) -> None:
        self._pause, self._last = pause, -math.inf
        self._is_said = False
        self._watch: AbstractContextManager[None] | None = None

    def __enter__(self) -> Self:
        from trabecula.kernels.compile import watch_compilation

        self._watch = watch_compilation(self.tell)
        self._watch.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._watch is not None:
            self._watch.__exit__(*error)

    def tell(self, compilation: "Compilation") -> None:
        """Show that a kernel begins to be compiled."""
        now = time.monotonic()
        if now - self._last >= self._pause:
            self._last = now
            self.show(describe_compilation(compilation) if self._is_said else ANNOUNCEMENT)
            self._is_said = True

    def show(self, words: str) -> None:
        """Print the words."""
        typer.echo(words, err=True)


class PlainWatch(CompilationNotice):
    """Prints a line when a phase begins and every few seconds after."""

    def __init__(self, pause: float = QUIET) -> None:
        super().__init__(pause)
        self._reported, self._phase = 0.0, ""

    def __call__(self, progress: "Progress") -> None:
        """Show a report."""
        now = time.monotonic()
        if progress.phase == self._phase and now - self._reported < self._pause:
            return
        self._reported, self._phase = now, progress.phase
        end = f"of {to_date(progress.until)}" if progress.until > 0.0 else "before day 0"
        typer.echo(
            f"{progress.phase:8s} {to_date(abs(progress.time)):>12s} {end}, "
            f"{progress.days_per_second:.1f} d/s, {to_clock(progress.time_left)} left, "
            f"BV/TV {progress.bv_tv:.2%}"
        )
        sys.stdout.flush()


class LiveWatch(CompilationNotice):
    """Shows one bar per phase with date, speed, time left and bone volume."""

    def __init__(self) -> None:
        super().__init__(0.0)
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.description:8s}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[words]}"),
        )
        self._phase, self._start = "", 0.0
        self._task: Any = None
        self._compiling: Any = None

    def __enter__(self) -> Self:
        self._bars.start()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._bars.stop()

    def show(self, words: str) -> None:
        """Show the words beside a bar without an end."""
        if self._compiling is None:
            self._compiling = self._bars.add_task("kernels", total=None, words=words)
        self._bars.update(self._compiling, words=words)

    def __call__(self, progress: "Progress") -> None:
        """Show a report."""
        words = (
            f"{to_date(progress.time):>12s} {progress.days_per_second:.1f} d/s "
            f"{to_clock(progress.time_left)} left BV/TV {progress.bv_tv:.2%}"
        )
        if progress.phase != self._phase:
            self._phase, self._start = progress.phase, progress.time
            span = max(progress.until - progress.time, 1e-9)
            self._task = self._bars.add_task(progress.phase, total=span, words=words)
        self._bars.update(self._task, completed=progress.time - self._start, words=words)


def make_watch() -> PlainWatch | LiveWatch:
    """Return what fits the standard output."""
    return LiveWatch() if sys.stdout.isatty() else PlainWatch()


class PlainSweepWatch:
    """Prints a line on the standard error stream every few seconds while a sweep goes on."""

    def __init__(self, pause: float = QUIET) -> None:
        self._pause, self._last, self._ended = pause, 0.0, -1

    def __enter__(self) -> "PlainSweepWatch":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def say(self, text: str) -> None:
        """Print a line."""
        typer.echo(text, err=True)

    def __call__(self, progress: "SweepProgress") -> None:
        """Show a report, if a while has passed since the last one and something has."""
        now, ended = time.monotonic(), progress.done + progress.failed
        is_last = ended == progress.total != self._ended
        if not is_last and (now - self._last < self._pause or ended == self._ended):
            return
        self._last, self._ended = now, ended
        self.say(
            f"{progress.done} done, {progress.failed} failed of {progress.total}, "
            f"{to_clock(progress.seconds_left)} left"
        )


class LiveSweepWatch:
    """Shows one bar with runs done and failed, and the time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.fields[done]} of {task.fields[runs]}"),
            BarColumn(bar_width=32),
            TextColumn("{task.percentage:3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]} left"),
            TextColumn("[red]{task.fields[failed]}"),
            console=Console(stderr=True),
        )
        self._task: Any = None

    def __enter__(self) -> "LiveSweepWatch":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._bars.console.print(text, markup=False, highlight=False)

    def __call__(self, progress: "SweepProgress") -> None:
        """Show a report."""
        fields: dict[str, Any] = {
            "done": progress.done,
            "runs": progress.total,
            "left": to_clock(progress.seconds_left),
            "failed": f"{progress.failed} failed" if progress.failed else "",
        }
        if self._task is None:
            self._task = self._bars.add_task("sweep", total=1.0, **fields)
        self._bars.update(self._task, completed=progress.share, **fields)


def make_sweep_watch() -> PlainSweepWatch | LiveSweepWatch:
    """Return what fits the standard error stream."""
    return LiveSweepWatch() if sys.stderr.isatty() else PlainSweepWatch()
