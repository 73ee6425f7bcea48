"""Later days 0 of a bone: who reads them, what they take out of an error, when they are asked for."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from test_validation import make_results
from trabecula.analysis.expectation import THROUGHPUT
from trabecula.cli.main import app
from trabecula.study import Sampling, add_held, lengthen_held, lived, load_panel, repeating
from trabecula.study.adaptive import Adaptive, live_fixed
from trabecula.study.crew import Crew
from trabecula.study.lived import Lived, move_zero
from trabecula.study.living import Outcome, is_lived, live_all
from trabecula.study.onsets import GAP, REACH, find_needs, measure_needs
from trabecula.study.pool import Estimate, estimate
from trabecula.study.repeating import Repeats
from trabecula.study.scoring import Judged, judge
from trabecula.study.terms import When
from trabecula.study.trialplan import make_plan
from trabecula.study.trials import (
    Task,
    compute_prelude,
    compute_unit_cost,
    list_onset_tasks,
    list_tasks,
    make_task_config,
)

ROWS = """
- id: A
  population: {{sex: F, age_y: 60}}
  duration_days: {days}
  arms:
    off: {{e2_pg_ml: [[0, 100], [2, 10]]}}
    on: {{e2_pg_ml: 100}}
    drug: {drug}
  endpoints:
    - {{arm: off, obs: res_pct, t_day: {day}, window_d: 10, band: [0, 50], required: true}}
    - {other}
