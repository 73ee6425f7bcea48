"""What an arm of a trial got, as a panel writes it: levels, doses, blockades, settings."""

import itertools
from pathlib import Path
from typing import Any

from trabecula.config.marks import Key
from trabecula.config.names import find_nearest
from trabecula.config.paths import anchor_files
from trabecula.hormones import compute_series
from trabecula.study.complaints import Complaints, drop_empty, is_number, is_window, read_numbers
from trabecula.study.panel import Arm, Points
from trabecula.study.terms import LEAD

LEVELS = {
    "e2_pg_ml": "estradiol",
    "t_ng_dl": "testosterone",
    "prog_ng_ml": "progesterone",
    "igf1_rel": "igf1",
    "pred_mg_d": "glucocorticoid",
    "fsh_miu_ml": "fsh",
    "inflammation_rel": "inflammation",
}
"""Serum levels of an arm, and what a configuration calls them, in the same unit: read too."""

COURSES = ("glucocorticoid",)
"""Levels that are prescriptions: nothing is given before the first day of a list, and each value holds
to the next; where one is repeated, for which such a list has no need, it goes straight from point to
point, as all others do."""

DOSES = {"denosumab_mg": "denosumab", "opg_fc_mg_kg": "opg_fc", "bisphosphonate": "bisphosphonate"}
"""Doses of an arm, and what a configuration calls them, in the same unit: read too."""

BLOCKS = ("rankl", "il1", "il6", "tnf", "tgfb", "sclerostin")
"""Signals that an arm can neutralise."""

UNUSED = (
    "note", "notes", "comment", "title", "n", "evidence", "source", "sources", "caveat", "name", "id",
    "label", "description", "published",
)  # fmt: skip
"""Keys of an arm that are words for people."""

FIXED = ("seed", "lattice.seed", "lattice.shape", "name", "duration")
"""Keys of a configuration that the trial itself decides."""

JUMP = 0.01
"""Time that a jump of a level takes (d)."""

SUDDEN = 1.0
"""Time (d) within which a change across day 0 is one on day 0."""

LONG = 30.0
"""Time (d) beyond which a share that goes straight from one value to another is told of."""

WITHOUT_PAST = tuple(key for key, name in LEVELS.items() if name in COURSES) + COURSES
"""Keys of prescriptions, of which nothing is given before the first day."""


