"""Conjugate gradients with the multigrid cycle, in float32, on residuals taken in float64."""

from dataclasses import dataclass, field

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import SolverError
from trabecula.kernels.krylov import advance, turn
from trabecula.mechanics.cycle import Cycle
from trabecula.mechanics.mesh import Mesh
from trabecula.mechanics.vectors import compute_dot

DELAY = 4
"""Iterations over which the fall of the energy tells how far it still is from its minimum."""

MOST_ITERATIONS, MOST_ROUNDS = 2000, 12
ROUNDING = 1e-8
"""Residual, relative to the forces at the platens, that is nothing."""

LEAST = 1e-14
"""Residual, relative to the forces at the platens, below which float64 cannot bring it."""

IDLE = 50
"""Steps without a smaller residual after which directions in float32 are taken to be lost; the
next round begins from the true residual. A softly hung strut, started from where it was, needs it."""

ROUND = 1e-5
"""Reduction of the residual in one round of float32, at which it ends even if the energy still
falls: what is left is soon noise, whose directions lead nowhere."""


@dataclass
class Progress:
    """How a solve went.

    Parameters
    ----------
    iterations
        Conjugate gradient steps, all rounds together.
    residual
        True residual in float64, relative to that of uniform strain, 1.
    energy_fall
        Last relative fall of the energy over :data:`DELAY` iterations, 1.
    falls
        Fall of the energy in every iteration (MPa voxel), after an infinite one.
    """

    iterations: int = 0
    residual: float = np.inf
    energy_fall: float = np.inf
    falls: list[float] = field(default_factory=lambda: [float("inf")], repr=False)


class Equilibrium:
    """Displacements at which no free node feels a force.

    Parameters
    ----------
    mesh, cycle
        The finest mesh, and the multigrid cycle over it and the coarser ones.
    """

    def __init__(self, mesh: Mesh, cycle: Cycle) -> None:
        self._mesh, self._cycle = mesh, cycle
        self._force = np.empty(mesh.size)

    def compute_forces(self, u: Array) -> Array:
        """Return the forces (MPa face) of the displacements `u`, flat (node, component); a view.

        Parameters
        ----------
        u
            Flat (node, component), float64, edges of a voxel.
        """
        self._mesh.press(u, self._force)
        return self._force

    def _compute_scale(self, uniform: Array, tolerance: float) -> float:
        """Return the size of the residual of uniform strain, or rounding where that is exact."""
        forces = self.compute_forces(uniform)
        free = forces * self._mesh.free
        floor = max(ROUNDING, LEAST / tolerance) * np.sqrt(compute_dot(forces, forces))
        return float(max(np.sqrt(compute_dot(free, free)), floor))

    def relax(self, u: Array, uniform: Array, tolerance: float) -> Progress:
        """Move the free components of `u` (float64, changed in place) into equilibrium.

        Stops when the residual is below `tolerance` of that of the `uniform` displacement and the
        energy has all but stopped falling: a residual alone is blind to soft, far reaching errors.

        Parameters
        ----------
        u
            Flat (node, component), float64, edges of a voxel.
        uniform
            Flat (node, component), float64, edges of a voxel: uniform strain.
        tolerance
            Largest residual relative to that of `uniform` (1).

        Raises
        ------
        SolverError
            If it does not converge.
        """
        scale = self._compute_scale(uniform, tolerance)
        progress = Progress()
        rounds = 0
        while rounds < MOST_ROUNDS:
            forces = self.compute_forces(u)
            energy = 0.5 * compute_dot(u, forces)
            r = -forces * self._mesh.free
            size = float(np.sqrt(compute_dot(r, r)))
            progress.residual = size / scale if scale > 0 else 0.0
            if not np.isfinite(progress.residual):
                break
            done = progress.residual <= tolerance and progress.energy_fall <= tolerance
            if done or size == 0:
                progress.energy_fall = 0.0 if size == 0 else progress.energy_fall
                return progress
            if progress.iterations >= MOST_ITERATIONS:
                break
            least = max(tolerance * scale, ROUND * size)
            is_lost = self._descend(u, r, least, (energy, tolerance), progress)
            rounds += not is_lost  # one that lost its way is bounded by its steps
            if is_lost:
                progress.falls.append(np.inf)
        msg = (
            f"mechanics: no equilibrium after {progress.iterations} iterations: residual "
            f"{progress.residual:.2g} of that of uniform strain, energy still falling by "
            f"{progress.energy_fall:.2g}; allowed {tolerance:g}; try a larger mechanics.tolerance "
            f"or a finer lattice, whose struts are thicker than two voxels"
        )
        raise SolverError(msg)

    def _descend(
        self, u: Array, r: Array, target: float, goal: tuple[float, float], progress: Progress
    ) -> bool:
        """Add to `u` the correction that brings `r` below `target`; returns whether it lost its way."""
        mesh, falls = self._mesh, progress.falls
        energy, tolerance = goal
        b = r.astype(np.float32)
        x, z, ap = np.zeros_like(b), np.empty_like(b), np.empty_like(b)
        self._cycle.apply(b, z)
        p, rz = z.copy(), compute_dot(b, z)
        least, idle = float(np.sqrt(compute_dot(b, b))), 0
        dust = ROUND * least
        while progress.iterations < MOST_ITERATIONS:
            mesh.press(p, ap)
            curvature = compute_dot(p, ap)
            if not curvature > 0:
                break
            alpha = rz / curvature
            advance(p, ap, np.float32(alpha), mesh.inverse, x, b)
            progress.iterations += 1
            falls.append(0.5 * alpha * rz)
            energy -= falls[-1]
            progress.energy_fall = sum(falls[-DELAY:]) / energy if energy > 0 else 0.0
            size = np.sqrt(compute_dot(b, b))
            if not np.isfinite(size):
                break
            if size <= 0.9 * target and (progress.energy_fall <= tolerance or size <= dust):
                break
            least, idle = (float(size), 0) if size < least else (least, idle + 1)
            if idle >= IDLE:
                break
            self._cycle.apply(b, z)
            new = compute_dot(b, z)
            turn(z, np.float32(new / rz), p)
            rz = new
        u += x
        return idle >= IDLE