"""
DRUG = "{e2_pg_ml: [[0, 100], [2, 50]]}"
OTHER = "{arm: drug, obs: form_pct, t_day: 20, window_d: 10, band: [-9, 9]}"


def read_trial(tmp_path, other=OTHER, drug=DRUG, days=60, day=20, starts=4):
    file = tmp_path / "rows.yaml"
    file.write_text(ROWS.format(days=days, day=day, other=other, drug=drug))
    return lengthen_held(add_held(load_panel(file)), starts).trials[0]


# ------------------------------------------------------------------ who reads them
def test_rates_of_the_first_months_are_read_from_later_days(tmp_path):
    trial = read_trial(tmp_path)
    assert find_needs(trial.endpoints[0], trial) == {"off": 25.0}
    assert measure_needs(trial) == {"off": 25.0, "drug": 25.0}
    assert trial.get_days("held 1") == max(365.0, 3 * GAP + 25.0)
    assert read_trial(tmp_path, starts=30).get_days("held 1") == 29 * GAP + 25.0


@pytest.mark.parametrize(
    ("other", "needs"),
    [
        (
            "{arm: off, obs: res_pct_vs_ctl, compare: on, t_day: 21, band: [0, 1]}",
            {"off": 28, "on": 28},
        ),
        ("{arm: off, obs: acf_ratio, t_day: 30, band: [0, 1]}", {"off": 60}),  # kept after day 0
        ("{arm: c, obs: 'res_pct(off) - bvtv_pct(off)', t_day: 55, band: [0, 1]}", {"off": 60}),
        ("{arm: off, obs: bvtv_pct, t_day: 20, band: [0, 1]}", {}),  # no rate among them
        ("{arm: off, obs: opg_pct, t_day: 20, band: [0, 1]}", {}),
        ("{arm: c, obs: 'res_pct(off) / opg_pct(off)', t_day: 20, band: [0, 1]}", {}),
        ("{arm: c, obs: 'first_day(res_pct, off, 10)', t_day: 20, band: [0, 1]}", {}),
        (
            "{arm: c, obs: 'first_day(res_pct, off, 10) + res_pct(off)', t_day: 20, band: [0, 1]}",
            {},
        ),
        ("{arm: off, obs: res_pct, t_day: 20, reference: [-60, 0], band: [0, 1]}", {}),
        ("{arm: off, obs: res_pct, t_day: 50, from_day: 10, band: [0, 1]}", {}),
        ("{arm: off, obs: how it feels, band: [0, 1]}", {}),
    ],
)
def test_others_are_read_from_the_first_day_alone(tmp_path, other, needs):
    trial = read_trial(tmp_path, other)
    assert find_needs(trial.endpoints[1], trial) == needs


@pytest.mark.parametrize(
    ("drug", "helped"),
    [
        (DRUG, True),
        ("{e2_pg_ml: 100, denosumab_mg: [[0, 60]]}", True),
        ("{e2_pg_ml: 100, denosumab_mg: [[-30, 60], [0, 60]]}", False),  # the bone was not as held
        ("{e2_pg_ml: [[-30, 80], [0, 100], [2, 50]]}", True),  # what was before day 0 is not lived
        ("{settings: {mechanics.every: 30}}", False),  # no held arm
    ],
)
def test_an_arm_begins_later_only_from_what_it_was(tmp_path, drug, helped):
    assert ("drug" in measure_needs(read_trial(tmp_path, drug=drug))) == helped


def test_a_late_window_asks_for_other_bones(tmp_path):
    for day, is_read in ((REACH - 5.0, True), (REACH, False)):
        trial = read_trial(tmp_path, days=900, day=day)
        assert bool(find_needs(trial.endpoints[0], trial)) == is_read


def test_an_arm_held_by_itself_has_no_stock_of_days(tmp_path):
    steady = "{arm: on, obs: res_pct, t_day: 20, band: [0, 1]}"
    trial = read_trial(tmp_path, steady, days=900)
    assert trial.get_arm("on").held == "on"
    assert find_needs(trial.endpoints[1], trial) == {}


def test_their_runs_begin_in_the_held_one(tmp_path):
    contrast = "{arm: c, obs: 'res_pct(off) - res_pct(on)', t_day: 20, band: [0, 1]}"
    trial = read_trial(tmp_path, contrast)
    panel = replace(load_panel(tmp_path / "rows.yaml"), trials=(trial,))
    sampling = Sampling(2, 24, 30.0, (), 4)
    tasks = list_tasks(panel, sampling)
    later = list_onset_tasks(trial, tasks, ["off", "on"], 3)
    assert {task.arm for task in later} == {"off"}, "nothing changes in the other"
    assert [(task.bone, task.onset) for task in later] == [(1, 1), (2, 1), (1, 2), (2, 2)]
    folders = [task.folder for task in [*tasks, *later]]
    assert len(set(folders)) == len(folders)
    held = {task.bone: task.folder for task in tasks if task.arm == "held 1"}
    assert all(task.source == held[task.bone] for task in later)
    config = make_task_config(trial, later[-1], sampling)
    assert (config.duration, config.patient.age) == (27.0, pytest.approx(60.0 + 2 * GAP / 365.25))
    assert config.output.states is None
    stock = make_task_config(trial, next(t for t in tasks if t.arm == "held 1"), sampling)
    assert stock.output.states == GAP
    assert stock.output.states_kept * GAP > stock.duration, "none is given up"
    single = Sampling(2, 24, 30.0)
    assert make_task_config(trial, tasks[0], single).output.states is None


# ------------------------------------------------------------------ what they tell, on made-up runs
def make_run(rate, first=-90.0):
    """A run with this resorption, day by day from `first` on."""
    run = make_results(days=10)
    time = first + np.arange(len(rate))
    series = {
        **run.series,
        "matrix_resorbed": replace(run.series["matrix_resorbed"], values=np.cumsum(rate)),
        "bv_tv": replace(run.series["bv_tv"], values=np.full(len(time), 0.2)),
    }
    return replace(run, time=time, series=series)


EFFECT = 1.4
OUT = Path("out")
WHEN = When(20.0, 10.0)


def make_trial_runs(monkeypatch, trial, bones, starts, seed=1, missing=()):
    """Bones of few sites, a site a fortnight; from day 0 on an arm resorbs `EFFECT` times as much."""
    rng = np.random.default_rng(seed)
    runs, tasks = {}, []
    sampling = Sampling(bones, 24, 30.0, (), starts)
    panel = replace(load_panel(trial.path), trials=(trial.trial,))
    tasks = list_tasks(panel, sampling)
    tasks += list_onset_tasks(trial.trial, tasks, ["off"], starts)
    for bone in range(1, bones + 1):
        chance = np.repeat(rng.gamma(0.5, 2.0, 60), 14)
        for task in tasks:
            if task.bone != bone:
                continue
            if task.arm == "held 1":
                runs[task.folder] = make_run(chance)
            elif task.onset:
                start = 90 + int(task.onset * GAP)
                part = chance[start : start + 26] * np.where(np.arange(26) > 0, EFFECT, 1.0)
                runs[task.folder] = make_run(part, 0.0)
            else:
                rise = EFFECT if task.arm == "off" else 1.0
                part = chance[:151] * np.where(np.arange(151) > 90, rise, 1.0)
                runs[task.folder] = make_run(part)
    for folder in missing:
        del runs[folder(tasks)]
    monkeypatch.setattr(lived, "has_ended", lambda path: path.relative_to("out") in runs)
    monkeypatch.setattr(lived, "load_results", lambda path: runs[path.relative_to("out")])
    return tasks


class Row:
    """A trial with the file that it came from."""

    def __init__(self, tmp_path, other=OTHER):
        self.trial, self.path = read_trial(tmp_path, other, starts=8), tmp_path / "rows.yaml"


CONTRAST = "{arm: c, obs: 'res_pct(off) - res_pct(on)', t_day: 20, window_d: 10, band: [0, 1]}"


def test_more_days_tell_more_of_the_same_bones(tmp_path, monkeypatch):
    """Chance that arm and held arm do not share is less by the root of the days 0."""
    row = Row(tmp_path, CONTRAST)
    first, several = [], []
    for seed in range(30):
        for starts, found in ((1, first), (8, several)):
            tasks = make_trial_runs(monkeypatch, row, 4, starts, seed)
            pool = Lived(row.trial, tasks, OUT).get_pool(row.trial.endpoints[0])
            assert (pool.count, pool.size) == (4, 4 * starts)
            found.append(np.mean([window(run, 15.0, 25.0) for run in pool.get_runs("off")]))
    assert np.std(several) < np.std(first) / 1.8
    assert np.mean(several) == pytest.approx(np.mean(first), rel=0.35)


def test_an_effect_is_found_from_every_day(tmp_path, monkeypatch):
    row = Row(tmp_path, CONTRAST)
    tasks = make_trial_runs(monkeypatch, row, 4, 8)
    found = Lived(row.trial, tasks, OUT)
    for endpoint in row.trial.endpoints:
        pool = found.get_pool(endpoint)
        value = estimate(endpoint.term, pool)
        assert value.value == pytest.approx(100 * (EFFECT - 1), rel=0.02)
        assert value.count == 4, "bones, not days 0"
    assert found.pool.size == 4
    assert found.pool.observe("res_pct", "on", WHEN) == pytest.approx(0.0)
    assert found.get_pool(row.trial.endpoints[1]).observe("res_pct", "on", WHEN) == pytest.approx(
        0.0
    )


def leave_out(pool, groups):
    """The jackknife written out: one group of runs after the other is left out."""
    runs, held, parts = pool.get_runs("off"), pool.get_runs("held 1"), []
    for group in groups:
        kept = [i for i in range(pool.size) if i not in group]
        now = sum(window(runs[i], 15.0, 25.0) for i in kept)
        base = sum(window(held[i], 15.0, 25.0) for i in kept)
        parts.append(100 * (now / base - 1))
    parts, count = np.array(parts), len(groups)
    return np.sqrt((count - 1) / count * ((parts - parts.mean()) ** 2).sum())


@pytest.mark.parametrize("between", [True, False])
def test_the_error_is_that_between_bones_or_between_days_whichever_is_larger(
    tmp_path, monkeypatch, between
):
    row = Row(tmp_path)
    tasks = make_trial_runs(monkeypatch, row, 5, 4)
    pool = Lived(row.trial, tasks, OUT).get_pool(row.trial.endpoints[0])
    rng = np.random.default_rng(3)
    factors = (
        np.repeat(rng.uniform(0.5, 2.0, 5), 4) if between else np.tile([0.5, 1.0, 1.5, 2.0], 5)
    )
    for run, factor in zip(
        pool.get_runs("off"), factors, strict=True
    ):  # what held arms do not share
        total = run.series["matrix_resorbed"].values
        total *= factor
    bones = leave_out(pool, [range(4 * bone, 4 * bone + 4) for bone in range(5)])
    days = leave_out(pool, [[run] for run in range(20)])
    assert (bones > days) == between
    found = estimate(row.trial.endpoints[0].term, pool)
    assert found.error == pytest.approx(bones if between else days, rel=1e-9)


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_intervals_hold_what_is_true_as_often_as_they_say(tmp_path, monkeypatch, spread):
    """Over many trials of five bones with four days 0 each, whether bones differ or not."""
    row, hits, trials = Row(tmp_path), 0, 100
    for seed in range(trials):
        tasks = make_trial_runs(monkeypatch, row, 5, 4, seed)
        pool = Lived(row.trial, tasks, OUT).get_pool(row.trial.endpoints[0])
        rng = np.random.default_rng(seed)
        own = np.repeat(rng.normal(1.0, spread, 5), 4) * rng.normal(1.0, 0.3, 20)
        for run, factor in zip(pool.get_runs("off"), own, strict=True):
            total = run.series["matrix_resorbed"].values
            total *= factor
        found = estimate(row.trial.endpoints[0].term, pool)
        hits += abs(found.value - 100 * (EFFECT - 1)) < found.reach
    assert 0.88 <= hits / trials <= 1.0


def window(run, first, last):
    rate = np.diff(run.get("matrix_resorbed").values)
    return rate[(run.time[1:] > first) & (run.time[1:] <= last)].mean()


def test_a_day_that_an_arm_lacks_counts_for_none(tmp_path, monkeypatch):
    row = Row(tmp_path, CONTRAST)

    def second(tasks):
        return next(t.folder for t in tasks if t.onset == 2 and t.bone == 3)

    tasks = make_trial_runs(monkeypatch, row, 4, 3, missing=[second])
    found = Lived(row.trial, tasks, OUT)
    assert found.get_pool(row.trial.endpoints[0]).size == 4 * 3 - 1
    assert found.pool.size == 4


def test_day_0_moves_with_all_that_has_a_day():
    run = make_results()
    moved = move_zero(run, 45.0)
    assert moved.time[0] == -135.0
    np.testing.assert_array_equal(moved.bmus["activated"], run.bmus["activated"] - 45.0)
    np.testing.assert_array_equal(moved.bmus["e_de"], run.bmus["e_de"])
    assert move_zero(run, 0.0) is run


# ------------------------------------------------------------------ when they are asked for
@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Repeats of the trial, with errors made up from the days 0 of its arms."""
    row, errors = Row(tmp_path), {"off": 20.0, "drug": 1.0}
    sampling = Sampling(4, 24, 30.0, (), 6)
    panel = replace(load_panel(row.path), trials=(row.trial,))
    tasks = list_tasks(panel, sampling)

    def judge_all(trial, found):
        judged = []
        for end in trial.endpoints:
            (arm,) = end.term.arms
            days = 1 + max((task.onset for task in found if task.arm == arm), default=0)
            one = Estimate(10.0, errors[arm] / days**0.5, 4)
            judged.append(Judged(end, one, judge(end, one)))
        return judged

    monkeypatch.setattr(repeating, "Lived", lambda trial, tasks, out: tasks)
    monkeypatch.setattr(repeating, "judge_trial", judge_all)

    def grow(error, starts=6):
        errors["off"] = error
        repeats = Repeats(panel, replace(sampling, starts=starts), tmp_path)
        rounds = 0
        while repeats.grow([*tasks, *repeats.list_tasks(tasks)]):
            rounds += 1
            assert rounds < 10
        return repeats.counts["A"] if repeats.counts else {}, repeats.list_tasks(tasks), rounds

    return grow


