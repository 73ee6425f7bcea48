"""Going on with a run that was killed, interrupted, or is to last longer."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.errors import InputError
from trabecula.kernels.compile import set_threads
from trabecula.model.timeline import count_steps, is_due
from trabecula.records import read_state
from trabecula.records.results import NAME, verify_content
from trabecula.runner.cache import StateCache
from trabecula.runner.digest import compute_code_digest, compute_resume_digest
from trabecula.runner.folder import RunFolder
from trabecula.runner.job import Job, Report
from trabecula.runner.lock import lock_folder
from trabecula.runner.stop import watch_signals
from trabecula.runner.summary import RunSummary
from trabecula.state import State

if TYPE_CHECKING:
    from trabecula.config import Config


def resume(
    place: Path,
    until: float | None = None,
    threads: int | None = None,
    progress: Report = None,
    cache: StateCache | None = None,
) -> RunSummary:
    """Go on with the run in the folder `place`; what comes out is what one run would have written.

    Parameters
    ----------
    until
        New end (d after day 0); that of its configuration if None.
    threads
        Threads of the kernels; as they are if None. They change no result.
    progress
        Told of progress some times a second.
    cache
        Where spun-up states are kept, for a run that was killed before its first commit.

    Raises
    ------
    InputError
        If there is no run, another one writes to it, it has come that far already, or its
        configuration or the program has changed since the checkpoint.
    TrabeculaError
        If a file is damaged, a ledger does not close, a solver fails, or nothing can be written.
    """
    if threads is not None:
        set_threads(threads)
    if not (place / "config.yaml").is_file():
        msg = (
            f"{place}: found no config.yaml; allowed: the folder of a run; begin one with "
            "`trabecula run`"
        )
        raise InputError(msg)
    folder = RunFolder(place)
    with lock_folder(place) as stale, watch_signals():
        folder.clear()
        if stale:
            folder.add_log(stale)
        stored = _load_config(folder)
        config = stored if until is None else _lengthen(stored, until)
        job = Job(config, folder, progress, cache or StateCache())
        if not folder.checkpoint.is_file():
            folder.write_config(config.to_yaml())
            job.carry_out(job.live)
            return job.summary
        state, meta = read_state(folder.checkpoint)
        _check(folder, stored, config, state, meta)
        verify_content(place / NAME)  # before anything is written
        _trim_memory(config, state, meta["sampler"])
        folder.write_config(config.to_yaml())
        job.carry_out(lambda: job.go_on(state, meta["sampler"]))
    return job.summary


def _load_config(folder: RunFolder) -> "Config":
    from trabecula.config import load_config

    return load_config(folder.config, lived=folder.checkpoint.is_file())


def _lengthen(stored: "Config", until: float) -> "Config":
    """Return the configuration that ends on day `until`.

    Raises
    ------
    InputError
        If no configuration may say so: its folder could not be read any more.
    """
    from trabecula.config.types import LARGEST_TIME

    if not stored.step <= until <= LARGEST_TIME:
        msg = (
            f"--until: found day {until:g}; allowed: from one step ({stored.step:g} d) to "
            f"{LARGEST_TIME:g} d; say a time such as 2 y"
        )
        raise InputError(msg)
    return stored.model_copy(update={"duration": until})


def _check(
    folder: RunFolder, stored: "Config", config: "Config", state: State, meta: dict[str, Any]
) -> None:
    """Insist that the checkpoint is of this configuration and program, and not of a run that is done.

    One that was stopped in its last step has come to its end but lacks what only an end writes.

    Raises
    ------
    InputError
        If not.
    """
    place = folder.path
    if meta.get("config_digest") != compute_resume_digest(stored):
        msg = (
            f"{place / 'config.yaml'}: found another configuration than the checkpoint was made with; "
            "allowed: the same, save its duration; put it back, branch from this run, or begin a new one"
        )
        raise InputError(msg)
    if meta.get("code_digest") != compute_code_digest():
        msg = (
            f"{place}: found a checkpoint of another version of the program or its tables; allowed: the "
            "same one, so that no file mixes two; run it with that version, or begin a new run"
        )
        raise InputError(msg)
    left = count_steps(config.duration, config.step) - (state.clock.step - state.clock.zero)
    if left < 0:
        msg = (
            f"{place}: found a run that has come to day {state.clock.time:g}; allowed: an end after it; "
            f"name one with --until (this one is {config.duration:g} d)"
        )
        raise InputError(msg)
    if left == 0 and folder.read_status().get("state") == "done":
        msg = (
            f"{place}: found a run that is finished ({stored.duration:g} d); allowed: one that is not; "
            "--until makes this one longer"
        )
        raise InputError(msg)


def _trim_memory(config: "Config", state: State, memory: dict[str, Any]) -> None:
    """Forget a sample that only the end of a shorter run had taken."""
    rows = memory["history"]
    clock = state.clock
    if rows and not is_due(clock, clock.time, config.output.every):
        memory["history"] = [row for row in rows if row[0] < clock.time - 1e-6]
