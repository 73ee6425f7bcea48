"""The explicit solver: exact budget, equilibria, and the quasi-steady solver as its limit."""

import numpy as np
import pytest

from bones import make_mask
from trabecula.base.codes import FULL, Sides, Species
from trabecula.config.parameters import load_parameters
from trabecula.fields.hierarchy import make_hierarchy
from trabecula.fields.rankl import Production, solve_rankl
from trabecula.fields.step import make_fields
from trabecula.fields.transient import (
    compute_divergence,
    compute_stable_step,
    make_transient,
    step_transient,
)
from trabecula.state import Grid, Signals

M, S, OPG = Species.RANKL_MEMBRANE, Species.RANKL_SOLUBLE, Species.OPG


class Changed:
    """The parameter table with some rows replaced, whatever their range."""

    def __init__(self, **rows):
        self.rows = {f"fields.{k.replace('__', '.')}": v for k, v in rows.items()}
        self.table = load_parameters()

    def __getitem__(self, key):
        return self.rows[key] if key in self.rows else self.table[key]


def run(transient, parameters, duration, dt=None):
    dt = dt or compute_stable_step(transient, parameters)
    for _ in range(round(duration / dt)):
        step_transient(transient, parameters, dt)


@pytest.mark.parametrize("sides", list(Sides))
def test_the_budget_of_every_ligand_closes(sides):
    grid = Grid((7, 8, 9), 20.0, sides)
    rng = np.random.default_rng(1)
    marrow = rng.random(grid.shape) > 0.3
    sources = {s: 20 * rng.random(grid.shape) for s in (M, S, OPG)}
    rank = 50 * (rng.random(grid.shape) > 0.9)
    transient = make_transient(grid, marrow, sources, rank)
    parameters = load_parameters()
    run(transient, parameters, 0.2, 2e-4)
    for species in (M, S, OPG):
        produced, lost = transient.produced[species], transient.lost[species]
        assert lost > 0.01 * produced
        kept = transient.sum_total(species)
        assert kept == pytest.approx(produced - lost, rel=1e-12, abs=1e-12 * produced)
        assert (transient.levels[species][~marrow] == 0).all()


def test_divergence_moves_nothing_into_bone_and_conserves():
    rng = np.random.default_rng(2)
    marrow = rng.random((5, 6, 7)) > 0.4
    values = rng.random((5, 6, 7)) * marrow
    for periodic in (True, False):
        spread = compute_divergence(values, marrow, periodic)
        assert (spread[~marrow] == 0).all()
        assert abs(spread.sum()) < 1e-13
        assert (spread[marrow] > 0.1).any()
        assert (spread[marrow] < -0.1).any()


def test_a_closed_box_reaches_the_quadratic_root():
    """O + R <-> C with totals 6 and 9 pM: C is the root of C^2 - (6 + 9 + KD) C + 54."""
    slow = 1e12
    parameters = Changed(
        rankl_membrane__half_life=slow, opg__half_life=slow, rankl_opg__half_life=slow
    )
    grid = Grid((2, 2, 2), 20.0, Sides.PERIODIC)
    still = {M: np.zeros(grid.shape), OPG: np.zeros(grid.shape)}
    transient = make_transient(grid, np.ones(grid.shape, bool), still)
    transient.levels[M][...] = 6.0
    transient.levels[OPG][...] = 9.0
    run(transient, parameters, 2.0)
    total = 15.0 + parameters["fields.opg.off_rate"] / parameters["fields.opg.on_rate"]
    root = (total - np.sqrt(total**2 - 4 * 54.0)) / 2
    np.testing.assert_allclose(transient.bound[M], root, rtol=1e-9)


def test_a_closed_pore_keeps_its_mass():
    parameters = Changed(rankl_membrane__half_life=1e15)
    marrow = np.zeros((6, 6, 6), bool)
    marrow[1:3, 1:3, 1:3] = True
    marrow[4:, 4:, 4:] = True
    transient = make_transient(
        Grid((6, 6, 6), 20.0, Sides.MIRRORED), marrow, {M: np.zeros((6,) * 3)}
    )
    transient.levels[M][1, 1, 1] = 8.0
    run(transient, parameters, 5.0)
    np.testing.assert_allclose(transient.levels[M][1:3, 1:3, 1:3], 1.0, rtol=1e-9)
    assert transient.levels[M].sum() == pytest.approx(8.0, rel=1e-12)


