"""How well each row is determined: between what values the loss cannot be told from its least.

A surrogate goes through the evaluations of one round. For each row its profile is the least that
the surrogate has at a value of the row, all others free. Values whose profile is above the least by
no more than the noise are as good: the interval. The noise is what standard errors do to the loss, or
what the rows leave unexplained, whichever is more; where the surrogate itself is not sure, its own
standard deviation counts in favour of the value.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from trabecula.base.columns import Array
from trabecula.config.calibrations import FitRow
from trabecula.study.calibrating import Evaluated, Fitted
from trabecula.study.fitting import Dimension
from trabecula.study.surrogate import Surrogate

SHARES = np.linspace(0.0, 1.0, 33)
"""Where along a row's range its profile is taken, 0..1."""

NEAR = np.array([0.0025, 0.005, 0.01, 0.02])
"""And how far to both sides of the chosen value, where a valley may be narrow."""

EDGE = 0.02
"""Share of the range within which a value is at its limit."""

NARROW = 0.5
"""Share of the range below which an interval says something."""

STARTS = 6
"""Evaluations from which the others are freed."""


@dataclass(frozen=True)
class Determined:
    """What is known of one row.

    Parameters
    ----------
    row
        The row.
    best
        Its chosen value (its unit).
    low, high
        Interval of values that are as good (its unit); NaN if that is not known.
    width
        Of the interval, as a share of the range (0..1); NaN if not known.
    verdict
        ``determined``, ``bounded below``, ``bounded above``, ``not determined``,
        ``too few evaluations``.
    at_limit
        ``lower`` or ``upper`` if the chosen value is at a limit; empty if at none.
    values, profile, spread
        Shape (point,): values (row's unit), least loss there (1), deviation of the surrogate (1).
    """

    row: FitRow
    best: float
    low: float
    high: float
    width: float
    verdict: str
    at_limit: str
    values: tuple[float, ...] = ()
    profile: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values, without the curves; None for what is not known."""
        plain = {"best": self.best, "low": self.low, "high": self.high, "width": self.width}
        found = {key: value if math.isfinite(value) else None for key, value in plain.items()}
        return {"key": self.row.key, **found, "verdict": self.verdict, "at_limit": self.at_limit}


@dataclass(frozen=True)
class Determination:
    """What is known of all rows.

    Parameters
    ----------
    rows
        In the order of the calibration.
    stage
        The round whose evaluations tell it.
    count
        How many they are.
    noise
        Rise of the loss that means nothing (1); NaN if not known.
    """

    rows: tuple[Determined, ...]
    stage: str
    count: int
    noise: float


def determine(rows: Sequence[FitRow], fitted: Fitted) -> Determination:
    """Measure how well each row is determined, from the last round with evaluations enough.

    The round that decided is preferred; if it has too few, the earlier one with most.
    """
    needed = count_needed(len(rows))
    stage = _choose_stage(fitted, needed)
    done = [one for one in fitted.stages[stage] if one.is_done]
    if len(done) < needed:
        few = tuple(_give_up(row, fitted.best.values[row.key]) for row in rows)
        return Determination(few, stage, len(done), math.nan)
    space = [Dimension(row.low, row.high, row.is_log) for row in rows]
    places = np.array([
        [side.to_share(one.values[row.key]) for row, side in zip(rows, space, strict=True)]
        for one in done
    ])  # fmt: skip
    surrogate = Surrogate(places, np.array([one.loss for one in done]))
    best = min(done, key=lambda one: (one.loss, one.number))
    noise = max(best.loss_error, surrogate.noise)
    starts = places[np.argsort([one.loss for one in done], kind="stable")[:STARTS]]
    curves = []
    for index, (row, side) in enumerate(zip(rows, space, strict=True)):
        least_at = side.to_share(best.values[row.key])
        curves.append(_profile(surrogate, starts, index, _choose_shares(least_at)))
    least = min(float(curve.losses.min()) for curve in curves)
    found = tuple(
        _judge(row, side, fitted.best.values[row.key], curve, least + noise)
        for row, side, curve in zip(rows, space, curves, strict=True)
    )
    return Determination(found, stage, len(done), noise)


def count_needed(rows: int) -> int:
    """Return the evaluations below which nothing is said: a parabola in each row, and as many again."""
    return 4 * rows + 4


def _choose_stage(fitted: Fitted, needed: int) -> str:
    def count(name: str) -> int:
        return sum(one.is_done for one in fitted.stages[name])

    if count(fitted.judged_in) >= needed:
        return fitted.judged_in
    return max((name for name in fitted.stages if name != "final"), key=count)


class _Curve(NamedTuple):
    """A profile: shares of the range, least losses, deviations of the surrogate, each (point,), 1."""

    shares: Array
    losses: Array
    spread: Array


def _choose_shares(best: float) -> Array:
    """Return where a profile is taken (0..1): everywhere, and more closely around the best."""
    around = np.concatenate([[best], best - NEAR, best + NEAR])
    return np.unique(np.clip(np.concatenate([SHARES, around]), 0.0, 1.0))


def _profile(surrogate: Surrogate, starts: Array, index: int, shares: Array) -> _Curve:
    """Return the least of the surrogate at each share of one row's range, all other rows free."""
    from scipy.optimize import minimize

    others = [other for other in range(starts.shape[1]) if other != index]
    limits = [(0.0, 1.0)] * len(others)
    reached = np.empty((len(shares), starts.shape[1]))
    for point, share in enumerate(shares):
        places = starts.copy()
        places[:, index] = share
        losses, _ = surrogate.predict(places)
        place = places[int(np.argmin(losses))].copy()

        def compute(free: Array, place: Array = place) -> tuple[float, Array]:
            place[others] = free
            loss, slope = surrogate.compute_slope(place)
            return loss, slope[others]

        if others:
            start = place[others].copy()
            found = minimize(compute, start, jac=True, method="L-BFGS-B", bounds=limits)
            place[others] = found.x
        reached[point] = place
    return _Curve(shares, *surrogate.predict(reached))


