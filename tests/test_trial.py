"""A trial planned, lived bone by bone until it is determined or the time ends, and judged."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trabecula.base.errors import ConfigError, InputError, Problem
from trabecula.cli.main import app
from trabecula.study import Sampling, adaptive, list_tasks, living, load_panel, trials
from trabecula.study.adaptive import LEAST, Adaptive, is_determined
from trabecula.study.crew import Crew
from trabecula.study.living import Outcome
from trabecula.study.onsets import GAP
from trabecula.study.pool import Estimate
from trabecula.study.scoring import Judged, Nothing, judge
from trabecula.study.terms import When, read_term
from trabecula.study.trialplan import compute_deviation, load_noise, look_up, make_plan
from trabecula.study.trials import TRIED, make_arm_config, screen

TRIAL = """
title: Without estrogen
population: {sex: F, age_y: 50}
duration_days: 20
arms:
  usual: {}
  withdrawn: {e2_pg_ml: [[0, 100], [1, 5]]}
  still: {settings: {mechanics.stress.z: [[0, 0.4], [1, 0.1]]}}
endpoints:
  - {arm: withdrawn, obs: res_pct, compare: usual, t_day: 15, band: [-400, 600], required: true}
  - {arm: still, obs: bvtv_pct, t_day: 20, precision: 50}
  - {arm: contrast, obs: bone feels better, band: [0, 1]}
