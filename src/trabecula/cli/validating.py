"""Command validate: a panel of published trials, lived and judged."""

from pathlib import Path
from typing import Annotated

import typer

from trabecula.cli.app import app
from trabecula.cli.judging import (
    CoreHours,
    Held,
    Only,
    Scheduler,
    Settle,
    Starts,
    carry_out,
    make_crew,
    say_plans,
)
from trabecula.cli.options import Json, Sets, to_settings


@app.command()
def validate(
    panel: Annotated[
        str,
        typer.Option("--panel", metavar="FILE", help="Panel: a file, calibration or prediction."),
    ] = "calibration",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the study.")] = Path(
        "runs/validation"
    ),
    bones: Annotated[int, typer.Option("--bones", min=1, help="Bones of every arm.")] = 2,
    edge: Annotated[int, typer.Option("--edge", min=16, help="Edge of a bone (voxels).")] = 64,
    settle: Settle = 730.0,
    core_hours: CoreHours = None,
    held: Held = True,
    starts: Starts = 16,
    workers: Annotated[
        int | None,
        typer.Option("--workers", "--jobs", min=1, help="Processes [default: cores]."),
    ] = None,
    scheduler: Scheduler = "",
    only: Only = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be lived, and what is scorable.")
    ] = False,
    as_json: Json = False,
    sets: Sets = None,
) -> None:
    """Live a panel of published trials and judge it; what is there already is not lived again."""
    from trabecula.study import Sampling, add_held, lengthen_held, load_panel, screen

    starts = starts if held else 1
    sampling = Sampling(bones, edge, settle, tuple(to_settings(sets)), starts)
    chosen = screen(load_panel(panel).choose(only or ()), sampling)
    chosen = lengthen_held(add_held(chosen), starts) if held else chosen
    if dry_run:
        from trabecula.study.trialplan import make_plan

        plans = [make_plan(trial, sampling, bones, edge) for trial in chosen.trials]
        say_plans(plans, chosen, as_json, core_hours)
        return
    carry_out(chosen, sampling, out, make_crew(workers, scheduler), core_hours, as_json)