class ArmReader:
    """Reads one arm; an arm with a mistake is kept with the reason why it cannot be lived.

    Parameters
    ----------
    path
        Where the arm stands.
    days
        How long it is lived (d).
    """

    def __init__(
        self, name: str, path: Key, complaints: Complaints, notes: list[str], days: float
    ) -> None:
        self._name, self._path, self._complaints, self._notes = name, path, complaints, notes
        self._days = days
        self._reason = ""
        self._levels: dict[str, Points] = {}
        self._doses: dict[str, Points] = {}
        self._blockade: dict[str, Points] = {}
        self._settings: dict[str, Any] = {}
        self._reference: tuple[float, float] | None = None

    def read(self, given: Any) -> Arm:
        """Return the arm; nothing at all is an arm to which nothing is done."""
        if given is None:
            given = {}
        if not isinstance(given, dict):
            self._complain((), given, "levels, doses and blockades by name")
            given = {}
        for key, value in given.items():
            if value not in (None, []):
                self._read_entry(str(key), read_numbers(value))
            elif key not in UNUSED:
                self._notes.append(f"arm {self._name}: {key} is empty: not given")
        return Arm(
            self._name, self._levels, self._doses, self._blockade, self._settings, self._reason,
            reference=self._reference,
        )  # fmt: skip

    def _complain(self, path: Key, found: object, allowed: str, hint: str = "") -> None:
        reason = self._complaints.add((*self._path, *path), found, allowed, hint)
        self._reason = self._reason or reason

    def _read_entry(self, key: str, value: Any) -> None:
        series = LEVELS.get(key, key)
        drug = DOSES.get(key, key)
        if series in self._levels or drug in self._doses:
            self._complain((key,), f"'{key}' beside its other name", "one of the two")
        elif series in LEVELS.values():
            points = self._read_points((key,), value)
            if series in COURSES and not is_number(value):
                points = self._make_course(key, points)
            self._levels[series] = self._begin(key, points)
        elif drug in DOSES.values():
            points = self._read_points((key,), value, are_doses=True)
            if given := tuple(dose for dose in points if dose[1]):
                self._doses[drug] = given
        elif key == "block":
            self._read_blocks(value)
        elif key.endswith("_block"):
            self._read_block((key,), key[:-6], value)
        elif key == "reference":
            self._read_reference(value)
        elif key == "settings":
            found, reason = flatten_settings(value, Path(self._complaints.document.name).parent)
            self._settings |= found
            if reason:
                self._complain((key,), reason, "keys of a configuration, such as mechanics.every")
        elif key not in UNUSED:
            known = [
                *LEVELS, *DOSES, "block", "sclerostin_block", "reference", "settings", "note",
            ]  # fmt: skip
            hint = find_nearest(key.lower(), [*known, *LEVELS.values(), *DOSES.values()])
            self._complain((key,), f"unknown series '{key}'", ", ".join(known), hint)

    def _make_course(self, key: str, points: Points) -> Points:
        """Return a prescription as a series, and say how its list was read."""
        values = {value for _, value in points}
        if len(values) == 1 and any(values) and points[0][0] >= 0.0:
            self._notes.append(
                f"arm {self._name}: {key} begins on day {points[0][0]:g}, nothing is given before; "
                "a number without days is chronic"
            )
        is_tapered = any(a[1] == b[1] for a, b in itertools.pairwise(points))
        if not is_tapered:
            return make_steps(points)
        self._notes.append(f"arm {self._name}: {key} goes straight from point to point")
        return _make_taper(points)

    def _begin(self, key: str, points: Points) -> Points:
        """Return a series from day 0 on: until then a bone lives under the level of that day."""
        first = points[0][0]
        if first > 0.0 and len({value for _, value in points}) == 1 and key not in WITHOUT_PAST:
            self._notes.append(
                f"arm {self._name}: {key} never changes: its level of day {first:g} holds before it too"
            )
        if first >= 0.0 or self._reason:
            return points
        jump = find_jump(points)
        if jump is not None:
            self._notes.append(
                f"arm {self._name}: {key} changes within a day of day 0: taken to change on day 0"
            )
            return jump
        self._notes.append(
            f"arm {self._name}: {key} before day 0 is not lived; until then its level of day 0 holds"
        )
        return cut_at_day_zero(points)

    def _read_reference(self, value: Any) -> None:
        if is_window(value) and value[0] >= -LEAD and value[1] <= self._days:
            self._reference = float(value[0]), float(value[1])
            return
        allowed = f"[first, last] day of a baseline, from {-LEAD:g} to {self._days:g}"
        self._complain(("reference",), value, allowed)

    def _read_blocks(self, value: Any) -> None:
        if not isinstance(value, dict):
            self._complain(("block",), value, "signals with their shares, such as {il1: 0.9}")
            return
        for signal, share in drop_empty(value, list(value)).items():
            self._read_block(("block", str(signal)), str(signal), share)

    def _read_block(self, path: Key, signal: str, value: Any) -> None:
        """Read a share that is neutralised; a number holds from day 0 on, not before."""
        plain = signal.lower()
        if plain not in BLOCKS:
            self._complain(path, f"unknown signal '{signal}'", ", ".join(BLOCKS))
            return
        points = self._read_points(path, value)
        if points[0][0] < 0.0:
            self._notes.append(f"arm {self._name}: nothing is blocked before day 0")
            points = cut_at_day_zero(points)
        for (first, share), (last, other) in itertools.pairwise(points):
            if share != other and last - first > LONG:
                legs = f"from {share:g} on day {first:g} to {other:g} on day {last:g}"
                self._notes.append(f"arm {self._name}: {path[-1]} goes straight {legs}")
        points = ((points[0][0] - 1.0, 0.0), *points)
        if any(not 0 <= share <= 1 for _, share in points):
            self._complain(path, value, "a share from 0 to 1")
        self._blockade[plain] = points

    def _read_points(self, path: Key, value: Any, are_doses: bool = False) -> Points:
        """Read a number that holds from the beginning, or a list of (day, value).

        Two values of one day are a jump; days in another order are put in order.
        """
        if is_number(value):
            return ((0.0, float(value)),)
        is_list = isinstance(value, list) and value
        if not is_list or not all(
            isinstance(p, list) and len(p) == 2 and all(map(is_number, p)) for p in value
        ):
            self._complain(path, value, "a number or [[day, value], ...], days rising")
            return ((0.0, 0.0),)
        points = [(float(day), float(level)) for day, level in value]
        ordered = sorted(points, key=lambda point: point[0])
        if ordered != points:
            self._notes.append(f"arm {self._name}: days of {path[-1]} put in order")
        is_jump = any(a[0] == b[0] and a[1] != b[1] for a, b in itertools.pairwise(ordered))
        if is_jump and not are_doses:
            self._notes.append(f"arm {self._name}: two values of {path[-1]} on one day are a jump")
        return _part(ordered, are_doses)


