"""The quasi-steady solver against direct solves, analytic solutions, and itself on two threads."""

import numpy as np
import pytest

from fieldtwins import solve_coarse_twin, solve_fine_twin
from trabecula.base.codes import FULL, Sides
from trabecula.base.errors import SolverError
from trabecula.fields.hierarchy import make_hierarchy
from trabecula.fields.solver import solve_coarse, solve_fine
from trabecula.kernels.compile import get_max_threads, get_threads, set_threads
from trabecula.state import Grid

SHAPES = [(8, 8, 8), (7, 9, 10), (5, 6, 13), (1, 6, 7), (3, 2, 1), (11, 11, 11)]
QUIET = np.errstate(divide="ignore", invalid="ignore")
"""Rows are divided whole and bone is set to 0 after it: compiled, 0 / 0 is silent anyway."""


def build(shape, sides, seed=0, bone=0.3, voxel=20.0):
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) >= bone
    grid = Grid(shape, voxel, sides)
    return mask, make_hierarchy(grid, np.where(mask, 0, FULL).astype(np.uint16)), rng


def solve_uniform(hierarchy, source, rate, diffusion, **options):
    out = np.zeros(hierarchy.coarse_shape, np.float32)

    def refresh(decay):
        decay[...] = hierarchy.coarse_pore * np.float32(rate)
        return source

    outcome = solve_coarse(hierarchy, out, refresh, diffusion, "test", **options)
    return out, outcome


@pytest.mark.twin
@QUIET
@pytest.mark.parametrize("sides", list(Sides))
@pytest.mark.parametrize("shape", SHAPES)
def test_fine_solution_equals_a_direct_solve(shape, sides):
    mask, hierarchy, rng = build(shape, sides, seed=sum(shape))
    source = (rng.random(shape) * mask).astype(np.float32)
    decay = ((0.5 + rng.random(shape)) * mask).astype(np.float32)
    expected = solve_fine_twin(mask, sides == Sides.PERIODIC, decay, source, 4.0)
    found = np.zeros(shape, np.float32)
    solve_fine(hierarchy, found, source, decay.copy(), 4.0 * 400, "test", tolerance=2e-6)
    np.testing.assert_allclose(found, expected, atol=2e-5 * expected.max())
    assert (found[~mask] == 0).all()


@pytest.mark.twin
@QUIET
@pytest.mark.parametrize("sides", list(Sides))
@pytest.mark.parametrize("shape", SHAPES)
def test_coarse_solution_equals_a_direct_solve(shape, sides):
    mask, hierarchy, rng = build(shape, sides, seed=sum(shape))
    source = rng.random(hierarchy.coarse_shape).astype(np.float32) * hierarchy.coarse_pore
    pore, expected = solve_coarse_twin(mask, sides == Sides.PERIODIC, 0.7, source, 4.0)
    np.testing.assert_array_equal(hierarchy.coarse_pore, pore)
    found, _ = solve_uniform(hierarchy, source, 0.7, 16.0 * 400, tolerance=2e-6)
    np.testing.assert_allclose(found, expected, atol=2e-5 * expected.max())


def test_the_solver_is_of_second_order_in_space():
    errors = []
    edge, rate, diffusion = 640.0, 1.0, 2e4
    for n in (12, 24, 48):
        grid = Grid((n, n, n), edge / n, Sides.PERIODIC)
        hierarchy = make_hierarchy(grid, np.zeros((n, n, n), np.uint16))
        x = 2 * np.pi * (np.arange(n) + 0.5) / n
        wave = np.cos(x)[:, None, None] * np.cos(x)[None, :, None] * np.cos(x)
        exact = 1 + wave / (rate + diffusion * 3 * (2 * np.pi / edge) ** 2)
        found = np.zeros((n, n, n), np.float32)
        decay = np.full((n, n, n), rate, np.float32)
        solve_fine(hierarchy, found, (1 + wave).astype(np.float32), decay, diffusion, "t", 5e-5)
        errors.append(np.abs(found - exact).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 2) < 0.2), (orders, errors)


