"""Paths of keys: what ``block.key[2].key`` points at, and whether a configuration has it."""

import re
from pathlib import Path
from typing import Any

from trabecula.config.marks import Key, to_dotted
from trabecula.config.names import find_nearest
from trabecula.config.parameters import find_override_problems
from trabecula.config.problems import find_keys, find_model
from trabecula.config.resolve import ROOMS_OF_BLOCK, to_full_key
from trabecula.config.schema import Config

FILES = ("fit", "lattice.specimen", "patient.labs")
"""Keys of a configuration that name a file, beside those that end on ``.file``."""


def to_key(dotted: str) -> Key:
    """Split ``block.key[2].key``; the name of a parameter keeps its dots.

    >>> to_key("protocol[0].dose"), to_key("cells.parameters.osteoclast.work")
    (('protocol', 0, 'dose'), ('cells', 'parameters', 'osteoclast.work'))
    """
    key: list[str | int] = []
    for part in [part for part in dotted.split(".") if part]:
        name, *indices = re.split(r"\[(\d+)\]", part)
        key += [name] if name else []
        key += [int(index) for index in indices if index]
    if len(key) > 2 and key[1] == "parameters":
        return (key[0], key[1], ".".join(map(str, key[2:])))
    return tuple(key)


def find_path_problem(path: str) -> tuple[str, str, str] | None:
    """Return what was found, what is allowed and a hint if no configuration has the key `path`."""
    key = to_key(path)
    found = f"unknown key {path!r}"
    if not key or key == ("name",):
        return found, "a key of a configuration other than name", ""
    for end, part in enumerate(key):
        model = find_model(key[:end])
        if model is not None and part not in model.model_fields:
            names = list(model.model_fields)
            near = find_nearest(str(part), names)
            places = [to_dotted(known) for known in find_keys(Config) if known[-1] == part]
            hint = near or (f"did you mean {places[0]}?" if places else "")
            return found, ", ".join(names), hint
    if len(key) == 3 and key[1] == "parameters" and key[0] in ROOMS_OF_BLOCK:
        full = to_full_key(str(key[2]), str(key[0]))
        for problem, _ in find_override_problems({full: 0.0}):
            if problem.found == "an unknown parameter":
                return problem.found, problem.allowed, problem.hint
    return None


def anchor_files(path: str, value: Any, folder: Path) -> Any:
    """Return the value of the key `path`; files that it names are absolute, seen from `folder`.

    What a panel or a calibration sets is read in configurations that lie elsewhere, or nowhere.
    """
    if isinstance(value, str) and (path in FILES or path.endswith(".file")):
        return str((folder / value).resolve())
    if isinstance(value, list):
        return [anchor_files(path, one, folder) if isinstance(one, dict) else one for one in value]
    if isinstance(value, dict):
        return {key: anchor_files(f"{path}.{key}", one, folder) for key, one in value.items()}
    return value
