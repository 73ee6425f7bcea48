"""The room of fields: levels, binding, removal of every species, clocks, restarts, the table."""

import copy

import numpy as np
import pytest
from scipy import ndimage

from bones import apply_stress, find_surface, make_peopled
from trabecula.base.codes import FULL, HALF, Population, Sides, Species, Target
from trabecula.base.errors import ConfigError, SolverError
from trabecula.config.parameters import load_parameters
from trabecula.config.species import load_species, read_species
from trabecula.fields import make_fields, measure_fields, step_fields
from trabecula.fields.hierarchy import make_hierarchy
from trabecula.fields.measure import compute_occupancy
from trabecula.fields.numbers import MOLECULE, get_decay
from trabecula.fields.sources import compute_rank_sites, compute_released, compute_share
from trabecula.fields.step import make_production
from trabecula.kernels.space import Space, fill_contact
from trabecula.state.signals import TARGETS

SHAPE = (32, 33, 34)


@pytest.fixture(scope="module")
def parameters():
    return load_parameters()


@pytest.fixture(scope="module")
def solved(parameters):
    state = make_peopled(parameters, SHAPE, sides=Sides.MIRRORED)
    step_fields(state, parameters, {})
    return state


@pytest.fixture(scope="module")
def distressed(solved, parameters):
    """Bone with osteocytes that call."""
    state = copy.deepcopy(solved)
    apply_stress(state)
    return solve(state, parameters)


def solve(state, parameters, on=None, **signals):
    state = copy.deepcopy(state)
    for name, values in signals.items():
        getattr(state.signals, name).update(values)
    step_fields(state, parameters, on or {}, everything=True)
    return state


def test_the_quiet_bone_has_its_levels(solved, parameters):
    levels = measure_fields(solved, parameters)
    assert 0.01 < levels["rank_occupancy_surface_median"] < 0.03
    assert 0.45 < levels["rankl_opg"] < 0.75
    assert 0.2 < levels["local_estradiol"] / 3.67 < 2, "about 1 pg/mL at 30 ng/dL"
    for name in ("il1", "il6", "tnf"):
        reference = parameters[f"fields.{name}.reference"]
        assert levels[f"{name}_surface"] == pytest.approx(reference, rel=0.15)
    assert all(np.isfinite(value) for value in levels.values())


REMOVALS = {
    "rankl_membrane": ("rank_occupancy_surface", 0.6),
    "rankl_soluble": ("rank_occupancy_precursors", 0.95),
    "il1": ("rankl_per_cell", 0.99),
    "il6": ("rankl_per_cell", 0.995),
    "tnf": ("rankl_per_cell", 0.99),
    "tgfb": ("tgfb_surface", 0.0),
    "igf1": ("igf1_surface", 0.0),
    "sclerostin": ("sclerostin_surface", 0.0),
    "alarmin": ("alarmin_surface", 0.0),
    "mcsf": ("mcsf_surface", 0.0),
    "estradiol": ("local_estradiol", 0.0),
}


@pytest.mark.parametrize("name", list(REMOVALS))
def test_removal_of_a_source_lowers_a_named_output(solved, distressed, parameters, name):
    key, share = REMOVALS[name]
    state = distressed if name == "alarmin" else solved
    before = measure_fields(state, parameters)[key]
    after = measure_fields(solve(state, parameters, {name: False}), parameters)[key]
    assert before > 0
    assert after <= share * before


@pytest.mark.parametrize("name", ["opg", "rankl_opg"])
def test_without_the_decoy_occupancy_rises(solved, parameters, name):
    before = measure_fields(solved, parameters)["rank_occupancy_surface"]
    state = solve(solved, parameters, {name: False})
    assert measure_fields(state, parameters)["rank_occupancy_surface"] > 4 * before
    assert not state.fields.get(Species.RANKL_OPG).any()


def test_binding_that_does_not_settle_is_an_error(solved, parameters, monkeypatch):
    monkeypatch.setattr("trabecula.fields.rankl.MAX_ROUNDS", 1)
    with pytest.raises(SolverError, match="RANKL and OPG: binding did not settle in 1 rounds at"):
        solve(solved, parameters, binders={"denosumab": 5e4})
    monkeypatch.undo()
    solve(solved, parameters, binders={"denosumab": 5e4})


def test_what_binding_leaves_to_the_next_tick_is_reported(solved, parameters, monkeypatch):
    """Two rounds leave a part of a sudden change, which later ticks take up."""
    monkeypatch.setattr("trabecula.fields.step.DAILY_ROUNDS", 2)
    assert measure_fields(solved, parameters)["rankl_unsettled"] == 0.0
    state = copy.deepcopy(solved)
    state.signals.multiplier[TARGETS.index(Target.OPG_PRODUCTION)] = 0.5
    state.fields.get(Species.OPG)[...] *= 0.9
    shares = []
    for _ in range(40):
        step_fields(state, parameters, {})
        shares.append(measure_fields(state, parameters)["rankl_unsettled"])
    assert 0.01 < shares[0] < 1.0
    assert shares[-1] < 0.3 * shares[0]


