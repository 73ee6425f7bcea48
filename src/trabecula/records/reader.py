"""Reading results files: series with attributes, the site ledger, snapshots, provenance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trabecula.base.codes import FULL
from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError
from trabecula.records.atomic import open_kind
from trabecula.records.results import FORMAT_VERSION, KIND, NAME
from trabecula.records.series import insist_on_one_length


class StoredSeries(NamedTuple):
    """One series with what its attributes say.

    Parameters
    ----------
    values
        Shape (time,), in `unit`; NaN between measurements.
    interval
        Time between measurements (d).
    """

    values: Array
    unit: str
    symbol: str
    long_name: str
    interval: float


class StoredResults(NamedTuple):
    """A results file without its snapshots.

    Parameters
    ----------
    path
        The file itself.
    time
        Shape (time,), d.
    series, hormones
        Series by key.
    events
        Cumulative counts by name, each of shape (time,).
    bmus
        Columns of the site ledger, each of shape (site,).
    snapshots
        Times of the snapshots, shape (snapshot,), d.
    provenance
        Seed, digest, text of the configuration, versions, parameter and rule rows.
    """

    path: Path
    time: Array
    series: Mapping[str, StoredSeries]
    hormones: Mapping[str, StoredSeries]
    events: Mapping[str, Array]
    bmus: Mapping[str, Array]
    snapshots: Array
    provenance: Mapping[str, Any]


class StoredSnapshot(NamedTuple):
    """Lattice and cells at one moment.

    Parameters
    ----------
    time
        Time (d).
    voxel
        Edge of a voxel (um).
    fraction, osteoid
        Matrix and its unmineralised part, shape (z, y, x), float32, 0..1.
    cells
        Flat voxel index of every cell, by population.
    """

    time: float
    voxel: float
    fraction: Array
    osteoid: Array
    cells: Mapping[str, Array]


def find_results(place: Path) -> Path:
    """Return the results file that `place`, a run folder or the file itself, stands for.

    Raises
    ------
    ResultsError
        If there is none.
    """
    path = place / NAME if place.is_dir() else place
    if path.is_file():
        return path
    wrong = f"the folder holds no {NAME}" if place.is_dir() else "there is no such file or folder"
    msg = f"{place}: {wrong}; a run folder or a {NAME} is needed"
    raise ResultsError(msg)


def read_results(place: Path) -> StoredResults:
    """Read everything but the snapshots.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, of another kind or of another format version.
    """
    path = find_results(place)
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        for name in ("series", "hormones", "events", "bmus"):
            insist_on_one_length(file[name])
        return StoredResults(
            path=path,
            time=file["series/time"][()],
            series=_read_series(file["series"]),
            hormones=_read_series(file["hormones"]),
            events={n: d[()] for n, d in file["events"].items() if n != "time"},
            bmus={n: d[()] for n, d in file["bmus"].items()},
            snapshots=file["snapshots/time"][()],
            provenance=_read_provenance(file["provenance"]),
        )


def _read_series(group: Any) -> dict[str, StoredSeries]:
    found = {}
    for key, data in group.items():
        if key == "time":
            continue
        unit, symbol, name = (str(data.attrs[word]) for word in ("unit", "symbol", "long_name"))
        interval = float(data.attrs["interval"])
        found[key] = StoredSeries(data[()], unit, symbol, name, interval)
    return found


def _read_provenance(group: Any) -> dict[str, Any]:
    found: dict[str, Any] = {key: _to_plain(value) for key, value in group.attrs.items()}
    found["config"] = group["config"].asstr()[()]
    found["versions"] = {n: _to_plain(v) for n, v in group["versions"].attrs.items()}
    for table in ("parameters", "rules"):
        found[table] = _read_rows(group[table])
    return found


def _read_rows(group: Any) -> list[dict[str, Any]]:
    insist_on_one_length(group)
    columns = {
        name: (data[()] if data.dtype.kind == "f" else data.asstr()[()]).tolist()
        for name, data in group.items()
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _to_plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def read_snapshot(place: Path, index: int) -> StoredSnapshot:
    """Read snapshot `index` (negative counts from the last).

    Raises
    ------
    ResultsError
        If the file cannot be read or holds no such snapshot.
    """
    path = find_results(place)
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        group = file["snapshots"]
        count = group["time"].shape[0]
        if not -count <= index < count:
            msg = f"{path}: snapshot {index} was asked for; the file holds {count}"
            raise ResultsError(msg)
        row = index % count
        return StoredSnapshot(
            time=float(group["time"][row]),
            voxel=float(group.attrs["voxel"]),
            fraction=_to_fraction(group["matrix"][row]),
            osteoid=_to_fraction(group["osteoid"][row]),
            cells={name: _read_voxels(part, row) for name, part in group["cells"].items()},
        )


def _to_fraction(quanta: Array) -> Array:
    return quanta.astype(np.float32) / np.float32(FULL)


def _read_voxels(group: Any, row: int) -> Array:
    first, count = int(group["first"][row]), int(group["count"][row])
    return group["voxel"][first : first + count]  # type: ignore[no-any-return]


def find_kind(path: Path) -> str:
    """Return the kind of a file of ours, or an empty text for any other file.

    Raises
    ------
    ResultsError
        If it is an HDF5 file that cannot be opened.
    """
    import h5py

    if not path.is_file() or not h5py.is_hdf5(path):
        return ""
    try:
        with h5py.File(path, "r") as file:
            return str(file.attrs.get("kind", ""))
    except (OSError, RuntimeError) as error:
        msg = f"{path}: damaged: {error}; make it again"
        raise ResultsError(msg) from error
