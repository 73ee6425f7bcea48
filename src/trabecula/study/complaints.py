"""What is wrong in a panel: told at once, or kept beside what it makes impossible."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from trabecula.base.errors import Problem
from trabecula.config.marks import Document, Key, to_dotted
from trabecula.config.names import find_nearest

LONGEST_WORDS = 80
"""Characters of what was found that a message repeats."""


class Complaints:
    """Mistakes of one panel with their places.

    Parameters
    ----------
    document
        Knows where each value stands.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.unread: list[Problem] = []

    def add(self, path: Key, found: object, allowed: str, hint: str = "") -> str:
        """Note a mistake; returns it with its line, as a reason."""
        where = self.document.find_value(path)
        problem = Problem(where, to_dotted(path), say(found), allowed, hint)
        self.problems.append(problem)
        line = where.rsplit(":", 2)[1]
        reason = f"{problem.key} (line {line}): found {problem.found}; allowed: {allowed}"
        return f"{reason}; {hint}" if hint else reason

    def add_unread(self, path: Key, keys: Sequence[str], known: Sequence[str]) -> None:
        """Note keys of `path` that nothing reads: in a trial of one's own each is a mistake."""
        for key in keys:
            where = self.document.find_key((*path, key))
            hint = find_nearest(key, list(known))
            allowed = ", ".join(known)
            self.unread.append(Problem(where, to_dotted((*path, key)), "a key", allowed, hint))


def say(found: object) -> str:
    """Return what was found in a few characters."""
    text = found if isinstance(found, str) else repr(found)
    return text if len(text) <= LONGEST_WORDS else text[: LONGEST_WORDS - 3] + "..."


def is_number(value: Any) -> bool:
    """Whether a value is a finite number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def read_numbers(value: Any) -> Any:
    """Return a number that stands in quotes as a number, in lists too; all else as it is."""
    if isinstance(value, list):
        return [read_numbers(one) for one in value]
    plain = value.strip().replace("\N{MINUS SIGN}", "-") if isinstance(value, str) else ""
    return float(plain) if _NUMBER.fullmatch(plain) else value


def drop_empty(given: Mapping[str, Any], numbers: Sequence[str] = ()) -> dict[str, Any]:
    """Return a mapping without the keys that have no value, which are not given.

    Parameters
    ----------
    numbers
        Keys whose numbers may stand in quotes.
    """
    kept = {key: value for key, value in given.items() if value is not None}
    return {key: read_numbers(value) if key in numbers else value for key, value in kept.items()}


def is_window(value: Any) -> bool:
    """Whether a value is [first, last] with first before last."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(map(is_number, value))
        and value[0] < value[1]
    )