def test_a_tick_of_a_warm_start_finds_what_a_whole_solve_finds(solved, parameters):
    """OPG is made half as fast: six rounds of one cycle each bring all three where they belong."""
    state = copy.deepcopy(solved)
    state.signals.multiplier[TARGETS.index(Target.OPG_PRODUCTION)] = 0.5
    whole = copy.deepcopy(state)
    step_fields(state, parameters, {})
    assert measure_fields(state, parameters)["rankl_unsettled"] < 1e-3
    step_fields(whole, parameters, {}, everything=True, tolerance=1e-4)
    for species in (Species.RANKL_MEMBRANE, Species.RANKL_SOLUBLE, Species.OPG):
        found, asked = state.fields.get(species), whole.fields.get(species)
        assert float(np.abs(found - asked).sum()) < 0.02 * float(asked.sum()), species
    before = solved.fields.get(Species.RANKL_SOLUBLE).sum()
    assert state.fields.get(Species.RANKL_SOLUBLE).sum() > 1.2 * before


@pytest.mark.parametrize(
    "signals",
    [
        {"binders": {"denosumab": 5e4}},
        {"binders": {"opg_fc": 1e4}},
        {"blockade": {"rankl_membrane": 1.0, "rankl_soluble": 1.0}},
    ],
)
def test_blockade_and_binders_empty_the_receptors(solved, parameters, signals):
    before = measure_fields(solved, parameters)["rank_occupancy_surface"]
    state = solve(solved, parameters, **signals)
    assert measure_fields(state, parameters)["rank_occupancy_surface"] < 0.02 * before


def test_estrogen_retention_moves_rankl_from_soluble_to_membrane(solved, parameters):
    state = copy.deepcopy(solved)
    state.signals.multiplier[TARGETS.index(Target.RANKL_RETENTION)] = 0.5
    step_fields(state, parameters, {}, everything=True)
    before, after = (measure_fields(s, parameters) for s in (solved, state))
    assert after["rankl_soluble_marrow"] > 2 * before["rankl_soluble_marrow"]
    assert after["rankl_per_cell"] == pytest.approx(0.5 * before["rankl_per_cell"], rel=1e-6)


def test_shedding_never_stops_however_much_is_held_back(solved, parameters):
    """Held back are 0.8 x the signal, up to the limit of 0.98."""
    state, key = copy.deepcopy(solved), TARGETS.index(Target.RANKL_RETENTION)
    limit = parameters["fields.rankl_membrane.retention_limit"]
    assert limit < 1.0
    plain = parameters["fields.rankl_membrane.retention"]
    for signal, held in ((0.5, 0.5 * plain), (1.0, plain), (100.0, limit)):
        state.signals.multiplier[key] = signal
        for species, share in (
            (Species.RANKL_MEMBRANE, held),
            (Species.RANKL_SOLUBLE, 1.0 - held),
            (Species.OPG, 1.0),
        ):
            found = compute_share(state, parameters, species, Population.OSTEOBLAST)
            assert found == pytest.approx(share), (signal, species)


def test_an_osteocyte_secretes_sclerostin_once_it_has_its_age(solved, parameters):
    state, onset = copy.deepcopy(solved), parameters["fields.sclerostin.onset"]
    (row,) = (row for row in load_species() if row.species == Species.SCLEROSTIN)
    (source,) = row.sources
    rows = state.cells.osteocytes.rows
    rows.born[:] = state.clock.time - onset - 1.0
    whole = compute_released(state, parameters, row, source).amount
    assert (whole > 0).all()
    rows.born[::2] = state.clock.time - onset + 1.0
    found = compute_released(state, parameters, row, source).amount
    assert (found[::2] == 0).all()
    assert (found[1::2] == whole[1::2]).all()


def test_the_ratio_counts_the_complex_on_both_sides(solved, parameters):
    """(3 + 1 + 2) over (4 + 2)."""
    state = copy.deepcopy(solved)
    for species, level in (
        (Species.RANKL_MEMBRANE, 3.0), (Species.RANKL_SOLUBLE, 1.0),
        (Species.OPG, 4.0), (Species.RANKL_OPG, 2.0),
    ):  # fmt: skip
        state.fields.get(species)[...] = level
    assert measure_fields(state, parameters)["rankl_opg"] == pytest.approx(1.0)
    state.fields.get(Species.RANKL_OPG)[...] = 0.0
    assert measure_fields(state, parameters)["rankl_opg"] == pytest.approx(1.0)
    state.fields.get(Species.OPG)[...] = 8.0
    assert measure_fields(state, parameters)["rankl_opg"] == pytest.approx(0.5)


