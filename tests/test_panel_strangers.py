"""Panels as people mean them: arms that differ from the start, prescriptions, controls, ages, days."""

import pytest

from trabecula.config.advice import find_warnings
from trabecula.config.load import make_config
from trabecula.config.marks import parse_yaml
from trabecula.hormones.step import is_replete
from trabecula.runner.digest import compute_state_digest
from trabecula.study import Sampling, load_panel
from trabecula.study.pool import Estimate, Pool
from trabecula.study.scoring import Judged, Nothing, Verdict, score_trial
from trabecula.study.terms import read_term
from trabecula.study.trials import make_arm_config
from trabecula.study.wording import find_pair

ROW = """
  - id: ONE
    population: {sex: F, age_y: 45}
    duration_days: 365
    arms:
ARMS
    endpoints:
ENDS
"""


def load(tmp_path, arms, ends, **changes):
    text = ROW
    for old, new in changes.items():
        line = next(one for one in text.splitlines() if f" {old}:" in one)
        text = text.replace(line, f"    {old}: {new}")
    arms = "\n".join(f"      {one}" for one in arms)
    ends = "\n".join(f"      - {one}" for one in ends)
    path = tmp_path / "panel.yaml"
    path.write_text("rows:" + text.replace("ARMS", arms).replace("ENDS", ends))
    return load_panel(path).trials[0]


PRE_POST = ("pre: {e2_pg_ml: 80}", "post: {e2_pg_ml: [[0, 9], [365, 9]]}")


def test_arms_in_which_nothing_changes_are_compared_as_they_are(tmp_path):
    """Against its own baseline each would be 0 % or 1 by construction."""
    trial = load(
        tmp_path, PRE_POST,
        (
            "{arm: post, obs: res_pct, compare: pre, band: [50, 110]}",
            "{arm: post, obs: acf_ratio, band: [1.4, 2.6]}",
            "{arm: post, obs: bvtv_pct, compare: pre, band: [-9, -4]}",
            "{arm: post, obs: res_pct, band: [-10, 10]}",
        ),
    )  # fmt: skip
    texts = [end.term.text for end in trial.endpoints]
    assert texts[0] == "over(res_pct, post, pre)"
    assert texts[1] == "over(acf_ratio, post, pre)"
    assert texts[2:] == ["bvtv_pct(post) - bvtv_pct(pre)", "res_pct(post)"]
    assert sum("one over the other" in note for note in trial.notes) == 2


def test_a_control_in_which_nothing_changes_is_compared_as_it_is_too(tmp_path):
    ends = (
        "{arm: post, obs: res_pct_vs_ctl, compare: pre, band: [50, 110]}",
        "{arm: post, obs: bvtv_pct_vs_ctl, compare: pre, band: [-9, -4]}",
        "{arm: x, obs: 'res_pct(post) - res_pct(pre)', band: [50, 110]}",
        "{arm: x, obs: 'rankl_per_cell_fold(post) / rankl_per_cell_fold(\"pre\")', band: [1, 3]}",
        "{arm: x, obs: 'share_prevented(res_pct, pre, post, pre)', band: [0, 1]}",
        "{arm: x, obs: 'bvtv_pct(post) - bvtv_pct(pre)', band: [-9, -4]}",
    )
    trial = load(tmp_path, PRE_POST, ends)
    assert [end.term.text for end in trial.endpoints] == [
        "over(res_pct, post, pre)", "bvtv_pct(post) - bvtv_pct(pre)", "over(res_pct, post, pre)",
        "over(rankl_per_cell_fold, post, pre)", "share_prevented(res_pct, pre, post, pre)",
        "bvtv_pct(post) - bvtv_pct(pre)",
    ]  # fmt: skip
    assert sum("one over the other" in note for note in trial.notes) == 3
    assert sum("each 0 % or 1 of itself" in note for note in trial.notes) == 1
    falling = load(
        tmp_path, ("pre: {e2_pg_ml: 80}", "post: {e2_pg_ml: [[0, 80], [9, 9]]}"), ends[:3]
    )
    assert falling.endpoints[0].term.text == "res_pct(post) - res_pct(pre)"
    assert falling.endpoints[2].term.text == "res_pct(post) - res_pct(pre)"


