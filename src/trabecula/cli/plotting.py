"""Command plot: figures of runs, and of the hormones of a configuration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from trabecula.base.errors import InputError
from trabecula.cli.app import app
from trabecula.cli.options import Sets, to_settings

FIGURES = "figures"
WHAT = ("series", "lattice", "sites", "fields", "all")


@app.command()
def plot(
    places: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR [DIR2 ...]",
            help="Run folders, or folders of runs; with --hormones, a configuration.",
            show_default=False,
        ),
    ],
    what: Annotated[
        list[str] | None,
        typer.Option(
            "--what",
            metavar="KIND",
            help="series, lattice, sites (the BMU ledger), fields or all; repeatable "
            "[default: series, and lattice of a single run].",
        ),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="SERIES", help="Draw this series only; repeatable."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="png|svg|pdf", help="Repeatable [default: png, svg]."),
    ] = None,
    hormones: Annotated[
        bool,
        typer.Option("--hormones", help="Draw the levels that a configuration's protocol gives."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder for the figures [default: DIR/figures; figures for several places; the "
            "present folder for a configuration].",
        ),
    ] = None,
    sets: Sets = None,
) -> None:
    """Draw one run, or several runs and arms over one another; or hormones before anything is run."""
    from trabecula.viz import FORMATS, KNOWN_FORMATS
    from trabecula.viz.figures import check_names

    endings = check_names("--format", [f.lower() for f in formats or FORMATS], KNOWN_FORMATS)
    if hormones:
        if len(places) > 1 or what or keys:
            msg = f"--hormones: found {len(places)} places, --what or --key; allowed: one configuration"
            raise InputError(msg)
        paths = save_hormones(places[0], out, to_settings(sets), endings)
    else:
        if sets:
            msg = "--set: found it without --hormones; allowed: only with it, where nothing is lived yet"
            raise InputError(msg)
        kinds = check_names("--what", what or [], WHAT)
        paths = save_plots(places, kinds, keys or [], endings, out)
    for path in paths:
        typer.echo(f"saved {path}")


def save_plots(
    places: Sequence[Path],
    kinds: Sequence[str],
    keys: Sequence[str],
    formats: Sequence[str],
    out: Path | None,
) -> list[Path]:
    """Save figures of runs; returns the paths.

    Parameters
    ----------
    kinds
        What is drawn; what is usual if none is named.
    keys
        Series to which the time series are confined.

    Raises
    ------
    ResultsError
        If a place holds no run, or the runs hold nothing of what was asked for by name.
    """
    from trabecula.analysis.arms import load_runs
    from trabecula.study.cohort import group_patients
    from trabecula.viz import draw_arms, save_figure
    from trabecula.viz.figures import KINDS, draw_all

    runs = load_runs(places)
    arms = group_patients(places, runs)
    single = len(runs) == 1
    if out is None:
        folder = places[0].parent if places[0].is_file() else places[0]
        out = (
            folder / FIGURES if single else folder / FIGURES if len(places) == 1 else Path(FIGURES)
        )
    if keys:
        return save_figure(draw_arms(arms, keys), out, "_".join(keys), formats)
    usual = KINDS[:2] if single else KINDS[:1]
    wanted = list(KINDS) if "all" in kinds else list(kinds) or list(usual)
    figures, reasons = draw_all(wanted, arms, insist=bool(kinds) and "all" not in kinds)
    for reason in reasons:
        if kinds or reason.find("snapshot") < 0:
            typer.echo(f"left out: {reason}", err=True)
    if not figures:
        from trabecula.base.errors import ResultsError

        raise ResultsError(reasons[0])
    return [
        path for kind, figure in figures.items() for path in save_figure(figure, out, kind, formats)
    ]


def save_hormones(
    file: Path, out: Path | None, sets: list[str], formats: Sequence[str]
) -> list[Path]:
    """Save the figure of the levels that a configuration gives; a run folder has one itself.

    Raises
    ------
    InputError
        If it names no patient and no protocol, so that no level follows from anything.
    """
    from trabecula.config import load_config
    from trabecula.hormones import has_course, make_course
    from trabecula.viz import draw_hormones, save_figure

    is_run = file.is_dir()
    config = load_config(file / "config.yaml" if is_run else file, sets, is_run)
    if not has_course(config):
        msg = (
            f"{file}: found neither patient.stage, patient.labs nor protocol; allowed: one of them, "
            "from which levels follow; levels that are given stand in the file itself"
        )
        raise InputError(msg)
    folder = out or (file / FIGURES if file.is_dir() else Path())
    figure = draw_hormones(make_course(config), config)
    return save_figure(figure, folder, f"{config.name}_hormones", formats)