def test_rankl_of_a_marrow_cell_is_that_of_marrow(solved, parameters):
    """At reference cytokines it is 1, however much of the lattice is bone, where there are none."""
    state = copy.deepcopy(solved)
    coarse = make_hierarchy(state.grid, state.lattice.matrix).coarse_pore
    assert (coarse == 0).mean() > 0.05
    for name in ("il1", "il6", "tnf"):
        field = state.fields.get(Species[name.upper()])
        field[...] = np.where(coarse > 0, parameters[f"fields.{name}.reference"], 0.0)
    assert measure_fields(state, parameters)["rankl_per_cell"] == pytest.approx(
        state.signals.get(Target.RANKL_PRODUCTION, Population.MARROW), rel=1e-6
    )
    state.lattice.matrix[...] = FULL
    assert np.isnan(measure_fields(state, parameters)["rankl_per_cell"])


def test_a_stressed_cap_switches_its_place_on_and_no_other(parameters):
    state = make_peopled(parameters, (48, 48, 48))
    apply_stress(state)
    step_fields(state, parameters, {})
    near, far = occupancy_by_distance(state, parameters)
    assert 0.15 < near < 0.5
    assert far < 0.2 * near
    hot = {}
    for factor in (0.8, 1.25):
        state.signals.multiplier[TARGETS.index(Target.OPG_PRODUCTION)] = factor
        step_fields(state, parameters, {}, everything=True)
        hot[factor] = occupancy_by_distance(state, parameters)[0] / near
    assert 0.6 < hot[1.25] < 0.8
    assert 1.2 < hot[0.8] < 1.6


def occupancy_by_distance(state, parameters):
    """Mean occupancy at the outlets of stressed osteocytes, and 60-120 um from them."""
    rows = state.cells.osteocytes.rows
    away = np.ones(state.grid.shape, bool)
    away.reshape(-1)[rows.outlet[rows.stress > 0]] = False
    distance = ndimage.distance_transform_edt(away) * state.grid.voxel
    surface = np.nonzero(find_surface(state.lattice.matrix >= HALF, state.grid.periodic))
    occupied, d = compute_occupancy(state, parameters, surface), distance[surface]
    return occupied[d == 0].mean(), occupied[(d > 60) & (d < 120)].mean()


