"""What the runs of one trial show together: all bones of an arm as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trabecula.analysis import Results, compute_running_mean, compute_window_mean
from trabecula.analysis.windows import BASELINE
from trabecula.base.codes import Phase
from trabecula.base.columns import Array
from trabecula.study.terms import Observer, Term, When

WINDOW = 14.0
"""Width of a window that is not given (d)."""

SITE_WINDOW = 180.0
"""Width of the window in which sites count that completed (d), if it is not given."""

LEAST_SITE = 2e4
"""Mouth (um^2) from which a site counts."""

SERIES = {
    "res_pct": "matrix_resorbed", "form_pct": "matrix_formed", "opg_pct": "opg_marrow",
    "ms_bs_pct": "ms_bs", "mar_pct": "mar", "rankl_per_cell_fold": "rankl_per_cell",
    "il1_fold": "il1_marrow", "tnf_fold": "tnf_marrow", "sclerostin_pct": "sclerostin_marrow",
}  # fmt: skip
"""Series behind an observable that is a change against the baseline."""

TOTALS = ("matrix_resorbed", "matrix_formed")
"""Series that add up from the beginning: what counts is what came in a step."""

LEVELS = {"igf1_ratio": "igf1", "e2_pg_ml": "estradiol", "t_ng_dl": "testosterone"}
"""Level in serum behind an observable."""

SITES = {"ede_um": "e_de", "wth_um": "w_th"}
"""Column of the site ledger behind an observable."""


def read_daily(run: Results, key: str) -> Array:
    """Return a series as it was at each sample, a total as what was added per day since the last."""
    values: Array = run.get(key).values
    if key not in TOTALS:
        return values
    return np.concatenate([[np.nan], np.diff(values) / np.diff(run.time)])


class Pool(Observer):
    """The runs of every arm, bone by bone; leaving out a bone leaves it out of every arm.

    Parameters
    ----------
    runs
        Results by arm, in the order of the bones.
    """

    def __init__(self, runs: Mapping[str, Sequence[Results]]) -> None:
        self._runs = runs
        self.count = min((len(found) for found in runs.values()), default=0)

    def get_runs(self, arm: str) -> Sequence[Results]:
        """Return the runs of an arm, bone by bone."""
        return self._runs.get(arm, ())[: self.count]

    def leave_out(self, index: int) -> "Pool":
        """Return the pool without one bone."""
        return Pool({
            arm: [run for i, run in enumerate(found) if i != index]
            for arm, found in self._runs.items()
        })  # fmt: skip

    def draw(self, indices: Sequence[int]) -> "Pool":
        """Return the pool of the bones at `indices`, some perhaps more than once."""
        return Pool({arm: [found[i] for i in indices] for arm, found in self._runs.items()})

    def observe(self, observable: str, arm: str, when: When) -> float:
        """Return an observable of an arm (its unit); sums of all bones, not means of ratios."""
        runs = self._runs[arm][: self.count]
        if observable == "bvtv_pct":
            return _compute_gain(runs, when)
        if observable == "acf_ratio":
            return _compute_activation(runs, when)
        if observable in SITES:
            return _compute_sites(runs, SITES[observable], when)
        if observable in LEVELS:
            return _compute_level(runs, LEVELS[observable], when, observable.endswith("_ratio"))
        ratio = _compute_ratio(runs, SERIES[observable], when)
        return 100.0 * (ratio - 1.0) if observable.endswith("_pct") else ratio

    def find_first_day(self, observable: str, arm: str, level: float, when: When) -> float:
        """Return the first day (d) on which a running mean is beyond `level`; NaN if never."""
        runs = self._runs[arm][: self.count]
        width = WINDOW if when.width is None else when.width
        time = runs[0].time
        key = "bv_tv" if observable == "bvtv_pct" else SERIES[observable]
        means = sum(compute_running_mean(time, read_daily(run, key), width) for run in runs)
        if key == "bv_tv" and when.reference is None:
            base = float(np.sum([_read_at(run, key, 0.0) for run in runs]))
        else:
            base = _sum_windows(runs, key, *(when.reference or BASELINE))
        if not base:
            return float("nan")
        values = np.asarray(means) / base
        values = 100.0 * (values - 1.0) if observable.endswith("_pct") else values
        is_beyond = values > level if level >= 0 else values < level
        days = time[is_beyond & (time > 0) & (time <= when.day)]
        return float(days[0]) if days.size else float("nan")


def _find_window(runs: Sequence[Results], when: When, width: float) -> tuple[float, float]:
    """Return first and last day of a window; it is moved back if the run ends within it."""
    wide = width if when.width is None else float(when.width)
    end = min(when.day + wide / 2.0, float(runs[0].time[-1]))
    return end - wide, end


def _sum_windows(runs: Sequence[Results], key: str, start: float, end: float) -> float:
    means = [compute_window_mean(run.time, read_daily(run, key), start, end) for run in runs]
    return float(np.sum(means))


def _compute_ratio(runs: Sequence[Results], key: str, when: When) -> float:
    if when.is_raw:
        return _sum_windows(runs, key, *_find_window(runs, when, WINDOW)) / len(runs)
    if when.since is not None:
        before = (when.since - 45.0, when.since + 45.0)
    else:
        before = when.reference or BASELINE
    base = _sum_windows(runs, key, *before)
    now = _sum_windows(runs, key, *_find_window(runs, when, WINDOW))
    return now / base if base else float("nan")


def _read_at(run: Results, key: str, day: float) -> float:
    """Return the last measured value at or before a day."""
    values = run.get(key).values
    known = np.flatnonzero(np.isfinite(values) & (run.time <= day + 1e-6))
    return float(values[known[-1]]) if known.size else float("nan")


def _compute_gain(runs: Sequence[Results], when: When) -> float:
    """Return the change of bone volume (%) between two days, or two windows."""
    first = 0.0 if when.since is None else when.since

    def measure(day: float) -> float:
        if when.width is None or day <= 0:
            return float(np.sum([_read_at(run, "bv_tv", day) for run in runs]))
        half = when.width / 2.0
        return _sum_windows(runs, "bv_tv", day - half, day + half)

    before = _sum_windows(runs, "bv_tv", *when.reference) if when.reference else measure(first)
    return 100.0 * (measure(when.day) / before - 1.0)


def _count_begun(run: Results, start: float, end: float) -> float:
    """Return how many sites began in a window, per day of it."""
    begun: Array = run.bmus["activated"]
    return float(((begun > start) & (begun <= end)).sum()) / (end - start)


def _compute_activation(runs: Sequence[Results], when: When) -> float:
    span = _find_window(runs, when, SITE_WINDOW)
    before = when.reference or BASELINE

    def measure(start: float, end: float) -> float:
        begun = sum(_count_begun(run, start, end) for run in runs)
        return begun / _sum_windows(runs, "bs_tv", start, end)

    base = 1.0 if when.is_raw else measure(*before)
    return measure(*span) / base if base else float("nan")


def _compute_level(runs: Sequence[Results], name: str, when: When, is_ratio: bool) -> float:
    """Return a level in a window, as it is or over that of the baseline; bones share it."""
    run = runs[0]
    if name not in run.hormones:
        return float("nan")
    values = run.hormones[name].values
    now = compute_window_mean(run.time, values, *_find_window(runs, when, WINDOW))
    base = compute_window_mean(run.time, values, *(when.reference or BASELINE))
    base = base if is_ratio and not when.is_raw else 1.0
    return now / base if base else float("nan")


def _compute_sites(runs: Sequence[Results], column: str, when: When) -> float:
    """Return the mean by area over the sites that completed in the window."""
    start, end = _find_window(runs, when, SITE_WINDOW)
    total = weight = 0.0
    for run in runs:
        rows = run.bmus
        chosen = (rows["ended"] > start) & (rows["ended"] <= end)
        chosen &= (rows["phase"] == Phase.COMPLETE) & (rows["footprint"] >= LEAST_SITE)
        chosen &= np.isfinite(rows[column])
        total += float((rows[column] * rows["footprint"])[chosen].sum())
        weight += float(rows["footprint"][chosen].sum())
    return total / weight if weight else float("nan")


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error.

    Parameters
    ----------
    value, error
        In the unit of the observable; the error is NaN with fewer than two bones.
    count
        Bones.
    """

    value: float
    error: float
    count: int

    @property
    def reach(self) -> float:
        """Half the 95 % interval (unit of the observable), by Student's t; NaN if it is not known.

        The error itself comes from few bones: of two it is so uncertain that the interval is six
        times as wide as 1.96 standard errors, of six a third wider.
        """
        if self.count < 2 or not np.isfinite(self.error):
            return float("nan")
        from scipy.stats import t

        return float(t.ppf(0.975, self.count - 1)) * self.error

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values; None for what is not known."""
        low, high = self.value - self.reach, self.value + self.reach
        plain = {"value": self.value, "error": self.error, "low": low, "high": high}
        found = {key: value if np.isfinite(value) else None for key, value in plain.items()}
        return {**found, "bones": self.count}


DRAWS = 200
"""Resamples behind the error of a term that jumps."""


def estimate(term: Term, pool: Pool) -> Estimate:
    """Compute a term over all bones, and its standard error over bones.

    The jackknife leaves each bone out of every arm in turn, so that what arms share cancels (Efron
    1982, doi:10.1137/1.9781611970319). A rank or a first day does not move when one bone goes; its
    error is that of bootstrap resamples of bones, widened for their number.
    """
    count = pool.count
    value = term.compute(pool) if count else float("nan")
    if count < 2:
        return Estimate(value, float("nan"), count)
    if term.is_smooth:
        parts = np.array([term.compute(pool.leave_out(index)) for index in range(count)])
        spread = float(((parts - parts.mean()) ** 2).sum())
        return Estimate(value, float(np.sqrt((count - 1) / count * spread)), count)
    draws = np.random.default_rng(count).integers(count, size=(DRAWS, count))
    found = np.array([term.compute(pool.draw(draw)) for draw in draws])
    known = found[np.isfinite(found)]
    if known.size < DRAWS / 2:  # mostly never: the day is not known
        return Estimate(value, float("nan"), count)
    return Estimate(value, float(known.std() * np.sqrt(count / (count - 1))), count)