def solve_steady(grid, matrix, sources, rank, parameters, tolerance, binds=True):
    """Quasi-steady fields of sources given on the lattice."""
    hierarchy = make_hierarchy(grid, matrix)
    fields = make_fields(grid, parameters)

    def coarse(values):
        z, y, x = (n // 2 for n in grid.shape)
        return values.reshape(z, 2, y, 2, x, 2).mean((1, 3, 5)).astype(np.float32)

    made = {s: np.where(hierarchy.is_open, sources[s], 0) for s in sources}
    production = Production(
        made[M].astype(np.float32), coarse(made[S]), coarse(made[OPG]), rank.astype(np.float32)
    )
    solve_rankl(
        fields, hierarchy, production, parameters, Signals(), binds=binds, tolerance=tolerance
    )
    return fields


def test_the_well_mixed_limit_of_the_transient_is_the_quasi_steady_state():
    parameters = load_parameters()
    grid = Grid((4, 4, 4), 20.0, Sides.PERIODIC)
    sources = {
        M: np.full(grid.shape, 20.0),
        S: np.full(grid.shape, 5.0),
        OPG: np.full(grid.shape, 17.0),
    }
    rank = np.full(grid.shape, 4.0)
    transient = make_transient(grid, np.ones(grid.shape, bool), sources, rank)
    run(transient, parameters, 12.0)
    fields = solve_steady(grid, np.zeros(grid.shape, np.uint16), sources, rank, parameters, 1e-4)
    # titration makes some twenty times the tolerance of the residual of it
    for species in (M, S, OPG):
        np.testing.assert_allclose(fields.get(species), transient.levels[species].mean(), rtol=3e-3)
    bound = sum(b.mean() for b in transient.bound.values())
    np.testing.assert_allclose(fields.get(Species.RANKL_OPG), bound, rtol=3e-3)
    assert bound > fields.get(M).mean(), "binding must matter here"


def test_the_long_run_of_the_transient_is_the_steady_solution_on_a_masked_lattice():
    parameters = load_parameters()
    grid = Grid((10, 12, 12), 20.0, Sides.MIRRORED)
    bone = make_mask(grid.shape, seed=4)
    rng = np.random.default_rng(5)
    sources = {M: 20 * rng.random(grid.shape), S: np.zeros(grid.shape), OPG: np.zeros(grid.shape)}
    transient = make_transient(grid, ~bone, {M: sources[M]})
    run(transient, parameters, 12.0)
    matrix = np.where(bone, FULL, 0).astype(np.uint16)
    # nothing bound: OPG is absent, so that the membrane pool alone is compared voxel by voxel
    fields = solve_steady(grid, matrix, sources, np.zeros(grid.shape), parameters, 1e-5)
    np.testing.assert_allclose(fields.get(M), transient.levels[M], rtol=2e-4)


def start_from(transient, fields, parameters):
    """Begin at the steady state, so that two days suffice to leave it where it is wrong."""
    spread = np.ones((2, 2, 2))
    decoy = np.kron(fields.get(OPG), spread)
    transient.levels[OPG][...] = decoy * transient.marrow
    clearance = np.log(2) / parameters["fields.rankl_opg.half_life"]
    constant = (parameters["fields.opg.off_rate"] + clearance) / parameters["fields.opg.on_rate"]
    for species in (M, S):
        free = fields.get(species).astype(float)
        free = np.kron(free, spread) if species == S else free
        transient.levels[species][...] = free * transient.marrow
        transient.bound[species][...] = free * transient.marrow * decoy / constant


def compare_hot_and_cold(speed):
    """Membrane RANKL in a hot patch and far from it: ((steady, exact), (steady, exact)).

    `speed` multiplies the rates of binding; K = (koff + kc)/kon stays 0.5 pM.
    """
    clearance = np.log(2) / load_parameters()["fields.rankl_opg.half_life"]
    on = 10.0 * speed
    parameters = Changed(opg__on_rate=on, opg__off_rate=0.5 * on - clearance)
    grid = Grid((12, 12, 12), 20.0, Sides.PERIODIC)
    bone = np.zeros(grid.shape, bool)
    bone[:4] = True
    sources = {s: np.zeros(grid.shape) for s in (M, S, OPG)}
    sources[M][4] = 15.0
    sources[M][4, 4:8, 4:8] = 150.0
    sources[S][4] = 2.0
    sources[OPG][4:] = 6.0
    matrix = np.where(bone, FULL, 0).astype(np.uint16)
    fields = solve_steady(grid, matrix, sources, np.zeros(grid.shape), parameters, 2e-4)
    transient = make_transient(grid, ~bone, sources)
    start_from(transient, fields, parameters)
    run(transient, parameters, 2.0)
    unbound = solve_steady(
        grid, matrix, sources, np.zeros(grid.shape), parameters, 2e-4, binds=False
    ).get(M)
    steady, exact = fields.get(M), transient.levels[M]
    places = (np.s_[4, 5:7, 5:7], np.s_[4, 0:2, 0:2])
    contrast = float(unbound[places[0]].mean() / unbound[places[1]].mean())
    levels = [(float(steady[place].mean()), float(exact[place].mean())) for place in places]
    return *levels, contrast


def test_the_steady_solution_is_the_limit_of_fast_binding():
    """In steep gradients the steady solver assumes binding faster than spread."""
    (steady, slow), _, _ = compare_hot_and_cold(1.0)
    (_, fast), (cold_steady, cold), contrast = compare_hot_and_cold(10.0)
    assert abs(fast - steady) < 0.4 * abs(slow - steady)
    assert steady == pytest.approx(fast, rel=0.25)
    assert cold_steady == pytest.approx(cold, rel=0.15)
    assert steady / cold_steady > contrast, "binding sharpens the contrast of production"
