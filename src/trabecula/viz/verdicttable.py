"""The endpoints of a judged trial as a table."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from trabecula.viz.page import Html, escape, make_table

NOTHING = 1e-9
"""Below this a value is the rounding of a zero."""

COLUMNS = ("endpoint", "published", "band", "found", "verdict")


def make_verdict_table(
    endpoints: Sequence[Mapping[str, Any]],
    others: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Html:
    """Return a table of endpoints, as :meth:`trabecula.study.scoring.Judged.to_mapping` gives them.

    Parameters
    ----------
    others
        The same endpoints of other models, by their names: a column each.
    """
    named = others or {}
    rows = [
        (*_to_row(end), *(_to_cell(theirs[index]) for theirs in named.values()))
        for index, end in enumerate(endpoints)
    ]
    return make_table((*COLUMNS, *named), rows, (2, 3))


def _to_row(end: Mapping[str, Any]) -> tuple[Any, ...]:
    low, high = (end.get("band") or (None, None))[:2]
    band = f"{low:g} to {high:g}" if _is_known(low) and _is_known(high) else ""
    value, error = end.get("value"), end.get("error")
    least, most = end.get("low"), end.get("high")
    found = _write(value) if _is_known(value) else ""
    found += f" ± {_write(error, 2)}" if found and _is_known(error) else ""
    if found and _is_known(least) and _is_known(most):
        found = Html(f"{escape(found)}<br>({_write(least)} to {_write(most)})")
    what = f"{end.get('what', '')}{'' if end.get('required') else ' (not required)'}"
    return what, end.get("published", ""), band, found, _say(end)


def _to_cell(end: Mapping[str, Any]) -> Html:
    """Return the cell of another model: its value and verdict."""
    if end.get("term") is None:
        return Html("")
    value = end.get("value")
    return Html((f"{_write(value)} " if _is_known(value) else "") + _say(end, explain=False))


def _write(value: float, digits: int = 3) -> str:
    """Return a number in so many significant digits, without exponent; what is only rounding is 0."""
    return "0" if abs(value) < NOTHING else f"{float(f'{value:.{digits}g}'):.10g}"


def _say(end: Mapping[str, Any], *, explain: bool = True) -> Html:
    verdict = str(end.get("verdict", ""))
    reason = f": {end['reason']}" if explain and end.get("reason") else ""
    kind = escape(verdict.partition(" ")[0])
    return Html(f"<span class='{kind}'>{escape(verdict + reason)}</span>")


def _is_known(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value)
