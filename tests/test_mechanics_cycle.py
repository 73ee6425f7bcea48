"""The multigrid cycle as an approximate inverse, and sizes and tolerances that strain the solver."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, eigsh

from meshworlds import make_modulus
from trabecula.base.codes import Lateral
from trabecula.mechanics.cycle import Cycle
from trabecula.mechanics.loading import LoadCase
from trabecula.mechanics.mesh import make_meshes
from trabecula.mechanics.solve import LoadedLattice

REGULAR = [((9, 14, 6), 2), ((5, 7, 11), 2), ((4, 4, 4), 1), ((2, 8, 4), 2)]
"""Solid blocks whose modes are as regular as a start of alternating signs."""


def make_block_meshes(shape, lateral, axis, poisson=0.2):
    return make_meshes(np.ones(shape, np.float32), poisson, LoadCase(axis, lateral).make_rules())[0]


def make_matrix(size, apply):
    """The matrix of a linear operation on float32 vectors, column by column."""
    columns, unit = np.empty((size, size)), np.zeros(size, np.float32)
    for j in range(size):
        unit[j], out = 1, np.empty(size, np.float32)
        apply(unit, out)
        columns[:, j], unit[j] = out, 0
    return columns


def find_largest(mesh):
    """The largest eigenvalue of the scaled stiffness matrix, by Lanczos in float64."""
    root = np.sqrt(mesh.inverse.astype(float))

    def apply(u):
        out = np.empty(mesh.size)
        mesh.press(root * u.reshape(-1), out)
        return root * out

    operator = LinearOperator((mesh.size,) * 2, matvec=apply, dtype=float)
    start = np.random.default_rng(1).normal(size=mesh.size)
    return eigsh(operator, 1, which="LA", v0=start, return_eigenvectors=False)[0]


@pytest.mark.parametrize(("shape", "axis"), REGULAR)
@pytest.mark.parametrize("lateral", Lateral)
def test_no_eigenvalue_lies_above_the_one_assumed(shape, axis, lateral):
    meshes = make_block_meshes(shape, lateral, axis)
    cycle = Cycle(meshes)
    for level, mesh in enumerate(meshes[:-1]):
        largest = find_largest(mesh)
        assert largest < cycle._find_largest(level) < 1.25 * largest


@pytest.mark.parametrize("lateral", Lateral)
def test_the_cycle_is_symmetric_and_positive(lateral):
    """Solid and with holes, of sizes that are cut off at every coarsening."""
    for modulus in (np.ones((7, 5, 6), np.float32), make_modulus(4, (7, 5, 6), 0.3)):
        meshes, _ = make_meshes(modulus, 0.3, LoadCase(0, lateral).make_rules())
        free = meshes[0].free > 0
        cycle = Cycle(meshes)
        matrix = make_matrix(meshes[0].size, cycle.apply)[np.ix_(free, free)]
        scale = np.abs(matrix).max()
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-5 * scale)
        assert np.linalg.eigvalsh((matrix + matrix.T) / 2)[0] > -1e-5 * scale


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("thick", [1, 2])
def test_platens_may_hold_all_of_a_coarse_mesh_or_of_the_finest(axis, thick):
    """A plate of two voxels has coarse nodes at the platens alone, one of a voxel no free node."""
    shape = [9, 13, 12]
    shape[axis] = thick
    block = np.ones(shape, np.float32)
    found = LoadedLattice(block, 0.0, Lateral.FIXED, (axis,)).solve(axis, 1e-6)
    assert found.compute_modulus() == pytest.approx(1, rel=1e-6)
    held = LoadedLattice(block, 0.3, Lateral.FIXED, (axis,)).solve(axis, 1e-6).compute_modulus()
    assert 1 < held < 1.35


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize(
    ("shape", "axis", "poisson"),
    [
        ((2, 8, 4), 2, 0.4), ((7, 2, 6), 2, 0.3), ((5, 7, 4), 2, 0.2), ((8, 12, 13), 1, 0.4),
        ((9, 14, 6), 2, 0.2), ((2, 5, 13), 0, 0.3), ((12, 13, 5), 0, 0.4),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lateral", [Lateral.FREE, Lateral.FIXED])
def test_a_solve_ends_before_noise_leads_it_astray(shape, axis, poisson, tolerance, lateral):
    lattice = LoadedLattice(np.ones(shape, np.float32), poisson, lateral, (axis,))
    progress = lattice.solve(axis, tolerance).progress
    assert progress.iterations <= 40
    assert progress.residual <= tolerance
