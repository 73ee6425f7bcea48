"""Command info: what a run left behind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from trabecula.base.errors import ResultsError
from trabecula.cli.app import app
from trabecula.cli.options import Json
from trabecula.cli.tables import print_json, print_table


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
    if isinstance(value, Mapping):
        return f"{', '.join(value)} (--json lists them)"
    return f"{len(value)} (--json lists them)" if isinstance(value, list) else value


def describe_place(place: Path) -> dict[str, Any]:
    """Return what `place` holds, under names for people.

    Raises
    ------
    ResultsError
        If it is neither a run folder nor one of our files.
    """
    from trabecula.records.reader import find_kind, find_results
    from trabecula.records.results import NAME
    from trabecula.records.statusfile import NAME as STATUS

    if not (place / NAME).exists() and (place / STATUS).is_file():
        standing, words = tell_standing(place)
        words.insert(0, "There are no results yet: it has not come to the samples before day 0.")
        return {"kind": "run without results", "file": str(place), **standing, "outcome": words}
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


def tell_standing(place: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what the status of a run folder says, and sentences on what that means now.

    Raises
    ------
    ResultsError
        If the status is damaged.
    """
    from trabecula.records.statusfile import load_status
    from trabecula.runner.lock import is_held

    status: dict[str, Any] = {**load_status(place)}
    state, is_held_now = status.get("state"), is_held(place)
    words = []
    if state == "running" and not is_held_now:
        status["process"] = "none"
        words.append("Its status says running, but no process writes here any more: it was killed.")
    if state != "done" and not is_held_now:
        status["goes on with"] = f"trabecula resume {place}"
        words.append(f"`trabecula resume {place}` goes on.")
    return status, words


def _describe_results(path: Path, place: Path) -> dict[str, Any]:
    from trabecula.analysis import describe, load_results, summarise
    from trabecula.records.statusfile import NAME as STATUS

    results = load_results(path)
    found: dict[str, Any] = {"kind": "results", "file": str(path)}
    words: list[str] = []
    if (place / STATUS).is_file():
        standing, words = tell_standing(place)
        found |= standing
    time = results.time
    span = f"{time[0]:g} .. {time[-1]:g} d" if len(time) else "nothing yet"
    found |= {
        "seed": results.provenance.get("seed"),
        "version": results.provenance.get("versions", {}).get("trabecula"),
        "config digest": results.provenance.get("config_digest"),
        "parameters digest": results.provenance.get("parameters_digest"),
        "fit": _describe_fit(results.provenance),
        "time": span,
        "moments": len(time),
        "series": sorted(results.series),
        "hormones": sorted(results.hormones),
        "snapshots": len(results.snapshots),
        "remodelling sites": len(results.bmus.get("phase", ())),
    }
    return found | {"outcome": [*(describe(summarise(results)) if len(time) else []), *words]}


def _describe_fit(provenance: Mapping[str, Any]) -> str:
    """Return name and digest of the frozen fit that the parameters came from, if from one."""
    name, digest = provenance.get("fit"), provenance.get("fit_digest")
    return f"{name} {digest}" if digest else "none: the table's values, and what is set"


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
