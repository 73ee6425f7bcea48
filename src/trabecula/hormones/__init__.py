"""Floor 3: serum levels and doses become signals on cells and ligands."""

from trabecula.hormones.course import Course, find_course, has_course, make_course
from trabecula.hormones.exposure import Exposure, make_exposure
from trabecula.hormones.idle import is_idle_when_replete, rest_signals
from trabecula.hormones.levels import compute_series, get_replete_levels
from trabecula.hormones.response import compute_hill, compute_multiplier
from trabecula.hormones.step import (
    compute_age,
    compute_present_blockade,
    compute_present_levels,
    is_replete,
    list_doses,
    make_signals,
    step_signals,
)
from trabecula.hormones.visits import describe_visits, find_unmet

__all__ = [
    "Course",
    "Exposure",
    "compute_age",
    "compute_hill",
    "compute_multiplier",
    "compute_present_blockade",
    "compute_present_levels",
    "compute_series",
    "describe_visits",
    "find_course",
    "find_unmet",
    "get_replete_levels",
    "has_course",
    "is_idle_when_replete",
    "is_replete",
    "list_doses",
    "make_course",
    "make_exposure",
    "make_signals",
    "rest_signals",
    "step_signals",
]
