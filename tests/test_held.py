"""Arms held as they were: what they are, and what they take out of an endpoint."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from trabecula.analysis import Results, Series
from trabecula.cli.main import app
from trabecula.study import add_held, load_panel
from trabecula.study.held import LEAST, MOST, SHARES, compute_share, hold, is_steady
from trabecula.study.panel import Arm
from trabecula.study.pool import Pool, estimate
from trabecula.study.terms import OBSERVABLES, When, read_term
from trabecula.study.trialplan import find_left, load_noise, make_plan
from trabecula.study.trials import Sampling, compute_unit_cost, make_arm_config
from trabecula.viz.trials import compute_course

DRUG = Arm(
    "drug", {"estradiol": ((0.0, 100.0), (2.0, 12.0)), "igf1": ((-10.0, 1.0), (10.0, 2.0))},
    {"denosumab": ((-30.0, 60.0), (0.0, 60.0))}, {"il1": ((-1.0, 0.0), (0.0, 0.9))},
)  # fmt: skip


def test_a_held_arm_keeps_the_levels_of_day_0_and_gets_nothing():
    held = hold(DRUG, "held 1", 365.0)
    assert held.levels == {"estradiol": ((0.0, 100.0),), "igf1": ((0.0, 1.5),)}
    assert held.doses == {}
    assert held.blockade == {}
    assert (held.days, held.is_held) == (365.0, True)
    assert is_steady(held)


def test_what_is_blocked_before_day_0_by_its_days_is_not_held():
    blocked = replace(DRUG, blockade={"rankl": ((-30.0, 0.5), (100.0, 0.5))})
    assert hold(blocked, "held 1", 365.0).blockade == {}


@pytest.mark.parametrize(
    "change",
    [
        {"levels": {"estradiol": ((0.0, 100.0), (2.0, 12.0))}},
        {"doses": {"denosumab": ((0.0, 60.0),)}},
        {"blockade": {"il1": ((-1.0, 0.0), (0.0, 0.9))}},
        {"blockade": {"rankl": ((-30.0, 0.5), (100.0, 0.5))}},  # nothing is blocked before day 0
    ],
)
def test_an_arm_is_steady_only_if_nothing_changes(change):
    plain = Arm("plain", {"estradiol": ((0.0, 100.0),)}, {}, {})
    assert is_steady(plain)
    assert not is_steady(replace(plain, **change))


ROWS = """
- id: A
  duration_days: {days}
  arms:
    off: {{e2_pg_ml: [[0, 100], [2, 10]]}}
    half: {{e2_pg_ml: [[0, 100], [2, 50]]}}
    on: {{e2_pg_ml: 100}}
    old: {{e2_pg_ml: [[0, 8], [2, 8]], denosumab_mg: [[0, 60]]}}
  endpoints:
    - {{arm: off, obs: res_pct, t_day: 21, band: [0, 50]}}
    - {{arm: contrast, obs: "form_pct(half) - form_pct(on)", t_day: 21, band: [0, 50]}}
    - {{arm: old, obs: {other}, t_day: 21, band: [0, 50]}}
