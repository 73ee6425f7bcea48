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
    edges: Array,
    doses: Sequence[tuple[float, float]],
    rates: Sequence[float],
    wear: float = 0.0,
    tail: float = 20.0,
) -> Array:
    """Return the mean course of `doses` in every bin between `edges`: exact, whatever the bins.

    Parameters
    ----------
    edges
        Shape (bins + 1,), d, ascending.
    doses
        Days (d) and amounts, in any unit.
    rates, wear
        The chain (1/d) and the time over which a dose is let go (d).
    tail
        A dose counts as passed after this many of the slowest step's mean times.

    Returns
    -------
    array
        Shape (bins,), amount per day.
    """
    area = np.zeros(len(edges))
    passed = np.zeros(len(edges))
    reach = wear + tail / min(rates)
    for day, amount in doses:
        first, last = np.searchsorted(edges, [day, day + reach])
        area[first:last] += amount * compute_cumulative(edges[first:last] - day, rates, wear)
        passed[last:] += amount
    return np.diff(area + passed) / np.diff(edges)
