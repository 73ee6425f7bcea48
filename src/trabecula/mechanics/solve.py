"""A loaded lattice: from its stiffness to forces and strain energy."""

import math
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


SHARPER = (1.0, 0.1, 0.01, 0.001)
"""Factors on the tolerance tried in turn: a soft bone's small force drowns in a coarse residual."""


@dataclass(frozen=True)
class Balance:
    """Forces along the axis at both platens and strain energy, which must agree.

    Parameters
    ----------
    low, high
        Force on the lower and on the upper platen (MPa face).
    energy
        Strain energy (MPa voxel).
    length
        Distance of the platens, which is the upper one's displacement (voxel).
    """

    low: float
    high: float
    energy: float
    length: int

    @classmethod
    def measure(cls, axis: int, length: int, u: Array, forces: Array) -> "Balance":
        """Sum up the forces of the displacements `u`, both (node, component).

        Parameters
        ----------
        u
            Shape (node, component), edges of a voxel.
        forces
            Shape (node, component), MPa face.
        """
        along, at = forces[:, axis], u[:, axis]
        return cls(
            float(along[at == 0].sum()),
            float(along[at == length].sum()),
            0.5 * float(np.vdot(u, forces)),
            length,
        )

    def compute_gap(self) -> float:
        """Return the largest mismatch relative to the force; NaN or inf if there is none."""
        work = 2.0 * self.energy / self.length
        gap = max(abs(self.low + self.high), abs(self.high - work))
        return gap / abs(self.high) if self.high != 0 else math.inf


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

    Raises
    ------
    SolverError
        If a modulus is negative or not finite.
    """

    def __init__(
        self, modulus: Array, poisson: float, lateral: Lateral, axes: tuple[int, ...]
    ) -> None:
        if len(axes) > 1 and lateral != Lateral.MIRRORED:
            msg = "several axes share a mesh only between mirrored sides"
            raise ValueError(msg)
        if not (np.isfinite(modulus).all() and (modulus >= 0).all()):
            msg = "mechanics: a modulus is negative or not a number; allowed: 0 and above, finite"
            raise SolverError(msg)
        self.shape = modulus.shape
        loaded = find_loaded(modulus > 0, axes)
        self.modulus: Array = np.where(loaded, modulus, 0).astype(np.float32)
        self._spanned = {axis for axis in axes if find_loaded(loaded, (axis,)).any()}
        self._lame = compute_lame(poisson)
        if not self._spanned:
            return
        rules = LoadCase(axes[0], lateral).make_rules()
        self.meshes, self._places = make_meshes(self.modulus, poisson, rules)
        self._equilibrium = Equilibrium(self.meshes[0], Cycle(self.meshes))

    def make_uniform(self, axis: int) -> Array:
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
            Shape (component, z + 1, y + 1, x + 1), edges of a voxel: departure from uniform strain to
            start from, as in :class:`Response`.

        Raises
        ------
        SolverError
            If there is no equilibrium, or if energy, work and reactions contradict each other.
        """
        nodes = tuple(n + 1 for n in self.shape)
        if axis not in self._spanned:
            nothing = np.zeros((3, *nodes), np.float32)
            return Response(axis, 0.0, 0.0, np.zeros(self.shape, np.float32), nothing)
        uniform = self.make_uniform(axis)
        u = uniform.copy()
        free = self.meshes[0].free.reshape(-1, 3)
        if start is not None:
            u += start.reshape(3, -1).T[self._places] * free
        flat = u.reshape(-1)
        for sharper in SHARPER:
            progress = self._equilibrium.relax(flat, uniform.reshape(-1), sharper * tolerance)
            forces = self._equilibrium.compute_forces(flat).reshape(-1, 3)
            balance = Balance.measure(axis, self.shape[axis], u, forces)
            if balance.compute_gap() <= BALANCE * tolerance:
                break
        energy, force = balance.energy, balance.high
        self._check(axis, balance, tolerance)
        displacement = np.zeros((3, nodes[0] * nodes[1] * nodes[2]), np.float32)
        displacement[:, self._places] = (u - uniform).T
        return Response(
            axis, energy, force, self._make_density(flat),
            displacement.reshape((3, *nodes)), progress,
        )  # fmt: skip

    def _check(self, axis: int, balance: Balance, tolerance: float) -> None:
        stiff = 0.5 * (self._lame[0] + 2.0 * self._lame[1])  # uniform strain, all sides held
        voigt = float(stiff * self.modulus.sum(dtype=np.float64))
        if not balance.compute_gap() <= BALANCE * tolerance:
            msg = (
                f"mechanics: the load along axis {'zyx'[axis]} is out of balance: force "
                f"{balance.high:.6g} at one platen, {balance.low:.6g} at the other, twice the energy "
                f"per length {2.0 * balance.energy / balance.length:.6g} MPa faces; allowed "
                f"{BALANCE * tolerance:.2g} of the force apart; use a smaller mechanics.tolerance"
            )
            raise SolverError(msg)
        if not 0.0 <= balance.energy <= voigt * (1.0 + tolerance):
            msg = (
                f"mechanics: energy {balance.energy:.6g} is outside 0 .. {voigt:.6g}, that of uniform "
                f"strain; the solver is wrong here, please report the specimen"
            )
            raise SolverError(msg)

    def _make_density(self, u: Array) -> Array:
        mesh = self.meshes[0]
        values = np.empty(len(mesh.corners))
        fill_energy(u, mesh.corners, mesh.moduli, self._lame, values)
        density = np.zeros(self.modulus.size, np.float32)
        density[mesh.places] = values
        return density.reshape(self.shape)
