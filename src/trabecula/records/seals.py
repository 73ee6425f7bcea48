"""The files of a run as it left them: a digest of each, kept in its status."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEY = "sha256"
"""Where the status keeps the digests, by name of a file."""

SEALED = ("results.h5", "results.vtkhdf", "checkpoint.h5")
"""What a run writes anew at each commit, and nobody after its end."""


def make_seals(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that is there.

    Raises
    ------
    OSError
        If one cannot be read.
    """
    return {name: _compute(folder / name) for name in SEALED if (folder / name).is_file()}


def drop_seals(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a status says without its digests: its files are about to be written again."""
    return {key: value for key, value in status.items() if key != KEY}


def find_broken(folder: Path, status: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the files whose digests a status holds, in words."""
    seals = status.get(KEY)
    if not isinstance(seals, dict):
        return []
    broken = []
    for name, seal in seals.items():
        path = folder / str(name)
        if name not in SEALED:
            continue  # a status that somebody wrote names no other file to be read
        if not path.is_file():
            broken.append(f"{name} is gone")
        elif _compute(path) != seal:
            broken.append(f"{name} is not as the run left it")
    return broken


def _compute(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
