"""Floor 5: reading results: series, windows, changes, summaries."""

from trabecula.analysis.load import load_results
from trabecula.analysis.results import Results, Series
from trabecula.analysis.sampling import compute_percent_change
from trabecula.analysis.sites import compute_periods, summarise_sites
from trabecula.analysis.summary import describe, summarise
from trabecula.analysis.windows import (
    compute_baseline,
    compute_end,
    compute_percent_of_baseline,
    compute_running_mean,
    compute_start,
    compute_window_mean,
    find_given,
)

__all__ = [
    "Results",
    "Series",
    "compute_baseline",
    "compute_end",
    "compute_percent_change",
    "compute_percent_of_baseline",
    "compute_periods",
    "compute_running_mean",
    "compute_start",
    "compute_window_mean",
    "describe",
    "find_given",
    "load_results",
    "summarise",
    "summarise_sites",
]
