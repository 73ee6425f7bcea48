"""The endpoints of a judged trial as a table."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from trabecula.viz.page import Html, escape, make_table

COLUMNS = ("endpoint", "published", "band", "found", "")


def make_verdict_table(endpoints: Iterable[Mapping[str, Any]]) -> Html:
    """Return a table of endpoints, as :meth:`trabecula.study.scoring.Judged.to_mapping` gives them."""
    return make_table(COLUMNS, (_to_row(end) for end in endpoints), (2, 3))


def _to_row(end: Mapping[str, Any]) -> tuple[Any, ...]:
    low, high = (end.get("band") or (None, None))[:2]
    band = f"{low:g} to {high:g}" if _is_known(low) and _is_known(high) else ""
    value, error = end.get("value"), end.get("error")
    found = f"{value:.3g}" if _is_known(value) else ""
    found += f" ± {error:.3g}" if found and _is_known(error) else ""
    verdict = str(end.get("verdict", ""))
    reason = f": {end['reason']}" if end.get("reason") else ""
    what = f"{end.get('what', '')}{'' if end.get('required') else ' (not required)'}"
    kind = escape(verdict.partition(" ")[0])
    said = Html(f"<span class='{kind}'>{escape(verdict + reason)}</span>")
    return what, end.get("published", ""), band, found, said


def _is_known(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
