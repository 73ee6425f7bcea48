"""One multigrid cycle: an approximate inverse of the stiffness matrix, symmetric and positive."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.dense import factorise, substitute
from trabecula.kernels.krylov import smooth, start_smoothing, subtract
from trabecula.kernels.meshtransfer import collect_nodes, refine_nodes
from trabecula.mechanics.mesh import Mesh
from trabecula.mechanics.vectors import compute_dot

POWER_STEPS = 20
GOLDEN = 0.6180339887498949

MARGIN = 1.2
"""Largest eigenvalue assumed, relative to what the power iteration has found."""

FINE_DEGREE, COARSE_DEGREE = 2, 3
VISITS = 2
"""Times that each mesh below the second one corrects the mesh above it."""

SPAN = 10.0
"""Ratio of the largest to the smallest eigenvalue that smoothing is meant for."""


class Cycle:
    """Chebyshev smoothing down and up the meshes, a direct solve on the coarsest.

    Parameters
    ----------
    meshes
        From the finest to the coarsest.
    """

    def __init__(self, meshes: list[Mesh]) -> None:
        self._meshes = meshes
        sizes = [mesh.size for mesh in meshes]
        self._right = [np.empty(size, np.float32) for size in sizes]
        self._left = [np.empty(size, np.float32) for size in sizes]
        self._force = [np.empty(size, np.float32) for size in sizes]
        self._step = [np.empty(size, np.float32) for size in sizes]
        self._weights = [
            _make_weights(self._find_largest(i), COARSE_DEGREE if i else FINE_DEGREE)
            for i in range(len(meshes) - 1)
        ]
        self._factor = _factorise(meshes[-1])
        self._scratch = np.empty(sizes[-1])

    def _find_largest(self, level: int) -> float:
        """Estimate the largest eigenvalue of D^-1 A by power iteration, 1 where all is held.

        The start follows no pattern of a block's own modes: an estimate that is too low makes the
        smoothing blow up what lies above it, and the cycle indefinite.
        """
        mesh, u, f = self._meshes[level], self._left[level], self._force[level]
        count = np.arange(1.0, len(u) + 1.0)
        u[:] = (np.modf(count * count * GOLDEN)[0] - 0.5) * (mesh.inverse > 0)
        largest = 1.0
        for _ in range(POWER_STEPS):
            mesh.press(u, f)
            f *= mesh.inverse
            size = compute_dot(u, u)
            if size == 0:
                break
            largest = float(np.sqrt(compute_dot(f, f) / size))
            u[:] = f / np.float32(largest)
        return MARGIN * largest

    def apply(self, r: Array, z: Array) -> None:
        """Write the approximate solution z of A z = r, both flat (node, component), float32."""
        self._descend(0, r, z)

    def _descend(self, level: int, b: Array, x: Array) -> None:
        mesh = self._meshes[level]
        if level == len(self._meshes) - 1:
            substitute(self._factor, b, x, self._scratch)
            return
        f, d = self._force[level], self._step[level]
        self._smooth(level, b, x, start=True)
        below = self._meshes[level + 1]
        right, left = self._right[level + 1], self._left[level + 1]
        is_direct = level + 2 == len(self._meshes)
        for _ in range(VISITS if level > 0 and not is_direct else 1):
            mesh.press(x, f)
            subtract(b, f, mesh.inverse, d)
            collect_nodes(d, mesh.planes, mesh.links, below.free, right)
            self._descend(level + 1, right, left)
            refine_nodes(mesh.links, left, mesh.free, x)
        self._smooth(level, b, x, start=False)

    def _smooth(self, level: int, b: Array, x: Array, start: bool) -> None:
        mesh, f, d = self._meshes[level], self._force[level], self._step[level]
        first, *rest = self._weights[level]
        if start:
            start_smoothing(b, mesh.inverse, first[1], d, x)
        else:
            rest = [first, *rest]
            d[:] = 0
        for weights in rest:
            mesh.press(x, f)
            smooth(b, f, mesh.inverse, weights, d, x)


def _make_weights(largest: float, degree: int) -> list[Array]:
    """Return the two weights of every Chebyshev step."""
    smallest = largest / SPAN
    middle, half = (largest + smallest) / 2, (largest - smallest) / 2
    rho = half / middle
    weights = [(0.0, 1.0 / middle)]
    for _ in range(degree - 1):
        new = 1.0 / (2.0 * middle / half - rho)
        weights.append((new * rho, 2.0 * new / half))
        rho = new
    return [np.array(pair, np.float32) for pair in weights]


def _factorise(mesh: Mesh) -> Array:
    """Return the Cholesky factor of a mesh's stiffness matrix; held components have no row."""
    matrix = np.zeros((mesh.size, mesh.size))
    u = np.zeros(mesh.size)
    for j in np.flatnonzero(mesh.free):
        u[j] = 1.0
        mesh.press(u, matrix[j])
        u[j] = 0.0
    matrix *= mesh.free[:, None] * mesh.free[None, :]
    matrix = (matrix + matrix.T) / 2
    factorise(matrix)
    return matrix
