"""What an arm got, in the many ways in which it can be written: each is read one way, or told."""

from dataclasses import replace

import pytest

from test_panel_strangers import load
from trabecula.study import Sampling, screen
from trabecula.study.held import is_steady
from trabecula.study.panel import Panel
from trabecula.study.trials import find_settle, make_arm_config

READ = ("{arm: a, obs: form_pct, t_day: 90, band: [-60, -5]}",)


def read_arm(tmp_path, text):
    """Return an arm and what is noted with its trial."""
    trial = load(tmp_path, (f"a: {text}",), READ)
    return trial.get_arm("a"), [note for note in trial.notes if note.startswith("arm a")]


# ------------------------------------------------------------------ prescriptions
@pytest.mark.parametrize(
    "course",
    [
        "[[0, 0], [0.01, 10], [180, 10], [180.01, 0]]",
        "[[0, 0], [0, 10], [180, 10], [180, 0]]",
        "[[-90, 0], [0, 0], [0.01, 10], [180, 10], [180.01, 0]]",
        "[[0, 10], [180, 10], [180.01, 0]]",
    ],
)
def test_a_course_that_is_written_with_its_jumps_keeps_them(tmp_path, course):
    """The dose is whole from the first day on; it does not creep up to the next point."""
    points = read_arm(tmp_path, f"{{e2_pg_ml: 9, pred_mg_d: {course}}}")[0].levels["glucocorticoid"]
    assert points[0] == (0.0, 0.0)
    assert points[1] == (0.01, 10.0)
    assert points[-2:] == ((180.0, 10.0), (180.01, 0.0))


def test_two_doses_at_the_beginning_of_a_taper_follow_each_other(tmp_path):
    arm, _ = read_arm(tmp_path, "{pred_mg_d: [[0, 5], [0, 10], [30, 10], [60, 0]]}")
    assert arm.levels["glucocorticoid"] == (
        (0.0, 0.0), (0.01, 5.0), (0.02, 10.0), (30.0, 10.0), (60.0, 0.0),
    )  # fmt: skip


def test_a_dose_that_never_changes_is_said_to_begin(tmp_path):
    for course in ("[[0, 10]]", "[[0, 10], [365, 10]]"):
        arm, notes = read_arm(tmp_path, f"{{pred_mg_d: {course}}}")
        assert arm.levels["glucocorticoid"][:2] == ((0.0, 0.0), (0.01, 10.0))
        assert any("begins on day 0, nothing is given before" in note for note in notes)
    for course in ("10", "[[0, 0]]", "[[0, 10], [5, 0]]"):
        assert not any("begins on" in n for n in read_arm(tmp_path, f"{{pred_mg_d: {course}}}")[1])


# ------------------------------------------------------------------ numbers and nothing
def test_numbers_may_stand_in_quotes(tmp_path):
    text = "{e2_pg_ml: [['0', '1e1'], ['14', 45]], t_ng_dl: '30', block: {il1: '0.9'}, note: '7'}"
    arm, notes = read_arm(tmp_path, text)
    assert not arm.reason
    assert arm.levels == {"estradiol": ((0.0, 10.0), (14.0, 45.0)), "testosterone": ((0.0, 30.0),)}
    assert arm.blockade["il1"][-1] == (0.0, 0.9)
    assert notes == []


def test_numbers_of_a_trial_and_of_its_endpoints_may_stand_in_quotes(tmp_path):
    end = "{arm: a, obs: res_pct, t_day: '180', window_d: '28', band: ['\N{MINUS SIGN}60', '-22']}"
    trial = load(tmp_path, ("a: {e2_pg_ml: 9}",), (end,), duration_days="'365'")
    (found,) = trial.endpoints
    assert (trial.days, found.day, found.band) == (365.0, 180.0, (-60.0, -22.0))
    words = end.replace("['\N{MINUS SIGN}60', '-22']", "['about -60', '-22']")
    assert "two numbers" in load(tmp_path, ("a: {}",), (words,)).endpoints[0].reason


