"""Command run: one simulation from start to finish."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trabecula.cli.app import app, apply_threads
from trabecula.cli.options import ConfigFile, Sets, Threads, to_settings
from trabecula.cli.progress import make_watch

if TYPE_CHECKING:
    from trabecula.config import Config
    from trabecula.runner import RunSummary

RUNS = Path("runs")


@app.command()
def run(
    config: ConfigFile,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Run folder [default: runs/NAME].")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Seed after day 0.")] = None,
    threads: Threads = None,
    sets: Sets = None,
) -> None:
    """Run one simulation and say what happened."""
    apply_threads(threads)
    from trabecula.config import find_warnings, load_config

    checked = load_config(config, to_settings(sets, seed))
    folder = out or RUNS / checked.name
    typer.echo(_announce(checked, folder))
    for warning in find_warnings(checked):
        typer.echo(f"warning: {warning}", err=True)
    from trabecula.runner import run as run_simulation

    with make_watch() as watch:
        summary = run_simulation(checked, folder, threads, watch)
    say_outcome(summary)


def _announce(config: "Config", folder: Path) -> str:
    before = f"{config.spin_up / 365.25:g} y of spin-up"
    return f"{config.name}: {config.duration:g} d after {before} -> {folder}"


def say_outcome(summary: "RunSummary") -> None:
    """Print what the run came to, in words and numbers."""
    from trabecula.analysis import describe, load_results, summarise

    for note in summary.notes:
        typer.echo(note)
    if summary.from_cache:
        typer.echo(f"from the cache of spun-up bones: {', '.join(summary.from_cache)}")
    typer.echo("")
    for sentence in describe(summarise(load_results(summary.folder))):
        typer.echo(sentence)
    total = sum(summary.seconds.values())
    typer.echo(
        f"\n{summary.volume:.3g} mm^3 in {total:.0f} s; after day 0 "
        f"{summary.days_per_second:.0f} d/s, {summary.volume_years_per_hour:.0f} mm^3 yr per hour"
    )
    typer.echo(f"results in {summary.folder}")
