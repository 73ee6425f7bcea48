"""What an endpoint or a trial could be taken for: it is read one way, or the reader is told."""

from dataclasses import replace

import numpy as np
import pytest

from test_panel import PANEL
from test_panel_variants import load
from test_validation import make_results
from trabecula.analysis import Series
from trabecula.study import Sampling, add_held
from trabecula.study.arms import make_steps
from trabecula.study.pool import Pool
from trabecula.study.terms import When, read_term
from trabecula.study.trials import make_arm_config

FIRST = "- {arm: [off, drug], obs: res_pct, t_day: 28, window_d: 4, band: [10, 50], required: true}"
SEX = "population: {sex: F, age_y: 55}"


@pytest.fixture
def pool():
    return Pool({"a": [make_results(rise=0.5)]})


# ------------------------------------------------------------------ days and baselines
def test_a_window_of_no_ones_asking_does_not_reach_before_day_0(pool):
    early = pool.observe("res_pct", "a", When(3.0))
    assert early == pytest.approx(-50.0)
    asked = pool.observe("res_pct", "a", When(3.0, 14.0))
    assert -50.0 < asked < -25.0
    assert pool.observe("acf_ratio", "a", When(20.0)) == pytest.approx(2.0)


def test_a_change_counted_from_a_day_has_the_days_before_it_as_its_baseline(pool):
    usual = pool.observe("res_pct", "a", When(90.0))
    assert pool.observe("res_pct", "a", When(90.0, since=0.0)) == usual == pytest.approx(-50.0)
    assert pool.observe("res_pct", "a", When(90.0, since=40.0)) == pytest.approx(0.0)
    assert pool.observe("acf_ratio", "a", When(80.0, since=40.0)) == pytest.approx(1.0)


def test_the_first_day_of_a_fold_is_away_from_one():
    def fall(time):
        return np.where(time > 50, 0.5, 1.0)

    run = make_results()
    run.series["rankl_per_cell"] = Series(fall(run.time))
    pool, when = Pool({"a": [run]}), When(100.0, 1.0)
    assert 50 <= pool.find_first_day("rankl_per_cell_fold", "a", 0.8, when) <= 52
    assert np.isnan(pool.find_first_day("rankl_per_cell_fold", "a", 1.2, when))
    assert np.isnan(pool.find_first_day("rankl_per_cell_fold", "a", 0.3, when))


def test_a_crossing_after_the_day_asked_for_is_none():
    """It falls on day 60: by day 50 nothing has happened, by day 80 it has."""
    run = make_results()
    run.series["rankl_per_cell"] = Series(np.where(run.time > 60, 0.5, 1.0))
    pool = Pool({"a": [run]})
    found = [
        pool.find_first_day("rankl_per_cell_fold", "a", 0.8, When(day, 1.0)) for day in (50, 60, 80)
    ]
    assert np.isnan(found[:2]).all()
    assert found[2] == 61.0


def test_a_window_at_the_end_of_a_run_is_moved_back():
    """The last 14 days of 100, of a rate that rises by one a day: days 87 to 100."""
    run = make_results()
    run.series["matrix_resorbed"] = Series(np.cumsum(np.maximum(run.time, 0.0)))
    pool = Pool({"a": [run]})
    for day in (93.0, 97.0, 100.0):
        assert pool.observe("res_pct", "a", When(day, 14.0, is_raw=True)) == pytest.approx(93.5)
        assert pool.observe("res_pct", "a", When(day, is_raw=True)) == pytest.approx(93.5)
    assert pool.observe("res_pct", "a", When(50.0, 14.0, is_raw=True)) == pytest.approx(50.5)


