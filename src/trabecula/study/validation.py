"""A panel lived and judged; what has been lived is not lived again."""

import json
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.analysis import Results, load_results
from trabecula.base.errors import TrabeculaError
from trabecula.records.atomic import write_text_whole
from trabecula.runner.cache import StateCache
from trabecula.runner.continuation import resume
from trabecula.runner.digest import compute_code_digest, compute_resume_digest
from trabecula.runner.job import run
from trabecula.study.panel import Panel, Trial
from trabecula.study.pool import Estimate, Pool, estimate
from trabecula.study.scoring import Judged, judge, judge_unchanged, score_panel, score_trial
from trabecula.study.trials import Sampling, Task, list_tasks, make_arm_config

if TYPE_CHECKING:
    from trabecula.config import Config

NAN = math.nan

RECORD = "study.json"
"""File in a run folder that tells what it was made from."""


@dataclass(frozen=True)
class Outcome:
    """What became of a task: ``done``, ``kept`` (it was there already) or ``failed``, and why."""

    task: Task
    status: str
    message: str = ""


def live_task(config: "Config", task: Task, out: Path, cache: Path) -> Outcome:
    """Live one task in its folder, or go on with it, unless it is there already.

    A failure is an outcome, so that the others go on.
    """
    folder = out / task.folder
    try:
        made_from = {
            "config": compute_resume_digest(config), "code": compute_code_digest(),
            "days": config.duration,
        }  # fmt: skip
        state = _read_state(folder, made_from)
        if state == "done":
            return Outcome(task, "kept")
        if state == "begun":
            resume(folder, cache=StateCache(cache))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            write_text_whole(folder / RECORD, json.dumps(made_from) + "\n")
            run(config, folder, cache=StateCache(cache))
    except (TrabeculaError, OSError) as error:
        return Outcome(task, "failed", str(error).partition("\n")[0])
    return Outcome(task, "done")


def _read_state(folder: Path, made_from: dict[str, Any]) -> str:
    """Return ``done``, ``begun`` (a checkpoint is there) or ``new``."""
    try:
        if json.loads((folder / RECORD).read_text(encoding="utf-8")) != made_from:
            return "new"
        status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "new"
    if status.get("state") == "done" and (folder / "results.h5").is_file():
        return "done"
    return "begun" if (folder / "checkpoint.h5").is_file() else "new"


def live_all(
    panel: Panel,
    tasks: Sequence[Task],
    sampling: Sampling,
    out: Path,
    workers: int = 1,
    report: Callable[[Outcome, int], None] | None = None,
) -> list[Outcome]:
    """Live the tasks in `workers` processes of one thread each.

    Parameters
    ----------
    report
        Told of every outcome, and how many are left.

    Raises
    ------
    ConfigError
        If an arm asks for what a configuration cannot have.
    """
    cache = out / "bones"
    trials = {trial.id: trial for trial in panel.trials}
    configs = [
        make_arm_config(
            trials[task.trial], trials[task.trial].get_arm(task.arm), task.bone, sampling
        )
        for task in tasks
    ]
    outcomes: list[Outcome] = []

    def note(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if report is not None:
            report(outcome, len(tasks) - len(outcomes))

    if workers <= 1:
        for config, task in zip(configs, tasks, strict=True):
            note(live_task(config, task, out, cache))
        return outcomes
    os.environ["NUMBA_NUM_THREADS"] = "1"  # read by the children when they start
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {
            pool.submit(live_task, config, task, out, cache): task
            for config, task in zip(configs, tasks, strict=True)
        }
        for future in as_completed(waiting):
            error = future.exception()
            note(
                future.result() if error is None
                else Outcome(waiting[future], "failed", f"{type(error).__name__}: {error}")
            )  # fmt: skip
    return outcomes


def load_pool(trial: Trial, tasks: Sequence[Task], out: Path) -> Pool:
    """Read the runs of a trial; a bone counts if every arm that is used has lived it."""
    arms = [arm.name for arm in trial.used_arms]
    mine = {(task.arm, task.bone): task for task in tasks if task.trial == trial.id}
    bones = sorted({bone for _, bone in mine})
    runs: dict[str, list[Results]] = {arm: [] for arm in arms}
    for bone in bones:
        found = {}
        for arm in arms:
            folder = out / mine[arm, bone].folder
            if _is_done(folder):
                found[arm] = load_results(folder)
        if len(found) == len(arms):
            for arm, results in found.items():
                runs[arm].append(results)
    return Pool(runs)


def _is_done(folder: Path) -> bool:
    try:
        status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(status.get("state") == "done")


def judge_trial(trial: Trial, pool: Pool) -> list[Judged]:
    """Judge every endpoint of a trial."""
    judged = []
    for endpoint in trial.endpoints:
        is_known = endpoint.term is not None and pool.count > 0
        found = estimate(endpoint.term, pool) if is_known else Estimate(NAN, NAN, 0)  # type: ignore[arg-type]
        judged.append(Judged(endpoint, found, judge(endpoint, found)))
    return judged


def judge_panel(
    panel: Panel,
    sampling: Sampling,
    out: Path,
    show: Callable[[Trial, Pool, list[Judged]], None] | None = None,
) -> dict[str, list[Judged]]:
    """Judge what has been lived of a panel, trial by trial.

    Parameters
    ----------
    show
        Given each trial with its runs, which are forgotten then.
    """
    tasks = list_tasks(panel, sampling)
    judged = {}
    for trial in panel.trials:
        pool = load_pool(trial, tasks, out)
        judged[trial.id] = judge_trial(trial, pool)
        if show is not None:
            show(trial, pool, judged[trial.id])
    return judged


def judge_no_change(panel: Panel) -> dict[str, list[Judged]]:
    """Judge the baseline in which nothing changes."""
    none = Estimate(NAN, NAN, 0)
    return {
        trial.id: [Judged(end, none, judge_unchanged(end)) for end in trial.endpoints]
        for trial in panel.trials
    }


def write_verdicts(
    panel: Panel,
    judged: dict[str, list[Judged]],
    unchanged: dict[str, list[Judged]],
    sampling: Sampling,
    out: Path,
) -> Path:
    """Write ``verdicts.json``: scores, every endpoint, and what they were made from."""
    content = {
        "panel": panel.path.name,
        "sampling": {"bones": sampling.bones, "edge": sampling.edge, "settle": sampling.settle,
                     "sets": list(sampling.sets)},
        "code": compute_code_digest(),
        "score": _plain(score_panel(judged)),
        "score_no_change": _plain(score_panel(unchanged)),
        "trials": [
            {
                "id": trial.id, "title": trial.title, "source": trial.source,
                "notes": list(trial.notes), "score": _plain(score_trial(judged[trial.id])),
                "score_no_change": _plain(score_trial(unchanged[trial.id])),
                "endpoints": [one.to_mapping() for one in judged[trial.id]],
            }
            for trial in panel.trials
        ],
    }  # fmt: skip
    path = out / "verdicts.json"
    write_text_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def _plain(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
