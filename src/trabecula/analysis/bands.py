"""Several runs as one curve: their median, and the band that holds nine of ten."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from trabecula.analysis.results import Results
from trabecula.base.columns import Array

LOW, HIGH = 0.05, 0.95
"""Quantiles between which the band lies."""

SAME = 1e-6
"""Times closer than this (d) are the same."""


class Band(NamedTuple):
    """A quantity over the runs of an arm.

    Parameters
    ----------
    time
        Shape (time,), d: every moment of any run.
    median, low, high
        Shape (time,); `low` and `high` are the 5 and 95 % quantiles. NaN where no run was measured.
    runs
        How many.
    """

    time: Array
    median: Array
    low: Array
    high: Array
    runs: int


def compute_band(runs: Sequence[Results], measure: Callable[[Results], Array]) -> Band:
    """Return the band of what `measure` makes of each run, an array as long as its time."""
    time = merge_times([run.time for run in runs])
    values = np.full((len(runs), len(time)), np.nan)
    for row, run in enumerate(runs):
        values[row, np.searchsorted(time, run.time - SAME)] = measure(run)
    measured = np.isfinite(values).any(axis=0)
    low, median, high = np.full((3, len(time)), np.nan)
    if measured.any():
        found = np.nanquantile(values[:, measured], (LOW, 0.5, HIGH), axis=0)
        low[measured], median[measured], high[measured] = found
    return Band(time, median, low, high, len(runs))


def merge_times(times: Sequence[Array]) -> Array:
    """Return the moments of any of several clocks once, ascending.

    Parameters
    ----------
    times
        Of each clock, shape (time,), d.

    Returns
    -------
    ndarray
        Shape (time,), d.
    """
    every = np.sort(np.concatenate(times)) if len(times) else np.zeros(0)
    new = np.ones(len(every), dtype=bool)
    new[1:] = np.diff(every) > SAME
    merged: Array = every[new]
    return merged
