"""Prescriptions in words, taken apart into keys: ``estradiol 50 ug patch twice a week for 3 months``."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trabecula.config.names import find_nearest
from trabecula.config.pharmacopoeia import ROUTES, find_route, list_routes

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
    (r"\bonce (?:a|per|every) (day|week|month|year)\b", r"a \1"), (r"\bonce (?=every )", ""),
    (r"\b(twice|thrice|times) (?:daily|a day|per day)\b", r"\1 a day"),
    (r"\b(twice|thrice|times) weekly\b", r"\1 a week"),
    (r"\b(twice|thrice|times) monthly\b", r"\1 a month"),
)  # fmt: skip
"""Other ways to say the same, and the way that is read here."""
COUNTS = {"twice": 2, "thrice": 3, "two times": 2, "three times": 3, "four times": 4}
ANALYTES = {"estradiol": ("pg/mL", 5000.0), "testosterone": ("ng/dL", 5000.0), "igf1": ("1", 10.0)}
"""Labs that a dose can be fitted to: unit, and the most that makes sense."""

NUMBER = r"(?:\d+\.?\d*|\.\d+)"
SPELLED = r"days?|weeks?|wks?|months?|mos?|years?|yrs?|nights?|hours?|d|h|y"
SPAN = rf"(?:(?P<n>{NUMBER})\s*)?(?P<span>{SPELLED})\b"


class RegimenError(ValueError):
    """A prescription that cannot be read: what was found, what is allowed, a hint.

    Parameters
    ----------
    key
        The key of the entry that is wrong; empty if it is the whole entry.
    is_gap
        Whether something is not there, which another key that is misspelt may have been.
    """

    def __init__(
        self, found: str, allowed: str, hint: str = "", key: str = "", is_gap: bool = False
    ) -> None:
        super().__init__(f"found {found}; allowed: {allowed}")
        self.found, self.allowed, self.hint = found, allowed, hint
        self.key, self.is_gap = key, is_gap


@contextmanager
def reading(key: str) -> Iterator[None]:
    """Let what cannot be read in here be of `key`.

    Raises
    ------
    RegimenError
        Whatever is raised, with its key.
    """
    try:
        yield
    except RegimenError as error:
        error.key = error.key or key
        raise


def read_phrase(text: str, with_drug: bool = True) -> dict[str, Any]:
    """Return the keys of a prescription in words; what is left over is an error.

    Parameters
    ----------
    with_drug
        Whether it begins with the name of a drug; a dose may hold the rest of it.

    Raises
    ------
    RegimenError
        If a word is none of a prescription.
    """
    rest = " ".join(
        text.strip().lower().replace("µ", "u").replace("μ", "u").replace("–", "-").split()
    )
    for said, meant in PHRASES:
        rest = re.sub(said, meant, rest)
    parts: dict[str, Any] = {}
    dose = re.search(
        rf"{NUMBER}\s*ml\s*(?:of|at)\s*{NUMBER}\s*\w+/ml|{NUMBER}\s*(?:mg/kg|ug/kg|mg|ug|mcg|g)\b",
        rest,
    )
    if dose is None:
        if with_drug:
            raise RegimenError(
                repr(text), 'a prescription such as "estradiol 50 ug patch twice a week"'
            )
        parts["dose"] = float(rest) if re.fullmatch(NUMBER, rest) else text
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
    match = re.search(rf"until ({names}) is ({NUMBER})\s*(?:-|to)\s*({NUMBER})\s*(\w+/\w+)?", rest)
    if match is None:
        return rest
    unit = (match[4] or "").replace("ml", "mL").replace("dl", "dL").replace("/l", "/L")
    limits = [f"{match[2]} {unit}".strip(), f"{match[3]} {unit}".strip()]
    parts["target"] = {match[1]: limits}
    return rest[: match.start()] + " " + rest[match.end() :]


def _take_times(rest: str, parts: dict[str, Any]) -> str:
    for key in ("from", "until", "for"):
        match = re.search(rf"\b{key} (?:day (?P<day>{NUMBER})|{SPAN})", rest)
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
    match = re.search(rf"\bevery {SPAN}", rest)
    if match:
        parts["every"] = float(match["n"] or 1) * _span(match["span"])
        return rest[: match.start()] + " " + rest[match.end() :]
    words = "|".join(COUNTS)
    match = re.search(rf"\b(?:({words})|(\d+) times) (?:a|per|every) (day|week|month)", rest)
    if match:
        count = COUNTS[match[1]] if match[1] else int(match[2])
        if count == 0:
            raise RegimenError(repr(match[0]), "once or more often", key="every")
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
