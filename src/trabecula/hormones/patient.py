"""The patient's own hormones before any drug: by sex, age and stage, and through measured labs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trabecula.base.columns import Array
from trabecula.config.parameters import Parameters
from trabecula.config.schema import PatientSettings

YEAR = 365.25

IGF1_AGES = (25.0, 35.0, 45.0, 55.0, 65.0, 75.0)

CYCLE = ("menses", "early", "middle", "surge", "ovulation", "after", "luteal", "late")
"""Points of a cycle of which the table has the levels (group ``glands.cycle``)."""


@dataclass(frozen=True)
class Own:
    """What the patient's glands would make without drugs, on days of shape (bins,).

    Parameters
    ----------
    ovary
        Estradiol from ovaries or, in men, all of it (pg/mL).
    periphery
        Estradiol made elsewhere from androgens (pg/mL); 0 in men, whose is in `ovary`.
    testosterone
        Testosterone (ng/dL), of which `androgen_share` answers to gonadotropins.
    progesterone
        Progesterone (ng/mL).
    fsh
        FSH (mIU/mL).
    igf1, pth
        Relative to the young adult, 1.
    androgen_share
        Share of testosterone that LH drives, 0..1.
    gonads
        What is left of the ovaries' estradiol, relative to the mean of reproductive age; 1 in men.
    """

    ovary: Array
    periphery: Array
    testosterone: Array
    progesterone: Array
    fsh: Array
    igf1: Array
    pth: Array
    androgen_share: Array
    gonads: Array


def make_own(patient: PatientSettings, parameters: Parameters, days: Array) -> Own:
    """Return the untreated patient's hormones on `days` (d from day 0, shape (bins,))."""
    p = parameters
    age = patient.age + days / YEAR
    igf1 = np.interp(age, IGF1_AGES, [p[f"glands.growth.igf1_{a:.0f}"] for a in IGF1_AGES])
    igf1 = igf1 * p[f"hormones.{patient.sex}.igf1"]
    late = np.maximum(age - p["hormones.reference.age"], 0.0)
    pth = p[f"hormones.{patient.sex}.pth"] * (1.0 + p["glands.others.pth_rise"] * late)
    if patient.sex == "male":
        return _make_man(patient, p, age, igf1, pth)
    return _make_woman(patient, p, age, days, igf1, pth)


def _make_man(patient: PatientSettings, p: Parameters, age: Array, igf1: Array, pth: Array) -> Own:
    reference = p["hormones.reference.age"]
    young, late = p["glands.testis.cross_19"], p["glands.testis.cross_40"]

    def cross(years: Array) -> Array:
        return np.interp(years, [19.0, 40.0], [young, late])

    if patient.andropause == "cross_sectional":
        share = cross(age) / cross(np.array([reference]))
    else:
        share = np.exp(-p["glands.testis.longitudinal"] * np.maximum(age - reference, 0.0))
    testosterone = p["hormones.male.testosterone"] * share
    estradiol = p["hormones.male.estradiol"] * share
    flat = np.ones_like(age)
    return Own(
        estradiol, 0.0 * flat, testosterone, p["hormones.male.progesterone"] * flat,
        p["hormones.male.fsh"] * share ** -p["glands.pituitary.fsh_answer"], igf1, pth,
        flat, flat,
    )  # fmt: skip


def find_last_period(patient: PatientSettings, parameters: Parameters) -> float:
    """Return the years from the last period to day 0; negative before it.

    Who does not say when it was had it at `menopause.age`, as far as that goes with her stage: before it
    all begins, while estradiol falls, or after it has fallen.
    """
    p = parameters
    if patient.last_period is not None:
        return patient.age - patient.last_period
    usual = patient.age - p["glands.menopause.age"]
    if patient.stage in ("premenopausal", None):
        return min(usual, p["glands.menopause.before"])
    if patient.stage == "perimenopausal":
        return min(max(usual, p["glands.menopause.fall_from"]), 0.0)
    return max(usual, p["glands.menopause.fall_to"])


