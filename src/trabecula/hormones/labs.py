"""Measured labs: what they say of the own glands, and of the clearance of what is given."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.config.parameters import Parameters
from trabecula.config.schema import PatientSettings
from trabecula.hormones.binding import compute_shbg_between, compute_total
from trabecula.hormones.patient import Own, fit_ratios

type Points = dict[str, list[tuple[float, float]]]
"""Days and values (or factors) by level."""

type Shares = dict[str, dict[float, float]]
"""By level and day of a lab, what share of the level is the drugs' doing."""

MOSTLY = 0.25
"""Drugs' share of a level from which on a lab of it tells of them, and not of the own glands."""

MET = 0.01
"""Relative distance from every lab at which no further round is needed."""

FITTED = {
    "estradiol": ("ovary", "periphery"),  # shared out by which makes more of it
    "testosterone": ("testosterone",),
    "progesterone": ("progesterone",),
    "fsh": ("fsh",),
    "igf1": ("igf1",),
    "pth": ("pth",),
}
"""Which of the own hormones a lab scales."""


def read_labs(
    patient: PatientSettings, parameters: Parameters
) -> dict[str, list[tuple[float, float]]]:
    """Return measured levels by name (day, value), in the units of :class:`Course`.

    Values of one day are one, their geometric mean. Free testosterone stands for the total where that
    was not measured on its day, by the SHBG of the nearest day; beside the total it tells SHBG.
    """
    p, found = parameters, dict[str, dict[float, float]]()
    scale = {"igf1": p["glands.growth.igf1_young"], "pth": p["glands.others.pth_young"]}
    several: dict[str, dict[float, list[float]]] = {}
    for lab in patient.labs:
        for name, value in lab.model_dump(exclude_none=True, exclude={"day"}).items():
            several.setdefault(name, {}).setdefault(lab.day, []).append(value)
    for name, days in several.items():
        means = {day: float(np.exp(np.log(values).mean())) for day, values in days.items()}
        found[name] = {day: value / scale.get(name, 1.0) for day, value in means.items()}
    totals, bound = found.setdefault("testosterone", {}), found.setdefault("shbg", {})
    for day, free in found.pop("free_testosterone", {}).items():
        if day in totals and day not in bound:
            shbg = compute_shbg_between(totals[day], free, p)
            bound |= {day: shbg} if shbg > 0.0 else {}
        elif day not in totals:
            nearest = min(bound, key=lambda one: abs(one - day), default=None)
            usual = p[f"glands.binding.shbg_{patient.sex}"]
            shbg = usual if nearest is None else bound[nearest]
            totals[day] = compute_total(free, shbg, p)
    return {name: sorted(days.items()) for name, days in found.items() if days}


def find_misses(
    read: Callable[[str, float], float],
    labs: Mapping[str, Sequence[tuple[float, float]]],
    dosed: Mapping[str, Sequence[float]],
) -> Points:
    """Return by level how far (factor) each lab lies from the course on its day.

    Blood of a day on which something is given that moves the level is drawn before it: such a lab is
    held against the day before the dose.

    Parameters
    ----------
    read
        The course's mean of a level over the day that begins at a time (d).
    labs
        By level, days (d) and values in the unit of the level.
    dosed
        By level, days (d) of the doses that move it, ascending.
    """

    return {
        name: [
            (day, value / max(read(name, find_draw(dosed.get(name, ()), day)), 1e-9))
            for day, value in labs.get(name, ())
        ]
        for name in FITTED
    }


def find_draw(days: Sequence[float], day: float) -> float:
    """Return the beginning of the day (d) against which a lab of `day` is held.

    Parameters
    ----------
    days
        Days of the doses that move its level, ascending (d).
    """
    index = bisect_left(days, day)
    return days[index] - 1.0 if index < len(days) and days[index] < day + 1.0 else day


def fit_powers(
    days: Array, points: Sequence[tuple[float, float]], told: Mapping[float, float]
) -> Array:
    """Return what meets `points` (day, factor) where it has the drugs' share of a level as exponent.

    Parameters
    ----------
    days
        Shape (bins,), d.
    told
        By day (d), the share of the level that is the drugs' doing, 0..1. What counted as theirs may be
        less of it once they are fitted: no power is above 1 / MOSTLY.

    Returns
    -------
    numpy.ndarray
        Shape (bins,), 1.
    """
    return fit_ratios(
        days, [(day, factor ** (1.0 / max(told[day], MOSTLY))) for day, factor in points]
    )


def is_met(misses: Points) -> bool:
    """Whether every lab is met."""
    return all(abs(factor - 1.0) < MET for points in misses.values() for _, factor in points)


