"""Serum levels of a patient over a whole protocol: own glands, drugs, feedback, labs, titration.

Labs until the first dose that moves their level, that day's included, and those drawn when hardly any
of the level is the drugs' doing, scale what the own glands make. What others tell holds for the drugs'
doing alone: their factor has the drugs' share of the level as its exponent, and goes when they go. A
man's estradiol goes with his testosterone, on drugs or off them, where it was not measured then.
Between labs factors are straight on a logarithmic scale, before the first and after the last flat.
Hormones do not depend on the bone, so the course is made before the first step of a life, in bins of
half a day, and a step reads means over its own days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from trabecula.base.columns import Array
from trabecula.config.deeds import find_answers
from trabecula.config.parameters import Parameters
from trabecula.config.regimens import Regimen
from trabecula.config.schema import Config
from trabecula.hormones.axes import (
    OUTPUTS,
    Axis,
    Inputs,
    Numbers,
    find_shares,
    read_numbers,
    step_axes,
)
from trabecula.hormones.binding import compute_free
from trabecula.hormones.effects import (
    collect_doses,
    compute_blockade,
    compute_inhibition,
    compute_inputs,
    compute_levels,
)
from trabecula.hormones.labs import (
    MOSTLY,
    Points,
    Shares,
    compute_cortisol,
    compute_lh,
    compute_shbg,
    find_draw,
    find_misses,
    fit_powers,
    is_met,
    read_labs,
    scale_own,
)
from trabecula.hormones.patient import Own, make_own
from trabecula.hormones.pharmacy import make_kinetics
from trabecula.hormones.visits import Visit, find_visits, titrate

BIN = 0.5
"""Length of a bin (d)."""

LEAD = 90.0
"""Days before day 0, or before the first dose, at which the course begins."""

BACK, LEAST = 28.0, 1e-3
"""Days over which the drugs' share of a level is averaged, and the share from which on there is one."""

FITS = 6
"""Rounds in which the own hormones are scaled to measured labs."""


@dataclass
class Course:
    """Levels in bins.

    Parameters
    ----------
    edges
        Shape (bins + 1,), d.
    levels
        Serum levels by name, each of shape (bins,), in the assay's unit; `lh_drive` is relative to the
        untreated patient, `free_testosterone` in pg/mL, `pth_pulsed` 1 at a daily dose.
    blockade
        Neutralised share of a signal by drugs, by name, shape (bins,).
    doses
        Days and amounts for the kinetics of denosumab, OPG-Fc and bisphosphonates, by drug.
    given
        Doses as they were given, titration included: drug, day, dose.
    first_pass
        Share of the liver's full answer to swallowed estrogen, shape (bins,), 0..1.
    inhibition
        Share of aromatase outside the gonads that drugs stop, shape (bins,), 0..1.
    begun
        Day of the first dose that moves a level (d); infinite without any.
    visits
        What labs at visits said of titrated doses, by index of the prescription.
    shares
        By level, the share of it that is the drugs' doing, shape (bins,), 0..1.
    """

    edges: Array
    levels: dict[str, Array] = field(default_factory=dict)
    blockade: dict[str, Array] = field(default_factory=dict)
    doses: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    given: list[tuple[str, float, float]] = field(default_factory=list)
    first_pass: Array = field(default_factory=lambda: np.zeros(0))
    inhibition: Array = field(default_factory=lambda: np.zeros(0))
    begun: float = np.inf
    visits: dict[int, list[Visit]] = field(default_factory=dict)
    shares: dict[str, Array] = field(default_factory=dict)
    _areas: dict[int, tuple[Array, Array]] = field(default_factory=dict, repr=False)

    def average(self, values: Array, start: float, end: float) -> float:
        """Return the mean of binned `values` over start .. end (d); the first or last beyond.

        Parameters
        ----------
        values
            Shape (bins,), in any unit, which is that of the mean.
        """
        edges = self.edges
        area = self._integrate(values)
        low, high = (min(max(time, edges[0]), edges[-1]) for time in (start, end))
        if high <= low:
            index = int(np.clip(np.searchsorted(edges, low, "right") - 1, 0, len(values) - 1))
            return float(values[index])
        taken = np.interp([low, high], edges, area)
        return float((taken[1] - taken[0]) / (high - low))

    def _integrate(self, values: Array) -> Array:
        """Return the area under `values` at every edge; kept, since every step of a life asks for it."""
        known = self._areas.get(id(values))
        if known is None or known[0] is not values:
            area = np.concatenate([[0.0], np.cumsum(values * np.diff(self.edges))])
            self._areas[id(values)] = known = (values, area)
        return known[1]

    def read_day(self, name: str, day: float) -> float:
        """Return the mean of a level over the day that begins at `day` (d)."""
        return self.average(self.levels[name], day, day + 1.0)

    def read(self, start: float, end: float) -> dict[str, float]:
        """Return the mean of every level over start .. end (d)."""
        return {name: self.average(values, start, end) for name, values in self.levels.items()}


