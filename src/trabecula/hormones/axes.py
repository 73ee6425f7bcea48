"""Feedback of the axes: pituitary, gonads and aromatase; growth hormone and IGF-1.

With every level relative to the untreated patient's own, the pituitary's drive answers
L* = G (T/T0)^-a (E/E0)^-b / (1 + P/K), within most, given steroids counting `steady` times as much as
the own, which come in pulses; it is followed with a lag, and so is the
gonad that it drives. Untreated, L = 1, T = T0 and E = E0 are an exact steady state. Estradiol comes from
androgens, E = E0 (1 - I) (T + A) / (T0 + A) in men and, outside the ovaries, in women; I is the
share of aromatase that stands still. Growth hormone answers IGF-1 likewise; a liver that estrogen passes
first makes less IGF-1 of it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from trabecula.base.columns import Array
from trabecula.config.parameters import Parameters
from trabecula.hormones.patient import Own

SMALL = 1e-9


@dataclass
class Inputs:
    """What drugs bring, each of shape (bins,).

    Parameters
    ----------
    testosterone, estradiol, progesterone
        Added levels (ng/dL, pg/mL, ng/mL).
    inhibition
        Share of aromatase that stands still, 0..1.
    bursts
        LH drive that gonadorelin keeps up, relative to the untreated, 1.
    agonist
        Occupancy of the pituitary by an agonist, 0..1.
    growth
        Relative rise of the own growth hormone by secretagogues, 1.
    given_growth
        Growth hormone given, relative to the young adult's own, 1.
    first_pass
        Share of the liver's full answer to estrogen that is swallowed, 0..1.
    """

    testosterone: Array
    estradiol: Array
    progesterone: Array
    inhibition: Array
    bursts: Array
    agonist: Array
    growth: Array
    given_growth: Array
    first_pass: Array


def make_inputs(count: int) -> Inputs:
    """Return inputs of an untreated patient over `count` bins."""
    return Inputs(*(np.zeros(count) for _ in fields(Inputs)))


@dataclass
class Axis:
    """State of the glands between two bins.

    Parameters
    ----------
    drive
        LH relative to the untreated patient's, 1.
    gonad
        Answer of the gonad to it, 1.
    silenced
        Share of the pituitary that an agonist has silenced, 0..1.
    igf1
        IGF-1 relative to the untreated patient's, 1.
    """

    drive: float = 1.0
    gonad: float = 1.0
    silenced: float = 0.0
    igf1: float = 1.0


@dataclass(frozen=True)
class Numbers:
    """Rows of the table that the loop needs, read once."""

    sex: str
    by_testosterone: float
    by_estradiol: float
    by_progestogen: float
    steady: float
    most: float
    lag: float
    flare: float
    silencing: float
    silence: float
    fsh: float
    capacity: float
    gonad_lag: float
    adrenal: float
    answer: float
    feedback: float
    growth_lag: float
    igf1_fall: float


def read_numbers(parameters: Parameters, sex: str) -> Numbers:
    """Return the numbers of the axes for `sex`."""
    p, pituitary = parameters, "glands.pituitary."
    is_male = sex == "male"
    return Numbers(
        sex,
        p[f"{pituitary}by_testosterone_{sex}"],
        p[f"{pituitary}by_estradiol_{sex}"],
        p[f"{pituitary}by_progestogen"],
        p[f"{pituitary}steady"],
        p[f"{pituitary}most"],
        p[f"{pituitary}lag"],
        p[f"{pituitary}flare"],
        p[f"{pituitary}silencing"],
        p[f"{pituitary}silence"],
        p[f"{pituitary}fsh_answer"],
        p["glands.testis.capacity"],
        p["glands.testis.lag"],
        p["glands.testis.adrenal"] if is_male else p["glands.ovary.substrate"],
        1.0 if is_male else p["glands.ovary.answer"],
        p["glands.growth.feedback"],
        p["glands.growth.lag"],
        p["glands.liver.igf1_fall"],
    )


OUTPUTS = (
    "testosterone",
    "estradiol",
    "progesterone",
    "lh_drive",
    "fsh",
    "igf1",
    "own_testosterone",
)


def find_shares(levels: Mapping[str, Array], inputs: Inputs, numbers: Numbers) -> dict[str, Array]:
    """Return by level the share of it that is the drugs' doing: given, or made or kept from being made.

    Shares of several drugs leave of the rest what each of them leaves.

    Parameters
    ----------
    levels
        By name, those of the first bins, each of shape (bins so far,), in their assays' units.

    Returns
    -------
    dict
        Each of shape (bins so far,), 0..1.
    """
    count = len(levels["testosterone"])
    given = {
        name: getattr(inputs, name)[:count] / np.maximum(levels[name], SMALL)
        for name in ("testosterone", "estradiol", "progesterone")
    }
    progestogen = inputs.progesterone / (inputs.progesterone + numbers.by_progestogen)
    acting = (progestogen, inputs.agonist, inputs.inhibition, np.minimum(inputs.bursts, 1.0))
    left = np.prod([1.0 - np.clip(one[:count], 0.0, 1.0) for one in acting], axis=0)
    rest = {name: np.clip(1.0 - share, 0.0, 1.0) for name, share in given.items()}
    steroids = 1.0 - left * rest["testosterone"] * rest["estradiol"]
    grown = 1.0 + inputs.growth[:count] + inputs.given_growth[:count]
    return {
        **dict.fromkeys(("testosterone", "estradiol", "fsh", "lh"), steroids),
        "progesterone": 1.0 - left * rest["progesterone"],
        "igf1": 1.0 - (1.0 - inputs.first_pass[:count]) / grown,
    }


def step_axes(
    axis: Axis, own: Own, inputs: Inputs, numbers: Numbers, first: int, last: int, step: float
) -> dict[str, Array]:
    """Step the glands through bins first .. last - 1 and return the levels in them.

    Parameters
    ----------
    axis
        State at the beginning; that at the end when done.
    own
        The untreated patient.
    inputs
        What drugs bring.
    step
        Length of a bin (d).

    Returns
    -------
    dict
        By name, shape (last - first,): testosterone and own testosterone (ng/dL), estradiol
        (pg/mL), progesterone (ng/mL), the rest as in
        :data:`trabecula.model.metrics.LEVELS`.
    """
    out = {name: np.empty(last - first) for name in OUTPUTS}
    for k in range(first, last):
        row = _step(axis, own, inputs, numbers, k, step)
        for name, value in zip(OUTPUTS, row, strict=True):
            out[name][k - first] = value
    return out


def _step(
    axis: Axis, own: Own, inputs: Inputs, n: Numbers, k: int, step: float
) -> tuple[float, ...]:
    base_t, ovary, periphery = own.testosterone[k], own.ovary[k], own.periphery[k]
    testosterone, own_t = _compute_testosterone(axis.gonad, own, inputs, n, k)
    substrate = (testosterone + n.adrenal) / (base_t + n.adrenal)
    works = 1.0 - inputs.inhibition[k]
    gonad = min(axis.gonad, n.capacity)
    if n.sex == "male":
        estradiol = ovary * substrate * works
    else:
        estradiol = (ovary * gonad + periphery * substrate) * works
    estradiol += inputs.estradiol[k]
    seen_t = (testosterone + (n.steady - 1.0) * inputs.testosterone[k]) / base_t
    seen_e = estradiol + (n.steady - 1.0) * _find_given(ovary, substrate, works, inputs, own, n, k)
    goal = _compute_goal(axis, seen_t, seen_e / (ovary + periphery), inputs, n, k)
    luteal = own.progesterone[k] * (min(gonad, 1.0) if ovary > 1.0 and n.sex == "female" else 1.0)
    row = (
        testosterone, estradiol, luteal + inputs.progesterone[k], axis.drive,
        own.fsh[k] * max(axis.drive, SMALL) ** n.fsh, own.igf1[k] * axis.igf1, own_t,
    )  # fmt: skip
    axis.drive += (goal - axis.drive) * -math.expm1(-step / n.lag)
    axis.gonad += (axis.drive**n.answer - axis.gonad) * -math.expm1(-step / n.gonad_lag)
    active = inputs.agonist[k]
    axis.silenced += (active - axis.silenced) * -math.expm1(-step / n.silencing)
    made = max(axis.igf1, SMALL) ** -n.feedback * (1.0 + inputs.growth[k])
    growth = made + inputs.given_growth[k]
    growth *= 1.0 - n.igf1_fall * inputs.first_pass[k]
    axis.igf1 += (growth - axis.igf1) * -math.expm1(-step / n.growth_lag)
    return row


def _find_given(
    ovary: float, substrate: float, works: float, inputs: Inputs, own: Own, n: Numbers, k: int
) -> float:
    """Return the estradiol that is given, or made of given testosterone (pg/mL)."""
    share = inputs.testosterone[k] / (own.testosterone[k] + n.adrenal)
    made = (ovary if n.sex == "male" else own.periphery[k]) * min(share, substrate) * works
    return float(inputs.estradiol[k] + made)


def _compute_testosterone(
    gonad: float, own: Own, inputs: Inputs, n: Numbers, k: int
) -> tuple[float, float]:
    """Return testosterone in all and the own part (ng/dL): what LH drives, and the adrenals'."""
    base = own.testosterone[k]
    fixed = min(n.adrenal, base) if n.sex == "male" else base * (1.0 - own.androgen_share[k])
    made = fixed + (base - fixed) * min(gonad, n.capacity)
    return made + inputs.testosterone[k], made


def _compute_goal(
    axis: Axis, testosterone: float, estradiol: float, inputs: Inputs, n: Numbers, k: int
) -> float:
    """Return the drive that the pituitary would settle at, 1."""
    goal = max(testosterone, SMALL) ** -n.by_testosterone
    goal *= max(estradiol, SMALL) ** -n.by_estradiol
    goal = min(goal, n.most) / (1.0 + inputs.progesterone[k] / n.by_progestogen)
    goal = max(goal, inputs.bursts[k])
    flare = 1.0 + n.flare * inputs.agonist[k] * (1.0 - axis.silenced)
    return float(goal * flare * (1.0 - n.silence * axis.silenced))
