"""What a body is exposed to: its own glands by sex and age, and what is measured, blocked or given."""

from dataclasses import dataclass

from trabecula.config.parameters import Parameters
from trabecula.config.schema import Config, HormoneSettings
from trabecula.hormones.course import Course, find_course


@dataclass(frozen=True)
class Exposure:
    """All that decides the levels of a moment but the moment itself.

    Parameters
    ----------
    settings
        Levels, blockades and doses as given.
    parameters
        The parameter table.
    sex
        ``female`` or ``male``.
    age
        Age of the patient on day 0 (y).
    course
        Levels that follow from the patient's glands and protocol; a series in `settings` overrides
        its level.
    replete
        Whether the young-adult levels of the sex hold instead, and nothing is given.
    settle
        Days before day 0 that the bone lives under the patient's levels (d).
    """

    settings: HormoneSettings
    parameters: Parameters
    sex: str
    age: float
    course: Course | None = None
    replete: bool = False
    settle: float = 0.0


def make_exposure(config: Config, *, replete: bool = False) -> Exposure:
    """Return the exposure of a configuration's patient; a course is computed where one is needed."""
    course = None if replete else find_course(config)
    patient = config.patient
    return Exposure(
        config.hormones, config.parameters, patient.sex, patient.age, course, replete, config.settle
    )