def test_a_plane_source_decays_over_its_length():
    n, length, voxel = 64, 100.0, 10.0
    grid = Grid((n, 4, 4), voxel, Sides.MIRRORED)
    hierarchy = make_hierarchy(grid, np.zeros(grid.shape, np.uint16))
    source = np.zeros(grid.shape, np.float32)
    source[0] = 1
    found = np.zeros(grid.shape, np.float32)
    solve_fine(
        hierarchy, found, source, np.full(grid.shape, 3, np.float32), 3 * length**2, "t", 1e-5
    )
    slope = -np.diff(np.log(found[2:30, 1, 1].astype(float))).mean()
    assert voxel / slope == pytest.approx(length, rel=2e-3)
    # flux through the plane feeds all decay: c0 L k = source per area
    assert found[0, 0, 0] * length * 3 / voxel == pytest.approx(1, rel=0.06)


def test_a_closed_pore_keeps_what_is_made_in_it():
    matrix = np.full((8, 8, 8), FULL, np.uint16)
    matrix[2:4, 2:4, 2:4] = 0
    matrix[6, 6, 6] = 0
    hierarchy = make_hierarchy(Grid((8, 8, 8), 20.0, Sides.PERIODIC), matrix)
    source = np.zeros((8, 8, 8), np.float32)
    source[2, 2, 2], source[6, 6, 6] = 8, 3
    found = np.zeros((8, 8, 8), np.float32)
    decay = hierarchy.is_open.astype(np.float32) * 2
    # float32 holds this residual: one unit in the last place times the diagonal is 5e-5 of the source
    solve_fine(hierarchy, found, source, decay, 1e6, "t", 1e-4)
    np.testing.assert_allclose(found[2:4, 2:4, 2:4], 0.5, rtol=3e-3)
    assert found[6, 6, 6] == pytest.approx(1.5, rel=1e-5)
    # float32 holds the decay beside a diagonal 4,000 times larger to 1e-4
    assert found.sum(dtype=float) == pytest.approx(5.5, rel=2e-4)


def test_a_warm_start_under_tolerance_costs_nothing_and_changes_nothing():
    _, hierarchy, rng = build((16, 16, 16), Sides.PERIODIC)
    source = rng.random(hierarchy.coarse_shape).astype(np.float32) * hierarchy.coarse_pore
    found, first = solve_uniform(hierarchy, source, 0.7, 1e4)
    assert first.cycles > 0
    again = found.copy()

    def refresh(decay):
        decay[...] = hierarchy.coarse_pore * np.float32(0.7)
        return source

    assert solve_coarse(hierarchy, again, refresh, 1e4, "test").cycles == 0
    np.testing.assert_array_equal(found, again)


def test_a_far_reaching_species_converges_in_few_cycles():
    _, hierarchy, rng = build((31, 33, 40), Sides.PERIODIC, bone=0.2)
    source = rng.random(hierarchy.coarse_shape).astype(np.float32) * hierarchy.coarse_pore
    _, outcome = solve_uniform(hierarchy, source, 20.0, 4.3e7, tolerance=2e-3)
    assert outcome.cycles <= 12
    assert max(outcome.residual, outcome.imbalance) <= 2e-3


