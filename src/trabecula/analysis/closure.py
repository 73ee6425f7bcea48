"""Whether what was laid down and taken away adds up to the bone that is there."""

from typing import NamedTuple

import numpy as np

from trabecula.analysis.results import Results

ROUNDING = 1e-9
"""Share of the bone by which sums of float64 may miss."""


class Closure(NamedTuple):
    """One balance (um^3).

    Parameters
    ----------
    what
        What is balanced.
    formed, resorbed
        Matrix laid down, and taken by osteoclasts or cleared away.
    change
        What the bone gained, measured on the lattice.
    miss
        What is left: formed - resorbed - change.
    is_closed
        Whether that is rounding.
    """

    what: str
    formed: float
    resorbed: float
    change: float
    miss: float
    is_closed: bool


def check_closure(results: Results, volume: float) -> Closure | None:
    """Balance the totals of matrix against bone volume, from the first to the last moment.

    Parameters
    ----------
    volume
        Tissue volume (um^3).

    Returns
    -------
    Closure or None
        None where totals or bone volume are not stored.
    """
    keys = ("matrix_formed", "matrix_resorbed", "bv_tv")
    if any(key not in results.series for key in keys):
        return None
    values = [results.series[key].values for key in keys]
    known = np.flatnonzero(np.isfinite(np.array(values)).all(axis=0))
    if known.size < 2:
        return None
    first, last = known[0], known[-1]
    formed, resorbed, share = (float(v[last] - v[first]) for v in values)
    if "matrix_cleared" in results.series:  # runs of before have none
        cleared = results.series["matrix_cleared"].values
        resorbed += float(cleared[last] - cleared[first])
    change = share * volume
    miss = formed - resorbed - change
    days = f"day {results.time[first]:g} to {results.time[last]:g}"
    is_closed = abs(miss) <= max(ROUNDING * volume, 1e-3)
    return Closure(days, formed, resorbed, change, miss, is_closed)
