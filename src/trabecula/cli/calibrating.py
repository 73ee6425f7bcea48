"""Command calibrate: rows of the parameter table fitted to trials in stages, frozen, and told of."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trabecula.cli.app import advising_to_repeat, app
from trabecula.cli.judging import Scheduler
from trabecula.cli.options import Json
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trabecula.config.calibrations import Calibration
    from trabecula.config.fits import FrozenFit
    from trabecula.study.calibrating import Evaluated, Fitted
    from trabecula.study.determination import Determination
    from trabecula.study.fitplan import StagePlan
    from trabecula.study.living import Outcome

RUNS = Path("runs")


@app.command()
def calibrate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.yaml", help="Calibration file.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder of the calibration [default: runs/NAME]."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes [default: the file's].")
    ] = None,
    scheduler: Scheduler = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print rows, endpoints, rounds and what they will cost."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Fit rows graded C or D to published trials, in stages; goes on where it was stopped."""
    from trabecula.config.calibrations import load_calibration
    from trabecula.study.fitplan import plan_stages

    asked = load_calibration(file)
    plans = plan_stages(asked)
    if dry_run:
        _say_plan(asked, plans, as_json)
        return
    from trabecula.base.files import make_folder
    from trabecula.runner.lock import lock_folder
    from trabecula.study.calibrating import Calibrator
    from trabecula.study.crew import Crew
    from trabecula.study.determination import determine
    from trabecula.study.evaluating import Lives

    place = make_folder(out or RUNS / asked.name, "the calibration")
    crew = Crew(workers or asked.settings.workers, scheduler)
    with lock_folder(place):
        lives = Lives(asked, place, crew, _say_life)
        with advising_to_repeat():
            fitted = Calibrator(asked, plans, lives, place, _say_evaluation).fit()
        known = determine(asked.rows, fitted)
        fit = _write(asked, plans, fitted, known, place)
    _say_outcome(asked, fitted, known, fit, place, as_json)


def _say_life(outcome: "Outcome", left: int) -> None:
    words = f": {outcome.message}" if outcome.message else ""
    typer.echo(f"  {outcome.task.folder}: {outcome.status}{words} ({left} left)", err=True)


def _say_evaluation(found: "Evaluated") -> None:
    ended = f"loss {found.loss:.4g}" if found.is_done else f"failed: {found.why}"
    typer.echo(
        f"{found.stage} {found.number}: {ended} ({60.0 * found.core_hours:.2g} core-minutes)",
        err=True,
    )


def _write(
    asked: "Calibration", plans: "Sequence[StagePlan]", fitted: "Fitted", known: "Determination",
    place: Path,
) -> "FrozenFit":  # fmt: skip
    """Write the frozen fit, its summary, the page and the figure; each whole or not at all."""
    from trabecula.records.atomic import write_text_whole
    from trabecula.study.freezing import freeze, make_summary
    from trabecula.viz import save_figure
    from trabecula.viz.calibration import draw_profiles, make_page

    fit = freeze(asked, fitted, plans)
    figure = draw_profiles(known, fitted)
    save_figure(figure, place / "figures", "profiles")
    write_text_whole(place / "summary.md", make_summary(asked, fitted, known, fit))
    write_text_whole(place / "report.html", make_page(asked, fitted, known, fit, figure))
    write_text_whole(place / "fit.yaml", fit.to_yaml())
    return fit


def _say_plan(asked: "Calibration", plans: "Sequence[StagePlan]", as_json: bool) -> None:
    from trabecula.config.calibrations import describe_rows
    from trabecula.hormones import is_idle_when_replete

    rows = [
        {**row, "acts": "from day 0" if is_idle_when_replete(row["key"]) else "in equilibrium"}
        for row in describe_rows(asked.rows)
    ]
    stages: list[dict[str, Any]] = [
        {
            "stage": plan.name, "bones": plan.fidelity.bones, "edge": plan.fidelity.edge,
            "settle": plan.fidelity.settle, "trials": [t.id for t in plan.subject.panel.trials],
            "evaluations": plan.evaluations, "runs_of_each": plan.runs,
            "core_hours_shared": plan.once, "core_hours_of_each": plan.each,
            "core_hours": plan.core_hours,
        }
        for plan in plans
    ]  # fmt: skip
    targets = _list_targets(plans[0])
    hours, budget = sum(plan.core_hours for plan in plans), asked.settings.budget
    if as_json:
        print_json({
            "rows": rows, "stages": stages, "targets": targets, "core_hours": hours,
            "budget": budget, "digest": asked.compute_digest(),
        })  # fmt: skip
        return
    print_table(str(asked.path), ("row", "value", "limits", "unit", "scale", "grade", "acts"), [
        (r["key"], r["start"], [r["low"], r["high"]], r["unit"], "log" if r["log"] else "linear",
         r["grade"], r["acts"]) for r in rows
    ])  # fmt: skip
    print_table("", ("target", "band", "use"), [tuple(target.values()) for target in targets])
    columns = ("round", "bones", "edge", "settle (d)", "trials", "evaluations", "runs of each",
               "core-hours shared", "of each", "in all")  # fmt: skip
    print_table("", columns, [
        (s["stage"], s["bones"], s["edge"], s["settle"], len(s["trials"]), s["evaluations"],
         s["runs_of_each"], s["core_hours_shared"], s["core_hours_of_each"], s["core_hours"])
        for s in stages
    ])  # fmt: skip
    _say_kind(asked, hours, budget)


