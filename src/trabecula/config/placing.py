"""Putting one value into a document: for ``--set``, and for what a sweep or a fit changes."""

from typing import Any

from trabecula.base.errors import Problem
from trabecula.config.marks import Document, Key, to_dotted


def open_block(given: Any) -> dict[str, Any] | None:
    """Return a block as a mapping, ``mechanics: off`` too; None if it is none."""
    if given in ("off", False):
        return {"active": False}
    if given in (None, "on", True):
        return {}
    return given if isinstance(given, dict) else None


def place_value(document: Document, key: Key, path: str, value: Any, where: str) -> None:
    """Put `value` at `key`, making the blocks that lead to it; mistakes are noted in `document`.

    A block that is switched off stays so: what is set within it does not switch it on.
    """
    if not isinstance(document.data, dict):
        return
    held = document.data.get("fit")
    if key == ("fit",) and isinstance(held, dict):
        found = f"another fit over the rows of {held.get('name')!r}, which the file holds already"
        allowed = "a configuration that is not resolved yet"
        hint = "start from the file that named the fit, or set single rows"
        document.problems.append(Problem(where, path, found, allowed, hint))
        return
    block: Any = document.data
    for end, part in enumerate(key[:-1], 1):
        if isinstance(part, int):
            if not isinstance(block, list) or not part < len(block):
                count = len(block) if isinstance(block, list) else 0
                problem = Problem(where, path, f"entry {part} of {count}", "an entry that is there")
                document.problems.append(problem)
                return
            block = block[part]
            continue
        if not isinstance(block, dict):
            found = f"{to_dotted(key[: end - 1])}, which is no block"
            document.problems.append(Problem(where, path, found, "a key of a block"))
            return
        if not isinstance(block.get(part), list):
            block[part] = open_block(block.get(part)) or {}
        document.keys.setdefault(key[:end], where)
        block = block[part]
    last = key[-1]
    is_there = isinstance(block, list) and isinstance(last, int) and last < len(block)
    if not is_there and not (isinstance(block, dict) and isinstance(last, str)):
        problem = Problem(where, path, "no such entry", "an entry that is there")
        document.problems.append(problem)
        return
    for marks in (document.keys, document.values):
        for known in [known for known in marks if known[: len(key)] == key]:
            del marks[known]
    block[last] = value
    document.keys[key] = document.values[key] = where
