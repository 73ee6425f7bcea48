"""What a calibration will cost: what all evaluations share, and what each of them lives anew."""

import math
from dataclasses import dataclass

from trabecula.analysis.expectation import THROUGHPUT
from trabecula.base.errors import ConfigError, Problem
from trabecula.config.calibrations import Calibration
from trabecula.config.calibrationschema import Fidelity
from trabecula.study.evaluating import Subject, is_shared, make_subject
from trabecula.study.trials import compute_unit_cost, measure_prelude

FINAL = "final"
"""The round in which the chosen set and the start are lived on the whole panel."""

FEWEST = 2
"""Evaluations without which a round says nothing: the start, and one other."""


@dataclass(frozen=True)
class StagePlan:
    """What one round costs.

    Parameters
    ----------
    evaluations
        How many are planned, the start included.
    runs
        Lives of one evaluation.
    once
        Core-hours (h) for the spin-ups that all evaluations share.
    each
        Core-hours (h) of one evaluation.
    """

    name: str
    fidelity: Fidelity
    subject: Subject
    evaluations: int
    runs: int
    once: float
    each: float

    @property
    def core_hours(self) -> float:
        """Core-hours (h) of all of it."""
        return self.once + self.evaluations * self.each

    @property
    def least(self) -> float:
        """Core-hours (h) of the fewest evaluations that say anything."""
        return self.once + FEWEST * self.each


def plan_stages(calibration: Calibration) -> list[StagePlan]:
    """Plan every round.

    Raises
    ------
    ConfigError
        If panel, trials or anchors are wrong, or the budget is not enough for two evaluations a round.
    """
    plans: list[StagePlan] = []
    kept = 0
    for stage in calibration.settings.stages:
        count = stage.evaluations if stage.evaluations is not None else 1 + kept
        plans.append(_plan(calibration, stage.name, stage, max(FEWEST, count)))
        kept = count_kept(stage.keep, plans[-1].evaluations - 1)
    if calibration.settings.final is not None:
        plans.append(_plan(calibration, FINAL, calibration.settings.final, FEWEST))
    least = sum(plan.least for plan in plans)
    if least > calibration.settings.budget:
        allowed = f"{least:.3g} core-hours or more, what two evaluations of every stage take"
        problem = Problem(
            calibration.find("budget"), "budget", f"{calibration.settings.budget:g}", allowed,
            "or smaller bones, fewer bones, a shorter settle",
        )  # fmt: skip
        raise ConfigError([problem])
    return plans


def count_kept(keep: float, done: int) -> int:
    """Return how many sets go on to the next stage beside the start: a share, one at least.

    Parameters
    ----------
    keep
        The share (0..1).
    done
        Sets that were judged, the start not counted.
    """
    return min(done, max(1, math.ceil(keep * done - 1e-9)))


def _plan(calibration: Calibration, name: str, fidelity: Fidelity, count: int) -> StagePlan:
    subject = make_subject(calibration, fidelity, name == FINAL)
    trials = [trial for panel in subject.panels for trial in panel.trials if trial.used_arms]
    spun, settled = measure_prelude(trials, subject.sampling)
    lived = sum(compute_unit_cost(trial, subject.sampling) for trial in trials)
    bones, shared = fidelity.bones, is_shared(calibration)
    once = bones * spun / THROUGHPUT if shared else 0.0
    each = bones * (lived + settled + (0.0 if shared else spun)) / THROUGHPUT
    runs = bones * sum(len(trial.used_arms) for trial in trials)
    return StagePlan(name, fidelity, subject, count, runs, once, each)
