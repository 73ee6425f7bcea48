"""Leaf types of the schema: each reads one value and says what it found and what is allowed."""

import math
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from trabecula.config.names import LONGEST_NAME
from trabecula.config.units import QuantityError, to_number

LARGEST_TIME = 100 * 365.25
"""Longest time that anything may name (d)."""


LEAF = "found {found}; allowed: {allowed}"
MOST_TOLD = 20
"""Wrong points of one series that are told."""


def make_error(found: str, allowed: str, hint: str = "", item: int | None = None) -> Exception:
    """Build the error of a leaf; `item` points at one entry of a list."""
    context: dict[str, Any] = {"found": found, "allowed": allowed, "hint": hint, "item": item}
    return PydanticCustomError("leaf", LEAF, context)


class _Leaf:
    """A type that reads a raw YAML value by its own function."""

    def read(self, value: Any) -> Any:
        raise AttributeError

    def describe(self) -> dict[str, Any]:
        raise AttributeError

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return self.describe()


@dataclass(frozen=True)
class Quantity(_Leaf):
    """A number in `unit` within limits, or a text with a unit.

    Parameters
    ----------
    unit
        Unit of the number that results; ``1`` for none.
    low, high
        Smallest and largest value, in `unit`.
    substance
        Steroid whose molar units are understood too.
    above
        Whether `low` itself is forbidden.
    meaning
        What a number without a unit is relative to.
    """

    unit: str
    low: float = -math.inf
    high: float = math.inf
    substance: str = ""
    above: bool = False
    meaning: str = ""

    @property
    def allowed(self) -> str:
        """The limits in words, and what the number means."""
        return self._limits + (f", {self.meaning}" if self.meaning else "")

    @property
    def _limits(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        if math.isinf(self.low) and math.isinf(self.high):
            return f"a finite number{unit and f', in{unit}'}"
        if math.isinf(self.high):
            return f"{'>' if self.above else '>='} {self.low:g}{unit}"
        if math.isinf(self.low):
            return f"<= {self.high:g}{unit}"
        return f"{'above ' if self.above else ''}{self.low:g} .. {self.high:g}{unit}"

    def read(self, value: Any) -> float:
        """Return `value` as a number in `unit`."""
        try:
            number = to_number(value, self.unit, self.substance)
        except QuantityError as error:
            raise make_error(f"{value!r} ({error})", self.allowed) from error
        below = number <= self.low if self.above else number < self.low
        if below or number > self.high:
            raise make_error(str(value), self.allowed)
        return number

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        number: dict[str, Any] = {"type": "number"}
        if math.isfinite(self.low):
            number["exclusiveMinimum" if self.above else "minimum"] = self.low
        if math.isfinite(self.high):
            number["maximum"] = self.high
        if self.meaning:
            number["description"] = self.meaning
        text = {
            "type": "string",
            "description": f"a number with a unit that converts to {self.unit}",
        }
        return {"anyOf": [number, text], "unit": self.unit}


@dataclass(frozen=True)
class Whole(_Leaf):
    """A whole number within limits."""

    low: int
    high: int

    def read(self, value: Any) -> int:
        """Return `value` if it is a whole number within the limits."""
        allowed = f"a whole number {self.low} .. {self.high}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise make_error(repr(value), allowed)
        if not self.low <= value <= self.high:
            raise make_error(str(value), allowed)
        return value

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Switch(_Leaf):
    """``on`` or ``off`` (true and false are understood)."""

    def read(self, value: Any) -> bool:
        """Return whether `value` says on."""
        if isinstance(value, bool):
            return value
        if value in ("on", "off"):
            return bool(value == "on")
        raise make_error(repr(value), "on or off")

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"anyOf": [{"enum": ["on", "off"]}, {"type": "boolean"}]}


@dataclass(frozen=True)
class Choice(_Leaf):
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, value: Any) -> str:
        """Return `value` if it is one of the words."""
        from trabecula.config.names import find_nearest

        word = "off" if value is False and "off" in self.words else value
        if not isinstance(word, str) or word not in self.words:
            hint = find_nearest(str(value), list(self.words))
            raise make_error(repr(value), " or ".join(self.words), hint)
        return word

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class NumberOr(_Leaf):
    """A finite number, or a word that stands for one that is found later."""

    word: str

    def read(self, value: Any) -> float | str:
        """Return `value` as a number (1), or the word."""
        if isinstance(value, str) and value.strip().lower() == self.word:
            return self.word
        try:
            return to_number(value, "1")
        except QuantityError as error:
            raise make_error(repr(value), f"a finite number or '{self.word}'") from error

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"anyOf": [{"type": "number"}, {"enum": [self.word]}]}


