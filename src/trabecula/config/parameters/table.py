"""Rows of the parameter table, their validation, and overrides."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from trabecula.base.errors import ConfigError, Problem
from trabecula.config.marks import Document
from trabecula.config.names import find_nearest
from trabecula.config.parameters.row import Row, find_row_mistakes, make_row
from trabecula.config.shipped import load_shipped
from trabecula.config.units import QuantityError, to_number

ROOMS = ("lattice", "fields", "cells", "hormones", "drugs", "glands", "mechanics")

ORDERED = (
    ("mechanics.sensing.lazy_high", "mechanics.sensing.full"),
    ("mechanics.sensing.building", "mechanics.sensing.grown"),
    ("mechanics.sensing.damage", "mechanics.sensing.broken"),
)
"""Rows between which an answer rises: the first below the second, though their ranges overlap."""


class Parameters:
    """The table in force: ``parameters["room.group.name"]`` is a number in its row's unit."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self.rows: dict[str, Row] = dict(rows)
        self._values = {key: row.value for key, row in self.rows.items()}
        self._hash = hash(tuple(self._values.items()))

    def __getitem__(self, key: str) -> float:
        try:
            return self._values[key]
        except KeyError:
            hint = find_nearest(key, list(self._values))
            msg = f"no parameter {key}; {hint}"
            raise KeyError(msg) from None

    def get(self, key: str, other: float) -> float:
        """Return the number of `key`, or `other` if the table has no such row."""
        return self._values.get(key, other)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameters) and self.rows == other.rows

    def __hash__(self) -> int:
        return self._hash

    def compute_digest(self) -> str:
        """Return the digest of all numbers in force, each in the unit of its row."""
        text = json.dumps({key: self._values[key] for key in sorted(self._values)})
        return hashlib.sha256(text.encode()).hexdigest()

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the rows as plain mappings, ordered by key, for files and tables."""
        return [asdict(self.rows[key]) for key in sorted(self.rows)]


def load_parameters(overrides: Mapping[str, float | str] | None = None) -> Parameters:
    """Return the table with `overrides` (full key to number, or text with a unit) applied.

    Raises
    ------
    ConfigError
        If a row of the table or an override is wrong; all mistakes at once.
    """
    given = tuple((overrides or {}).items())
    return _apply(given)


@lru_cache(maxsize=64)
def _apply(given: tuple[tuple[str, float | str], ...]) -> Parameters:
    found = find_override_problems(dict(given))
    if found:
        raise ConfigError([problem for problem, _ in found])
    rows = dict(_load_table())
    for key, value in given:
        row = rows[key]
        rows[key] = replace(row, value=to_number(value, row.unit), note=f"{row.note} (set)".strip())
    return Parameters(rows)


def find_override_problems(overrides: Mapping[str, object]) -> list[tuple[Problem, str]]:
    """Return what is wrong with `overrides`, each problem with the override's key."""
    table = _load_table()
    problems: list[tuple[Problem, str]] = []
    for key, value in overrides.items():
        if key not in table:
            problem = Problem(
                "parameters",
                key,
                "an unknown parameter",
                "a key of the parameter table",
                find_nearest(key, list(table)) or "`trabecula params` lists them",
            )
            problems.append((problem, key))
            continue
        row = table[key]
        allowed = f"{row.low:g} .. {row.high:g} {row.unit}"
        try:
            number = to_number(value, row.unit)
        except QuantityError as error:
            problems.append((Problem("parameters", key, f"{value!r} ({error})", allowed), key))
            continue
        if not row.low <= number <= row.high:
            hint = f"the range of evidence; source: {row.source}"
            problem = Problem("parameters", key, f"{number:g} {row.unit}", allowed, hint)
            problems.append((problem, key))
    return problems


def find_disorder(overrides: Mapping[str, object]) -> list[tuple[Problem, str]]:
    """Return which of `overrides`, each within its range, turn a pair of :data:`ORDERED` round."""
    table = _load_table()
    problems: list[tuple[Problem, str]] = []
    for pair in ORDERED:
        given = [key for key in pair if key in overrides]
        low, high = (
            to_number(overrides[key], table[key].unit) if key in overrides else table[key].value
            for key in pair
        )
        if given and low >= high:
            hint = "the answer to load would turn round between them"
            found = f"{pair[0]} {low:g}, {pair[1]} {high:g}"
            problem = Problem("parameters", given[-1], found, f"{pair[0]} below {pair[1]}", hint)
            problems.append((problem, given[-1]))
    return problems


@lru_cache(maxsize=1)
def _load_table() -> dict[str, Row]:
    from trabecula.config.rules import load_rules

    folder = Path(__file__).parent
    rows: dict[str, Row] = {}
    for room in ROOMS:
        path = folder / f"{room}.yaml"
        if path.exists():
            rows |= read_rows(load_shipped(path), room)
    for rule in load_rules():
        rows |= {row.key: row for row in rule.rows}
    return rows


def read_rows(document: Document, room: str) -> dict[str, Row]:
    """Return the rows of one room's file.

    Raises
    ------
    ConfigError
        If a row lacks a field, has an unknown one, or its value lies outside its range.
    """
    problems = list(document.problems)
    rows: dict[str, Row] = {}
    for name, fields in (document.data or {}).items():
        where = document.find_key((name,))
        mistakes = find_row_mistakes(fields)
        if name.count(".") > 1:
            mistakes.append(("a key of another form", "name or group.name"))
        problems += [Problem(where, f"{room}.{name}", *mistake) for mistake in mistakes]
        if not mistakes:
            rows[f"{room}.{name}"] = make_row(f"{room}.{name}", fields)
    if problems:
        raise ConfigError(problems)
    return rows