def test_what_is_empty_is_not_given(tmp_path):
    arm, notes = read_arm(tmp_path, "{e2_pg_ml: ~, denosumab_mg: [], t_ng_dl: 20, note: }")
    assert not arm.reason
    assert (list(arm.levels), arm.doses) == (["testosterone"], {})
    assert notes == [
        "arm a: e2_pg_ml is empty: not given",
        "arm a: denosumab_mg is empty: not given",
    ]
    end = "{arm: a, obs: res_pct, t_day: , window_d: ~, from_day: null, compare: , band: ~}"
    trial = load(tmp_path, ("a: {}",), (*READ, end), duration_days="")
    assert (trial.days, trial.endpoints[1].day, trial.endpoints[1].reason) == (90.0, 90.0, "")


@pytest.mark.parametrize("none", ["0", "[[0, 0]]", "[[0, 0], [182, 0]]", "[]"])
def test_doses_of_nothing_leave_an_arm_as_it_was(tmp_path, none):
    arm, _ = read_arm(tmp_path, f"{{e2_pg_ml: 8, denosumab_mg: {none}}}")
    assert is_steady(arm)
    assert arm.to_hormones() == {"levels": {"estradiol": [[0.0, 8.0]]}}
    some, _ = read_arm(tmp_path, "{denosumab_mg: [[0, 0], [182, 60]]}")
    assert some.doses == {"denosumab": ((182.0, 60.0),)}


def test_an_empty_first_day_leaves_the_baseline_of_the_trial(tmp_path):
    ends = ("{arm: a, obs: res_pct, t_day: 90, from_day: ~, reference: ~, band: [1, 2]}",)
    changes = {"duration_days": "365\n    reference: [-60, 0]"}
    (end,) = load(tmp_path, ("a: {}",), ends, **changes).endpoints
    seen = []

    class Observer:
        def observe(self, observable, arm, when):
            seen.append(when.reference)
            return 1.0

    end.term.compute(Observer())
    assert seen == [(-60.0, 0.0)]


def test_what_is_required_without_a_band_is_said_to_be_measured_alone(tmp_path):
    ends = ("{arm: a, obs: res_pct, required: true}", "{arm: a, obs: res_pct}")
    trial = load(tmp_path, ("a: {}",), ends)
    assert [note for note in trial.notes if "without a band" in note] == [
        "endpoint 1 (res_pct): required, but without a band, so that it is only measured"
    ]


def test_bones_settle_for_as_long_as_doses_before_day_zero_take(tmp_path):
    """All arms of the trial alike, so that they are compared at one age; others as long as ever."""
    arms = ("a: {denosumab_mg: [[-1095, 60], [-912, 60], [-182, 60]]}", "b: {}")
    end = ("{arm: a, obs: bvtv_pct_vs_ctl, band: [-9, 0]}",)
    trial = load(tmp_path, arms, end)
    (told,) = screen(Panel(tmp_path / "panel.yaml", (trial,)), Sampling(1, 32, 730.0)).trials
    assert set(told.notes) - set(trial.notes) == {
        "bones settle for 1185 d, since a dose is given before the usual ones"
    }
    found = {a.name: make_arm_config(trial, a, 1, Sampling(1, 32, 730.0)) for a in trial.used_arms}
    assert {config.settle for config in found.values()} == {1185.0}
    given = found["a"].hormones.doses.denosumab
    assert [day for day, _ in given] == [-1095.0, -912.0, -182.0]
    assert find_settle(trial, Sampling(1, 32, 1095.0)) == 1095.0
    assert find_settle(trial, Sampling(1, 32, 1200.0)) == 1200.0
    later = load(tmp_path, (arms[0].replace("[-1095, 60], [-912, 60], ", ""), "b: {}"), end)
    assert find_settle(later, Sampling(1, 32, 730.0)) == 730.0


