"""One whole state as one file: explicit arrays, clock, doses, ledgers and warm starts.

Draws are keyed, so there is no generator to save: whoever reads the file goes on bit by bit.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.base.errors import ResultsError
from trabecula.records.atomic import open_kind, write_whole
from trabecula.records.codec import compute_digest, read_dataclass, write_value
from trabecula.state import Clock, State

KIND = "trabecula state"
FORMAT_VERSION = 2


def write_state(path: Path, state: State, meta: Mapping[str, Any]) -> None:
    """Write `state` with `meta` (plain values that JSON can hold) in one atomic step.

    Raises
    ------
    ResultsError
        If the file cannot be written or does not read back.
    """
    with write_whole(path, _verify) as file:
        file.attrs["kind"] = KIND
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["meta"] = json.dumps(dict(meta), sort_keys=True)
        write_value(file, "state", state)
        file.attrs["digest"] = compute_digest(file)


def _verify(path: Path) -> None:
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        _check_digest(file, path)


def _check_digest(file: Any, path: Path) -> None:
    if compute_digest(file) != file.attrs["digest"]:
        msg = f"{path}: damaged: its content no longer matches its digest; make it again"
        raise ResultsError(msg)


def read_state(path: Path) -> tuple[State, dict[str, Any]]:
    """Read a state and its meta values, bit by bit as they were written.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, of another kind or of another format version.
    """
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        _check_digest(file, path)
        state: State = read_dataclass(file["state"], State)
        fill_opened(state)
        meta: dict[str, Any] = json.loads(file.attrs["meta"])
    return state, meta


def fill_opened(state: State) -> None:
    """Let each site of an older file have opened a face of a voxel for each voxel of their mouth."""
    rows = state.sites.rows
    if np.isnan(rows.opened).all():  # an empty table has nothing to fill
        rows.opened[:] = rows.mouth * state.grid.voxel**2


def read_meta(path: Path) -> dict[str, Any]:
    """Read nothing but the meta values of a state.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, of another kind or of another format version.
    """
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        meta: dict[str, Any] = json.loads(file.attrs["meta"])
    return meta


def read_day(path: Path) -> float:
    """Read nothing but the day (d after day 0) that a state is of.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, of another kind or of another format version.
    """
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        clock: Clock = read_dataclass(file["state/clock"], Clock)
    return clock.time
