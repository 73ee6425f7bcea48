"""The table of biological numbers: one file per room, every row with range and source."""

from trabecula.config.parameters.row import Row
from trabecula.config.parameters.table import (
    ROOMS,
    Parameters,
    find_disorder,
    find_override_problems,
    load_parameters,
)

__all__ = [
    "ROOMS",
    "Parameters",
    "Row",
    "find_disorder",
    "find_override_problems",
    "load_parameters",
]
