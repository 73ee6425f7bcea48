"""What `validate` and `trial` share: bones lived, endpoints judged, verdicts told."""

import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trabecula.cli.app import advising_to_repeat
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trabecula.study import Panel, Sampling, Trial
    from trabecula.study.adaptive import Work
    from trabecula.study.crew import Crew
    from trabecula.study.living import Outcome
    from trabecula.study.pool import Pool
    from trabecula.study.scoring import Judged
    from trabecula.study.trialplan import Plan

Scheduler = Annotated[
    str,
    typer.Option(
        "--scheduler", metavar="ADDRESS", help="Workers of a running Dask cluster instead."
    ),
]
CoreHours = Annotated[
    float | None,
    typer.Option(
        "--core-hours", metavar="H", help="Add bones until every endpoint is determined or H are spent."
    ),
]  # fmt: skip


Held = Annotated[
    bool,
    typer.Option(
        "--held/--no-held",
        help="Live every start on as it was, too: a long baseline, and less chance in the first weeks.",
    ),
]
Starts = Annotated[
    int,
    typer.Option(
        "--starts", min=1, max=64,
        help="Days 0 of a bone at most, for what is noisy in the first months; needs --held.",
    ),
]  # fmt: skip
Settle = Annotated[float, typer.Option("--settle", min=0, help="Days under the levels of day 0.")]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="TRIAL", help="A trial; repeatable.")
]


def make_crew(workers: int | None, scheduler: str) -> "Crew":
    """Return the workers of a study: a core each, or those of a cluster."""
    from trabecula.study.crew import Crew

    return Crew(workers or os.cpu_count() or 1, scheduler)