@pytest.mark.parametrize(
    "words",
    [
        "res_pct(post, t=30) - res_pct(pre)", "res_pct(post) / res_pct(pre)",
        "acf_ratio(post) - acf_ratio(pre)", "res_pct(post) - form_pct(pre)",
        "res_pct(post) - res_pct(post)", "res_pct(post) - res_pct(nobody)", "2 - res_pct(pre)",
        "res_pct(post) + res_pct(pre)", "res_pct(3) - res_pct(pre)", "falls (by much)", "-" * 3000,
    ],
)  # fmt: skip
def test_other_words_are_no_pair(words):
    assert find_pair(words, ["pre", "post"]) is None
    assert find_pair("res_pct(60 mg) - res_pct(or)", ["60 mg", "or"]) == ("res_pct", "60 mg", "or")


def test_nothing_is_compared_with_itself(tmp_path):
    ends = (
        "{arm: [pre, post], obs: rankl_per_cell_fold, compare: pre, band: [1, 3]}",
        "{arm: post, obs: bvtv_pct, from_day: 200, t_day: 180, band: [-9, -4]}",
        "{arm: post, obs: bvtv_pct, from_day: 180, t_day: 200, band: [-9, -4]}",
    )
    pre, post, back, on = load(tmp_path, PRE_POST, ends).endpoints
    assert (pre.term, pre.reason) == (None, "arm pre is compared with itself")
    assert post.term.text == "over(rankl_per_cell_fold, post, pre)"
    assert back.reason == "its day 180 is not after its from_day 200"
    assert on.term is not None


def test_a_change_of_one_arm_is_still_a_difference_of_changes(tmp_path):
    arms = ("off: {e2_pg_ml: [[0, 80], [2, 9]]}", "on: {e2_pg_ml: 80}")
    ends = ("{arm: off, obs: res_pct, compare: on, band: [20, 90]}",)
    trial = load(tmp_path, arms, ends)
    assert trial.endpoints[0].term.text == "res_pct(off) - res_pct(on)"
    alike = load(
        tmp_path, ("a: {e2_pg_ml: 80}", "b: {e2_pg_ml: 80}"), ("{arm: a, obs: acf_ratio}",)
    )
    assert alike.endpoints[0].term.text == "acf_ratio(a)"
    assert any("1 of itself" in note for note in alike.notes)


def test_one_rate_over_another_is_told_in_percent():
    class Two:
        def observe(self, observable, arm, when):
            assert when.is_raw
            return {"a": 3.0, "b": 2.0}[arm]

    context = {"t": 30.0, "days": 365.0}
    term = read_term("over(res_pct, a, b)", "", ["a", "b"], "", context)
    assert term.compute(Two()) == pytest.approx(50.0)
    assert read_term("over(acf_ratio, a, b)", "", ["a", "b"], "", context).compute(Two()) == 1.5
    assert term.compute(Nothing()) == 0.0


def test_a_raw_observable_is_no_change(tmp_path):
    from test_held import WHEN, make_bones

    pool, _ = make_bones(3, 1.3)
    assert isinstance(pool, Pool)
    raw = pool.observe("res_pct", "a", WHEN.__class__(WHEN.day, WHEN.width, is_raw=True))
    base = pool.compute_base("a", "matrix_resorbed")
    assert raw > 0.5 * base > 0.0


def test_a_control_is_known_by_its_name_and_has_none_itself(tmp_path):
    arms = ("drug: {denosumab_mg: [[0, 60]]}", "Placebo: {}", "high: {denosumab_mg: [[0, 100]]}")
    ends = (
        "{arm: drug, obs: bvtv_pct_vs_ctl, band: [1, 6]}",
        "{arm: Placebo, obs: bvtv_pct_vs_ctl, band: [-1, 1]}",
    )
    found = load(tmp_path, arms, ends).endpoints
    assert found[0].term.text == "bvtv_pct(drug) - bvtv_pct(Placebo)"
    assert found[1].term is None
    two = load(tmp_path, arms[:2], ends).endpoints
    assert two[1].term is None, "not placebo minus drug"
    assert "without a control" in two[1].reason
    other = load(tmp_path, ("drug: {e2_pg_ml: 60}", "ctrl: {}", "x: {}"), ends[:1]).endpoints
    assert other[0].term.text == "bvtv_pct(drug) - bvtv_pct(ctrl)"


