"""Quantities: a bare number in the schema's unit, or a text with a unit that pint converts."""

import math
import re
import tokenize
from functools import lru_cache
from typing import Any

MOLAR_MASS = {
    "estradiol": 272.38,
    "testosterone": 288.42,
    "progesterone": 314.46,
    "cortisol": 362.46,
}
"""Molar mass of the steroids (g/mol), which turns molar into mass concentrations."""

_QUANTITY = re.compile(
    r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-zµμ%][\wµμ%*/^ ().-]*|1/[\w/^]+)?\s*"
)
_TOWER = re.compile(r"(?:\^|\*\*)[^A-Za-z]*(?:\^|\*\*|\d\d)")
"""Powers of powers and exponents of two digits, which no unit needs and which may never end."""

_UNITS = re.compile(r"^([mkµu]?)U(?=/|$)")
_EXACT = {("y", "d"): 365.25, ("mm", "um"): 1000.0}
"""The commonest conversions, which need not load pint."""


class QuantityError(ValueError):
    """A text that is not a quantity of the unit asked for."""


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry = pint.UnitRegistry()
    registry.define("international_unit = [international_unit] = IU")
    registry.define("@alias year = y")
    return registry


def convert_unit(number: float, found: str, unit: str, substance: str = "") -> float:
    """Convert `number` from unit `found` to `unit`.

    Parameters
    ----------
    substance
        Steroid whose molar mass may turn molar into mass concentration; empty for none.

    Raises
    ------
    QuantityError
        If a unit is unknown or the two do not measure the same thing.
    """
    if found == unit:
        return number
    if (found, unit) in _EXACT:
        return number * _EXACT[found, unit]
    if len(found) > 40 or _TOWER.search(found):
        msg = f"'{found[:40]}' is not a unit"
        raise QuantityError(msg)
    if "IU" in unit:  # laboratories leave the I out
        found = _UNITS.sub(r"\1IU", found)
    import pint

    registry = _registry()
    context = ("chemistry",) if substance in MOLAR_MASS else ()
    mass = MOLAR_MASS.get(substance, 1.0) * registry("g/mol")
    options = {"mw": mass} if context else {}
    try:
        quantity = registry.Quantity(number, found)
        return float(quantity.to(_plain(unit), *context, **options).magnitude)
    except pint.DimensionalityError as error:
        msg = f"'{found}' cannot be converted to '{unit}'"
        raise QuantityError(msg) from error
    except (pint.PintError, AttributeError, ValueError, TypeError, *_UNREADABLE) as error:
        # with a molar mass at hand a mass that is no concentration fails in other ways
        wrong = "cannot be converted to '" + unit + "'" if _is_unit(found) else "is not a unit"
        msg = f"'{found}' {wrong}"
        raise QuantityError(msg) from error


_UNREADABLE = (tokenize.TokenError, SyntaxError, ArithmeticError, AssertionError, KeyError)
"""What pint raises besides on texts that are no units."""


def _is_unit(found: str) -> bool:
    import pint

    try:
        _registry().Unit(found)
    except (pint.PintError, AttributeError, ValueError, TypeError, *_UNREADABLE):
        return False
    return True


def _plain(unit: str) -> str:
    return "dimensionless" if unit == "1" else unit


def to_number(value: object, unit: str, substance: str = "") -> float:
    """Return `value`, a number in `unit` or a text such as ``"20 um"``, as a number in `unit`.

    Raises
    ------
    QuantityError
        If it is neither, not finite, or of another dimension.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        msg = "not a number or a text with a unit"
        raise QuantityError(msg)
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(value)
        if match is None:
            msg = "not a number or a text with a unit"
            raise QuantityError(msg)
        number, found = float(match[1]), (match[2] or "").strip()
        value = convert_unit(number, found, unit, substance) if found else number
    if not math.isfinite(value):
        msg = "not a finite number"
        raise QuantityError(msg)
    return float(value)
