"""The life of cells on a small bone: what must be conserved, follow, or stop."""

import numpy as np
import pytest

from bones import add_slab, live, make_empty, make_living
from trabecula.base.codes import FULL, HALF, Phase, Population, Species, Target
from trabecula.base.errors import TrabeculaError
from trabecula.base.layouts import Osteoclasts
from trabecula.cells import builders
from trabecula.cells.builders import step_covering, step_factor
from trabecula.cells.rates import make_osteoclast_rates
from trabecula.cells.resorbers import step_supply
from trabecula.cells.scene import Stage
from trabecula.cells.sites import assign_sites, step_sites
from trabecula.config import load_parameters
from trabecula.kernels.osteoclasts import fuse_osteoclasts
from trabecula.kernels.space import Moment, Space
from trabecula.lattice import count_bound, count_carried, count_matrix
from trabecula.state import Table
from trabecula.state.signals import TARGETS

DAYS = 150


def stress_all(state):
    """Make every osteocyte near the surface call, so that a small bone has work within days."""
    state.cells.osteocytes.rows.stress[:] = 20.0


@pytest.fixture(scope="module")
def lived():
    state, parameters = make_living()
    stress_all(state)
    wrong = []

    def watch(s):
        matrix = s.lattice.matrix.reshape(-1)
        for name in ("precursors", "osteoclasts", "lining"):
            rows = getattr(s.cells, name).rows
            if (matrix[rows.voxel] >= HALF).any():
                wrong.append((name, s.clock.step))
        if (s.lattice.osteoid > s.lattice.matrix).any():
            wrong.append(("osteoid", s.clock.step))

    live(state, parameters, DAYS, watch=watch)
    return state, parameters, wrong


def test_remodelling_happens(lived):
    state, _, _ = lived
    assert state.volume.resorbed > 0
    assert state.volume.formed > 0
    for event in ("osteoclasts_born", "osteoclasts_fused", "nuclei_died", "osteoblasts_activated",
                  "osteocytes_born", "osteocytes_freed", "lining_opened"):  # fmt: skip
        assert state.events[event] > 0, event


def test_no_free_cell_lies_in_bone_and_osteoid_is_part_of_matrix(lived):
    assert lived[2] == []


def test_coupling_factor_is_conserved_exactly(lived):
    state, _, _ = lived
    c = state.coupling
    held = count_bound(state) + count_carried(state) + c.spent + c.lost + c.faded
    assert c.released == state.volume.resorbed == held
    assert c.spent > 0


def test_formation_follows_what_was_spent(lived):
    state, parameters, _ = lived
    gain = state.volume.formed / state.coupling.spent
    assert (
        0.5 * parameters["cells.osteoblast.gain"] < gain < 2 * parameters["cells.osteoblast.gain"]
    )


def test_site_ledger_holds_all_matrix_that_went_and_came(lived):
    state, _, _ = lived
    rows = state.sites.rows
    assert rows.resorbed.sum() == state.volume.resorbed
    assert rows.formed.sum() <= state.volume.formed
    assert rows.formed.sum() > 0.9 * state.volume.formed


def test_phases_come_in_order_at_every_site(lived):
    rows = lived[0].sites.rows
    worked = rows.resorbed > 0
    assert worked.any()
    assert (rows.first_resorbed[worked] >= rows.activated[worked]).all()
    assert (rows.last_resorbed[worked] >= rows.first_resorbed[worked]).all()
    formed = rows.formed > 0
    assert (rows.first_formed[formed] >= rows.first_resorbed[formed]).all()
    assert (rows.nuclei_peak[worked] >= 3).all()


def make_site(nuclei, voxel=(3, 4, 4)):
    """A slab with a site that one osteoclast has dug, which has `nuclei` now."""
    state = make_empty((16, 16, 16))
    add_slab(state, 0, 3)
    stage = Stage(state)
    stage.set_up(state, 0)
    flat = int(np.ravel_multi_index(voxel, state.grid.shape))
    state.sites.append(activated=-9.0, voxel=flat, resorbed=5000, first_resorbed=-8.0)
    state.cells.osteoclasts.append(uid=7, voxel=flat, born=-9.0, nuclei=nuclei, site=1)
    return state, stage


