"""What a run will cost, and how far chance alone will move its outcome."""

import math

THROUGHPUT = 700.0
"""mm^3-years per core-hour that the estimate of time counts on (`make bench` measures it)."""

START = 2.0
"""Time (s) that a run takes to begin and to end, kernels compiled: what a tiny one mostly costs."""

DAY = 2e-3
"""Time (s) of a day however small the bone is: a hundred calls of kernels (16^3 voxels, nearly idle)."""

NOISE: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "bv_tv_change": ((2.1, 2.7), (7.1, 0.6)),
    "turnover": ((2.1, 26.0), (7.1, 13.0)),
}
"""Measured (volume in mm^3, standard deviation in %) of one year's change of BV/TV and of the
yearly turnover at two volumes, over structures under constant hormones (``benchmarks/noise.py``)."""

UNDER_LOSS = 1.6
"""Factor on the noise of BV/TV while bone is being lost."""


def compute_noise(metric: str, volume: float) -> float:
    """Return the standard deviation (%) between single runs over one year.

    A power law through the two volumes of :data:`NOISE`; outside them it follows the square root of
    the volume, as independent sites do.

    Parameters
    ----------
    metric
        A key of :data:`NOISE`.
    volume
        Tissue volume (mm^3).
    """
    (small, high), (large, low) = NOISE[metric]
    if volume <= small:
        return high * math.sqrt(small / volume)
    if volume >= large:
        return low * math.sqrt(large / volume)
    power = math.log(high / low) / math.log(large / small)
    return high * math.pow(small / volume, power)


def count_seeds(volume: float, change: float, precision: float) -> int:
    """Return the seeds an arm needs so that a change of BV/TV has the asked-for standard error.

    The difference of two arms is what is measured, so the variances of both add up.

    Parameters
    ----------
    volume
        Tissue volume (mm^3).
    change
        Expected change (%).
    precision
        Standard error as a fraction of it.
    """
    deviation = UNDER_LOSS * compute_noise("bv_tv_change", volume)
    return max(1, math.ceil(2.0 * (deviation / (precision * abs(change))) ** 2))


def compute_hours(volume: float, days: float) -> float:
    """Return the core-hours that a run of `days` of life of `volume` (mm^3) takes."""
    return volume * days / 365.25 / THROUGHPUT + (START + DAY * days) / 3600.0
