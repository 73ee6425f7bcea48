"""Prescriptions in words or keys, to doses on days.

``200 mg im every 2 weeks x 26``, ``{drug: anastrozole, dose: 1 mg, every: 1 d, from: 30 d}``,
``0.15 mL of 200 mg/mL``, ``anastrozole 0.5 mg twice a week until estradiol is 20-30 pg/mL``.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from trabecula.config.deeds import find_answers
from trabecula.config.names import find_nearest
from trabecula.config.parameters import load_parameters
from trabecula.config.pharmacopoeia import (
    Drug,
    find_drug,
    find_route,
    is_called,
    list_names,
    load_drugs,
)
from trabecula.config.phrases import (
    ANALYTES,
    NUMBER,
    SPAN,
    SPANS,
    RegimenError,
    read_phrase,
    reading,
)
from trabecula.config.types import LARGEST_TIME
from trabecula.config.units import QuantityError, to_number

KEYS = (
    "drug", "dose", "route", "every", "from", "until", "for", "times", "target", "doses", "after",
)  # fmt: skip
BESIDE_NO_DOSES = ("dose", "every", "from", "until", "for", "times", "after")
"""Keys that say nothing where each dose has its day."""

UNKNOWN_DRUG, OR_OWN = "an unknown drug", "; or one of your own, under hormones.drugs"
EVERY = "every: 7 d, or in words daily, weekly"
type Overrides = Mapping[str, float | str]

MOST_DOSES = 50_000
"""Doses of one regimen beyond which it is a mistake."""

ROUNDING = 1e-9
"""Share of an interval by which the end of a prescription may miss a dose and still be on its day."""

LONGEST_WEAR = 7.0
"""Longest that one patch is worn (d)."""


@dataclass(frozen=True)
class Target:
    """A lab that doses are fitted to at visits.

    Parameters
    ----------
    analyte
        Level that is measured.
    low, high
        Range to reach, in the level's unit.
    every
        Days between visits.
    """

    analyte: str
    low: float
    high: float
    every: float = 28.0


@dataclass(frozen=True)
class Regimen:
    """One drug on its days.

    Parameters
    ----------
    drug
        The preparation.
    route
        Route.
    doses
        Days and doses (unit of the drug), ascending.
    target
        Lab that the doses are fitted to; None for fixed ones.
    schedule
        Keys from which the doses were made (`dose`, `from`, `every`, `until`, `times`), so that a
        regimen without an end goes on in a longer run; empty for a list of doses.
    """

    drug: Drug
    route: str
    doses: tuple[tuple[float, float], ...]
    target: Target | None = None
    schedule: tuple[tuple[str, float], ...] = ()

    @property
    def worn(self) -> dict[float, float]:
        """Days for which doses that are told by the day are worn, by their day: until the next, a week
        at most; empty where nothing comes next and the usual holds."""
        if not self.drug.per_day:
            return {}
        days = [day for day, _ in self.doses]
        every = dict(self.schedule).get("every", 0.0)
        gaps = [later - day for day, later in pairwise(days)]
        last = every or (gaps[-1] if gaps else 0.0)
        spans = zip(days, [*gaps, last], strict=True)
        return {day: min(gap, LONGEST_WEAR) for day, gap in spans if gap > 0.0}

    def to_mapping(self) -> dict[str, Any]:
        """Return keys that read to an equal regimen."""
        entry: dict[str, Any] = {"drug": self.drug.name, "route": self.route}
        listed: dict[str, Any] = {"doses": [list(dose) for dose in self.doses]}
        entry |= dict(self.schedule) if self.schedule else listed
        if self.target is not None:
            t = self.target
            entry["target"] = {t.analyte: [t.low, t.high], "every": t.every}
        return entry


MEAN_WEIGHT = 70.0
"""Weight (kg) of a patient who does not say his."""


def read_regimen(
    entry: Any,
    duration: float,
    own: Mapping[str, Drug],
    earlier: Sequence[Regimen] = (),
    weight: float = MEAN_WEIGHT,
    overrides: Overrides | None = None,
) -> Regimen:
    """Return the regimen that an entry of ``protocol`` spells.

    Parameters
    ----------
    entry
        A text, or a mapping of :data:`KEYS`.
    duration
        Day to which a regimen without an end goes on (d).
    own
        Drugs that the configuration defines.
    earlier
        Regimens above it, for ``after``.
    weight
        Weight of the patient (kg), for doses by weight.
    overrides
        Rows of the parameter table that the configuration sets, by full key.

    Raises
    ------
    RegimenError
        If it cannot be read.
    """
    if isinstance(entry, str):
        entry = read_phrase(entry)
    if not isinstance(entry, Mapping):
        raise RegimenError(repr(entry), "a prescription in words, or keys " + ", ".join(KEYS))
    for error in find_unknown(entry):
        raise error
    parts = dict(entry)
    if isinstance(parts.get("dose"), str):
        with reading("dose"):
            phrase = read_phrase(parts["dose"], with_drug=False)
        parts = {**phrase, **{k: v for k, v in parts.items() if k != "dose"}}
    with reading("drug"):
        drug = _find(parts.get("drug"), parts.get("route"), own, _first_dose(parts))
    with reading("route"):
        route = _read_route(parts.get("route"), drug)
    with reading("target"):
        target = None if parts.get("target") is None else _read_target(parts["target"], drug)
    if parts.get("doses") is not None:
        with reading("doses"):
            for key in BESIDE_NO_DOSES:
                if parts.get(key) is not None:
                    allowed = "doses with their days, or one dose and when it is given"
                    raise RegimenError(f"{key} beside doses", allowed, key=key)
            listed = _read_doses(parts["doses"], drug, weight, overrides or {})
            for _, amount in parts["doses"]:
                other = _find(parts["drug"], parts.get("route"), own, amount)
                if isinstance(amount, str) and other is not drug:
                    found = f"doses in units of {drug.name} and of {other.name}"
                    raise RegimenError(found, "one preparation an entry, an entry for each")
            return Regimen(drug, route, listed, target)
    if parts.get("dose") is None:
        allowed = f"a dose in {drug.unit}, such as {drug.low:g} {drug.unit}"
        raise RegimenError("no dose", allowed, is_gap=True)
    with reading("dose"):
        dose = _read_dose(parts["dose"], drug, weight, overrides or {})
    start = _read_time(parts.get("from", 0.0), "from")
    with reading("after"):
        start += _find_end(parts.get("after"), earlier)
    days, schedule = _list_days(parts, start, duration)
    if target is not None and not schedule:
        raise RegimenError("a target without an interval", EVERY, key="target", is_gap=True)
    spelled = (("dose", dose), ("from", start), *schedule)
    return Regimen(drug, route, tuple((day, dose) for day in days), target, spelled)


def find_unknown(entry: Mapping[str, Any]) -> list[RegimenError]:
    """Return what is wrong with the keys of an entry."""
    names, allowed = list(KEYS), ", ".join(KEYS)
    return [
        RegimenError(f"a key {key}", allowed, find_nearest(str(key), names), str(key))
        for key in entry
        if key not in KEYS
    ]


def _first_dose(parts: Mapping[str, Any]) -> Any:
    """Return the dose, or the first of those with their days, by whose unit a preparation is chosen."""
    match parts.get("doses"):
        case [[_, dose], *_] | [(_, dose), *_]:
            return dose
    return parts.get("dose")


def _find(name: Any, route: Any, own: Mapping[str, Drug], dose: Any = None) -> Drug:
    if not isinstance(name, str) or not name.strip():
        raise RegimenError("no drug", "drug: one of " + ", ".join(list_names(own)), is_gap=True)
    unit = re.fullmatch(rf"{NUMBER}\s*(\w+)", str(dose).strip())
    way = find_route(route) if isinstance(route, str) else ""
    drug = find_drug(name, way, own, unit[1] if unit else "")
    if drug is None:
        raise RegimenError(
            f"{UNKNOWN_DRUG} {name!r}", ", ".join(sorted({*load_drugs(), *own})) + OR_OWN,
            find_nearest(name.lower().replace(" ", "_").replace("-", "_"), list_names(own)),
        )  # fmt: skip
    return drug


def _read_route(word: Any, drug: Drug) -> str:
    if word is None:
        return drug.routes[0]
    route = find_route(str(word))
    if route not in drug.routes:
        hint = "name the preparation that is given this way"
        raise RegimenError(f"{drug.name} by route {word!r}", " or ".join(drug.routes), hint)
    return route


def _read_dose(value: Any, drug: Drug, weight: float, overrides: Overrides) -> float:
    allowed = f"above 0 .. {drug.most:g} {drug.unit} (usual {drug.low:g}-{drug.high:g})"
    volume = re.fullmatch(rf"(.+?)\s*(?:of|at|x)\s*({NUMBER}\s*\w+/mL)", str(value).strip())
    try:
        if isinstance(value, str) and value.strip().endswith("/kg") and "/kg" not in drug.unit:
            amount = to_number(value.strip().removesuffix("/kg"), drug.unit) * weight
        elif volume and not isinstance(value, int | float):
            amount = to_number(volume[1], "mL") * to_number(volume[2], f"{drug.unit}/mL")
        elif drug.unit == "g" and re.search(r"\d\s*[mu]g$", str(value).strip()):
            # Milligrams are of what is in the gel, grams are of the gel.
            amount = to_number(value, "g") / _find_content(drug, overrides)
        else:
            amount = to_number(value, drug.unit)
    except QuantityError as error:
        raise RegimenError(f"dose {value!r} ({error})", allowed) from error
    if not 0.0 < amount <= drug.most:
        raise RegimenError(f"dose {value}", allowed, "an impossible dose; is the unit right?")
    return amount


def _find_content(drug: Drug, overrides: Overrides) -> float:
    """Return what share of the preparation the drug is (1)."""
    key = f"drugs.{drug.name}.content"
    if drug.own:
        return dict(drug.own)["content"]
    return to_number(overrides[key], "1") if key in overrides else load_parameters()[key]


def _read_doses(
    value: Any, drug: Drug, weight: float, overrides: Overrides
) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list | tuple) or not value:
        raise RegimenError(f"doses {value!r}", "[[day, dose], ...]")
    doses: list[tuple[float, float]] = []
    for item in value:
        if not isinstance(item, list | tuple) or len(item) != 2:
            raise RegimenError(f"doses {item!r}", "[[day, dose], ...]")
        day = _read_time(item[0], "day", "doses")
        if doses and day < doses[-1][0]:
            raise RegimenError(f"day {day:g} after day {doses[-1][0]:g}", "days in ascending order")
        doses.append((day, _read_dose(item[1], drug, weight, overrides)))
    return tuple(doses)


def _read_time(value: Any, name: str, key: str = "") -> float:
    """Return a time (d); what is wrong with it is of `key`, `name` if not given."""
    try:
        days = _spell_span(value) if isinstance(value, str) else to_number(value, "d")
    except QuantityError as error:
        allowed = "a time such as 30 d or 6 months"
        raise RegimenError(f"{name}: {value!r} ({error})", allowed, key=key or name) from error
    if abs(days) > LARGEST_TIME:
        allowed = f"days from {-LARGEST_TIME:g} to {LARGEST_TIME:g}, a hundred years to both sides"
        raise RegimenError(f"{name}: {value!r}", allowed, key=key or name)
    return days


def _spell_span(text: str) -> float:
    match = re.fullmatch(SPAN, text.strip().lower())
    if match and match["n"]:
        return float(match["n"]) * SPANS[match["span"].rstrip("s") or "d"]
    return to_number(text, "d")


def _find_end(name: Any, earlier: Sequence[Regimen]) -> float:
    if name is None:
        return 0.0
    ends = [one.doses[-1][0] for one in earlier if is_called(one.drug, one.route, str(name))]
    if not ends:
        known = ", ".join(r.drug.name for r in earlier) or "nothing"
        raise RegimenError(f"after {name!r}", f"a drug of an earlier entry ({known})")
    return max(ends)


def _list_days(
    parts: Mapping[str, Any], start: float, duration: float
) -> tuple[list[float], list[tuple[str, float]]]:
    """Return the days of the doses, and the keys that spell them in numbers."""
    if parts.get("for") is not None:
        if parts.get("until") is not None:
            found = f"for {parts['for']} and until {parts['until']}"
            raise RegimenError(found, "one of the two", key="for")
        parts = {**parts, "until": start + _read_time(parts["for"], "for")}
    end = duration if parts.get("until") is None else _read_time(parts["until"], "until")
    every, times = parts.get("every"), parts.get("times")
    gap = 0.0 if every is None else _read_time(every, "every")
    if every is not None and gap < 0.05:
        raise RegimenError(f"every {every!r}", "0.05 d or more", key="every")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise RegimenError(f"times {times!r}", "a whole number from 1 on", key="times")
    if end <= start and parts.get("until") is not None:
        found = f"until day {end:g} but from day {start:g}"
        raise RegimenError(found, "an end after the beginning", key="until")
    if gap == 0.0:
        if times not in (None, 1):
            found = f"{times} times without an interval"
            raise RegimenError(found, "every: 7 d, or such", key="times", is_gap=True)
        if parts.get("until") is not None:
            raise RegimenError("an end without an interval", EVERY, key="until", is_gap=True)
        return [start], []
    fitting = max(1, math.ceil((end - start) / gap - ROUNDING))
    count = fitting if times is None else times
    if times is not None and parts.get("until") is not None:
        count = min(count, fitting)
    if count > MOST_DOSES:
        raise RegimenError(f"{count} doses", f"at most {MOST_DOSES}")
    schedule: list[tuple[str, float]] = [("every", gap)]
    schedule += [] if times is None else [("times", times)]
    schedule += [] if parts.get("until") is None else [("until", end)]
    return [start + k * gap for k in range(count)], schedule


def _read_level(value: Any, name: str) -> float:
    """Return a level in the unit of its analyte; IGF-1 may be given as the lab that it is."""
    if name == "igf1" and isinstance(value, str) and "/" in value:
        return to_number(value, "ng/mL", name) / load_parameters()["glands.growth.igf1_young"]
    return to_number(value, ANALYTES[name][0], name)


def _read_target(value: Any, drug: Drug) -> Target:
    allowed = "{estradiol: [20, 30], every: 28 d}, of " + ", ".join(ANALYTES)
    if not isinstance(value, Mapping):
        raise RegimenError(f"target {value!r}", allowed)
    names = [name for name in value if name != "every"]
    if len(names) != 1 or names[0] not in ANALYTES:
        raise RegimenError(f"target {', '.join(map(str, names)) or 'nothing'}", allowed)
    moved = [name for name in ANALYTES if name in find_answers(drug)]
    if names[0] not in moved:
        found = f"a target of {names[0]}, which {drug.name} does not move"
        raise RegimenError(found, " or ".join(moved) or "no target: it moves no lab that is read")
    limits = value[names[0]]
    if not isinstance(limits, list | tuple) or len(limits) != 2:
        raise RegimenError(f"target {names[0]}: {limits!r}", allowed)
    unit, most = ANALYTES[names[0]]
    try:
        low, high = (_read_level(item, names[0]) for item in limits)
    except QuantityError as error:
        raise RegimenError(f"target {names[0]}: {limits!r} ({error})", allowed) from error
    if not 0.0 <= low < high <= most:
        within = f"a range from low to high, up to {most:g} {unit}".removesuffix(" 1")
        hint = "relative to young adults; with ng/mL it is a lab" if unit == "1" else ""
        raise RegimenError(f"target {names[0]}: {low:g} to {high:g}", within, hint)
    every = _read_time(value.get("every", 28.0), "every", "target")
    if every < 1.0:
        raise RegimenError(f"visits every {every:g} d", "1 d or more")
    return Target(names[0], low, high, every)
