"""Frozen fits: rows of the parameter table as a calibration chose them, in a file with its digest.

A configuration takes one by ``fit: FILE``. Its rows are laid under the configuration's own
``parameters``, and the resolved configuration holds them all, so that a run needs the file no more.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trabecula.base.errors import ConfigError, Problem
from trabecula.config.dump import dump_yaml
from trabecula.config.marks import Document, Key, load_yaml, to_dotted
from trabecula.config.names import find_nearest
from trabecula.config.parameters import find_override_problems
from trabecula.config.placing import open_block
from trabecula.config.resolve import ROOMS_OF_BLOCK, to_full_key

FIELDS = ("name", "digest", "parameters", "made_from")
"""Keys of a fit's file."""

BLOCK_OF_ROOM = {room: block for block, rooms in ROOMS_OF_BLOCK.items() for room in rooms}


@dataclass(frozen=True)
class FrozenFit:
    """Rows that were chosen together.

    Parameters
    ----------
    values
        By full key, in the unit of each row.
    made_from
        What they were fitted to, and by what.
    """

    name: str
    values: Mapping[str, float]
    made_from: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Digest of the values."""
        return compute_fit_digest(self.values)

    def to_yaml(self) -> str:
        """Return the file that :func:`load_fit` reads."""
        body = {"name": self.name, "digest": self.digest, "parameters": dict(self.values)}
        head = (
            "# Frozen: a run that takes it (fit: FILE) stores its digest. Change a value and the\n"
        )
        head += "# digest is wrong; a fit of your own needs none.\n"
        return head + dump_yaml({**body, "made_from": dict(self.made_from)})


def compute_fit_digest(values: Mapping[str, float]) -> str:
    """Return the digest of rows.

    Parameters
    ----------
    values
        By full key, each in its row's unit.
    """
    text = json.dumps({key: float(values[key]) for key in sorted(values)})
    return hashlib.sha256(text.encode()).hexdigest()


def load_fit(file: Path) -> FrozenFit:
    """Read a frozen fit.

    Raises
    ------
    ConfigError
        If it is none, a row is unknown or out of its range, or it was altered; all mistakes at once.
    """
    document = load_yaml(file)
    data = document.data if isinstance(document.data, dict) else {}
    problems = list(document.problems)

    def refuse(path: Key, found: str, allowed: str, hint: str = "") -> None:
        where = document.find_value(path)
        problems.append(Problem(where, to_dotted(path), found, allowed, hint))

    for name in [name for name in data if name not in FIELDS]:
        hint = find_nearest(str(name), list(FIELDS))
        refuse((name,), f"unknown key '{name}'", ", ".join(FIELDS), hint)
    given = data.get("parameters")
    if not isinstance(given, dict) or not given:
        refuse(("parameters",), repr(given), "rows of the parameter table with their values")
        given = {}
    numbers = {}
    for key, value in given.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            numbers[key] = float(value)
        else:
            refuse(("parameters", key), repr(value), "a number in the unit of the row")
    for problem, key in find_override_problems(numbers):
        refuse(("parameters", key), problem.found, problem.allowed, problem.hint)
    stated = data.get("digest")
    if stated is not None and not problems and stated != compute_fit_digest(numbers):
        own = compute_fit_digest(numbers)
        refuse(
            ("digest",), f"{str(stated)[:12]}..., where its values have {own[:12]}...",
            "the digest of its values", "take the file as it was frozen, or leave digest out",
        )  # fmt: skip
    if problems:
        raise ConfigError(problems)
    made_from = data.get("made_from")
    name = str(data.get("name") or file.stem)
    return FrozenFit(name, numbers, made_from if isinstance(made_from, dict) else {})


def apply_fit(data: dict[str, Any], document: Document, file: Path) -> list[Problem]:
    """Lay the rows of the fit that `data` names under its own; returns what is wrong.

    Parameters
    ----------
    file
        The configuration's file; the fit's is relative to it.
    """
    given = data.get("fit")
    if not isinstance(given, str):
        return []  # none, or the record of a resolved configuration
    path = file.parent / given
    try:
        is_file = path.is_file()
    except (OSError, ValueError):
        is_file = False
    if not is_file:
        del data["fit"]
        found, allowed = f"no file {given[:200]}", f"a frozen fit, relative to {file.parent}"
        return [Problem(document.find_value(("fit",)), "fit", found, allowed)]
    try:
        fit = load_fit(path)
    except ConfigError as error:
        del data["fit"]
        return error.problems
    data["fit"] = {"name": fit.name, "digest": fit.digest}
    for key, value in fit.values.items():
        name = BLOCK_OF_ROOM[key.partition(".")[0]]
        block = open_block(data.get(name))
        if block is None:
            continue  # what stands there is no block, which is told elsewhere
        own = block.get("parameters")
        if own is not None and not isinstance(own, dict):
            continue
        own = own or {}
        if key not in {to_full_key(str(k), name) for k in own}:
            data[name] = {**block, "parameters": {**own, key: value}}
    return []


def get_setting(key: str) -> str:
    """Return the key of a configuration that sets a row: ``cells.parameters.cells.bone.young``."""
    return f"{BLOCK_OF_ROOM[key.partition('.')[0]]}.parameters.{key}"