def carry_out(
    panel: "Panel", sampling: "Sampling", out: Path, crew: "Crew", core_hours: float | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Live what is not there yet and judge it; nobody else does so in `out` meanwhile.

    Parameters
    ----------
    core_hours
        Core-hours (h) to spend at most; None: as many bones as `sampling` says.

    Raises
    ------
    InputError
        If another process lives a study there, the time is not enough for one bone, no scheduler
        answers, or `out` cannot be made.
    """
    from trabecula.base.files import make_folder
    from trabecula.runner.lock import lock_folder

    make_folder(out, "the study")
    with lock_folder(out):
        work = live(panel, sampling, out, crew, core_hours)
        judge(panel, sampling, out, work, as_json)


def live(
    panel: "Panel", sampling: "Sampling", out: Path, crew: "Crew", core_hours: float | None
) -> "Work":
    """Live what is not there yet, and say so run by run.

    Parameters
    ----------
    core_hours
        Core-hours (h) to spend at most; None: as many bones as `sampling` says.

    Raises
    ------
    InputError
        If the time is not enough for one bone, or no scheduler answers.
    """
    from trabecula.study.adaptive import Adaptive, live_fixed

    begun = time.monotonic()

    def report(outcome: "Outcome", left: int) -> None:
        words = f": {outcome.message}" if outcome.message else ""
        again = f", begun {outcome.attempts} times" if outcome.attempts > 1 else ""
        minutes = (time.monotonic() - begun) / 60.0
        typer.echo(
            f"{outcome.task.folder}: {outcome.status}{words}{again} ({left} left, {minutes:.0f} min)",
            err=True,
        )

    with advising_to_repeat():
        if core_hours is None:
            return live_fixed(panel, sampling, out, crew, report)
        return Adaptive(panel, sampling, out, crew, core_hours, report).live()


def judge(panel: "Panel", sampling: "Sampling", out: Path, work: "Work", as_json: bool) -> None:
    """Judge what was lived, write it down beside the baselines, and print it."""
    from trabecula.records.atomic import write_text_whole
    from trabecula.study import judge_panel, list_tasks
    from trabecula.study.validation import judge_baselines, write_verdicts
    from trabecula.viz.trials import draw_trial
    from trabecula.viz.validation import make_page

    figures = {}

    def draw(trial: "Trial", pool: "Pool", judged: "list[Judged]") -> None:
        if pool.count:
            figures[trial.id] = draw_trial(trial, pool, judged)

    tasks = [*list_tasks(panel, sampling, work.bones), *work.later]
    judged = judge_panel(panel, work.leave_out_failed(tasks), out, draw)
    baselines = judge_baselines(panel)
    path = write_verdicts(panel, judged, baselines, sampling, out, work.to_mapping())
    page = path.with_name("report.html")
    write_text_whole(page, make_page(panel, sampling, judged, baselines, figures))
    if as_json:
        typer.echo(path.read_text(encoding="utf-8"))
        return
    _say_verdicts(panel, judged, baselines)
    _say_work(work)
    typer.echo(f"{page}\n{path}")


def _say_verdicts(
    panel: "Panel",
    judged: "Mapping[str, Sequence[Judged]]",
    baselines: "Mapping[str, Mapping[str, Sequence[Judged]]]",
) -> None:
    from trabecula.study import count_hits, score_panel
    from trabecula.study.scoring import score_trial

    rows = []
    for trial in panel.trials:
        for index, one in enumerate(judged[trial.id]):
            low, high = one.endpoint.band
            band = f"{low:g} to {high:g}" if math.isfinite(low) else ""
            others = [str(base[trial.id][index].verdict) for base in baselines.values()]
            verdict = str(one.verdict)
            if one.endpoint.reason:
                verdict += f": {one.endpoint.reason}"
            rows.append((
                trial.id, one.endpoint.title, band, _number(one.found.value), _number(one.found.error),
                _number(one.found.reach), verdict, *others,
            ))  # fmt: skip
    columns = ("trial", "endpoint", "band", "found", "se", "95 % +-", "verdict", *baselines)
    print_table("Endpoints", columns, rows)
    scores = [
        (trial, *(_number(score_trial(found[trial])) for found in (judged, *baselines.values())))
        for trial in judged
    ]
    total = ("all", *(_number(score_panel(found)) for found in (judged, *baselines.values())))
    print_table("Score of each trial", ("trial", "model", *baselines), [*scores, total])
    score = score_panel(judged)
    if math.isnan(score):
        typer.echo("no score: no endpoint is `required: true` and can be scored")
        return
    typer.echo(f"score of the panel: {score:.2f} ({count_hits(judged)})")


def _say_work(work: "Work") -> None:
    if work.outcomes:
        bones = ", ".join(
            f"{n} {count} ({work.ended.get(n, '')})" for n, count in work.bones.items()
        )
        typer.echo(f"{work.core_hours:.2f} core-hours; bones of every arm: {bones}")
    for outcome in work.outcomes:
        if outcome.status == "failed":
            typer.echo(f"failed: {outcome.task.folder}: {outcome.message}")


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else ""


def say_plans(
    plans: "Sequence[Plan]", panel: "Panel", as_json: bool, core_hours: float | None
) -> None:
    """Print what would be lived, and with what error each endpoint is expected to come out.

    Parameters
    ----------
    core_hours
        Core-hours (h) that may be spent; None: the bones are fixed.
    """
    rows = [
        {
            "trial": plan.trial.id, "endpoint": one.endpoint.title,
            "term": one.endpoint.term.text if one.endpoint.term else "not scorable",
            "why_not": one.endpoint.reason, "error_asked": one.endpoint.goal,
            "error_expected": one.error, "mm3_needed": one.volume, "starts": one.starts,
        }
        for plan in plans for one in plan.endpoints
    ]  # fmt: skip
    trials = [
        {
            "trial": plan.trial.id, "arms": len(plan.trial.used_arms), "bones": plan.bones,
            "edge": plan.edge, "core_hours": plan.core_hours, "notes": list(plan.trial.notes),
        }
        for plan in plans
    ]  # fmt: skip
    runs = sum(plan.bones * len(plan.trial.used_arms) for plan in plans)
    hours = sum(plan.core_hours for plan in plans)
    if as_json:
        ends = [one.endpoint for plan in plans for one in plan.endpoints]
        judged = [
            row | {"band": list(end.band) if end.has_band else None, "required": end.required}
            for row, end in zip(rows, ends, strict=True)
        ]
        print_json({"runs": runs, "core_hours": hours, "trials": trials, "endpoints": judged})
        return
    columns = (
        "trial", "endpoint", "term", "why not", "se asked", "se expected", "mm^3 needed", "days 0",
    )  # fmt: skip
    print_table(str(panel.path), columns, [
        tuple(_number(v) if isinstance(v, float) else v for v in row.values()) for row in rows
    ])  # fmt: skip
    print_table("", ("trial", "arms", "bones", "edge", "core-hours"), [
        (t["trial"], t["arms"], t["bones"], t["edge"], t["core_hours"]) for t in trials
    ])  # fmt: skip
    for plan in plans:
        for note in plan.trial.notes:
            typer.echo(f"{plan.trial.id}: {note}")
    typer.echo(
        f"{runs} runs from the first day 0, {hours:.2g} core-hours, those of the bones before it and of "
        "later days 0 included"
    )
    if core_hours is not None:
        typer.echo(
            f"bones are added until all is determined or {core_hours:g} core-hours are spent"
        )