"""
FAST = ["--set", "spin_up=20", "--set", "lattice.tb_th=120", "--set", "mechanics=off"]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(TRIAL)
    return path


class Bench:
    """Stands in for bones: what each costs, and how far chance moves it."""

    def __init__(self, monkeypatch, spread, seconds=60.0, fails=lambda task: False):
        self.lived, self.spread, self.seconds, self.fails = [], spread, seconds, fails
        monkeypatch.setattr(adaptive, "live_all", self.live)
        self.looked_at = []
        monkeypatch.setattr(adaptive, "Lived", self.look)
        monkeypatch.setattr(adaptive, "judge_trial", self.judge)

    def live(self, panel, tasks, sampling, out, crew, report):
        self.lived += [(task.bone, task.arm) for task in tasks]
        status = {True: "failed", False: "done"}
        return [Outcome(t, status[self.fails(t)], "", self.seconds) for t in tasks]

    def look(self, trial, tasks, out):
        self.looked_at.append(sorted({task.bone for task in tasks}))
        return len(self.looked_at[-1])

    def judge(self, trial, count):
        return [
            Judged(end, found := Estimate(1.0, self.spread / count**0.5, count), judge(end, found))
            for end in trial.endpoints
        ]


def live(file, budget, workers=1):
    panel = load_panel(file)
    return Adaptive(panel, Sampling(1, 24), file.parent / "out", Crew(workers), budget).live()


def test_bones_are_added_until_all_is_determined(file, monkeypatch):
    bench = Bench(monkeypatch, spread=150.0)  # the error asked for is 50: nine bones
    work = live(file, budget=10.0)
    assert work.bones == {"mine": 9}
    assert work.ended == {"mine": "precise"}
    assert len(bench.lived) == len(set(bench.lived)) == 27
    assert work.core_hours == pytest.approx(27 / 60)


def test_no_fewer_bones_than_their_spread_needs(file, monkeypatch):
    Bench(monkeypatch, spread=1e-3)
    assert live(file, budget=10.0).bones == {"mine": LEAST}


def test_the_time_is_kept(file, monkeypatch):
    bench = Bench(monkeypatch, spread=1e6)
    work = live(file, budget=0.3)  # six bones at 3 minutes
    assert work.core_hours <= 0.3
    assert work.bones == {"mine": 6}
    assert work.ended == {"mine": "budget"}
    assert work.to_mapping()["core_hours"] == 0.3
    two = live(file, budget=0.3, workers=4)
    assert two.core_hours <= 0.3
    assert bench.lived[-3:] != []


def test_arms_of_several_bones_wait_for_no_spin_up(file, monkeypatch):
    """One arm of each bone first: the others find it spun up."""
    bench = Bench(monkeypatch, spread=1e-3)
    live(file, budget=10.0, workers=2)
    assert bench.lived[:4] == [(1, "usual"), (2, "usual"), (1, "withdrawn"), (2, "withdrawn")]


def test_time_that_is_not_enough_for_one_bone(file, monkeypatch):
    bench = Bench(monkeypatch, spread=1.0)
    with pytest.raises(InputError, match="--core-hours: found 1e-06"):
        live(file, budget=1e-6)
    assert not bench.lived


def test_a_trial_whose_runs_all_fail_is_given_up(file, monkeypatch):
    Bench(monkeypatch, spread=1.0, fails=lambda task: True)
    work = live(file, budget=10.0)
    assert work.ended == {"mine": "failed"}
    assert len(work.to_mapping()["failed"]) == 2 * 3


def test_a_trial_with_an_arm_that_always_fails_is_given_up(file, monkeypatch):
    """No endpoint of it can be judged: all that the others would cost would be for nothing."""
    bench = Bench(monkeypatch, spread=1e6, fails=lambda task: task.arm == "still")
    work = live(file, budget=10.0)
    assert work.ended == {"mine": "failed"}
    assert len(bench.lived) == 2 * 3


def test_a_bone_that_fails_in_every_arm_ends_nothing(file, monkeypatch):
    """A patient was drawn who cannot be; the next one may. What failed is not looked at: its folder
    may hold a run of another configuration.
    """
    bench = Bench(monkeypatch, spread=150.0, fails=lambda task: task.bone in (1, 3))
    work = live(file, budget=10.0)
    assert work.ended == {"mine": "precise"}
    assert bench.looked_at[0] == [2, 4]
    assert len(bench.looked_at[-1]) == work.bones["mine"] - 2 >= 9


def test_an_endpoint_without_a_goal_asks_for_nothing(file):
    ends = load_panel(file).trials[0].endpoints
    judged = [
        Judged(end, Estimate(1.0, 60.0, 4), judge(end, Estimate(1.0, 60.0, 4))) for end in ends
    ]
    assert is_determined([judged[0], judged[2]])
    assert not is_determined(judged)


# ------------------------------------------------------------------ patients who cannot be
def refuse(*bones):
    """Return what makes configurations, but none for some bones."""

    def make(trial, arm, bone, *rest):
        if trial.id == "mine" and bone in bones:
            raise ConfigError([Problem("mine", "patient.age", 7, "18 .. 110")])
        return make_arm_config(trial, arm, bone, *rest)

    return make


def test_a_patient_who_cannot_be_fails_alone(file, monkeypatch):
    panel, told = load_panel(file), []
    tasks = list_tasks(panel, Sampling(3, 24))
    monkeypatch.setattr(trials, "make_arm_config", refuse(2))
    monkeypatch.setattr(living, "live_task", lambda config, task, *_: Outcome(task, "done"))
    found = living.live_all(
        panel, tasks, Sampling(3, 24), file.parent, report=lambda one, left: told.append(left)
    )
    assert {(one.task.bone, one.status) for one in found} == {
        (1, "done"), (2, "failed"), (3, "done"),
    }  # fmt: skip
    assert "patient.age: found 7" in next(one.message for one in found if one.status == "failed")
    assert told == list(range(8, -1, -1))


def test_what_is_there_of_a_patient_who_cannot_be_is_no_run_of_today(file, monkeypatch):
    panel, out = load_panel(file), file.parent / "out"
    task = list_tasks(panel, Sampling(1, 24))[0]
    (out / task.folder).mkdir(parents=True)
    (out / task.folder / "results.h5").touch()
    found = Adaptive(panel, Sampling(1, 24), out, Crew(1), 1.0)
    monkeypatch.setattr(trials, "make_arm_config", refuse(1))
    assert not found._is_there(task)


def test_an_arm_is_given_up_only_if_none_of_the_first_patients_can_be(file, monkeypatch):
    file.write_text(VARIED)
    panel = load_panel(file)
    for bones, is_lived in (((1, 2, 3, 5, 6, 7, 8), True), (range(1, TRIED + 1), False)):
        monkeypatch.setattr(trials, "make_arm_config", refuse(*bones))
        (trial,) = screen(panel, Sampling(1, 24)).trials
        assert bool(trial.used_arms) == is_lived
        if is_lived:
            assert make_plan(trial, Sampling(), bones=4, edge=24).core_hours > 0
    file.write_text(TRIAL)
    monkeypatch.setattr(trials, "make_arm_config", refuse(1))
    (trial,) = screen(load_panel(file), Sampling(1, 24)).trials
    assert not trial.used_arms, "bones that differ by chance alone are all alike"


# ------------------------------------------------------------------ plans
def test_noise_goes_with_volume_window_and_what_arms_share(file):
    trial = load_panel(file).trials[0]
    wide, _ = look_up("res_pct", When(90.0, 30.0))
    narrow, _ = look_up("res_pct", When(90.0, 1.0))
    assert narrow > 2 * wide
    one = make_plan(trial, Sampling(), bones=4, edge=64)
    two = make_plan(trial, Sampling(), bones=16, edge=64)
    assert two.endpoints[0].error == pytest.approx(one.endpoints[0].error / 2)
    assert two.core_hours == pytest.approx(4 * one.core_hours)
    free = make_plan(trial, Sampling())
    assert free.bones >= LEAST
    assert 48 <= free.edge <= 128


def test_a_contrast_of_arms_early_on_is_quieter_than_either(file):
    early = TRIAL.replace("compare: usual, ", "")
    file.write_text(early)
    trial = load_panel(file).trials[0]
    alone = compute_deviation(trial.endpoints[0], Nothing(), trial)
    file.write_text(TRIAL)
    trial = load_panel(file).trials[0]
    both = compute_deviation(trial.endpoints[0], Nothing(), trial)
    assert 0 < both < alone / 2


def test_noise_of_a_change_goes_with_the_root_of_the_days_it_had():
    last = load_noise()["observables"]["bvtv_pct"][-1]
    for days in (last["day"], 2.0 * last["day"]):
        expected = last["sd"] * (days / last["day"]) ** 0.5
        assert look_up("bvtv_pct", When(days))[0] == pytest.approx(expected)
        counted = look_up("bvtv_pct", When(days + 500.0, since=500.0))
        assert counted == look_up("bvtv_pct", When(days)), "its days are those since then"


class Levels:
    """An observer to whom every arm is a number."""

    def __init__(self, **arms):
        self.arms = arms

    def observe(self, observable, arm, when):
        return self.arms[arm]


def test_noise_goes_through_a_term_by_its_slopes(file):
    """A rate as it is has noise in percent of itself; bone volume has none on the day it counts from."""
    end, day = load_panel(file).trials[0].endpoints[0], {"t": 90.0, "days": 400.0}
    trial = load_panel(file).trials[0]

    def find(words):
        term = read_term(words, "", ["usual", "withdrawn"], "", day)
        return compute_deviation(
            replace(end, term=term), Levels(usual=50.0, withdrawn=150.0), trial
        )

    deviation, shared = look_up("res_pct", When(90.0))
    both = 3.0 * deviation * (2.0 - 2.0 * shared) ** 0.5  # a ratio of three, each part as noisy
    assert find("over(res_pct, withdrawn, usual)") == pytest.approx(both, rel=1e-3)
    year = look_up("bvtv_pct", When(365.0))[0] * 365.25 / 365.0
    assert find("slope(bvtv_pct, usual, 0, 365)") == pytest.approx(year, rel=1e-3)


@pytest.mark.parametrize("goal", [2.0, 2.2, 2.5, 2.9])
def test_bones_are_no_smaller_than_their_errors_need(file, goal):
    text = TRIAL.replace("usual: {}", "usual: {e2_pg_ml: [[0, 100], [1, 90]]}")
    file.write_text(text.replace("obs: bvtv_pct, t_day: 20, precision: 50",
                                 f"obs: bvtv_pct, t_day: 20, precision: {goal / 10}")
                        .replace("[-400, 600]", "[-4000, 6000]"))  # fmt: skip
    plan = make_plan(load_panel(file).trials[0], Sampling(), bones=6)
    error = plan.endpoints[1].error
    assert 48 < plan.edge < 128
    assert error <= goal / 10
    smaller = (plan.edge - 8) / plan.edge
    assert error > goal / 10 * smaller**1.5, "eight voxels less would not do"


def test_an_imported_bone_keeps_its_shape(file):
    text = f"settings: {{lattice: {{specimen: {file.name}}}}}\nduration_days: 20"
    file.write_text(TRIAL.replace("duration_days: 20", text))
    trial = load_panel(file).trials[0]
    config = make_arm_config(trial, trial.get_arm("usual"), 3, Sampling(1, 24))
    assert (config.lattice.seed, config.lattice.shape) == (3, None)


# ------------------------------------------------------------------ the command
def call(file, *options):
    return CliRunner().invoke(app, ["trial", str(file), *FAST, *options])


def test_a_plan_lives_nothing(file):
    out = file.parent / "out"
    result = call(file, "--dry-run", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "se expected" in result.output
    assert "prose: 'bone feels better'" in result.output
    assert "4 core-hours" in result.output
    told = json.loads(call(file, "--dry-run", "--json", "--bones", "3").stdout)
    assert told["runs"] == 9
    first = told["endpoints"][0]
    assert first["error_asked"] == 250.0
    assert (first["band"], first["required"]) == ([-400.0, 600.0], True)
    assert (told["endpoints"][1]["band"], told["endpoints"][1]["required"]) == (None, False)
    assert not out.exists()


def test_a_trial_is_lived_and_judged(file):
    out = file.parent / "out"
    options = ["--bones", "2", "--edge", "20", "--settle", "5", "--jobs", "1", "--out", str(out)]
    result = call(file, *options)
    assert result.exit_code == 0, result.output
    content = json.loads((out / "verdicts.json").read_text())
    first, second, third = content["trials"][0]["endpoints"]
    assert first["bones"] == second["bones"] == 2
    assert second["verdict"] == "measured"
    assert second["low"] <= second["value"] <= second["high"]
    assert (third["verdict"], third["baselines"]["ledger"]["verdict"]) == ("not scorable",) * 2
    assert set(first["baselines"]) == {"no change", "ledger"}
    assert content["work"]["ended"] == {"mine": "fixed"}
    page = (out / "report.html").read_text()
    assert "<th class=n>ledger</th>" in page
    assert "no change" in result.output
    assert "fixed" in result.output
    again = call(file, *options, "--json")
    assert json.loads(again.stdout)["trials"] == content["trials"]
    assert json.loads(again.stdout)["work"]["core_hours"] == 0.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("compare: usual", "compare: nobody", "no arm 'nobody'"),
        (
            "duration_days: 20",
            "duration_days: 20\nsetings: {lattice.bv_tv: 0.2}",
            "did you mean settings",
        ),
        ("population: {", "population: {age: 60, ", "population.age: found a key"),
        ("compare: usual", "compare: usual, tday: 5", "endpoints[0].tday: found a key"),
        ("usual: {}", "usual: {pth: 3}", "mine.yaml:6"),
        ("mechanics.stress.z", "lattice.strength", "lattice.strength"),
        ("mechanics.stress.z", "seed", "the trial decides"),
        ("duration_days: 20", "duration_days: long", "duration_days"),
        ("arms:", "groups:", "a list of trials"),
    ],
)
def test_mistakes_in_a_trial_are_told(file, old, new, words):
    assert old in TRIAL
    file.write_text(TRIAL.replace(old, new))
    result = call(file, "--dry-run")
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_no_scheduler_and_no_file(file, monkeypatch):
    monkeypatch.setattr("trabecula.study.crew.PATIENCE", 0.5)
    out = str(file.parent / "out")
    result = call(file, "--bones", "2", "--scheduler", "tcp://127.0.0.1:9", "--out", out)
    assert result.exit_code == 2
    assert "--scheduler" in result.output
    assert call(Path("absent.yaml"), "--dry-run").exit_code == 2


def test_what_a_trial_settles_and_writes_is_its_own(file):
    def make(text, sampling):
        file.write_text(text)
        (trial,) = load_panel(file, strict=True).trials
        return make_arm_config(trial, trial.get_arm("usual"), 1, sampling)

    plain = make(TRIAL, Sampling(1, 24))
    assert (plain.settle, plain.output.every, plain.output.costly) == (730.0, 1.0, 36525.0)
    own = "settings: {settle: 5, output.every: 2 d, output.snapshots: 10 d}\n"
    told = make(TRIAL + own, Sampling(1, 24))
    assert (told.settle, told.output.every, told.output.snapshots) == (5.0, 2.0, 10.0)
    assert told.output.costly == 36525.0
    base = file.with_name("base.yaml")
    base.write_text("settle: 7 d\noutput: {costly: 9 d, states: 3 d}\n")
    given = make(f"{TRIAL}config: base.yaml\n", Sampling(1, 24))
    assert (given.settle, given.output.costly, given.output.every) == (7.0, 9.0, 1.0)
    rare = Sampling(1, 24, sets=("output.every=5 d",))
    assert make(TRIAL, rare).output.every == 5.0
    assert make(TRIAL, Sampling(1, 24)).output.every == 1.0, "what one trial writes is no other's"


def test_later_days_have_their_states_whatever_a_trial_writes(file):
    file.write_text(TRIAL + "settings: {output.states: 400 d, output.every: 2 d}\n")
    (trial,) = load_panel(file).trials
    held = replace(trial.get_arm("usual"), is_held=True)
    config = make_arm_config(trial, held, 1, Sampling(1, 24, starts=4))
    assert (config.output.states, config.output.every) == (GAP, 2.0)


VARIED = TRIAL.replace(
    "{sex: F, age_y: 50}",
    """
  sex: F
  age_y: 50
  varies:
    lattice.bv_tv: {distribution: normal, mean: 0.2, sd: 0.03}
    patient.age: {distribution: uniform, low: 50, high: 70}
    hormones.levels.estradiol: {distribution: lognormal, median: 9, gsd: 1.5}
