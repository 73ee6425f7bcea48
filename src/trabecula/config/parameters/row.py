"""One row of the parameter table, and what may be wrong with it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GRADES = ("A", "B", "C", "D")
NEEDED = ("value", "unit", "range", "grade", "source")
FIELDS = (*NEEDED, "note", "tuned")


@dataclass(frozen=True)
class Row:
    """One biological number.

    Parameters
    ----------
    key
        ``room.group.name``.
    value
        The number, in `unit`.
    unit
        Unit of value and range; ``1`` for none.
    low, high
        Smallest and largest value that evidence allows.
    grade
        A measured in people, B measured elsewhere, C derived or direction only, D assumed.
    source
        Where the number comes from.
    note
        What else to know.
    tuned
        What the value was moved to meet, within its range; empty where it came from its source alone.
    """

    key: str
    value: float
    unit: str
    low: float
    high: float
    grade: str
    source: str
    note: str = ""
    tuned: str = ""


def make_row(key: str, fields: Mapping[str, Any]) -> Row:
    """Build a row of checked `fields`."""
    low, high = fields["range"]
    return Row(
        key,
        float(fields["value"]),
        str(fields["unit"]),
        float(low),
        float(high),
        str(fields["grade"]),
        str(fields["source"]).strip(),
        str(fields.get("note") or "").strip(),
        str(fields.get("tuned") or "").strip(),
    )


def find_row_mistakes(fields: Any) -> list[tuple[str, str]]:
    """Return what is wrong with the fields of a row, each with what is allowed."""
    if not isinstance(fields, dict):
        return [(repr(fields), "a row: " + ", ".join(FIELDS))]
    found = [(f"no {name}", f"a {name}") for name in NEEDED if name not in fields]
    found += [(f"a field {n}", ", ".join(FIELDS)) for n in fields if n not in FIELDS]
    if found:
        return found
    value, limits = fields["value"], fields["range"]
    if not _is_number(value):
        return [(f"value {value!r}", "a finite number")]
    if not (isinstance(limits, list) and len(limits) == 2 and all(map(_is_number, limits))):
        return [(f"range {limits!r}", "[smallest, largest]")]
    if not limits[0] <= value <= limits[1]:
        found.append((f"value {value:g}", f"its range {limits[0]:g} .. {limits[1]:g}"))
    if str(fields["grade"]) not in GRADES:
        found.append((f"grade {fields['grade']!r}", "A, B, C or D"))
    if not str(fields["source"] or "").strip():
        found.append(("an empty source", "where the number comes from"))
    return found


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(float(value))  # type: ignore[arg-type]