def scale_own(own: Own, days: Array, misses: Points) -> Own:
    """Return the own hormones scaled towards labs, by at most a factor of five a round.

    Where ovaries make most of a woman's estradiol, a lab of it is of them alone; and what her FSH is
    beside the mean fades with them, for it is the pituitary's answer to them.

    Parameters
    ----------
    days
        Shape (bins,), d.
    """
    changes: dict[str, Any] = {}
    for name, points in misses.items():
        if not points:
            continue
        parts = {part: list(points) for part in FITTED[name]}
        if name == "estradiol":
            parts = _share_out(own, days, points)
        for part, these in parts.items():
            limited = [(day, min(max(factor, 0.2), 5.0)) for day, factor in these]
            factors = fit_ratios(days, limited)
            if name == "fsh":
                factors = factors ** _fade(own, days, points[-1][0])
            changes[part] = getattr(own, part) * factors
    return replace(own, **changes) if changes else own


def _share_out(own: Own, days: Array, points: Sequence[tuple[float, float]]) -> Points:
    """Return the factors of estradiol from the ovaries (in men, all) and from elsewhere."""
    parts: Points = {"ovary": [], "periphery": []}
    for day, factor in points:
        ovary, rest = (float(np.interp(day, days, one)) for one in (own.ovary, own.periphery))
        needed = factor * (ovary + rest) - rest
        if ovary > rest and needed > 0.0:
            parts["ovary"].append((day, needed / ovary))
        else:
            parts["ovary"].append((day, factor))
            parts["periphery"].append((day, factor))
    return parts


def _fade(own: Own, days: Array, last: float) -> Array:
    """Return what is left of the gonads after the last lab relative to its day, 0..1; 1 before it."""
    then = float(np.interp(last, days, own.gonads))
    if then <= 0.0:
        return np.ones_like(days)
    return np.where(days > last, np.clip(own.gonads / then, 0.0, 1.0), 1.0)


def compute_cortisol(patient: PatientSettings, parameters: Parameters, days: Array) -> Array:
    """Return measured cortisol beyond the mean as prednisone (mg/d): 10 mg of cortisol are 2.5 mg.

    Parameters
    ----------
    days
        Shape (bins,), d.

    Returns
    -------
    numpy.ndarray
        Shape (bins,), mg/d.
    """
    measured = read_labs(patient, parameters).get("cortisol")
    if not measured:
        return np.zeros_like(days)
    mean = parameters["glands.others.cortisol"]
    excess = np.maximum(fit_ratios(days, measured) / mean - 1.0, 0.0)
    return np.asarray(parameters["glands.others.cortisol_made"] * excess)


def compute_shbg(
    patient: PatientSettings, parameters: Parameters, days: Array, first_pass: Array
) -> Array:
    """Return SHBG (nmol/L): the mean of the sex, or what labs say; swallowed estrogen makes more of it.

    Parameters
    ----------
    days
        Shape (bins,), d.
    first_pass
        Shape (bins,), share of the liver's full answer, 0..1.

    Returns
    -------
    numpy.ndarray
        Shape (bins,), nmol/L.
    """
    untreated = parameters[f"glands.binding.shbg_{patient.sex}"]
    usual = untreated * (1.0 + parameters["glands.liver.shbg_rise"] * first_pass)
    measured = read_labs(patient, parameters).get("shbg", ())
    ratios = [(day, value / float(np.interp(day, days, usual))) for day, value in measured]
    return np.asarray(usual * fit_ratios(days, ratios))


def compute_lh(
    drive: Array,
    own: Own,
    patient: PatientSettings,
    parameters: Parameters,
    days: Array,
    share: Array,
) -> Array:
    """Return LH (mIU/mL): the drive times the untreated patient's, measured or by stage.

    Untreated women's LH follows FSH across menopause on a logarithmic scale.

    Parameters
    ----------
    drive
        Shape (bins,), 1: LH relative to the untreated patient's.
    days
        Shape (bins,), d.
    share
        Shape (bins,), 0..1: the share of LH that is the drugs' doing, of which alone labs on drugs tell.

    Returns
    -------
    numpy.ndarray
        Shape (bins,), mIU/mL.
    """
    p = parameters
    base = np.full_like(days, p[f"glands.pituitary.lh_{patient.sex}"])
    if patient.sex == "female":
        rise = np.log(own.fsh / p["hormones.female.fsh"])
        whole = np.log(p["glands.menopause.fsh"] / p["hormones.female.fsh"])
        late = p["glands.pituitary.lh_menopause"] / p["glands.pituitary.lh_female"]
        base = base * late ** (rise / whole)
    points = [
        (day, value / float(np.interp(day, days, drive * base)))
        for day, value in read_labs(patient, p).get("lh", ())
    ]
    told = {day: float(np.interp(day, days, share)) for day, _ in points}
    glands = fit_ratios(days, [point for point in points if told[point[0]] < MOSTLY])
    treated = [
        (day, factor / float(np.interp(day, days, glands)))
        for day, factor in points
        if told[day] >= MOSTLY
    ]
    return np.asarray(drive * base * glands * fit_powers(days, treated, told) ** share)
