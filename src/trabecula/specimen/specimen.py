"""A piece of bone before it lives: fractions on a grid, and how they came about."""

from dataclasses import dataclass, field

from trabecula.base.codes import Sides
from trabecula.base.columns import Array


@dataclass
class Specimen:
    """A trabecular structure.

    Parameters
    ----------
    fraction
        Shape (z, y, x), float32, bone fraction 0..1 of every voxel; bone from 0.5 on.
    voxel
        Edge of a voxel (um).
    sides
        What lies beyond the faces.
    report
        Every change made and every note, one readable line each.
    origin
        Where it comes from: the generator with its seed, or the image's file name.
    """

    fraction: Array
    voxel: float
    sides: Sides
    report: list[str] = field(default_factory=list)
    origin: str = ""
