"""Panels as files, terms as a grammar, verdicts as rules: before anything is lived."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

import trabecula
from trabecula.base.errors import ConfigError
from trabecula.study import Sampling, Verdict, count_hits, list_tasks, load_panel, score_panel
from trabecula.study.panel import Endpoint, Panel, list_panels
from trabecula.study.pool import Estimate
from trabecula.study.scoring import Judged, Nothing, judge, judge_exact, score_trial
from trabecula.study.terms import OBSERVABLES, TermError, When, read_term
from trabecula.study.trials import make_arm_config, make_name
from trabecula.study.validation import judge_panel
from trabecula.viz.validation import make_page

SHARED = Path(__file__).parents[2] / "shared" / "evidence" / "calibration.yaml"

PANEL = """
rows:
  - id: T-1
    title: Withdrawal with and without a drug
    source: made up
    population: {sex: F, age_y: 55}
    duration_days: 30
    arms:
      off: {e2_pg_ml: [[0, 60], [3, 5]], block: {il1: 0.9}, note: "words"}
      drug: {e2_pg_ml: [[0, 60], [3, 5]], denosumab_mg: [[0, 60]], sclerostin_block: [[0, 0.5]]}
      control: {e2_pg_ml: 60}
    endpoints:
      - {arm: [off, drug], obs: res_pct, t_day: 28, window_d: 4, band: [10, 50], required: true}
      - {arm: off, obs: bvtv_pct_vs_ctl, t_day: 30, band: [-5, 0], required: true, published: "-2 %"}
      - {arm: off, obs: rankl_per_cell_fold, compare: control, band: [1.2, 3], required: true}
      - {arm: contrast, obs: "share_prevented(res_pct, drug, off, control)", band: [0.6, 1.1]}
      - {arm: contrast, obs: "bone is saved by the drug", band: [0, 1], required: true}
      - {arm: off, obs: form_pct, band: "falls", required: true}
