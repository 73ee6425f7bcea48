"""What the runs of one trial show together: all bones of an arm as one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trabecula.analysis import Results, compute_running_mean, compute_window_mean
from trabecula.analysis.windows import BASELINE
from trabecula.base.codes import Phase
from trabecula.base.columns import Array
from trabecula.study.held import SHARES, compute_share
from trabecula.study.terms import LEAD, Observer, Term, When

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
    held
        By arm, the arm that shows the same bones with nothing done to them.
    steady
        Arms in which nothing changes: they share all chances with the arm held beside them.
    bones
        Of which bone each run is, where some begin on several days of one; one of each if None.
    """

    def __init__(
        self, runs: Mapping[str, Sequence[Results]], held: Mapping[str, str] | None = None,
        steady: Collection[str] = (), bones: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        self._runs = runs
        self._held = held or {}
        self._steady = frozenset(steady)
        self.size = min((len(found) for found in runs.values()), default=0)
        self._bones = list(range(self.size)) if bones is None else list(bones)
        self.count = len(set(self._bones))

    def get_runs(self, arm: str) -> Sequence[Results]:
        """Return the runs of an arm, bone by bone."""
        return self._runs.get(arm, ())[: self.size]

    def leave_out(self, index: int) -> "Pool":
        """Return the pool without one bone."""
        return self.draw([i for i in range(self.count) if i != index])

    def drop(self, run: int) -> "Pool":
        """Return the pool without one day 0 of one bone."""
        kept = [i for i in range(self.size) if i != run]
        return self._take(kept, [self._bones[i] for i in kept])

    def draw(self, indices: Sequence[int]) -> "Pool":
        """Return the pool of the bones at `indices`, some perhaps more than once."""
        known = list(dict.fromkeys(self._bones))
        places = [[i for i, bone in enumerate(self._bones) if bone == one] for one in known]
        pairs = [(number, i) for number, index in enumerate(indices) for i in places[index]]
        return self._take([i for _, i in pairs], [number for number, _ in pairs])

    def _take(self, places: Sequence[int], bones: Sequence[int]) -> "Pool":
        """Return the pool of the runs at `places`, and of which bone each is to be."""
        chosen = {arm: [found[i] for i in places] for arm, found in self._runs.items()}
        return Pool(chosen, self._held, self._steady, bones)

    def observe(self, observable: str, arm: str, when: When) -> float:
        """Return an observable of an arm (its unit); sums of all bones, not means of ratios."""
        runs = self._runs[arm][: self.size]
        if observable == "bvtv_pct":
            return _compute_gain(runs, when)
        if observable in SITES:
            return _compute_sites(runs, SITES[observable], when)
        if observable in LEVELS:
            return _compute_level(runs, LEVELS[observable], when, observable.endswith("_ratio"))
        when = replace(when, since=when.since if (when.since or 0.0) > 0.0 else None)
        held, share = self._get_held(observable, arm, when), self._make_share(observable, arm)
        if observable == "acf_ratio":
            return _compare(_measure_activation, runs, held, share, when, SITE_WINDOW)
        key = SERIES[observable]
        ratio = _compare(
            lambda of, start, end: _sum_windows(of, key, start, end) / len(of),
            runs, held, share, when, WINDOW,
        )  # fmt: skip
        is_change = observable.endswith("_pct") and not when.is_raw
        return 100.0 * (ratio - 1.0) if is_change else ratio

    def compute_base(self, arm: str, key: str) -> float:
        """Return the baseline of a series (its unit): of the held arm if there is one."""
        name = self._held.get(arm, "")
        held = self._runs[name][: self.size] if name else ()
        runs = held or self.get_runs(arm)
        end = float(held[0].time[-1]) if held else BASELINE[1]
        return _sum_windows(runs, key, BASELINE[0], end) / len(runs)

    def follow_base(self, arm: str, observable: str, width: float) -> Array:
        """Return what an observable's series is compared with, shape (day,), its unit, a mean of bones.

        The whole course of the held arm, moved by what chance did to it in a window of `width` (d)
        around each day as far as that is shared; the baseline where nothing is held.
        """
        key = SERIES[observable]
        days = self._runs[arm][0].time
        course = np.full(len(days), self.compute_base(arm, key))
        held = self._get_held(observable, arm, When(0.0))
        if not held:
            return course
        share, half = self._make_share(observable, arm), width / 2.0
        shares = np.array([share(day - half, day + half) for day in days])
        found = _sum_courses(held, key, width, len(days)) / len(held)
        found = np.pad(found, (0, len(days) - len(found)), constant_values=np.nan)
        return np.where(np.isfinite(found), course + shares * (found - course), course)

    def _get_held(self, observable: str, arm: str, when: When) -> Sequence[Results]:
        """Return the runs that steady an observable; none if it has a baseline of its own."""
        name = self._held.get(arm, "")
        is_own = when.is_raw or when.since is not None or when.reference is not None
        if observable not in SHARES or not name or is_own:
            return ()
        return self._runs[name][: self.size]

    def _make_share(self, observable: str, arm: str) -> Callable[[float, float], float]:
        """Return what tells the share of chance in a window that an arm has in common with its held."""
        if arm in self._steady:
            return lambda start, end: 1.0
        return lambda start, end: compute_share(observable, start, end)

    def find_first_day(self, observable: str, arm: str, level: float, when: When) -> float:
        """Return the first day (d) on which a running mean is beyond `level`; NaN if never.

        Days count from day 0 on, or from the day from which a change is counted.
        """
        runs = self._runs[arm][: self.size]
        width = WINDOW if when.width is None else when.width
        time = runs[0].time
        key = "bv_tv" if observable == "bvtv_pct" else SERIES[observable]
        means = _sum_courses(runs, key, width)
        base: Any
        held = self._get_held(observable, arm, when)
        first = 0.0 if when.since is None else when.since
        if key == "bv_tv" and when.reference is None:
            base = float(np.sum([_read_at(run, key, first) for run in runs]))
        elif held:
            base = self.follow_base(arm, observable, width) * len(runs)
        else:
            base = _sum_windows(runs, key, *_find_base(when))
        base = np.broadcast_to(np.asarray(base, float), means.shape)
        values = np.divide(means, base, out=np.full(means.shape, np.nan), where=base > 0)
        values = 100.0 * (values - 1.0) if observable.endswith("_pct") else values
        rises = level >= (0.0 if observable.endswith("_pct") else 1.0)
        is_beyond = values > level if rises else values < level
        days = time[is_beyond & (time > first) & (time <= when.day)]
        return float(days[0]) if days.size else float("nan")


def find_width(when: When, usual: float) -> float:
    """Return the width of a window (d): as asked, or the `usual` one (d), kept after day 0."""
    if when.width is not None:
        return float(when.width)
    return min(usual, 2.0 * when.day) if when.day > 0.0 else usual


def _find_window(runs: Sequence[Results], when: When, width: float) -> tuple[float, float]:
    """Return first and last day of a window; it is moved back if the run ends within it.

    A width that nobody asked for does not reach from after day 0 to before it.
    """
    wide = find_width(when, width)
    end = min(when.day + wide / 2.0, float(runs[0].time[-1]))
    start = end - wide
    return (max(start, 0.0) if when.width is None and when.day > 0.0 else start), end


def _find_base(when: When) -> tuple[float, float]:
    """Return first and last day of a baseline: as given, or the 90 d before day 0 or a later `since`."""
    if when.reference is not None:
        return when.reference
    if when.since is None or when.since <= 0.0:
        return BASELINE
    return max(0.0, when.since - LEAD), when.since


def _sum_courses(runs: Sequence[Results], key: str, width: float, most: int | None = None) -> Array:
    """Return the running mean of a series over a window (d), summed over the runs.

    With `most` only so many samples are looked at: a window at their end is as short as that of a run
    which ends there.
    """
    courses = [
        compute_running_mean(run.time[:most], read_daily(run, key)[:most], width) for run in runs
    ]
    total: Array = np.sum(courses, axis=0)
    return total


def _sum_windows(runs: Sequence[Results], key: str, start: float, end: float) -> float:
    means = [compute_window_mean(run.time, read_daily(run, key), start, end) for run in runs]
    return float(np.sum(means))


def _compare(
    measure: Callable[[Sequence[Results], float, float], float],
    runs: Sequence[Results], held: Sequence[Results], share: Callable[[float, float], float],
    when: When, width: float,
) -> float:  # fmt: skip
    """Return what is measured in a window over the baseline, 1 if nothing changed.

    With held runs the baseline is their whole course, moved by what chance did to them in the window
    as far as that is shared. A drug that takes resorption away takes what chance did with it, which is
    why it is a ratio and no difference.

    Parameters
    ----------
    measure
        Mean of a series, or a rate, over the runs between two days, in any unit.
    share
        Share of chance in a window that is shared with the held runs.
    """
    start, end = _find_window(runs, when, width)
    now = measure(runs, start, end)
    if when.is_raw:
        return now
    if held:
        last = min(float(run.time[-1]) for run in held)
        base = measure(held, -np.inf, np.inf)
        common = share(start, end) if end <= last else 0.0
        if common > 0.0:
            base += common * (measure(held, start, end) - base)
    else:
        base = measure(runs, *_find_base(when))
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


def _measure_activation(runs: Sequence[Results], start: float, end: float) -> float:
    """Return the matrix formed per day and surface in a window (um/d): BFR/BS.

    Activation frequency is no count: it is BFR/BS over wall thickness (Dempster et al. 2013,
    doi:10.1002/jbmr.1805), and the walls of a biopsy are years old, so that their thickness does not
    change within a trial.
    """
    return _sum_windows(runs, "matrix_formed", start, end) / _sum_windows(runs, "bs_tv", start, end)


def _compute_level(runs: Sequence[Results], name: str, when: When, is_ratio: bool) -> float:
    """Return a level in a window, as it is or over that of the baseline: a mean over the runs."""

    def measure(start: float, end: float) -> float:
        return float(np.mean([
            compute_window_mean(run.time, run.hormones[name].values, start, end) for run in runs
        ]))  # fmt: skip

    if any(name not in run.hormones for run in runs):
        return float("nan")
    now = measure(*_find_window(runs, when, WINDOW))
    base = measure(*_find_base(when)) if is_ratio and not when.is_raw else 1.0
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


def _leave_out(term: Term, pools: Sequence[Pool]) -> float:
    """Return the jackknife's standard error from pools that lack one part each (unit of the term)."""
    parts = np.array([term.compute(pool) for pool in pools])
    spread = float(((parts - parts.mean()) ** 2).sum())
    return float(np.sqrt((len(parts) - 1) / len(parts) * spread))


def estimate(term: Term, pool: Pool) -> Estimate:
    """Compute a term over all bones, and its standard error over bones.

    The jackknife leaves each bone out of every arm in turn, so that what arms share cancels (Efron
    1982, doi:10.1137/1.9781611970319). With several days 0 of a bone it also leaves out one of these at
    a time, and the larger error counts: that of few bones may be small by luck. A rank or a first day
    does not move when one bone goes; its error is that of bootstrap resamples of bones, widened for
    their number.
    """
    count = pool.count
    value = term.compute(pool) if count else float("nan")
    if count < 2:
        return Estimate(value, float("nan"), count)
    if term.is_smooth:
        error = _leave_out(term, [pool.leave_out(index) for index in range(count)])
        if pool.size > count:
            error = max(error, _leave_out(term, [pool.drop(run) for run in range(pool.size)]))
        return Estimate(value, error, count)
    draws = np.random.default_rng(count).integers(count, size=(DRAWS, count))
    found = np.array([term.compute(pool.draw(draw)) for draw in draws])
    known = found[np.isfinite(found)]
    if known.size < DRAWS / 2:  # mostly never: the day is not known
        return Estimate(value, float("nan"), count)
    return Estimate(value, float(known.std() * np.sqrt(count / (count - 1))), count)
