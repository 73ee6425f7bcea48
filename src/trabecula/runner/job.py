"""One simulation from its configuration to its results."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.codes import FULL
from trabecula.base.errors import ResultsError
from trabecula.kernels.ahead import compile_ahead
from trabecula.kernels.compile import set_threads
from trabecula.model.memory import insist_on_memory
from trabecula.model.sampling import Sampler
from trabecula.model.timeline import count_steps
from trabecula.records.seals import drop_seals
from trabecula.runner.cache import StateCache
from trabecula.runner.folder import RunFolder
from trabecula.runner.live import live
from trabecula.runner.lock import lock_folder
from trabecula.runner.progress import Progress
from trabecula.runner.recorder import Recorder
from trabecula.runner.specimens import insist_on_specimen
from trabecula.runner.spinup import SpinUp, measure_bv_tv
from trabecula.runner.stop import watch_signals
from trabecula.runner.summary import RunSummary
from trabecula.specimen import Specimen
from trabecula.state import State

if TYPE_CHECKING:
    from trabecula.config import Config

type Report = Callable[[Progress], None] | None


def run(
    config: "Config",
    out: Path,
    threads: int | None = None,
    progress: Report = None,
    cache: StateCache | None = None,
    *,
    keep: bool = True,
) -> RunSummary:
    """Run one simulation into the folder `out`.

    Parameters
    ----------
    config
        The resolved configuration.
    threads
        Threads of the kernels; as they are if None. They change no result.
    progress
        Told of progress some times a second.
    cache
        Where spun-up states are kept; the user's cache if None.
    keep
        Whether what another run has left in the folder is moved to ``earlier-1`` (or the next number)
        below it, unless this one gives the same bits; otherwise it is replaced.

    Raises
    ------
    TrabeculaError
        If the input is wrong, a ledger does not close, a solver fails, or nothing can be written.
    """
    if threads is not None:
        set_threads(threads)
    insist_on_memory(config)
    specimen = insist_on_specimen(config)
    config = config.pin_specimen()
    folder = RunFolder(out)
    voxels = math.prod(config.lattice.shape or ()) if specimen is None else specimen.fraction.size
    with lock_folder(folder.path) as stale, watch_signals(), compile_ahead(voxels):
        aside = folder.set_aside(config) if keep else None
        folder.begin(config.to_yaml())
        job = Job(config, folder, progress, cache or StateCache(), specimen)
        if aside:
            job.summary.notes.append(f"what another run had left in {out} is in {aside}")
        if stale:
            folder.add_log(stale)
        job.carry_out(job.live)
    return job.summary


class Job:
    """The phases of one run and what is noted between them.

    Parameters
    ----------
    specimen
        The imported specimen, if it has been read already.
    """

    def __init__(
        self,
        config: "Config",
        folder: RunFolder,
        report: Report,
        cache: StateCache,
        specimen: Specimen | None = None,
    ) -> None:
        self._config, self._folder, self._report = config, folder, report
        self._spin_up = SpinUp(config, cache, self._note_day, specimen=specimen)
        self._day: float | None = None
        self._recorder: Recorder | None = None
        self._clock = time.monotonic()
        self.summary = RunSummary(folder.path, config.name)

    def _note_day(self, told: Progress) -> None:
        """Keep the day before day 0, of which no file of the folder tells, and hand it on."""
        self._day = told.time
        if self._report is not None:
            self._report(told)

    def carry_out(self, work: Callable[[], None]) -> None:
        """Do `work`, and leave a status that tells how it ended."""
        ended = "failed"
        try:
            work()
            ended = "done"
        except KeyboardInterrupt:
            ended = "interrupted"
            raise
        finally:
            self.end(ended)

    def live(self) -> None:
        """Live all phases."""
        self._folder.write_status("running", {"name": self._config.name, "phase": "spin-up"})
        state = self._spin_up.make()
        self._note_specimen(state)
        sampler = Sampler(self._config.parameters)
        self._recorder = Recorder(self._config, self._folder, state.grid, sampler)
        self._live_before_zero(state)
        self._begin_run(state)
        self._run(state)

    def begin(self, state: State, memory: Mapping[str, Any]) -> None:
        """Live from day 0 on: a bone that stands there already, with the `memory` of earlier samples."""
        self._folder.write_status("running", {"name": self._config.name, "phase": "run"})
        self._note_specimen(state)
        sampler = Sampler(self._config.parameters, memory)
        self._recorder = Recorder(self._config, self._folder, state.grid, sampler)
        self._begin_run(state)
        self._run(state)

    def go_on(self, state: State, memory: Mapping[str, Any]) -> None:
        """Live on from a checkpoint: `state`, and the `memory` of what was sampled before it."""
        summary = self.summary
        summary.volume = state.grid.volume
        summary.bv_tv_specimen = state.volume.start / FULL / state.grid.size
        summary.bv_tv_start = measure_bv_tv(state)
        sampler = Sampler(self._config.parameters, memory)
        reached = drop_seals(self._folder.read_status())  # the next commit writes what they are of
        self._folder.write_status("running", {**reached, "name": self._config.name, "phase": "run"})
        self._folder.add_log(f"going on from day {state.clock.time:g}")
        self._recorder = Recorder(self._config, self._folder, state.grid, sampler, state)
        self._run(state)

    def _run(self, state: State) -> None:
        """Live from the present day to the end."""
        steps = count_steps(self._config.duration, self._config.step)
        left = steps - (state.clock.step - state.clock.zero)
        live(self._config, state, left, "run", self._report, self._recorder)
        self._finish("run")
        self.summary.days = state.clock.time
        self.summary.bv_tv_end = measure_bv_tv(state)
        self._folder.add_log(f"day {state.clock.time:g}: BV/TV {self.summary.bv_tv_end:.4f}; done")
        if self._recorder is not None:
            self._folder.add_log(self._recorder.pace.describe())

    def _live_before_zero(self, state: State) -> None:
        """Live from the first sample to day 0: what is left of the spin-up, then of settling."""
        phases, lived = self._spin_up.phases, state.clock.step
        total = phases.spin + phases.settle
        left = max(0, phases.spin - lived)
        live(self._config, state, left, "spin-up", self._report, self._recorder)
        state.loading.is_fixed = True  # the reference of strain: that of the replete bone
        self._finish("spin-up")
        left = total - state.clock.step
        live(self._config, state, left, "settle", self._report, self._recorder)
        self._finish("settle")

    def _begin_run(self, state: State) -> None:
        """Day 0: from here on the run's own seed keys all chance."""
        state.seed = self._config.seed
        self.summary.bv_tv_start = measure_bv_tv(state)
        start, before = self.summary.bv_tv_start, self.summary.bv_tv_specimen
        asked = self._config.lattice.bv_tv if self._config.lattice.specimen is None else None
        meant = "" if asked is None else f"; asked for day 0: {asked:g}"
        change = f"{start - before:+.4f}{meant}"
        note = f"BV/TV {before:.4f} in the specimen, {start:.4f} on day 0 ({change})"
        self.summary.notes.append(note)
        self._folder.add_log(note)

    def _note_specimen(self, state: State) -> None:
        summary = self.summary
        summary.notes += self._spin_up.notes
        summary.from_cache = self._spin_up.from_cache
        summary.volume = state.grid.volume
        summary.bv_tv_specimen = state.volume.start / FULL / state.grid.size
        for note in summary.notes:
            self._folder.add_log(note)
        if summary.from_cache:
            self._folder.add_log(f"from the cache of states: {', '.join(summary.from_cache)}")

    def _finish(self, phase: str) -> None:
        now = time.monotonic()
        seconds = self.summary.seconds
        seconds[phase] = now - self._clock
        self._clock = now
        self._folder.add_log(f"{phase}: {seconds[phase]:.1f} s")

    def end(self, status: str) -> None:
        """Close what is open; leave a status that tells how it ended."""
        if self._recorder is not None:
            self._recorder.close()
        if status != "done":
            with suppress(OSError, ResultsError):  # what ended the run is what is told
                self._folder.add_log(status)
                reached = self._folder.read_status()  # up to which day its files go stays told
                reached = {**reached, "name": self._config.name}
                if reached.get("phase") == "spin-up" and self._day is not None:
                    reached["day"] = self._day
                self._folder.write_status(status, reached)
