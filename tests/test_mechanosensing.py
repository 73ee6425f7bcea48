"""What osteocytes feel and answer: the curve, the reference, grants, and the waking of lining cells."""

import copy
import math

import numpy as np
import pytest

from bones import add_slab, live, make_empty, make_living
from trabecula.base.codes import FULL, Lateral, Sides
from trabecula.base.errors import LedgerError
from trabecula.config import load_config, load_parameters
from trabecula.hormones import make_signals
from trabecula.kernels.compile import get_max_threads, get_threads, set_threads
from trabecula.lattice import check_ledgers
from trabecula.mechanics import (
    Load,
    compute_strain,
    compute_stress,
    measure_loading,
    step_mechanics,
)
from trabecula.mechanics.mechanostat import accommodate, compute_answer, find_reference
from trabecula.mechanics.step import compute_bone_modulus, halve, spread_stimulus
from trabecula.model import TrabeculaModel, make_plan
from trabecula.model.genesis import make_state
from trabecula.runner.digest import compute_state_digest
from trabecula.state import Signals

P = load_parameters()
STRESS = (0.5, 0.2, 0.2)
QUIET = {"triggering": False}
LOAD = Load(STRESS, True, 1e-4, Lateral.MIRRORED)


def make_struts(seed=1, sides=Sides.MIRRORED, shape=(20, 22, 24)):
    """Three struts that cross, thinner in one direction, with osteocytes."""
    z, y, x = np.indices(shape)
    near = [abs(z - 10) < 4, abs(y - 11) < 4, abs(x - 12) < 3]
    fraction = ((near[1] & near[2]) | (near[0] & near[2]) | (near[0] & near[1])).astype(np.float32)
    return make_state(fraction, 20.0, sides, seed, 1.0, P, Signals())


def scale(load, factor):
    return load._replace(stress=tuple(factor * stress for stress in load.stress))


def make_lazy(low, high):
    """The table with a lazy zone, which it does not have by default."""
    return load_parameters({"mechanics.sensing.lazy_low": low, "mechanics.sensing.lazy_high": high})


def test_nothing_is_said_within_a_lazy_zone():
    lazy = make_lazy(0.7, 1.3)
    answer = compute_answer(np.linspace(0.7, 1.3, 50) ** 2, lazy)
    for part in (answer.secretion - 1, answer.unrest - 1, answer.calling):
        assert abs(part).max() < 1e-12
    assert find_reference(np.linspace(0.9, 1.1, 101), lazy) == pytest.approx(1)


def test_every_change_of_strain_is_heard():
    """No lazy zone was found in women (Christen 2014): a little more or less strain counts."""
    less, more = compute_answer(np.array([0.98, 1.02]) ** 2, P).secretion
    assert less > 1.02
    assert more < 0.99


def test_the_curve_has_its_limits_and_is_monotone():
    ratio = np.linspace(0, 12, 400) ** 2
    answer = compute_answer(ratio, P)
    assert answer.secretion[0] == 1 + P["mechanics.sclerostin.disuse"]
    assert answer.secretion[-1] == pytest.approx(1 - P["mechanics.sclerostin.use"])
    assert (np.diff(answer.secretion) <= 0).all()
    assert answer.unrest[0] == 1 + P["mechanics.trigger.disuse"]
    assert answer.unrest[-1] == 1 + P["mechanics.trigger.damage"]
    assert answer.unrest.min() == 1
    assert (np.diff(answer.calling) >= 0).all()
    assert (answer.calling[0], answer.calling[-1]) == (0, 1)
    assert answer.calling[np.sqrt(ratio) < P["mechanics.sensing.building"]].max() == 0


def test_at_the_reference_the_osteocytes_together_ask_for_nothing():
    felt = np.random.default_rng(1).lognormal(0, 1.2, 4000) * 1e-3
    reference = find_reference(felt, P)
    assert compute_answer(felt / reference, P).secretion.mean() == pytest.approx(1, abs=1e-9)
    assert find_reference(7 * felt, P) == pytest.approx(7 * reference)
    assert math.isnan(find_reference(np.zeros(5), P))


