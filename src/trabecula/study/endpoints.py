"""The endpoints of a trial, as a panel writes them; what cannot be scored is kept with its reason."""

import math
import re
from collections.abc import Mapping
from typing import Any

from trabecula.config.marks import Key
from trabecula.study.complaints import (
    Complaints,
    drop_empty,
    is_number,
    is_window,
    read_numbers,
    say,
)
from trabecula.study.panel import Endpoint
from trabecula.study.terms import LEAD, Term, read_term
from trabecula.study.wording import (
    COMPARED,
    CONTROLLED,
    TermError,
    can_cross,
    find_pair,
    is_plain,
    quote,
)

CONTROLS = (
    "control", "controls", "ctl", "ctrl", "placebo", "none", "replete", "untreated", "no_treatment",
    "usual", "usual_care", "vehicle", "sham", "pbo", "plb", "observation", "no_therapy",
    "standard_care",
)  # fmt: skip
"""Names of arms, in small letters, that others are compared with where an endpoint does not name one."""

SLACK = (7.0, 0.05)
"""What an endpoint's day may lie beyond a trial, which then lasts until that day: days, or a share."""

READ = (
    "arm", "obs", "t_day", "window_d", "from_day", "compare", "reference", "band", "required",
    "published", "precision",
)  # fmt: skip
"""Keys of an endpoint that are read."""

UNUSED = ("note", "notes", "comment", "evidence", "source", "caveat", "unit", "n", "id", "title")
"""Keys of an endpoint that are words for people."""

NUMBERS = ("t_day", "window_d", "from_day", "reference", "band", "precision")
"""Keys of an endpoint whose values are numbers."""

WITHOUT_BASELINE = ("ede_um", "wth_um", "e2_pg_ml", "t_ng_dl")
"""Observables that are read as they are, over no baseline."""

DATED = re.compile(r"\bt(?:_day)?\s*=|slope|first_day")
"""What in the words of a term tells its days."""

DAYS = re.compile(r"\bt(?:_day)?\s*=\s*([\d.]+)|slope\([^()]*,\s*([\d.]+)\s*,\s*([\d.]+)\s*\)")
"""Days that a term names."""

YES, NO = (
    ("true", "yes", "y", "on", "1", "1.0"),
    ("false", "no", "n", "off", "0", "0.0", "none", ""),
)


