"""Kernels of trilinear cubes, vectors and dense systems against their plain twins."""

import numpy as np
import pytest

import twins.dense
import twins.hexahedra
import twins.krylov
import twins.strain
from kernelworlds import compare
from meshworlds import make_modulus, make_world
from trabecula.kernels.dense import factorise, substitute
from trabecula.kernels.hexahedra import LANES, gather_products, press, press_elements, spread
from trabecula.kernels.krylov import advance, smooth, start_smoothing, subtract, sum_blocks, turn
from trabecula.kernels.strain import fill_energy, gradient, strain_energy
from twins.elasticity import (
    CORNERS,
    assemble,
    compute_density,
    compute_gradients,
    make_element_matrix,
)

pytestmark = pytest.mark.twin
EXACT, FLOAT32 = 1e-12, 3e-6
SHAPES = [(1, 1, 1), (2, 3, 4), (3, 3, 5), (5, 2, 3), (4, 1, 6)]
LONG = 8192 + 100
"""Values in more than one block of the vector kernels."""


def make_lame(poisson, kind=np.float64):
    return np.array([poisson / (1 + poisson) / (1 - 2 * poisson), 0.5 / (1 + poisson)], kind)


def test_the_twin_is_the_matrix_of_a_trilinear_cube():
    """Symmetric, blind to six rigid motions, right for uniform strain; slopes of the shapes add up."""
    lame = make_lame(0.3)
    matrix = make_element_matrix(lame)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-15)
    values = np.linalg.eigvalsh(matrix)
    assert (np.abs(values) < 1e-14).sum() == 6
    assert values[6] > 0.01
    strain = np.array([[0.3, 0.1, -0.2], [0.1, -0.4, 0.05], [-0.2, 0.05, 0.7]])
    u = (CORNERS @ strain).reshape(-1)
    energy = 0.5 * lame[0] * np.trace(strain) ** 2 + lame[1] * (strain**2).sum()
    assert 0.5 * u @ matrix @ u == pytest.approx(energy, rel=1e-13)
    np.testing.assert_allclose(compute_gradients(np.array([0.2, 0.7, 0.4])).sum(0), 0, atol=1e-15)


def test_spreading_is_orthogonal_and_gathering_its_transpose():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 8))
    forth, _ = compare(spread, twins.hexahedra.spread, *a, rtol=EXACT)
    back, _ = compare(gather_products, twins.hexahedra.gather_products, *b, rtol=EXACT)
    assert np.dot(forth, b) == pytest.approx(np.dot(a, back), rel=1e-12)
    np.testing.assert_allclose(np.array(gather_products(*forth)) / 8, a, rtol=1e-12)


@pytest.mark.parametrize("poisson", [0.0, 0.2, 0.3, 0.45])
@pytest.mark.parametrize(("kind", "rtol"), [(np.float64, EXACT), (np.float32, FLOAT32)])
def test_forces_of_elements_side_by_side(poisson, kind, rtol):
    rng = np.random.default_rng(2)
    u = rng.normal(size=24 * LANES).astype(kind)
    scale = rng.uniform(0.1, 3, LANES).astype(kind)
    nothing = np.full(24 * LANES, 9, kind)
    compare(press, twins.hexahedra.press, u, nothing, scale, make_lame(poisson, kind), rtol=rtol)


def test_every_column_of_the_element_matrix():
    """Entry by entry: a wrong one could hide behind a random vector's other products."""
    lame = make_lame(0.3)
    matrix = np.zeros((24, 24))
    for first in (0, 12):
        u = np.zeros((24, LANES))
        u[np.arange(first, first + 12), np.arange(12)] = 1
        f = np.zeros(24 * LANES)
        press(u.reshape(-1), f, np.full(LANES, 1 / 16), lame)
        matrix[:, first : first + 12] = f.reshape(24, LANES)[:, :12]
    np.testing.assert_allclose(matrix, make_element_matrix(lame), atol=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("kind", "rtol"), [(np.float64, EXACT), (np.float32, FLOAT32)])
def test_forces_of_a_lattice(shape, seed, kind, rtol):
    """Element by element, and by the dense matrix of the lattice itself."""
    holes = 0.4 if max(shape) > 1 else 0.0
    world = make_world(make_modulus(seed, shape, holes))
    u = np.random.default_rng(seed).normal(size=3 * world.nodes).astype(kind)
    lame = make_lame(0.3, kind)
    _, (*_, found) = compare(
        press_elements, twins.hexahedra.press_elements, u, world.corners, world.moduli,
        world.layers, lame, np.full(len(u), 9, kind), rtol=rtol,
    )  # fmt: skip
    expected = assemble(world.modulus, make_lame(0.3)) @ u
    np.testing.assert_allclose(found, expected, atol=rtol * np.abs(expected).max())


