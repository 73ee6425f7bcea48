"""How much of the spread of an outcome is of what: patients, parameters that are not known, chance.

A two-way layout with random effects: every patient under every draw of the parameters, with one life
or several. By the law of total variance, the variance of a new life of a new patient under a new draw
is that of the draws' means, of patients within a draw, and of lives of a patient. Components are those
of Henderson's first method (expected mean squares); errors are a jackknife over draws and patients.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from trabecula.base.columns import Array


class Parts(NamedTuple):
    """Components of a variance, in the square of the outcome's unit; NaN where they cannot be told.

    Parameters
    ----------
    parameters
        Between draws of the uncertain parameters.
    patients
        Between patients, whatever the draw.
    interaction
        Patients who answer differently to other parameters.
    chance
        Between lives of a patient; needs two lives or more.
    together
        What interaction and chance are together where one life cannot tell them apart; without
        uncertain parameters, patients and chance.
    """

    parameters: float
    patients: float
    interaction: float
    chance: float
    together: float

    @property
    def total(self) -> float:
        """Variance of a new life of a new patient (square of the outcome's unit)."""
        known = [part for part in self if np.isfinite(part)]
        return float(sum(known)) if known else float("nan")

    def to_shares(self) -> "Parts":
        """Return every component as a share (0..1) of the total; NaN if nothing varies."""
        total = self.total
        return Parts(*(part / total if total > 0 else float("nan") for part in self))


NAN = float("nan")
UNKNOWN = Parts(NAN, NAN, NAN, NAN, NAN)


def split_variance(values: Array) -> Parts:
    """Return the components of the variance of an outcome; a negative estimate counts as 0.

    Parameters
    ----------
    values
        Outcome, any unit, shape (draw, patient, life), without NaN.
    """
    draws, patients, lives = values.shape
    if patients < 2:
        return UNKNOWN
    cell = values.mean(axis=2)
    within = NAN
    if lives > 1:
        within = float(values.var(axis=2, ddof=1).mean())
    if draws < 2:
        between = float(cell[0].var(ddof=1))
        if lives < 2:
            return Parts(NAN, NAN, NAN, NAN, between)
        return Parts(NAN, max(between - within / lives, 0.0), NAN, within, NAN)
    by_draw, by_patient = cell.mean(axis=1), cell.mean(axis=0)
    rest = cell - by_draw[:, None] - by_patient[None, :] + cell.mean()
    crossed = float((rest**2).sum()) / ((draws - 1) * (patients - 1))
    of_draws = max(float(by_draw.var(ddof=1)) - crossed / patients, 0.0)
    of_patients = max(float(by_patient.var(ddof=1)) - crossed / draws, 0.0)
    if lives < 2:
        return Parts(of_draws, of_patients, NAN, NAN, crossed)
    return Parts(of_draws, of_patients, max(crossed - within / lives, 0.0), within, NAN)


def estimate_shares(values: Array) -> tuple[Parts, Parts]:
    """Return the shares (0..1) of every component, and the standard errors (0..1) of these shares.

    Parameters
    ----------
    values
        Outcome, any unit, shape (draw, patient, life), without NaN.
    """
    shares = split_variance(values).to_shares()
    if values.shape[1] < 3:
        return shares, UNKNOWN
    variance = _jackknife(values, 1, lambda kept: split_variance(kept).to_shares())
    if values.shape[0] > 2:
        variance = variance + _jackknife(values, 0, lambda kept: split_variance(kept).to_shares())
    elif values.shape[0] == 2:
        variance = np.full(len(shares), np.nan)
    return shares, Parts(*(float(value) for value in np.sqrt(variance)))


def _jackknife(values: Array, axis: int, compute: Callable[[Array], Parts]) -> Array:
    """Return the variance of an estimate when one draw or patient after another is left out."""
    count = values.shape[axis]
    found = np.array([compute(np.delete(values, left, axis=axis)) for left in range(count)])
    result: Array = (count - 1) / count * ((found - found.mean(axis=0)) ** 2).sum(axis=0)
    return result
