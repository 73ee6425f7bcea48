"""What a virtual population predicts: intervals of outcomes and series, of every side of a design."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trabecula.base.columns import Array
from trabecula.base.errors import InputError
from trabecula.config.names import find_nearest
from trabecula.model.metrics import METRICS
from trabecula.study.cohort import LEVEL, Cohort
from trabecula.study.predictive import Prediction, predict

PATIENTS, BOTH = "patients", "patients_and_parameters"
"""What an interval is over: patients with the table's own parameters, or draws of these as well."""


class Side(NamedTuple):
    """One side of a design: a point, or the difference of a point from the first.

    Parameters
    ----------
    point
        Number of the point.
    label
        The point in words.
    against
        The point that is subtracted patient by patient, in words; empty if none is.
    """

    point: int
    label: str
    against: str

    def take(self, values: Array) -> Array:
        """Return the values of this side.

        Parameters
        ----------
        values
            Shape (point, ...), any unit.

        Returns
        -------
        ndarray
            Shape (...), in the same unit.
        """
        own: Array = values[self.point]
        return own - values[0] if self.against else own


def list_sides(cohort: Cohort) -> list[Side]:
    """Return the points of a design, then their differences from the first."""
    labels = cohort.labels
    plain = [Side(point, label, "") for point, label in enumerate(labels)]
    return plain + [Side(point, label, labels[0]) for point, label in enumerate(labels) if point]


def list_spreads(values: Array) -> Iterator[tuple[str, Array]]:
    """Yield what an interval may be over, with the runs that count.

    Parameters
    ----------
    values
        Shape (draw, patient, ...), any unit.

    Yields
    ------
    tuple
        A spread, and its values, shape (draw, patient, ...), in the same unit.
    """
    yield PATIENTS, values[:1]
    if len(values) > 1:
        yield BOTH, values[1:]


class Course(NamedTuple):
    """Predictive intervals of a series over time.

    Parameters
    ----------
    key, kind
        The series, and what it is read as.
    spread
        :data:`PATIENTS` or :data:`BOTH`.
    time
        Shape (time,), d.
    prediction
        Of each moment, in the unit of the series or %.
    """

    side: Side
    key: str
    kind: str
    spread: str
    time: Array
    prediction: Prediction

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return METRICS[self.key].unit if self.kind == LEVEL else "%"


def check_series(keys: Sequence[str], option: str = "--key") -> None:
    """Insist on series that there are.

    Raises
    ------
    InputError
        If one is unknown.
    """
    for key in keys:
        if key not in METRICS:
            hint = find_nearest(key, list(METRICS))
            msg = f"{option}: found {key!r}; allowed: a key of /series in results.h5; {hint}"
            raise InputError(msg.rstrip("; "))


def predict_series(cohort: Cohort, keys: Sequence[str], every: float) -> list[Course]:
    """Return the predictive intervals of series, for every side and spread.

    Parameters
    ----------
    every
        Interval of the moments (d).

    Raises
    ------
    InputError
        If a series is unknown.
    """
    check_series(keys)
    courses = []
    for key in keys:
        time, kinds = cohort.read_series(key, every)
        for kind, values in kinds.items():
            for side in list_sides(cohort):
                for spread, part in list_spreads(side.take(values)):
                    courses.append(Course(side, key, kind, spread, time, predict(part)))
    return courses