def _say_kind(asked: "Calibration", hours: float, budget: float) -> None:
    """Say why the cost is what it is, and whether the budget holds."""
    from trabecula.hormones import is_idle_when_replete

    moving = [row.key for row in asked.rows if not is_idle_when_replete(row.key)]
    if moving:
        typer.echo(
            f"{len(moving)} of {len(asked.rows)} rows change the bone in equilibrium ({moving[0]}"
            f"{', ...' if len(moving) > 1 else ''}): every evaluation spins its bones up anew, and an "
            "untouched bone is lived for drift and anchors"
        )
    else:
        typer.echo(
            "all rows act from day 0 on only: spin-ups are shared, settling under the levels of day 0 "
            "is not; drift and anchors of an untouched bone cannot move and are not lived"
        )
    enough = (
        "" if hours <= budget else ": the rounds will end early, the last ones kept their share"
    )
    typer.echo(f"{hours:.3g} core-hours planned, {budget:g} allowed{enough}")


def _list_targets(plan: "StagePlan") -> "list[dict[str, str]]":
    """Return every endpoint of a round: its band, and whether it is fitted to, or why not."""
    from trabecula.study.evaluating import make_labels

    rows = []
    only_required = plan.fidelity.endpoints == "required"
    for panel in plan.subject.panels:
        for trial in panel.trials:
            for label, end in zip(make_labels(trial), trial.endpoints, strict=True):
                use = "fitted to"
                if end.term is None:
                    use = f"not scorable: {end.reason}"
                elif not end.has_band:
                    use = "no band"
                elif not end.term.is_smooth:
                    use = "reported only: it jumps"
                elif only_required and not end.required and panel is plan.subject.panel:
                    use = "reported only: not required"
                low, high = end.band
                band = f"{low:g} to {high:g}" if math.isfinite(low) else ""
                rows.append({"target": label, "band": band, "use": use})
    return rows


def _say_outcome(
    asked: "Calibration", fitted: "Fitted", known: "Determination", fit: "FrozenFit", place: Path,
    as_json: bool,
) -> None:  # fmt: skip
    from trabecula.study.determination import list_findings
    from trabecula.study.freezing import (
        ROW_COLUMNS,
        STAGE_COLUMNS,
        list_comparisons,
        list_row_cells,
        list_stage_cells,
        say_noise,
        say_scores,
    )

    comparisons = list_comparisons(fitted)
    findings = list_findings(known, *comparisons[-1][1:], fitted.failed)
    if as_json:
        print_json({
            "fit": str(place / "fit.yaml"), "digest": fit.digest, "parameters": dict(fit.values),
            "rows": [one.to_mapping() for one in known.rows], "findings": findings,
            "loss": {"before": fitted.start.loss, "after": fitted.best.loss,
                     "error": fitted.best.loss_error},
            "score": {"before": fitted.start.score, "after": fitted.best.score},
            "core_hours": fitted.core_hours, "failed": len(fitted.failed), "ended": fitted.ended,
        })  # fmt: skip
        return
    print_table(asked.name, ROW_COLUMNS, list_row_cells(known))
    typer.echo(say_noise(known))
    print_table("", STAGE_COLUMNS, list_stage_cells(fitted))
    for title, before, after in comparisons:
        typer.echo(f"{title}: {say_scores(before, after)}")
    for text in findings:
        typer.echo(f"- {text}")
    typer.echo(
        f"{place / 'report.html'}\n{place / 'summary.md'}\n{place / 'fit.yaml'} {fit.digest}"
    )
