"""Command sweep: many runs of one question, resumable, failures kept."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trabecula.base.errors import InputError
from trabecula.cli.app import FAILED, advising_to_repeat, app
from trabecula.cli.options import Json
from trabecula.cli.populating import describe_plan, say_plan
from trabecula.cli.progress import make_sweep_watch
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from trabecula.config.sweeps import Sweep
    from trabecula.study.manifest import Manifest
    from trabecula.study.sweepplan import Planned

RUNS = Path("runs")
MOST_ROWS = 40
"""Runs that a dry run lists on a terminal."""


@app.command()
def sweep(
    file: Annotated[
        Path, typer.Argument(metavar="SWEEP.yaml", help="Sweep file.", show_default=False)
    ],
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "--workers", min=1, help="Processes here [default: cores]."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler that runs already."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder of the sweep [default: runs/NAME]."),
    ] = None,
    attempts: Annotated[
        int, typer.Option("--attempts", min=1, help="Workers a run may kill before it is given up.")
    ] = 3,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the runs and what they will cost.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Live many runs that differ in chosen keys; done ones are skipped, begun ones gone on with."""
    if jobs is not None and scheduler is not None:
        msg = f"--jobs: found {jobs} beside --scheduler; allowed: one of them; the scheduler has workers"
        raise InputError(msg)
    from trabecula.config.sweeps import load_sweep
    from trabecula.study.sweepplan import plan_sweep

    asked = load_sweep(file)
    planned = plan_sweep(asked)
    folder = out or RUNS / asked.name
    if dry_run:
        _say_plan(asked, planned, jobs or os.cpu_count() or 1, as_json)
        return
    typer.echo(f"{asked.name}: {len(planned)} runs -> {folder}", err=True)
    from trabecula.study.sweeping import run_sweep

    with advising_to_repeat(), make_sweep_watch() as watch:
        manifest = run_sweep(
            asked,
            folder,
            jobs or os.cpu_count() or 1,
            scheduler,
            watch,
            watch.say,
            attempts,
            planned,
        )
    _say_outcome(manifest, folder, as_json)


def _say_plan(asked: "Sweep", planned: "list[Planned]", jobs: int, as_json: bool) -> None:
    from trabecula.study.design import iterate_paths
    from trabecula.study.sweepplan import estimate_sweep, to_cell

    cost = estimate_sweep(planned)
    population = asked.settings.population
    if as_json:
        plan = {"sweep": asked.name, "estimate": cost, "runs": [_to_row(p) for p in planned]}
        extra = {} if population is None else {"population": describe_plan(population)}
        print_json({**plan, **extra})
    else:
        if population is not None:
            say_plan(population)
        paths = list(iterate_paths([one.point for one in planned]))
        rows = [
            (
                one.point.index,
                *(to_cell(one.point.parameters.get(path, "")) for path in paths),
                "" if one.config is None else one.config.seed,
                f"{60.0 * one.hours:.3g}" if one.config else one.error.splitlines()[0],
            )
            for one in planned
        ]
        columns = ("run", *paths, "seed", "core-minutes, or why not")
        print_table(f"{asked.path}: {len(planned)} runs", columns, rows[:MOST_ROWS])
        if len(rows) > MOST_ROWS:
            typer.echo(f"... and {len(rows) - MOST_ROWS} more (--json lists all)")
        typer.echo(
            f"{cost['bones']} bones to spin up ({cost['core_hours_bones']:.3g} core-hours unless "
            f"cached), then {cost['core_hours_runs']:.3g} core-hours: "
            f"{60.0 * cost['core_hours'] / jobs:.3g} minutes on {jobs} processes"
        )
    if cost["invalid"]:
        typer.echo(f"{cost['invalid']} of {len(planned)} runs are not valid", err=True)
        raise typer.Exit(FAILED)


def _to_row(one: "Planned") -> dict[str, Any]:
    return {
        "run": one.point.index, "parameters": one.point.parameters, "digest": one.digest,
        **({} if one.point.who is None else one.point.who._asdict()),
        "seed": one.point.seed if one.config is None else one.config.seed,
        "core_hours": one.hours, "error": one.error,
    }  # fmt: skip


def _say_outcome(manifest: "Manifest", folder: Path, as_json: bool) -> None:
    from dataclasses import asdict

    counts, failed = manifest.count(), []
    for entry in manifest.entries.values():
        if entry.status == "failed":
            failed.append(entry)
    if as_json:
        runs = [asdict(entry) for entry in manifest.entries.values()]
        print_json({"folder": str(folder), "counts": counts, "runs": runs})
    else:
        for entry in failed[:MOST_ROWS]:
            typer.echo(f"run {entry.run} failed: {entry.error.splitlines()[0]}", err=True)
        words = ", ".join(f"{count} {status}" for status, count in counts.items())
        typer.echo(f"{words}; {folder / 'runs.csv'}")
    if failed:
        raise typer.Exit(FAILED)
