"""What a term computes, against arithmetic by hand, and which days it may name."""

import math

import pytest

from test_panel_strangers import load as load_row
from test_panel_variants import load
from trabecula.study.endpoints import SLACK, find_last_day, read_band
from trabecula.study.panel import Endpoint
from trabecula.study.pool import Estimate
from trabecula.study.scoring import DEPTH, Judged, Nothing, Verdict, score_panel, score_trial
from trabecula.study.terms import LEAD, TermError, When, read_term

ARMS = ["a", "b", "c"]


class Course:
    """An observer to whom each arm is a function of the day."""

    def __init__(self, **arms):
        self.arms, self.seen = arms, []

    def observe(self, observable, arm, when):
        self.seen.append(when)
        return self.arms[arm](when.day)

    def find_first_day(self, observable, arm, level, when):
        return level


def read(words, **context):
    return read_term(words, "", ARMS, "", {"t": 90, "days": 400, **context})


def test_a_slope_is_a_change_in_a_year_of_365_and_a_quarter_days():
    slope = read("slope(bvtv_pct, a, 100, 300)", since=40)
    observer = Course(a=lambda day: 2.0 * day + 7.0)
    assert slope.compute(observer) == pytest.approx(2 * 365.25, rel=1e-12)
    assert [(when.day, when.since) for when in observer.seen] == [(100.0, 40.0), (300.0, 40.0)]


@pytest.mark.parametrize(
    "words", ["res_pct(a, t=DAY)", "res_pct(a, since=DAY)", "slope(res_pct, a, DAY, 0)"]
)
def test_a_day_lies_between_the_baseline_and_the_end(words):  # fmt: skip
    for day in (-LEAD, 400.0):
        read(words.replace("DAY", f"{day:g}"))
    for day in (-LEAD - 0.5, 400.5):
        with pytest.raises(TermError, match=rf"its day {day:g} is none of the trial's 400"):
            read(words.replace("DAY", f"{day:g}"))


def test_a_rank_of_what_is_not_known_is_not_known():
    rank = read("rank(res_pct, a, b, c)")
    falling = Course(a=lambda _: 3.0, b=lambda _: 2.0, c=lambda _: 1.0)
    assert rank.compute(falling) == pytest.approx(1.0)
    for unknown in (math.nan, math.inf):
        course = Course(a=lambda _: 3.0, b=lambda _, x=unknown: x, c=lambda _: 1.0)
        assert math.isnan(rank.compute(course))


def test_nothing_over_nothing_is_not_known():
    course = Course(a=lambda _: 3.0, b=lambda _: 0.0, c=lambda _: 0.0)
    for words in (
        "over(res_pct, a, b)",
        "res_pct(a) / res_pct(b)",
        "share_prevented(res_pct, a, b, c)",
    ):
        assert math.isnan(read(words).compute(course)), words


def test_terms_that_jump_are_told_from_those_that_do_not():
    """Errors of the ones are those of resampled bones, of the others a jackknife's."""
    jumps = {"first_day(res_pct, a, 10)", "first_day(res_pct, a, 10) - 3", "rank(res_pct, a, b, c)"}
    flows = {"res_pct(a)", "slope(res_pct, a, 0, 90)", "over(res_pct, a, b)"}
    assert {words for words in jumps | flows if not read(words).is_smooth} == jumps


def test_the_end_of_a_trial_has_the_larger_of_two_slacks():
    days, share = SLACK
    for length in (100.0, 1000.0):
        most = length + max(days, share * length)
        least = length + min(days, share * length)
        assert least < most
        assert find_last_day([{"t_day": most}], length) == most
        assert find_last_day([{"t_day": most + 0.1}], length) == length


@pytest.mark.parametrize(("band", "is_band"), [([1, 2], True), ([2, 2], False), ([3, 2], False)])
def test_a_band_has_a_width(band, is_band):
    limits, reason = read_band({"band": band})
    assert (limits == (1.0, 2.0)) == is_band
    assert ("has no width" in reason) != is_band


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("reference: [-90, 30]", ""),
        ("reference: [-90, 31]", "is not within -90 and 30 d"),
        ("reference: [-91, 0]", "is not within -90 and 30 d"),
        ("precision: 0.5", ""),
        ("precision: 0", "its precision is no standard error: 0"),
        ("precision: -1", "its precision is no standard error: -1"),
    ],
)
def test_the_limits_of_what_an_endpoint_may_say(tmp_path, more, reason):
    first = (
        "- {arm: [off, drug], obs: res_pct, t_day: 28, window_d: 4, band: [10, 50], required: true}"
    )
    new = f"- {{arm: off, obs: res_pct, t_day: 28, band: [10, 50], {more}}}"
    end = load(tmp_path, first, new).trials[0].endpoints[0]
    assert (end.term is None) == bool(reason)
    assert reason in (end.reason or "")


