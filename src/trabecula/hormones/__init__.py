"""Floor 3: serum levels and doses become signals on cells and ligands."""

from trabecula.hormones.levels import compute_series, get_replete_levels
from trabecula.hormones.response import compute_hill, compute_multiplier
from trabecula.hormones.step import is_replete, make_signals, step_signals

__all__ = [
    "compute_hill",
    "compute_multiplier",
    "compute_series",
    "get_replete_levels",
    "is_replete",
    "make_signals",
    "step_signals",
]
