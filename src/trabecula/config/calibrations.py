"""A calibration file to a checked :class:`Calibration`: which rows are fitted, within what limits."""

import fnmatch
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trabecula.base.errors import ConfigError, Problem
from trabecula.config.calibrationschema import CalibrationSettings, RowLimits
from trabecula.config.fits import get_setting
from trabecula.config.load import apply_setting, make_config
from trabecula.config.marks import Document, Key, load_yaml, to_dotted
from trabecula.config.names import find_nearest, replace_odd
from trabecula.config.parameters import Parameters, Row, load_parameters
from trabecula.config.paths import anchor_files
from trabecula.config.problems import make_problems

FITTED = ("C", "D")
"""Grades of rows that may be fitted; A and B were measured."""

DECADE = 10.0
"""Ratio of the limits from which a row is searched by ratios."""

FREE = ("name", "budget", "workers", "keep_lives")
"""Keys that change nothing of what an evaluation is."""


@dataclass(frozen=True)
class FitRow:
    """A row that is fitted.

    Parameters
    ----------
    row
        As the table has it.
    start
        Its value before the fit: the table's, or what the calibration's settings say (its unit).
    low, high
        Limits of the search (its unit).
    is_log
        Whether ratios count rather than differences.
    """

    row: Row
    start: float
    low: float
    high: float
    is_log: bool

    @property
    def key(self) -> str:
        """Its full key."""
        return self.row.key


