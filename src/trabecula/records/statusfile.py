"""``status.json`` of a run's folder: how it stands, for programs and for people."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trabecula.base.errors import ResultsError
from trabecula.records.atomic import write_text_whole

NAME = "status.json"


def write_status(folder: Path, state: str, values: Mapping[str, Any]) -> None:
    """Replace the status: running, done, interrupted or failed, with plain values.

    Raises
    ------
    ResultsError
        If it cannot be written.
    """
    content = {"state": state, "updated": tell_time()}
    content |= {key: value for key, value in values.items() if key not in content}
    write_text_whole(folder / NAME, json.dumps(content, indent=2) + "\n")


def read_status(folder: Path) -> Mapping[str, Any]:
    """Return what the status says; nothing where there is none, or none that can be read."""
    try:
        return load_status(folder)
    except ResultsError:
        return {}


def load_status(folder: Path) -> Mapping[str, Any]:
    """Return what the status says, for those who want to know why it cannot be read.

    Raises
    ------
    ResultsError
        If there is none, or it is damaged.
    """
    path = folder / NAME
    try:
        status = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: damaged: {error}; `trabecula resume` makes it anew"
        raise ResultsError(msg) from error
    if not isinstance(status, dict):
        msg = (
            f"{path}: damaged: found a {type(status).__name__}; allowed: names and values; "
            "`trabecula resume` makes it anew"
        )
        raise ResultsError(msg)
    return status


def has_ended(folder: Path) -> bool:
    """Whether the status says that the run has come to its end."""
    return read_status(folder).get("state") == "done"


def tell_time() -> str:
    """Return the present moment (UTC) to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