""",
)


def test_bones_of_a_trial_may_be_patients_who_are_the_same_in_every_arm(file) -> None:
    file.write_text(VARIED)
    (trial,) = load_panel(file, strict=True).trials
    assert (
        "bones are patients who differ in lattice.bv_tv (normal, mean 0.2, sd 0.03)"
        in trial.notes[-1]
    )
    usual, withdrawn = (
        [make_arm_config(trial, trial.get_arm(name), bone, Sampling(edge=16)) for bone in (1, 2, 3)]
        for name in ("usual", "withdrawn")
    )
    for one, other in zip(usual, withdrawn, strict=True):
        assert one.lattice == other.lattice
        assert one.patient == other.patient
        assert one.seed == one.lattice.seed
        assert 50 <= one.patient.age <= 70
    assert len({one.lattice.bv_tv for one in usual}) == 3
    assert len({one.hormones.levels.estradiol for one in usual}) == 3
    assert withdrawn[0].hormones.levels.estradiol == ((0.0, 100.0), (1.0, 5.0)), "an arm decides"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sd: 0.03", "sd: -1", "population.varies.lattice.bv_tv.sd: found -1; allowed: > 0"),
        ("normal,", "nrmal,", "varies.lattice.bv_tv.distribution: found 'nrmal'"),
        (
            "lattice.bv_tv",
            "lattice.shape",
            "found lattice.shape; allowed: a key that is not decided",
        ),
        ("lattice.bv_tv", "lattice.bvtv", "population.varies.lattice.bvtv: found unknown key"),
    ],
)
def test_a_mistake_in_what_varies_is_told_with_its_place(file, old, new, message) -> None:
    file.write_text(VARIED.replace(old, new))
    result = CliRunner().invoke(app, ["trial", str(file), "--dry-run"])
    assert result.exit_code == 2
    assert f"{file}:7:" in result.stderr
    assert message in result.stderr
    (trial,) = load_panel(file).trials
    reasons = [arm.reason for arm in trial.arms]
    assert len(reasons) == 3
    assert all(reasons), "listed in a panel, and nothing is lived"