def test_a_trial_that_says_how_long_bones_settle_is_taken_at_its_word(tmp_path):
    arms = ("a: {denosumab_mg: [[-1095, 60], [-182, 60]]}", "b: {}")
    trial = load(tmp_path, arms, ("{arm: a, obs: bvtv_pct_vs_ctl, band: [-9, 0]}",))
    own = replace(trial, settings={**trial.settings, "settle": 500.0})
    (told,) = screen(Panel(tmp_path / "panel.yaml", (own,)), Sampling(1, 32, 730.0)).trials
    assert make_arm_config(own, own.get_arm("a"), 1, Sampling(1, 32, 730.0)).settle == 500.0
    assert not any("bones settle for" in note for note in told.notes)
    assert any("the dose on day -1095 is not given" in note for note in told.notes)


def test_doses_from_before_an_own_settle_are_said_not_to_be_given(tmp_path):
    arms = (
        "a: {denosumab_mg: [[-1095, 60], [-912, 60], [-182, 60]], settings: {settle: 500}}",
        "b: {}",
    )
    trial = load(tmp_path, arms, ("{arm: a, obs: bvtv_pct_vs_ctl, band: [-9, 0]}",))
    (told,) = screen(Panel(tmp_path / "panel.yaml", (trial,)), Sampling(1, 32, 730.0)).trials
    early = [note for note in told.notes if "are not given" in note]
    assert len(early) == 1
    assert (
        "arm a: hormones.doses.denosumab: the doses on days -1095, -912 are not given" in early[0]
    )


# ------------------------------------------------------------------ what is told
@pytest.mark.parametrize(
    ("series", "points"),
    [
        ("[[-1, 80], [0, 10]]", ((0.0, 80.0), (0.01, 10.0))),
        ("[[-300, 90], [-0.01, 80], [0, 10], [30, 8]]", ((0.0, 80.0), (0.01, 10.0), (30.0, 8.0))),
        ("[[-0.5, 80], [0.5, 10]]", ((0.0, 80.0), (0.5, 10.0))),
        ("[[-0.5, 80], [0, 10], [0.005, 9], [2, 8]]", ((0.0, 80.0), (0.01, 10.0), (2.0, 8.0))),
        ("[[-2, 80], [0, 10]]", ((0.0, 10.0),)),
        ("[[-1, 10], [0, 10], [30, 8]]", ((0.0, 10.0), (30.0, 8.0))),
    ],
)
def test_what_changes_across_day_0_changes_on_it(tmp_path, series, points):
    """Else the bone would have lived under the new level all along, and nothing would change."""
    arm, notes = read_arm(tmp_path, f"{{e2_pg_ml: {series}}}")
    assert arm.levels["estradiol"] == points
    assert any("taken to change on day 0" in note for note in notes) == (points[0][1] == 80.0)
    assert any("is not lived" in note for note in notes) == (points[0][1] == 10.0)


def test_a_single_level_of_a_later_day_is_said_to_hold_before(tmp_path):
    _, notes = read_arm(
        tmp_path, "{inflammation_rel: [[30, 3], [60, 3]], pred_mg_d: [[30, 5], [60, 0]]}"
    )
    assert notes == [
        "arm a: inflammation_rel never changes: its level of day 30 holds before it too"
    ]


def test_a_share_that_fades_is_said_to(tmp_path):
    _, notes = read_arm(tmp_path, "{sclerostin_block: [[0, 0.9], [365, 0]], tnf_block: 0.5}")
    assert notes == ["arm a: sclerostin_block goes straight from 0.9 on day 0 to 0 on day 365"]
    assert not read_arm(tmp_path, "{block: {tnf: [[0, 0.9], [365, 0.9], [379, 0]]}}")[1]


def test_words_about_an_arm_do_not_keep_it_from_being_lived(tmp_path):
    arm, _ = read_arm(tmp_path, "{e2_pg_ml: 9, label: placebo, description: none, sources: [x]}")
    assert not arm.reason


def test_a_mistake_has_its_line_and_the_nearest_name(tmp_path):
    arm, _ = read_arm(tmp_path, "{e2_pg_ml: 9, E2_pmol_l: 40}")
    assert arm.reason.startswith("rows[0].arms.a.E2_pmol_l (line 6): found unknown series")
    assert arm.reason.endswith("; did you mean e2_pg_ml?")
