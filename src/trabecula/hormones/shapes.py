"""Courses of a dose in closed form: a chain of first-order steps, fed at once or evenly.

A dose that passes steps of rates r_1 .. r_n leaves the last one with the density of a sum of
exponential waiting times, f(t) = sum_i w_i r_i exp(-r_i t) with w_i = prod_(j != i) r_j / (r_j - r_i).
Its area is 1, so that a dose's area under the curve is dose x F / CL whatever the chain.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from trabecula.base.columns import Array

APART = 1e-3
"""Least relative distance between two rates; nearer ones are moved apart, the sum would cancel."""


def make_weights(rates: Sequence[float]) -> tuple[Array, Array]:
    """Return distinct rates (1/d) of a chain and their weights (1), each of shape (steps,)."""
    return _make_weights(tuple(rates))


@lru_cache(maxsize=256)
def _make_weights(rates: tuple[float, ...]) -> tuple[Array, Array]:
    r = np.sort(np.asarray(rates, dtype=float))
    for i in range(1, len(r)):
        r[i] = max(r[i], r[i - 1] * (1.0 + APART))
    weights = [np.prod([b / (b - a) for j, b in enumerate(r) if j != i]) for i, a in enumerate(r)]
    return r, np.asarray(weights, dtype=float)


def compute_density(time: Array, rates: Sequence[float], wear: float = 0.0) -> Array:
    """Return the course (1/d) of a unit dose at `time` (d, any shape) after it; 0 before.

    Parameters
    ----------
    rates
        Rates of the chain (1/d).
    wear
        Time over which the dose is let go evenly (d); 0 for at once.
    """
    if wear > 0.0:
        fed = compute_cumulative(time, rates) - compute_cumulative(time - wear, rates)
        return np.asarray(fed / wear)
    r, w = make_weights(rates)
    late = np.maximum(time, 0.0)[..., None]
    return np.where(time < 0.0, 0.0, (w * r * np.exp(-r * late)).sum(-1))


def compute_cumulative(time: Array, rates: Sequence[float], wear: float = 0.0) -> Array:
    """Return the area (1) under the course of a unit dose until `time` (d, any shape) after it.

    Parameters
    ----------
    rates
        Rates of the chain (1/d).
    wear
        Time over which the dose is let go evenly (d); 0 for at once.
    """
    if wear > 0.0:
        fed = _integrate_cumulative(time, rates) - _integrate_cumulative(time - wear, rates)
        return np.asarray(fed / wear)
    r, w = make_weights(rates)
    late = np.maximum(time, 0.0)[..., None]
    return np.where(time <= 0.0, 0.0, 1.0 - (w * np.exp(-r * late)).sum(-1))


def _integrate_cumulative(time: Array, rates: Sequence[float]) -> Array:
    """Return the integral (d) of :func:`compute_cumulative` from 0 to `time`."""
    r, w = make_weights(rates)
    late = np.maximum(time, 0.0)
    return np.asarray(late - (w / r * (1.0 - np.exp(-r * late[..., None]))).sum(-1))


def average_course(
    edges: Array, doses: Sequence[tuple[float, float]], rates: Sequence[float], wear: float = 0.0
) -> Array:
    """Return the mean course of `doses` in every bin between `edges`: exact, whatever the bins.

    What comes out in a bin is what was fed in it, less the growth of what the steps still hold. All
    doses are carried from edge to edge together: daily doses cost one walk, not one for each of them.

    Parameters
    ----------
    edges
        Shape (bins + 1,), d, ascending.
    doses
        Days (d) and amounts, in any unit.
    rates, wear
        The chain (1/d) and the time over which a dose is let go (d).

    Returns
    -------
    array
        Shape (bins,), amount per day.
    """
    if not doses:
        return np.zeros(len(edges) - 1)
    r, w = make_weights(rates)
    days, amounts = np.asarray(doses, dtype=float).reshape(-1, 2).T
    if wear > 0.0:
        order = np.argsort(turns := np.concatenate((days, days + wear)), kind="stable")
        turns, change = turns[order], np.concatenate((amounts, -amounts))[order] / wear
        until = np.cumsum(np.cumsum(change[:-1]) * np.diff(turns))
        fed = np.diff(np.interp(edges, turns, np.append(0.0, until)))
        pace, *left = _carry(edges, turns, change, np.append(0.0, r)).T
        held = ((pace - np.asarray(left)).T * (w / r)).sum(-1)
    else:
        bins = np.searchsorted(edges, days)
        fed = np.bincount(bins, amounts, len(edges))[1 : len(edges)]
        held = (w * _carry(edges, days, amounts, r)).sum(-1)
    course = (fed - np.diff(held)) / np.diff(edges)
    return np.asarray(np.maximum(course, 0.0))  # weights of a million cancel to a little below


def _carry(edges: Array, days: Array, amounts: Array, rates: Array) -> Array:
    """Return what is left at every edge of what came until then, each decaying from its own day on."""
    first = np.searchsorted(edges, days)
    seen = first < len(edges)
    first, age = first[seen], edges[first[seen]] - days[seen]
    left = np.zeros((len(edges), len(rates)))
    np.add.at(left, first, amounts[seen, None] * np.exp(-age[:, None] * rates))
    kept = np.exp(-np.diff(edges)[:, None] * rates)
    for k, share in enumerate(kept):
        left[k + 1] += share * left[k]
    return left