def test_who_bears_nothing_tells_the_others_nothing_of_their_load():
    """Pieces that are held nowhere move neither reference: not the fixed one, not that of now."""
    felt = np.random.default_rng(1).lognormal(0, 1.2, 4000) * 1e-3
    reference = find_reference(felt, P)
    among = np.concatenate([np.zeros(300), felt])
    assert find_reference(among, P) == reference
    assert accommodate(reference, among, P) == pytest.approx(reference, rel=1e-6)
    assert compute_answer(among[:300] / reference, P).secretion.min() > 2, "they are in disuse"


def test_what_all_feel_is_heard_in_part_and_what_one_feels_in_full():
    share = P["mechanics.sensing.accommodation"]
    felt = np.random.default_rng(1).lognormal(0, 0.5, 4000) * 1e-3
    reference = find_reference(felt, P)
    assert accommodate(reference, felt, P) == pytest.approx(reference, rel=1e-6)
    for factor in (0.5, 1.3):
        held = accommodate(reference, factor * felt, P)
        assert held == pytest.approx(reference * factor**share, rel=1e-6)
        heard = compute_answer(factor * felt / held, P).secretion
        assert heard == pytest.approx(
            compute_answer(factor ** (1 - share) * felt / reference, P).secretion
        )
    felt[0] *= 2.0
    assert accommodate(reference, felt, P) == pytest.approx(reference, rel=1e-3)
    deaf = load_parameters({"mechanics.sensing.accommodation": 0.0})
    assert accommodate(reference, 3 * felt, deaf) == reference
    assert accommodate(reference, np.zeros(7), P) == reference, "nobody feels anything"


def test_getting_used_to_load_knows_no_order_and_few_cells_tell_it():
    felt = np.random.default_rng(2).lognormal(0, 0.6, 60_000) * 1e-3
    reference = 1.1 * find_reference(felt, P)
    held = accommodate(reference, felt, P)
    assert accommodate(reference, felt[::-1].copy(), P) == held
    assert accommodate(reference, np.roll(felt, 777), P) == held
    whole = (
        reference * (find_reference(felt, P) / reference) ** P["mechanics.sensing.accommodation"]
    )
    assert held == pytest.approx(whole, rel=1e-3)


def test_triggers_are_not_accommodated(tmp_path):
    state = make_struts()
    step_mechanics(state, P, LOAD)
    state.loading.is_fixed = True
    step_mechanics(state, P, scale(LOAD, 0.7))
    rows, loading = state.cells.osteocytes.rows, state.loading
    raw = compute_answer(rows.stimulus.astype(float), P)
    assert rows.unrest == pytest.approx(raw.unrest / loading.rest, rel=1e-5)
    assert rows.calling == pytest.approx(raw.calling, abs=1e-6)
    assert 1.0 < rows.secretion.mean() < raw.secretion.mean()


def test_stress_holds_before_day_0_and_falls_back_on_the_table():
    from trabecula.config.schema import Stress

    given = Stress(z=[[0, 0.5], [10, 0.1]])
    across = P["mechanics.load.transversal"]
    assert compute_stress(given, P, -30) == (0.5, across, across)
    assert compute_stress(given, P, 5) == (pytest.approx(0.3), across, across)
    assert compute_stress(given, P, 99) == (0.1, across, across)


def test_a_bone_that_gives_way_is_strained_to_its_limit():
    most = P["mechanics.load.most_strain"]
    assert compute_strain(0.5, 1000.0, P) == 5e-4
    assert compute_strain(0.5, 1.0, P) == most
    assert compute_strain(0.5, 0.0, P) == most
    assert compute_strain(0.0, 0.0, P) == 0


def test_osteoid_and_young_mineral_are_softer():
    state = make_empty((4, 4, 4))
    add_slab(state, 0, 4)
    state.lattice.osteoid[0] = FULL // 2
    state.lattice.mineral[1] = 0.7
    modulus = compute_bone_modulus(state, P)
    tissue = P["mechanics.modulus.tissue"]
    assert modulus[0] == pytest.approx(np.full((4, 4), tissue / 2))
    assert modulus[1] == pytest.approx(np.full((4, 4), tissue * 0.7**2.74), rel=1e-5)
    assert modulus[2] == pytest.approx(np.full((4, 4), tissue))


def test_blocks_repeat_an_odd_edge():
    values = np.arange(27, dtype=np.float32).reshape(3, 3, 3)
    assert halve(values)[0, 0, 0] == values[:2, :2, :2].mean()
    assert halve(values)[1, 1, 1] == values[2, 2, 2]
    assert halve(np.ones((5, 4, 7), np.float32)).shape == (3, 2, 4)


