"""Files of the VTKHDF format that stand alone: volumes or cells over time, for ParaView."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError
from trabecula.records.atomic import write_whole

VERSION = (2, 0)
PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


class Cloud(NamedTuple):
    """Cells at one time.

    Parameters
    ----------
    points
        x, y, z (um), shape (cell, 3).
    columns
        What is known of each, each of shape (cell,).
    """

    points: Array
    columns: Mapping[str, Array]


def write_volumes(
    path: Path, times: Sequence[float], frames: Iterable[Mapping[str, Array]], voxel: float
) -> None:
    """Write volumes of one grid over time as ImageData; its lattice begins at 0, 0, 0 um.

    Parameters
    ----------
    times
        Days, one for each frame.
    frames
        Arrays of shape (z, y, x) by name, in any unit; read one after another, so that they need not fit
        in memory.
    voxel
        Edge of a voxel (um).

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    with write_whole(path, _verify) as file:
        root = _make_root(file, "ImageData", times)
        data = root.create_group("CellData")
        for row, frame in enumerate(frames):
            if row == 0:
                _make_grid(root, data, len(times), frame, voxel)
            for name, values in frame.items():
                data[name][row if len(times) > 1 else ...] = values


def _make_grid(root: Any, data: Any, steps: int, frame: Mapping[str, Array], voxel: float) -> None:
    nz, ny, nx = next(iter(frame.values())).shape
    root.attrs["WholeExtent"] = np.array([0, nx, 0, ny, 0, nz], dtype=np.int64)
    root.attrs["Origin"] = np.zeros(3)
    root.attrs["Spacing"] = np.full(3, voxel)
    root.attrs["Direction"] = np.eye(3).ravel()
    shape: tuple[int, ...] = (nz, ny, nx)
    chunks: tuple[int, ...] = tuple(min(64, n) for n in (nz, ny, nx))
    if steps > 1:
        shape, chunks = (steps, *shape), (1, *chunks)
    for name, values in frame.items():
        data.create_dataset(name, shape, values.dtype, chunks=chunks, **PACKED)


def write_clouds(path: Path, times: Sequence[float], clouds: Sequence[Cloud]) -> None:
    """Write cells over time as PolyData, one vertex each.

    Parameters
    ----------
    times
        Time of each cloud (d).

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    counts = np.array([len(cloud.points) for cloud in clouds], dtype=np.int64)
    steps = len(counts)
    with write_whole(path, _verify) as file:
        root = _make_root(file, "PolyData", times)
        points = np.concatenate([cloud.points for cloud in clouds]).astype(np.float32)
        root.create_dataset("Points", data=points, **(PACKED if len(points) else {}))
        root["NumberOfPoints"] = counts
        for kind in ("Vertices", "Lines", "Polygons", "Strips"):
            full = kind == "Vertices"
            group = root.create_group(kind)
            offsets = [np.arange(n + 1) if full else np.zeros(1) for n in counts]
            ids = [np.arange(n) for n in counts] if full else [np.zeros(0)]
            group["Offsets"] = np.concatenate(offsets).astype(np.int64)
            group["Connectivity"] = np.concatenate(ids).astype(np.int64)
            group["NumberOfCells"] = counts if full else np.zeros(steps, np.int64)
            group["NumberOfConnectivityIds"] = counts if full else np.zeros(steps, np.int64)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
        data = root.create_group("PointData")
        for name in clouds[0].columns:
            column = np.concatenate([cloud.columns[name] for cloud in clouds])
            data.create_dataset(name, data=column, **(PACKED if len(column) else {}))
        if steps > 1:
            _write_offsets(root["Steps"], starts, steps, list(clouds[0].columns))


def _write_offsets(group: Any, starts: Array, steps: int, names: Sequence[str]) -> None:
    """Say where each time begins; only vertices have cells."""
    group["PartOffsets"] = np.arange(steps, dtype=np.int64)
    group["NumberOfParts"] = np.ones(steps, dtype=np.int64)
    group["PointOffsets"] = starts
    none = np.zeros(steps, np.int64)
    group["CellOffsets"] = np.column_stack([starts, none, none, none])
    group["ConnectivityIdOffsets"] = np.column_stack([starts, none, none, none])
    inner = group.create_group("PointDataOffsets")
    for name in names:
        inner[name] = starts


def _make_root(file: Any, kind: str, times: Sequence[float]) -> Any:
    root = file.create_group("VTKHDF", track_order=True)
    root.attrs["Version"] = np.array(VERSION, dtype=np.int64)
    root.attrs["Type"] = np.bytes_(kind)
    if len(times) > 1:  # VTK takes a file of one time for a file without time
        steps = root.create_group("Steps")
        steps["Values"] = np.asarray(times, dtype=np.float64)
        steps.attrs["NSteps"] = len(times)
    return root


def _verify(path: Path) -> None:
    import h5py

    with h5py.File(path, "r") as file:
        if "VTKHDF" not in file:
            msg = f"{path}: it does not read back"
            raise ResultsError(msg)
