"""Means over windows of time, and changes against the baseline before day 0."""

import numpy as np

from trabecula.analysis.results import Results
from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError

BASELINE = (-90.0, 0.0)
"""Days that are the baseline of every "% change": the last 90 d before day 0, day 0 included."""

SLACK = 0.5
"""Days (d) by which a window may reach beyond the samples of a run: a year is 365.25 d."""

DERIVED = ("age", "oxidative_stress", "sex_steroid_loss", "tnf_excess")
"""Levels that no one gives."""


def compute_window_mean(time: Array, values: Array, start: float, end: float) -> float:
    """Return the mean of the measured `values` with start < time <= end (d); NaN if none.

    A value at time t belongs to the step that ended at t, so a window is open at its start.

    Parameters
    ----------
    time
        Shape (sample,), d.
    values
        Shape (sample,), in the unit of the series; NaN where nothing was measured.
    """
    chosen = np.asarray(values)[(time > start) & (time <= end)]
    chosen = chosen[np.isfinite(chosen)]
    return float(chosen.mean()) if chosen.size else float("nan")


def covers(time: Array, start: float, end: float) -> bool:
    """Whether samples speak for a whole window; the first does for the interval before it, too.

    Parameters
    ----------
    time
        Shape (sample,), d.
    start, end
        First and last day (d).
    """
    if len(time) < 2:
        return False
    first = 2.0 * time[0] - time[1]
    return bool(first - SLACK <= start and end <= time[-1] + SLACK)


def compute_baseline(results: Results, key: str) -> float:
    """Return the mean of a series over the baseline (its unit), or its first value where there is none.

    Raises
    ------
    ResultsError
        If the series does not exist or was never measured.
    """
    values = results.get(key).values
    mean = compute_window_mean(results.time, values, *BASELINE)
    if np.isfinite(mean):
        return mean
    measured = values[np.isfinite(values)]
    if not measured.size:
        msg = f"{results.path}: series {key!r} was never measured"
        raise ResultsError(msg)
    return float(measured[0])


def compute_start(results: Results, key: str) -> float:
    """Return the last measured value at or before day 0, or the first after it; NaN if none."""
    values = results.get(key).values
    measured = np.isfinite(values)
    before = np.flatnonzero(measured & (results.time <= 0))
    if before.size:
        return float(values[before[-1]])
    after = np.flatnonzero(measured)
    return float(values[after[0]]) if after.size else float("nan")


def compute_end(results: Results, key: str) -> float:
    """Return the last measured value of a series, in its unit; NaN if it was never measured."""
    values = results.get(key).values
    measured = values[np.isfinite(values)]
    return float(measured[-1]) if measured.size else float("nan")


def compute_percent_of_baseline(results: Results, key: str) -> Array:
    """Return a series as % of its baseline, shape (time,); NaN throughout if that is zero."""
    baseline = compute_baseline(results, key)
    values = results.get(key).values
    return 100.0 * values / baseline if baseline else np.full(len(values), np.nan)


def find_given(results: Results) -> list[str]:
    """Return the names of the levels that change in a run and are not derived from others.

    Age passes in every run, and oxidative stress and the like follow from what is given.
    """
    return [
        name
        for name, level in results.hormones.items()
        if name not in DERIVED and len(set(level.values[np.isfinite(level.values)].tolist())) > 1
    ]


def compute_running_mean(time: Array, values: Array, width: float) -> Array:
    """Return the centred mean of the measured values within `width` (d), shape (time,).

    Near the ends the window shrinks to what exists; NaN where nothing was measured.
    """
    measured = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(measured, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(measured)])
    low = np.searchsorted(time, time - width / 2, side="left")
    high = np.searchsorted(time, time + width / 2, side="right")
    count = counts[high] - counts[low]
    mean = (sums[high] - sums[low]) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan)
