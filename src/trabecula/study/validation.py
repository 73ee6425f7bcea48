"""What has been lived of a panel judged, beside what it has to be better than."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trabecula.base.files import make_folder
from trabecula.records.atomic import write_text_whole
from trabecula.runner.digest import compute_code_digest
from trabecula.study.ledger import Ledger, judge_ledger, load_frozen
from trabecula.study.lived import Lived
from trabecula.study.panel import Panel, Trial
from trabecula.study.pool import Estimate, Pool, estimate
from trabecula.study.scoring import (
    Judged,
    Nothing,
    count_hits,
    judge,
    judge_exact,
    score_panel,
    score_trial,
)
from trabecula.study.trials import Sampling, Task

NAN = math.nan


def judge_trial(trial: Trial, lived: Lived) -> list[Judged]:
    """Judge every endpoint of a trial."""
    judged = []
    for endpoint in trial.endpoints:
        pool = lived.get_pool(endpoint)
        is_known = endpoint.term is not None and pool.count > 0
        found = estimate(endpoint.term, pool) if is_known else Estimate(NAN, NAN, 0)  # type: ignore[arg-type]
        judged.append(Judged(endpoint, found, judge(endpoint, found)))
    return judged


def judge_panel(
    panel: Panel,
    tasks: Sequence[Task],
    out: Path,
    show: Callable[[Trial, Pool, list[Judged]], None] | None = None,
) -> dict[str, list[Judged]]:
    """Judge what has been lived of a panel, trial by trial.

    Parameters
    ----------
    tasks
        The runs that were asked for.
    show
        Given each trial with its runs from the first day 0, which are forgotten then.
    """
    judged = {}
    for trial in panel.trials:
        lived = Lived(trial, tasks, out)
        judged[trial.id] = judge_trial(trial, lived)
        if show is not None:
            show(trial, lived.pool, judged[trial.id])
    return judged


def judge_no_change(panel: Panel) -> dict[str, list[Judged]]:
    """Judge the baseline in which nothing changes."""
    none = Nothing()
    return {trial.id: [judge_exact(end, none) for end in trial.endpoints] for trial in panel.trials}


NO_CHANGE, LEDGER = "no change", "ledger"
"""What the model has to be better than."""


def judge_baselines(panel: Panel) -> dict[str, dict[str, list[Judged]]]:
    """Judge what the model has to be better than, each by the same rules as the model."""
    parameters, _ = load_frozen()
    return {NO_CHANGE: judge_no_change(panel), LEDGER: judge_ledger(panel, Ledger(parameters))}


def write_verdicts(
    panel: Panel,
    judged: Mapping[str, Sequence[Judged]],
    baselines: Mapping[str, Mapping[str, Sequence[Judged]]],
    sampling: Sampling,
    out: Path,
    work: Mapping[str, Any],
) -> Path:
    """Write ``verdicts.json``: scores, every endpoint, and what they were made from.

    Parameters
    ----------
    baselines
        Endpoints of other models by their names.
    work
        What was lived in this call, as plain values.
    """
    parameters, told = load_frozen()
    content = {
        "panel": panel.path.name,
        "sampling": {"bones": sampling.bones, "edge": sampling.edge, "settle": sampling.settle,
                     "sets": list(sampling.sets), "starts": sampling.starts,
                     "held": any(arm.is_held for t in panel.trials for arm in t.arms)},
        "code": compute_code_digest(),
        "ledger": {"digest": parameters.compute_digest(), "evaluations": told["evaluations"]},
        "work": dict(work),
        "score": _plain(score_panel(judged)),
        **_name_scores(baselines, score_panel),
        **count_hits(judged)._asdict(),
        "trials": [
            {
                "id": trial.id, "title": trial.title, "source": trial.source,
                "notes": list(trial.notes), "score": _plain(score_trial(judged[trial.id])),
                **_name_scores({n: b[trial.id] for n, b in baselines.items()}, score_trial),
                "endpoints": [
                    one.to_mapping() | _tell_baselines(baselines, trial.id, index)
                    for index, one in enumerate(judged[trial.id])
                ],
            }
            for trial in panel.trials
        ],
    }  # fmt: skip
    path = out / "verdicts.json"
    make_folder(out, "the study")
    write_text_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def _name_scores(found: Mapping[str, Any], score: Callable[[Any], float]) -> dict[str, Any]:
    return {f"score_{name.replace(' ', '_')}": _plain(score(one)) for name, one in found.items()}


def _tell_baselines(
    baselines: Mapping[str, Mapping[str, Sequence[Judged]]], trial: str, index: int
) -> dict[str, Any]:
    """Return what the baselines say of one endpoint."""
    found = {name: judged[trial][index] for name, judged in baselines.items()}
    return {
        "baselines": {
            name: {"value": _plain(one.found.value), "verdict": str(one.verdict)}
            for name, one in found.items()
        }
    }


def _plain(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
