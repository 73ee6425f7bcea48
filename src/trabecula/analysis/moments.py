"""Moments of a run chosen by time: which snapshot stands for a day, and what it holds."""

from pathlib import Path

import numpy as np

from trabecula.base.codes import Stage
from trabecula.base.columns import Array
from trabecula.base.errors import InputError, ResultsError
from trabecula.records.moments import StoredMoment, Volume, list_volumes, read_moment, read_times

__all__ = [
    "StoredMoment",
    "Volume",
    "choose_snapshot",
    "compute_centres",
    "list_volumes",
    "load_snapshot_times",
    "read_moment",
    "read_times",
    "split_stages",
]

NEAR = 0.5
"""A time may lie this far (d) outside the snapshots, so that rounding is no mistake."""


def load_snapshot_times(place: Path) -> Array:
    """Load the times of the snapshots, shape (snapshot,), d; at least one.

    Raises
    ------
    ResultsError
        If the file cannot be read or holds no snapshot.
    """
    times = read_times(place)
    if not len(times):
        msg = f"{place}: it holds no snapshot yet; let it run on (`trabecula resume`)"
        raise ResultsError(msg)
    return times


def choose_snapshot(times: Array, time: float | None, option: str) -> int:
    """Return the row of the snapshot nearest to `time` (d), the last one if that is None.

    Parameters
    ----------
    times
        Times of the snapshots, shape (snapshot,), d, ascending.
    option
        What asked for it, for the message.

    Raises
    ------
    InputError
        If `time` lies outside the snapshots.
    """
    if time is None:
        return len(times) - 1
    if not times[0] - NEAR <= time <= times[-1] + NEAR:
        msg = (
            f"{option}: found {time:g} d; allowed: {times[0]:g} to {times[-1]:g} d, the first and the "
            f"last of {len(times)} snapshots of this run"
        )
        raise InputError(msg)
    return int(np.argmin(np.abs(times - time)))


def compute_centres(voxels: Array, shape: tuple[int, int, int], voxel: float) -> Array:
    """Return the world coordinates of the centres of `voxels`.

    Parameters
    ----------
    voxels
        Flat indices (z, y, x), shape (cell,).
    voxel
        Edge of a voxel (um).

    Returns
    -------
    ndarray
        x, y, z (um) from the outer corner of voxel (0, 0, 0), shape (cell, 3).
    """
    z, y, x = np.unravel_index(np.asarray(voxels, dtype=np.int64), shape)
    centres: Array = (np.column_stack([x, y, z]) + 0.5) * voxel
    return centres


def split_stages(moment: StoredMoment) -> dict[str, dict[str, Array]]:
    """Return the cells by kind: preosteoblasts apart from active osteoblasts.

    Returns
    -------
    dict
        By kind: columns by name, each of shape (cell,), in the unit in which it is stored.
    """
    kinds = {name: dict(columns) for name, columns in moment.cells.items()}
    if "osteoblasts" in kinds:
        both = kinds["osteoblasts"]
        active = both["stage"] == Stage.ACTIVE
        kinds["osteoblasts"] = {name: column[active] for name, column in both.items()}
        kinds["preosteoblasts"] = {name: column[~active] for name, column in both.items()}
    return kinds