@pytest.mark.parametrize(
    ("nuclei", "first_formed", "phase"),
    [
        (3, np.nan, Phase.RESORPTION),
        (2, np.nan, Phase.REVERSAL),
        (2, -1.0, Phase.FORMATION),
        (0, -1.0, Phase.COMPLETE),
    ],
)
def test_what_is_left_of_an_osteoclast_keeps_its_site_from_ending(nuclei, first_formed, phase):
    """With nuclei enough it resorbs, with fewer it digs on in reversal; without it all is over."""
    state, _ = make_site(nuclei)
    state.sites.rows.first_formed[0] = first_formed
    if nuclei == 0:
        state.cells.osteoclasts.rows.uid[:] = 0
        state.cells.osteoclasts.compact()
    step_sites(state, 0, 3)
    assert state.sites.rows.phase[0] == phase
    assert np.isfinite(state.sites.rows.ended[0]) == (phase == Phase.COMPLETE)


@pytest.mark.parametrize(
    ("bound", "first_formed", "phase"),
    [
        (101, np.nan, Phase.REVERSAL),
        (101, -1.0, Phase.FORMATION),
        (100, np.nan, Phase.COMPLETE),
    ],
)
def test_a_site_that_waits_for_osteoblasts_has_not_ended(bound, first_formed, phase):
    """No cell is left, but factor above a seam of 100 quanta is: they may still come."""
    state, _ = make_site(0)
    state.cells.osteoclasts.rows.uid[:] = 0
    state.cells.osteoclasts.compact()
    state.sites.rows.first_formed[0] = first_formed
    state.lattice.bound[3, 4, 4] = bound
    state.lattice.site[3, 4, 4] = 1
    step_sites(state, 100, 3)
    assert state.sites.rows.phase[0] == phase
    assert np.isfinite(state.sites.rows.ended[0]) == (phase == Phase.COMPLETE)
    assert state.events.get("sites_completed", 0) == (phase == Phase.COMPLETE)


@pytest.mark.parametrize(("nuclei", "site"), [(3, 1), (2, 2)])
def test_a_newcomer_joins_who_resorbs_and_not_what_is_left(nuclei, site):
    """Else one site runs into the next for years."""
    state, stage = make_site(nuclei)
    near = int(np.ravel_multi_index((3, 4, 8), state.grid.shape))  # 80 um away
    state.cells.osteoclasts.append(uid=8, voxel=near, born=0.0, nuclei=3)
    assign_sites(state, stage, 3, 150.0)
    assert state.cells.osteoclasts.rows.site.tolist() == [1, site]
    far = int(np.ravel_multi_index((3, 12, 12), state.grid.shape))  # 226 um from the first
    state.cells.osteoclasts.append(uid=9, voxel=far, born=0.0, nuclei=3)
    assign_sites(state, stage, 3, 100.0)
    assert state.cells.osteoclasts.rows.site[2] == site + 1, "none within 100 um"


def test_time_of_work_in_the_site_ledger(lived):
    rows = lived[0].sites.rows
    worked = rows.resorbed > 0
    first, last = (
        (rows.first_resorbed - rows.activated)[worked],
        rows.last_resorbed - rows.activated,
    )
    mean, spread = rows.resorbed_mean[worked], rows.resorbed_spread[worked]
    assert ((mean >= first - 1e-9) & (mean <= last[worked] + 1e-9)).all()
    # no course within bounds a..b spreads more than all at the ends, and none at all less than 0
    assert (spread <= (mean - first) * (last[worked] - mean) + 1e-6).all()
    assert (spread >= 0).all()
    turned = rows.reversed > 0
    assert turned.any()
    assert (rows.reversal[turned] > 0).all()


@pytest.mark.parametrize("voxel", [10.0, 20.0])
@pytest.mark.parametrize(
    ("away", "is_kept"),
    [(20.0, True), (80.0, True), (120.0, False), (-140.0, True), (-180.0, False)],
)
def test_factor_seeks_the_surface_over_the_same_way_at_any_voxel(voxel, away, is_kept):
    """Over 90 um in the open, where there may be none to lay matrix on; over 160 um when buried."""
    state = make_empty((int(960 / voxel), 8, 8), voxel=voxel)
    top = int(480 / voxel)
    add_slab(state, 0, top)
    state.lattice.bound[top + int(away / voxel), 4, 4] = 1000
    stage = Stage(state)
    stage.set_up(state, 0)
    step_factor(state, load_parameters(), stage)
    assert state.coupling.lost == (0 if is_kept else 1000)
    assert state.lattice.bound[top, 4, 4] + state.coupling.faded == (1000 if is_kept else 0)