def test_forces_where_nothing_is_solid_between_layers():
    modulus = make_modulus(3, (7, 3, 3), holes=0.2)
    modulus[1], modulus[3:5], modulus[6] = 0, 0, 0
    world = make_world(modulus)
    u = np.random.default_rng(4).normal(size=3 * world.nodes)
    _, (*_, found) = compare(
        press_elements, twins.hexahedra.press_elements, u, world.corners, world.moduli,
        world.layers, make_lame(0.2), np.empty_like(u), rtol=EXACT,
    )  # fmt: skip
    np.testing.assert_allclose(found, assemble(modulus, make_lame(0.2)) @ u, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_strain_energy_at_the_centres(shape, kind):
    holes = 0.4 if max(shape) > 1 else 0.0
    world = make_world(make_modulus(5, shape, holes))
    u = np.random.default_rng(6).normal(size=3 * world.nodes).astype(kind)
    rtol = EXACT if kind == np.float64 else FLOAT32
    lame = make_lame(0.3)
    for e in range(len(world.corners)):
        compare(strain_energy, twins.strain.strain_energy, u, world.corners, e, lame, rtol=rtol)
        for j in range(3):
            mine = gradient(u, world.corners, e, j)
            expected = twins.strain.gradient(u, world.corners, e, j)
            np.testing.assert_allclose(mine, expected, rtol=0, atol=4 * rtol)
    _, (*_, found) = compare(
        fill_energy, twins.strain.fill_energy, u, world.corners, world.moduli, lame,
        np.empty(len(world.corners)), rtol=rtol,
    )  # fmt: skip
    expected = compute_density(world.modulus, lame, u)[world.solid > 0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * expected.max())


@pytest.mark.parametrize("count", [50, LONG])
@pytest.mark.parametrize(("kind", "rtol"), [(np.float64, EXACT), (np.float32, FLOAT32)])
def test_vectors(count, kind, rtol):
    rng = np.random.default_rng(7)

    def make():
        return rng.normal(size=count).astype(kind)

    inverse = np.where(rng.random(count) < 0.3, 0, rng.uniform(1, 2, count)).astype(kind)
    sums = np.empty(-(-count // 8192))
    compare(sum_blocks, twins.krylov.sum_blocks, make(), make(), sums, rtol=EXACT)
    compare(start_smoothing, twins.krylov.start_smoothing, make(), inverse, kind(0.7), make(),
            make(), rtol=rtol)  # fmt: skip
    compare(smooth, twins.krylov.smooth, make(), make(), inverse, np.array([0.3, 1.7], kind), make(),
            make(), rtol=rtol)  # fmt: skip
    compare(subtract, twins.krylov.subtract, make(), make(), inverse, make(), rtol=rtol)
    compare(advance, twins.krylov.advance, make(), make(), kind(0.6), inverse, make(), make(),
            rtol=rtol)  # fmt: skip
    compare(turn, twins.krylov.turn, make(), kind(0.4), make(), rtol=rtol)


@pytest.mark.parametrize("count", [1, 5, 20])
def test_cholesky_factor_and_solution(count):
    rng = np.random.default_rng(count)
    half = rng.normal(size=(count, count + 2))
    whole, b = half @ half.T, rng.normal(size=count).astype(np.float32)
    _, (factor,) = compare(factorise, twins.dense.factorise, whole, rtol=1e-11)
    np.testing.assert_allclose(np.tril(factor), np.linalg.cholesky(whole), atol=1e-11)
    _, (*_, solution) = compare(
        substitute, twins.dense.substitute, factor, b, np.full(count, 9.0), np.full(count, 9.0),
        rtol=1e-9,
    )  # fmt: skip
    np.testing.assert_allclose(solution, np.linalg.solve(whole, b), rtol=1e-8)


def test_what_nothing_holds_is_passed_over():
    """A free bar of cubes, with rows of zeros as of held components: a solution, nothing infinite."""
    world = make_world(np.ones((2, 1, 2), np.float32))
    matrix = assemble(world.modulus, make_lame(0.3))
    held = np.zeros(len(matrix), bool)
    held[:5] = True
    matrix[held] = 0
    matrix[:, held] = 0
    rng = np.random.default_rng(9)
    b = matrix @ rng.normal(size=len(matrix))
    _, (factor,) = compare(factorise, twins.dense.factorise, matrix, rtol=1e-9)
    assert (factor.diagonal() == 0).sum() == 5 + 1
    _, (*_, x, _) = compare(
        substitute, twins.dense.substitute, factor, b, np.full(len(b), 9.0), np.full(len(b), 9.0),
        rtol=1e-9,
    )  # fmt: skip
    assert (x[factor.diagonal() == 0] == 0).all()
    np.testing.assert_allclose(matrix @ x, b, atol=1e-9 * np.abs(b).max())
