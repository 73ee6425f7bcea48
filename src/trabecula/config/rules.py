"""The rule table: level -> signal -> target."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from trabecula.base.codes import Population, Target
from trabecula.base.errors import ConfigError, Problem
from trabecula.config.marks import Document
from trabecula.config.names import DERIVED_LEVELS, LEVELS
from trabecula.config.parameters.row import Row, find_row_mistakes, make_row
from trabecula.config.shipped import load_shipped

NUMBERS = ("ec50", "hill", "maximum", "lag")
_FIELDS = (
    "name",
    "level",
    "target",
    "cells",
    "direction",
    "receptor",
    "arm",
    *NUMBERS,
    "grade",
    "source",
    "note",
    "tuned",
)
_OPTIONAL = ("note", "tuned")


@dataclass(frozen=True)
class Rule:
    """One way in which a level acts on a target.

    Parameters
    ----------
    name
        Name; its numbers are the parameters ``hormones.<name>.<ec50|hill|maximum|lag>``.
    level
        Serum level or derived level that acts.
    target
        What it acts on.
    cells
        In which populations.
    direction
        +1 raises, -1 lowers the target.
    receptor
        Receptor by population.
    arm
        ``fast`` (non-genomic) or ``slow`` (genomic).
    rows
        Its numbers as rows of the parameter table.
    """

    name: str
    level: str
    target: Target
    cells: tuple[Population, ...]
    direction: int
    receptor: dict[Population, str]
    arm: str
    rows: tuple[Row, ...]


@lru_cache(maxsize=1)
def load_rules() -> tuple[Rule, ...]:
    """Return the rules of ``rules.yaml``, in the order of the file.

    Raises
    ------
    ConfigError
        If a rule is wrong; all mistakes at once.
    """
    return read_rules(load_shipped(Path(__file__).parent / "rules.yaml"))


def read_rules(document: Document) -> tuple[Rule, ...]:
    """Return the rules of a parsed table.

    Raises
    ------
    ConfigError
        If a rule is wrong; all mistakes at once.
    """
    problems = list(document.problems)
    rules: list[Rule] = []
    for index, fields in enumerate(document.data or []):
        where = document.find_value((index,))
        mistakes = list(_find_mistakes(fields))
        if not mistakes and fields["name"] in [rule.name for rule in rules]:
            mistakes = [("a name used twice", "each name once")]
        name = fields.get("name", index) if isinstance(fields, dict) else index
        problems += [Problem(where, f"rules.{name}", *mistake) for mistake in mistakes]
        if not mistakes:
            rules.append(_make_rule(fields))
    if problems:
        raise ConfigError(problems)
    return tuple(rules)


def _make_rule(fields: dict[str, Any]) -> Rule:
    cells = tuple(Population[name.upper()] for name in fields["cells"])
    receptor = fields["receptor"]
    by_cell = receptor if isinstance(receptor, dict) else {}
    return Rule(
        name=fields["name"],
        level=fields["level"],
        target=Target(fields["target"]),
        cells=cells,
        direction=1 if fields["direction"] == "+" else -1,
        receptor={cell: by_cell.get(cell.name.lower(), receptor) for cell in cells},
        arm=fields["arm"],
        rows=tuple(_make_rows(fields)),
    )


def _make_rows(fields: dict[str, Any]) -> Iterator[Row]:
    for number in NUMBERS:
        key = f"hormones.{fields['name']}.{number}"
        cells = ", ".join(fields["cells"])
        note = f"{fields['level']} {fields['direction']} {fields['target']} in {cells}"
        note += f"; {fields['note']}" if fields.get("note") else ""
        shared = {"grade": fields["grade"], "source": fields["source"], "note": note}
        shared["tuned"] = _find_tuned(fields).get(number, "")
        yield make_row(key, {**_to_number_fields(fields, number), **shared})


def _find_tuned(fields: dict[str, Any]) -> dict[str, str]:
    """Return what each moved number was tuned on; a plain text is that of the maximum."""
    tuned = fields.get("tuned", {})
    return tuned if isinstance(tuned, dict) else {"maximum": str(tuned)}


def _to_number_fields(fields: dict[str, Any], number: str) -> dict[str, Any]:
    unit = {"lag": "d", "ec50": UNIT_OF_LEVEL[fields["level"]]}.get(number, "1")
    entry = fields[number]
    value, low, high = entry if isinstance(entry, list) and len(entry) == 3 else (None, 0, 0)
    return {"value": value, "unit": unit, "range": [low, high]}


UNIT_OF_LEVEL = {
    "estradiol": "pg/mL",
    "testosterone": "ng/dL",
    "progesterone": "ng/mL",
    "igf1": "1",
    "glucocorticoid": "mg/d",
    "fsh": "mIU/mL",
    "inflammation": "1",
    "pth": "1",
    "age": "y",
    "oxidative_stress": "1",
    "sex_steroid_loss": "1",
    "bisphosphonate": "1",
    "pth_pulsed": "1",
    "sclerostin_blockade": "1",
    "tnf_excess": "1",
}
"""Unit of each level."""


def _find_mistakes(fields: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(fields, dict):
        yield repr(fields), "a rule"
        return
    absent = [n for n in _FIELDS if n not in fields and n not in _OPTIONAL]
    yield from ((f"no {name}", f"a {name}") for name in absent)
    yield from ((f"a field {n}", ", ".join(_FIELDS)) for n in fields if n not in _FIELDS)
    if absent:
        return
    choices: dict[str, tuple[str, ...]] = {
        "level": LEVELS + DERIVED_LEVELS,
        "target": tuple(Target),
        "direction": ("+", "-"),
        "arm": ("fast", "slow"),
    }
    for name, allowed in choices.items():
        if fields[name] not in allowed:
            yield f"{name} {fields[name]!r}", " or ".join(allowed)
    populations = [cell.name.lower() for cell in Population]
    cells, receptor = fields["cells"], fields["receptor"]
    if not isinstance(cells, list) or not cells or set(cells) - set(populations):
        yield f"cells {cells!r}", "a list of " + ", ".join(populations)
    elif isinstance(receptor, dict) and set(receptor) != set(cells):
        yield f"receptors of {', '.join(receptor)}", "one text, or one receptor for each cell"
    for number in sorted(set(_find_tuned(fields)) - set(NUMBERS)):
        yield f"{number!r} tuned", "one text, or a text for any of " + ", ".join(NUMBERS)
    if fields["level"] in UNIT_OF_LEVEL:
        yield from _find_number_mistakes(fields)


def _find_number_mistakes(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    shared = {"grade": fields["grade"], "source": fields["source"]}
    for number in NUMBERS:
        mistakes = find_row_mistakes({**_to_number_fields(fields, number), **shared})
        yield from ((f"{number}: {found}", allowed) for found, allowed in mistakes)
    maximum = fields["maximum"]
    if fields["direction"] == "-" and isinstance(maximum, list) and maximum[-1] > 1:
        yield f"an inhibition of up to {maximum[-1]}", "at most 1"
