"""Mechanics: the strain that load makes in every voxel, by voxel finite elements."""

from trabecula.mechanics.material import compute_modulus
from trabecula.mechanics.measure import measure_loading
from trabecula.mechanics.metrics import METRICS
from trabecula.mechanics.solve import LoadedLattice, Response
from trabecula.mechanics.specimen import MechanicalTest, measure_mechanics
from trabecula.mechanics.step import (
    Load,
    compute_strain,
    compute_stress,
    forget_load,
    halve,
    step_mechanics,
)

__all__ = [
    "METRICS",
    "Load",
    "LoadedLattice",
    "MechanicalTest",
    "Response",
    "compute_modulus",
    "compute_strain",
    "compute_stress",
    "forget_load",
    "halve",
    "measure_loading",
    "measure_mechanics",
    "step_mechanics",
]
