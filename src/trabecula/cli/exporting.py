"""The command that hands a run to other programs: export."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trabecula.base.errors import InputError
from trabecula.base.outputs import check_kind, check_output
from trabecula.cli.app import app
from trabecula.cli.options import RunPlace
from trabecula.cli.rendering import find_row

if TYPE_CHECKING:
    from trabecula.base.columns import Array

ENDINGS = {
    "csv": ".csv", "nrrd": ".nrrd", "mha": ".mha", "nifti": ".nii.gz", "stl": ".stl", "vtkhdf": ".vtkhdf"
}  # fmt: skip
USUAL = {"csv": "series", "stl": "bone", "vtkhdf": "lattice"}
IMAGE = "fraction"
IMAGES = ("nrrd", "mha", "nifti")
SURFACES = ("bone", "mineralised")


@app.command()
def export(
    place: RunPlace,
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="csv, nrrd, mha, nifti, stl or vtkhdf.")
    ],
    what: Annotated[
        str | None,
        typer.Option(
            "--what",
            metavar="NAME",
            help="csv: series, hormones, events, bmus, or a population; images: fraction, osteoid, "
            "mineral, eroded, site, sed or a field; stl: bone or mineralised; vtkhdf: lattice, cells, "
            "a population or a volume [default: series, fraction, bone, lattice].",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="TIME", help="Day [default: the last; vtkhdf: every snapshot]."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PATH", help="Where to save [default: DIR/export]."),
    ] = None,
) -> None:
    """Hand tables, volumes, surfaces or cells of a run to other programs."""
    import numpy as np

    from trabecula.analysis.moments import list_volumes, load_snapshot_times

    if to not in ENDINGS:
        msg = f"--to: found {to!r}; allowed: {', '.join(ENDINGS)}"
        raise InputError(msg)
    name = what or USUAL.get(to, IMAGE)
    check_what(name, to, list_volumes(place))
    held, row, day = np.zeros(0), 0, ""
    if is_table(name, to):
        insist_on_no_day(name, at)
    else:
        held = load_snapshot_times(place)
        row = find_row(held, at, "--at")
        day = f"_day{held[row]:g}" if at is not None or to != "vtkhdf" else ""
    path = out or name_export(place, to, f"{name}{day}")
    check_output(path, (place,), (ENDINGS[to],))
    if to in IMAGES and path.is_file():
        from trabecula.specimen.writers import is_written_here

        check_kind(path, is_written_here(path), "an image")
    rows = range(len(held)) if at is None else [row]
    for line in write_export(place, to, name, rows if to == "vtkhdf" else [row], path, held):
        typer.echo(line)


def check_what(name: str, to: str, volumes: Sequence[str]) -> None:
    """Refuse what a format cannot hold.

    Raises
    ------
    InputError
        If `name` is none of what can be written as `to`; the message lists what can.
    """
    from trabecula.analysis.export import KINDS
    from trabecula.records.tables import TABLES

    allowed: Sequence[str] = volumes
    if to == "csv":
        allowed = (*TABLES, *KINDS)
    elif to == "stl":
        allowed = SURFACES
    elif to == "vtkhdf":
        allowed = ("lattice", "cells", *KINDS, *volumes)
    if name not in allowed:
        msg = f"--what: found {name!r}; allowed with --to {to}: {', '.join(allowed)}"
        raise InputError(msg)


def is_table(name: str, to: str) -> bool:
    """Whether an export is a table of all times, for which no snapshot is needed."""
    from trabecula.records.tables import TABLES

    return to == "csv" and name in TABLES


def insist_on_no_day(name: str, at: str | None) -> None:
    """Refuse a day of what has all of them.

    Raises
    ------
    InputError
        If one is given.
    """
    if at is not None:
        msg = (
            f"--at: found {at!r} with --what {name}, which has every day; allowed: with a population, "
            "a volume or a surface; remove --at"
        )
        raise InputError(msg)


def name_export(place: Path, to: str, name: str) -> Path:
    """Return where an export goes unless somebody says."""
    folder = (place if place.is_dir() else place.parent) / "export"
    return folder / f"{name}{ENDINGS[to]}"


def write_export(
    place: Path, to: str, name: str, rows: Sequence[int], path: Path, held: "Array"
) -> list[str]:
    """Write one export; returns what to tell.

    Parameters
    ----------
    rows
        Snapshots to write.
    held
        Times of all snapshots, shape (snapshot,), d; none are needed of a table of all times.

    Raises
    ------
    TrabeculaError
        If the run cannot be read, a file cannot be written, or an extra is missing.
    """
    from trabecula.analysis.export import (
        KINDS,
        LATTICE,
        export_cells,
        export_image,
        export_lattice,
        export_table,
    )

    if to == "csv":
        return [f"saved {one}" for one in export_table(place, name, rows[0], path)]
    day = f"day {held[rows[-1]]:g}"
    if to == "stl":
        count = write_surface(place, name, rows[0], path)
        return [f"saved {path}: {name} of {day}, {count} triangles, x, y, z in mm"]
    if to != "vtkhdf":
        volume = export_image(place, name, rows[0], path)
        nz, ny, nx = volume.values.shape
        return [
            f"saved {path}: {name} of {day}, {nx} x {ny} x {nz} voxels (x, y, z) of "
            f"{volume.voxel / 1000:g} mm, unit {volume.unit}"
        ]
    if name == "cells" or name in KINDS:
        export_cells(place, KINDS if name == "cells" else (name,), rows, path)
    else:
        export_lattice(place, LATTICE if name == "lattice" else (name,), rows, path)
    return [f"saved {path}: {name}, {len(rows)} times, x, y, z in um"]


def write_surface(place: Path, name: str, row: int, path: Path) -> int:
    """Write the surface of bone, or of its mineralised part, as STL; returns its triangles."""
    from trabecula.analysis.moments import read_moment
    from trabecula.viz.stl import write_stl
    from trabecula.viz.surface import make_surface

    moment = read_moment(place, row, ("fraction", "osteoid"))
    values = moment.volumes["fraction"].values
    if name == "mineralised":
        values = values - moment.volumes["osteoid"].values
    mesh = make_surface(values, moment.voxel)
    write_stl(mesh, path, f"{name}, day {moment.time:g}")
    return int(mesh.n_cells)
