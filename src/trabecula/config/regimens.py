"""Prescriptions in words or keys, to doses on days.

``200 mg im every 2 weeks x 26``, ``{drug: anastrozole, dose: 1 mg, every: 1 d, from: 30 d}``,
``0.15 mL of 200 mg/mL``, ``anastrozole 0.5 mg twice a week until estradiol is 20-30 pg/mL``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trabecula.config.names import find_nearest
from trabecula.config.parameters import load_parameters
from trabecula.config.pharmacopoeia import (
    ROUTES,
    Drug,
    find_drug,
    find_route,
    list_names,
    list_routes,
)
from trabecula.config.units import QuantityError, to_number

KEYS = (
    "drug", "dose", "route", "every", "from", "until", "for", "times", "target", "doses", "after",
)  # fmt: skip
TIMES = {
    "once": 0.0,
    "daily": 1.0,
    "nightly": 1.0,
    "weekly": 7.0,
    "monthly": 30.4375,
    "yearly": 365.25,
}
SPANS = {
    "day": 1.0,
    "week": 7.0,
    "month": 30.4375,
    "year": 365.25,
    "d": 1.0,
    "wk": 7.0,
    "mo": 30.4375,
    "yr": 365.25,
    "y": 365.25,
    "night": 1.0,
    "hour": 1.0 / 24.0,
    "h": 1.0 / 24.0,
}
OFTEN = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}
PHRASES = (
    (r"\b(qd|od)\b", "daily"), (r"\bbid\b", "twice a day"), (r"\btid\b", "three times a day"),
    (r"\bq(\d+)w\b", r"every \1 weeks"), (r"\bqw\b", "weekly"), (r"\beach\b", "every"),
    (r"\b(?:daily|nightly) (\d+) times\b", r"\1 times"),
    (r"\b(\d+) (?:days|nights) a\b", r"\1 times a"), (r"\bat (?:bedtime|night)\b", "nightly"),
    (r"\bby mouth\b", "oral"),
    (r"\bevery other (day|week|month|night)\b", r"every 2 \1s"),
    (r"\b(for|every|until|from) an? ", r"\1 1 "),
    (r"\bx (\d+ (?:day|week|month|year)s?)\b", r"for \1"),
    (r"\b(mg|ug|mcg|g)/(day|d|week|month)\b", r"\1 a \2"), (r"\b(a|per) d\b", "a day"),
    (r"\bonce (daily|weekly|monthly|yearly)\b", r"\1"),
    (r"\bonce (?:a|per|every) (day|week|month|year)\b", r"a \1"),
    (r"\b(twice|thrice|times) (?:daily|a day|per day)\b", r"\1 a day"),
    (r"\b(twice|thrice|times) weekly\b", r"\1 a week"),
    (r"\b(twice|thrice|times) monthly\b", r"\1 a month"),
)  # fmt: skip
"""Other ways to say the same, and the way that is read here."""
COUNTS = {"twice": 2, "thrice": 3, "two times": 2, "three times": 3, "four times": 4}
MOST_DOSES = 50_000
"""Doses of one regimen beyond which it is a mistake."""

LONGEST_WEAR = 7.5
"""Longest that one patch is worn (d)."""

ANALYTES = {"estradiol": "pg/mL", "testosterone": "ng/dL", "igf1": "1"}
"""Labs that a dose can be fitted to, and their units."""

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_SPANS = r"days?|weeks?|wks?|months?|mos?|years?|yrs?|nights?|hours?|d|h|y"
_SPAN = rf"(?:(?P<n>{_NUMBER})\s*)?(?P<span>{_SPANS})\b"


class RegimenError(ValueError):
    """A prescription that cannot be read: what was found, what is allowed, a hint."""

    def __init__(self, found: str, allowed: str, hint: str = "") -> None:
        super().__init__(f"found {found}; allowed: {allowed}")
        self.found, self.allowed, self.hint = found, allowed, hint


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
    def wear(self) -> float:
        """Days for which a dose that is told by the day is worn: until the next, a week at most; 0 if
        that is not said."""
        every = dict(self.schedule).get("every", 0.0)
        return every if self.drug.per_day and every <= LONGEST_WEAR else 0.0

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
) -> Regimen:
    """Return the regimen that an entry of ``protocol`` spells.

    Parameters
    ----------
    entry
        A text, or a mapping of :data:`KEYS`.
    duration
        Length of the run (d): a regimen without an end goes on that long.
    own
        Drugs that the configuration defines.
    earlier
        Regimens above it, for ``after``.
    weight
        Weight of the patient (kg), for doses by weight.

    Raises
    ------
    RegimenError
        If it cannot be read.
    """
    if isinstance(entry, str):
        entry = _read_phrase(entry)
    if not isinstance(entry, Mapping):
        raise RegimenError(repr(entry), "a prescription in words, or keys " + ", ".join(KEYS))
    unknown = [str(key) for key in entry if key not in KEYS]
    if unknown:
        hint = find_nearest(unknown[0], list(KEYS))
        raise RegimenError(f"a key {unknown[0]}", ", ".join(KEYS), hint)
    parts = dict(entry)
    if isinstance(parts.get("dose"), str):
        parts = {
            **_read_phrase(parts["dose"], with_drug=False),
            **{k: v for k, v in parts.items() if k != "dose"},
        }
    drug = _find(parts.get("drug"), parts.get("route"), own, parts.get("dose"))
    route = _read_route(parts.get("route"), drug)
    target = None if parts.get("target") is None else _read_target(parts["target"])
    if parts.get("doses") is not None:
        return Regimen(drug, route, _read_doses(parts["doses"], drug, weight), target)
    if parts.get("dose") is None:
        raise RegimenError("no dose", f"a dose in {drug.unit}, such as {drug.low:g} {drug.unit}")
    dose = _read_dose(parts["dose"], drug, weight)
    start = _read_time(parts.get("from", 0.0), "from") + _find_end(parts.get("after"), earlier)
    days, schedule = _list_days(parts, start, duration)
    if target is not None and not schedule:
        raise RegimenError("a target without an interval", "every: 7 d, or words such as daily")
    spelled = (("dose", dose), ("from", start), *schedule)
    return Regimen(drug, route, tuple((day, dose) for day in days), target, spelled)


def _find(name: Any, route: Any, own: Mapping[str, Drug], dose: Any = None) -> Drug:
    if not isinstance(name, str) or not name.strip():
        raise RegimenError("no drug", "drug: one of " + ", ".join(list_names(own)))
    unit = re.fullmatch(rf"{_NUMBER}\s*(\w+)", str(dose).strip())
    way = find_route(route) if isinstance(route, str) else ""
    drug = find_drug(name, way, own, unit[1] if unit else "")
    if drug is None:
        raise RegimenError(
            f"an unknown drug {name!r}", "a drug that Trabecula knows, or one of hormones.drugs",
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


def _read_dose(value: Any, drug: Drug, weight: float) -> float:
    allowed = f"above 0 .. {drug.most:g} {drug.unit} (usual {drug.low:g}-{drug.high:g})"
    volume = re.fullmatch(rf"(.+?)\s*(?:of|at|x)\s*({_NUMBER}\s*\w+/mL)", str(value).strip())
    try:
        if isinstance(value, str) and value.strip().endswith("/kg") and "/kg" not in drug.unit:
            amount = to_number(value.strip().removesuffix("/kg"), drug.unit) * weight
        elif volume and not isinstance(value, int | float):
            amount = to_number(volume[1], "mL") * to_number(volume[2], f"{drug.unit}/mL")
        elif drug.unit == "g" and re.search(r"\d\s*[mu]g$", str(value).strip()):
            # Milligrams are of what is in the gel, grams are of the gel.
            amount = to_number(value, "g") / load_parameters()[f"drugs.{drug.name}.content"]
        else:
            amount = to_number(value, drug.unit)
    except QuantityError as error:
        raise RegimenError(f"dose {value!r} ({error})", allowed) from error
    if not 0.0 < amount <= drug.most:
        raise RegimenError(f"dose {value}", allowed, "an impossible dose; is the unit right?")
    return amount


def _read_doses(value: Any, drug: Drug, weight: float) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list | tuple) or not value:
        raise RegimenError(f"doses {value!r}", "[[day, dose], ...]")
    doses: list[tuple[float, float]] = []
    for item in value:
        if not isinstance(item, list | tuple) or len(item) != 2:
            raise RegimenError(f"doses {item!r}", "[[day, dose], ...]")
        day = _read_time(item[0], "day")
        if doses and day <= doses[-1][0]:
            raise RegimenError(f"day {day:g} after day {doses[-1][0]:g}", "days in ascending order")
        doses.append((day, _read_dose(item[1], drug, weight)))
    return tuple(doses)


def _read_time(value: Any, name: str) -> float:
    try:
        return _spell_span(value) if isinstance(value, str) else to_number(value, "d")
    except QuantityError as error:
        raise RegimenError(
            f"{name}: {value!r} ({error})", "a time such as 30 d or 6 months"
        ) from error


def _spell_span(text: str) -> float:
    match = re.fullmatch(_SPAN, text.strip().lower())
    if match and match["n"]:
        return float(match["n"]) * SPANS[match["span"].rstrip("s") or "d"]
    return to_number(text, "d")


def _find_end(name: Any, earlier: Sequence[Regimen]) -> float:
    if name is None:
        return 0.0
    ends = [r.doses[-1][0] for r in earlier if r.drug.name == name or name in r.drug.aliases]
    if not ends:
        known = ", ".join(r.drug.name for r in earlier) or "nothing"
        raise RegimenError(f"after {name!r}", f"a drug of an earlier entry ({known})")
    return ends[-1]


def _list_days(
    parts: Mapping[str, Any], start: float, duration: float
) -> tuple[list[float], list[tuple[str, float]]]:
    """Return the days of the doses, and the keys that spell them in numbers."""
    if parts.get("for") is not None:
        if parts.get("until") is not None:
            raise RegimenError(f"for {parts['for']} and until {parts['until']}", "one of the two")
        parts = {**parts, "until": start + _read_time(parts["for"], "for")}
    end = duration if parts.get("until") is None else _read_time(parts["until"], "until")
    every, times = parts.get("every"), parts.get("times")
    gap = 0.0 if every is None else _read_time(every, "every")
    if every is not None and gap < 0.05:
        raise RegimenError(f"every {every!r}", "0.05 d or more")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise RegimenError(f"times {times!r}", "a whole number from 1 on")
    if end <= start and parts.get("until") is not None:
        raise RegimenError(
            f"until day {end:g} but from day {start:g}", "an end after the beginning"
        )
    if gap == 0.0:
        if times not in (None, 1):
            raise RegimenError(f"{times} times without an interval", "every: 7 d, or such")
        if parts.get("until") is not None:
            raise RegimenError("an end without an interval", "every: 7 d, or words such as daily")
        return [start], []
    count = max(1, -int(-(end - start) // gap)) if times is None else times
    if times is not None and parts.get("until") is not None:
        count = min(count, max(1, -int(-(end - start) // gap)))
    if count > MOST_DOSES:
        raise RegimenError(f"{count} doses", f"at most {MOST_DOSES}")
    schedule: list[tuple[str, float]] = [("every", gap)]
    schedule += [] if times is None else [("times", times)]
    schedule += [] if parts.get("until") is None else [("until", end)]
    return [start + k * gap for k in range(count)], schedule


def _read_target(value: Any) -> Target:
    allowed = "{estradiol: [20, 30], every: 28 d}, of " + ", ".join(ANALYTES)
    if not isinstance(value, Mapping):
        raise RegimenError(f"target {value!r}", allowed)
    names = [name for name in value if name != "every"]
    if len(names) != 1 or names[0] not in ANALYTES:
        raise RegimenError(f"target {', '.join(map(str, names)) or 'nothing'}", allowed)
    limits = value[names[0]]
    if not isinstance(limits, list | tuple) or len(limits) != 2:
        raise RegimenError(f"target {names[0]}: {limits!r}", allowed)
    unit = ANALYTES[names[0]]
    try:
        low, high = (to_number(item, unit, names[0]) for item in limits)
    except QuantityError as error:
        raise RegimenError(f"target {names[0]}: {limits!r} ({error})", allowed) from error
    if not 0.0 <= low < high:
        raise RegimenError(f"target {names[0]}: {low:g} to {high:g}", "a range from low to high")
    every = _read_time(value.get("every", 28.0), "every")
    if every < 1.0:
        raise RegimenError(f"visits every {every:g} d", "1 d or more")
    return Target(names[0], low, high, every)


def _read_phrase(text: str, with_drug: bool = True) -> dict[str, Any]:
    """Take a prescription in words apart; what is left over is an error."""
    rest = " ".join(
        text.strip().lower().replace("µ", "u").replace("μ", "u").replace("–", "-").split()
    )
    for said, meant in PHRASES:
        rest = re.sub(said, meant, rest)
    parts: dict[str, Any] = {}
    dose = re.search(
        rf"{_NUMBER}\s*ml\s*(?:of|at)\s*{_NUMBER}\s*\w+/ml|{_NUMBER}\s*(?:mg/kg|ug/kg|mg|ug|mcg|g)\b",
        rest,
    )
    if dose is None:
        if with_drug:
            raise RegimenError(
                repr(text), 'a prescription such as "estradiol 50 ug patch twice a week"'
            )
        parts["dose"] = float(rest) if re.fullmatch(_NUMBER, rest) else text
        return parts
    parts["dose"] = dose[0].replace("mcg", "ug").replace("ml", "mL")
    if with_drug:
        parts["drug"] = rest[: dose.start()].strip()
        rest = rest[dose.end() :]
    else:
        rest = (rest[: dose.start()] + rest[dose.end() :]).strip()
    rest = _take_target(rest, parts)
    rest = _take_times(rest, parts)
    rest = _take_schedule(rest, parts)
    for word in rest.replace(",", " ").split():
        if find_route(word.removesuffix("ly")) in list_routes():
            parts["route"] = find_route(word.removesuffix("ly"))
        elif word not in ("a", "by", "per", "the", "and", "then"):
            known = [*ROUTES, *list_routes(), *TIMES, "every", "until"]
            raise RegimenError(
                f"{word!r} in {text!r}", "dose, route, every ..., x N, from ..., until ...",
                "" if word in known else find_nearest(word, known),
            )  # fmt: skip
    return parts


def _take_target(rest: str, parts: dict[str, Any]) -> str:
    names = "|".join(ANALYTES)
    match = re.search(
        rf"until ({names}) is ({_NUMBER})\s*(?:-|to)\s*({_NUMBER})\s*(\w+/\w+)?", rest
    )
    if match is None:
        return rest
    unit = (match[4] or "").replace("ml", "mL").replace("dl", "dL").replace("/l", "/L")
    limits = [f"{match[2]} {unit}".strip(), f"{match[3]} {unit}".strip()]
    parts["target"] = {match[1]: limits}
    return rest[: match.start()] + " " + rest[match.end() :]


def _take_times(rest: str, parts: dict[str, Any]) -> str:
    for key in ("from", "until", "for"):
        match = re.search(rf"\b{key} (?:day (?P<day>{_NUMBER})|{_SPAN})", rest)
        if match is None:
            continue
        time = (
            float(match["day"]) if match["day"] else float(match["n"] or 1) * _span(match["span"])
        )
        parts[key] = time
        rest = rest[: match.start()] + " " + rest[match.end() :]
    match = re.search(r"\bx\s*(\d+)\b", rest)
    if match:
        parts["times"] = int(match[1])
        rest = rest[: match.start()] + " " + rest[match.end() :]
    return rest


def _take_schedule(rest: str, parts: dict[str, Any]) -> str:
    match = re.search(rf"\bevery {_SPAN}", rest)
    if match:
        parts["every"] = float(match["n"] or 1) * _span(match["span"])
        return rest[: match.start()] + " " + rest[match.end() :]
    words = "|".join(COUNTS)
    match = re.search(rf"\b(?:({words})|(\d+) times) (?:a|per|every) (day|week|month)", rest)
    if match:
        count = COUNTS[match[1]] if match[1] else int(match[2])
        parts["every"] = SPANS[match[3]] / count
        return rest[: match.start()] + " " + rest[match.end() :]
    match = re.search(r"\b(?:a|per) (day|week|month|year)\b", rest)
    if match:
        parts["every"] = TIMES[OFTEN[match[1]]]
        return rest[: match.start()] + " " + rest[match.end() :]
    for word, gap in TIMES.items():
        if re.search(rf"\b{word}\b", rest):
            if gap:
                parts["every"] = gap
            return re.sub(rf"\b{word}\b", " ", rest)
    return rest


def _span(word: str) -> float:
    return SPANS[word if word in SPANS else word.rstrip("s")]