def test_of_several_controls_the_one_that_is_taken_is_told(tmp_path):
    arms = ("drug: {denosumab_mg: 60}", "low: {denosumab_mg: 14}", "PBO: {}", "usual-care: {}")
    ends = ("{arm: drug, obs: bvtv_pct_vs_ctl}", "{arm: drug, obs: bvtv_pct_vs_ctl, compare: low}")
    trial = load(tmp_path, arms, ends)
    assert trial.endpoints[0].term.text == "bvtv_pct(drug) - bvtv_pct(PBO)"
    told = [note for note in trial.notes if "is the control" in note]
    assert told == ["endpoint 1 (bvtv_pct_vs_ctl): of PBO and usual-care PBO is the control"]
    assert not any("is the control" in n for n in load(tmp_path, arms[:3], ends).notes)


@pytest.mark.parametrize(("word", "is_required"), [("Y", True), ("1.0", True), ("n", False)])
def test_whether_it_is_required_in_few_letters(tmp_path, word, is_required):
    end = f"{{arm: post, obs: res_pct, required: {word}, band: [0, 1]}}"
    (found,) = load(tmp_path, PRE_POST, (end,)).endpoints
    assert (found.required, found.reason) == (is_required, "")


def test_an_entry_of_several_arms_is_one_entry(tmp_path):
    ends = (
        "{arm: [pre, post], obs: res_pct, band: [-10, 10], required: true}",
        "{arm: post, obs: bvtv_pct, band: [-9, -4], required: true}",
        "{arm: [pre, post], obs: 'bvtv_pct(post) - bvtv_pct(pre)', band: [-9, -4], required: true}",
    )
    trial = load(tmp_path, PRE_POST, ends)
    assert [end.weight for end in trial.endpoints] == [0.5, 0.5, 1.0, 1.0]
    verdicts = (Verdict.MISS, Verdict.HIT, Verdict.HIT, Verdict.MISS)
    judged = [
        Judged(end, Estimate(0.0, 0.1, 3), verdict)
        for end, verdict in zip(trial.endpoints, verdicts, strict=True)
    ]
    assert score_trial(judged) == pytest.approx((0.5 + 1.0 + 0.0) / 3.0)


def test_compare_beside_a_term_may_repeat_it(tmp_path):
    ends = (
        "{arm: post, obs: 'bvtv_pct(post) - bvtv_pct(pre)', compare: pre, band: [-9, -4]}",
        "{arm: post, obs: 'bvtv_pct(post)', compare: pre, band: [-9, -4]}",
        "{arm: post, obs: 'bvtv_pct(pre)', compare: pre, band: [-9, -4]}",
    )
    found = load(tmp_path, PRE_POST, ends).endpoints
    assert found[0].term is not None
    assert "write the difference out" in found[1].reason
    assert "write the difference out" in found[2].reason, "one arm compares nothing"


def test_a_trial_lasts_until_an_endpoint_a_little_beyond_its_end(tmp_path):
    ends = ("{arm: post, obs: bvtv_pct, t_day: 370, band: [-9, -4]}",)
    trial = load(tmp_path, PRE_POST, ends)
    assert trial.days == 370.0
    assert trial.endpoints[0].term is not None
    assert any("lived until day 370" in note for note in trial.notes)
    far = load(tmp_path, PRE_POST, ("{arm: post, obs: bvtv_pct, t_day: 730, band: [-9, -4]}",))
    assert far.days == 365.0
    assert "none of the trial's 365" in far.endpoints[0].reason