class EndpointReader:
    """Reads the endpoints of one trial.

    Parameters
    ----------
    arms
        Names of its arms.
    days
        Its duration (d).
    reference
        First and last day of its baseline, as the trial gives it; None for the usual one.
    steady
        By name of an arm in which nothing changes, what it lives under.
    baselines
        Baselines that arms have of their own, first and last day (d), by name.
    """

    def __init__(
        self, path: Key, arms: list[str], days: float, reference: Any, complaints: Complaints,
        notes: list[str], steady: Mapping[str, object] | None = None,
        baselines: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:  # fmt: skip
        self._baselines, self._moved = baselines or {}, list[int]()
        self._path, self._arms, self._days, self._reference = path, arms, days, reference
        self._complaints, self._notes, self._steady = complaints, notes, steady or {}

    def read(self, given: Any) -> tuple[Endpoint, ...]:
        """Return all endpoints: one for each arm that an entry names, or one for a contrast."""
        if not isinstance(given, list):
            if given is not None:
                reason = self._complaints.add(self._path, given, "a list of endpoints")
                return (_give_up("endpoints", reason),)
            self._notes.append("no endpoints")
            return ()
        found: list[Endpoint] = []
        for index, one in enumerate(given):
            path: Key = (*self._path, index)
            entry = drop_empty(one, NUMBERS) if isinstance(one, dict) else one
            if not isinstance(entry, dict) or "obs" not in entry:
                allowed = "an endpoint: arm, obs, t_day, band"
                reason = self._complaints.add(path, entry, allowed)
                is_required = isinstance(entry, dict) and read_flag(entry.get("required"))
                found.append(_give_up(say(entry), reason, bool(is_required)))
                continue
            found += self._read_entry(entry, index)
        if self._moved:
            self._notes.append(
                f"windows that reach beyond day {self._days:g} are moved back to end with it: endpoints "
                f"{', '.join(map(str, self._moved))}"
            )
        return tuple(found)

    def _read_entry(self, entry: dict[str, Any], index: int) -> list[Endpoint]:
        words = str(entry["obs"]).strip()
        what = f"endpoint {index + 1} ({words})"
        unread = [str(key) for key in entry if key not in READ and key not in UNUSED]
        self._complaints.add_unread((*self._path, index), unread, READ)
        if unread:
            self._notes.append(f"{what}: not read: {', '.join(unread)}")
        band, reason = read_band(entry)
        required = read_flag(entry.get("required"))
        if required is None:
            reason = reason or f"required is neither true nor false: {entry.get('required')}"
        if required and "band" not in entry:
            self._notes.append(f"{what}: required, but without a band, so that it is only measured")
        context = {
            "t": entry.get("t_day", self._days), "w": entry.get("window_d"),
            "since": entry.get("from_day"), "compare": entry.get("compare"),
            "reference": entry.get("reference", None if "from_day" in entry else self._reference),
            "days": self._days, "named": entry.get("arm"),
            "baselines": {} if {"reference", "from_day"} & entry.keys() else self._baselines,
        }  # fmt: skip
        if words in WITHOUT_BASELINE and "from_day" in entry:
            self._notes.append(f"{what}: from_day says nothing of it")
        reason = reason or self._find_fault(context, words)
        precision = entry.get("precision")
        if precision is not None and not (is_number(precision) and precision > 0):
            reason = reason or f"its precision is no standard error: {precision}"
        found = []
        names = self._find_names(entry.get("arm"), words)
        for name in names:
            label = f"{words} ({name})" if name else words
            known = name if name in self._arms else ""
            term, why = None, reason
            if not reason and name and not known:
                why = f"no arm '{name}' (arms: {', '.join(self._arms)})"
            elif not reason and known and str(context["compare"]) == known and is_plain(words):
                why = f"arm {known} is compared with itself"
            elif not reason:
                try:
                    control = find_control(known, self._arms, context["compare"])
                    self._note_controls(words, known, context["compare"], what)
                    across = self._find_across(words, known, control, context["compare"], index)
                    text = self._cross_pair(words, what)
                    term = read_term(text, known, self._arms, control, context | across)
                    self._note_still(term, what)
                except TermError as error:
                    why = str(error)
            goal = float(precision) if is_number(precision) else math.nan  # type: ignore[arg-type]
            is_dated = term is not None and not DATED.search(words)
            end = Endpoint(
                label, term, why, band, bool(required), say_published(entry.get("published")), goal,
                float(context["t"]) if is_dated else math.nan, 1.0 / len(names),
            )  # fmt: skip
            found.append(end)
        if any(one.term and self._is_moved(one, context["w"]) for one in found):
            self._moved.append(index + 1)
        return found

    def _is_moved(self, end: Endpoint, width: Any) -> bool:
        """Whether the window that an endpoint asks for does not fit before the last day of the trial."""
        is_wide = is_number(width) and end.day + float(width) / 2.0 > self._days
        read = end.term.observables if end.term is not None else ()
        return is_wide and any(name != "bvtv_pct" for name in read)

    def _find_across(
        self, words: str, arm: str, control: str, compare: Any, index: int
    ) -> dict[str, bool]:
        """Return whether an observable is that of its arm over that of its control, and say so.

        Arms in which nothing changes differ by what they are, not by what becomes of them: against its
        own baseline each is 0 % or 1.
        """
        here, there = self._steady.get(arm), self._steady.get(control)
        what = f"endpoint {index + 1} ({words}, {arm})"
        is_controlled = words.endswith(CONTROLLED) and words.removesuffix(CONTROLLED) in COMPARED
        if here is None or not (can_cross(words) or is_controlled):
            return {}
        asked = compare is not None or not words.endswith("_pct")
        if asked and there is not None and there != here:
            self._notes.append(
                f"{what}: nothing changes in {arm} and {control}: one over the other"
            )
            return {"across": True}
        if not words.endswith("_pct") and compare is None and not is_controlled:
            self._notes.append(
                f"{what}: nothing changes in the arm, which is 1 of itself; compare names another"
            )
        return {}

    def _note_controls(self, words: str, arm: str, compare: Any, what: str) -> None:
        """Say which arm is the control where several are called so."""
        named = [other for other in self._arms if other != arm and is_control(other)]
        if words.endswith(CONTROLLED) and compare is None and len(named) > 1:
            self._notes.append(f"{what}: of {' and '.join(named)} {named[0]} is the control")

    def _cross_pair(self, words: str, what: str) -> str:
        """Return words that compare two arms in which nothing changes as ``over``, and say so."""
        found = None if is_plain(words) else find_pair(words, self._arms)
        if found is None:
            return words
        name, arm, other = found
        here, there = self._steady.get(arm), self._steady.get(other)
        if here is None or there is None or here == there:
            return words
        self._notes.append(f"{what}: nothing changes in {arm} and {other}: one over the other")
        return f"over({name}, {quote(arm)}, {quote(other)})"

    def _note_still(self, term: Term, what: str) -> None:
        """Say of a term that compares arms in which nothing changes that each is 0 % or 1 of itself."""
        still = all(arm in self._steady for arm in term.arms) and len(term.arms) > 1
        if still and all(map(can_cross, term.observables)) and "over(" not in term.text:
            self._notes.append(
                f"{what}: nothing changes in {', '.join(term.arms)}, each 0 % or 1 of itself; "
                "over(OBS, arm, other) compares two of them"
            )

    def _find_names(self, named: Any, words: str) -> list[str]:
        """Return the arms that an entry speaks of; an empty name for a contrast.

        A contrast names its arms in its own words, so that what it gives as its arm is a heading.
        """
        names = [str(name) for name in named] if isinstance(named, list) else [str(named)]
        if named is None and len(self._arms) == 1 and is_plain(words):
            return list(self._arms)
        is_heading = len(names) > 1 and not is_plain(words)
        if any(name in self._arms for name in names) and not is_heading:
            return names
        return [""]

    def _find_fault(self, context: Mapping[str, Any], words: str) -> str:
        """Return what is wrong with the days of an endpoint; an empty text if nothing is."""
        day, width, since, span = (context[key] for key in ("t", "w", "since", "reference"))
        if not is_number(day):
            return f"its t_day is no day: {say(day)}"
        if not -LEAD <= day <= self._days:
            return f"its day {say(day)} is none of the trial's {self._days:g}"
        if width is not None and not (is_number(width) and width > 0):
            return f"its window is no number of days: {say(width)}"
        if since is not None and not (is_number(since) and -LEAD <= since <= self._days):
            return f"its from_day {say(since)} is none of the trial's {self._days:g}"
        if since is not None and since >= day and is_plain(words):
            return f"its day {day:g} is not after its from_day {since:g}"
        if span is not None and not is_window(span):
            return f"its reference is no [first, last] day: {say(span)}"
        if span is not None and (span[0] < -LEAD or span[1] > self._days):
            return f"its reference {span} is not within -{LEAD:g} and {self._days:g} d"
        compared = context["compare"]
        if compared is not None and str(compared) not in self._arms:
            return f"no arm '{compared}' to compare with (arms: {', '.join(self._arms)})"
        return ""


def _give_up(label: str, reason: str, required: bool = False) -> Endpoint:
    return Endpoint(label, None, reason, (math.nan, math.nan), required, "")


def find_control(name: str, arms: list[str], compare: Any) -> str:
    """Return the arm that `name` is compared with, or an empty text."""
    if compare is not None:
        return str(compare)
    others = [arm for arm in arms if arm != name]
    named = [arm for arm in others if is_control(arm)]
    if named:
        return named[0]
    return others[0] if len(others) == 1 and not is_control(name) else ""


def is_control(name: str) -> bool:
    """Whether an arm is called as controls are."""
    return name.lower().replace(" ", "_").replace("-", "_") in CONTROLS


def list_days(given: Any) -> list[float]:
    """Return the days (d) that the endpoints of a trial name, in their words or beside them."""
    rows = [entry for entry in given if isinstance(entry, dict)] if isinstance(given, list) else []
    days = [drop_empty(row, NUMBERS).get("t_day") for row in rows]
    named = [day for row in rows for match in DAYS.findall(str(row.get("obs"))) for day in match]
    return [float(day) for day in (*days, *map(read_numbers, named)) if is_number(day)]


def find_last_day(given: Any, days: float) -> float:
    """Return the day (d) until which a trial must be lived for its endpoints, at least `days` (d).

    An endpoint's day a little beyond the stated end means the end: months are counted in many ways.
    """
    most = max(days + SLACK[0], days * (1.0 + SLACK[1]))
    return max([days, *(day for day in list_days(given) if day <= most)])


def read_band(entry: Mapping[str, Any]) -> tuple[tuple[float, float], str]:
    """Return the limits of an endpoint, and why it has none; without a band it is only measured.

    The limits are in the unit of the endpoint; NaN where it has none.
    """
    none = (math.nan, math.nan)
    if "band" not in entry:
        return none, ""
    value = entry["band"]
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return none, f"its band is words: {value}"
    if not (isinstance(value, list) and len(value) == 2 and all(map(is_number, value))):
        return none, f"its band is no [low, high] of two numbers: {say(value)}"
    low, high = float(value[0]), float(value[1])
    if low >= high:
        return none, f"its band has no width: its first limit is not below its second: {value}"
    return (low, high), ""


def read_flag(value: Any) -> bool | None:
    """Return yes or no as a panel writes it, no if it says nothing; None if it is neither."""
    text = "" if value is None else str(value).strip().lower()
    return True if text in YES else False if text in NO else None


def say_published(value: Any) -> str:
    """Return a published value in words, however it is written."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key} {say_published(item)}" for key, item in value.items())
    if isinstance(value, list):
        return " to ".join(map(say_published, value))
    return f"{value:g}" if is_number(value) else str(value)
