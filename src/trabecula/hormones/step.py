"""One step of the hormones: levels -> lagged arms -> multipliers, blockades and binders."""

import math
from collections.abc import Sequence

from trabecula.base.codes import Population, Species, Target
from trabecula.config.names import BLOCKADES, DRUGS, LEVELS
from trabecula.config.schema import Config
from trabecula.hormones.arms import apply_arms, compute_factor, make_arms, make_reference
from trabecula.hormones.course import Course, has_course
from trabecula.hormones.exposure import Exposure
from trabecula.hormones.kinetics import (
    COMPARTMENTS,
    compute_marrow_concentration,
    retain_in_marrow,
    step_drug,
)
from trabecula.hormones.levels import (
    compute_derived_levels,
    compute_series,
    compute_serum_levels,
    get_replete_levels,
)
from trabecula.hormones.local import compute_effective_estradiol, infer_inhibition, update_yield
from trabecula.state.signals import BINDERS, Signals

MONTH = 28.0
"""Days before the first dose or day 0 over which levels are averaged for the settling (d)."""

CARRIED = (*LEVELS, "pth_pulsed")
"""Levels of a course that rules read."""


def make_signals(config: Config) -> Signals:
    """Build the signals of a replete young adult of the patient's sex, all multipliers 1."""
    parameters = config.parameters
    signals = Signals()
    signals.levels.update(make_reference(parameters, config.patient.sex))
    for arm in make_arms(parameters, config.patient.sex):
        signals.lagged[arm.name] = arm.at_rest
    for drug in DRUGS:
        signals.doses[drug] = [0.0] * COMPARTMENTS[drug]
    return signals


def is_replete(config: Config) -> bool:
    """Whether the levels of day 0 are those of the replete young adult, so that settling is idle."""
    parameters, sex = config.parameters, config.patient.sex
    if has_course(config) or has_past(config):
        return False
    levels = compute_serum_levels(config.hormones, parameters, 0.0, sex)
    is_young = config.patient.age <= parameters["hormones.reference.age"]
    return is_young and levels == get_replete_levels(parameters, sex)


def has_past(config: Config) -> bool:
    """Whether a drug is given before day 0."""
    return any(day < 0.0 for _, points in config.hormones.doses for day, _ in points or ())


def step_signals(signals: Signals, exposure: Exposure, time: float, step: float) -> None:
    """Renew `signals` for the step that begins at `time`.

    Parameters
    ----------
    time
        Beginning of the step (d); before day 0 the levels of day 0 hold, or from the first dose that a
        protocol dates before it those of their day; no `blockade` of a series does.
    step
        Length of the step (d).
    """
    parameters, sex = exposure.parameters, exposure.sex
    reference = make_reference(parameters, sex)
    share = update_yield(signals, parameters)
    levels = dict(reference)
    if not exposure.replete:
        levels |= compute_present_levels(exposure, time, step)
        levels["age"] = compute_age(exposure, time)
    still = infer_inhibition(levels, reference, sex, parameters)
    if exposure.course is not None and not exposure.replete:
        known = exposure.course.inhibition
        still = max(still, exposure.course.average(known, *find_span(exposure.course, time, step)))
    estradiol = compute_effective_estradiol(levels, reference, share, still, parameters)
    levels |= compute_derived_levels(levels, reference, estradiol, parameters)
    _give_drugs(signals, exposure, time, step)
    levels["bisphosphonate"] = signals.doses["bisphosphonate"][1]
    _set_blockade(signals, exposure, time, step)
    signals.blockade[str(Species.ESTRADIOL)] = still
    levels["sclerostin_blockade"] = signals.blockade[str(Species.SCLEROSTIN)]
    arms = make_arms(parameters, sex)
    # What marrow makes of TNF follows its own arms, as they stood before this step.
    made = compute_factor(signals, arms, Target.TNF_PRODUCTION, Population.MARROW)
    levels["tnf_excess"] = max(0.0, made * (1.0 - signals.blockade[str(Species.TNF)]) - 1.0)
    signals.levels.clear()
    signals.levels.update(levels)
    # Younger adults count as the reference: growth is not what the rules of age describe.
    oldness = max(levels["age"], reference["age"])
    seen = {**levels, "estradiol": estradiol, "age": oldness}
    apply_arms(signals, arms, seen, step)