@dataclass(frozen=True)
class Text(_Leaf):
    """A text that is not empty; with `name`, one that can name a folder."""

    name: bool = False

    def read(self, value: Any) -> str:
        """Return `value` if it is a text."""
        letters = f"a name of letters, digits, '-', '_' and '.', at most {LONGEST_NAME} of them"
        allowed = letters if self.name else "a text"
        if not isinstance(value, str) or not value.strip():
            raise make_error(repr(value), allowed)
        plain = value.replace("-", "").replace("_", "").replace(".", "")
        if self.name and not (plain.isalnum() and plain.isascii() and value[0] != "."):
            raise make_error(repr(value), allowed)
        if self.name and len(value) > LONGEST_NAME:
            raise make_error(f"{len(value)} characters, '{value[:20]}...'", allowed)
        return value

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        most = {"maxLength": LONGEST_NAME} if self.name else {}
        return {"type": "string", "minLength": 1, **most}


@dataclass(frozen=True)
class Series(_Leaf):
    """A piecewise-linear series ``[[day, value], ...]``, or one number that holds for ever.

    Parameters
    ----------
    value
        What each value must be.
    constant
        Whether a single number may stand for the series.
    """

    value: Quantity
    constant: bool = True

    def read(self, value: Any) -> tuple[tuple[float, float], ...]:
        """Return the points (d, unit of the value), strictly ascending in time.

        Raises
        ------
        PydanticCustomError
            With every point that is wrong.
        """
        allowed = "[[day, value], ...]" + (" or one value" if self.constant else "")
        if self.constant and isinstance(value, int | float | str) and not isinstance(value, bool):
            return ((0.0, self.value.read(value)),)
        if not isinstance(value, list | tuple) or not value:
            raise make_error(repr(value), allowed)
        points, wrong = list[tuple[float, float]](), list[dict[str, Any]]()
        for index, entry in enumerate(value):
            try:
                point = self._read_point(entry, index)
                if points and point[0] <= points[-1][0]:
                    found = f"day {point[0]:g} after day {points[-1][0]:g}"
                    raise make_error(found, "days in ascending order", "", index)
                points.append(point)
            except PydanticCustomError as error:
                wrong.append(dict(error.context or {}))
        if wrong:
            first = {**wrong[0], "more": wrong[1:MOST_TOLD]}
            raise PydanticCustomError("leaf", LEAF, first)
        return tuple(points)

    def _read_point(self, entry: Any, index: int) -> tuple[float, float]:
        if not isinstance(entry, list | tuple) or len(entry) != 2:
            raise make_error(repr(entry), "a point [day, value]", "", index)
        day = Quantity("d")
        try:
            return day.read(entry[0]), self.value.read(entry[1])
        except PydanticCustomError as error:
            context = error.context or {}
            raise make_error(context["found"], context["allowed"], "", index) from error

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        day = Quantity("d").describe()
        point = {
            "type": "array",
            "prefixItems": [day, self.value.describe()],
            "minItems": 2,
            "maxItems": 2,
        }
        points = {"type": "array", "items": point, "minItems": 1}
        return {"anyOf": [points, self.value.describe()]} if self.constant else points


@dataclass(frozen=True)
class Override(_Leaf):
    """A number, or a text with a unit, for one row of the parameter table."""

    def read(self, value: Any) -> float | str:
        """Return `value`; the table itself checks unit and range."""
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise make_error(repr(value), "a number or a text with a unit")
        return value

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"type": ["number", "string"]}


@dataclass(frozen=True)
class Items(_Leaf):
    """A list of at least one item; what each may be is checked elsewhere.

    Parameters
    ----------
    allowed
        The list in words, with an example.
    """

    allowed: str

    def read(self, value: Any) -> tuple[Any, ...]:
        """Return the items."""
        if not isinstance(value, list | tuple) or not value:
            raise make_error(repr(value), self.allowed)
        return tuple(value)

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"type": "array", "minItems": 1}


@dataclass(frozen=True)
class Entries(_Leaf):
    """A list of prescriptions, each a text or a mapping; ``regimens.py`` reads them."""

    def read(self, value: Any) -> tuple[Any, ...]:
        """Return the entries as they are."""
        if value in (None, ()):
            return ()
        if not isinstance(value, list | tuple):
            raise make_error(repr(value), "a list of prescriptions, in words or as mappings")
        return tuple(value)

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"type": "array", "items": {"type": ["string", "object"]}}