def test_a_prescription_that_repeats_a_value_is_a_taper(tmp_path):
    arms = (
        "burst: {pred_mg_d: [[0, 60], [5, 0]]}",
        "taper: {pred_mg_d: [[0, 40], [30, 40], [90, 10]]}",
    )
    trial = load(tmp_path, arms, ("{arm: [burst, taper], obs: form_pct, band: [-50, 0]}",))
    burst, taper = (trial.get_arm(name).levels["glucocorticoid"] for name in ("burst", "taper"))
    assert burst == ((0.0, 0.0), (0.01, 60.0), (5.0, 60.0), (5.01, 0.0))
    assert taper == ((0.0, 0.0), (0.01, 40.0), (30.0, 40.0), (90.0, 10.0))
    assert sum("straight from point to point" in note for note in trial.notes) == 1


def test_what_a_level_was_before_day_0_is_said_not_to_be_lived(tmp_path):
    arms = (
        "early: {e2_pg_ml: [[-60, 80], [-30, 20], [30, 8]], il1_block: [[-20, 0.4], [20, 0.8]]}",
        "plain: {e2_pg_ml: 80}",
    )
    trial = load(tmp_path, arms, ("{arm: early, obs: res_pct, band: [0, 50]}",))
    arm = trial.get_arm("early")
    assert arm.levels["estradiol"] == ((0.0, 14.0), (30.0, 8.0))
    assert arm.blockade["il1"] == ((-1.0, 0.0), (0.0, pytest.approx(0.6)), (20.0, 0.8))
    assert sum("before day 0" in note for note in trial.notes) == 2


def test_a_mans_estradiol_follows_his_testosterone(tmp_path):
    arms = ("low: {t_ng_dl: [[0, 600], [21, 60]]}", "both: {t_ng_dl: 600, e2_pg_ml: 20}")
    ends = ("{arm: [low, both], obs: res_pct, band: [0, 50]}",)
    men = load(tmp_path, arms, ends, population="{sex: M, age_y: 40}")
    (_, high), (_, low) = men.get_arm("low").levels["estradiol"]
    assert low == pytest.approx(0.1 * high)
    assert men.get_arm("both").levels["estradiol"] == ((0.0, 20.0),)
    assert any("follows testosterone" in note for note in men.notes)
    women = load(tmp_path, arms, ends, population="{sex: F, age_y: 70}")
    assert "estradiol" not in women.get_arm("low").levels
    assert any("not given for women of 70 y" in note for note in women.notes)


@pytest.mark.parametrize(
    ("age", "years"),
    [
        ("'65-89'", 77.0),
        ("{mean: 72, sd: 5}", 72.0),
        ("[60, 70]", 65.0),
        ("'> 65'", 65.0),
        ("'70 y'", 70),
    ],
)
def test_ages_as_papers_give_them(tmp_path, age, years):
    ends = ("{arm: post, obs: bvtv_pct, band: [-9, -4]}",)
    assert load(tmp_path, PRE_POST, ends, population=f"{{sex: F, age_y: {age}}}").age == years


def test_doses_before_day_0_are_given_while_the_bone_settles(tmp_path):
    arms = (
        "stopped: {e2_pg_ml: 8, denosumab_mg: [[-364, 60], [-182, 60]]}",
        "control: {e2_pg_ml: 8}",
    )
    ends = ("{arm: stopped, obs: res_pct, compare: control, band: [0, 500]}",)
    trial = load(tmp_path, arms, ends)
    assert trial.endpoints[0].term is not None
    sampling = Sampling(1, 32, 730.0)
    given, plain = (
        make_arm_config(trial, trial.get_arm(n), 1, sampling) for n in ("stopped", "control")
    )
    assert given.hormones.doses.denosumab == ((-364.0, 60.0), (-182.0, 60.0))
    digests = {compute_state_digest(config, 1000, True) for config in (given, plain)}
    assert len(digests) == 2, "they do not share a settled bone"
    young = "duration: 10 d\nhormones: {doses: {denosumab: [[DAY, 60]]}}\n"
    early, late = (
        make_config(parse_yaml(young.replace("DAY", day), "x.yaml"), tmp_path / "x.yaml")
        for day in ("-20", "3")
    )
    assert not is_replete(early), "settling is not idle when something is given in it"
    assert is_replete(late)