def has_course(config: Config) -> bool:
    """Whether the configuration names a patient or a protocol, so that levels follow from glands."""
    patient = config.patient
    trend = patient.andropause != "cross_sectional" or patient.cycle != "averaged"
    return bool(config.protocol or patient.labs) or patient.stage is not None or trend


def find_course(config: Config) -> Course | None:
    """Return the course of a configuration that names a patient or a protocol; None for others."""
    return make_course(config) if has_course(config) else None


def make_course(config: Config) -> Course:
    """Return the levels of the patient of `config` under its protocol, labs met where measured."""
    parameters, patient = config.parameters, config.patient
    regimens = config.regimens
    starts = [0.0, *(r.doses[0][0] for r in regimens), *(lab.day for lab in patient.labs)]
    first = np.floor(min(starts) - LEAD)
    edges = np.arange(first, config.horizon + BIN + 1e-9, BIN)
    middle = 0.5 * (edges[1:] + edges[:-1])
    own = make_own(patient, parameters, middle)
    labs, dosed = read_labs(patient, parameters), find_dosed(regimens, patient.sex)
    begun = {name: days[0] for name, days in dosed.items()}
    measured = {name: points[-1][0] for name, points in labs.items()}
    factors: dict[str, Array] = {}
    told: Shares = {}
    for _ in range(FITS if labs else 1):
        course = _run(edges, own, regimens, parameters, patient.sex, factors, measured)
        misses = find_misses(course.read_day, labs, dosed)
        if is_met(misses):
            break
        told = told or read_shares(course, misses, dosed)
        early, late = split(misses, told)
        for part in (early, late) if patient.sex == "male" else ():
            part["estradiol"] = part["estradiol"] or part["testosterone"]  # of which men's is made
        own = scale_own(own, middle, early)
        now = read_shares(course, late, dosed)
        for name, points in late.items():
            if points:
                scaled = fit_powers(middle, points, now[name])
                factors[name] = factors.get(name, 1.0) * scaled
    course.begun = min(begun.values(), default=np.inf)
    course.levels["glucocorticoid"] += compute_cortisol(patient, parameters, middle)
    drive = course.levels["lh_drive"]
    course.levels["lh"] = compute_lh(drive, own, patient, parameters, middle, course.shares["lh"])
    shbg = compute_shbg(patient, parameters, middle, course.first_pass)
    course.levels["shbg"] = shbg
    course.levels["free_testosterone"] = compute_free(
        course.levels["testosterone"], shbg, parameters
    )
    return course


def find_dosed(regimens: Sequence[Regimen], sex: str) -> dict[str, list[float]]:
    """Return by level the days (d, ascending) of the doses that move it."""
    dosed: dict[str, set[float]] = {}
    for regimen in regimens:
        for level in find_answers(regimen.drug, sex):
            dosed.setdefault(level, set()).update(day for day, _ in regimen.doses)
    return {level: sorted(days) for level, days in dosed.items()}


def read_shares(course: Course, points: Points, dosed: Mapping[str, Sequence[float]]) -> Shares:
    """Return by level and day of its labs the share of it that is the drugs' doing, 0..1.

    Parameters
    ----------
    dosed
        By level, days of the doses that move it (d).
    """
    return {
        name: {
            day: course.average(course.shares[name], (begin := find_draw(days, day)), begin + 1.0)
            for day, _ in labs
        }
        for name, labs in points.items()
        for days in [dosed.get(name, ())]
    }