def _make_woman(
    patient: PatientSettings, p: Parameters, age: Array, days: Array, igf1: Array, pth: Array
) -> Own:
    since = find_last_period(patient, p) + days / YEAR
    if patient.stage == "premenopausal" and patient.last_period is None:
        since = np.full_like(days, p["glands.menopause.before"])
    rest, full = p["glands.menopause.estradiol"], p["hormones.female.estradiol"]
    young = p["hormones.female.testosterone"]
    older = np.maximum(age - p["glands.ovary.androgen_from"], 0.0)
    androgens = young * np.exp(-p["glands.ovary.androgen_fall"] * older)
    keep = p["glands.ovary.androgen_share"]
    driven = np.full_like(days, 1.0 - keep)  # what goes with the ovaries is what LH drives
    if patient.stage == "surgical_menopause":
        gone = np.maximum(since * YEAR, 0.0)
        left = np.where(since < 0.0, 1.0, np.exp(-gone / p["glands.ovary.removal"]))
        androgens = androgens * (keep + (1.0 - keep) * left)
        driven = (1.0 - keep) * left / (keep + (1.0 - keep) * left)
        fsh = p["glands.menopause.fsh"] + (
            p["hormones.female.fsh"] - p["glands.menopause.fsh"]
        ) * np.where(since < 0.0, 1.0, np.exp(-gone / p["glands.pituitary.castration"]))
    else:
        left = compute_ovarian_share(since, patient.menopause_type, p)
        fsh = compute_fsh(since, p)
    estradiol, progesterone = compute_cycle(days, patient.cycle == "explicit", p)
    luteal = left ** p["glands.ovary.luteal"]
    return Own(
        ovary=(full - rest) * left * estradiol,
        periphery=np.full_like(days, rest),
        testosterone=androgens,
        progesterone=p["glands.menopause.progesterone"]
        + (p["hormones.female.progesterone"] - p["glands.menopause.progesterone"])
        * np.clip(luteal, 0.0, 1.0) * progesterone,
        fsh=fsh,
        igf1=igf1,
        pth=pth,
        androgen_share=driven,
        gonads=left,
    )  # fmt: skip


def compute_ovarian_share(since: Array, kind: str, parameters: Parameters) -> Array:
    """Return ovarian estradiol relative to the mean woman of reproductive age, 1.

    Flat, then a smooth fall that is steepest near the last period, then none (Randolph 2011).

    Parameters
    ----------
    since
        Shape (bins,), y: time from the last period.
    kind
        ``typical``, or one of SWAN's types ``flat``, ``slow_decline``, ``rise_slow_decline``,
        ``rise_steep_decline``.

    Returns
    -------
    numpy.ndarray
        Shape (bins,), 1.
    """
    p = parameters
    first, last = p["glands.menopause.fall_from"], p["glands.menopause.fall_to"]
    if "slow" in kind:
        middle, half = 0.5 * (first + last), 0.5 * (last - first) * p["glands.menopause.slow"]
        first, last = middle - half, middle + half
    u = np.clip((since - first) / (last - first), 0.0, 1.0)
    share = 1.0 - u * u * (3.0 - 2.0 * u)
    if kind == "flat":
        share = share * p["glands.menopause.flat"]
    if kind.startswith("rise"):
        years = p["glands.menopause.rise_years"]
        before = np.clip((since - first + years) / years, 0.0, 1.0)
        share = share * (1.0 + p["glands.menopause.rise"] * before * before * (3.0 - 2.0 * before))
    return np.asarray(share)


def compute_fsh(since: Array, parameters: Parameters) -> Array:
    """Return FSH (mIU/mL) by years from the last period: four lines on a logarithmic scale.

    Parameters
    ----------
    since
        Shape (bins,), y: time from the last period.

    Returns
    -------
    numpy.ndarray
        Shape (bins,), mIU/mL.
    """
    p = parameters
    years = [p[f"glands.menopause.fsh_{name}"] for name in ("from", "fast", "slow", "to")]
    levels = [
        p["hormones.female.fsh"], p["glands.menopause.fsh_at_fast"],
        p["glands.menopause.fsh_at_slow"], p["glands.menopause.fsh"],
    ]  # fmt: skip
    return np.exp(np.interp(since, years, np.log(levels)))


def compute_cycle(days: Array, explicit: bool, parameters: Parameters) -> tuple[Array, Array]:
    """Return estradiol and progesterone over the cycle, relative to their means, 1.

    Parameters
    ----------
    days
        Shape (bins,), d from day 0, the first of a cycle.
    explicit
        Whether the cycle is followed; otherwise both are 1.

    Returns
    -------
    tuple
        Two of shape (bins,), 1.
    """
    if not explicit:
        return np.ones_like(days), np.ones_like(days)
    part = days / parameters["glands.ovary.cycle"] % 1.0
    at = [0.0, *(parameters[f"glands.cycle.{point}_at"] for point in CYCLE[1:]), 1.0]
    courses = []
    for hormone in ("estradiol", "progesterone"):
        shape = [parameters[f"glands.cycle.{point}_{hormone}"] for point in (*CYCLE, CYCLE[0])]
        courses.append(np.interp(part, at, shape) / np.trapezoid(shape, at))
    return courses[0], courses[1]


def fit_ratios(days: Array, points: Sequence[tuple[float, float]]) -> Array:
    """Return factors through `points` (day, factor), straight on a logarithmic scale, flat beyond.

    Parameters
    ----------
    days
        Shape (bins,), d.
    """
    if not points:
        return np.ones_like(days)
    at, factors = zip(*sorted(points), strict=True)
    return np.exp(np.interp(days, at, np.log(factors)))
