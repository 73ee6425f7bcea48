"""A run for other programs: tables as CSV, volumes as images, volumes and cells as VTKHDF."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.analysis.moments import (
    StoredMoment,
    Volume,
    compute_centres,
    read_moment,
    read_times,
)
from trabecula.base.columns import Array, Column, columns_of
from trabecula.base.extras import check_extra
from trabecula.base.files import make_folder, replace_whole
from trabecula.base.layouts import LiningCells, Osteoblasts, Osteoclasts, Osteocytes, Precursors
from trabecula.records.tables import TABLES, read_table
from trabecula.records.vtkhdf import Cloud, write_clouds, write_volumes

LAYOUTS: Mapping[str, Any] = {
    "precursors": Precursors,
    "osteoclasts": Osteoclasts,
    "osteoblasts": Osteoblasts,
    "lining": LiningCells,
    "osteocytes": Osteocytes,
}
PLACE = ("x", "y", "z")
LATTICE = ("fraction", "osteoid", "mineral", "eroded", "site")
KINDS = tuple(LAYOUTS)
"""Populations in the order of their number in VTKHDF files."""

SHARED = ("uid", "born")
"""Columns that every population has."""


def export_table(place: Path, what: str, row: int, path: Path) -> list[Path]:
    """Write a table of the run, or a population of snapshot `row`, as CSV.

    Returns
    -------
    list of Path
        The table, and beside it the list of its columns with unit and meaning.

    Raises
    ------
    ResultsError
        If the run cannot be read, or the files cannot be written.
    """
    if what in TABLES:
        table = read_table(place, what)
        columns, notes = dict(table.columns), table.notes
    else:
        columns, notes = _tabulate_cells(read_moment(place, row, (), (what,)), what)
    book = path.with_name(f"{path.stem}_columns.csv")
    words = ("unit", "symbol", "long_name", "interval")
    described = [(name, *(notes[name].get(word, "") for word in words)) for name in columns]
    _write_csv(book, ("column", "unit", "symbol", "meaning", "interval_d"), described)
    plain = [column.tolist() for column in columns.values()]
    _write_csv(path, tuple(columns), zip(*plain, strict=True))
    return [path, book]


def _tabulate_cells(
    moment: StoredMoment, population: str
) -> tuple[dict[str, Array], dict[str, dict[str, str]]]:
    stored = dict(moment.cells[population])
    centres = compute_centres(stored.pop("voxel"), moment.shape, moment.voxel)
    columns = {"uid": stored.pop("uid")}
    columns |= {axis: centres[:, n] for n, axis in enumerate(PLACE)} | stored
    specs: Mapping[str, Column] = columns_of(LAYOUTS[population])
    notes = {name: {"unit": s.unit, "long_name": s.doc} for name, s in specs.items()}
    for axis in PLACE:
        words = f"{axis} of the middle of its voxel, from the outer corner of the first voxel"
        notes[axis] = {"unit": "um", "long_name": words}
    return columns, notes


def _write_csv(path: Path, header: Sequence[str], rows: Any) -> None:
    with (
        replace_whole(path, "the table") as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow("" if value != value else value for value in row)  # noqa: PLR0124


def export_image(place: Path, what: str, row: int, path: Path) -> Volume:
    """Write a volume of snapshot `row` as NRRD, MHA or NIfTI, by the ending of `path`.

    Voxel size is in mm; world coordinates x, y, z begin at the outer corner of the first voxel,
    as in the other formats.

    Raises
    ------
    SpecimenError
        If the image cannot be written.
    InputError
        If the run holds no such volume.
    MissingError
        If the extra is not installed.
    """
    check_extra(("SimpleITK",), "imaging", "an image")
    from trabecula.specimen.writers import write_image

    volume = read_moment(place, row, (what,)).volumes[what]
    make_folder(path.parent, "the image")
    write_image(path, volume.values, volume.voxel, volume.voxel / 2.0)
    return volume


def export_lattice(place: Path, names: Sequence[str], rows: Sequence[int], path: Path) -> None:
    """Write volumes of one grid at the times of `rows` as VTKHDF; lengths in um.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    InputError
        If the run holds no such volume.
    """
    times = read_times(place)[list(rows)]
    first = read_moment(place, rows[0], names).volumes[names[0]]

    def read() -> Iterator[dict[str, Array]]:
        for row in rows:
            volumes = read_moment(place, row, names).volumes
            yield {name: volume.values for name, volume in volumes.items()}

    write_volumes(path, times.tolist(), read(), first.voxel)


def export_cells(place: Path, populations: Sequence[str], rows: Sequence[int], path: Path) -> None:
    """Write cells at the times of `rows` as points of a VTKHDF file; lengths in um.

    Point arrays are ``population`` (its number in :data:`KINDS`), ``uid``, ``born`` (d), ``nuclei``
    (0 but for osteoclasts) and ``stage`` (of osteoblasts: 0 preosteoblast, 1 active).

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    moments = [read_moment(place, row, (), populations) for row in rows]
    clouds = [_gather(moment) for moment in moments]
    write_clouds(path, [moment.time for moment in moments], clouds)


def _gather(moment: StoredMoment) -> Cloud:
    points, parts = [np.zeros((0, 3))], []
    for name, columns in moment.cells.items():
        count = len(columns["voxel"])
        points.append(compute_centres(columns["voxel"], moment.shape, moment.voxel))
        part = {"population": np.full(count, KINDS.index(name), np.uint8)}
        part |= {shared: columns[shared] for shared in SHARED}
        for extra, kind in (("nuclei", np.int32), ("stage", np.uint8)):
            part[extra] = columns.get(extra, np.zeros(count, kind)).astype(kind)
        parts.append(part)
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Cloud(np.concatenate(points), together)
