"""One moment of a run as it was stored: volumes in physical units, cells with their columns."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trabecula.base.codes import FULL
from trabecula.base.columns import Array
from trabecula.base.errors import InputError
from trabecula.records.atomic import open_kind
from trabecula.records.reader import find_results
from trabecula.records.results import FORMAT_VERSION, KIND

QUANTA = {"fraction": "matrix", "osteoid": "osteoid", "mineral": "mineral"}
"""Volumes that are stored in quanta: their names here, and in the file."""

WHOLE = ("eroded", "site")


class Volume(NamedTuple):
    """One value per voxel.

    Parameters
    ----------
    values
        Shape (z, y, x), in `unit`.
    voxel
        Edge of its voxels (um): the lattice's, or twice that.
    """

    values: Array
    voxel: float
    unit: str
    long_name: str


class StoredMoment(NamedTuple):
    """What a results file holds of one moment.

    Parameters
    ----------
    time
        Time (d).
    voxel
        Edge of a voxel of the lattice (um).
    shape
        Voxels of the lattice along z, y, x.
    volumes
        Those that were asked for, by name.
    cells
        Columns of each population that was asked for, each of shape (cell,).
    """

    time: float
    voxel: float
    shape: tuple[int, int, int]
    volumes: Mapping[str, Volume]
    cells: Mapping[str, Mapping[str, Array]]


def read_times(place: Path) -> Array:
    """Read the times of the snapshots (d), shape (snapshot,).

    Raises
    ------
    ResultsError
        If the file is missing, damaged, or of another kind.
    """
    path = find_results(place)
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        times: Array = file["snapshots/time"][()]
        return times


def read_moment(
    place: Path, row: int, volumes: Collection[str], populations: Collection[str] = ()
) -> StoredMoment:
    """Read `volumes` and `populations` of snapshot `row`.

    Parameters
    ----------
    volumes
        Of fraction (matrix per voxel volume), osteoid, mineral, eroded, site, sed, or a field.

    Raises
    ------
    ResultsError
        If the file cannot be read.
    InputError
        If it has no such volume or population; the message lists what it has.
    """
    path = find_results(place)
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        group = file["snapshots"]
        _check_names(path, "volume", volumes, _list_volumes(group))
        _check_names(path, "population of cells", populations, list(group["cells"]))
        nz, ny, nx = (int(n) for n in group["matrix"].shape[1:])
        voxel = float(group.attrs["voxel"])
        return StoredMoment(
            time=float(group["time"][row]),
            voxel=voxel,
            shape=(nz, ny, nx),
            volumes={name: _read_volume(group, name, row, voxel) for name in volumes},
            cells={name: _read_cells(group["cells"][name], row) for name in populations},
        )


def read_matrix_course(place: Path, box: tuple[slice, slice, slice]) -> Array:
    """Read the matrix in a box of the lattice at every snapshot.

    Returns
    -------
    ndarray
        Matrix per voxel volume, 0..1, shape (snapshot, z, y, x) of the box, float32.

    Raises
    ------
    ResultsError
        If the file cannot be read.
    """
    path = find_results(place)
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        stack: Array = file["snapshots/matrix"][(slice(None), *box)]
    return stack.astype(np.float32) / np.float32(FULL)


def list_volumes(place: Path) -> list[str]:
    """List the volumes that every snapshot of a results file has.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, or of another kind.
    """
    path = find_results(place)
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        return _list_volumes(file["snapshots"])


def _list_volumes(group: Any) -> list[str]:
    fields = list(group["fields"]) if "fields" in group else []
    return [*QUANTA, *WHOLE, *(["sed"] if "sed" in group else []), *fields]


def _check_names(path: Path, what: str, wanted: Collection[str], held: Collection[str]) -> None:
    unknown = [name for name in wanted if name not in held]
    if unknown:
        msg = f"{path}: found no {what} {unknown[0]!r}; it holds {', '.join(held)}"
        raise InputError(msg)


def _read_volume(group: Any, name: str, row: int, voxel: float) -> Volume:
    if name in QUANTA:
        data = group[QUANTA[name]]
        values = data[row].astype(np.float32) / np.float32(FULL)
        words = "matrix per voxel volume" if name == "fraction" else str(data.attrs["long_name"])
        return Volume(values, voxel, "1", words.replace(" in quanta", ""))
    data = group[name] if name in WHOLE or name == "sed" else group["fields"][name]
    # a field, and strain energy of a large lattice, is stored on blocks of 2 x 2 x 2 voxels
    factor = 1 if data.shape[1:] == group["matrix"].shape[1:] else 2
    return Volume(data[row], factor * voxel, str(data.attrs["unit"]), str(data.attrs["long_name"]))


def _read_cells(group: Any, row: int) -> dict[str, Array]:
    first, count = int(group["first"][row]), int(group["count"][row])
    names = [name for name in group if name not in ("first", "count")]
    return {name: group[name][first : first + count] for name in names}
