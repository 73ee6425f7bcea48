"""Panels as others write them: what is not understood is listed with its reason, the rest stands."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from test_panel import PANEL, Told
from trabecula.base.errors import ConfigError
from trabecula.study import Sampling, list_tasks, load_panel, screen
from trabecula.study.scoring import Verdict
from trabecula.study.terms import TermError, read_term
from trabecula.study.trials import make_arm_config, make_names

FIRST = "- {arm: [off, drug], obs: res_pct, t_day: 28, window_d: 4, band: [10, 50], required: true}"


def load(tmp_path, old="", new="", text=PANEL):
    assert old in text
    path = tmp_path / "panel.yaml"
    path.write_text(text.replace(old, new) if old else text)
    return load_panel(path)


def write(tmp_path, rows):
    path = tmp_path / "panel.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump(rows, file)
    return path


def get_reasons(panel):
    return [end.reason for trial in panel.trials for end in trial.endpoints if end.term is None]


@pytest.mark.parametrize(
    ("old", "new", "left", "reason"),
    [
        ("block: {il1: 0.9}", "pth_ug: 20", 1, "arm off cannot be lived: .*unknown series 'pth_ug'"),
        ("block: {il1: 0.9}", "block: {il9: 0.9}", 1, "unknown signal 'il9'"),
        ("block: {il1: 0.9}", "block: il1", 1, "signals with their shares"),
        ("block: {il1: 0.9}", "block: {il1: 2}", 1, "a share from 0 to 1"),
        ("denosumab_mg: [[0, 60]]", "denosumab_mg: every month", 3, "a number or"),
        ("control: {e2_pg_ml: 60}", "control: 60", 2, "levels, doses"),
        ("duration_days: 30", "duration_days: a month", 0, "days, up to"),
        (FIRST, "- {obs: res_pct, band: [1, 2]}", 3, "without an arm"),
        (FIRST, "- {arm: [off, nobody], obs: res_pct, band: [1, 2]}", 4, "no arm 'nobody'"),
        (FIRST, "- {arm: all, obs: res_pct, band: [1, 2]}", 3, "arm .*control; not all"),
        (FIRST, "- {obs: res_pct, band: [1, 2]}", 3, "without an arm .*: off, drug, control\\)"),
        (FIRST, "- res_pct of off at day 28", 3, "an endpoint: arm, obs"),
        (FIRST, "- {arm: off, obs: quality_of_life, band: [1, 2]}", 3, "no observable"),
        (FIRST, "- {arm: off, obs: [res_pct], band: [1, 2]}", 3, "prose|no observable"),
        (FIRST, "- {arm: off, obs: res_pct, band: [2, 1]}", 3, "has no width"),
        (FIRST, "- {arm: off, obs: res_pct, band: [0, .inf]}", 3, "no \\[low, high\\]"),
        (FIRST, "- {arm: off, obs: res_pct, band: {min: 0}}", 3, "no \\[low, high\\]"),
        (FIRST, "- {arm: off, obs: res_pct, band: strict}", 3, "its band is words: strict"),
        (FIRST, "- {arm: off, obs: res_pct, band: [1, 2], required: perhaps}", 3, "neither true nor"),
        (FIRST, "- {arm: off, obs: res_pct, band: [1, 2], t_day: [20, 30]}", 3, "its t_day is no day"),
        (FIRST, "- {arm: x, obs: 'res_pct(off, t=99)', band: [1, 2]}", 3, "its day 99"),
        (FIRST, "- {arm: x, obs: 'slope(res_pct, off, 0, 99)', band: [1, 2]}", 3, "its day 99"),
        (FIRST, "- {arm: x, obs: 'first_day(acf_ratio, off, 2)', band: [1, 2]}", 3, "no course"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_listed(tmp_path, old, new, left, reason):
    import re

    panel = load(tmp_path, old, new)
    ends = [end for trial in panel.trials for end in trial.endpoints]
    assert sum(end.term is not None for end in ends) == left
    assert any(re.search(reason, text) for text in get_reasons(panel)), get_reasons(panel)
    assert all(end.term is not None or end.reason for end in ends)
    assert all(trial in {t.trial for t in list_tasks(panel, Sampling())} or not left
               for trial in ["T-1"])  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("duration_days: 30", "weight: 3", "no duration_days: taken as 30"),
        ("title: Withdrawal with and without a drug", "run_in: long", "not read: run_in"),
        (FIRST, "- {arm: off, obs: res_pct, band: [1, 2], day: 3}", "not read: day"),
        ("e2_pg_ml: 60", "e2_pg_ml: [[9, 30], [0, 60]]", "put in order"),
        ("e2_pg_ml: 60", "e2_pg_ml: [[0, 60], [9, 60], [9, 30]]", "are a jump"),
        ("sex: F, age_y: 55", "sex: F, age_y: [50, 60]", "taken as 55"),
        ("sex: F, age_y: 55", "sex: F", "age_y not given: taken as 50 y"),
    ],
)
def test_what_is_assumed_is_noted(tmp_path, old, new, note):
    (trial,) = load(tmp_path, old, new).trials
    assert any(note in text for text in trial.notes), trial.notes
    assert sum(end.term is not None for end in trial.endpoints) >= 4


def test_an_age_in_settings_is_none_that_is_assumed(tmp_path):
    new = "population: {sex: F}\n    settings: {patient.age: 44}"
    (trial,) = load(tmp_path, "population: {sex: F, age_y: 55}", new).trials
    assert trial.notes == ()


@pytest.mark.parametrize(("word", "sex"), [("male", "male"), ("Men", "male"), ("Women", "female")])
def test_sex_in_words(tmp_path, word, sex):
    (trial,) = load(tmp_path, "sex: F", f"sex: {word}").trials
    assert (trial.sex, trial.notes) == (sex, ())


def test_points_that_jump_and_doses_of_one_day(tmp_path):
    new = "e2_pg_ml: [[9, 30], [0, 60], [9, 60]], denosumab_mg: [[0, 60], [0, 60]]"
    arm = load(tmp_path, "e2_pg_ml: 60", new).trials[0].get_arm("control")
    assert arm.levels["estradiol"] == ((0.0, 60.0), (9.0, 30.0), (9.01, 60.0))
    assert arm.doses["denosumab"] == ((0.0, 60.0), (0.01, 60.0))


def test_one_trial_alone_and_lists_of_trials_and_arms(tmp_path):
    lines = PANEL.split("- id: T-1\n")[1].splitlines()
    alone = "\n".join(line[4:] for line in lines)
    (trial,) = load(tmp_path, text=alone).trials
    assert (trial.id, len(trial.used_arms)) == ("panel", 3)
    (trial,) = load(tmp_path, text=PANEL.replace("rows:", "trials:")).trials
    assert trial.id == "T-1"
    row = {"duration_days": 9, "arms": [{"name": "a"}, {"name": "b", "e2_pg_ml": 5}],
           "endpoints": [{"arm": "b", "obs": "bvtv_pct_vs_ctl", "band": [0, 1]}]}  # fmt: skip
    (trial,) = load_panel(write(tmp_path, [row])).trials
    assert trial.endpoints[0].term.text == "bvtv_pct(b) - bvtv_pct(a)"


def test_only_the_arm_that_there_is_needs_no_name(tmp_path):
    row = {
        "duration_days": 9,
        "arms": {"a": None},
        "endpoints": [{"obs": "res_pct", "band": [0, 1]}],
    }
    (trial,) = load_panel(write(tmp_path, [row])).trials
    assert trial.endpoints[0].term.text == "res_pct(a)"


def test_trials_of_one_name_and_arms_of_one_folder_are_kept_apart(tmp_path):
    row = {"id": "X", "duration_days": 9, "arms": {"a/b": None, "a b": {"e2_pg_ml": 5}},
           "endpoints": [{"arm": ["a/b", "a b"], "obs": "res_pct", "band": [0, 1]}]}  # fmt: skip
    panel = load_panel(write(tmp_path, {"rows": [row, row, "words"]}))
    assert [trial.id for trial in panel.trials] == ["X", "X #2", "row 3"]
    folders = {task.folder for task in list_tasks(panel, Sampling(1))}
    assert len(folders) == 4
    assert make_names(["A", "a"]) == {"A": "A", "a": "a-2"}


def test_arms_whose_names_are_no_words():
    arms = ["anti-TNF", "60 mg", "or", "E2+T", "a"]
    told = Told(**dict(zip(arms, (1.0, 2.0, 3.0, 4.0, 5.0), strict=True)))
    for arm, value in told.values.items():
        assert read_term("res_pct", arm, arms, "", {"t": 1}).compute(told) == value
    words = "res_pct(60 mg) - res_pct(anti-TNF) + res_pct('E2+T') + res_pct(or)"
    assert read_term(words, "", arms, "", {"t": 1}).compute(told) == 8.0
    share = read_term("share_prevented(res_pct, 60 mg, or, anti-TNF)", "", arms, "", {"t": 1})
    assert share.compute(told) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("res_pct(a) - " + "9" * 5000, "prose"),
        ("-" * 3000 + "res_pct(a)", "prose"),
        ("res_pct(a, **b)", "'b' is no number"),
        ("res_pct(a, w=0)", "w=0 is no window"),
        ("over(bvtv_pct, a, b)", "a fold, a ratio or"),
        ("over(res_pct, a)", "and two arms"),
        ("slope(bvtv_pct, a, 3, 3)", "day 3 and itself"),
        ("[res_pct(a)]", "prose"),
        ("res_pct('x')", "no arm"),
    ],
    ids=range(9),
)
def test_terms_that_cannot_be_are_refused(words, reason):
    with pytest.raises(TermError, match=reason):
        read_term(words, "", ["a", "b"], "", {"t": 1, "days": 9})


def test_a_fold_is_over_the_compared_arm_itself():
    """Arms with other levels on day 0 have other baselines: a fold over the own one is always 1."""
    told = Told(a=6.0, b=2.0)
    term = read_term("rankl_per_cell_fold", "a", ["a", "b"], "b", {"t": 1, "compare": "b"})
    assert term.compute(told) == 3.0
    assert all(when.is_raw for _, _, when in told.asked)


def test_an_arm_that_no_configuration_can_be(tmp_path):
    panel = screen(load(tmp_path, "e2_pg_ml: 60", "e2_pg_ml: -60"), Sampling())
    assert sum("hormones.levels.estradiol" in reason for reason in get_reasons(panel)) == 3
    assert {arm.name for arm in panel.trials[0].used_arms} == {"off", "drug"}
    with pytest.raises(ConfigError, match=r"lattice\.bv_tv"):
        screen(panel, Sampling(sets=("lattice.bv_tv=7",)))
    with pytest.raises(ConfigError, match="estradiol"):
        screen(load(tmp_path, "e2_pg_ml: 60", "e2_pg_ml: -60"), Sampling(), strict=True)


def test_without_a_band_it_is_measured(tmp_path):
    from trabecula.study.pool import Estimate
    from trabecula.study.scoring import judge

    new = "- {arm: off, obs: res_pct, precision: 3}"
    end = load(tmp_path, FIRST, new).trials[0].endpoints[0]
    assert (end.goal, end.has_band) == (3.0, False)
    assert judge(end, Estimate(7.0, 1.0, 4)) == Verdict.MEASURED


def test_published_values_in_any_form(tmp_path):
    new = (
        "- {arm: off, obs: res_pct, band: [0, 1], published: {mean: 24, ci95: [3, 9.5], note: up}}"
    )
    end = load(tmp_path, FIRST, new).trials[0].endpoints[0]
    assert end.published == "mean 24, ci95 3 to 9.5, note up"


def test_arms_by_settings(tmp_path):
    (tmp_path / "base.yaml").write_text(
        "spin_up: 40 d\nsettle: 20 d\npatient: {sex: male}\nlattice: {bv_tv: 0.2, tb_th: 120}\n"
        "hormones: {levels: {testosterone: 400}}\n"
    )
    text = """