def test_what_is_felt_is_a_mean_over_bone_alone():
    sed = np.zeros((9, 9, 9), np.float32)
    sed[3:6, 3:6, 3:6] = 2.0
    felt = spread_stimulus(sed, 1.2)
    assert felt[4, 4, 4] == pytest.approx(2.0, rel=1e-5)
    assert felt[3, 3, 3] == pytest.approx(2.0, rel=1e-5)
    assert felt[0, 0, 0] == 0
    sed[4, 4, 4] = 8.0
    assert 2.0 < spread_stimulus(sed, 1.2)[3, 3, 3] < 8.0
    assert (spread_stimulus(sed, 0.0) == sed).all()


def test_the_reference_follows_the_bone_until_it_is_fixed():
    state = make_struts()
    step_mechanics(state, P, LOAD)
    first, rows = state.loading.reference, state.cells.osteocytes.rows
    assert rows.secretion.mean(dtype=float) == pytest.approx(1, abs=1e-6)
    assert rows.unrest.mean(dtype=float) == pytest.approx(1, abs=1e-6)
    step_mechanics(state, P, scale(LOAD, 2.0))
    assert state.loading.reference == pytest.approx(4 * first, rel=0.01)
    assert rows.secretion.mean(dtype=float) == pytest.approx(1, abs=1e-6)
    state.loading.is_fixed = True
    step_mechanics(state, P, scale(LOAD, 0.4))
    assert state.loading.reference == pytest.approx(4 * first, rel=0.01)
    assert rows.secretion.mean() > 1.3
    assert rows.unrest.mean() > 1.3
    assert rows.calling.max() == 0
    step_mechanics(state, P, scale(LOAD, 8.0))
    assert rows.secretion.mean() < 0.6
    assert rows.calling.mean() > 0.2


def test_a_raw_bone_takes_its_reference_from_its_first_load():
    state = make_struts()
    state.loading.is_fixed = True
    step_mechanics(state, P, LOAD)
    first = state.loading.reference
    step_mechanics(state, P, scale(LOAD, 3.0))
    assert state.loading.reference == first > 0


def test_energy_grows_with_the_square_of_the_load():
    state, other = make_struts(), make_struts()
    step_mechanics(state, P, LOAD)
    step_mechanics(other, P, scale(LOAD, 3.0))
    loaded = state.loading.sed > 0
    assert other.loading.sed[loaded] == pytest.approx(9 * state.loading.sed[loaded], rel=2e-3)
    assert other.loading.strain == pytest.approx(3 * state.loading.strain, rel=1e-3)
    assert other.loading.failure_strain == pytest.approx(state.loading.failure_strain, rel=1e-3)


def test_the_failure_load_is_that_of_the_cross_section():
    """20 x 22 x 24 voxels of 20 um: force is stress times the area across z, whatever the height."""
    state = make_struts()
    step_mechanics(state, P, LOAD)
    found, modulus = measure_loading(state, P), float(state.loading.modulus[0])
    area = 22 * 24 * 0.02**2
    assert found["failure_load"] == pytest.approx(modulus * state.loading.failure_strain * area)
    assert found["stiffness"] == pytest.approx(modulus * area / (20 * 0.02))


