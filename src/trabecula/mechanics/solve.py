"""A loaded lattice: from its stiffness to forces and strain energy."""

from dataclasses import dataclass, field

import numpy as np

from trabecula.base.codes import Lateral
from trabecula.base.columns import Array
from trabecula.base.errors import SolverError
from trabecula.kernels.strain import fill_energy
from trabecula.mechanics.conjugate import Equilibrium, Progress
from trabecula.mechanics.cycle import Cycle
from trabecula.mechanics.loading import LoadCase, find_loaded
from trabecula.mechanics.mesh import compute_lame, make_meshes

BALANCE = 20.0
"""Largest mismatch of energy and work, and of the forces at both platens, over the tolerance."""


@dataclass
class Response:
    """What a lattice answers to a mean strain of 1 along an axis; lengths in voxel edges.

    Parameters
    ----------
    energy
        Strain energy (MPa voxel).
    force
        Force at the platens (MPa face).
    density
        Shape (z, y, x), MPa: strain energy density at the centre of every voxel; 0 where there is
        no loaded bone.
    displacement
        Shape (component, z + 1, y + 1, x + 1), float32: departure from uniform strain, voxel edges.
    """

    axis: int
    energy: float
    force: float
    density: Array
    displacement: Array
    progress: Progress = field(default_factory=Progress)

    def compute_modulus(self) -> float:
        """Return the apparent modulus along the axis (MPa): energy at unit strain, doubled."""
        return 2.0 * self.energy / self.density.size


class LoadedLattice:
    """A lattice between platens; meshes and cycle are made once for all load cases that share them.

    Parameters
    ----------
    modulus
        Shape (z, y, x), MPa; 0: nothing there.
    poisson
        Poisson's ratio (1).
    lateral
        What holds the specimen across its load.
    axes
        Axes that will be loaded. With sides that are not mirrored every axis needs a lattice of
        its own.
    """

    def __init__(
        self, modulus: Array, poisson: float, lateral: Lateral, axes: tuple[int, ...]
    ) -> None:
        if len(axes) > 1 and lateral != Lateral.MIRRORED:
            msg = "several axes share a mesh only between mirrored sides"
            raise ValueError(msg)
        self.shape = modulus.shape
        loaded = find_loaded(modulus > 0, axes)
        self.modulus: Array = np.where(loaded, modulus, 0).astype(np.float32)
        self.is_empty = not bool(loaded.any())
        self._lame = compute_lame(poisson)
        if self.is_empty:
            return
        rules = LoadCase(axes[0], lateral).make_rules()
        self.meshes, self._places = make_meshes(self.modulus, poisson, rules)
        self._equilibrium = Equilibrium(self.meshes[0], Cycle(self.meshes))

    def _make_uniform(self, axis: int) -> Array:
        """Return the displacements of unit strain along `axis`, shape (node, component)."""
        u = np.zeros((len(self._places), 3))
        u[:, axis] = np.unravel_index(self._places, tuple(n + 1 for n in self.shape))[axis]
        return u

    def solve(self, axis: int, tolerance: float, start: Array | None = None) -> Response:
        """Strain the lattice by 1 along `axis`.

        Parameters
        ----------
        tolerance
            Largest residual relative to that of uniform strain, and largest relative fall of the
            energy that is left (1).
        start
            Departure from uniform strain to start from, as in :class:`Response`.

        Raises
        ------
        SolverError
            If there is no equilibrium, or if energy, work and reactions contradict each other.
        """
        nodes = tuple(n + 1 for n in self.shape)
        if self.is_empty:
            nothing = np.zeros((3, *nodes), np.float32)
            return Response(axis, 0.0, 0.0, np.zeros(self.shape, np.float32), nothing)
        uniform = self._make_uniform(axis)
        u = uniform.copy()
        free = self.meshes[0].free.reshape(-1, 3)
        if start is not None:
            u += start.reshape(3, -1).T[self._places] * free
        flat = u.reshape(-1)
        progress = self._equilibrium.relax(flat, uniform.reshape(-1), tolerance)
        forces = self._equilibrium.compute_forces(flat).reshape(-1, 3)
        energy = 0.5 * float(np.vdot(u, forces))
        force = self._check(axis, uniform, forces, energy, tolerance)
        displacement = np.zeros((3, nodes[0] * nodes[1] * nodes[2]), np.float32)
        displacement[:, self._places] = (u - uniform).T
        return Response(
            axis, energy, force, self._make_density(flat),
            displacement.reshape((3, *nodes)), progress,
        )  # fmt: skip

    def _check(
        self, axis: int, uniform: Array, forces: Array, energy: float, tolerance: float
    ) -> float:
        """Return the force at the upper platen; it must balance the lower one and do the work."""
        length = self.shape[axis]
        low = float(forces[uniform[:, axis] == 0, axis].sum())
        high = float(forces[uniform[:, axis] == length, axis].sum())
        voigt = float(self.modulus.sum(dtype=np.float64))
        allowed = BALANCE * tolerance * abs(high)
        if abs(low + high) > allowed or abs(high * length - 2.0 * energy) > allowed * length:
            msg = (
                f"mechanics: the load along axis {'zyx'[axis]} is out of balance: force {high:.6g} "
                f"at one platen, {low:.6g} at the other, twice the energy per length "
                f"{2.0 * energy / length:.6g} MPa faces; allowed {allowed:.2g} apart; use a smaller "
                f"mechanics.tolerance"
            )
            raise SolverError(msg)
        if not 0.0 <= energy <= voigt:
            msg = f"mechanics: energy {energy:.6g} is outside 0 .. {voigt:.6g} of uniform strain"
            raise SolverError(msg)
        return high

    def _make_density(self, u: Array) -> Array:
        mesh = self.meshes[0]
        values = np.empty(len(mesh.corners))
        fill_energy(u, mesh.corners, mesh.moduli, self._lame, values)
        density = np.zeros(self.modulus.size, np.float32)
        density[mesh.places] = values
        return density.reshape(self.shape)
