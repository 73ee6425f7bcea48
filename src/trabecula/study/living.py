"""The runs of a study lived; what has been lived is not lived again."""

import json
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.errors import ConfigError, ResultsError, TrabeculaError
from trabecula.kernels.compile import PARALLEL_FROM
from trabecula.records.atomic import write_text_whole
from trabecula.records.statusfile import has_ended
from trabecula.runner.cache import StateCache
from trabecula.runner.continuation import resume
from trabecula.runner.digest import compute_code_digest, compute_resume_digest
from trabecula.runner.folder import RunFolder
from trabecula.runner.job import run
from trabecula.runner.lock import lock_folder
from trabecula.runner.onset import begin_from
from trabecula.runner.warming import warm_kernels
from trabecula.study.crew import Crew
from trabecula.study.onsets import GAP
from trabecula.study.panel import Panel
from trabecula.study.trials import Sampling, Task, make_task_config

if TYPE_CHECKING:
    from trabecula.config import Config

RECORD = "study.json"
"""File in a run folder that tells what it was made from."""


@dataclass(frozen=True)
class Outcome:
    """What became of a task: ``done``, ``kept`` (it was there already) or ``failed``, and why.

    Parameters
    ----------
    seconds
        Time of a core that it took (s).
    attempts
        How often it was begun; more than once if a worker died.
    """

    task: Task
    status: str
    message: str = ""
    seconds: float = 0.0
    attempts: int = 1


REPLACED = "in place of one of another configuration or version"
"""What is said of a run that takes the place of another one's results."""

ANEW = "anew: its checkpoint could not be read"
"""What is said of a run that was begun and could not be gone on with."""

_ALONE = threading.Lock()
"""Compiled loops of two threads of a worker would be in each other's way."""


OTHER_PROGRAM = "found another version of the program on this worker; allowed: that of the study"
"""Why a worker of a cluster lives nothing."""


def live_task(config: "Config", task: Task, out: Path, cache: Path, code: str) -> Outcome:
    """Live one task in its folder, or go on with it, unless it is there already.

    A failure is an outcome, so that the others go on.

    Parameters
    ----------
    code
        Digest of the program that asks for it; a worker that has another one lives nothing.
    """
    if compute_code_digest() != code:
        return Outcome(task, "failed", OTHER_PROGRAM)
    with _ALONE:
        begun = time.process_time()
        found = _live(config, task, out, cache)
        return replace(found, seconds=time.process_time() - begun)


def is_lived(config: "Config", task: Task, out: Path) -> bool:
    """Whether a task is there as this configuration and this code would live it."""
    return _read_state(out / task.folder, _tell_origin(config, task)) == "done"


def _tell_origin(config: "Config", task: Task) -> dict[str, Any]:
    """Return what a run is made from, as its folder keeps it."""
    origin = {
        "config": compute_resume_digest(config), "code": compute_code_digest(),
        "days": config.duration,
    }  # fmt: skip
    return origin | ({"from": str(task.source)} if task.source else {})


def _live(config: "Config", task: Task, out: Path, cache: Path) -> Outcome:
    folder, message = out / task.folder, ""
    try:
        made_from = _tell_origin(config, task)
        state = _read_state(folder, made_from)
        if state == "done":
            return Outcome(task, "kept")
        if state == "begun":
            try:
                resume(folder, cache=StateCache(cache))
                return Outcome(task, "done")
            except ResultsError:  # a checkpoint that cannot be read is not worth the run
                message = ANEW
        if not message and (folder / "results.h5").is_file() and not _is_of(folder, made_from):
            message = REPLACED
        _claim(folder, made_from)
        if task.source is None:
            run(config, folder, cache=StateCache(cache), keep=False)
        else:
            begin_from(config, out / task.source, task.onset * GAP, folder)
    except (TrabeculaError, OSError) as error:
        return Outcome(task, "failed", str(error).partition("\n")[0])
    return Outcome(task, "done", message)


def _claim(folder: Path, made_from: dict[str, Any]) -> None:
    """Forget what another configuration left in a folder, and label it; not while a run writes to it.

    Beside this task's record the files of another one would pass for its own.

    Raises
    ------
    InputError
        If another living process writes to the folder.
    """
    place = RunFolder(folder)
    with lock_folder(folder):
        place.empty()
        write_text_whole(folder / RECORD, json.dumps(made_from) + "\n")


def _read_state(folder: Path, made_from: dict[str, Any]) -> str:
    """Return ``done``, ``begun`` (a checkpoint is there) or ``new``."""
    if not _is_of(folder, made_from):
        return "new"
    if has_ended(folder) and (folder / "results.h5").is_file():
        return "done"
    return "begun" if (folder / "checkpoint.h5").is_file() else "new"


def _is_of(folder: Path, made_from: dict[str, Any]) -> bool:
    """Whether what is in a folder was made from this."""
    try:
        return bool(json.loads((folder / RECORD).read_text(encoding="utf-8")) == made_from)
    except (OSError, ValueError):
        return False


def live_all(
    panel: Panel,
    tasks: Sequence[Task],
    sampling: Sampling,
    out: Path,
    crew: Crew | None = None,
    report: Callable[[Outcome, int], None] | None = None,
    cache: Path | None = None,
) -> list[Outcome]:
    """Live the tasks, in this process or by a crew; what no configuration can be has failed.

    Parameters
    ----------
    report
        Told of every outcome, and how many are left.
    cache
        Where spun-up bones are kept; ``bones`` in `out` if None.

    Raises
    ------
    InputError
        If no scheduler answers.
    """
    place = out.resolve()  # the workers of a cluster have folders of their own
    trials = {trial.id: trial for trial in panel.trials}
    bones = place / "bones" if cache is None else cache.resolve()
    code = compute_code_digest()
    calls: list[tuple[Config, Task, Path, Path, str]] = []
    outcomes: list[Outcome] = []

    def add(found: Outcome) -> None:
        outcomes.append(found)
        if report is not None:
            report(found, len(tasks) - len(outcomes))

    def note(number: int, found: Any, attempts: int) -> None:
        if isinstance(found, BaseException):
            message = f"{type(found).__name__}: {found}".partition("\n")[0]
            found = Outcome(calls[number][1], "failed", message)
        add(replace(found, attempts=attempts))

    for task in tasks:
        try:
            config = make_task_config(trials[task.trial], task, sampling)
        except ConfigError as error:  # a patient drawn who cannot be: the others are lived
            add(Outcome(task, "failed", str(error.problems[0])))
        else:
            calls.append((config, task, place, bones, code))
    crew = crew or Crew()
    if crew.workers > 1 and not crew.scheduler:
        _warm([config for config, task, *_ in calls if not is_lived(config, task, place)])
    crew.carry_out(live_task, calls, note)
    return outcomes


def _warm(configs: Sequence["Config"]) -> None:
    """Compile the loops once, before every worker does; a bone of unknown size may be a large one."""
    if configs:
        shapes = [config.lattice.shape for config in configs]
        is_large = any(shape is None or math.prod(shape) >= PARALLEL_FROM for shape in shapes)
        warm_kernels(configs[0], is_large)