def test_windows_that_are_moved_back_are_told(tmp_path):
    ends = """- {arm: [off, drug], obs: res_pct, t_day: 28, window_d: 4, band: [10, 50]}
      - {arm: [off, drug], obs: res_pct, t_day: 29, window_d: 4, band: [10, 50]}
      - {arm: off, obs: res_pct, t_day: 30, band: [10, 50]}
      - {arm: off, obs: bvtv_pct, t_day: 30, window_d: 4, band: [10, 50]}
      - {arm: x, obs: "form_pct(off) - form_pct(drug)", window_d: 4, band: [10, 50]}"""
    (trial,) = load(tmp_path, FIRST, ends).trials
    (told,) = [note for note in trial.notes if "moved back" in note]
    assert told == "windows that reach beyond day 30 are moved back to end with it: endpoints 2, 5"


def test_a_baseline_before_a_later_day_does_not_reach_before_day_0():
    """Resorption doubles on day 0: from day 10 on nothing more has happened."""
    pool = Pool({"a": [make_results(rise=2.0)]})
    assert pool.observe("res_pct", "a", When(60.0, 14.0, since=10.0)) == pytest.approx(0.0)
    assert pool.observe("res_pct", "a", When(60.0, 14.0)) == pytest.approx(100.0)


def test_levels_are_means_over_patients():
    def make(level):
        run = make_results()
        courses = {"estradiol": Series(np.where(run.time > 0, level, 10.0))}
        return replace(run, hormones=courses)

    pool = Pool({"a": [make(5.0), make(50.0)]})
    assert pool.observe("e2_pg_ml", "a", When(50.0)) == pytest.approx(27.5)


def test_a_first_day_of_its_own_beats_the_baseline_of_the_trial(tmp_path):
    old = "arm: off, obs: bvtv_pct_vs_ctl, t_day: 30,"
    text = PANEL.replace("duration_days: 30", "duration_days: 30\n    reference: [-90, -30]")
    (trial,) = load(tmp_path, text=text.replace(old, old + " from_day: 5,")).trials
    seen = []

    class Observer:
        def observe(self, observable, arm, when):
            seen.append((when.since, when.reference))
            return 1.0

    for end in trial.endpoints[:3]:
        end.term.compute(Observer())
    assert seen[0] == (None, (-90.0, -30.0))
    assert seen[-1] == (5.0, None)


def test_days_of_a_change_count_from_where_it_begins():
    """Resorption rises on day 0 and stays: from day 50 on nothing has happened, until day 80."""
    run = make_results(rise=1.5)
    rate = np.where(run.time > 80, 3.0, np.where(run.time > 0, 1.5, 1.0))
    run.series["matrix_resorbed"] = Series(np.cumsum(rate))
    pool = Pool({"a": [run]})

    def find(words, **context):
        return read_term(words, "", ["a"], "", {"t": 100, "w": 1, **context}).compute(pool)

    assert 1 <= find("first_day(res_pct, a, 40)") <= 2
    assert 80 <= find("first_day(res_pct, a, 40)", since=50) <= 82
    assert 50 < find("first_day(res_pct, a, -10)", since=50, reference=[81, 100]) <= 52
    assert 10 <= find("first_day(bvtv_pct, a, -0.95)") <= 11
    assert 59 <= find("first_day(bvtv_pct, a, -0.95)", since=50) <= 61


def test_a_day_named_in_a_term_beats_the_baseline_of_the_trial(pool):
    context = {"t": 90, "reference": [-90.0, -30.0]}
    words = ("res_pct(a, since=40)", "res_pct(a, since=40)", "bvtv_pct(a, since=40)")
    for text, given in zip(words, (context, {"t": 90}, context), strict=True):
        found = read_term(text, "", ["a"], "", given).compute(pool)
        expected = 0.0 if "res" in text else 100 * (0.91 / 0.96 - 1)
        assert found == pytest.approx(expected), text


