"""What a generated structure is asked to be, and whether that can be."""

import math
from dataclasses import dataclass

from trabecula.base.errors import Problem, SpecimenError
from trabecula.config.names import ANISOTROPY_RANGE, BV_TV_RANGE

LEAST_VOXELS = 3.0
"""Voxels across a trabecula below which its surface is not resolved."""

LEAST_WIDTH = 3.0
"""Edge of the lattice over the thickness below which no structure fits."""

TINY_WIDTH = 8.0
"""Edge over thickness below which one sample need not meet thickness and anisotropy."""


@dataclass(frozen=True)
class Request:
    """Numbers of :func:`trabecula.specimen.make_specimen` (units there)."""

    shape: tuple[int, int, int]
    voxel: float
    bv_tv: float
    tb_th: float
    anisotropy: float
    seed: int

    @property
    def width(self) -> float:
        """Shortest edge of the lattice (um)."""
        return min(self.shape) * self.voxel

    @property
    def is_tiny(self) -> bool:
        """Whether the lattice is too small to hold a fair sample of the structure."""
        return self.width < TINY_WIDTH * self.tb_th


def check_request(request: Request) -> None:
    """Refuse what no structure can be.

    Raises
    ------
    SpecimenError
        With every mistake: where, found, allowed, what to do.
    """
    problems = _find_problems(request)
    if problems:
        raise SpecimenError.of(problems)


def _find_problems(request: Request) -> list[Problem]:
    if len(request.shape) != 3 or min(request.shape) < 1 or not request.voxel > 0:
        found = f"{request.shape} at {request.voxel:g} um"
        return [Problem("lattice", "lattice.shape", found, "three positive numbers of voxels")]
    problems = []
    low, high = BV_TV_RANGE
    if not low <= request.bv_tv <= high:
        problems.append(
            Problem("lattice", "lattice.bv_tv", f"{request.bv_tv:g}", f"{low:g} to {high:g}")
        )
    low, high = ANISOTROPY_RANGE
    if not low <= request.anisotropy <= high:
        found = f"{request.anisotropy:g}"
        problems.append(Problem("lattice", "lattice.anisotropy", found, f"{low:g} to {high:g}"))
    least, most = LEAST_VOXELS * request.voxel, request.width / LEAST_WIDTH
    if not least <= request.tb_th <= most:
        allowed = f"{least:g} um (three voxels) to {most:g} um (a third of the shortest edge)"
        hint = "choose smaller voxels"
        if request.tb_th > most:
            edge = math.ceil(LEAST_WIDTH * request.tb_th / request.voxel)
            hint = f"lattice.shape of {edge} voxels or more along each edge holds it"
        found = f"{request.tb_th:g} um"
        problems.append(Problem("lattice", "lattice.tb_th", found, allowed, hint))
    return problems
