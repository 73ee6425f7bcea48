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
    correct_level,
    invert_levels,
    prolong_level,
    relax_level,
    relax_level_parallel,
    restrict_all,
    sawtooth,
)
from trabecula.kernels.stencil import (
    invert_diagonal,
    prolong_fine,
    relax_fine,
    restrict_decay,
    restrict_residual_fine,
    sum_squares,
)

TOLERANCE = 1e-2
MAX_CYCLES = 400
SERIAL_BLOCKS = 40_000
"""Levels of fewer blocks are relaxed by one thread: starting a second one would cost more."""


def make_weights(count: int, least: float) -> Array:
    """Return weights (1), shape (count,), of Jacobi steps that together damp errors of stiffness
    `least` .. 2 most.

    Stiffness is relative to the diagonal; the weights are the inverse roots of Chebyshev's
    polynomial on that interval (Saad 2003, Iterative Methods for Sparse Linear Systems, 12.3).
    """
    roots = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    return (1.0 / (0.5 * (2.0 + least) - 0.5 * (2.0 - least) * roots)).astype(np.float32)


WEIGHTS = make_weights(4, 0.4)
"""Four steps cost less than six, which spare a fifth of the cycles; two need twice as many."""


@dataclass(frozen=True)
class Outcome:
    """How a solve went.

    Parameters
    ----------
    cycles
        Multigrid cycles spent; 0 if the warm start was under tolerance.
    residual
        Root mean square of the residual over that of the source, 1; before the cycle, if there
        was to be but one.
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
    once: bool,
) -> Outcome:
    residual = imbalance = np.inf
    for cycle in range(max_cycles + 1):
        residual, imbalance = _measure(measure())
        if max(residual, imbalance) <= tolerance:
            return Outcome(cycle, residual, imbalance)
        if not np.isfinite(residual) and (cycle > 0 or once):
            break
        if cycle < max_cycles:
            correct()
        if once:
            return Outcome(1, residual, imbalance)
    msg = (
        f"{name}: residual {residual:.3g}, imbalance {imbalance:.3g} of the source after "
        f"{max_cycles} cycles, not below {tolerance:g}"
    )
    raise SolverError(msg)


def _correct_levels(hierarchy: Hierarchy, g: np.float32, first: int) -> None:
    """Solve the correction on levels first and below; residual of `first` is already there."""
    h, tail = hierarchy, first
    while h.offsets[tail + 1] - h.offsets[tail] > SERIAL_BLOCKS:
        tail += 1
    restrict_all(h.shapes[first:], h.offsets[first:], h.residual)
    buffers = (h.error, h.spare, h.residual, h.inverse)
    sawtooth(h.shapes, h.offsets, buffers, h.faces, g, tail, WEIGHTS)
    for level in range(tail - 1, first - 1, -1):
        error, spare, residual, inverse = (h.view(flat, level) for flat in buffers)
        prolong_level(h.view(h.error, level + 1), error)
        args = (residual, inverse, h.view_faces(level), np.float32(g * 0.25**level))
        _relax(relax_level_parallel, error, args, spare)


def _relax(step: Callable[..., None], c: Array, args: tuple[object, ...], spare: Array) -> None:
    for first, second in zip(WEIGHTS[::2], WEIGHTS[1::2], strict=True):
        step(c, *args, first, spare)
        step(spare, *args, second, c)


def solve_coarse(
    hierarchy: Hierarchy,
    concentration: Array,
    refresh: Callable[[Array], Array],
    diffusion: float,
    name: str,
    tolerance: float = TOLERANCE,
    max_cycles: int = MAX_CYCLES,
    once: bool = False,
) -> Outcome:
    """Solve one species on the grid twice as coarse, in place; its source is nowhere negative.

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
    tolerance
        Residual and imbalance relative to the source at which it is solved (1).
    once
        Stop after one cycle, whatever is left: for a loss that changes before the next.

    Raises
    ------
    SolverError
        If residual and imbalance are not under `tolerance` after `max_cycles`, or are no numbers.
    """
    g = np.float32(diffusion / (4.0 * hierarchy.grid.voxel**2))
    h = hierarchy
    decay, faces, outlets = h.view(h.decay, 0), h.view_faces(0), h.view(h.outlets, 0)
    inverse, spare = h.view(h.inverse, 0), h.view(h.spare, 0)
    sums = np.zeros((concentration.shape[0], 4))
    rhs = [concentration]
    is_small = concentration.size <= SERIAL_BLOCKS
    compute = compute_residual_level if is_small else compute_residual_level_parallel
    relax = relax_level if is_small else relax_level_parallel

    def measure() -> Array:
        rhs[0] = refresh(decay)
        residual = h.view(h.residual, 0)
        compute(concentration, rhs[0], decay, faces, outlets, g, residual, sums)
        return sums

    def correct() -> None:
        restrict_all(h.shapes, h.offsets, h.decay)
        invert_levels(h.offsets, h.outlets, h.decay, g, 0, h.inverse)
        if len(h.shapes) > 1:
            restrict_all(h.shapes, h.offsets, h.residual)
            _correct_levels(h, g, 1)
            correct_level(concentration, h.view(h.error, 1), h.coarse_pore)
        _relax(relax, concentration, (rhs[0], inverse, faces, g), spare)

    outcome = _iterate(name, measure, correct, tolerance, max_cycles, once)
    np.maximum(concentration, 0, out=concentration)
    return outcome


def solve_fine(
    hierarchy: Hierarchy,
    concentration: Array,
    source: Array,
    decay: Array,
    diffusion: float,
    name: str,
    tolerance: float = TOLERANCE,
    max_cycles: int = MAX_CYCLES,
    once: bool = False,
) -> Outcome:
    """Solve one species on the lattice itself, in place; its source is nowhere negative.

    So neither is the solution: what the unfinished iteration has left below zero is cut.

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
    tolerance
        Residual and imbalance relative to the source at which it is solved (1).
    once
        Stop after one cycle, whatever is left: for a loss that changes before the next.

    Raises
    ------
    SolverError
        If residual and imbalance are not under `tolerance` after `max_cycles`, or are no numbers.
    """
    g = np.float32(diffusion / hierarchy.grid.voxel**2)
    bits = hierarchy.bits
    spare = np.empty_like(concentration)
    sums = np.zeros((hierarchy.shapes[0][0], 4))
    sum_squares(source, sums)
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
            h, quarter = hierarchy, np.float32(0.25 * g)
            invert_levels(h.offsets, h.outlets, h.decay, quarter, 0, h.inverse)
            restricted = True
        _correct_levels(hierarchy, np.float32(0.25 * g), 0)
        prolong_fine(hierarchy.view(hierarchy.error, 0), bits, concentration)
        _relax(relax_fine, concentration, (source, inverse, bits, g), spare)

    outcome = _iterate(name, measure, correct, tolerance, max_cycles, once)
    np.maximum(concentration, 0, out=concentration)
    return outcome
