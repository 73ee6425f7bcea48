"""Quasi-steady masked reaction-diffusion: div(D grad c) - k c + s = 0, no flux into bone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import SolverError
from trabecula.fields.hierarchy import Hierarchy
from trabecula.kernels.multigrid import (
    compute_residual_level,
    compute_residual_level_parallel,
    prolong_level,
    restrict_all,
    sawtooth,
    smooth_level,
    smooth_level_parallel,
)
from trabecula.kernels.stencil import (
    invert_diagonal,
    prolong_fine,
    restrict_decay,
    restrict_residual_fine,
    smooth_fine,
)

TOLERANCE = 1e-2
MAX_CYCLES = 400
SERIAL_BLOCKS = 40_000
"""Levels of fewer blocks are swept by one thread: starting a second one would cost more."""


@dataclass(frozen=True)
class Outcome:
    """How a solve went.

    Parameters
    ----------
    cycles
        Multigrid cycles spent; 0 if the warm start was under tolerance.
    residual
        Root mean square of the residual over that of the source, 1.
    imbalance
        Absolute sum of the residual over the sum of the source, 1: what the budget lacks.
    """

    cycles: int
    residual: float
    imbalance: float


def _measure(sums: Array) -> tuple[float, float]:
    total = sums.sum(axis=0, dtype=np.float64)
    if total[2] == 0.0:
        return (0.0, 0.0) if total[0] == 0.0 else (np.inf, np.inf)
    balance = abs(total[1]) / abs(total[3]) if total[3] != 0.0 else 0.0
    return float(np.sqrt(total[0] / total[2])), float(balance)


def _iterate(
    name: str,
    measure: Callable[[], Array],
    correct: Callable[[], None],
    tolerance: float,
    max_cycles: int,
) -> Outcome:
    residual = imbalance = np.inf
    for cycle in range(max_cycles + 1):
        residual, imbalance = _measure(measure())
        if max(residual, imbalance) <= tolerance:
            return Outcome(cycle, residual, imbalance)
        if not np.isfinite(residual) and cycle > 0:
            break
        if cycle < max_cycles:
            correct()
    msg = (
        f"{name}: residual {residual:.3g}, imbalance {imbalance:.3g} of the source after "
        f"{max_cycles} cycles, not below {tolerance:g}"
    )
    raise SolverError(msg)


def _sweep(smooth: Callable[..., None], args: tuple[object, ...], count: int, wraps: bool) -> None:
    """Sweep both colours twice; on an odd periodic side the last slab goes by itself."""
    for _ in range(2):
        for colour in (0, 1):
            if wraps and count % 2 == 1 and count > 1:
                smooth(*args, colour, 0, count - 1)
                smooth(*args, colour, count - 1, count)
            else:
                smooth(*args, colour, 0, count)


def _correct_levels(hierarchy: Hierarchy, g: np.float32, first: int) -> None:
    """Solve the correction on levels first and below; residual of `first` is already there."""
    tail = first
    while hierarchy.offsets[tail + 1] - hierarchy.offsets[tail] > SERIAL_BLOCKS:
        tail += 1
    restrict_all(hierarchy.shapes[first:], hierarchy.offsets[first:], hierarchy.residual)
    sawtooth(
        hierarchy.shapes,
        hierarchy.offsets,
        hierarchy.error,
        hierarchy.residual,
        hierarchy.decay,
        hierarchy.faces,
        g,
        tail,
    )
    for level in range(tail - 1, first - 1, -1):
        error = hierarchy.view(hierarchy.error, level)
        prolong_level(hierarchy.view(hierarchy.error, level + 1), error)
        args = (
            error,
            hierarchy.view(hierarchy.residual, level),
            hierarchy.view(hierarchy.decay, level),
            hierarchy.view_faces(level),
            np.float32(g * 0.25**level),
        )
        _sweep(smooth_level_parallel, args, error.shape[0], hierarchy.grid.periodic)


def solve_coarse(
    hierarchy: Hierarchy,
    concentration: Array,
    refresh: Callable[[Array], Array],
    diffusion: float,
    name: str,
    tolerance: float = TOLERANCE,
    max_cycles: int = MAX_CYCLES,
) -> Outcome:
    """Solve one species on the grid twice as coarse, in place.

    Parameters
    ----------
    concentration
        Shape (z, y, x) of the coarse grid, float32, pM: the warm start, then the solution.
    refresh
        Writes the decay times pore share (1/d) of the present iterate into the array it is given,
        and returns the source (pM/d per whole block); called before each cycle (Newton).
    diffusion
        Diffusion coefficient (um^2/d).
    name
        Species, for the error message.

    Raises
    ------
    SolverError
        If residual and imbalance are not under `tolerance` after `max_cycles`.
    """
    g = np.float32(diffusion / (4.0 * hierarchy.grid.voxel**2))
    decay, faces = hierarchy.view(hierarchy.decay, 0), hierarchy.view_faces(0)
    count = concentration.shape[0]
    sums = np.zeros((count, 4))
    rhs = [concentration]
    is_small = concentration.size <= SERIAL_BLOCKS
    compute = compute_residual_level if is_small else compute_residual_level_parallel
    smooth = smooth_level if is_small else smooth_level_parallel

    def measure() -> Array:
        rhs[0] = refresh(decay)
        residual = hierarchy.view(hierarchy.residual, 0)
        compute(concentration, rhs[0], decay, faces, g, residual, sums)
        return sums

    def correct() -> None:
        restrict_all(hierarchy.shapes, hierarchy.offsets, hierarchy.decay)
        if len(hierarchy.shapes) > 1:
            restrict_all(hierarchy.shapes, hierarchy.offsets, hierarchy.residual)
            _correct_levels(hierarchy, g, 1)
            concentration[...] += _spread(hierarchy, concentration.shape)
        _sweep(smooth, (concentration, rhs[0], decay, faces, g), count, hierarchy.grid.periodic)

    return _iterate(name, measure, correct, tolerance, max_cycles)


def _spread(hierarchy: Hierarchy, shape: tuple[int, ...]) -> Array:
    fine = hierarchy.view(hierarchy.error, 0)
    prolong_level(hierarchy.view(hierarchy.error, 1), fine)
    fine *= hierarchy.coarse_pore > 0
    return fine


def solve_fine(
    hierarchy: Hierarchy,
    concentration: Array,
    source: Array,
    decay: Array,
    diffusion: float,
    name: str,
    tolerance: float = TOLERANCE,
    max_cycles: int = MAX_CYCLES,
) -> Outcome:
    """Solve one species on the lattice itself, in place.

    Parameters
    ----------
    concentration
        Shape (z, y, x), float32, pM: the warm start, then the solution; 0 in bone.
    source
        Shape (z, y, x), float32, pM/d, 0 in bone.
    decay
        Shape (z, y, x), float32, 1/d, 0 in bone; overwritten.
    diffusion
        Diffusion coefficient (um^2/d).
    name
        Species, for the error message.

    Raises
    ------
    SolverError
        If residual and imbalance are not under `tolerance` after `max_cycles`.
    """
    g = np.float32(diffusion / hierarchy.grid.voxel**2)
    bits, count = hierarchy.bits, concentration.shape[0]
    sums = np.zeros((hierarchy.shapes[0][0], 4))
    inverse = decay
    invert_diagonal(bits, g, inverse)
    restricted = False

    def measure() -> Array:
        residual = hierarchy.view(hierarchy.residual, 0)
        restrict_residual_fine(concentration, source, inverse, bits, g, residual, sums)
        return sums

    def correct() -> None:
        nonlocal restricted
        if not restricted:
            restrict_decay(bits, g, inverse, hierarchy.view(hierarchy.decay, 0))
            restrict_all(hierarchy.shapes, hierarchy.offsets, hierarchy.decay)
            restricted = True
        _correct_levels(hierarchy, np.float32(0.25 * g), 0)
        prolong_fine(hierarchy.view(hierarchy.error, 0), bits, concentration)
        args = (concentration, source, inverse, bits, g)
        _sweep(smooth_fine, args, count, hierarchy.grid.periodic)

    return _iterate(name, measure, correct, tolerance, max_cycles)