def test_the_budget_of_the_steady_state_closes(solved, parameters):
    state = copy.deepcopy(solved)
    step_fields(state, parameters, {}, everything=True, tolerance=2e-4)
    hierarchy = make_hierarchy(state.grid, state.lattice.matrix)
    made = make_production(state, parameters, {r.species: r for r in load_species()}, hierarchy, {})
    pore, get = hierarchy.coarse_pore.astype(float), state.fields.get
    cleared = get_decay(parameters, Species.RANKL_OPG) * (pore * get(Species.RANKL_OPG)).sum()
    opg = get_decay(parameters, Species.OPG) * (pore * get(Species.OPG)).sum()
    assert made.opg.sum(dtype=float) == pytest.approx(opg + cleared, rel=2e-3)
    assert cleared > 0.1 * opg
    member = get(Species.RANKL_MEMBRANE).astype(float)
    soluble = get(Species.RANKL_SOLUBLE).astype(float)
    there = np.nonzero(hierarchy.is_open)
    beside = np.zeros(SHAPE)
    beside[there] = soluble[tuple(i // 2 for i in there)]
    sites = compute_rank_sites(state, parameters, hierarchy)
    taken = sites * (member + beside) / (parameters["fields.rank.kd"] + member + beside)
    lost = get_decay(parameters, Species.RANKL_MEMBRANE) * member.sum() / 8
    lost += get_decay(parameters, Species.RANKL_SOLUBLE) * (pore * soluble).sum()
    lost += cleared + parameters["fields.rank.internalisation"] * taken.sum() / 8
    produced = made.membrane.sum(dtype=float) / 8 + made.soluble.sum(dtype=float)
    assert produced == pytest.approx(lost, rel=5e-3)


def test_rank_of_an_osteoclast_lies_on_the_surface_under_it(solved, parameters):
    """All of it, evenly over the disc of its nuclei, so that a cell that creeps on still hears."""
    state = copy.deepcopy(solved)
    hierarchy = make_hierarchy(state.grid, state.lattice.matrix)
    before = compute_rank_sites(state, parameters, hierarchy)
    contact = np.zeros(SHAPE, np.uint8)
    fill_contact(state.lattice.matrix, Space(*SHAPE, 0, state.grid.voxel), contact)
    voxel = np.flatnonzero(contact)[1000]
    state.cells.osteoclasts.append(uid=[99], voxel=[voxel], nuclei=[8])
    more = compute_rank_sites(state, parameters, hierarchy) - before
    covered = more > 0.5 * more.max()
    molecules = more.sum(dtype=float) * state.grid.voxel_volume / MOLECULE
    assert molecules == pytest.approx(8 * parameters["fields.rank.sites_nucleus"], rel=1e-4)
    assert (contact[covered] > 0).all()
    away = np.linalg.norm(np.argwhere(covered) - np.unravel_index(voxel, SHAPE), axis=1)
    reach = np.sqrt(8 * parameters["cells.osteoclast.area"] / np.pi) / state.grid.voxel
    assert away.max() <= reach
    assert 5 < covered.sum() < 60


def test_a_second_tick_of_an_unchanged_bone_costs_no_cycle(solved, parameters):
    state = copy.deepcopy(solved)
    assert set(step_fields(state, parameters, {}, everything=True).values()) == {0}


def test_species_are_solved_by_their_clocks(solved, parameters):
    state = copy.deepcopy(solved)
    state.clock.step = 1
    assert step_fields(state, parameters, {}) == {}
    state.clock.step = 3
    due = set(step_fields(state, parameters, {}))
    assert {"tgfb", "igf1", "alarmin", "rankl"} <= due
    assert "estradiol" not in due
    state.clock.step = 6
    assert len(step_fields(state, parameters, {})) == 10


def test_a_copied_state_goes_on_bit_for_bit(solved, parameters):
    """Nothing that the next tick needs hides outside the state."""
    first, second = copy.deepcopy(solved), copy.deepcopy(solved)
    other = make_peopled(parameters, SHAPE, seed=9)
    for state in (first, second):
        state.cells.osteocytes.rows.stress[:40] = 15
        step_fields(other, parameters, {})
        step_fields(state, parameters, {}, everything=True)
    assert first.fields.fine.tobytes() == second.fields.fine.tobytes()
    assert first.fields.coarse.tobytes() == second.fields.coarse.tobytes()


def test_production_follows_signals_by_population(solved, parameters):
    state = copy.deepcopy(solved)
    target = TARGETS.index(Target.SCLEROSTIN_PRODUCTION)
    state.signals.multiplier[target, Population.OSTEOCYTE] = 2
    step_fields(state, parameters, {}, everything=True)
    before, after = (measure_fields(s, parameters) for s in (solved, state))
    assert after["sclerostin_surface"] == pytest.approx(2 * before["sclerostin_surface"], rel=0.01)
    assert after["opg_surface"] == pytest.approx(before["opg_surface"], rel=0.01)


def test_a_bone_without_cells_or_marrow_has_empty_fields(parameters):
    bone = np.ones((6, 6, 6), bool)
    bone[0, 0, 0] = False
    state = make_peopled(parameters, (6, 6, 6), mask=bone)
    state.lattice.matrix[...] = HALF
    step_fields(state, parameters, {})
    assert not state.fields.fine.any()
    assert not state.fields.coarse.any()
    assert np.isnan(measure_fields(state, parameters)["opg_marrow"])


def test_the_table_covers_every_species(parameters, solved):
    rows = load_species()
    assert tuple(row.species for row in rows) == tuple(Species)
    assert [row.species for row in rows if not row.is_coarse] == [Species.RANKL_MEMBRANE]
    assert all(source.rate in parameters for row in rows for source in row.sources)
    assert all(row.removal for row in rows)
    assert make_fields(solved.grid, parameters).coarse.shape == (12, 16, 17, 17)


def test_a_wrong_table_names_all_its_mistakes(tmp_path):
    text = "opg: {grid: thin, clock: 1 d, sources: [], removal: x}\nwater: {grid: fine}\n"
    path = tmp_path / "species.yaml"
    path.write_text(text + "il1: {grid: fine, clock: 1 kg, sources: [], removal: x}\n")
    with pytest.raises(ConfigError) as caught:
        read_species(path)
    message = str(caught.value)
    for part in ("grid 'thin'", "water: found an unknown species", "'kg'", "tgfb: found no row"):
        assert part in message


@pytest.mark.parametrize(("every", "days"), [(1.0, 3), (4.0, 4), (5.0, 5)])
def test_fields_solved_more_rarely_are_solved_at_that_interval(parameters, every, days):
    """RANKL's own clock is 3 d; the longer of the two counts, not the days on which both are due."""
    state = make_peopled(parameters, shape=(16, 16, 16))
    step_fields(state, parameters, {}, everything=True)
    solved = []
    for day in range(1, 31):
        state.clock.step = day
        if "rankl" in step_fields(state, parameters, {}, every=every):
            solved.append(day)
    assert solved == list(range(days, 31, days))