@dataclass(frozen=True)
class Calibration:
    """What a calibration file asks for.

    Parameters
    ----------
    path
        The file.
    rows
        The rows to fit, in the order of the file.
    sets
        Changes of every configuration, ``PATH=VALUE``.
    base
        All rows as they are before the fit, those of an earlier fit among them.
    """

    path: Path
    settings: CalibrationSettings
    document: Document
    rows: tuple[FitRow, ...]
    sets: tuple[str, ...]
    base: Parameters

    @property
    def name(self) -> str:
        """Its name."""
        return self.settings.name

    @property
    def panel(self) -> str | Path:
        """The panel's file, relative to the calibration's, or the name of one of the program's."""
        beside = self.path.parent / self.settings.panel
        return beside if beside.is_file() else self.settings.panel

    def find(self, *key: str | int) -> str:
        """Return where the value at `key` stands."""
        return self.document.find_value(key)

    def describe(self) -> dict[str, Any]:
        """Return what an evaluation depends on: all but budget, workers and numbers of evaluations."""
        plain = self.settings.model_dump(mode="json", exclude=set(FREE))
        for stage in plain["stages"]:
            del stage["evaluations"]
        fitted = [[r.key, r.start, r.low, r.high, r.is_log] for r in self.rows]
        base = self.base.compute_digest()  # a fit that is named counts by its rows
        return {**plain, "rows": fitted, "sets": list(self.sets), "set of rows before it": base}

    def compute_digest(self) -> str:
        """Return the digest of that."""
        text = json.dumps(self.describe(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def load_calibration(path: str | Path) -> Calibration:
    """Load a calibration file.

    Raises
    ------
    ConfigError
        With every mistake at once: of keys, limits, and rows that may not be fitted.
    """
    from pydantic import ValidationError

    file = Path(path)
    document = load_yaml(file)
    data = document.data
    if not isinstance(data, dict):
        problem = Problem(
            document.find_value(()), "(top level)", repr(data), "keys of a calibration"
        )
        raise ConfigError([*document.problems, problem])
    data = {"name": replace_odd(file.stem).lstrip(".") or "calibration", **data}
    problems = list(document.problems)
    settings: CalibrationSettings | None = None
    try:
        settings = CalibrationSettings.model_validate(data)
    except ValidationError as error:
        known = {problem.where for problem in problems}
        found = make_problems(error, document, CalibrationSettings)
        problems += [problem for problem in found if problem.where not in known]
    if settings is None:
        raise ConfigError(problems)
    sets = tuple(_list_sets(settings, file))
    base = _load_base(sets, file, document, problems)
    rows = tuple(_RowReader(settings, document, base, problems).read())
    problems += _check_stages(settings, document)
    if problems:
        raise ConfigError(problems)
    return Calibration(file, settings, document, rows, sets, base)


def _list_sets(settings: CalibrationSettings, file: Path) -> Iterator[str]:
    """Yield the settings as ``PATH=VALUE``; JSON is YAML too."""
    for path, given in settings.settings.items():
        value = anchor_files(path, given, file.parent)  # a trial's configuration lies elsewhere
        yield f"{path}={json.dumps(value, ensure_ascii=False)}"


def _load_base(
    sets: tuple[str, ...], file: Path, document: Document, problems: list[Problem]
) -> Parameters:
    """Return the parameters from which the fit starts."""
    plain = Document("settings", {"duration": 100.0})
    for text in sets:
        apply_setting(plain, text)
    try:
        return make_config(plain, file).parameters
    except ConfigError as error:
        where = document.find_key(("settings",))
        problems += [Problem(where, p.key, p.found, p.allowed, p.hint) for p in error.problems]
        return load_parameters()


class _RowReader:
    """Reads which rows are fitted."""

    def __init__(
        self, settings: CalibrationSettings, document: Document, base: Parameters,
        problems: list[Problem],
    ) -> None:  # fmt: skip
        self._settings, self._document, self._base = settings, document, base
        self._problems = problems

    def read(self) -> Iterator[FitRow]:
        """Yield the rows once each; a row that is named has its own limits, whatever pattern has it."""
        for grade in self._settings.grades:
            if grade not in FITTED:
                where = ("grades", self._settings.grades.index(grade))
                allowed = "C, D: rows graded A or B were measured and are not fitted"
                self._refuse(where, grade, allowed)
        table, seen = self._base.rows, set[str]()
        for name, limits in self._settings.rows.items():
            if any(sign in name for sign in "*?["):
                keys = self._match(name)
            elif name not in table:
                hint = find_nearest(name, list(table)) or "`trabecula params` lists them"
                self._refuse(
                    ("rows", name), "an unknown parameter", "a key of the parameter table", hint
                )
                continue
            else:
                keys = [name]
            for key in keys:
                if key in seen or (key != name and key in self._settings.rows):
                    continue
                seen.add(key)
                found = self._read_row(name, table[key], limits)
                if found is not None:
                    yield found

    def _refuse(self, path: Key, found: str, allowed: str, hint: str = "") -> None:
        where = self._document.find_value(path)
        self._problems.append(Problem(where, to_dotted(path), found, allowed, hint))

    def _match(self, pattern: str) -> list[str]:
        """Return the rows of a pattern whose grade is asked for and that can move."""
        table = self._base.rows
        every = [key for key in table if fnmatch.fnmatchcase(key, pattern)]
        grades = [grade for grade in self._settings.grades if grade in FITTED]
        kept = [
            key for key in every if table[key].grade in grades and table[key].low < table[key].high
        ]
        if not kept:
            found = f"{len(every)} rows, none of them graded {' or '.join(grades)} with a range"
            self._refuse(("rows", pattern), found, "a pattern of rows that may be fitted")
        return kept

    def _read_row(self, name: str, row: Row, limits: RowLimits) -> FitRow | None:
        path: Key = ("rows", name)
        if row.grade not in FITTED:
            found = f"{row.key}, graded {row.grade}"
            hint = f"it was measured: {row.source}" if row.source else ""
            self._refuse(path, found, "rows graded C or D", hint)
            return None
        if get_setting(row.key) in {_to_full(path) for path in self._settings.settings}:
            self._refuse(path, f"{row.key} in settings too", "a row either set or fitted")
            return None
        low = row.low if limits.low is None else limits.low
        high = row.high if limits.high is None else limits.high
        if not row.low <= low < high <= row.high:
            allowed = f"low under high within {row.low:g} .. {row.high:g} {row.unit}"
            self._refuse(path, f"{row.key}: low {low:g}, high {high:g}", allowed)
            return None
        start = self._base[row.key]
        if not low <= start <= high:
            found = f"{row.key}: low {low:g}, high {high:g}"
            self._refuse(path, found, f"limits around {start:g}, from which the fit starts")
            return None
        if limits.log and low <= 0:
            self._refuse(path, f"{row.key}: low {low:g}", "low above 0 with log: on")
            return None
        is_log = low > 0 and high / low >= DECADE if limits.log is None else limits.log
        return FitRow(row, start, low, high, is_log)


def _to_full(path: str) -> str:
    """Return a configuration's key of a row in full: ``cells.parameters.bone.young`` has its room."""
    from trabecula.config.resolve import ROOMS_OF_BLOCK, to_full_key

    block, middle, key = (*path.split(".", 2), "", "")[:3]
    if middle != "parameters" or block not in ROOMS_OF_BLOCK:
        return path
    return f"{block}.parameters.{to_full_key(key, block)}"


def _check_stages(settings: CalibrationSettings, document: Document) -> list[Problem]:
    problems = []
    names = [stage.name for stage in settings.stages]
    for index, name in enumerate(names):
        path: Key = ("stages", index, "name")
        if name in names[:index] or name == "final":
            found = f"{name}, which is taken"
            allowed = "a name of its own; final is the last one's"
            problems.append(Problem(document.find_value(path), to_dotted(path), found, allowed))
    if settings.stages[0].evaluations is None:
        path = ("stages", 0)
        problems.append(
            Problem(document.find_value(path), to_dotted(path), "no evaluations", "how many are tried")
        )  # fmt: skip
    return problems


def describe_rows(rows: tuple[FitRow, ...]) -> list[Mapping[str, Any]]:
    """Return the rows as plain values."""
    return [
        {
            "key": one.key, "unit": one.row.unit, "start": one.start,
            "table": load_parameters()[one.key],
            "low": one.low, "high": one.high, "log": one.is_log, "grade": one.row.grade,
            "range": [one.row.low, one.row.high], "tuned": one.row.tuned, "source": one.row.source,
        }
        for one in rows
    ]  # fmt: skip


__all__ = ["Calibration", "FitRow", "describe_rows", "load_calibration"]
