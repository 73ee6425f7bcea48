"""Command trial: arms that branch from one bone of each seed, judged with paired standard errors."""

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

CORE_HOURS = 4.0
"""Time of cores (h) that a trial may take if neither time nor bones are given."""


@app.command()
def trial(
    file: Annotated[
        Path, typer.Argument(metavar="TRIAL.yaml", help="A trial, or a panel.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder of the study (runs/NAME if not given)."),
    ] = None,
    bones: Annotated[
        int | None,
        typer.Option("--bones", min=1, help="Bones of every arm; with --core-hours, the least."),
    ] = None,
    edge: Annotated[
        int | None,
        typer.Option("--edge", min=16, help="Edge of a bone (voxels) (planned if not given)."),
    ] = None,
    settle: Settle = 730.0,
    core_hours: CoreHours = None,
    held: Held = False,
    starts: Starts = 1,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "--workers", min=1, help="Processes [default: cores]."),
    ] = None,
    scheduler: Scheduler = "",
    only: Only = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print bones, cost and the errors to expect.")
    ] = False,
    as_json: Json = False,
    sets: Sets = None,
) -> None:
    """Live the arms of a trial on the same bones and compare them; goes on where it was stopped."""
    from trabecula.study import Sampling, add_held, lengthen_held, load_panel, screen
    from trabecula.study.trialplan import make_plan
    from trabecula.study.trials import make_name

    settings, starts = tuple(to_settings(sets)), starts if held else 1
    plain = Sampling(bones or 1, edge or 64, settle, settings, starts)
    chosen = screen(load_panel(file, strict=True).choose(only or ()), plain, strict=True)
    chosen = lengthen_held(add_held(chosen), starts) if held else chosen
    if core_hours is None and bones is None:
        core_hours = CORE_HOURS
    plans = [make_plan(one, plain, bones, edge) for one in chosen.trials]
    if dry_run:
        say_plans(plans, chosen, as_json, core_hours)
        return
    largest = max((plan.edge for plan in plans if plan.trial.used_arms), default=plain.edge)
    sampling = Sampling(bones or 1, edge or largest, settle, settings, starts)
    place = out or Path("runs") / make_name(file.stem)
    carry_out(chosen, sampling, place, make_crew(jobs, scheduler), core_hours, as_json)
