"""One distribution as numbers: which value has which share of the population below it."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

from trabecula.config.populationschema import Distribution
from trabecula.config.support import Support

LEAST_KEPT = 0.01
"""Share of a distribution that its limits must leave."""

DIGITS = 9
"""Significant digits of a drawn number."""


@dataclass(frozen=True)
class Marginal:
    """A distribution within its limits.

    Parameters
    ----------
    frozen
        The distribution of scipy; None for a choice.
    low, high
        Limits, in the unit of the key.
    is_log
        Whether `frozen` is of the logarithm.
    values
        What a choice is among, in order.
    shares
        Cumulative shares (0..1) of `values`.
    """

    frozen: Any
    low: float = -math.inf
    high: float = math.inf
    is_log: bool = False
    values: tuple[Any, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def kept(self) -> float:
        """Share (0..1) of the unlimited distribution that lies within the limits."""
        below, above = self._ends
        return above - below

    def get_value(self, share: float) -> Any:
        """Return the value below which `share` (0..1) of the population lies."""
        if self.frozen is None:
            return self.values[min(bisect_right(self.shares, share), len(self.values) - 1)]
        below, above = self._ends
        value = float(self.frozen.ppf(below + share * (above - below)))
        value = math.exp(value) if self.is_log else value
        # the last digits are those of a library, and would make other runs of them elsewhere
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    @cached_property
    def _ends(self) -> tuple[float, float]:
        """Return the shares below both limits."""
        if self.frozen is None:
            return 0.0, 1.0
        low, high = self.low, self.high
        if self.is_log:
            low, high = (math.log(end) if end > 0 else -math.inf for end in (low, high))
        return float(self.frozen.cdf(low)), float(self.frozen.cdf(high))


def make_marginal(asked: Distribution, support: Support) -> Marginal:
    """Return the distribution that was asked for; limits that are not given are those of the key.

    Its numbers must have been checked.
    """
    if asked.distribution == "choice":
        return _make_choice(asked)
    low = support.low if asked.low is None else asked.low
    high = support.high if asked.high is None else asked.high
    frozen, is_log = _freeze(asked, low, high)
    return Marginal(frozen, low, high, is_log)


def _make_choice(asked: Distribution) -> Marginal:
    values = asked.values or ()
    weights = [float(weight) for weight in asked.weights or (1.0,) * len(values)]
    total = sum(weights)
    shares = tuple(part / total for part in accumulate(weights))
    return Marginal(None, values=values, shares=shares)


def _freeze(asked: Distribution, low: float, high: float) -> tuple[Any, bool]:
    """Return the distribution of scipy, and whether it is of the logarithm."""
    from scipy import stats

    kind = asked.distribution
    if kind == "normal":
        middle = asked.mean if asked.median is None else asked.median
        assert middle is not None
        assert asked.sd is not None
        return stats.norm(middle, asked.sd), False
    if kind == "lognormal":
        return stats.norm(*_to_logarithms(asked)), True
    if kind == "triangular":
        assert asked.mode is not None
        return stats.triang((asked.mode - low) / (high - low), low, high - low), False
    if kind == "log_range":
        return stats.uniform(math.log(low), math.log(high / low)), True
    return stats.uniform(low, high - low), False


def _to_logarithms(asked: Distribution) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm of a lognormal distribution."""
    middle = asked.median if asked.median is not None else asked.mean
    assert middle is not None
    if asked.gsd is not None:
        width = math.log(asked.gsd)
    else:
        assert asked.sd is not None
        ratio = (asked.sd / middle) ** 2
        if asked.median is None:
            width = math.sqrt(math.log1p(ratio))
        else:  # variance = median^2 w (w - 1), w = exp(width^2)
            width = math.sqrt(math.log((1.0 + math.sqrt(1.0 + 4.0 * ratio)) / 2.0))
    centre = math.log(middle)
    return (centre if asked.median is not None else centre - width**2 / 2.0), width


def describe_distribution(asked: Distribution) -> str:
    """Return a distribution in words: ``normal, mean 0.18, sd 0.04``."""
    given = asked.model_dump(exclude_none=True, exclude={"distribution", "source", "grade"})
    words = [f"{name} {_say(value)}" for name, value in given.items()]
    return ", ".join([asked.distribution.replace("_", " "), *words])


def _say(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