def test_a_panel_whose_arms_are_missing_says_so(tmp_path):
    path = tmp_path / "panel.yaml"
    path.write_text("rows:\n  - {id: A, duration_days: 30, endpoints: [{arm: a, obs: res_pct}]}\n")
    trial = load_panel(path).trials[0]
    assert "at least one arm" in trial.endpoints[0].reason


def test_rows_may_share_what_they_have_in_common(tmp_path):
    arms = ("pre: &base {e2_pg_ml: 80, t_ng_dl: 30}", "post: {<<: *base, e2_pg_ml: 9}")
    trial = load(tmp_path, arms, ("{arm: post, obs: bvtv_pct, band: [-9, -4]}",))
    post = trial.get_arm("post")
    assert post.reason == ""
    assert post.levels == {"testosterone": ((0.0, 30.0),), "estradiol": ((0.0, 9.0),)}


def test_what_is_no_mapping_cannot_be_taken_in():
    document = parse_yaml(
        "b: &b {x: 1}\na: {<<: 3, y: 2}\nc: {<<: [*b, {x: 5, z: 6}], y: 3}\n", "x.yaml"
    )
    (problem,) = document.problems
    assert problem.where == "x.yaml:2:9"
    assert problem.allowed == "a mapping to take in"
    assert document.data["c"] == {"x": 1, "z": 6, "y": 3}, "of several the first counts"


def test_a_dose_before_the_bone_settles_is_warned_of(tmp_path):
    text = "duration: 10 d\nsettle: 100 d\nhormones: {doses: {denosumab: [[DAY, 60]]}}\n"
    early, late = (
        find_warnings(
            make_config(parse_yaml(text.replace("DAY", day), "x.yaml"), tmp_path / "x.yaml")
        )
        for day in ("-101", "-99")
    )
    assert any("denosumab: the dose on day -101 is not given" in one for one in early)
    assert not any("is not given" in one for one in late)


def test_what_else_is_in_a_panel_is_said_not_to_be_read(tmp_path):
    path = tmp_path / "panel.yaml"
    one = "{id: A, duration_days: 30, arms: {a: {}}, endpoints: [{arm: a, obs: res_pct}]}"
    path.write_text(f"schema_version: 1\nanchors: []\ntrials: [{one}]\nrows: [{one}, {one}]\n")
    panel = load_panel(path)
    assert len(panel.trials) == 2
    assert panel.trials[0].notes[-1].endswith("not read: anchors, trials")
    assert not any("of the file" in note for note in panel.trials[1].notes)


def test_series_may_have_the_names_of_a_configuration(tmp_path):
    """The same levels and doses, and the same prescription, under either name."""
    end = ("{arm: a, obs: res_pct, t_day: 90, band: [0, 9]}",)
    short = (
        "{e2_pg_ml: 9, inflammation_rel: 2, pred_mg_d: [[0, 20], [90, 0]], opg_fc_mg_kg: [[0, 3]]}"
    )
    long = "{estradiol: 9, inflammation: 2, glucocorticoid: [[0, 20], [90, 0]], opg_fc: [[0, 3]]}"
    first = load(tmp_path, (f"a: {short}",), end).arms[0]
    second = load(tmp_path, (f"a: {long}",), end).arms[0]
    assert first == second
    assert set(first.levels) == {"estradiol", "inflammation", "glucocorticoid"}
    assert first.levels["glucocorticoid"][0] == (0.0, 0.0)  # nothing before the first day
    both = load(tmp_path, ("a: {e2_pg_ml: 9, estradiol: 12}",), end).arms[0]
    assert "'estradiol' beside its other name" in both.reason
    twice = load(tmp_path, ("a: {denosumab: [[0, 60]], denosumab_mg: [[0, 60]]}",), end).arms[0]
    assert "'denosumab_mg' beside its other name" in twice.reason