def test_days_are_asked_for_while_an_endpoint_is_noisy(asked):
    """Its band asks for an error of 12.5."""
    assert asked(12.0) == ({}, [], 0)
    counts, tasks, rounds = asked(15.0)
    assert (counts, rounds) == ({"off": 2}, 1)
    assert {(t.arm, t.onset) for t in tasks} == {("off", 1)}
    assert len(tasks) == 4, "one a bone"
    assert asked(24.0)[0] == {"off": 4}


def test_there_is_an_end_to_it(asked):
    assert asked(1000.0)[0] == {"off": 6}
    assert asked(1000.0)[2] == 3
    assert asked(1000.0, starts=1) == ({}, [], 0)


@pytest.mark.parametrize(("bones", "counts"), [(0, {}), (1, {"off": 2})])
def test_what_no_run_tells_of_asks_for_no_more_of_them(tmp_path, monkeypatch, bones, counts):
    """Of one bone the error is not known, which more days 0 may change; of none nothing will."""
    row, sampling = Row(tmp_path), Sampling(4, 24, 30.0, (), 6)
    panel = replace(load_panel(row.path), trials=(row.trial,))

    def judge_all(trial, found):
        one = Estimate(10.0, np.nan, bones)
        return [
            Judged(end, one, judge(end, one)) for end in trial.endpoints if "off" in end.term.arms
        ]

    monkeypatch.setattr(repeating, "Lived", lambda trial, tasks, out: tasks)
    monkeypatch.setattr(repeating, "judge_trial", judge_all)
    repeats = Repeats(panel, sampling, tmp_path)
    assert repeats.grow(list_tasks(panel, sampling)) == bool(counts)
    assert repeats.counts["A"] == counts


