"""Panels of published trials, as files: arms with levels and doses, endpoints with bands."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trabecula.base.errors import ConfigError, Problem
from trabecula.config.marks import Document, Key, load_yaml, to_dotted
from trabecula.study.terms import Term, TermError, read_term

CONTROLS = ("control", "ctl", "placebo", "none", "replete", "untreated")
"""Names of arms that others are compared with, where an endpoint does not name one."""

LEVELS = {
    "e2_pg_ml": "estradiol",
    "t_ng_dl": "testosterone",
    "prog_ng_ml": "progesterone",
    "igf1_rel": "igf1",
    "pred_mg_d": "glucocorticoid",
    "fsh_miu_ml": "fsh",
    "inflammation_rel": "inflammation",
}
"""Serum levels of an arm, and what a configuration calls them."""

COURSES = ("pred_mg_d",)
"""Levels that are prescriptions: a list of (day, value) holds from each day to the next, and nothing
is given before the first; the others go straight from point to point."""

DOSES = {"denosumab_mg": "denosumab", "opg_fc_mg_kg": "opg_fc", "bisphosphonate": "bisphosphonate"}
"""Doses of an arm, and what a configuration calls them."""

BLOCKS = ("rankl", "il1", "il6", "tnf", "tgfb", "sclerostin")
"""Signals that an arm can neutralise."""

UNUSED = ("note", "notes", "comment")
"""Keys of an arm that are words for people."""

JUMP = 0.01
"""Time that a jump of a level takes (d)."""

LONGEST = 36525.0
"""Longest trial (d)."""

type Points = tuple[tuple[float, float], ...]


PANELS = Path(__file__).parent / "panels"


def list_panels() -> list[str]:
    """Return the names of the panels that come with the program."""
    return sorted(path.stem for path in PANELS.glob("*.yaml"))


@dataclass(frozen=True)
class Arm:
    """What one group of a trial got.

    Parameters
    ----------
    levels, doses, blockade
        Series by the names of a configuration: (day, value), in the units of the panel's keys.
    """

    name: str
    levels: Mapping[str, Points]
    doses: Mapping[str, Points]
    blockade: Mapping[str, Points]

    def to_hormones(self) -> dict[str, Any]:
        """Return the block ``hormones`` of a configuration."""
        blocks = {"levels": self.levels, "doses": self.doses, "blockade": self.blockade}
        return {
            name: {key: [list(point) for point in points] for key, points in block.items()}
            for name, block in blocks.items()
            if block
        }


@dataclass(frozen=True)
class Endpoint:
    """What was measured, and between what limits the simulated mean must lie.

    Parameters
    ----------
    label
        What is measured of which arm, in the panel's words.
    term
        The same as a term that can be computed; None if it cannot.
    reason
        Why it cannot be scored, if so.
    band
        Limits of the mean, in the unit of the observable.
    required
        Whether it counts in the score of its trial.
    published
        The published value, in words.
    """

    label: str
    term: Term | None
    reason: str
    band: tuple[float, float]
    required: bool
    published: str


@dataclass(frozen=True)
class Trial:
    """One row of a panel.

    Parameters
    ----------
    age
        Of the patients on day 0 (y).
    days
        Duration from day 0 on (d).
    """

    id: str
    title: str
    source: str
    sex: str
    age: float
    days: float
    arms: tuple[Arm, ...]
    endpoints: tuple[Endpoint, ...]
    notes: tuple[str, ...]

    def get_arm(self, name: str) -> Arm:
        """Return an arm by name."""
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def used_arms(self) -> tuple[Arm, ...]:
        """Arms that some endpoint reads."""
        read = {name for end in self.endpoints if end.term for name in end.term.arms}
        return tuple(arm for arm in self.arms if arm.name in read)


@dataclass(frozen=True)
class Panel:
    """Published trials, in the order of their file."""

    path: Path
    trials: tuple[Trial, ...]

    def choose(self, only: Sequence[str]) -> "Panel":
        """Return the panel of the trials named, or of all if none is.

        Raises
        ------
        ConfigError
            If there is no such trial.
        """
        known = [trial.id for trial in self.trials]
        unknown = [name for name in only if name not in known]
        if unknown:
            problem = Problem("--only", "trial", ", ".join(unknown), ", ".join(known))
            raise ConfigError([problem])
        return Panel(self.path, tuple(t for t in self.trials if not only or t.id in only))


def load_panel(path: str | Path) -> Panel:
    """Read a panel from a file, or by the name of one that comes with the program.

    Raises
    ------
    ConfigError
        With every mistake at once.
    """
    file = Path(path)
    if str(path) in list_panels():
        file = PANELS / f"{path}.yaml"
    document = load_yaml(file)
    problems = list(document.problems)
    rows = document.data.get("rows") if isinstance(document.data, dict) else None
    if not isinstance(rows, list) or not rows:
        where = document.find_value(())
        raise ConfigError([Problem(where, "rows", repr(rows)[:40], "a list of trials")])
    trials = []
    for index, row in enumerate(rows):
        reader = _RowReader(document, ("rows", index), problems)
        trial = reader.read(row)
        if trial is not None:
            trials.append(trial)
    if problems:
        raise ConfigError(problems)
    return Panel(file, tuple(trials))


class _RowReader:
    """Reads one trial; notes mistakes."""

    def __init__(self, document: Document, path: Key, problems: list[Problem]) -> None:
        self._document, self._path, self._problems = document, path, problems

    def _complain(self, path: Key, found: object, allowed: str, hint: str = "") -> None:
        where = self._document.find_value(path)
        self._problems.append(Problem(where, to_dotted(path), str(found)[:80], allowed, hint))

    def read(self, row: Any) -> Trial | None:
        """Return the trial, or None if it is none."""
        path = self._path
        if not isinstance(row, dict):
            self._complain(path, repr(row), "a trial: id, duration_days, arms, endpoints")
            return None
        name, stated = str(row.get("id", f"row {path[-1]}")), row.get("duration_days")
        days = float(stated) if _is_number(stated) else 0.0  # type: ignore[arg-type]
        if not 0 < days <= LONGEST:
            self._complain((*path, "duration_days"), stated, f"days, up to {LONGEST:g}")
            return None
        given = row.get("arms")
        if not isinstance(given, dict) or not given:
            self._complain((*path, "arms"), given, "at least one arm by name")
            return None
        arms = tuple(self._read_arm(str(key), value) for key, value in given.items())
        people = row.get("population") if isinstance(row.get("population"), dict) else {}
        sex, age, notes = _read_people(people or {})
        endpoints = self._read_endpoints(row, [arm.name for arm in arms], days)
        title, source = str(row.get("title", name)), str(row.get("source", ""))
        return Trial(name, title, source, sex, age, days, arms, endpoints, notes)

    def _read_arm(self, name: str, given: Any) -> Arm:
        path: Key = (*self._path, "arms", name)
        levels: dict[str, Points] = {}
        doses: dict[str, Points] = {}
        blockade: dict[str, Points] = {}
        if not isinstance(given, dict):
            self._complain(path, repr(given), "levels, doses and blockades by name")
            given = {}
        for key, value in given.items():
            if key in LEVELS:
                points = self._read_points((*path, key), value)
                is_course = key in COURSES and not _is_number(value)
                levels[LEVELS[key]] = _make_steps(points) if is_course else points
            elif key in DOSES:
                doses[DOSES[key]] = self._read_points((*path, key), value)
            elif key == "block" and isinstance(value, dict):
                for signal, share in value.items():
                    if signal in BLOCKS:
                        blockade[signal] = self._read_block((*path, key, signal), share)
                    else:
                        self._complain((*path, key, signal), signal, ", ".join(BLOCKS))
            elif str(key).endswith("_block") and str(key)[:-6] in BLOCKS:
                blockade[str(key)[:-6]] = self._read_block((*path, key), value)
            elif key not in UNUSED:
                allowed = ", ".join([*LEVELS, *DOSES, "block", "sclerostin_block", "note"])
                self._complain((*path, key), f"unknown series '{key}'", allowed)
        return Arm(name, levels, doses, blockade)

    def _read_points(self, path: Key, value: Any) -> Points:
        """Read a number that holds from the beginning, or a list of (day, value)."""
        if _is_number(value):
            return ((0.0, float(value)),)
        is_list = isinstance(value, list) and value
        if is_list and all(
            isinstance(p, list) and len(p) == 2 and all(_is_number(x) for x in p) for p in value
        ):
            points = tuple((float(day), float(level)) for day, level in value)
            if all(a[0] < b[0] for a, b in itertools.pairwise(points)):
                return points
        self._complain(path, repr(value), "a number or [[day, value], ...], days rising")
        return ((0.0, 0.0),)

    def _read_block(self, path: Key, value: Any) -> Points:
        """Read a share that is neutralised; a number holds from day 0 on, not before."""
        points = self._read_points(path, value)
        if _is_number(value):
            return ((-1.0, 0.0), (0.0, float(value)))
        return points if points[0][0] < 0 else ((points[0][0] - 1.0, 0.0), *points)

    def _read_endpoints(
        self, row: dict[str, Any], arms: list[str], days: float
    ) -> tuple[Endpoint, ...]:
        found: list[Endpoint] = []
        given = row.get("endpoints")
        for index, entry in enumerate(given if isinstance(given, list) else []):
            path: Key = (*self._path, "endpoints", index)
            if not isinstance(entry, dict) or "obs" not in entry:
                self._complain(path, repr(entry), "an endpoint: arm, obs, t_day, band")
                continue
            found += self._read_endpoint(path, entry, arms, days, row.get("reference"))
        return tuple(found)

    def _read_endpoint(
        self, path: Key, entry: dict[str, Any], arms: list[str], days: float, reference: Any
    ) -> list[Endpoint]:
        """Return an endpoint for each arm that it names, or one for a contrast."""
        band, words = _read_band(entry.get("band")), str(entry["obs"])
        published, required = str(entry.get("published", "")), bool(entry.get("required", False))
        named = entry.get("arm")
        names = [str(n) for n in named] if isinstance(named, list) else [str(named)]
        reason = "" if band else f"its band is words: {entry.get('band')}"
        day, span = entry.get("t_day", days), entry.get("reference", reference)
        if not _is_number(day) or day > days:
            reason = reason or f"its day {day} is none of the trial's {days:g}"
        if span is not None and not _is_window(span):
            reason = reason or f"its reference is no [first, last] day: {span}"
        limits = band or (math.nan, math.nan)
        context = {
            "t": day, "w": entry.get("window_d"), "since": entry.get("from_day"),
            "compare": entry.get("compare"), "reference": span,
        }  # fmt: skip
        if not set(names) <= set(arms):
            names = [""]  # a contrast speaks of arms in its own words
        found = []
        for name in names:
            label = f"{words} ({name})" if name else words
            term, why = None, reason
            if not reason:
                try:
                    control = _find_control(name, arms, context["compare"])
                    term = read_term(words, name, arms, control, context)
                except TermError as error:
                    why = str(error)
            found.append(Endpoint(label, term, why, limits, required, published))
        return found


def _find_control(name: str, arms: list[str], compare: Any) -> str:
    """Return the arm that `name` is compared with, or an empty text."""
    if compare is not None:
        return str(compare)
    others = [arm for arm in arms if arm != name]
    named = [arm for arm in others if arm in CONTROLS]
    if named:
        return named[0]
    return others[0] if len(others) == 1 else ""


def _make_steps(points: Points) -> Points:
    """Return the points of a series that jumps just after each day, from nothing at first."""
    steps, before = [], 0.0
    for day, value in points:
        steps += [(day, before), (day + JUMP, value)]
        before = value
    return tuple(steps)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_window(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _read_band(value: Any) -> tuple[float, float] | None:
    if isinstance(value, list) and len(value) == 2 and all(_is_number(v) for v in value):
        low, high = float(value[0]), float(value[1])
        return (low, high) if low < high else None
    return None


def _read_people(people: Mapping[str, Any]) -> tuple[str, float, tuple[str, ...]]:
    """Return sex, age (y) and what had to be assumed of them."""
    notes = []
    said = str(people.get("sex", "F")).upper()
    if said not in ("F", "M"):
        notes.append(f"sex {said}: taken as women")
    age = people.get("age_y", 50)
    years = float(age) if _is_number(age) else 50.0
    kept = min(max(years, 18.0), 110.0)
    if kept != years or not _is_number(age):
        notes.append(f"age {age}: taken as {kept:g} y")
    return ("male" if said == "M" else "female"), kept, tuple(notes)