"""


def read_rows(tmp_path, days=30, other="res_pct"):
    file = tmp_path / "rows.yaml"
    file.write_text(ROWS.format(days=days, other=other))
    return add_held(load_panel(file)).trials[0]


def test_arms_that_begin_alike_share_a_held_arm(tmp_path):
    trial = read_rows(tmp_path)
    held = {arm.name: arm.held for arm in trial.arms if not arm.is_held}
    assert held == {"off": "held 1", "half": "held 1", "on": "held 1", "old": "held 2"}
    assert trial.get_days("held 1") == LEAST
    assert trial.get_days("off") == 30.0
    assert [arm.name for arm in trial.shown_arms] == ["off", "half", "on", "old"]


def test_a_long_steady_arm_is_its_own(tmp_path):
    trial = read_rows(tmp_path, days=1500)
    assert trial.get_arm("on").held == "on"
    assert trial.get_days("held 1") == MOST
    shared = read_rows(tmp_path, days=400)
    assert shared.get_days("held 1") == 400.0


def test_endpoints_that_have_no_use_for_it_live_none(tmp_path):
    trial = read_rows(tmp_path, other="bvtv_pct")
    assert trial.get_arm("old").held == ""
    assert {"held 1"} == {arm.name for arm in trial.used_arms if arm.is_held}


def test_what_was_given_before_day_0_wears_off_in_a_held_arm_too(tmp_path):
    """Nobody knows what such a bone would have done: its baseline is its own 90 d."""
    file = tmp_path / "rows.yaml"
    text = ROWS.format(days=400, other="res_pct")
    file.write_text(text.replace("denosumab_mg: [[0, 60]]", "denosumab_mg: [[-200, 60]]"))
    trial = add_held(load_panel(file)).trials[0]
    assert trial.get_arm("old").held == ""
    assert not is_steady(trial.get_arm("old"))
    assert trial.get_arm("off").held == "held 1"


def test_what_stands_in_settings_may_be_a_treatment(tmp_path):
    """A prescription among them would be in the held arm too, and its effect taken for chance."""
    file = tmp_path / "rows.yaml"
    text = ROWS.format(days=30, other="res_pct")
    file.write_text(text.replace("{e2_pg_ml: 100}", "{settings: {mechanics.every: 30}}"))
    trial = add_held(load_panel(file)).trials[0]
    assert {arm.name: bool(arm.held) for arm in trial.shown_arms} == {
        "off": True, "half": False, "on": False, "old": True,
    }  # fmt: skip  # half is compared with on
    file.write_text(text + "  settings: {mechanics.every: 30}\n")
    assert not any(arm.is_held or arm.held for arm in add_held(load_panel(file)).trials[0].arms)


def test_a_name_that_the_panel_has_is_not_taken(tmp_path):
    file = tmp_path / "rows.yaml"
    file.write_text(ROWS.format(days=30, other="bvtv_pct").replace("old", "held 1"))
    trial = add_held(load_panel(file)).trials[0]
    assert trial.get_arm("off").held == "held 2"


def test_what_a_held_arm_costs_is_counted(tmp_path):
    trial = read_rows(tmp_path)
    volume = Sampling().volume
    days = 4 * 30.0 + 2 * LEAST
    assert compute_unit_cost(trial, Sampling()) == pytest.approx(days / 365.25 * volume)
    config = make_arm_config(trial, trial.get_arm("held 2"), 1, Sampling())
    assert config.duration == LEAST
    assert config.hormones.levels.estradiol == ((0.0, 8.0),)


def test_a_plan_expects_less_noise_beside_a_held_arm(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(ROWS.format(days=900, other="res_pct"))
    plain = load_panel(path).trials[0]
    held = add_held(load_panel(path)).trials[0]
    left = load_noise()["left_beside_held"]["res_pct"]
    assert 0.05 < left < 0.6
    early, late, far = (("res_pct", "off", When(day)) for day in (21.0, (LEAST + MOST) / 2, 800.0))
    assert find_left(plain, early) == 1.0
    assert find_left(held, early) == pytest.approx(left)
    assert left < find_left(held, late) < 1.0
    assert find_left(held, far) == 1.0
    assert find_left(held, ("res_pct", "on", When(21.0))) == 0.0, "nothing changes"
    assert find_left(held, ("bvtv_pct", "off", When(21.0))) == 1.0
    assert find_left(held, ("res_pct", "off", When(21.0, since=7.0))) == 1.0
    errors = [make_plan(one, Sampling(), 4, 64).endpoints[0].error for one in (plain, held)]
    assert errors[1] == pytest.approx(left * errors[0])


def test_shares_fade():
    for name, (whole, parted, share) in SHARES.items():
        assert name in OBSERVABLES
        assert compute_share(name, 0.0, whole) == 1.0
        assert compute_share(name, parted, LEAST) == share
        assert compute_share(name, MOST - 10, MOST + 10) == 0.0
    assert compute_share("res_pct", LEAST, MOST) == pytest.approx(0.4)


# ------------------------------------------------------------------ made-up runs
def make_run(rate, days):
    time = np.arange(-90.0, days + 1.0)
    series = {"matrix_resorbed": np.cumsum(rate[: len(time)]), "bs_tv": np.ones(len(time))}
    found = {key: Series(values) for key, values in series.items()}
    return Results("run", time, found, {}, {"activated": np.empty(0)}, {}, np.array([]), {})


def make_bones(count, effect, seed=1):
    """Bones of few sites: rates that are mostly chance, which the arms share.

    An arm has its own chances beside, and its resorption times `effect` from day 0 on.
    """
    rng = np.random.default_rng(seed)
    day = np.arange(456)
    arms, held = [], []
    for _ in range(count):
        chance, other = (np.repeat(rng.gamma(0.5, 2.0, 40), 14)[:456] for _ in range(2))
        mixed = np.where(day < 90, chance, 0.8 * chance + 0.2 * other)
        arms.append(make_run(mixed * np.where(day > 90, effect, 1.0), 365))
        held.append(make_run(chance, 365))
    return Pool({"a": arms, "h": held}, {"a": "h"}), Pool({"a": arms})


WHEN = When(200.0, 30.0)


def observe_many(effect, count=8, trials=300):
    found = np.array([
        [pool.observe("res_pct", "a", WHEN) for pool in make_bones(count, effect, seed)]
        for seed in range(trials)
    ])  # fmt: skip
    return found[np.isfinite(found).all(axis=1)].T


def test_it_is_the_ratio_to_a_baseline_that_chance_has_moved():
    with_held, _ = make_bones(4, 1.3)
    arms, held = with_held.get_runs("a"), with_held.get_runs("h")

    def rate(runs, first, last):
        series = [np.diff(run.get("matrix_resorbed").values) for run in runs]
        return float(np.mean([one[first + 90 : last + 90].mean() for one in series]))

    base, now, then = rate(held, -90, 365), rate(arms, 185, 215), rate(held, 185, 215)
    expected = now / (base + SHARES["res_pct"][2] * (then - base))
    assert with_held.observe("res_pct", "a", WHEN) == pytest.approx(100 * (expected - 1), rel=0.02)
    assert with_held.compute_base("a", "matrix_resorbed") == pytest.approx(base, rel=0.01)


@pytest.mark.parametrize("effect", [0.1, 1.0, 1.5])
def test_the_middle_is_right_and_the_spread_smaller(effect):
    """Over many trials: the bias of a ratio is small, half the spread gone."""
    steadied, plain = observe_many(effect)
    assert np.median(steadied) == pytest.approx(100 * (effect - 1), abs=8.0 * effect)
    assert steadied.std() < plain.std() / 2.0


def test_a_steady_arm_is_what_it_is():
    """All of its chances are those of its held arm: no change, whatever the window shows."""
    _, plain = make_bones(2, 1.0)
    runs = {"a": plain.get_runs("a"), "h": plain.get_runs("a")}
    assert Pool(runs, {"a": "h"}, ["a"]).observe("res_pct", "a", WHEN) == pytest.approx(0.0)
    assert abs(Pool(runs, {"a": "h"}).observe("res_pct", "a", WHEN)) > 1.0


def test_the_error_knows_what_is_shared():
    with_held, without = make_bones(8, 1.3)
    term = read_term("res_pct", "a", ["a"], "", {"t": 200, "w": 30})
    assert estimate(term, with_held).error < estimate(term, without).error / 1.5


def test_beyond_the_held_run_only_the_baseline_is_its():
    with_held, _ = make_bones(4, 1.3)
    short = {"a": with_held.get_runs("a"), "h": [make_run(np.arange(456.0), 100)] * 4}
    found = Pool(short, {"a": "h"}).observe("res_pct", "a", WHEN)
    now = with_held.observe("res_pct", "a", replace(WHEN, is_raw=True))
    base = Pool(short, {"a": "h"}).compute_base("a", "matrix_resorbed")
    assert found == pytest.approx(100 * (now / base - 1))


def test_a_baseline_of_its_own_is_kept():
    with_held, without = make_bones(4, 1.3)
    for change in ({"reference": (-60.0, 0.0)}, {"since": 60.0}, {"is_raw": True}):
        when = replace(WHEN, **change)
        first, second = (pool.observe("res_pct", "a", when) for pool in (with_held, without))
        assert first == second
    assert with_held.observe("res_pct", "a", WHEN) != without.observe("res_pct", "a", WHEN)


def test_a_change_from_day_0_on_is_the_usual_change():
    """From day 0 is what everything is counted from: the held arm counts as if nothing were said."""
    with_held, without = make_bones(4, 1.3)
    for when in (WHEN, When(90.0)):
        usual = with_held.observe("res_pct", "a", when)
        assert with_held.observe("res_pct", "a", replace(when, since=0.0)) == usual
        assert without.observe("res_pct", "a", when) != pytest.approx(usual, rel=0.01)


def test_a_first_day_is_not_that_of_chance():
    """Nothing is ever 10 % beyond a baseline that goes with it."""
    _, plain = make_bones(3, 1.0)
    runs = {"a": plain.get_runs("a"), "h": plain.get_runs("a")}
    when = When(300.0, 10.0)
    assert np.isnan(Pool(runs, {"a": "h"}, ["a"]).find_first_day("res_pct", "a", 10.0, when))
    assert Pool(runs).find_first_day("res_pct", "a", 10.0, when) > 0


def test_the_first_day_is_over_the_long_baseline():
    with_held, without = make_bones(6, 6.0)
    days = [pool.find_first_day("res_pct", "a", 100.0, When(100.0, 10.0))
            for pool in (with_held, without)]  # fmt: skip
    assert 1 <= days[0] <= 30
    bases = [pool.compute_base("a", "matrix_resorbed") for pool in (with_held, without)]
    assert bases[0] != bases[1]


def test_a_steady_arm_is_drawn_without_change():
    """What a course is drawn against is what its endpoints are compared with, chance included."""
    _, plain = make_bones(3, 1.0)
    pool = Pool({"a": plain.get_runs("a"), "h": plain.get_runs("a")}, {"a": "h"}, ["a"])
    days, change = compute_course(pool, "a", "res_pct", 300.0)
    assert days[0] < 0 < days[-1]
    assert np.abs(change[np.isfinite(change)]).max() < 1e-9
    brief = [
        make_run(np.diff(run.get("matrix_resorbed").values), 90) for run in plain.get_runs("a")
    ]
    whole = [
        make_run(np.diff(run.get("matrix_resorbed").values), 364) for run in plain.get_runs("a")
    ]
    _, change = compute_course(
        Pool({"a": brief, "h": whole}, {"a": "h"}, ["a"]), "a", "res_pct", 90.0
    )
    assert np.abs(change[np.isfinite(change)]).max() < 1e-9, "up to the end of the shorter run"
    alone = Pool({"a": plain.get_runs("a")})
    days, change = compute_course(alone, "a", "res_pct", 300.0)
    assert np.nanmax(np.abs(change)) > 5.0


def test_what_endpoints_are_compared_with_moves_by_the_share():
    with_held, without = make_bones(3, 1.3)
    (at,) = np.flatnonzero(with_held.get_runs("a")[0].time == 200.0)
    rates = [np.diff(run.get("matrix_resorbed").values) for run in with_held.get_runs("h")]
    long = with_held.compute_base("a", "matrix_resorbed")
    near = np.mean([rate[at - 11 : at + 10].mean() for rate in rates])
    share = compute_share("res_pct", 190.0, 210.0)
    base = with_held.follow_base("a", "res_pct", 21.0)
    assert base[at] == pytest.approx(long + share * (near - long), rel=0.02)
    assert abs(base[at] / long - 1.0) > 0.1
    flat = without.follow_base("a", "res_pct", 21.0)
    assert (flat == without.compute_base("a", "matrix_resorbed")).all()


def test_leaving_out_a_bone_leaves_out_its_held_run():
    with_held, _ = make_bones(3, 1.3)
    left = with_held.leave_out(0)
    assert left.count == 2
    assert left.compute_base("a", "matrix_resorbed") != with_held.compute_base(
        "a", "matrix_resorbed"
    )


# ------------------------------------------------------------------ the command
def test_the_command_lives_them_or_not(tmp_path):
    file = tmp_path / "panel.yaml"
    file.write_text(ROWS.format(days=30, other="res_pct"))
    runs = {}
    for how in ("--held", "--no-held"):
        options = ["validate", "--panel", str(file), "--dry-run", "--json", how]
        done = CliRunner().invoke(app, options)
        assert done.exit_code == 0, done.output
        runs[how] = json.loads(done.stdout)["runs"]
    assert runs["--held"] == runs["--no-held"] + 2 * 2