def test_only_what_has_one_day_is_dated(tmp_path):
    """Its day goes into the plan and the page; a first day and a slope have none."""
    first = (
        "- {arm: [off, drug], obs: res_pct, t_day: 28, window_d: 4, band: [10, 50], required: true}"
    )
    for words, is_dated in (
        ("res_pct(off)", True), ("res_pct(off, t=3)", False), ("slope(res_pct, off, 0, 9)", False),
        ("first_day(res_pct, off, 10)", False),
    ):  # fmt: skip
        new = f'- {{arm: x, obs: "{words}", t_day: 28, band: [10, 50]}}'
        end = load(tmp_path, first, new).trials[0].endpoints[0]
        assert end.term is not None, end.reason
        assert (end.day == 28.0) == is_dated, words
        assert math.isnan(end.day) != is_dated, words


# ------------------------------------------------------------------ scores
def make_judged(verdict, weight=1.0):
    end = Endpoint("x", read("res_pct(a)"), "", (0.0, 1.0), True, "", math.nan, math.nan, weight)
    return Judged(end, Estimate(0.5, 0.1, 3), verdict)


def test_a_trial_is_the_mean_of_its_entries_and_the_panel_that_of_its_trials():
    entries = [make_judged(Verdict.HIT, 0.25) for _ in range(4)] + [make_judged(Verdict.MISS)]
    assert score_trial(entries) == pytest.approx(0.5)  # four arms of one entry, and another entry
    assert score_panel({"x": entries, "y": [make_judged(Verdict.HIT)]}) == pytest.approx(0.75)
    assert score_panel({"x": entries, "y": []}) == pytest.approx(0.5), "nothing counts in y"
    assert math.isnan(score_panel({"y": []}))


def test_to_whom_nothing_happens_sites_are_as_deep_as_in_biopsies_and_serum_is_unknown():
    found = {name: Nothing().observe(name, "a", When(90.0)) for name in (
        "ede_um", "wth_um", "res_pct", "acf_ratio", "rankl_per_cell_fold",
    )}  # fmt: skip
    assert found == {
        "ede_um": DEPTH, "wth_um": DEPTH, "res_pct": 0.0, "acf_ratio": 1.0, "rankl_per_cell_fold": 1.0,
    }  # fmt: skip
    assert 40.0 < DEPTH < 62.0
    assert all(
        math.isnan(Nothing().observe(name, "a", When(9.0))) for name in ("e2_pg_ml", "t_ng_dl")
    )


# ------------------------------------------------------------------ words that people write
@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("res_pct(a) \N{MINUS SIGN} res_pct(b)", -1.0),
        ("res_pct(a) \N{EN DASH} res_pct(b)", -1.0),
        ("res_pct(b) \N{DIVISION SIGN} res_pct(a)", 2.0),
        ("100 \N{MULTIPLICATION SIGN} res_pct(a)", 100.0),
        ("+res_pct(b)", 2.0),
    ],
)
def test_signs_as_printers_set_them(words, value):
    assert read(words).compute(Course(a=lambda _: 1.0, b=lambda _: 2.0)) == value


def test_a_printed_sign_in_the_name_of_an_arm_stays():
    arms = ["\N{MINUS SIGN}T", "b"]
    words = "res_pct(\N{MINUS SIGN}T) - res_pct(b)"
    term = read_term(words, "", arms, "", {"t": 1})
    assert term.arms == tuple(arms)


def test_days_of_a_term_as_an_endpoint_names_them():
    observer = Course(a=lambda day: day)
    assert read("res_pct(a, t_day=60, window_d=7, from_day=30)").compute(observer) == 60.0
    assert observer.seen == [When(60.0, 7.0, 30.0)]
    for words in ("res_pct(a, t=60, t_day=60)", "res_pct(a, day=60)"):
        with pytest.raises(TermError, match="allowed are t, w and since"):
            read(words)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("res_pct(a, 60)", "res_pct takes one arm; days stand as t="),
        ("resorption_pct(a)", "no observable .*; did you mean res_pct?"),
        ("Res_pct", "'Res_pct' is no observable .*; did you mean res_pct?"),
        ("bvtv_pct / 2", "bvtv_pct names no arm: in a term it is bvtv_pct.arm."),
        ("zzz(a)", "there are bvtv_pct, .*; slope, rank"),
    ],
)
def test_names_of_no_observable_are_answered_with_those_there_are(words, reason):
    with pytest.raises(TermError, match=reason):
        read(words)


def test_a_trial_without_a_duration_lasts_as_long_as_its_terms(tmp_path):
    for words in ("bvtv_pct(a, t=400) - bvtv_pct(a, t_day = 90)", "slope(bvtv_pct, a, 90, 400)"):
        ends = (f"{{arm: x, obs: '{words}', band: [0, 1]}}", "{arm: a, obs: res_pct, t_day: 30}")
        trial = load_row(tmp_path, ("a: {}",), ends, duration_days="")
        assert trial.days == 400.0
        assert trial.endpoints[0].term is not None
        assert trial.endpoints[0].title == words
