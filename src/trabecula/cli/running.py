"""Commands run, resume, branch, verify: one simulation from start to finish."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trabecula.base.errors import InputError
from trabecula.base.files import RUN_FILES
from trabecula.cli.app import app, apply_threads, say_error
from trabecula.cli.options import ConfigFile, Json, RunPlace, Sets, Threads, to_settings
from trabecula.cli.progress import make_watch
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from trabecula.config import Config
    from trabecula.runner import RunSummary

RUNS = Path("runs")
SEED = "Seed of all chance after day 0; of the bone too unless lattice.seed is given."
AT = "Day of the run, such as 365 d; of years, months and weeks the nearest whole day."


@app.command()
def run(
    config: ConfigFile,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Run folder [default: runs/NAME].")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help=SEED)] = None,
    threads: Threads = None,
    sets: Sets = None,
) -> None:
    """Run one simulation and say what happened."""
    apply_threads(threads)
    from trabecula.config import load_config, telling_places

    settings = to_settings(sets, seed)
    checked = load_config(config, settings)
    folder = out or RUNS / checked.name
    typer.echo(_announce(checked, folder))
    for warning in list_warnings(checked):
        typer.echo(f"warning: {warning}", err=True)
    from trabecula.runner import run as run_simulation

    with telling_places(config, settings), advising(folder), make_watch() as watch:
        summary = run_simulation(checked, folder, threads, watch)
    say_outcome(summary)


def list_warnings(config: "Config") -> list[str]:
    """Return what `check` warns of, labs that a titration does not reach among them."""
    from trabecula.config import find_warnings
    from trabecula.hormones import find_course, find_unmet

    warnings = find_warnings(config)
    if any(regimen.target is not None for regimen in config.regimens):
        course = find_course(config)
        warnings += [] if course is None else find_unmet(config.regimens, course.visits)
    return warnings


@app.command()
def resume(
    place: RunPlace,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="New end, such as 5 y.")
    ] = None,
    threads: Threads = None,
) -> None:
    """Go on with a run that was killed, interrupted, or is to last longer."""
    apply_threads(threads)
    end = None if until is None else to_days(until)
    from trabecula.runner import resume as go_on

    with advising(to_folder(place)), make_watch() as watch:
        summary = go_on(to_folder(place), end, threads, watch)
    say_outcome(summary)


@app.command()
def branch(
    place: RunPlace,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help=AT)],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Run folder [default: DIR-branch]."),
    ] = None,
    threads: Threads = None,
    sets: Sets = None,
) -> None:
    """Live on from a day of a run under other settings: another therapy for the same bone."""
    apply_threads(threads)
    day = to_whole_day(at, to_days(at, "--at", or_zero=True))
    place = to_folder(place)
    target = out or place.with_name(f"{place.name}-branch")
    from trabecula.runner import branch as live_branch

    with advising(target), make_watch() as watch:
        summary = live_branch(place, day, target, to_settings(sets), threads, watch)
    say_outcome(summary)


@app.command()
def verify(place: RunPlace, as_json: Json = False) -> None:
    """Check a run folder: whole, digests, ledgers, provenance; exits 1 if something is wrong."""
    if place.is_file() and place.name not in RUN_FILES:
        msg = f"{place}: found a file that no run has by that name; allowed: the folder of a run"
        raise InputError(msg)
    place = to_folder(place)
    if not place.is_dir():
        msg = f"{place}: found no folder; allowed: the folder of a run"
        raise InputError(msg)
    from trabecula.runner import verify_folder

    found = verify_folder(place)
    if as_json:
        print_json([finding._asdict() for finding in found])
    else:
        rows = ((f.what, "good" if f.is_good else "WRONG", f.words) for f in found)
        print_table(str(place), ("what", "", "found"), rows)
    if not all(finding.is_good for finding in found):
        raise typer.Exit(1)


@contextmanager
def advising(folder: Path) -> Iterator[None]:
    """Tell who interrupts a run how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        if (folder / "config.yaml").is_file():
            say_error(f"stopped; it goes on with: trabecula resume {folder}")
        raise


def to_folder(place: Path) -> Path:
    """Return the run folder that `place` stands for: itself, or the one that results lie in.

    A folder has its full name, since another one beside it may be called after it.
    """
    whole = place.resolve()
    return whole.parent if whole.is_file() else whole


def to_days(text: str, option: str = "--until", or_zero: bool = False) -> float:
    """Return a time of the command line in days.

    Raises
    ------
    InputError
        If it is none, or not after day 0; day 0 itself may be named with `or_zero`.
    """
    from trabecula.config.units import QuantityError, to_number

    allowed = f"a time {'of 0 d or more' if or_zero else 'above 0 d'} such as 730 d or 2 y"
    try:
        days = to_number(text, "d")
    except QuantityError as error:
        msg = f"{option}: found {text!r} ({error}); allowed: {allowed}"
        raise InputError(msg) from None
    if days < 0.0 or (days == 0.0 and not or_zero):
        msg = f"{option}: found {text!r}; allowed: {allowed}"
        raise InputError(msg)
    return days


def to_whole_day(text: str, days: float) -> float:
    """Return the whole day nearest to a time in years, months or weeks; others stay.

    No step ends on the quarter of a day that a year of 365.25 d has.

    Parameters
    ----------
    text
        The time as it was given.
    days
        The same in days.
    """
    if re.fullmatch(r"[-+.\deE]+\s*(d|days?|h|hours?|min)?", text.strip()):
        return days
    if abs(days - round(days)) > 1e-9:
        typer.echo(f"--at {text}: day {days:g}, taken as day {round(days)}")
    return float(round(days))


def _announce(config: "Config", folder: Path) -> str:
    spin_up = config.spin_up
    before = f"{spin_up / 365.25:.3g} y" if spin_up >= 365.0 else f"{spin_up:g} d"
    before += " of spin-up"
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