def _part(points: list[tuple[float, float]], are_doses: bool) -> Points:
    """Return points whose days rise: a point on the day of the one before comes just after it.

    The same level twice on a day is one point; the same dose twice is two.
    """
    parted: list[tuple[float, float]] = []
    for day, value in points:
        if parted and day <= parted[-1][0]:
            if are_doses or value != parted[-1][1]:
                parted.append((parted[-1][0] + JUMP, value))
        else:
            parted.append((day, value))
    return tuple(parted)


def cut_at_day_zero(points: Points) -> Points:
    """Return a series (d, any unit) from day 0 on, with the value that it has there."""
    return (0.0, compute_series(points, 0.0)), *(point for point in points if point[0] > 0.0)


def find_jump(points: Points) -> Points | None:
    """Return a series (d, any unit) from day 0 on that jumps there; None if it does not around day 0."""
    before = [point for point in points if point[0] < 0.0]
    after = points[len(before) :]
    if not (before and after) or after[0][0] - before[-1][0] > SUDDEN:
        return None
    (_, old), (day, new) = before[-1], after[0]
    if old == new:
        return None
    first = max(day, JUMP)
    rest = tuple(point for point in after[1:] if point[0] > first)
    return (0.0, old), (first, new), *rest


def make_steps(points: Points) -> Points:
    """Return the points of a series that jumps just after each day, from nothing at first."""
    steps: list[tuple[float, float]] = []
    before = 0.0
    for day, value in points:
        if not steps or day > steps[-1][0]:  # two values of one day: the second follows at once
            steps.append((day, before))
        steps.append((day + JUMP, value))
        before = value
    return tuple(steps)


def _make_taper(points: Points) -> Points:
    """Return the points of a series that goes straight from one to the next, from nothing at first."""
    series = list(make_steps(points[:1]) if points[0][1] else points[:1])
    for day, value in points[1:]:  # one within the jump at the beginning comes just after it
        series.append((day if day > series[-1][0] else series[-1][0] + JUMP, value))
    return tuple(series)


def flatten_settings(given: Any, folder: Path) -> tuple[dict[str, Any], str]:
    """Return settings by dotted path, and what is wrong with them, if anything.

    Parameters
    ----------
    folder
        Folder of the panel; files that a setting names are relative to it.
    """
    if not isinstance(given, dict):
        return {}, repr(given)
    found: dict[str, Any] = {}

    def walk(block: dict[str, Any], before: str) -> None:
        for key, value in block.items():
            path = f"{before}{key}"
            if isinstance(value, dict) and value:
                walk(value, f"{path}.")
            else:
                found[path] = value

    walk(given, "")
    found = {path: anchor_files(path, value, folder) for path, value in found.items()}
    fixed = [path for path in found if path in FIXED]
    kept = {path: value for path, value in found.items() if path not in fixed}
    return kept, f"{', '.join(fixed)}, which the trial decides" if fixed else ""