def test_disuse_and_strain_begin_where_the_lazy_zone_ends():
    """A stimulus is an energy, the limits of the zone are strains: their squares count."""
    state, lazy = make_struts(), make_lazy(0.7, 1.3)
    step_mechanics(state, P, LOAD)
    rows = state.cells.osteocytes.rows
    for key, limit, below in (("disuse", 0.7, 1.0), ("strained", 1.3, 0.0)):
        for factor, share in ((0.99, below), (1.01, 1.0 - below)):
            rows.stimulus[:] = factor * limit**2
            found = measure_loading(state, lazy)
            assert found[key] == share, key
            assert found["stimulus"] == pytest.approx(factor * limit**2, rel=1e-6)
    rows.stimulus[: len(rows.stimulus) // 4] = 0.4
    assert measure_loading(state, lazy)["disuse"] == pytest.approx(0.25, abs=1 / len(rows.stimulus))


def test_a_thinner_bone_is_strained_more_at_the_same_stress():
    state = make_struts()
    step_mechanics(state, P, LOAD)
    before = measure_loading(state, P)
    rng = np.random.default_rng(2)
    state.lattice.matrix[rng.random(state.grid.shape) < 0.1] = 0
    step_mechanics(state, P, LOAD)
    after = measure_loading(state, P)
    assert after["stiffness"] < before["stiffness"]
    assert after["load_strain"] > before["load_strain"]
    assert after["sed_mean"] > before["sed_mean"]
    assert after["failure_load"] < before["failure_load"]


@pytest.mark.parametrize("lateral", list(Lateral))
@pytest.mark.parametrize("is_coarse", [True, False])
def test_meshes_and_sides(lateral, is_coarse):
    state = make_struts()
    step_mechanics(state, P, LOAD._replace(is_coarse=is_coarse, lateral=lateral))
    assert state.loading.sed.shape == ((10, 11, 12) if is_coarse else (20, 22, 24))
    found = measure_loading(state, P)
    assert found["stiffness"] > 0
    assert (state.loading.modulus > 0).all()
    stimulus = state.cells.osteocytes.rows.stimulus
    assert 0 <= stimulus.min() < 1 < stimulus.max(), (
        "some carry less than the reference, others more"
    )


def test_bone_that_spans_nothing_leaves_osteocytes_in_peace():
    fraction = np.zeros((12, 12, 12), np.float32)
    fraction[3:9, 3:9, 3:9] = 1
    state = make_state(fraction, 20.0, Sides.MIRRORED, 1, 1.0, P, Signals())
    step_mechanics(state, P, LOAD)
    rows = state.cells.osteocytes.rows
    assert math.isnan(state.loading.reference)
    assert (rows.secretion == 1).all()
    assert (rows.unrest == 1).all()
    assert measure_loading(state, P)["stiffness"] == 0


def test_never_loaded_is_not_a_number():
    found = measure_loading(make_struts(), P)
    assert math.isnan(found["stiffness"])
    assert found["granted"] == 0


def test_a_warm_start_changes_nothing_that_counts():
    state = make_struts()
    step_mechanics(state, P, LOAD)
    cold = copy.deepcopy(state)
    step_mechanics(state, P, LOAD)
    assert state.loading.sed == pytest.approx(cold.loading.sed, rel=1e-3, abs=1e-9)


def test_same_bits_on_one_and_two_threads():
    if get_max_threads() < 2:
        pytest.skip("numba was started with one thread")
    before, found = get_threads(), []
    try:
        for threads in (1, 2):
            set_threads(threads)
            state = make_struts(shape=(44, 46, 48))
            step_mechanics(state, P, LOAD._replace(is_coarse=False))
            found.append((state.loading.sed.tobytes(), state.loading.modulus.tobytes()))
    finally:
        set_threads(before)
    assert found[0] == found[1]


def call_all(state, share=1.0):
    state.cells.osteocytes.rows.calling[:] = share


def test_strained_osteocytes_wake_lining_cells_that_build():
    """On a quiet plate nothing but grants adds bone; every granted quantum is accounted for."""
    state, parameters = make_living(1, **{"cells.osteocyte.grant": 150.0})
    call_all(state)
    lining, volume = state.cells.lining.count, state.volume.formed
    live(state, parameters, 40, rules=QUIET)
    assert state.coupling.granted > 0
    assert state.coupling.released == 0
    assert state.events["lining_woken"] > 20
    assert state.cells.lining.count < lining
    built = state.volume.formed - volume
    assert 0 < built < 1.5 * state.coupling.granted
    assert state.volume.resorbed == 0
    assert state.sites.count == 0  # modelling opens no remodelling site


def test_no_grant_without_strain_or_without_the_rule():
    still, parameters = make_living(1)
    live(still, parameters, 5, rules=QUIET)
    assert still.coupling.granted == 0
    for on in (True, False):
        state, parameters = make_living(1)
        call_all(state)
        live(state, parameters, 5, rules=QUIET | {"modelling": on})
        assert (state.coupling.granted > 0) == on


def test_a_grant_that_is_not_booked_is_found():
    state, parameters = make_living(1)
    call_all(state)
    live(state, parameters, 3, rules=QUIET)
    state.coupling.granted += 1
    with pytest.raises(LedgerError, match="granted"):
        check_ledgers(state)


def test_more_unrest_begins_more_clusters():
    counts = []
    for unrest in (1.0, 10.0, 60.0):
        state, parameters = make_living(2)
        state.cells.osteocytes.rows.unrest[:] = unrest
        live(state, parameters, 25)
        counts.append(state.events["clusters"])
    assert counts[0] < counts[1] < counts[2]


def test_more_sclerostin_lays_less_for_the_same_factor():
    gains = []
    for secretion in (0.3, 1.0, 2.0):
        state, parameters = make_living(1)
        state.cells.osteocytes.rows.secretion[:] = secretion
        live(state, parameters, 90)
        gains.append(state.volume.formed / state.coupling.spent)
    assert gains[0] > gains[1] > gains[2]


@pytest.fixture
def config(tmp_path):
    (tmp_path / "tiny.yaml").write_text("duration: 60 d\nlattice: {shape: [24, 24, 24]}\n")
    return load_config(tmp_path / "tiny.yaml")


def test_the_plan_solves_mechanics_at_its_clock(config):
    fraction = np.zeros((12, 12, 12), np.float32)
    fraction[:, 3:9, 3:9] = 1
    state = make_state(
        fraction, 20.0, Sides.MIRRORED, 1, 1.0, config.parameters, make_signals(config)
    )
    names = [step.name for step in make_plan(config, state, True)]
    assert names.index("fields") < names.index("mechanics") < names.index("triggering")
    model = TrabeculaModel(config, state, replete=True)
    model.run_steps(1)
    first = state.loading.sed.copy()
    state.lattice.mineral[...] = 0.5  # is not seen before the next tick
    model.run_steps(28)
    assert (state.loading.sed == first).all()
    model.run_steps(2)
    assert not (state.loading.sed == first).all()
    off = config.model_copy(
        update={"mechanics": config.mechanics.model_copy(update={"active": False})}
    )
    assert "mechanics" not in [step.name for step in make_plan(off, state, True)]


@pytest.mark.parametrize(
    ("points", "felt"),
    [("[[0, 0.5], [6, 0.5], [7, 0.25]]", 7), ("[[0, 0.5], [400, 0.4]]", 0), ("0.5", 0)],
)
def test_a_load_that_jumps_is_felt_at_once_and_one_that_creeps_at_the_next_interval(
    tmp_path, points, felt
):
    (tmp_path / "tiny.yaml").write_text(
        f"duration: 60 d\nlattice: {{shape: [24, 24, 24]}}\nmechanics: {{stress: {{z: {points}}}}}\n"
    )
    config = load_config(tmp_path / "tiny.yaml")
    fraction = np.zeros((12, 12, 12), np.float32)
    fraction[:, 3:9, 3:9] = 1
    state = make_state(
        fraction, 20.0, Sides.MIRRORED, 1, 1.0, config.parameters, make_signals(config)
    )
    model = TrabeculaModel(config, state, replete=True)
    model.run_steps(2)  # known, and not due again before day 30
    first, changed = state.loading.strain[0], []
    for _ in range(20):
        model.run_steps(1)
        if state.loading.strain[0] != first:
            changed.append(state.clock.time - 1.0)
            first = state.loading.strain[0]
    assert changed == ([felt] if felt else [])


def test_a_spun_up_bone_depends_on_its_load_until_day_0(config, tmp_path):
    def digest(text):
        (tmp_path / "other.yaml").write_text(
            f"duration: 60 d\nlattice: {{shape: [24, 24, 24]}}\nmechanics: {text}\n"
        )
        return compute_state_digest(load_config(tmp_path / "other.yaml"), 10, False)

    same = digest("on")
    assert digest("{stress: {z: [[0, 0.5], [1, 0.1]]}}") == same
    assert digest("{stress: {z: 0.4}}") != same
    assert digest("{every: 20 d}") != same
    assert digest("{parameters: {sensing.radius: 40}}") != same
    assert digest("off") != same


@pytest.mark.parametrize("row", ["mechanics.sclerostin.use", "mechanics.sclerostin.disuse"])
def test_where_none_can_ask_for_less_the_reference_is_the_median(row):
    felt = np.exp(np.random.default_rng(3).normal(0.0, 0.5, 999))
    one_sided = load_parameters({row: 0.0})
    assert find_reference(felt, one_sided) == pytest.approx(np.median(felt))