@pytest.mark.parametrize("seed", range(24))
def test_any_marrow_and_any_loss_take_few_cycles(seed):
    """Pores of all sizes, losses over four decades, reach up to 450 um, a few strong sources."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(9, 40, 3))
    sides = Sides.PERIODIC if seed % 2 else Sides.MIRRORED
    _, hierarchy, _ = build(shape, sides, seed, bone=rng.uniform(0.1, 0.7))
    diffusion = 10 ** rng.uniform(3.0, 5.3)

    def make(extent):
        loss = 10 ** rng.uniform(0.0, rng.uniform(0.5, 4.0), extent)
        return loss.astype(np.float32), (rng.random(extent) ** 6).astype(np.float32)

    loss, source = make(shape)
    found = np.zeros(shape, np.float32)
    is_open = hierarchy.is_open
    outcome = solve_fine(hierarchy, found, source * is_open, loss * is_open, diffusion, "t")
    assert 0 < outcome.cycles <= 8
    assert found.min() >= 0 < found.max()
    loss, source = make(hierarchy.coarse_shape)
    found = np.zeros(hierarchy.coarse_shape, np.float32)

    def refresh(decay):
        np.multiply(loss, hierarchy.coarse_pore, out=decay)
        return source * hierarchy.coarse_pore

    outcome = solve_coarse(hierarchy, found, refresh, diffusion, "t")
    assert 0 < outcome.cycles <= 8
    assert found.min() >= 0 < found.max(), "what is only made and lost is never less than none"


def test_a_single_cycle_is_the_first_of_a_whole_solve():
    """What is asked for once leaves what it could not do, and goes on from there when asked again."""
    shape = (24, 21, 22)
    mask, hierarchy, rng = build(shape, Sides.PERIODIC)
    source = (rng.random(shape) ** 6 * mask).astype(np.float32)
    decay = ((0.5 + rng.random(shape)) * mask).astype(np.float32)
    whole, piecewise = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    all_at_once = solve_fine(hierarchy, whole, source, decay.copy(), 1e4, "t", tolerance=1e-4)
    assert all_at_once.cycles > 2
    residuals = []
    while not residuals or residuals[-1] > 1e-4:
        one = solve_fine(hierarchy, piecewise, source, decay.copy(), 1e4, "t", 1e-4, once=True)
        assert one.cycles == (max(one.residual, one.imbalance) > 1e-4)
        residuals.append(max(one.residual, one.imbalance))
    assert len(residuals) == all_at_once.cycles + 1
    assert np.all(np.diff(residuals) < 0)
    np.testing.assert_allclose(piecewise, whole, atol=1e-6 * whole.max())


def test_a_single_cycle_of_what_is_no_number_is_an_error():
    _, hierarchy, rng = build((8, 8, 8), Sides.PERIODIC)
    source = rng.random(hierarchy.coarse_shape).astype(np.float32) * hierarchy.coarse_pore
    source[0, 0, 0] = np.nan
    with pytest.raises(SolverError, match="test: residual nan"):
        solve_uniform(hierarchy, source, 0.7, 1e4, once=True)


def test_no_convergence_names_species_and_residual():
    _, hierarchy, rng = build((8, 8, 8), Sides.PERIODIC)
    source = rng.random(hierarchy.coarse_shape).astype(np.float32) * hierarchy.coarse_pore
    with pytest.raises(SolverError, match=r"test: residual 1, imbalance 1 .* after 0 cycles"):
        solve_uniform(hierarchy, source, 0.7, 1e4, max_cycles=0)
    broken = source.copy()
    broken[0, 0, 0] = np.nan
    with pytest.raises(SolverError, match="test: residual nan"):
        solve_uniform(hierarchy, broken, 0.7, 1e4)


@pytest.mark.skipif(get_max_threads() < 2, reason="numba was started with one thread")
@pytest.mark.parametrize("shape", [(21, 24, 23), (80, 81, 79)])
def test_bits_do_not_depend_on_the_number_of_threads(shape):
    """The larger shape has enough blocks for the parallel sweeps of the coarse grid."""
    before = get_threads()
    results = []
    for count in (1, 2):
        set_threads(count)
        mask, hierarchy, rng = build(shape, Sides.PERIODIC, seed=3)
        source = (rng.random(shape) * mask).astype(np.float32)
        fine = np.zeros(shape, np.float32)
        solve_fine(hierarchy, fine, source, mask.astype(np.float32), 1e4, "t")
        rough = rng.random(hierarchy.coarse_shape).astype(np.float32) * hierarchy.coarse_pore
        coarse, _ = solve_uniform(hierarchy, rough, 1.0, 1e5)
        results.append((fine.tobytes(), coarse.tobytes()))
    set_threads(before)
    assert results[0] == results[1]