def test_an_arm_may_have_a_baseline_of_its_own(tmp_path):
    text = PANEL.replace(
        "control: {e2_pg_ml: 60}", "control: {e2_pg_ml: 60, reference: [-60, -30]}"
    )
    text = text.replace("duration_days: 30", "duration_days: 30\n    reference: [-80, -10]")
    ends = """- {arm: [off, control], obs: res_pct, band: [10, 50]}
      - {arm: x, obs: "res_pct(off) - res_pct(control)", t_day: 20, band: [10, 50]}
      - {arm: control, obs: res_pct, reference: [0, 10], band: [10, 50]}
      - {arm: x, obs: "share_prevented(res_pct, drug, off, control)", from_day: 5, band: [10, 50]}
      - {arm: x, obs: "rank(bvtv_pct, drug, off, control) + slope(res_pct, control, 3, 9)"}
      - {arm: x, obs: "res_pct(control, since=4) + first_day(res_pct, control, 5)"}"""
    (trial,) = load(tmp_path, FIRST, ends, text=text).trials
    seen = []

    class Observer:
        def observe(self, observable, arm, when):
            seen.append((arm, when.reference))
            return 1.0

        def find_first_day(self, observable, arm, level, when):
            return self.observe(observable, arm, when)

    for end in trial.endpoints[:7]:
        end.term.compute(Observer())
    usual, own = (-80.0, -10.0), (-60.0, -30.0)
    assert seen[:4] == [("off", usual), ("control", own), ("off", usual), ("control", own)]
    assert seen[4] == ("control", (0.0, 10.0))
    assert seen[5:8] == [("drug", None), ("off", None), ("control", None)]
    assert seen[8:13] == [
        ("drug", usual), ("off", usual), ("control", own), ("control", own), ("control", own),
    ]  # fmt: skip
    assert seen[13:] == [("control", None), ("control", own)]


@pytest.mark.parametrize("span", ["[-400, -310]", "[10, 31]", "[5, 5]", "before", "-90"])
def test_a_baseline_that_is_not_lived_cannot_be_that_of_an_arm(tmp_path, span):
    new = f"control: {{e2_pg_ml: 60, reference: {span}}}"
    (trial,) = load(tmp_path, "control: {e2_pg_ml: 60}", new).trials
    assert "[first, last] day of a baseline, from -90 to 30" in trial.get_arm("control").reason


def test_the_usual_baseline_may_be_written_out(tmp_path):
    """It is the one in which held arms help; of bone volume it is a mean, as any other."""
    ends = """- {arm: off, obs: res_pct, reference: [-90, 0], band: [10, 50]}
      - {arm: off, obs: bvtv_pct, reference: [-90, 0], band: [10, 50]}"""
    (trial,) = load(tmp_path, FIRST, ends).trials
    seen = []

    class Observer:
        def observe(self, observable, arm, when):
            seen.append(when.reference)
            return 1.0

    for end in trial.endpoints[:2]:
        end.term.compute(Observer())
    assert seen == [None, (-90.0, 0.0)]


def test_a_first_day_that_says_nothing_is_noted(tmp_path):
    new = "- {arm: off, obs: ede_um, t_day: 28, from_day: 3, band: [10, 50]}"
    (trial,) = load(tmp_path, FIRST, new).trials
    assert any("from_day says nothing" in note for note in trial.notes)


def test_compare_beside_a_term_is_refused(tmp_path):
    new = '- {arm: off, obs: "slope(bvtv_pct, off, 0, 30)", compare: control, band: [1, 2]}'
    (trial,) = load(tmp_path, FIRST, new).trials
    assert trial.endpoints[0].term is None
    assert "write the difference out" in trial.endpoints[0].reason


# ------------------------------------------------------------------ people
@pytest.mark.parametrize(
    ("people", "sex", "note"),
    [
        ("{sex: males, age_y: 55}", "male", ""),
        ("{sex: men over 65, age_y: 70}", "male", ""),
        ("{sex: postmenopausal women, age_y: 63}", "female", ""),
        ("{sex: men and women, age_y: 63}", "female", "taken as women"),
        ("{sex: F, age_y: 63, stage: natural_menopause}", "female", "not read: stage"),
        ("postmenopausal women aged 63", "female", "not read: postmenopausal women"),
    ],
)
def test_people_in_words(tmp_path, people, sex, note):
    (trial,) = load(tmp_path, SEX, f"population: {people}").trials
    assert trial.sex == sex
    assert any(note in text for text in trial.notes) if note else trial.notes == ()