def test_a_plan_knows_them(tmp_path):
    """Fewer errors for some more time; smaller bones where these are free."""
    trial = read_trial(tmp_path, starts=8)
    single, several = (make_plan(trial, Sampling(starts=n), 4, 64) for n in (1, 8))
    assert [one.starts for one in single.endpoints] == [1, 1]
    size = Sampling(4, 64)
    alone = compute_prelude(trial, size) + compute_unit_cost(trial, size)
    assert single.core_hours == pytest.approx(4 * alone / THROUGHPUT), (
        "the first day 0 is no later one"
    )
    for alone, together in zip(single.endpoints, several.endpoints, strict=True):
        assert together.starts in {2, 4, 8}
        assert together.error == pytest.approx(alone.error / together.starts**0.5)
        assert together.starts == 8 or together.error <= together.endpoint.goal
        assert together.error > together.endpoint.goal / 2**0.5, "no more than it needs"
    volume = (64 * 0.02) ** 3
    days = sum((one.starts - 1) * 25.0 for one in several.endpoints)
    assert several.core_hours - single.core_hours == pytest.approx(
        4 * days / 365.25 * volume / THROUGHPUT
    )
    assert make_plan(trial, Sampling(starts=8), 4).edge < make_plan(trial, Sampling(), 4).edge


