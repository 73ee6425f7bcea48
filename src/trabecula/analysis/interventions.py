"""What was given or blocked in a run, read from its resolved configuration."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from trabecula.analysis.arms import read_config
from trabecula.analysis.results import Results
from trabecula.base.errors import ConfigError


class Intervention(NamedTuple):
    """One drug, prescription or blockade.

    Parameters
    ----------
    name
        What it is, in words.
    doses
        Days and amounts; empty for a blockade.
    spans
        First and last days (d) in which it goes on.
    """

    name: str
    doses: tuple[tuple[float, float], ...]
    spans: tuple[tuple[float, float], ...]


def find_interventions(results: Results) -> list[Intervention]:
    """Return what was given or blocked, in the order of its beginning; nothing if none is stored.

    A titrated prescription has the doses that it begins with.
    """
    config, end = read_config(results), results.duration
    hormones = config.get("hormones") or {}
    found = [
        Intervention(_to_words(name), _to_points(points), _to_spans(points, end))
        for name, points in (hormones.get("doses") or {}).items()
        if points
    ]
    found += [
        Intervention(f"{_to_words(name)} blocked", (), spans)
        for name, points in (hormones.get("blockade") or {}).items()
        if points and (spans := find_positive(_to_points(points), end))
    ]
    found += _read_protocol(config, end)
    return sorted(found, key=lambda one: one.spans[0][0])


def _read_protocol(config: Mapping[str, Any], end: float) -> list[Intervention]:
    """Read prescriptions; those of an older version that no longer reads are left out."""
    from trabecula.config.load import make_config
    from trabecula.config.marks import Document

    if not config.get("protocol"):
        return []
    keys = ("duration", "patient", "hormones", "protocol")
    kept = {key: config[key] for key in keys if key in config}
    try:
        regimens = make_config(Document("config", kept), Path("config.yaml")).regimens
    except ConfigError:
        return []
    return [
        Intervention(_to_words(regimen.drug.name), doses, _to_spans(doses, end))
        for regimen in regimens
        if (doses := tuple((day, dose) for day, dose in regimen.doses if day <= end and dose > 0))
    ]


def _to_words(name: str) -> str:
    return {"opg_fc": "OPG-Fc"}.get(name, name.replace("_", " "))


def _to_points(points: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(day), float(value)) for day, value in points)


def _to_spans(points: Any, end: float) -> tuple[tuple[float, float], ...]:
    """Return one span from the first dose to one usual interval after the last."""
    days = [float(day) for day, dose in points if float(dose) > 0]
    if not days:
        return ((0.0, 0.0),)
    gaps = sorted(b - a for a, b in pairwise(days))
    usual = gaps[len(gaps) // 2] if gaps else 0.0
    return ((days[0], min(end, days[-1] + usual)),)


def find_positive(
    points: tuple[tuple[float, float], ...], end: float
) -> tuple[tuple[float, float], ...]:
    """Return the spans (d) in which a series, straight between its points, is above zero.

    Parameters
    ----------
    points
        Days and values, ascending; constant before the first and beyond the last.
    end
        Last day (d).
    """
    spans: list[tuple[float, float]] = []
    begun: float | None = 0.0 if points[0][1] > 0 and points[0][0] >= 0 else None
    for (day, value), (_, after) in zip(points, [*points[1:], points[-1]], strict=True):
        if begun is None and (value > 0 or after > 0):
            begun = day
        if begun is not None and value <= 0 and after <= 0:
            spans.append((begun, min(day, end)))
            begun = None
    if begun is not None:
        spans.append((begun, end))
    return tuple(span for span in spans if span[0] < end)