def compute_age(exposure: Exposure, time: float) -> float:
    """Return the age (y) at `time` (d); before day 0 that of day 0."""
    return exposure.age + max(time, 0.0) / 365.25


def compute_present_levels(exposure: Exposure, time: float, step: float) -> dict[str, float]:
    """Return the serum levels over a step: given series first, then the course, then the replete.

    Parameters
    ----------
    time, step
        Beginning and length of the step (d).

    Returns
    -------
    dict
        Levels by name, in their assays' units.
    """
    settings, course = exposure.settings, exposure.course
    levels = compute_serum_levels(settings, exposure.parameters, time, exposure.sex)
    if course is None:
        return levels
    made = course.read(*find_span(course, time, step))
    given = {name for name in LEVELS if getattr(settings.levels, name) is not None}
    return levels | {name: made[name] for name in CARRIED if name in made and name not in given}


def find_span(course: Course, time: float, step: float) -> tuple[float, float]:
    """Return the days (d) whose mean levels the step at `time` lives under.

    Its own; before the first dose that moves a level, or else before day 0, the month that ends there:
    a bone settles under steady levels, and what was given earlier acts when it was given.

    Parameters
    ----------
    time, step
        Beginning and length of the step (d).
    """
    first = min(course.begun, 0.0)
    return (first - MONTH, first) if time < first else (time, time + step)


def _give_drugs(signals: Signals, exposure: Exposure, time: float, step: float) -> None:
    parameters, replete = exposure.parameters, exposure.replete
    for drug in DRUGS:
        points = hold_in(list_doses(exposure, drug), exposure.settle, step)
        due = [] if replete or not points else find_due_doses(sorted(points), time, step)
        amounts = signals.doses.get(drug, [])
        signals.doses[drug] = step_drug(drug, amounts, due, parameters, step)
    for drug in BINDERS:
        arriving = compute_marrow_concentration(drug, signals.doses[drug], parameters)
        before = signals.binders[drug]
        signals.binders[drug] = retain_in_marrow(drug, before, arriving, step, parameters)


def list_doses(exposure: Exposure, drug: str) -> list[tuple[float, float]]:
    """Return days (d) and doses (in its unit) of a drug that is stepped, given and prescribed."""
    given = getattr(exposure.settings.doses, drug) or ()
    return [*given, *([] if exposure.course is None else exposure.course.doses.get(drug, []))]


def hold_in(
    points: Sequence[tuple[float, float]], settle: float, step: float
) -> list[tuple[float, float]]:
    """Return doses with those of the part of a step before the first whole one given at its beginning.

    A year of settling is 365 whole days: what is dated a year before day 0 is not lost by that.

    Parameters
    ----------
    points
        Days (d) and doses, in the drug's unit.
    settle, step
        Days that are lived under the patient's levels before day 0, and length of a step (d).
    """
    first = -round(settle / step) * step
    return [(first if -settle <= day < first else day, dose) for day, dose in points]


def find_due_doses(
    points: Sequence[tuple[float, float]], time: float, step: float
) -> list[tuple[float, float]]:
    """Return the doses of the step that begins at `time` (d), their days counted from there.

    Whole steps decide, so that rounding of times neither skips a dose nor gives it twice.

    Parameters
    ----------
    points
        Days (d) and doses, in the drug's unit.
    """
    index = round(time / step)
    due = [(day, dose) for day, dose in points if math.floor(day / step + 1e-9) == index]
    return [(min(max(day - index * step, 0.0), step), dose) for day, dose in due]


def _set_blockade(signals: Signals, exposure: Exposure, time: float, step: float) -> None:
    for name, species in BLOCKADES.items():
        value = compute_present_blockade(exposure, name, time, step)
        for one in species:
            signals.blockade[str(one)] = value


def compute_present_blockade(exposure: Exposure, name: str, time: float, step: float) -> float:
    """Return the share (0..1) of a signal that the series and the drugs of a protocol neutralise.

    Parameters
    ----------
    time, step
        Beginning and length of the step (d).
    """
    course, replete = exposure.course, exposure.replete
    points = getattr(exposure.settings.blockade, name)
    is_off = replete or time < 0.0 or points is None
    value = 0.0 if is_off else compute_series(points, time)
    if not replete and course is not None and name in course.blockade:
        share = course.average(course.blockade[name], time, time + step)
        value = 1.0 - (1.0 - value) * (1.0 - share)
    return value
