"""Voxel finite elements against known answers, a dense direct solve, and their own symmetries."""

import itertools

import numpy as np
import pytest

import twins.elasticity
from meshworlds import make_modulus
from trabecula.base.codes import Lateral
from trabecula.base.errors import SolverError
from trabecula.kernels.compile import get_max_threads, get_threads, set_threads
from trabecula.mechanics import conjugate, solve
from trabecula.mechanics.conjugate import Equilibrium
from trabecula.mechanics.cycle import Cycle
from trabecula.mechanics.loading import LoadCase, find_loaded
from trabecula.mechanics.mesh import compute_lame, make_element_matrix
from trabecula.mechanics.solve import LoadedLattice

TIGHT = 1e-8
EVERY = [(lateral, axis) for lateral in Lateral for axis in range(3)]
PRIMES = (7, 11, 13)


def load(modulus, lateral, axis, poisson=0.3, tolerance=TIGHT, start=None):
    lattice = LoadedLattice(np.asarray(modulus, np.float32), poisson, lateral, (axis,))
    return lattice.solve(axis, tolerance, start)


def make_spanning(seed, shape, holes=0.35):
    """A random lattice with holes through which a bar runs along every axis."""
    modulus = make_modulus(seed, shape, holes)
    for axis in range(3):
        at = [n // 3 for n in shape]
        at[axis] = slice(None)
        modulus[tuple(at)] = 2.0
    return modulus


def assert_near(found, expected, tolerance):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


# known answers


def test_the_element_matrix_is_that_of_gauss_integration():
    for poisson in (0.0, 0.3):
        expected = twins.elasticity.make_element_matrix(compute_lame(poisson))
        np.testing.assert_allclose(make_element_matrix(poisson), expected, atol=1e-14)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shape", [(5, 9, 6), PRIMES, (1, 4, 3)])
@pytest.mark.parametrize("poisson", [0.0, 0.3, 0.4])
def test_a_solid_block_is_as_stiff_as_its_material(shape, axis, poisson):
    block = np.full(shape, 10_000.0)
    free = load(block, Lateral.FREE, axis, poisson)
    assert free.compute_modulus() == pytest.approx(10_000, rel=1e-6)
    assert free.density == pytest.approx(5000, rel=1e-5)
    area = block.size // shape[axis]
    assert free.force == pytest.approx(10_000 * area, rel=1e-6)
    held = load(block, Lateral.MIRRORED, axis, poisson)
    stiffer = (1 - poisson) / ((1 + poisson) * (1 - 2 * poisson))
    assert held.compute_modulus() == pytest.approx(10_000 * stiffer, rel=1e-6)
    assert np.abs(held.displacement).max() < 1e-6
    glued = load(block, Lateral.FIXED, axis, poisson).compute_modulus()
    assert 1 - 1e-6 < glued / 10_000 < stiffer + 1e-6


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("lateral", Lateral)
def test_layers_in_series_and_side_by_side(axis, lateral):
    modulus = np.full((6, 6, 6), 1.0)
    np.moveaxis(modulus, axis, 0)[:2] = 4.0
    reuss = 1 / (1 / 3 / 4.0 + 2 / 3 / 1.0)
    assert load(modulus, lateral, axis, 0.0).compute_modulus() == pytest.approx(reuss, rel=1e-6)
    voigt = 4.0 / 3 + 2.0 / 3
    for other in {0, 1, 2} - {axis}:
        found = load(modulus, lateral, other, 0.0).compute_modulus()
        assert found == pytest.approx(voigt, rel=1e-6)
        free = load(modulus, Lateral.FREE, other, 0.3).compute_modulus()
        assert free == pytest.approx(voigt, rel=1e-6)


def test_a_graded_bar_converges_at_second_order():
    """E = 1 / (1 + 0.8 z^2) in series: 1 / E integrates to 1 + 0.8 / 3."""
    errors = []
    for n in (4, 8, 16, 32):
        z = (np.arange(n) + 0.5) / n
        modulus = np.broadcast_to((1 / (1 + 0.8 * z**2))[:, None, None], (n, 2, 3))
        found = load(modulus, Lateral.FREE, 0, 0.0).compute_modulus()
        errors.append(found - 1 / (1 + 0.8 / 3))
    for coarse, fine in itertools.pairwise(errors):
        assert coarse / fine == pytest.approx(4, rel=0.05)


def refine(make, sizes):
    """Falls of the apparent modulus from one mesh to the next."""
    found = [load(make(n), Lateral.MIRRORED, 0).compute_modulus() for n in sizes]
    return -np.diff(found)


def test_a_smooth_modulus_converges_at_second_order():
    def make(n):
        x = (np.arange(n) + 0.5) / n
        wave = np.cos(np.pi * x)
        return (1 + 0.5 * wave[:, None, None] * wave)[:, :1] * np.ones((1, 2, 1))

    falls = refine(make, (4, 8, 16, 32))
    assert falls[0] / falls[1] == pytest.approx(4, rel=0.15)
    assert falls[1] / falls[2] == pytest.approx(4, rel=0.05)


def test_a_notched_block_softens_towards_a_limit():
    """Meshes within each other: energies fall; the edge of the notch is singular, order 1.09."""

    def make(n):
        modulus = np.ones((n, 2, n))
        modulus[: n // 2, :, : n // 2] = 0
        return modulus

    falls = refine(make, (4, 8, 16, 32))
    assert (falls > 0).all()
    assert falls[0] / falls[1] > 1.7
    assert falls[1] / falls[2] == pytest.approx(2**1.09, rel=0.1)


# a dense direct solve


@pytest.mark.parametrize(("lateral", "axis"), EVERY)
@pytest.mark.parametrize(("shape", "seed"), [((3, 4, 5), 1), ((5, 3, 2), 2), ((2, 7, 3), 3)])
def test_answers_equal_a_direct_solve(lateral, axis, shape, seed):
    response, modulus = compare_direct(make_spanning(seed, shape), lateral, axis)
    assert response.progress.iterations < 60
    assert 0 < response.energy < modulus.sum(dtype=float)


def compare_direct(modulus, lateral, axis):
    """Displacements, energy, force and density; motions that cost nothing are taken out."""
    lattice = LoadedLattice(modulus, 0.3, lateral, (axis,))
    response, loaded = lattice.solve(axis, TIGHT), lattice.modulus.astype(float)
    lame, rules = compute_lame(0.3), LoadCase(axis, lateral).make_rules()
    u, energy, motions = twins.elasticity.solve_lattice(loaded, lame, rules, axis)
    places, _ = twins.elasticity.find_nodes(loaded > 0)
    mine = response.displacement[(slice(None), *places.T)].T.astype(float)
    mine[:, axis] += places[:, axis]
    apart = mine.reshape(-1) - u
    apart -= motions @ (motions.T @ apart)
    assert np.abs(apart).max() < 1e-6 * np.abs(u).max()
    assert response.energy == pytest.approx(energy, rel=1e-6)
    assert response.force == pytest.approx(2 * energy / modulus.shape[axis], rel=1e-6)
    assert_near(response.density, twins.elasticity.compute_density(loaded, lame, u), 1e-5)
    return response, loaded


@pytest.mark.parametrize(("lateral", "axis"), EVERY)
def test_prime_sizes_converge_in_few_iterations(lateral, axis):
    modulus = make_spanning(5, PRIMES, holes=0.3)
    assert load(modulus, lateral, axis, tolerance=1e-6).progress.iterations <= 40


# symmetries


@pytest.mark.parametrize(("lateral", "axis"), EVERY)
def test_a_mirrored_lattice_is_strained_in_mirror_image(lateral, axis):
    modulus = make_spanning(7, (6, 7, 5))
    expected = load(modulus, lateral, axis)
    for side in range(3):
        found = load(np.flip(modulus, side), lateral, axis)
        assert_near(np.flip(found.density, side), expected.density, 1e-5)
        assert found.energy == pytest.approx(expected.energy, rel=1e-6)


@pytest.mark.parametrize("lateral", Lateral)
def test_axes_may_be_exchanged(lateral):
    modulus = make_spanning(8, (4, 7, 5))
    for order in itertools.permutations(range(3)):
        turned = modulus.transpose(order)
        for axis in range(3):
            expected = load(modulus, lateral, axis).density.transpose(order)
            assert_near(load(turned, lateral, order.index(axis)).density, expected, 1e-5)


@pytest.mark.parametrize("lateral", Lateral)
def test_twice_the_modulus_is_twice_the_force(lateral):
    modulus = make_spanning(9, (5, 6, 4))
    once, twice = (load(factor * modulus, lateral, 1) for factor in (1, 2))
    assert twice.force == pytest.approx(2 * once.force, rel=1e-7)
    assert_near(twice.displacement, once.displacement, 1e-6)


@pytest.mark.skipif(get_max_threads() < 2, reason="numba was started with one thread")
def test_two_threads_change_no_bit():
    """Large enough that vectors, elements and transfers run on several threads."""
    modulus = make_spanning(10, (26, 28, 27), holes=0.3)
    before, found = get_threads(), []
    try:
        for threads in (1, 2):
            set_threads(threads)
            lattice = LoadedLattice(modulus, 0.3, Lateral.MIRRORED, (0,))
            assert lattice.meshes[0].size > 50_000
            found.append(lattice.solve(0, 1e-5))
    finally:
        set_threads(before)
    one, two = found
    assert (one.energy, one.force) == (two.energy, two.force)
    assert one.progress == two.progress
    assert one.density.tobytes() == two.density.tobytes()
    assert one.displacement.tobytes() == two.displacement.tobytes()


# what carries no load


def make_strut():
    modulus = np.zeros((8, 9, 9), np.float32)
    modulus[:, 1:4, 1:4] = 3.0
    modulus[2:4, 4:6, 1:3] = 1.0
    return modulus


@pytest.mark.parametrize("lateral", Lateral)
def test_islands_and_what_hangs_from_one_platen_change_nothing(lateral):
    plain, crowded = make_strut(), make_strut()
    crowded[3:6, 6:8, 6:8] = 9.0
    crowded[:3, 7, 2] = crowded[5:, 7, 2] = 9.0
    crowded[0, 4, 4] = 9.0  # touches the strut with an edge alone
    one, two = load(plain, lateral, 0), load(crowded, lateral, 0)
    assert one.energy == two.energy > 0
    assert one.force == two.force
    np.testing.assert_array_equal(one.density, two.density)
    np.testing.assert_array_equal(one.displacement, two.displacement)


@pytest.mark.parametrize(("lateral", "axis"), EVERY)
def test_nothing_that_spans_carries_nothing(lateral, axis):
    half = np.zeros((6, 6, 6))
    half[:3, :3, :3] = 1.0
    for modulus in (np.zeros((3, 4, 5)), half):
        found = load(modulus, lateral, axis)
        assert found.energy == found.force == found.compute_modulus() == 0
        assert not found.density.any()
        assert found.displacement.shape == (3, *(n + 1 for n in modulus.shape))


def test_mirrored_sides_share_a_mesh_whose_parts_span_some_axes():
    """A strut along z and one along y: each feels its own load, and none along x."""
    modulus = np.zeros((5, 6, 7), np.float32)
    modulus[:, 1:3, 1:3] = modulus[3:, :, 4:6] = 2.0
    lattice = LoadedLattice(modulus, 0.3, Lateral.MIRRORED, (0, 1, 2))
    for axis, size in ((0, 2 * 4 * 5), (1, 2 * 4 * 6), (2, 0)):
        found, alone = lattice.solve(axis, TIGHT), load(modulus, Lateral.MIRRORED, axis)
        assert found.energy == pytest.approx(size / 2, rel=1e-6)
        assert found.energy == pytest.approx(alone.energy)


@pytest.mark.parametrize("lateral", [side for side in Lateral if side != Lateral.MIRRORED])
def test_axes_share_a_mesh_between_mirrored_sides_alone(lateral):
    with pytest.raises(ValueError, match="several axes share a mesh only between mirrored sides"):
        LoadedLattice(make_strut(), 0.3, lateral, (0, 1))
    assert LoadedLattice(make_strut(), 0.3, lateral, (0,)).solve(0, TIGHT).energy > 0


def test_parts_that_span_are_found():
    elements = np.zeros((4, 4, 4), bool)
    elements[:, 0, 0] = elements[1, 3, :] = elements[2, 2, 2] = True
    assert find_loaded(elements, (0,)).sum() == 4
    assert find_loaded(elements, (0, 2)).sum() == 8
    assert not find_loaded(elements, (1,)).any()


# energy, warm starts, guards


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_energy_lies_between_nothing_and_voigt(seed, axis):
    modulus = make_spanning(seed, (6, 5, 7), holes=0.15 * seed)
    free, glued, held = (load(modulus, lateral, axis).energy for lateral in Lateral)
    assert 0 < free < modulus.sum(dtype=float) / 2
    assert free < glued * (1 + 1e-7)
    assert free < held * (1 + 1e-7)
    la, mu = compute_lame(0.3)
    assert max(glued, held) < (la + 2 * mu) * modulus.sum(dtype=float) / 2


@pytest.mark.parametrize("lateral", Lateral)
def test_a_warm_start_saves_iterations(lateral):
    rng = np.random.default_rng(11)
    modulus = make_spanning(11, (16, 15, 17), holes=0.25)
    changed = np.where(rng.random(modulus.shape) < 0.01, 0.5 * modulus, modulus)
    before = load(modulus, lateral, 0, tolerance=1e-5)
    cold = load(changed, lateral, 0, tolerance=1e-5)
    warm = load(changed, lateral, 0, tolerance=1e-5, start=before.displacement)
    assert warm.progress.iterations < cold.progress.iterations
    assert warm.energy == pytest.approx(cold.energy, rel=1e-5)
    assert_near(warm.density, cold.density, 2e-3)
    again = load(modulus, lateral, 0, tolerance=1e-5, start=before.displacement)
    assert again.progress.iterations < 0.7 * cold.progress.iterations


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_a_modulus_that_is_none_is_refused(wrong):
    modulus = make_strut()
    modulus[4, 2, 2] = wrong
    with pytest.raises(SolverError, match="modulus is negative or not a number"):
        LoadedLattice(modulus, 0.3, Lateral.FREE, (0,))


def test_too_few_iterations_are_no_equilibrium(monkeypatch):
    monkeypatch.setattr(conjugate, "MOST_ITERATIONS", 3)
    with pytest.raises(SolverError, match="no equilibrium after 3 iterations"):
        load(make_spanning(12, PRIMES), Lateral.FREE, 0)


def test_directions_that_are_lost_begin_anew(monkeypatch):
    """A first round that is blind to half of the forces stands for float32 that has lost its way."""
    whole, rounds, descend = Cycle.apply, [], Equilibrium._descend

    def count(*args):
        rounds.append(1)
        return descend(*args)

    def look(cycle, b, z):
        seen = b.copy()
        seen[::2] *= len(rounds) > 1
        whole(cycle, seen, z)
        z[::2] *= len(rounds) > 1

    modulus = make_spanning(12, PRIMES)
    expected = load(modulus, Lateral.MIRRORED, 0).energy
    monkeypatch.setattr(Equilibrium, "_descend", count)
    monkeypatch.setattr(Cycle, "apply", look)
    found = load(modulus, Lateral.MIRRORED, 0, tolerance=1e-5)
    assert found.energy == pytest.approx(expected, rel=1e-6)
    assert found.progress.iterations < 4 * conjugate.IDLE
    monkeypatch.setattr(conjugate, "IDLE", 10_000)
    rounds.clear()
    with pytest.raises(SolverError, match="no equilibrium"):
        load(modulus, Lateral.MIRRORED, 0, tolerance=1e-5)


def test_forces_out_of_balance_are_found(monkeypatch):
    monkeypatch.setattr(solve, "BALANCE", 0.0)
    with pytest.raises(SolverError, match="axis y is out of balance"):
        load(make_spanning(12, (4, 5, 6)), Lateral.FIXED, 1, tolerance=1e-4)


@pytest.mark.parametrize("factor", [0.1, -1.0])
def test_more_energy_than_uniform_strain_is_found(factor):
    lattice = LoadedLattice(make_strut(), 0.3, Lateral.FIXED, (0,))
    lattice.modulus *= np.float32(factor)  # the mesh keeps the true one
    with pytest.raises(SolverError, match="outside 0"):
        lattice.solve(0, TIGHT)


@pytest.mark.parametrize("lateral", [Lateral.FREE, Lateral.FIXED])
def test_several_axes_share_no_mesh_unless_sides_are_mirrored(lateral):
    with pytest.raises(ValueError, match="mirrored"):
        LoadedLattice(make_strut(), 0.3, lateral, (0, 1))
