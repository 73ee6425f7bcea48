"""Predictive intervals: where a new patient of the same population will lie.

Quantiles are those of Weibull's plotting positions, rank / (n + 1): between the i-th and the j-th of n
patients a new one lies with probability (j - i) / (n + 1), whatever the distribution (a rank that is
not whole is interpolated, which is nearly that). Lives of one patient are no further patients: each
life has its own quantiles, across patients, and these are averaged. Where patients are alike but for
chance, the interval then holds somewhat more than it says. No interval of n patients holds more than
(n - 1) / (n + 1): with fewer than 19 the outer one is that from the least to the largest, and says how
much it holds.
"""

from typing import NamedTuple

import numpy as np

from trabecula.base.columns import Array

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles: the ends of the 90 % and the 50 % interval, and the median."""

FEWEST = 3
"""Patients below which nothing is said."""


class Prediction(NamedTuple):
    """Predictive intervals of an outcome.

    Parameters
    ----------
    quantiles
        At the shares of :data:`SHARES`, shape (5, ...), in the unit of the outcome; NaN with fewer
        than three patients.
    patients
        Patients that were counted, shape (...).
    left_out
        Patients of which a run is missing or has no such outcome, shape (...).
    """

    quantiles: Array
    patients: Array
    left_out: Array


def predict(values: Array) -> Prediction:
    """Return the predictive intervals of outcomes.

    Parameters
    ----------
    values
        Shape (draw, patient, life, ...), any unit; NaN where a run has no outcome. A patient who lacks
        one is left out with all lives, so that every draw counts the same patients.
    """
    rest = values.shape[3:]
    flat = values.reshape(*values.shape[:3], -1)
    whole = np.isfinite(flat).all(axis=(0, 2))
    count = whole.sum(axis=0)
    quantiles = np.full((len(SHARES), flat.shape[3]), np.nan)
    for column in np.flatnonzero(count >= FEWEST):
        kept = flat[:, whole[:, column], :, column]
        each = np.quantile(kept, SHARES, axis=(0, 1), method="weibull")
        quantiles[:, column] = each.mean(axis=1)
    return Prediction(
        quantiles.reshape(len(SHARES), *rest), count.reshape(rest),
        (flat.shape[1] - count).reshape(rest),
    )  # fmt: skip


def find_cover(asked: float, patients: int, draws: int | None = None) -> float:
    """Return the share (0..1) of new patients that an interval is expected to hold.

    Parameters
    ----------
    asked
        Share (0..1) that was asked for.
    patients, draws
        How many; the fewer count, as if they decided alone. Draws are None where the parameters are
        the table's own.
    """
    fewest = patients if draws is None else min(patients, draws)
    return max(0.0, min(asked, (fewest - 1) / (fewest + 1)))
