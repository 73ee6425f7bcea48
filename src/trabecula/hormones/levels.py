"""Serum levels: piecewise-linear series, replete young-adult levels, and levels derived from both.

Derived levels are ``sex_steroid_loss`` (loss of the estrogen signal times loss of the androgen
signal, so that androgens multiply what estrogens do) and ``oxidative_stress`` (excess over the
young adult); both are 0 in the replete young adult.
"""

from bisect import bisect_right
from collections.abc import Sequence

from trabecula.config.names import LEVELS
from trabecula.config.parameters import Parameters
from trabecula.config.schema import HormoneSettings
from trabecula.hormones.response import compute_hill


def compute_series(points: Sequence[tuple[float, float]], time: float) -> float:
    """Return the value at `time` (d): linear between points, constant beyond the ends.

    Parameters
    ----------
    points
        Days (d) and values, ascending in time; the unit of the values is that of the result.
    """
    index = bisect_right(points, time, key=lambda point: point[0])
    if index == 0:
        return points[0][1]
    if index == len(points):
        return points[-1][1]
    (t0, v0), (t1, v1) = points[index - 1], points[index]
    return v0 + (v1 - v0) * (time - t0) / (t1 - t0)


def get_replete_levels(parameters: Parameters, sex: str) -> dict[str, float]:
    """Return the young-adult serum levels of `sex`, each in its assay's unit."""
    return {name: parameters[f"hormones.{sex}.{name}"] for name in LEVELS}


def compute_serum_levels(
    settings: HormoneSettings, parameters: Parameters, time: float, sex: str
) -> dict[str, float]:
    """Return the serum levels at `time` (d); before day 0 those of day 0."""
    levels = get_replete_levels(parameters, sex)
    for name in LEVELS:
        points = getattr(settings.levels, name)
        if points is not None:
            levels[name] = compute_series(points, max(time, 0.0))
    return levels


def compute_derived_levels(
    levels: dict[str, float], reference: dict[str, float], estradiol: float, parameters: Parameters
) -> dict[str, float]:
    """Return ``sex_steroid_loss`` and ``oxidative_stress``.

    Parameters
    ----------
    levels
        Serum levels in their assays' units, and ``age`` (y).
    reference
        Replete serum levels, in the same units.
    estradiol
        Estradiol that cells see, serum and local, on the serum scale (pg/mL).

    Returns
    -------
    dict
        Loss 0..1; excess of oxidative stress over the young adult (1).
    """
    p = parameters
    estrogen = _compute_loss(estradiol, reference["estradiol"], "estradiol", p)
    androgen = _compute_loss(levels["testosterone"], reference["testosterone"], "testosterone", p)
    glucocorticoid = compute_hill(
        levels["glucocorticoid"], p["hormones.oxidative_stress.glucocorticoid_half"], 1.0
    )
    years = max(0.0, levels["age"] - p["hormones.reference.age"])
    stress = (
        p["hormones.oxidative_stress.from_estrogen_loss"] * estrogen
        + p["hormones.oxidative_stress.from_androgen_loss"] * androgen
        + p["hormones.oxidative_stress.from_age"] * years
        + p["hormones.oxidative_stress.from_glucocorticoid"] * glucocorticoid
    )
    return {"sex_steroid_loss": estrogen * androgen, "oxidative_stress": stress}


def _compute_loss(level: float, reference: float, steroid: str, parameters: Parameters) -> float:
    half = parameters[f"hormones.steroid.{steroid}_half"]
    power = parameters[f"hormones.steroid.{steroid}_hill"]
    full = compute_hill(reference, half, power)
    return max(0.0, full - compute_hill(level, half, power))