def test_every_lining_cell_comes_and_goes_by_an_event():
    """Up to four osteoblasts end in a place, where one lining cell has room."""
    state, parameters = make_living()
    stress_all(state)
    before = state.cells.lining.count
    live(state, parameters, DAYS)
    events = state.events
    came = events["lining_born"] + events["osteoblasts_lined"]
    gone = events["lining_opened"] + events["lining_shed"] + events.get("lining_woken", 0)
    assert events["osteoblasts_lined"] > 20
    assert state.cells.lining.count == before + came - gone


def test_of_two_that_end_as_lining_in_one_place_one_dies():
    """A third ends where there is no bone beside it, a fourth where a lining cell lies already."""
    state = make_empty((16, 16, 16))
    add_slab(state, 0, 3)
    shared, taken, away = (
        int(np.ravel_multi_index(at, state.grid.shape)) for at in ((3, 4, 4), (3, 9, 9), (8, 4, 4))
    )
    state.cells.lining.append(uid=[90], voxel=[taken])
    state.cells.osteoblasts.append(
        uid=[5, 6, 7, 8], voxel=[shared, shared, away, taken], stage=builders.LINING
    )
    stage = Stage(state)
    stage.set_up(state, 0)
    builders._bury(state, stage)
    assert sorted(state.cells.lining.rows.voxel.tolist()) == sorted([shared, taken])
    assert (state.cells.osteoblasts.rows.uid == 0).all()
    assert state.events["osteoblasts_lined"] == 1
    assert state.events["osteoblasts_ended"] == 3
    assert state.cells.osteocytes.count == state.events.get("osteocytes_born", 0) == 0


@pytest.mark.parametrize(
    ("name", "step", "words"),
    [
        ("precursors", step_supply, "more precursors were born than fit"),
        ("lining", step_covering, "more lining cells were born than fit"),
    ],
)
def test_cells_for_which_a_table_has_no_room_are_an_error(name, step, words, monkeypatch):
    """Room is made for many times as many as are expected; here none is made."""
    state, parameters = make_living()
    # without M-CSF no newborn precursor lives to the end of the day
    state.fields.get(Species.MCSF)[...] = 3.0
    table, stage = getattr(state.cells, name), Stage(state)
    table.take(np.arange(0, table.count, 2))
    table.arrays = table.rows
    stage.set_up(state, 0)
    with monkeypatch.context() as patch:
        patch.setattr(Table, "reserve", lambda *_: None)
        with pytest.raises(TrabeculaError, match=f"day 0: {words}"):
            step(state, parameters, stage)
    stage.set_up(state, 0)
    step(state, parameters, stage)
    assert state.events[f"{name}_born"] > 0


def test_small_osteoclasts_do_not_resorb():
    state, parameters = make_living(**{"cells.osteoclast.most_nuclei": 10.0})
    stress_all(state)
    live(state, parameters, 40, rules={"fusion": False})
    assert state.events["osteoclasts_born"] > 0
    assert state.volume.resorbed == 0


@pytest.mark.parametrize(
    ("rule", "silent"),
    [
        ("supply", "precursors_born"),
        ("differentiation", "osteoclasts_born"),
        ("fusion", "osteoclasts_fused"),
        ("nuclear_turnover", "nuclei_died"),
        ("opening", "lining_opened"),
        ("recruitment", "osteoblasts_born"),
        ("activation", "osteoblasts_activated"),
        ("apposition", "osteoblasts_ended"),
        ("embedding", "osteocytes_born"),
        ("covering", "lining_born"),
        ("osteocyte_ageing", "osteocytes_died"),
    ],
)
def test_a_rule_that_is_off_leaves_no_trace(rule, silent, lived):
    state, parameters = make_living()
    stress_all(state)
    live(state, parameters, 60, rules={rule: False})
    assert state.events.get(silent, 0) == 0
    assert lived[0].events[silent] > 0


