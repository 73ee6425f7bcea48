"""Rates over a stated window, and how far the few sites of a small bone let them wander."""

from typing import NamedTuple

import numpy as np

from trabecula.analysis.results import Results
from trabecula.analysis.windows import (
    BASELINE,
    compute_baseline,
    compute_percent_of_baseline,
    compute_running_mean,
    compute_window_mean,
    covers,
)
from trabecula.base.columns import Array

WINDOW = 90.0
"""Window of a rate (d): that of the baseline it is compared with."""

SHARE = 0.25
"""Of a short run's days, the share that its window is."""

TOTALS = {"resorption_rate": "matrix_resorbed", "formation_rate": "matrix_formed"}
"""Totals from which rates over any window follow."""

WORDS = {"resorption_rate": "resorbed", "formation_rate": "formed"}
"""Columns of the site ledger behind a rate: amount, mean and spread in time."""

EVEN = 12.0
"""Square of the length of an even course over the variance of its times."""

SHORTEST = 1.0
"""Shortest course of a site (d): a single step."""

MOST_MOMENTS = 300
"""Moments at which the error is computed; it is straight between them."""


class RateCourse(NamedTuple):
    """A rate as % of its baseline.

    Parameters
    ----------
    percent
        Shape (time,); NaN where less than half a window is stored.
    error
        Standard error (%) that the number of sites at work leads one to expect, shape (time,); NaN
        without a ledger.
    width
        Window (d).
    """

    percent: Array
    error: Array
    width: float


def choose_window(results: Results) -> float:
    """Return the window (d) of the rates: that of the baseline, a quarter of a shorter run."""
    span = float(results.time[-1] - results.time[0]) if len(results.time) else 0.0
    return min(WINDOW, max(2.0, SHARE * span))


def compute_rate(results: Results, key: str, width: float) -> RateCourse:
    """Return a rate over a centred window of `width` (d), and its expected error.

    From the totals of matrix where they are stored; else the running mean of the rate itself. Near the
    ends the window shrinks to what exists, down to its half, and the error says so.

    Parameters
    ----------
    key
        ``resorption_rate`` or ``formation_rate``.
    """
    time = results.time
    low, high = _find_edges(time, width)
    total = results.series.get(TOTALS[key])
    base = (max(BASELINE[0], float(time[0])), BASELINE[1])
    if total is None or base[1] <= base[0]:
        percent = compute_running_mean(time, compute_percent_of_baseline(results, key), width)
    else:
        rate = (_read(time, total.values, high) - _read(time, total.values, low)) / (high - low)
        first, last = (_read(time, total.values, np.array([day]))[0] for day in base)
        mean = (last - first) / (base[1] - base[0])
        percent = 100.0 * rate / mean if mean > 0 else np.full(len(time), np.nan)
    return RateCourse(percent, _compute_error(results, key, percent, (low, high), base), width)


def compute_percent_change(results: Results, key: str, start: float, end: float) -> float:
    """Return the change (%) of a series over start < time <= end against the baseline of the run.

    The rates of resorption and formation are those of the window itself, from the totals of matrix;
    NaN if the run does not reach over it.
    """
    total = TOTALS.get(key)
    if total is None or total not in results.series:
        base = compute_baseline(results, key)
        mean = compute_window_mean(results.time, results.get(key).values, start, end)
        return 100.0 * (mean / base - 1.0) if base else float("nan")
    before = compute_mean_rate(results, total, max(BASELINE[0], results.time[0]), BASELINE[1])
    now = compute_mean_rate(results, total, start, end)
    return 100.0 * (now / before - 1.0) if before > 0 else float("nan")


def compute_mean_rate(results: Results, total: str, start: float, end: float) -> float:
    """Return how fast a total grew from `start` to `end` (d), in its unit per day.

    NaN if the run does not reach over the window.

    Parameters
    ----------
    total
        One of the values of :data:`TOTALS`.
    """
    values, time = results.get(total).values, results.time
    known = np.isfinite(values)
    days = time[known]
    if not covers(days, start, end):
        return float("nan")
    start, end = np.clip([start, end], days[0], days[-1])
    if end <= start:
        return float("nan")
    first, last = np.interp([start, end], days, values[known])
    return float(last - first) / float(end - start)


def _find_edges(time: Array, width: float) -> tuple[Array, Array]:
    low = np.maximum(time - width / 2.0, time[0])
    high = np.minimum(time + width / 2.0, time[-1])
    return low, np.maximum(high, low + 1e-9)


def _read(time: Array, values: Array, days: Array) -> Array:
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(days), np.nan)
    found: Array = np.interp(days, time[known], values[known])
    return found


def _compute_error(
    results: Results,
    key: str,
    percent: Array,
    edges: tuple[Array, Array],
    base: tuple[float, float],
) -> Array:
    """Return the standard error (%): sites come by chance, each with its own amount.

    The variance of a sum over sites that come independently is the sum of their squares (compound
    Poisson); that of the baseline is added, so that within it the error is too large rather than
    too small.
    """
    ledger, word = results.bmus, WORDS[key]
    columns = ("activated", word, f"{word}_mean", f"{word}_spread")
    count = len(percent)
    if not count or any(name not in ledger for name in columns) or not len(ledger["activated"]):
        return np.full(count, np.nan)
    begun, amount, mean, spread = (np.asarray(ledger[name], dtype=float) for name in columns)
    length = np.maximum(np.sqrt(EVEN * np.clip(spread, 0.0, None)), SHORTEST)
    start = begun + mean - length / 2.0
    rows = np.unique(np.linspace(0, count - 1, min(count, MOST_MOMENTS)).astype(int))
    before = _scatter(amount, start, length, *base)
    now = [_scatter(amount, start, length, edges[0][row], edges[1][row]) for row in rows]
    relative = np.interp(np.arange(count), rows, np.hypot(now, before))
    return percent * relative


def _scatter(amount: Array, start: Array, length: Array, first: float, last: float) -> float:
    """Return the standard error of what was done from `first` to `last` (d), relative to it."""
    overlap = np.minimum(start + length, last) - np.maximum(start, first)
    done = amount * np.clip(overlap, 0.0, None) / length
    total = float(done.sum())
    return float(np.sqrt((done**2).sum())) / total if total > 0 else float("nan")