def split(misses: Points, told: Shares) -> tuple[Points, Points]:
    """Return the points of every level that tell of the own glands, and those that tell of drugs.

    Parameters
    ----------
    told
        By level and day, the share of it that is the drugs' doing, 0..1.
    """
    early: Points = {}
    late: Points = {}
    for name, points in misses.items():
        early[name] = [point for point in points if told[name][point[0]] < MOSTLY]
        late[name] = [point for point in points if told[name][point[0]] >= MOSTLY]
    return early, late


def _run(
    edges: Array,
    own: Own,
    regimens: Sequence[Regimen],
    parameters: Parameters,
    sex: str,
    factors: Mapping[str, Array],
    measured: Mapping[str, float],
) -> Course:
    """Run the glands over all bins; `factors` by level are what measured labs say of its clearance."""
    count = len(edges) - 1
    course = Course(edges)
    numbers = read_numbers(parameters, sex)
    kinetics = [make_kinetics(regimen.drug, parameters, sex, regimen.worn) for regimen in regimens]
    doses = [list(regimen.doses) for regimen in regimens]
    visits = [find_visits(regimen, edges, measured) for regimen in regimens]
    axis = Axis()
    parts: list[dict[str, Array]] = []
    begun = 0
    for visit in [*sorted(set[int]().union(*visits)), count]:
        inputs = compute_inputs(edges, kinetics, doses, parameters, sex)
        parts.append(step_axes(axis, own, inputs, numbers, begun, visit, BIN))
        begun = visit
        if visit < count:
            so_far, _ = _join(parts, factors, inputs, numbers)
            for k, regimen in enumerate(regimens):
                if visit in visits[k]:
                    doses[k], seen = titrate(regimen, doses[k], so_far, edges, visit, sex)
                    course.visits.setdefault(k, []).append(seen)
    course.first_pass = inputs.first_pass
    course.levels, course.shares = _join(parts, factors, inputs, numbers)
    course.levels["pth"] = own.pth
    course.shares["pth"] = np.zeros(count)
    course.levels |= compute_levels(edges, kinetics, doses)
    # After menopause only aromatase outside the gonads makes estradiol: what stops it in a woman is what
    # stops it there, bone's too, in both sexes.
    course.inhibition = compute_inhibition(edges, kinetics, doses, parameters, "female")
    course.blockade = compute_blockade(edges, kinetics, doses, parameters)
    course.doses = collect_doses(kinetics, doses, parameters)
    course.given = sorted(
        (regimen.drug.name, day, dose)
        for regimen, given in zip(regimens, doses, strict=True)
        for day, dose in given
    )
    return course


def average_back(share: Array) -> Array:
    """Return the mean share of the last four weeks, or since there first was one, in every bin.

    What a lab says of a drug holds from dose to dose, whatever is left of it before the next one.

    Parameters
    ----------
    share
        Shape (bins,), 0..1.

    Returns
    -------
    numpy.ndarray
        Shape (bins,), 0..1.
    """
    first = int(np.argmax(share > LEAST)) if (share > LEAST).any() else len(share)
    total = np.concatenate([[0.0], np.cumsum(share)])
    last = np.arange(1, len(share) + 1)
    begin = np.maximum(last - round(BACK / BIN), np.minimum(first, last - 1))
    return np.asarray((total[last] - total[begin]) / (last - begin))


def _join(
    parts: Sequence[dict[str, Array]],
    factors: Mapping[str, Array],
    inputs: Inputs,
    numbers: Numbers,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the levels so far, corrected by `factors`, and the drugs' shares of them."""
    joined = {name: np.concatenate([part[name] for part in parts]) for name in OUTPUTS}
    shares = {
        name: average_back(share) for name, share in find_shares(joined, inputs, numbers).items()
    }
    for name in set(joined) & set(factors):
        so_far = len(joined[name])
        joined[name] = joined[name] * factors[name][:so_far] ** shares[name]
    return joined, shares
