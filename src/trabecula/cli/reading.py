"""Commands about what a run left behind: info, plot."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trabecula.base.errors import InputError, ResultsError
from trabecula.cli.app import app
from trabecula.cli.options import Json, Sets, to_settings
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from trabecula.analysis import Results
    from trabecula.viz import Snapshot

STATUS = "status.json"


@app.command()
def info(
    place: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE", help="Run folder, or a results, state or specimen file."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Say what a run folder, a results, state or specimen file holds."""
    found = describe_place(place)
    if as_json:
        print_json(found)
        return
    sentences = found.pop("outcome", [])
    print_table(str(place), ("what", "value"), ((k, _to_cell(v)) for k, v in found.items()))
    for sentence in sentences:
        typer.echo(sentence)


def _to_cell(value: Any) -> Any:
    return f"{len(value)} (--json lists them)" if isinstance(value, list) else value


def describe_place(place: Path) -> dict[str, Any]:
    """Return what `place` holds, under names for people.

    Raises
    ------
    ResultsError
        If it is neither a run folder nor one of our files.
    """
    from trabecula.records.reader import find_kind, find_results

    path = find_results(place) if place.is_dir() else place
    kind = find_kind(path)
    if kind == "trabecula results":
        return _describe_results(path, place)
    if kind == "trabecula state":
        return _describe_state(path)
    if kind == "trabecula specimen":
        return _describe_specimen(path)
    found = "another kind of file" if path.is_file() else "no such file or folder"
    msg = f"{place}: {found}; a run folder, a results, state or specimen file is needed"
    raise ResultsError(msg)


def _describe_results(path: Path, place: Path) -> dict[str, Any]:
    from trabecula.analysis import describe, load_results, summarise

    results = load_results(path)
    found: dict[str, Any] = {"kind": "results", "file": str(path)}
    found |= _read_status(place) if place.is_dir() else {}
    time = results.time
    span = f"{time[0]:g} .. {time[-1]:g} d" if len(time) else "nothing yet"
    found |= {
        "seed": results.provenance.get("seed"),
        "version": results.provenance.get("versions", {}).get("trabecula"),
        "config digest": results.provenance.get("config_digest"),
        "time": span,
        "moments": len(time),
        "series": sorted(results.series),
        "hormones": sorted(results.hormones),
        "snapshots": len(results.snapshots),
        "remodelling sites": len(results.bmus.get("phase", ())),
    }
    return found | {"outcome": describe(summarise(results)) if len(time) else []}


def _read_status(folder: Path) -> dict[str, Any]:
    import json

    path = folder / STATUS
    if not path.is_file():
        return {}
    try:
        status: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        msg = f"{path}: damaged: {error}; run again to make it anew"
        raise ResultsError(msg) from error
    return status


def _describe_state(path: Path) -> dict[str, Any]:
    from trabecula.records import read_state

    state, meta = read_state(path)
    cells = {name: table.count for name, table in vars(state.cells).items()}
    return {
        "kind": "state",
        "file": str(path),
        "time": f"{state.clock.time:g} d",
        "steps lived": state.clock.step,
        "seed": state.seed,
        "shape": "{} x {} x {}".format(*state.grid.shape),
        "voxel": f"{state.grid.voxel:g} um",
        "sides": state.grid.sides.name.lower(),
        **cells,
        "remodelling sites": state.sites.count,
        **meta,
    }


def _describe_specimen(path: Path) -> dict[str, Any]:
    from trabecula.records import read_specimen

    specimen = read_specimen(path)
    return {
        "kind": "specimen",
        "file": str(path),
        "origin": specimen.origin,
        "shape": "{} x {} x {}".format(*specimen.fraction.shape),
        "voxel": f"{specimen.voxel:g} um",
        "sides": specimen.sides.name.lower(),
        **specimen.morphometry,
        "outcome": list(specimen.report),
    }


@app.command()
def plot(
    place: Annotated[
        Path,
        typer.Argument(metavar="DIR|CONFIG.yaml", help="Run folder; with --hormones, a config."),
    ],
    hormones: Annotated[
        bool,
        typer.Option("--hormones", help="Draw the levels that a configuration's protocol gives."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for the figure of --hormones."),
    ] = None,
    sets: Sets = None,
) -> None:
    """Draw time series and lattice of a run under figures/; or hormones before anything is run."""
    if hormones:
        for path in save_hormones(place, out, to_settings(sets)):
            typer.echo(f"saved {path}")
        return
    from trabecula.analysis import load_results

    for path in save_plots(load_results(place)):
        typer.echo(f"saved {path}")


def save_hormones(file: Path, out: Path | None, sets: list[str]) -> list[Path]:
    """Save the figure of the levels that a configuration gives; a run folder has one itself.

    Raises
    ------
    InputError
        If it names no patient and no protocol, so that no level follows from anything.
    """
    from trabecula.config import load_config
    from trabecula.hormones import has_course, make_course
    from trabecula.viz import draw_hormones, save_figure

    config = load_config(file / "config.yaml" if file.is_dir() else file, sets)
    if not has_course(config):
        msg = (
            f"{file}: found neither patient.stage, patient.labs nor protocol; allowed: one of them, "
            "from which levels follow; levels that are given stand in the file itself"
        )
        raise InputError(msg)
    folder = out or (file / "figures" if file.is_dir() else Path())
    return save_figure(
        draw_hormones(make_course(config), config), folder, f"{config.name}_hormones"
    )


def save_plots(results: "Results") -> list[Path]:
    """Save every figure of a run beside its results; returns the paths."""
    from trabecula.viz import draw_lattice, draw_series, save_figure

    folder = results.path.parent / "figures"
    paths = save_figure(draw_series(results), folder, "series")
    snapshots = load_ends(results)
    if snapshots:
        paths += save_figure(draw_lattice(snapshots), folder, "lattice")
    return paths


def load_ends(results: "Results") -> "list[Snapshot]":
    """Load the first and the last snapshot; one if there is one, none if there is none."""
    from trabecula.records.reader import read_snapshot
    from trabecula.viz import Snapshot

    count = len(results.snapshots)
    rows = sorted({0, count - 1}) if count else []
    return [Snapshot(*read_snapshot(results.path, row)) for row in rows]