def _judge(row: FitRow, side: Dimension, best: float, curve: _Curve, bar: float) -> Determined:
    """Return the interval below `bar` (loss, 1), and what it says."""
    above = curve.losses - curve.spread - bar
    good = curve.shares[above <= 0.0]
    at = side.to_share(best)
    first, last = min([at, *good.tolist()]), max([at, *good.tolist()])
    is_low, is_high = first > 0.0, last < 1.0
    first, last = _extend(curve.shares, above, first, -1), _extend(curve.shares, above, last, 1)
    width = last - first
    if not is_low and not is_high:
        verdict = "not determined"
    elif is_low and is_high:
        verdict = "determined" if width <= NARROW else "not determined"
    else:
        verdict = "bounded below" if is_low else "bounded above"
    return Determined(
        row, best, side.from_share(first), side.from_share(last), width, verdict,
        find_limit(row, best), tuple(side.from_share(float(share)) for share in curve.shares),
        tuple(curve.losses.tolist()), tuple(curve.spread.tolist()),
    )  # fmt: skip


def _extend(shares: Array, above: Array, end: float, step: int) -> float:
    """Return where a curve comes through zero beyond the last good share (0..1), on a straight line."""
    at = int(np.argmin(np.abs(shares - end)))
    if not 0 <= at + step < len(shares) or above[at] > 0.0 or above[at + step] <= 0.0:
        return end
    part = above[at] / (above[at] - above[at + step])
    return float(shares[at] + part * (shares[at + step] - shares[at]))


def find_limit(row: FitRow, value: float) -> str:
    """Return which limit a value (the row's unit) is at: ``lower``, ``upper`` or none."""
    share = Dimension(row.low, row.high, row.is_log).to_share(value)
    return "lower" if share <= EDGE else "upper" if share >= 1.0 - EDGE else ""


def _give_up(row: FitRow, best: float) -> Determined:
    few = "too few evaluations"
    return Determined(row, best, math.nan, math.nan, math.nan, few, find_limit(row, best))


def list_findings(
    determination: Determination, before: Evaluated, after: Evaluated, failed: Sequence[Evaluated]
) -> list[str]:
    """Return what to know beside the values: rows at limits, rows that nothing holds, what resisted."""
    found = []
    for one in determination.rows:
        if one.at_limit:
            bound = one.row.low if one.at_limit == "lower" else one.row.high
            found.append(
                f"{one.row.key} is at its {one.at_limit} limit, {bound:g} {one.row.row.unit}: the "
                "endpoints want more than that, or another row is wrong"
            )
        if one.verdict == "not determined":
            found.append(
                f"{one.row.key} is not determined by these endpoints: {one.width:.0%} of its range is "
                "as good"
            )
    found += _list_resisting(before, after)
    reasons = Counter(one.why for one in failed)
    found += [f"{count} evaluations failed: {why}" for why, count in reasons.items()]
    return found


def _list_resisting(before: Evaluated, after: Evaluated) -> list[str]:
    """Return the targets that are outside their band still."""
    was = {target.name: target for target in before.targets}
    found = []
    for target in sorted(after.targets, key=lambda one: -abs(one.distance) if one.counts else 0.0):
        if not target.counts:
            continue
        if not math.isfinite(target.value):
            found.append(f"{target.name} has no value")
        elif abs(target.distance) > 1.0:
            error = f" ± {target.error:.2g}" if math.isfinite(target.error) else ""
            start = was.get(target.name)
            came = f", from {start.value:.3g}" if start and math.isfinite(start.value) else ""
            found.append(
                f"{target.name} resisted: {target.value:.3g}{error}{came}; band {target.low:g} to "
                f"{target.high:g}"
            )
    return found