config: base.yaml
duration_days: 20
settings: {mechanics: {every: 10 d}}
arms:
  usual: {}
  bed_rest:
    e2_pg_ml: 20
    settings: {mechanics.stress.z: [[0, 0.4], [1, 0.1]], cells.rules: {fusion: off}}
endpoints: [{arm: bed_rest, obs: bvtv_pct_vs_ctl}]
"""
    (trial,) = load(tmp_path, text=text).trials
    config = make_arm_config(trial, trial.get_arm("bed_rest"), 3, Sampling(2, 32, 730.0))
    assert (config.settle, config.spin_up, config.patient.sex) == (20.0, 40.0, "male")
    assert config.lattice.shape == (32, 32, 32)
    assert (config.lattice.bv_tv, config.lattice.seed, config.seed) == (0.2, 3, 3)
    assert config.mechanics.stress.z == ((0.0, 0.4), (1.0, 0.1))
    assert config.mechanics.every == 10.0
    assert not config.cells.rules["fusion"]
    assert config.hormones.levels.testosterone == ((0.0, 400.0),)
    assert config.hormones.levels.estradiol == ((0.0, 20.0),)
    bad = load(tmp_path, "config: base.yaml", "config: absent.yaml", text=text)
    assert "absent.yaml" in get_reasons(bad)[0]


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-5, 400) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ENDPOINT = st.fixed_dictionaries({}, optional={
    "arm": st.sampled_from(["a", "b", "contrast", ["a", "b"]]) | JUNK,
    "obs": st.sampled_from(["res_pct", "bvtv_pct_vs_ctl", "res_pct(a) - res_pct(b)"]) | JUNK,
    "t_day": st.integers(0, 40) | JUNK, "window_d": JUNK, "from_day": JUNK, "compare": JUNK,
    "reference": JUNK, "band": st.just([0, 1]) | JUNK, "required": JUNK, "published": JUNK,
})  # fmt: skip
ARM = st.dictionaries(
    st.sampled_from(["e2_pg_ml", "pred_mg_d", "denosumab_mg", "block", "sclerostin_block", "settings"])
    | st.text(max_size=5),
    st.just([[0, 1], [3, 2]]) | JUNK, max_size=3,
)  # fmt: skip
ROW = st.fixed_dictionaries({}, optional={
    "id": JUNK, "duration_days": st.just(30) | JUNK, "population": JUNK, "reference": JUNK,
    "arms": st.fixed_dictionaries({"a": ARM, "b": ARM}) | JUNK,
    "endpoints": st.lists(ENDPOINT | JUNK, max_size=3) | JUNK, "settings": JUNK,
})  # fmt: skip


def test_no_panel_makes_a_traceback_and_nothing_is_dropped(tmp_path):
    import json

    path, read = tmp_path / "panel.yaml", []

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows=st.lists(ROW | JUNK, min_size=1, max_size=2))
    def judge(rows):
        text = json.dumps({"rows": rows}).replace("NaN", ".nan").replace("Infinity", ".inf")
        path.write_text(text)
        try:
            panel = screen(load_panel(path), Sampling(1, 24))
        except ConfigError:  # YAML itself, or no trial at all: said with its place, no traceback
            return
        insist_on_all(panel, rows)
        read.append(len(rows))

    judge()
    assert len(read) > 30, "most are read"


def insist_on_all(panel, rows):
    assert len(panel.trials) == len(rows)
    for row, trial in zip(rows, panel.trials, strict=True):
        given_ends = row.get("endpoints") if isinstance(row, dict) else None
        if isinstance(given_ends, list):
            assert len(trial.endpoints) >= len(given_ends)
        for end in trial.endpoints:
            assert (end.term is not None) != bool(end.reason)
            assert end.term is None or not end.has_band or math.isfinite(end.goal)