# ------------------------------------------------------------------ lived
SETS = ("spin_up=30", "lattice.tb_th=120", "mechanics=off")
PANEL = """
- id: A
  population: {sex: F, age_y: 60}
  duration_days: 6
  arms:
    off: {e2_pg_ml: [[0, 30], [2, 5]]}
    on: {e2_pg_ml: 30}
  endpoints:
    - {arm: off, obs: form_pct, t_day: 4, window_d: 4, band: [0.0, 0.001], required: true}
    - {arm: c, obs: "form_pct(off) - form_pct(on)", t_day: 4, window_d: 4, band: [0.0, 900]}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("later")
    (folder / "panel.yaml").write_text(PANEL)
    return folder


def call(place, *more):
    sets = [part for text in SETS for part in ("--set", text)]
    size = ["--edge", "20", "--bones", "2", "--settle", "20", "--workers", "1", "--starts", "2"]
    where = ["--panel", str(place / "panel.yaml"), "--out", str(place / "out")]
    return CliRunner().invoke(app, ["validate", *where, *size, *sets, *more])


@pytest.fixture(scope="module")
def first(place):
    found = call(place)
    assert found.exit_code == 0, found.output
    return json.loads((place / "out" / "verdicts.json").read_text())


def test_a_study_lives_them_and_tells_how_many(place, first):
    assert first["sampling"]["starts"] == 2
    assert first["work"]["starts"] == {"A": {"off": 2}}
    assert not first["work"]["failed"]
    folders = sorted(path.name for path in (place / "out" / "A" / "off").iterdir())
    assert folders == ["bone-1", "bone-1-onset-1", "bone-2", "bone-2-onset-1"]
    log = (place / "out" / "A" / "off" / "bone-1-onset-1" / "log.txt").read_text()
    assert f"day 0 is day {GAP:g} of" in log
    assert first["trials"][0]["endpoints"][0]["bones"] == 2
    page = (place / "out" / "report.html").read_text()
    assert "from up to 2 days 0 of each bone" in " ".join(page.split())


def test_they_are_not_lived_again(place, first):
    panel = lengthen_held(add_held(load_panel(place / "panel.yaml")), 2)
    sampling = Sampling(2, 20, 20.0, SETS, 2)
    work = live_fixed(panel, sampling, place / "out", Crew())
    assert {outcome.status for outcome in work.outcomes} == {"kept"}
    assert len(work.later) == 2
    other = replace(work.later[0], source=work.later[1].source)
    config = make_task_config(panel.trials[0], other, sampling)
    assert not is_lived(config, other, place / "out"), "begun in another bone"
    again = json.loads((place / "out" / "verdicts.json").read_text())
    assert again["trials"] == first["trials"]


def test_with_time_to_spend_they_come_before_more_bones(place, first):
    panel = lengthen_held(add_held(load_panel(place / "panel.yaml")), 2)
    sampling = Sampling(2, 20, 20.0, SETS, 2)
    adaptive = Adaptive(panel, sampling, place / "out", Crew(), budget=0.02)
    adaptive._work.bones["A"] = 2
    assert adaptive._look("A") > 2
    assert [(task.bone, task.onset) for task in adaptive._work.later] == [(1, 1), (2, 1)]
    poor = Adaptive(panel, sampling, place / "out", Crew(), budget=-1.0)
    poor._work.bones["A"] = 2
    poor._look("A")
    assert poor._work.later == [], "no time is left for them"


def test_what_is_there_already_costs_no_time(place, first):
    """The time left is enough for nothing; they were lived before, and are read."""
    panel = lengthen_held(add_held(load_panel(place / "panel.yaml")), 2)
    sampling = Sampling(2, 20, 20.0, SETS, 2)
    adaptive = Adaptive(panel, sampling, place / "out", Crew(), budget=1e-9)
    adaptive._work.bones["A"] = 2
    adaptive._look("A")
    assert [(task.bone, task.onset) for task in adaptive._work.later] == [(1, 1), (2, 1)]


def test_a_later_day_that_fails_is_no_further_bone(place):
    """An arm is given up when it fails on two bones; twice on one says nothing of another."""
    panel = lengthen_held(add_held(load_panel(place / "panel.yaml")), 2)
    adaptive = Adaptive(panel, Sampling(2, 20, 20.0, SETS, 2), place / "out", Crew(), budget=1.0)

    def fail(bone, onset=0):
        return Outcome(Task("A", "off", bone, Path(f"bone-{bone}-{onset}"), onset), "failed")

    adaptive._work.outcomes = [fail(1), fail(1, onset=1)]
    assert not adaptive._is_hopeless("A")
    adaptive._work.outcomes.append(fail(2))
    assert adaptive._is_hopeless("A")
    kept = replace(fail(3), status="done")
    adaptive._work.outcomes.append(kept)
    assert not adaptive._is_hopeless("A")


def test_without_the_states_of_the_held_arm_one_fails_with_the_reason(place, first, tmp_path):
    panel = lengthen_held(add_held(load_panel(place / "panel.yaml")), 2)
    sampling = Sampling(1, 20, 20.0, SETS, 2)
    task = live_fixed(panel, sampling, place / "out", Crew()).later[0]
    lost = replace(task, source=task.source.with_name("bone-9"))
    [outcome] = live_all(panel, [lost], sampling, tmp_path)
    assert outcome.status == "failed"
    assert "no config.yaml" in outcome.message


def test_without_held_arms_there_are_none(place, tmp_path):
    found = call(place, "--no-held", "--out", str(tmp_path / "plain"))
    assert found.exit_code == 0, found.output
    told = json.loads((tmp_path / "plain" / "verdicts.json").read_text())
    assert told["sampling"]["starts"] == 1
    assert told["work"]["starts"] == {}