def count_moves(rules):
    """Days on which a precursor was not where it had been the day before, and all such days."""
    state, parameters = make_living()
    stress_all(state)
    before, days = {}, []

    def watch(s):
        rows = s.cells.precursors.rows
        now = dict(zip(rows.uid.tolist(), rows.voxel.tolist(), strict=True))
        days.extend(now[uid] != voxel for uid, voxel in before.items() if uid in now)
        before.clear()
        before.update(now)

    live(state, parameters, 30, rules=rules, watch=watch)
    return sum(days), len(days), state.events["osteoclasts_born"]


def test_without_motion_precursors_settle_only_where_they_were_born():
    moves, days, born = count_moves({"motion": False, "apposition": False})
    assert moves == 0
    assert days > 100
    assert born > 0, "some are delivered right beside bare bone"
    moves, days, _ = count_moves({"apposition": False})
    assert moves > 0.9 * days


def test_without_resorption_nothing_is_released_and_without_coupling_nothing_formed():
    state, parameters = make_living()
    stress_all(state)
    live(state, parameters, 60, rules={"resorption": False})
    assert state.volume.resorbed == 0
    state, parameters = make_living()
    stress_all(state)
    live(state, parameters, 90, rules={"coupling": False})
    assert state.volume.resorbed > 0
    assert state.coupling.released == 0
    assert state.volume.formed == 0


def test_blocked_rankl_leaves_what_dying_osteocytes_call():
    """Nothing without alarmin either; with it a part of the osteoclasts that RANKL makes."""
    born, dug = {}, {}
    for alarm, blocked in ((False, 1.0), (True, 1.0), (True, 0.0)):
        state, parameters = make_living()
        sources = {"alarmin": alarm}
        stress_all(state)
        live(state, parameters, 40, sources=sources)
        assert state.cells.osteoclasts.count > 0
        state.signals.blockade["rankl_membrane"] = blocked
        state.signals.blockade["rankl_soluble"] = blocked
        live(state, parameters, 90, sources=sources)
        before, earlier = state.volume.resorbed, state.events["osteoclasts_born"]
        live(state, parameters, 20, sources=sources)
        born[alarm, blocked] = state.events["osteoclasts_born"] - earlier
        dug[alarm, blocked] = state.volume.resorbed - before
    assert born[False, 1.0] == dug[False, 1.0] == 0
    assert 0 < born[True, 1.0] < 0.5 * born[True, 0.0]
    assert dug[True, 1.0] < 0.5 * dug[True, 0.0]


def test_more_nuclear_death_means_less_resorption():
    lost = []
    for factor in (1.0, 4.0):
        state, parameters = make_living()
        stress_all(state)
        state.signals.multiplier[TARGETS.index(Target.DEATH), Population.OSTEOCLAST] = factor
        live(state, parameters, 60)
        lost.append(state.volume.resorbed)
    assert lost[1] < 0.8 * lost[0]


def test_fusion_conserves_nuclei_and_respects_the_limit():
    state, parameters = make_living()
    rates = make_osteoclast_rates(parameters, state.signals, state.grid)
    table = Table(Osteoclasts)
    n = 40
    rng = np.random.default_rng(3)
    table.append(
        uid=np.arange(1, n + 1), voxel=rng.integers(0, 500, n), born=np.zeros(n),
        nuclei=rng.integers(1, 9, n), site=np.ones(n, int),
    )  # fmt: skip
    before = table.rows.nuclei.sum()
    fused = 0
    for step in range(30):
        moment = Moment(1, step, float(step), 1.0)
        fused += fuse_osteoclasts(
            table.rows, np.arange(table.count), Space(8, 8, 8, 1, 20.0), moment, rates
        )
        table.compact()
    assert table.rows.nuclei.sum() == before
    assert table.rows.nuclei.max() <= rates.most
    assert table.count == n - fused
    assert fused > 0


def test_bone_ledger_counts_quanta():
    state, _ = make_living()
    assert (
        count_matrix(state) == state.volume.start == int(state.lattice.matrix.sum(dtype=np.int64))
    )
    assert state.lattice.matrix.max() == FULL
