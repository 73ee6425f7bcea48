"""What a calibration makes small: how far everything that was measured lies from the middle of its band.

With d the distance from the middle of the band in half-widths, one target costs sqrt(1 + d^2) - 1: a
parabola near the middle, a straight line far out, so that one hopeless target does not decide. At the
edge of its band it costs 0.41. A standard error widens the half-width, so that what is not known does
not steer; it is the error that the first evaluation of a stage had, the same for all, so that none wins
by being noisy. Targets are averaged within their trial, trials among each other; the anchors together
count as one trial. Drift of an untouched bone is added, x^4 / (1 + x^2) with x in limits: nothing
within them, a parabola beyond, which no gain elsewhere outruns.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

UNKNOWN = 3.0
"""Half-widths from the middle at which a target counts that has no value."""

DRIFT = "drift"
"""Group of the drift of bone volume."""


@dataclass(frozen=True)
class Target:
    """What was measured of one thing that has a band.

    Parameters
    ----------
    name
        What it is, unique within an evaluation.
    group
        Its trial; ``anchors``; ``drift``.
    value, error
        In the unit of the observable; NaN where it is not known.
    low, high
        Its band, in the same unit.
    counts
        Whether it is part of the loss, or only reported.
    required
        Whether it counts in the score of its trial.
    """

    name: str
    group: str
    value: float
    error: float
    low: float
    high: float
    counts: bool = True
    required: bool = True

    @property
    def half(self) -> float:
        """Half the width of the band (unit of the observable)."""
        return (self.high - self.low) / 2.0

    @property
    def middle(self) -> float:
        """Middle of the band (unit of the observable)."""
        return (self.high + self.low) / 2.0

    @property
    def distance(self) -> float:
        """Distance from the middle in half-widths (1), signed; beyond 1 it is outside."""
        return (self.value - self.middle) / self.half

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values; None for what is not known."""
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(self).items()
        }


def read_target(given: Mapping[str, Any]) -> Target:
    """Return the target that :meth:`Target.to_mapping` told of."""
    plain: dict[str, Any] = {
        key: math.nan if value is None else value for key, value in given.items()
    }
    return Target(**plain)


@dataclass(frozen=True)
class Loss:
    """A loss and what it is made of.

    Parameters
    ----------
    value
        The loss (1).
    error
        How far the standard errors of its targets move it, taken as independent (1); of second order,
        so that it is not nothing where every target is in the middle of its band.
    parts
        What each target adds (1), by name.
    """

    value: float
    error: float
    parts: Mapping[str, float]


def compute_loss(
    targets: Sequence[Target], errors: Mapping[str, float], drift_weight: float = 1.0
) -> Loss:
    """Compute the loss of one evaluation.

    Parameters
    ----------
    errors
        Standard errors that widen the bands, by name, in each target's unit; a target's own where
        there is none, half its band where that is not known either (one bone).
    drift_weight
        Factor on the penalty of drift (1).
    """
    groups: dict[str, list[Target]] = {}
    for target in targets:
        if target.counts:
            groups.setdefault(target.group, []).append(target)
    count = len([name for name in groups if name != DRIFT])
    parts, variance = {}, 0.0
    for name, members in groups.items():
        weight = drift_weight if name == DRIFT else 1.0 / (count * len(members))
        for target in members:
            scale = math.hypot(target.half, choose_error(target, errors))
            cost, slope, bend = (_cost_drift if name == DRIFT else _cost)(target, scale)
            parts[target.name] = weight * cost
            error = choose_error(target, {})
            variance += weight**2 * ((slope * error) ** 2 + 0.5 * (bend * error**2) ** 2)
    return Loss(math.fsum(parts.values()), math.sqrt(variance), parts)


def choose_error(target: Target, errors: Mapping[str, float]) -> float:
    """Return the standard error of a target (its unit): of `errors`, its own, or half its band."""
    for error in (errors.get(target.name, math.nan), target.error):
        if math.isfinite(error):
            return error
    return target.half


def _cost(target: Target, scale: float) -> tuple[float, float, float]:
    """Return what a target costs (1), and its first and second derivative (per unit, and squared)."""
    if not math.isfinite(target.value):
        return math.hypot(1.0, UNKNOWN) - 1.0, 0.0, 0.0
    x = (target.value - target.middle) / scale
    root = math.hypot(1.0, x)
    return root - 1.0, x / root / scale, 1.0 / root**3 / scale**2


def _cost_drift(target: Target, scale: float) -> tuple[float, float, float]:
    """Return what drift costs (1), and its first and second derivative (per unit, and squared)."""
    if not math.isfinite(target.value):
        return UNKNOWN**2, 0.0, 0.0
    x = target.value / scale
    over = 1.0 + x * x
    bend = 2.0 - 2.0 / over**2 + 8.0 * x * x / over**3
    return x**4 / over, (2.0 * x - 2.0 * x / over**2) / scale, bend / scale**2
