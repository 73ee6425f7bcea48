"""What values a key of a configuration may have: its unit, its limits, and a row of evidence."""

import math
from dataclasses import dataclass
from typing import Any, get_args

from trabecula.config.marks import Key
from trabecula.config.parameters import Row, load_parameters
from trabecula.config.problems import find_model
from trabecula.config.resolve import ROOMS_OF_BLOCK, to_full_key
from trabecula.config.types import Quantity, Series, _Leaf


@dataclass(frozen=True)
class Support:
    """What values a key may have.

    Parameters
    ----------
    unit
        Unit of its numbers; empty if it takes something else.
    low, high
        Smallest and largest number, in `unit`.
    leaf
        What reads a value; None where that is not known.
    row
        The row of the table of parameters, if it is one.
    """

    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    leaf: _Leaf | None = None
    row: Row | None = None

    @property
    def is_number(self) -> bool:
        """Whether a number may stand there."""
        return self.leaf is None or isinstance(self.leaf, Quantity)


def find_support(key: Key) -> Support:
    """Return what the key at `key` may hold; any number where the schema does not say."""
    if len(key) == 3 and key[1] == "parameters" and key[0] in ROOMS_OF_BLOCK:
        row = load_parameters().rows.get(to_full_key(str(key[2]), str(key[0])))
        return Support() if row is None else Support(row.unit, row.low, row.high, None, row)
    model = find_model(key[:-1])
    field = None if model is None else model.model_fields.get(str(key[-1]))
    if field is None:
        return Support()
    leaf = _find_leaf((*field.metadata, field.annotation))
    if isinstance(leaf, Series):
        leaf = leaf.value if leaf.constant else leaf
    if isinstance(leaf, Quantity):
        return Support(leaf.unit, leaf.low, leaf.high, leaf)
    return Support(leaf=leaf)


def _find_leaf(options: tuple[Any, ...]) -> _Leaf | None:
    """Return the first leaf in nested annotations."""
    for option in options:
        if isinstance(option, _Leaf):
            return option
        inner = (*getattr(option, "__metadata__", ()), *get_args(option))
        found = _find_leaf(inner) if inner else None
        if found is not None:
            return found
    return None
