"""Floor 3: what a bone biologist measures on a lattice."""

from trabecula.morphometry.anisotropy import measure_anisotropy, measure_axial_ratio
from trabecula.morphometry.components import (
    compute_largest_component_share,
    count_networks,
    keep_largest_component,
    purify,
)
from trabecula.morphometry.metrics import METRICS, Metric
from trabecula.morphometry.structure import measure_structure
from trabecula.morphometry.thickness import compute_local_thickness, measure_thickness

__all__ = [
    "METRICS",
    "Metric",
    "compute_largest_component_share",
    "compute_local_thickness",
    "count_networks",
    "keep_largest_component",
    "measure_anisotropy",
    "measure_axial_ratio",
    "measure_structure",
    "measure_thickness",
    "purify",
]
