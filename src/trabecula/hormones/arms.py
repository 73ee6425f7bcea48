"""The rule table with its numbers in force: one arm per rule, ready to be stepped."""

import math
from dataclasses import dataclass
from functools import lru_cache

from trabecula.base.codes import Population, Target
from trabecula.base.columns import Array
from trabecula.config.parameters import Parameters
from trabecula.config.rules import load_rules
from trabecula.hormones.levels import get_replete_levels
from trabecula.hormones.response import compute_hill, compute_multiplier
from trabecula.state.signals import TARGETS, Signals

DERIVED_REFERENCE = {
    "sex_steroid_loss": 0.0,
    "oxidative_stress": 0.0,
    "bisphosphonate": 0.0,
    "pth_pulsed": 0.0,
    "sclerostin_blockade": 0.0,
    "tnf_excess": 0.0,
}
"""Derived levels of the replete young adult."""


@dataclass(frozen=True)
class Arm:
    """One rule with its numbers.

    Parameters
    ----------
    name, level
        Names of the rule and of the level that it reads.
    target
        Row of its target among the multipliers.
    cells
        Columns of its populations among the multipliers.
    direction
        +1 raises, -1 lowers.
    half
        Level of half effect, in the level's unit.
    power
        Hill coefficient.
    maximum
        Full effect.
    lag
        Time constant of the answer (d).
    at_rest
        Saturation in the replete young adult, 0..1.
    """

    name: str
    level: str
    target: int
    cells: list[int]
    direction: int
    half: float
    power: float
    maximum: float
    lag: float
    at_rest: float

    def step(self, before: float, level: float, step: float) -> float:
        """Return the lagged saturation (0..1) after `step` (d) at a constant `level`: exact.

        Parameters
        ----------
        before
            Lagged saturation at the beginning (0..1).
        level
            The level, in its own unit.
        """
        response = compute_hill(level, self.half, self.power)
        if self.lag <= 0.0:
            return response
        return response + (before - response) * math.exp(-step / self.lag)

    def compute_factor(self, response: float) -> float:
        """Return the multiplier at a lagged saturation `response`."""
        return compute_multiplier(self.direction, self.maximum, response, self.at_rest)


def make_reference(parameters: Parameters, sex: str) -> dict[str, float]:
    """Return every level of the replete young adult of `sex` in its unit, derived ones included."""
    derived = DERIVED_REFERENCE | {"age": parameters["hormones.reference.age"]}
    return get_replete_levels(parameters, sex) | derived


@lru_cache(maxsize=16)
def make_arms(parameters: Parameters, sex: str) -> tuple[Arm, ...]:
    """Return the arms of all rules, in the order of the table."""
    reference = make_reference(parameters, sex)
    arms = []
    for rule in load_rules():
        half, power, maximum, lag = (
            parameters[f"hormones.{rule.name}.{number}"]
            for number in ("ec50", "hill", "maximum", "lag")
        )
        at_rest = compute_hill(reference[rule.level], half, power)
        target, cells = TARGETS.index(rule.target), [int(cell) for cell in rule.cells]
        arms.append(
            Arm(
                rule.name, rule.level, target, cells, rule.direction,
                half, power, maximum, lag, at_rest,
            )
        )  # fmt: skip
    return tuple(arms)


def compute_factor(
    signals: Signals, arms: tuple[Arm, ...], target: Target, cell: Population
) -> float:
    """Return what all arms together do to `target` in `cell` as they stand; exactly 1 in the replete."""
    row, factor = TARGETS.index(target), 1.0
    for arm in arms:
        if arm.target == row and int(cell) in arm.cells:
            factor *= arm.compute_factor(signals.lagged.get(arm.name, arm.at_rest))
    return factor


def apply_arms(
    signals: Signals, arms: tuple[Arm, ...], levels: dict[str, float], step: float
) -> None:
    """Step every arm by `step` (d) and renew the multipliers, shape (target, population).

    Parameters
    ----------
    levels
        Every level by name, in the unit of its rules.
    """
    multiplier: Array = signals.multiplier
    multiplier.fill(1.0)
    for arm in arms:
        before = signals.lagged.get(arm.name, arm.at_rest)
        lagged = arm.step(before, levels[arm.level], step)
        signals.lagged[arm.name] = lagged
        factor = arm.compute_factor(lagged)
        for cell in arm.cells:
            multiplier[arm.target, cell] *= factor
