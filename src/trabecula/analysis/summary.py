"""What happened in a run, as numbers and as sentences."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trabecula.analysis.results import Results
from trabecula.analysis.sampling import compute_percent_change, compute_rate
from trabecula.analysis.sites import summarise_sites
from trabecula.analysis.windows import (
    compute_end,
    compute_start,
    find_given,
)
from trabecula.base.columns import Array

STRUCTURE = (
    "bv_tv",
    "tb_th",
    "tb_sp",
    "tb_n",
    "tb_n_imaged",
    "conn_d",
    "conn_d_imaged",
    "turnover",
)
RATES = ("resorption_rate", "formation_rate")
WINDOW = 90.0
"""Width of the windows in which rates are compared (d)."""


def summarise(results: Results) -> dict[str, Any]:
    """Return the outcome of a run.

    Returns
    -------
    dict
        ``days``; ``structure``, and ``hormones`` that change (key -> start, end, change in %, and unit);
        ``rates`` (key -> change of the last 90 d against baseline in %, highest 90-d mean in % of
        baseline and its day; from the totals of matrix where they are stored); ``sites`` (see
        :func:`summarise_sites`). Only what the results hold is in it.
    """
    present = [key for key in STRUCTURE if key in results.series]
    return {
        "days": results.duration,
        "structure": {key: _compare(results, key) for key in present},
        "rates": {key: _follow(results, key) for key in RATES if key in results.series},
        "hormones": {
            name: _to_change(*_find_ends(results.time, results.hormones[name].values))
            | {"unit": results.hormones[name].unit}
            for name in find_given(results)
        },
        "sites": summarise_sites(results.bmus),
    }


def _compare(results: Results, key: str) -> dict[str, float]:
    return _to_change(compute_start(results, key), compute_end(results, key))


def _to_change(start: float, end: float) -> dict[str, float]:
    change = 100.0 * (end / start - 1.0) if start else float("nan")
    return {"start": start, "end": end, "change": change}


def _find_ends(time: Array, values: Array) -> tuple[float, float]:
    after = values[(time >= 0) & np.isfinite(values)]
    return (float(after[0]), float(after[-1])) if after.size else (float("nan"), float("nan"))


def choose_last_window(days: float) -> float:
    """Return the length (d) of the last window of a run of `days` (d), in which its rates are told."""
    return min(WINDOW, days) or WINDOW


def _follow(results: Results, key: str) -> dict[str, float]:
    end = results.duration
    window = choose_last_window(end)
    change = compute_percent_change(results, key, end - window, end)
    smooth = compute_rate(results, key, window).percent
    lived = (results.time >= window / 2) & (results.time <= end - window / 2)
    if not np.isfinite(smooth[lived]).any():
        return {"change": change, "peak": float("nan"), "peak_day": float("nan")}
    peak = int(np.nanargmax(np.where(lived, smooth, -np.inf)))
    return {
        "change": change,
        "peak": float(smooth[peak]),
        "peak_day": float(results.time[peak]),
    }


def describe(summary: Mapping[str, Any]) -> list[str]:
    """Return sentences for people from what :func:`summarise` returned."""
    lines = [f"The bone lived {_to_duration(summary['days'])}."]
    lines += [_describe_hormone(name, change) for name, change in summary["hormones"].items()]
    lines += [
        f"{_NAMES[key][0]} went from {_scale(key, change['start'])} to "
        f"{_scale(key, change['end'])}{_to_change_text(change['change'])}."
        for key, change in summary["structure"].items()
    ]
    window = choose_last_window(summary["days"])
    lines += [_describe_rate(key, rate, window) for key, rate in summary["rates"].items()]
    return lines + _describe_sites(summary["sites"])


_ACRONYMS = {"fsh": "FSH", "igf1": "IGF-1", "pth": "PTH"}

_NAMES: dict[str, tuple[str, float, str]] = {
    "bv_tv": ("Bone volume (BV/TV)", 100.0, " %"),
    "tb_th": ("Trabecular thickness (Tb.Th)", 1.0, " um"),
    "tb_sp": ("Trabecular separation (Tb.Sp)", 1.0, " um"),
    "tb_n": ("Trabecular number (Tb.N)", 1.0, " /mm"),
    "tb_n_imaged": ("Trabecular number as scanned", 1.0, " /mm"),
    "conn_d": ("Connectivity density (Conn.D)", 1.0, " /mm^3"),
    "conn_d_imaged": ("Connectivity density as scanned", 1.0, " /mm^3"),
    "turnover": ("Turnover", 1.0, " %/yr"),
    "resorption_rate": ("Resorption", 1.0, ""),
    "formation_rate": ("Formation", 1.0, ""),
}


MANY_OPEN = 0.25
"""Sites at work, relative to those completed, from which the periods of the latter read too short."""


def _scale(key: str, value: float) -> str:
    _, factor, unit = _NAMES[key]
    return f"{value * factor:.4g}{unit}"


def _to_change_text(change: float) -> str:
    return f" ({change:+.1f} %)" if np.isfinite(change) else ""


def _to_duration(days: float) -> str:
    return f"{days:g} days" if days < 730 else f"{days / 365.25:.3g} years"


def _describe_hormone(name: str, change: Mapping[str, Any]) -> str:
    words = _ACRONYMS.get(name, name.replace("_", " ").capitalize())
    unit = change.get("unit", "1")
    after = "" if unit == "1" else f" {unit}"
    return f"{words}: {change['start']:.4g} to {change['end']:.4g}{after}."


def _describe_rate(key: str, rate: Mapping[str, float], window: float) -> str:
    if not np.isfinite(rate["change"]):
        return f"{_NAMES[key][0]} has no baseline: there was none before day 0."
    text = f"{_NAMES[key][0]} ended {rate['change']:+.0f} % from its baseline (last {window:.0f} d)"
    if np.isfinite(rate["peak"]):
        text += f"; its highest {window:.0f}-day mean was {rate['peak']:.0f} % of baseline"
        text += f" around day {rate['peak_day']:.0f}"
    return f"{text}."


def _describe_sites(sites: Mapping[str, float]) -> list[str]:
    if not sites:
        return []
    lines = [
        f"Remodelling sites in the ledger: {sites['count']:.0f}, of which "
        f"{sites['completed']:.0f} were completed and {sites['open']:.0f} are at work."
    ]
    if sites["completed"] and not np.isfinite(sites["resorption_period"]):
        lines.append("None of the completed sites opened a layer of bone.")
    elif sites["completed"]:
        is_short = sites["open"] > MANY_OPEN * sites["completed"]
        slow = "; of a run this short the slow ones are still at work" if is_short else ""
        lines.append(
            f"Completed sites resorbed for {sites['resorption_period']:.0f} d, waited "
            f"{sites['reversal_period']:.0f} d and formed for {sites['formation_period']:.0f} d "
            f"(means over the surface that they opened{slow})."
        )
        if "e_de" in sites:
            lines.append(
                f"They were {sites['e_de']:.0f} um deep and were filled by {sites['w_th']:.0f} um."
            )
    return lines
