"""Command validate: a panel of published trials, lived and judged."""

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trabecula.cli.app import app
from trabecula.cli.options import Json, Sets, to_settings
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from trabecula.study import Panel, Sampling, Trial
    from trabecula.study.pool import Pool
    from trabecula.study.scoring import Judged
    from trabecula.study.validation import Outcome


@app.command()
def validate(
    panel: Annotated[
        str, typer.Option("--panel", metavar="FILE", help="Panel: a file, or calibration.")
    ] = "calibration",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the study.")] = Path(
        "runs/validation"
    ),
    bones: Annotated[int, typer.Option("--bones", min=1, help="Bones of every arm.")] = 2,
    edge: Annotated[int, typer.Option("--edge", min=16, help="Edge of a bone (voxels).")] = 64,
    settle: Annotated[
        float, typer.Option("--settle", min=0, help="Days under the levels of day 0.")
    ] = 730.0,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes [default: cores].")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="TRIAL", help="A trial; repeatable.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be lived, and what is scorable.")
    ] = False,
    as_json: Json = False,
    sets: Sets = None,
) -> None:
    """Live a panel of published trials and judge it; what is there already is not lived again."""
    from trabecula.study import Sampling, load_panel

    chosen = load_panel(panel).choose(only or ())
    sampling = Sampling(bones, edge, settle, tuple(to_settings(sets)))
    if dry_run:
        _say_plan(chosen, sampling, as_json)
        return
    _live(chosen, sampling, out, workers or os.cpu_count() or 1)
    _judge(chosen, sampling, out, as_json)


def _say_plan(panel: "Panel", sampling: "Sampling", as_json: bool) -> None:
    from trabecula.study import list_tasks
    from trabecula.study.trials import compute_cost, make_arm_config

    for trial in panel.trials:  # an arm that no configuration can be is said now
        for arm in trial.used_arms:
            make_arm_config(trial, arm, 1, sampling)
    tasks = list_tasks(panel, sampling)
    cost = compute_cost(panel, tasks, sampling)
    ends = [
        (trial.id, end.label, end.term.text if end.term else "not scorable", end.reason)
        for trial in panel.trials for end in trial.endpoints
    ]  # fmt: skip
    if as_json:
        print_json({"runs": len(tasks), "mm3_years": cost, "endpoints": ends})
        return
    print_table(str(panel.path), ("trial", "endpoint", "term", "why not"), ends)
    typer.echo(f"{len(tasks)} runs, {cost:.0f} mm^3-years after day 0, the bones' own years beside")


def _live(panel: "Panel", sampling: "Sampling", out: Path, workers: int) -> None:
    from trabecula.study import list_tasks
    from trabecula.study.validation import live_all

    def report(outcome: "Outcome", left: int) -> None:
        words = f": {outcome.message}" if outcome.message else ""
        typer.echo(f"{outcome.task.folder}: {outcome.status}{words} ({left} left)", err=True)

    live_all(panel, list_tasks(panel, sampling), sampling, out, workers, report)


def _judge(panel: "Panel", sampling: "Sampling", out: Path, as_json: bool) -> None:
    from trabecula.records.atomic import write_text_whole
    from trabecula.study.validation import judge_no_change, judge_panel, write_verdicts
    from trabecula.viz.trials import draw_trial
    from trabecula.viz.validation import make_page

    figures = {}

    def draw(trial: "Trial", pool: "Pool", judged: "list[Judged]") -> None:
        if pool.count:
            figures[trial.id] = draw_trial(trial, pool, judged)

    judged = judge_panel(panel, sampling, out, draw)
    unchanged = judge_no_change(panel)
    path = write_verdicts(panel, judged, unchanged, sampling, out)
    page = path.with_name("report.html")
    write_text_whole(page, make_page(panel, sampling, judged, unchanged, figures))
    if as_json:
        typer.echo(path.read_text(encoding="utf-8"))
        return
    _say_verdicts(judged)
    typer.echo(f"{page}\n{path}")


def _say_verdicts(judged: "dict[str, list[Judged]]") -> None:
    from trabecula.study import score_panel
    from trabecula.study.scoring import score_trial

    rows = []
    for trial, ends in judged.items():
        for one in ends:
            value = f"{one.found.value:.3g}" if math.isfinite(one.found.value) else ""
            error = f"{one.found.error:.2g}" if math.isfinite(one.found.error) else ""
            low, high = one.endpoint.band
            band = f"{low:g} to {high:g}" if math.isfinite(low) else ""
            rows.append((trial, one.endpoint.label, band, value, error, str(one.verdict)))
    print_table("Endpoints", ("trial", "endpoint", "band", "found", "se", "verdict"), rows)
    scores = ", ".join(f"{name} {score_trial(ends):.2f}" for name, ends in judged.items())
    typer.echo(f"score of each trial: {scores}")
    typer.echo(f"score of the panel: {score_panel(judged):.2f}")