"""


class Told:
    """An observer that was told what to see."""

    def __init__(self, **values):
        self.values, self.asked = values, []

    def observe(self, observable, arm, when):
        self.asked.append((observable, arm, when))
        return self.values[arm]

    def find_first_day(self, observable, arm, level, when):
        return self.values[arm] + level


@pytest.fixture
def panel(tmp_path):
    path = tmp_path / "panel.yaml"
    path.write_text(PANEL)
    return load_panel(path)


def read(words, arm="", arms=("a", "b", "c"), control="", **context):
    return read_term(words, arm, list(arms), control, {"t": 30, **context})


# ------------------------------------------------------------------ terms
@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("res_pct(a) - res_pct(b)", -2.0),
        ("res_pct(a) / (res_pct(b) - 1)", 0.5),
        ("-2 * res_pct(c) + 1", -17.0),
        ("res_pct(a) / (res_pct(b) - 3)", math.nan),
        ("share_prevented(res_pct, b, c, a)", 0.75),
        ("share_prevented(res_pct, b, a, a)", math.nan),
        ("rank(res_pct, c, b, a)", 1.0),
        ("rank(res_pct, a, b, c)", -1.0),
        ("slope(bvtv_pct, a, 0, 365.25)", 0.0),
        ("first_day(res_pct, a, 10)", 11.0),
    ],
)
def test_terms(words, value):
    term = read(words)
    assert term.compute(Told(a=1.0, b=3.0, c=9.0)) == pytest.approx(value, nan_ok=True)


def test_a_bare_observable_is_that_of_its_arm():
    told = Told(a=4.0)
    assert read("res_pct", "a", w=6).compute(told) == 4.0
    assert told.asked == [("res_pct", "a", When(30.0, 6.0))]


def test_a_comparison_is_a_difference_or_a_ratio():
    told = Told(a=6.0, b=2.0)
    assert read("res_pct", "a", control="b", compare="b").compute(told) == 4.0
    assert read("acf_ratio", "a", control="b", compare="b").compute(told) == 3.0
    assert read("bvtv_pct_vs_ctl", "a", control="b").compute(told) == 4.0


def test_days_can_be_said_in_a_term():
    told = Told(a=1.0)
    read("tnf_fold(a, t=42, w=4, since=-3)", since=7, reference=[-30, 0]).compute(told)
    assert told.asked == [("tnf_fold", "a", When(42.0, 4.0, -3.0))]


@pytest.mark.parametrize(
    ("words", "arm", "reason"),
    [
        ("the bone gets better", "a", "prose"),
        ("res_pct", "", "without an arm"),
        ("res_pct(d)", "", "no arm 'd'"),
        ("happiness(a)", "", "no observable"),
        ("res_pct(a, x=1)", "", "allowed are t, w and since"),
        ("res_pct(a, t=b)", "", "no number"),
        ("rank(res_pct, a, b)", "", "three arms"),
        ("slope(res_pct, a, 0)", "", "two days"),
        ("share_prevented(res_pct, a, b)", "", "three arms"),
        ("first_day(res_pct, a)", "", "a level"),
        ("bvtv_pct_vs_ctl", "a", "without a control"),
        ("1 + 2", "", "reads no arm"),
        ("res_pct(a) ** 2", "", "prose"),
        ("__import__('os').system('ls')", "", "prose|no observable"),
        ("res_pct(a) if 1 else 2", "", "prose"),
        ("(" * 500, "", "prose"),
        ("res_pct(a).real", "", "prose"),
    ],
)
def test_what_is_no_term_is_not_guessed(words, arm, reason):
    with pytest.raises(TermError, match=reason):
        read(words, arm)


# ------------------------------------------------------------------ panels
def test_a_panel_is_read(panel):
    (trial,) = panel.trials
    assert (trial.sex, trial.age, trial.days) == ("female", 55.0, 30.0)
    off, drug, _ = trial.arms
    assert off.to_hormones() == {
        "levels": {"estradiol": [[0.0, 60.0], [3.0, 5.0]]},
        "blockade": {"il1": [[-1.0, 0.0], [0.0, 0.9]]},
    }
    assert drug.doses == {"denosumab": ((0.0, 60.0),)}
    assert drug.blockade == {"sclerostin": ((-1.0, 0.0), (0.0, 0.5))}
    texts = [end.term.text if end.term else end.reason for end in trial.endpoints]
    assert texts == [
        "res_pct(off)",
        "res_pct(drug)",
        "bvtv_pct(off) - bvtv_pct(control)",
        "over(rankl_per_cell_fold, off, control)",
        "share_prevented(res_pct, drug, off, control)",
        "prose: 'bone is saved by the drug'",
        "its band is words: falls",
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("duration_days: 30", "duration_days: -3", "days, up to"),
        ("block: {il1: 0.9}", "block: {il9: 0.9}", "rankl, il1"),
        ("control: {e2_pg_ml: 60}", "control: {e2: 60}", "unknown series 'e2'"),
        ("control: {e2_pg_ml: 60}", "control: {e2_pg_ml: [[5], [0, 2]]}", "days rising"),
        ("control: {e2_pg_ml: 60}", "control: {settings: {seed: 3}}", "the trial decides"),
        ("block: {il1: 0.9}", "block: {il1: 1.9}", "from 0 to 1"),
        ("block: {il1: 0.9}", "block: il1", "signals with their shares"),
        ("control: {e2_pg_ml: 60}", "control: [1]", "levels, doses and blockades"),
        ("rows:", "lines:", "a list of trials"),
        ("- {arm: off, obs: form_pct", "- {arm: off, seen: form_pct", "an endpoint"),
    ],
)
def test_mistakes_in_a_panel_are_told(tmp_path, old, new, words):
    assert old in PANEL
    path = tmp_path / "panel.yaml"
    path.write_text(PANEL.replace(old, new))
    with pytest.raises(ConfigError, match=words):
        load_panel(path, strict=True)


def test_a_prescription_jumps_and_a_level_goes_straight(tmp_path):
    path = tmp_path / "panel.yaml"
    given = "control: {e2_pg_ml: [[0, 60], [9, 30]], pred_mg_d: [[0, 10], [5, 0]]}"
    path.write_text(PANEL.replace("control: {e2_pg_ml: 60}", given))
    control = load_panel(path).trials[0].get_arm("control")
    assert control.levels["estradiol"] == ((0.0, 60.0), (9.0, 30.0))
    steps = ((0.0, 0.0), (0.01, 10.0), (5.0, 10.0), (5.01, 0.0))
    assert control.levels["glucocorticoid"] == steps
    path.write_text(PANEL.replace("control: {e2_pg_ml: 60}", "control: {pred_mg_d: 5}"))
    chronic = load_panel(path).trials[0].get_arm("control")
    assert chronic.levels["glucocorticoid"] == ((0.0, 5.0),)


def test_the_panel_of_the_program_is_whole():
    """Twenty published trials, one of them for both sexes; every arm is a configuration."""
    panel = load_panel("calibration")
    assert list_panels() == ["calibration", "prediction"]
    assert len(panel.trials) == 21
    assert all(trial.source and trial.title for trial in panel.trials)
    ends = [end for trial in panel.trials for end in trial.endpoints]
    assert sum(end.term is None for end in ends) == 2
    assert sum(end.term is not None and end.required for end in ends) > 50
    for trial in panel.trials:
        for arm in trial.arms:
            make_arm_config(trial, arm, 1, Sampling())


def test_nothing_of_the_prediction_panel_was_tuned_on():
    """Its papers are named by no row, no rule and no other trial; every arm is a configuration."""
    panel, folder = load_panel("prediction", strict=True), Path(trabecula.__file__).parent
    assert {end.term is not None for trial in panel.trials for end in trial.endpoints} == {True}
    names = [
        re.findall(r"10\.\d{4,}/[^)\s]+|\d{4};\d+:\d+|PMID \d+", trial.source)
        for trial in panel.trials
    ]
    assert all(names), "without its DOI nobody can look for it"
    files = [folder / "study/panels/calibration.yaml", folder / "config/rules.yaml"]
    files += (folder / "config/parameters").glob("*.yaml")
    used = "\n".join(path.read_text() for path in files).lower()
    assert "10." in used
    assert not [name for found in names for name in found if name.lower() in used]
    for trial in panel.trials:
        for arm in trial.arms:
            make_arm_config(trial, arm, 1, Sampling())


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("t_day: 38", "its day 38 is none of the trial's 30"),
        ("t_day: end", "its t_day is no day: end"),
        ("reference: late", "no \\[first, last\\] day"),
        ("compare: nobody", "no arm 'nobody'"),
        ("window_d: wide", "window is no number of days"),
        ("window_d: 0", "window is no number of days"),
        ("from_day: 99", "from_day 99"),
        ("reference: [0, -30]", "no \\[first, last\\] day"),
        ("reference: [-200, -100]", "not within -90"),
        ("precision: fine", "no standard error"),
    ],
)
def test_endpoints_that_cannot_be_are_listed(tmp_path, more, reason):
    path = tmp_path / "panel.yaml"
    given = "obs: bvtv_pct_vs_ctl, t_day: 30,"
    changed = f"obs: bvtv_pct_vs_ctl, {more},"
    assert given in PANEL
    path.write_text(PANEL.replace(given, changed))
    (trial,) = load_panel(path).trials
    assert trial.endpoints[2].term is None
    assert re.search(reason, trial.endpoints[2].reason)


def test_a_reference_of_its_own(tmp_path):
    path = tmp_path / "panel.yaml"
    path.write_text(PANEL.replace("t_day: 28, window_d: 4,", "t_day: 28, reference: [-30, 0],"))
    told = Told(off=1.0)
    load_panel(path).trials[0].endpoints[0].term.compute(told)
    assert told.asked[0][2] == When(28.0, None, None, (-30.0, 0.0))


@pytest.mark.parametrize(
    ("people", "sex", "age", "notes"),
    [
        ("{sex: M, age_y: 68}", "male", 68.0, 0),
        ("{sex: MF, age_y: 40}", "female", 40.0, 1),
        ("{sex: F, age_y: 0.25}", "female", 18.0, 1),
        ('{sex: F, age_y: "45"}', "female", 45.0, 0),
        ("{age_y: 45}", "female", 45.0, 1),
        ("{}", "female", 50.0, 2),
    ],
)
def test_people(tmp_path, people, sex, age, notes):
    path = tmp_path / "panel.yaml"
    path.write_text(PANEL.replace("{sex: F, age_y: 55}", people))
    (trial,) = load_panel(path).trials
    assert (trial.sex, trial.age, len(trial.notes)) == (sex, age, notes)


def test_arms_of_a_trial_begin_from_the_same_bone(panel):
    (trial,) = panel.trials
    sampling = Sampling(bones=2, edge=32, settle=40.0, sets=("spin_up=50",))
    tasks = list_tasks(panel, sampling)
    assert [(t.arm, t.bone) for t in tasks][:4] == [
        ("off", 1), ("drug", 1), ("control", 1), ("off", 2)
    ]  # fmt: skip
    first, second = (make_arm_config(trial, arm, 2, sampling) for arm in trial.arms[:2])
    assert first.lattice == second.lattice
    assert first.seed == second.seed == 2
    assert (first.spin_up, first.settle, first.duration) == (50.0, 40.0, 30.0)
    assert first.hormones != second.hormones


def test_only_trials_that_there_are(panel):
    with pytest.raises(ConfigError, match="T-1"):
        panel.choose(["T-9"])


def test_names_of_folders():
    assert make_name("../a b/ü") == "a-b"
    assert make_name("...") == "unnamed"


@pytest.mark.skipif(
    not SHARED.is_file(), reason="the panel of the evidence is not beside the project"
)
def test_the_panel_of_the_evidence_is_understood():
    panel = load_panel(SHARED)
    assert len(panel.trials) == 20
    ends = [end for trial in panel.trials for end in trial.endpoints]
    assert sum(end.term is not None for end in ends) >= 54
    assert all(end.term is not None or end.reason for end in ends)
    for trial in panel.trials:
        for arm in trial.arms:
            make_arm_config(trial, arm, 1, Sampling())


# ------------------------------------------------------------------ verdicts
def make_endpoint(band=(10.0, 30.0), words="res_pct", required=True):
    return Endpoint(words, read(words, "a"), "", band, required, "")


@pytest.mark.parametrize(
    ("value", "error", "band", "verdict"),
    [
        (20.0, 1.0, (10.0, 30.0), Verdict.HIT),
        (10.0, 1.0, (10.0, 30.0), Verdict.HIT),
        (6.0, 1.0, (10.0, 30.0), Verdict.NEAR),
        (34.9, 1.0, (10.0, 30.0), Verdict.NEAR),
        (4.0, 1.0, (10.0, 30.0), Verdict.MISS),
        (-1.0, 1.0, (1.0, 30.0), Verdict.WRONG_SIGN),
        (1.0, 1.0, (-30.0, -1.0), Verdict.WRONG_SIGN),
        (-12.0, 1.0, (-10.0, 15.0), Verdict.NEAR),
        (20.0, 5.1, (10.0, 30.0), Verdict.UNDETERMINED),
        (20.0, math.nan, (10.0, 30.0), Verdict.UNDETERMINED),
        (0.0, 1.0, (1.0, 30.0), Verdict.MISS),
        (0.05, 1e-3, (0.5, 12.0), Verdict.MISS),  # under a hundredth of the half-width
        (0.06, 1e-3, (0.5, 12.0), Verdict.NEAR),
        (20.0, math.nan, (math.nan, math.nan), Verdict.MEASURED),
        (math.nan, 1.0, (10.0, 30.0), Verdict.UNDETERMINED),
    ],
)
def test_verdicts(value, error, band, verdict):
    assert judge(make_endpoint(band), Estimate(value, error, 2)) == verdict


def test_what_was_not_lived_is_not_scored():
    assert judge(make_endpoint(), Estimate(math.nan, math.nan, 0)) == Verdict.NOT_LIVED


def test_prose_is_not_scored():
    endpoint = Endpoint("words", None, "prose", (0.0, 1.0), True, "")
    assert judge(endpoint, Estimate(0.5, 0.0, 2)) == Verdict.NOT_SCORABLE


def judged(verdict, required=True):
    return Judged(make_endpoint(required=required), Estimate(1.0, 0.0, 2), verdict)


def test_scores():
    trial = [judged(Verdict.HIT), judged(Verdict.NEAR), judged(Verdict.MISS),
             judged(Verdict.UNDETERMINED), judged(Verdict.MISS, required=False),
             judged(Verdict.NOT_SCORABLE), judged(Verdict.NOT_LIVED)]  # fmt: skip
    assert score_trial(trial) == pytest.approx(0.5)
    assert math.isnan(score_trial([judged(Verdict.NOT_SCORABLE)]))
    panel = {"a": trial, "b": [judged(Verdict.HIT)], "c": [judged(Verdict.NOT_LIVED)]}
    assert score_panel(panel) == pytest.approx(2 / 3)
    assert math.isnan(score_panel({}))


def test_hits_are_counted_beside_the_score():
    """Noise alone scores one half, but determines nothing."""
    noise = {"A": [judged(Verdict.UNDETERMINED)] * 3}
    assert score_panel(noise) == 0.5
    assert count_hits(noise) == (3, 0, 0, 0)
    mixed = {
        "A": [judged(Verdict.HIT), judged(Verdict.NEAR), judged(Verdict.HIT, required=False)],
        "B": [
            judged(Verdict.WRONG_SIGN),
            judged(Verdict.NOT_SCORABLE),
            judged(Verdict.UNDETERMINED),
        ],
    }
    assert count_hits(mixed) == (4, 3, 1, 0)
    assert str(count_hits(mixed)) == "1 of 3 determined endpoints hit, of 4 required"


def test_what_was_asked_for_and_not_lived_stays_in_the_count(panel):
    """A trial that was given up would otherwise lift the score of those that were not."""
    hit, missing = judged(Verdict.HIT), judged(Verdict.NOT_LIVED)
    both = {"A": [hit], "B": [missing, judged(Verdict.NOT_LIVED, required=False)]}
    assert score_panel(both) == pytest.approx(0.75)
    assert count_hits(both) == (2, 1, 1, 1)
    words = "1 of 1 determined endpoints hit, of 2 required, 1 of them not lived (each counts half)"
    assert str(count_hits(both)) == words
    measured = replace(missing, endpoint=make_endpoint((math.nan, math.nan)))
    assert math.isnan(score_trial([measured])), "without a band it would count nowhere"
    (trial,) = panel.trials
    page = make_page(panel, Sampling(), {trial.id: [missing] * len(trial.endpoints)}, {}, {})
    assert "7 of them not lived (each counts half)" in page


def test_what_was_not_asked_for_does_not_count(panel, tmp_path):
    """With --only the other trials of a panel are not there."""
    (trial,) = panel.trials
    two = Panel(panel.path, (trial, replace(trial, id="T-2")))
    asked = judge_panel(two.choose(["T-2"]), [], tmp_path)
    assert count_hits(asked) == (4, 0, 0, 4)
    assert count_hits(judge_panel(two, [], tmp_path)) == (8, 0, 0, 8)


@pytest.mark.parametrize(
    ("words", "band", "verdict"),
    [
        ("res_pct", (10.0, 30.0), Verdict.MISS),
        ("res_pct", (-10.0, 30.0), Verdict.HIT),
        ("acf_ratio", (1.4, 2.6), Verdict.MISS),
        ("rankl_per_cell_fold", (0.8, 1.2), Verdict.HIT),
        ("first_day(res_pct, a, 10)", (1.0, 30.0), Verdict.MISS),
    ],
)
def test_a_model_in_which_nothing_changes(words, band, verdict):
    assert judge_exact(make_endpoint(band, words), Nothing()).verdict == verdict


def test_every_observable_is_described():
    assert all(words.strip() for words in OBSERVABLES.values())