def test_who_a_configuration_says_it_is_stays_so(tmp_path):
    (tmp_path / "own.yaml").write_text("duration: 30 d\npatient: {sex: male, age: 44}\n")
    (trial,) = load(tmp_path, SEX, SEX + "\n    config: own.yaml").trials
    assert any("those of the configuration" in note for note in trial.notes)
    config = make_arm_config(trial, trial.get_arm("control"), 1, Sampling())
    assert (config.patient.sex, config.patient.age) == ("male", 44.0)


# ------------------------------------------------------------------ arms
TAKEN = "{e2_pg_ml: 8, settings: {protocol: [teriparatide 20 ug sc daily]}}"


def test_arms_that_no_endpoint_reads_are_named(tmp_path):
    text = PANEL.replace(
        "control: {e2_pg_ml: 60}", "control: {e2_pg_ml: 60}\n      idle: {e2_pg_ml: 9}"
    )
    (trial,) = load(tmp_path, text=text).trials
    assert "arms that no endpoint reads are not lived: idle" in trial.notes
    assert "idle" not in [arm.name for arm in trial.used_arms]


def test_prescriptions_of_one_arm_give_glands_to_all(tmp_path):
    text = PANEL.replace("control: {e2_pg_ml: 60}", f"control: {{e2_pg_ml: 8}}\n      tpt: {TAKEN}")
    (trial,) = load(tmp_path, text=text).trials
    assert any("patients with glands (natural_menopause)" in note for note in trial.notes)
    stages = {
        make_arm_config(trial, trial.get_arm(name), 1, Sampling()).patient.stage
        for name in ("control", "tpt")
    }
    assert stages == {"natural_menopause"}
    men = text.replace("sex: F", "sex: M").replace("age_y: 55", "age_y: 30")
    assert load(tmp_path, text=men).trials[0].settings == {"patient.stage": "adult"}
    young = text.replace("age_y: 55", "age_y: 30")
    assert load(tmp_path, text=young).trials[0].settings == {"patient.stage": "premenopausal"}
    assert load(tmp_path).trials[0].settings == {}


def test_what_is_compared_with_an_arm_that_cannot_be_held_is_not_held(tmp_path):
    text = PANEL.replace(
        "control: {e2_pg_ml: 60}", "control: {e2_pg_ml: 60, settings: {mechanics.every: 10}}"
    )
    ends = '- {arm: contrast, obs: "res_pct(off) - res_pct(control)", band: [1, 2]}'
    (trial,) = add_held(load(tmp_path, FIRST, ends, text=text)).trials
    assert not any(arm.held for arm in trial.arms)
    (usual,) = add_held(load(tmp_path, FIRST, ends)).trials
    assert all(usual.get_arm(name).held for name in ("off", "control"))
    alone = FIRST.replace("[off, drug]", "drug")
    (apart,) = add_held(load(tmp_path, FIRST, alone, text=text)).trials
    assert not apart.get_arm("off").held


def test_two_doses_of_one_day_can_be_lived(tmp_path):
    assert make_steps(((0.0, 5.0), (0.01, 10.0))) == (
        (0.0, 0.0), (0.01, 5.0), (0.02, 10.0),
    )  # fmt: skip
    (trial,) = load(tmp_path, "e2_pg_ml: 60", "pred_mg_d: [[0, 5], [0, 10], [9, 0]]").trials
    config = make_arm_config(trial, trial.get_arm("control"), 1, Sampling())
    days = [day for day, _ in config.hormones.levels.glucocorticoid]
    assert days == sorted(set(days))
    assert config.hormones.levels.glucocorticoid[-1][1] == 0.0
