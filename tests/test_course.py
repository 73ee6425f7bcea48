"""Levels of patients under protocols: published figures, budgets, limits, and what labs do."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses import MAN, WOMAN, follow, mean, read
from trabecula.config import load_parameters
from trabecula.config.pharmacopoeia import find_drug
from trabecula.hormones import (
    Course,
    compute_age,
    compute_present_blockade,
    has_course,
    is_replete,
    make_exposure,
    make_signals,
    step_signals,
)
from trabecula.hormones.binding import compute_free, compute_total
from trabecula.hormones.course import BIN, average_back
from trabecula.hormones.effects import compute_blockade
from trabecula.hormones.patient import CYCLE, compute_cycle, make_own
from trabecula.hormones.pharmacy import make_kinetics
from trabecula.hormones.shapes import average_course, compute_cumulative, compute_density
from trabecula.hormones.step import hold_in
from trabecula.runner.digest import compute_state_digest

TABLE = load_parameters()
LINEAR = [
    "testosterone_cypionate", "testosterone_cypionate_label", "testosterone_gel",
    "testosterone_pellets", "estradiol_patch", "estradiol_oral", "conjugated_estrogens",
    "progesterone_oral", "medroxyprogesterone", "anastrozole", "letrozole", "romosozumab",
]  # fmt: skip


# ------------------------------------------------------------------ closed forms
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.05, 20), min_size=1, max_size=3),
    st.sampled_from([0.0, 3.5, 40.0]),
)
def test_the_course_of_a_dose_has_area_one_and_is_nowhere_negative(rates, wear):
    time = np.linspace(-1, wear + 60 / min(rates), 20001)
    density = compute_density(time, rates, wear)
    assert density.min() > -1e-9
    assert np.all(density[time < 0] == 0)
    assert compute_cumulative(time[-1:], rates, wear)[0] == pytest.approx(1, abs=1e-9)
    step = np.diff(compute_cumulative(time, rates, wear))
    assert step.min() > -1e-8  # rates that are nearly equal have weights of a million, which cancel


def test_the_cumulative_is_the_integral_of_the_density():
    time = np.linspace(0, 30, 30001)
    for rates, wear in (
        ([0.5, 0.35], 0.0),
        ([8.0], 3.5),
        ([2.0, 8.0, 0.4], 0.0),
        ([1.0, 1.0], 2.0),
    ):
        area = np.cumsum(compute_density(time, rates, wear)) * (time[1] - time[0])
        assert np.allclose(area, compute_cumulative(time, rates, wear), atol=6e-3)


def test_bins_hold_exact_means_whatever_their_width():
    doses = [(0.3, 2.0), (5.0, 1.0), (9.9, 4.0)]
    fine, coarse = np.arange(0, 80.01, 0.1), np.arange(0, 80.01, 2.0)
    a, b = (average_course(edges, doses, [0.5, 0.35]) for edges in (fine, coarse))
    assert np.allclose(a.reshape(-1, 20).mean(1), b, rtol=1e-9)
    assert a.sum() * 0.1 == pytest.approx(7.0, rel=1e-9)


@pytest.mark.parametrize("wear", [0.0, 1.0, 7.5])
@pytest.mark.parametrize("rates", [[0.3], [0.5, 0.35], [2.0, 2.0, 0.4]])
def test_doses_carried_together_are_those_added_one_by_one(rates, wear):
    edges = np.concatenate((np.arange(-5, 40, 1.0), np.arange(40, 200, 0.3)))
    doses = [(-30.0, 3.0), (-5.0, 1.0), *((day, 0.5 + day % 3) for day in range(60)), (7.25, 9.0)]
    alone = sum(amount * compute_cumulative(edges - day, rates, wear) for day, amount in doses)
    course = average_course(edges, doses, rates, wear)
    assert np.allclose(course, np.diff(alone) / np.diff(edges), rtol=1e-7, atol=1e-8)
    assert course.min() >= 0.0
    assert np.array_equal(average_course(edges, [], rates, wear), np.zeros(len(edges) - 1))


@pytest.mark.parametrize("name", LINEAR)
def test_linear_drugs_keep_area_superposition_and_trough(name):
    """Area = dose x F / CL; two doses add up; at steady state the mean is the area per interval."""
    drug = find_drug(name)
    for sex in ("female", "male"):
        kinetics = make_kinetics(drug, TABLE, sex)
        clearance = TABLE.get(f"drugs.{name}.clearance_{sex}", TABLE[f"drugs.{name}.clearance"])
        gained = TABLE[f"drugs.{name}.content"] * TABLE[f"drugs.{name}.bioavailability"]
        unit = {"mg": 1.0, "ug": 1e-3, "g": 1e3}[drug.unit] * (kinetics.wear if drug.per_day else 1)
        per = {"testosterone": 1e5, "estradiol": 1e6, "progesterone": 1e3, "aromatase": 1e3}
        area = drug.low * unit * gained / clearance * per.get(drug.on, 1.0)
        edges = np.arange(0, 2000.5, 0.5)
        course = kinetics.average(edges, [(3.0, drug.low)])
        assert course.sum() * 0.5 == pytest.approx(area, rel=1e-6)
        both = kinetics.average(edges, [(3.0, drug.low), (40.0, 2 * drug.low)])
        second = kinetics.average(edges, [(40.0, 2 * drug.low)])
        assert np.allclose(both, course + second)
        weekly = kinetics.average(edges, [(7.0 * k, drug.low) for k in range(280)])
        late = weekly[edges[:-1] >= 1400][: 14 * 10]
        assert late.mean() == pytest.approx(area / 7.0, rel=1e-3)
        assert np.allclose(late[:14], late[-14:], rtol=1e-3, atol=1e-9 * late.max())


# ------------------------------------------------------------------ published figures (pk_rows)
def test_testosterone_cypionate_by_nankin():
    """PK-01: 200 mg in hypogonadal men, threefold at days 2-5, base at days 13-14."""
    man = "patient: {sex: male, age: 35 y, labs: [{day: -1, testosterone: 370}]}"
    course = follow(man, "[testosterone cypionate 200 mg im once]", "60 d")
    base = mean(course, "testosterone", -10, 0)
    days = [mean(course, "testosterone", d, d + 1) for d in range(30)]
    assert 2.2 < max(days) / base < 4.0
    assert 1 <= int(np.argmax(days)) <= 5
    assert 0.9 < mean(course, "testosterone", 13.5, 14.5) / base < 1.6
    estradiol = [mean(course, "estradiol", d, d + 1) for d in range(30)]
    assert 2 < max(estradiol) / mean(course, "estradiol", -10, 0) < 4.5
    label = follow(man, "[testosterone cypionate label 200 mg im once]", "60 d")
    late = mean(label, "testosterone", 14, 15) - mean(label, "own_testosterone", 14, 15)
    assert 250 < late < 500, "the label's half-life leaves 403 ng/dL on day 14"


def test_pellets_let_go_what_was_measured():
    """PK-02: 1.34 mg/d per 200 mg for three months."""
    kinetics = make_kinetics(find_drug("testosterone_pellets"), TABLE, "male")
    level = kinetics.compute(np.array([30.0, 90.0]), [(0.0, 200.0)])
    released = level / 1e5 * TABLE["drugs.testosterone_pellets.clearance"]
    assert np.all((released > 1.1) & (released < 1.6))


def test_anastrozole_in_men_and_women():
    """PK-03: estradiol per testosterone -40 to -75 % in men, estradiol -80 to -95 % in women."""
    course = follow(MAN, "[anastrozole 1 mg daily]")
    before, after = (
        mean(course, "estradiol", *span) / mean(course, "testosterone", *span)
        for span in ((-30, 0), (80, 100))
    )
    assert 0.40 < 1 - after / before < 0.75
    rise = mean(course, "testosterone", 80, 100) / mean(course, "testosterone", -30, 0)
    assert 1.4 < rise < 1.8, "319 -> 524 ng/dL at three months"
    fall = mean(course, "estradiol", 80, 100) / mean(course, "estradiol", -30, 0)
    assert 0.65 < fall < 0.95, "15 -> 12 pg/mL"
    woman = follow(WOMAN, "[anastrozole 1 mg daily]")
    assert 0.80 < 1 - mean(woman, "estradiol", 80, 100) / mean(woman, "estradiol", -30, 0) < 0.95


def test_aromatisation_of_testosterone():
    """PK-04: 0.03-0.06 pg/mL of estradiol per ng/dL of testosterone in men."""
    course = follow(MAN)
    ratio = mean(course, "estradiol", 0, 30) / mean(course, "testosterone", 0, 30)
    assert 0.03 < ratio < 0.06
    woman = follow(WOMAN, "[testosterone cypionate 30 mg im weekly]")
    gained = [
        mean(woman, n, 100, 128) - mean(woman, n, -28, 0) for n in ("estradiol", "testosterone")
    ]
    assert 0.01 < gained[0] / gained[1] < 0.025, "0.15 % in women against 0.39 % in men"
    assert 300 < gained[1] < 550, "30 mg a week: some +430 ng/dL"


@pytest.mark.parametrize(
    ("protocol", "low", "high"),
    [
        ("[estradiol 50 ug patch twice a week]", 30, 55),  # PK-05
        ("[estradiol 1 mg po daily]", 25, 60),  # PK-06
        ("[conjugated estrogens 0.625 mg po daily]", 30, 60),  # CAL-10
    ],
)
def test_estradiol_that_a_dose_gives(protocol, low, high):
    course = follow(WOMAN, protocol)
    gained = mean(course, "estradiol", 60, 88) - mean(course, "estradiol", -28, 0)
    assert low < gained < high


def test_oral_progesterone_peaks_within_hours():
    """PK-07: peak of 200 mg 3-20 ng/mL, base by 24 h."""
    kinetics = make_kinetics(find_drug("progesterone_oral"), TABLE, "female")
    hours = np.arange(0, 30) / 24
    level = kinetics.compute(hours, [(0.0, 200.0)])
    assert 3 < level.max() < 20
    assert 1 <= int(level.argmax()) <= 5
    assert level[24] < 0.05 * level.max()


def test_cjc_1295_raises_igf1_for_a_week():
    """PK-08: 1.3-3 fold at day 7."""
    man = "patient: {sex: male, age: 45 y, stage: adult}"
    course = follow(man, "[cjc-1295 5000 ug sc once]", "60 d")
    base = mean(course, "igf1", -10, 0)
    assert 1.3 < mean(course, "igf1", 7, 8) / base < 3.0
    assert mean(course, "igf1", 50, 55) / base < 1.05


@pytest.mark.parametrize(
    ("drug", "low", "high"), [("sermorelin 300 ug", 1.1, 1.4), ("ipamorelin 300 ug", 1.05, 1.4)]
)
def test_short_secretagogues_raise_igf1_a_little(drug, low, high):
    course = follow(MAN, f"[{drug} sc nightly]")
    assert low < mean(course, "igf1", 60, 88) / mean(course, "igf1", -28, 0) < high


def test_short_secretagogues_act_for_hours():
    """PK-09: growth hormone up for 1.5-4 h; their rates stand for an answer within the day."""
    for name in ("sermorelin", "ipamorelin"):
        kinetics = make_kinetics(find_drug(name), TABLE, "male")
        day = kinetics.compute(np.array([0.05, 1.0]), [(0.0, 300.0)])
        assert day[1] < 0.1 * day[0]


def test_prednisone_is_its_daily_dose():
    course = follow(MAN, "[prednisone 10 mg daily]")
    assert mean(course, "glucocorticoid", 30, 300) == pytest.approx(10, rel=1e-3)


@pytest.mark.parametrize(("trend", "at_75"), [("cross_sectional", 0.958), ("longitudinal", 0.594)])
def test_two_trends_of_ageing_men(trend, at_75):
    """PK-11: 15.4 -> 13.0 nmol/L until 40 and flat, or -1.3 % a year."""
    course = follow(
        f"patient: {{sex: male, age: 35 y, stage: adult, andropause: {trend}}}", duration="40 y"
    )
    ratio = mean(course, "testosterone", 14600, 14610) / mean(course, "testosterone", 0, 5)
    assert ratio == pytest.approx(at_75, abs=0.01)


# ------------------------------------------------------------------ trajectories
def test_menopause_by_swan():
    """Flat to 2.03 y before the last period, steepest near it, stable from 2.17 y after."""
    woman = "patient: {sex: female, age: 45 y, stage: natural_menopause, last_period: 52}"
    course = follow(woman, duration="12 y")
    years = np.arange(0, 12, 0.25) - 7.0
    level = np.array(
        [mean(course, "estradiol", (y + 7) * 365.25, (y + 7.1) * 365.25) for y in years]
    )
    assert np.allclose(level[years < -2.2], level[0], rtol=1e-3)
    assert abs(years[np.argmin(np.diff(level))]) < 0.6
    assert np.allclose(level[years > 2.3], level[-1], rtol=1e-3)
    assert level[-1] < 15
    fsh = [mean(course, "fsh", d, d + 10) for d in range(0, 4300, 100)]
    assert np.all(np.diff(fsh) > -1e-6)
    assert fsh[-1] > 70
    slow = follow(woman.replace("}", ", menopause_type: slow_decline}"), duration="12 y")
    assert mean(slow, "estradiol", 3650, 3700) > 1.5 * mean(course, "estradiol", 3650, 3700)


def test_oophorectomy_takes_two_days():
    woman = "patient: {sex: female, age: 42 y, stage: surgical_menopause, last_period: 42}"
    course = follow(woman, duration="60 d")
    assert mean(course, "estradiol", -10, 0) == pytest.approx(100, rel=0.02)
    assert mean(course, "estradiol", 7, 9) < 15
    assert mean(course, "testosterone", 20, 30) < 0.6 * mean(course, "testosterone", -10, 0)
    assert mean(course, "fsh", 40, 50) > 60


def test_what_lh_does_not_drive_is_there_before_and_after_the_ovaries_went():
    """Half of 30 ng/dL at an age at which it does not fall yet, on every day around the surgery."""
    woman = "patient: {sex: female, age: 30 y, stage: surgical_menopause, last_period: 30}"
    days = np.array([-5.0, -0.5, 0.25, 0.5, 1.0, 2.0, 60.0])
    own = make_own(read(f"duration: 1 y\n{woman}\n").patient, TABLE, days)
    assert own.testosterone * (1.0 - own.androgen_share) == pytest.approx([15.0] * 7)
    assert own.testosterone[[0, -1]] == pytest.approx([30.0, 15.0])
    assert own.androgen_share[[0, -1]] == pytest.approx([0.5, 0.0])


def test_an_explicit_cycle_has_the_averaged_mean():
    woman = "patient: {sex: female, age: 30 y, stage: premenopausal, cycle: explicit}"
    course = follow(woman, duration="280 d")
    assert mean(course, "estradiol", 0, 280) == pytest.approx(100, rel=0.03)
    assert mean(course, "progesterone", 0, 280) == pytest.approx(5, rel=0.05)
    assert max(course.levels["estradiol"]) > 200


@pytest.mark.parametrize("end", [0, 1])
def test_points_of_the_cycle_follow_each_other_wherever_they_lie_within_their_ranges(end):
    keys = [f"glands.cycle.{point}_at" for point in CYCLE[1:]]
    ranges = [(TABLE.rows[key].low, TABLE.rows[key].high) for key in keys]
    assert all(a[1] < b[0] for a, b in pairwise(ranges))
    assert ranges[0][0] > 0
    assert ranges[-1][1] < 1
    table = load_parameters({key: bounds[end] for key, bounds in zip(keys, ranges, strict=True)})
    days = np.linspace(0, table["glands.ovary.cycle"], 20001)
    for course, top in zip(
        compute_cycle(days, True, table), ("surge_at", "luteal_at"), strict=True
    ):
        assert course.mean() == pytest.approx(1, abs=1e-3)
        place = table[f"glands.cycle.{top}"]
        assert days[course.argmax()] / days[-1] == pytest.approx(place, abs=1e-3)


def test_levels_of_the_cycle_stand_to_each_other_as_measured():
    """Medians of 85 women, doi:10.1016/j.plabm.2021.e00211, to a factor of two."""
    part = (np.arange(2800) + 0.5) / 2800
    estradiol, progesterone = compute_cycle(part * TABLE["glands.ovary.cycle"], True, TABLE)
    follicular, ovulation, luteal = part < 0.4, abs(part - 0.46) < 0.05, part > 0.56
    for course, measured in ((estradiol, (54, 206, 112)), (progesterone, (0.067, 0.57, 9.06))):
        found = np.array([np.median(course[phase]) for phase in (follicular, ovulation, luteal)])
        ratio = found / found[2] * measured[2] / np.array(measured)
        assert np.all((ratio > 0.5) & (ratio < 2)), ratio


@pytest.mark.parametrize(("age", "late"), [(25, 0), (35, 0), (36, 1), (85, 50)])
def test_pth_rises_from_the_age_of_reference_on(age, late):
    course = follow(f"patient: {{sex: male, age: {age} y, stage: adult}}", duration="2 d")
    rise = TABLE["glands.others.pth_rise"] * late
    assert course.levels["pth"][-1] == pytest.approx(1 + rise, abs=2e-4)


# ------------------------------------------------------------------ axes
@pytest.mark.parametrize(
    "patient", [MAN, "patient: {sex: female, age: 30 y, stage: premenopausal}"]
)
def test_without_drugs_the_steady_state_stays_for_ten_years(patient):
    course = follow(patient, duration="10 y")
    assert np.allclose(course.levels["lh_drive"], 1.0, rtol=1e-12)
    if "female" in patient:
        assert np.allclose(course.levels["estradiol"], course.levels["estradiol"][0], rtol=1e-9)


def test_testosterone_silences_the_testes_and_gonadorelin_keeps_them_in_part():
    alone = follow(MAN, "[testosterone cypionate 100 mg im weekly]")
    both = follow(
        MAN, "[testosterone cypionate 100 mg im weekly, gonadorelin 100 ug sc 3 times a week]"
    )
    own = [mean(c, "own_testosterone", 100, 198) for c in (alone, both)]
    assert own[0] < 0.5 * mean(alone, "own_testosterone", -28, 0)
    assert own[1] > 1.1 * own[0]
    assert mean(alone, "lh_drive", 100, 198) < 0.5


def test_an_agonist_flares_and_then_castrates():
    course = follow(MAN, "[leuprolide 7.5 mg every month]")
    assert mean(course, "testosterone", 1, 5) > 1.02 * mean(course, "testosterone", -10, 0)
    assert mean(course, "testosterone", 60, 90) < 50
    stopped = follow(MAN, "[leuprolide 7.5 mg every month x 2]", "3 y")
    assert mean(stopped, "testosterone", 900, 1000) > 500


def test_an_agonist_takes_nothing_of_what_no_gonad_makes():
    """Progesterone after menopause, and the little testosterone of a man whose testes make none."""
    woman = follow(WOMAN, "[leuprolide 7.5 mg every month]")
    usual = TABLE["glands.menopause.progesterone"]
    assert mean(woman, "lh_drive", 100, 200) < 0.1
    assert woman.levels["progesterone"] == pytest.approx(usual, rel=1e-6)
    man = "patient: {sex: male, age: 35 y, labs: [{day: -14, testosterone: 5}]}"
    castrated = follow(man, "[leuprolide 7.5 mg every month]")
    assert castrated.levels["testosterone"] == pytest.approx(5.0, rel=0.01)


def test_estradiol_and_progestogen_brake_the_pituitary():
    course = follow(WOMAN, "[estradiol 100 ug patch twice a week]")
    more = follow(WOMAN, "[estradiol 100 ug patch twice a week, medroxyprogesterone 5 mg daily]")
    fsh = [mean(c, "fsh", 60, 90) for c in (course, more)]
    assert fsh[1] < fsh[0] < 0.5 * mean(course, "fsh", -30, 0)


def test_letrozole_leaves_less_estradiol_than_anastrozole():
    left = [
        mean(follow(WOMAN, f"[{drug} daily]"), "estradiol", 60, 90)
        for drug in ("letrozole 2.5 mg", "anastrozole 1 mg")
    ]
    assert left[0] < left[1]


def test_drugs_that_compete_do_no_more_together_than_the_better_one():
    left = {
        drug: mean(follow(WOMAN, f"[{drug}]"), "estradiol", 60, 90)
        for drug in (
            "letrozole 25 mg daily",
            "anastrozole 1 mg daily",
            "letrozole 2.5 mg daily, anastrozole 1 mg daily",
        )
    }
    least, anastrozole, both = left.values()
    assert least <= both < anastrozole, "they share one enzyme"
    months = [
        mean(follow(MAN, f"[{drug}]"), "testosterone", 60, 90)
        for drug in (
            "leuprolide 7.5 mg every month",
            "leuprolide 7.5 mg every month, goserelin 3.6 mg every month",
        )
    ]
    assert months[1] <= months[0] < 50


def test_growth_hormone_raises_igf1():
    course = follow(MAN, "[growth hormone 0.4 mg sc daily]")
    assert 1.2 < mean(course, "igf1", 60, 90) / mean(course, "igf1", -28, 0) < 2.2


def change(drug: str, name: str) -> float:
    course = follow(WOMAN, f"[{drug}]")
    return mean(course, name, 60, 90) / mean(course, name, -28, 0) - 1.0


@pytest.mark.parametrize(
    "drug", ["estradiol oral 1 mg daily", "conjugated estrogens 0.625 mg daily"]
)
def test_swallowed_estrogen_lowers_igf1_and_raises_shbg(drug):
    assert -0.25 < change(drug, "igf1") < -0.08
    assert 0.3 < change(drug, "shbg") < 0.8
    assert change(drug, "free_testosterone") < -0.2


def test_twice_the_estrogen_does_more_to_the_liver_and_a_patch_nothing():
    one, two = "estradiol oral 1 mg daily", "estradiol oral 2 mg daily"
    assert change(two, "igf1") < change(one, "igf1")
    assert change(two, "shbg") > change(one, "shbg")
    for name in ("igf1", "shbg"):
        assert change("estradiol patch 50 ug twice a week", name) == pytest.approx(0, abs=0.01)


def test_shbg_that_was_measured_on_swallowed_estrogen_is_not_raised_once_more():
    labs = WOMAN.replace("}", ", labs: [{shbg: 80 nmol/L, day: DAY}]}", 1)
    course = follow(labs.replace("DAY", "60"), "[estradiol oral 1 mg daily]")
    assert mean(course, "shbg", 60, 90) == pytest.approx(80, rel=1e-3)
    before = follow(labs.replace("DAY", "-7"), "[estradiol oral 1 mg daily]")
    usual = follow(WOMAN, "[estradiol oral 1 mg daily]")
    assert mean(before, "shbg", -30, -1) == pytest.approx(80)
    rise = mean(usual, "shbg", 60, 90) / mean(usual, "shbg", -30, -1)
    assert rise > 1.1
    assert mean(before, "shbg", 60, 90) == pytest.approx(80 * rise, rel=1e-3)


@pytest.mark.parametrize(
    ("drug", "dose", "name"),
    [
        ("anastrozole", "0.5 mg", "estradiol"),
        ("gonadorelin", "100 ug", "own_testosterone"),
        ("ipamorelin", "300 ug", "igf1"),
        ("leuprolide", "0.01 mg", "testosterone"),
    ],
)
def test_what_a_drug_does_depends_on_how_much_not_on_how_many_entries_spell_it(drug, dose, name):
    more = "hormones: {parameters: {drugs.leuprolide.half: 0.02}}"

    def give(*schedules):
        entries = [f"{{drug: {drug}, dose: {dose}, {when}}}" for when in schedules]
        words = ", ".join([*entries, "testosterone cypionate 50 mg weekly"])
        return mean(follow(MAN, f"[{words}]", more=more), name, 100, 300)

    whole = give("every: 0.5 d")
    assert give("every: 1 d", "every: 1 d, from: 0.5 d") == pytest.approx(whole, rel=1e-6)
    assert give("every: 1 d") != pytest.approx(whole, rel=0.01)


def test_an_antibody_in_two_entries_blocks_no_more_than_in_one():
    one = follow(MAN, "[romosozumab 210 mg every 28 days]")
    two = follow(MAN, "[romosozumab 105 mg every 28 days, romosozumab 105 mg every 28 days]")
    assert two.blockade["sclerostin"] == pytest.approx(one.blockade["sclerostin"], rel=1e-9)


def test_two_antibodies_against_one_signal_leave_what_each_of_them_leaves():
    drug = find_drug("romosozumab")
    first = make_kinetics(drug, TABLE, "female")
    second = replace(first, drug=replace(drug, name="other"), half=3.0 * first.half)
    table = {"drugs.romosozumab.maximum": 0.9, "drugs.other.maximum": 0.6}
    edges, doses = np.arange(0.0, 60.5, 0.5), [(0.0, 210.0)]

    def block(*kinetics):
        given = [doses] * len(kinetics)
        return compute_blockade(edges, kinetics, given, table)["sclerostin"]

    one, two = block(first), block(second)
    assert min(one[20], two[20]) > 0.1
    expected = 1.0 - (1.0 - one) * (1.0 - two)
    for kinetics in ((first, second), (second, first)):
        assert block(*kinetics) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("depot", "most"),
    [
        ("leuprolide 7.5 mg every 4 weeks", 40),
        ("leuprolide 22.5 mg every 12 weeks", 45),
        ("leuprolide 45 mg every 24 weeks", 45),
        ("goserelin 10.8 mg every 12 weeks", 45),
    ],
)
def test_a_depot_of_several_months_lasts_them(depot, most):
    course = follow("patient: {sex: male, age: 60, stage: adult}", f"[{depot}]", "2 y")
    late = (course.edges[:-1] > 365) & (course.edges[:-1] < 700)
    assert course.levels["testosterone"][late].max() < most


@pytest.mark.parametrize(("dose", "days"), [(22.5, 56.0), (45.0, 140.0)])
def test_a_depot_lets_go_a_months_dose_at_first_and_the_rest_evenly(dose, days):
    """7.5 mg last 28 d: three times as much is let go over 28 d for each of two more months."""
    kinetics = make_kinetics(find_drug("leuprolide"), TABLE, "male")
    time = np.linspace(0.0, 250.0, 501)
    evenly = kinetics.area * dose * compute_density(time, kinetics.rates, days)
    assert kinetics.compute(time, [(0.0, dose)]) == pytest.approx(evenly, rel=1e-9)


def test_a_large_depot_lets_go_the_same_amount():
    kinetics = make_kinetics(find_drug("leuprolide"), TABLE, "male")
    edges = np.arange(0.0, 1000.0, 0.5)
    for dose in (7.5, 45.0):
        area = kinetics.average(edges, [(1.0, dose)]).sum() * 0.5
        assert area == pytest.approx(kinetics.area * dose, rel=1e-6)
    early = kinetics.average(edges, [(1.0, 7.5)])[:100]
    slow = kinetics.average(edges, [(1.0, 45.0)])
    assert early.max() > slow.max() * 0.9
    assert slow[280:330].min() > 20 * kinetics.average(edges, [(1.0, 7.5)])[280:330].max()


def test_a_year_of_settling_holds_a_dose_of_its_first_day():
    """A year is 365 whole days, and what is dated 365.25 days before day 0 is given all the same."""
    assert hold_in([(-365.25, 5.0), (-400.0, 1.0), (3.0, 2.0)], 365.25, 1.0) == [
        (-365.0, 5.0), (-400.0, 1.0), (3.0, 2.0),
    ]  # fmt: skip
    assert hold_in([(-365.0, 5.0)], 365.25, 1.0) == [(-365.0, 5.0)]
    drug = "{drug: zoledronate, dose: 5 mg, from: DAY}"
    text = f"duration: 3 d\nsettle: 1 y\n{WOMAN}\nprotocol: [{drug}]"
    found = []
    for day in ("-1 y", "-365 d", "-2 y"):
        config = read(text.replace("DAY", day))
        exposure, signals = make_exposure(config), make_signals(config)
        for time in range(-365, 1):
            step_signals(signals, exposure, float(time), 1.0)
        found.append(sum(signals.doses["bisphosphonate"]))
    assert found[0] == pytest.approx(found[1])
    assert found[1] > 0.0
    assert found[2] == 0.0


def test_bisphosphonates_count_in_doses_of_zoledronate():
    """5 mg of it are 1; 70 mg of alendronate, of which bone gets little, are 0.0224."""
    for words, amount in (("zoledronate 5 mg", 1.0), ("alendronate 70 mg", 0.0224)):
        [(day, dose)] = follow(WOMAN, f"[{words} once]").doses["bisphosphonate"]
        assert (day, dose) == (0.0, pytest.approx(amount, rel=1e-9)), words


def test_a_drugs_share_is_that_of_four_weeks():
    """28 days are 56 bins."""
    back = average_back(np.repeat([1.0, 0.0], [56, 100]))
    assert back[:56] == pytest.approx(1.0)
    assert back[[55 + 14, 55 + 28, 55 + 42]] == pytest.approx([0.75, 0.5, 0.25])
    assert back[55 + 55] == pytest.approx(1 / 56)
    assert back[55 + 56 :] == pytest.approx(0.0)


def test_half_the_bin_changes_nothing(monkeypatch):
    protocol = "[testosterone cypionate 100 mg im weekly, anastrozole 0.5 mg twice a week]"
    whole = follow(MAN, protocol)
    monkeypatch.setattr("trabecula.hormones.course.BIN", BIN / 2)
    half = follow(MAN, protocol)
    for name in ("testosterone", "estradiol"):
        assert mean(half, name, 100, 184) == pytest.approx(mean(whole, name, 100, 184), rel=0.02)


# ------------------------------------------------------------------ labs, units, titration
def test_the_course_passes_through_the_labs():
    labs = (
        "labs: [{day: -20, estradiol: 18, testosterone: 310}, "
        "{day: 150, estradiol: 33, igf1: 150}, {day: 300, fsh: 2}]"
    )
    course = follow(
        f"patient: {{sex: male, age: 50 y, {labs}}}",
        "[testosterone cypionate 80 mg im weekly from 30 d]",
    )
    for name, day, value in (
        ("estradiol", -20, 18), ("testosterone", -20, 310), ("estradiol", 150, 33),
        ("igf1", 150, 150 / 230), ("fsh", 300, 2),
    ):  # fmt: skip
        assert mean(course, name, day, day + 1) == pytest.approx(value, rel=0.05), (name, day)


@pytest.mark.parametrize("day", [364, 365, 500])
@pytest.mark.parametrize("protocol", ["[]", "[testosterone cypionate 100 mg im weekly]"])
def test_labs_at_the_end_or_beyond_it_do_to_a_life_what_they_do_in_a_longer_one(day, protocol):
    labs = f"[{{day: 0, testosterone: 300}}, {{day: {day}, testosterone: 600}}]"
    man = f"patient: {{sex: male, age: 60 y, labs: {labs}}}"
    short, long = (follow(man, protocol, length) for length in ("365 d", "730 d"))
    for name in ("testosterone", "estradiol", "lh"):
        until = [(short.read_day(name, d), long.read_day(name, d)) for d in (10.0, 100.0, 360.0)]
        assert all(a == pytest.approx(b, rel=1e-9) for a, b in until), (name, until)


def test_labs_of_lh_set_its_scale():
    course = follow("patient: {sex: male, age: 50 y, labs: [{day: -3, lh: 7.5}]}", duration="30 d")
    assert mean(course, "lh", -3, -2) == pytest.approx(7.5, rel=1e-6)
    after = follow(WOMAN, duration="30 d")
    assert 25 < mean(after, "lh", 0, 9) < 40


def test_changing_only_units_changes_nothing():
    texts = (
        "labs: [{day: -5, estradiol: 20 pg/mL, testosterone: 400 ng/dL, cortisol: 12 ug/dL}]",
        "labs: [{day: -5, estradiol: 73.426 pmol/L, testosterone: 13.8686 nmol/L, "
        "cortisol: 331.07 nmol/L}]",
    )
    a, b = (follow(f"patient: {{sex: male, age: 50 y, {text}}}", duration="60 d") for text in texts)
    for name in a.levels:
        assert np.allclose(a.levels[name], b.levels[name], rtol=1e-3), name


def test_free_testosterone_and_back():
    for shbg in (15.0, 40.0, 120.0):
        free = float(compute_free(np.array([500.0]), np.array([shbg]), TABLE)[0])
        assert compute_total(free, shbg, TABLE) == pytest.approx(500, rel=1e-9)
    course = follow(
        "patient: {sex: male, age: 35 y, labs: [{free_testosterone: 90, shbg: 45}]}",
        duration="30 d",
    )
    assert mean(course, "free_testosterone", 0, 1) == pytest.approx(90, rel=0.05)
    young = follow(MAN)
    assert 100 < mean(young, "free_testosterone", 0, 10) < 180, "142 pg/mL in lean young men"


MAN_55 = "patient: {sex: male, age: 55 y, stage: adult, labs: LABS}"


def follow_labs(labs, protocol="[]", patient=MAN_55):
    return follow(patient.replace("LABS", labs), protocol, "60 d")


@pytest.mark.parametrize("day", [0, 1])
def test_blood_of_the_first_dose_is_drawn_before_it(day):
    labs = f"[{{day: {day}, testosterone: 180, estradiol: 9}}]"
    dose = f"[{{drug: testosterone_cypionate, dose: 100, every: 7, from: {day}}}]"
    course = follow_labs(labs, dose)
    assert mean(course, "testosterone", -30, -1) == pytest.approx(180.0, rel=0.02)
    assert mean(course, "estradiol", -30, -1) == pytest.approx(9.0, rel=0.02)
    assert mean(course, "testosterone", 10, 30) > 400.0
    woman = WOMAN.replace("}", ", labs: [{estradiol: 8}]}", 1)
    swallowed = follow(woman, "[estradiol oral 1 mg daily]", "60 d")
    assert mean(swallowed, "estradiol", -30, -1) == pytest.approx(8.0, rel=0.02)


def test_labs_of_one_day_are_one():
    course = follow_labs("[{day: -14, testosterone: 300}, {day: -14, testosterone: 500}]")
    assert mean(course, "testosterone", -30, -1) == pytest.approx(np.sqrt(300 * 500), rel=0.02)
    both = follow_labs("[{day: -14, testosterone: 400}, {day: -14, free_testosterone: 60}]")
    assert mean(both, "testosterone", -30, -1) == pytest.approx(400.0, rel=0.02)
    assert mean(both, "free_testosterone", -30, -1) == pytest.approx(60.0, rel=0.02)


def test_free_testosterone_goes_by_the_shbg_of_another_row():
    course = follow_labs("[{day: -14, free_testosterone: 40}, {day: -9, shbg: 60}]")
    assert mean(course, "free_testosterone", -30, -1) == pytest.approx(40.0, rel=0.02)
    assert mean(course, "shbg", -30, -1) == pytest.approx(60.0)


def test_a_mans_estradiol_goes_with_his_testosterone_unless_it_is_measured():
    plain = follow(MAN_55.replace(", labs: LABS", ""), "[]", "60 d")
    low = follow_labs("[{day: -14, testosterone: 180}]")
    share = 180.0 / mean(plain, "testosterone", -30, -1)
    expected = share * mean(plain, "estradiol", -30, -1)
    assert mean(low, "estradiol", -30, -1) == pytest.approx(expected, rel=0.03)
    told = follow_labs("[{day: -14, testosterone: 180, estradiol: 20}]")
    assert mean(told, "estradiol", -30, -1) == pytest.approx(20.0, rel=0.02)


@pytest.mark.parametrize(
    ("stage", "age", "low", "high"),
    [
        ("natural_menopause", 45, 5, 12),
        ("natural_menopause", 50, 5, 12),
        ("natural_menopause", 63, 5, 12),
        ("perimenopausal", 45, 80, 105),
        ("perimenopausal", 51, 30, 75),
        ("perimenopausal", 60, 30, 75),
        ("premenopausal", 54, 95, 105),
    ],
)
def test_a_stage_without_a_last_period_is_kept_to(stage, age, low, high):
    course = follow(f"patient: {{sex: female, age: {age}, stage: {stage}}}", "[]", "30 d")
    assert low < mean(course, "estradiol", -30, 0) < high


def test_a_glucocorticoid_of_the_users_own_is_worth_what_its_content_says():
    more = (
        "hormones: {drugs: {hydrocortisone: {adds: glucocorticoid, unit: mg, "
        "elimination: 11, content: 0.25}}}"
    )
    course = follow(WOMAN, "[hydrocortisone 20 mg daily]", more=more)
    assert mean(course, "glucocorticoid", 60, 90) == pytest.approx(5.0, rel=0.02)


@pytest.mark.parametrize("words", ["daily", "twice a week", "weekly"])
def test_a_patch_lets_go_what_it_says_however_often_it_is_changed(words):
    course = follow(WOMAN, f"[estradiol patch 50 ug {words}]")
    rise = mean(course, "estradiol", 100, 191) - mean(course, "estradiol", -30, -1)
    assert rise == pytest.approx(50e-3 * 1e6 / 1430, rel=0.05)


def test_much_cortisol_counts_as_prednisone():
    course = follow("patient: {sex: male, age: 35 y, labs: [{cortisol: 36}]}", duration="30 d")
    assert mean(course, "glucocorticoid", 5, 20) == pytest.approx(5.0, rel=0.05)


def test_titration_brings_the_lab_into_its_range():
    man = "patient: {sex: male, age: 35 y, stage: adult}"
    fixed = follow(man, "[testosterone cypionate 160 mg im weekly]")
    fitted = follow(
        man,
        "[testosterone cypionate 160 mg im weekly, "
        "anastrozole 0.1 mg twice a week until estradiol is 20-30 pg/mL]",
    )
    assert mean(fixed, "estradiol", 250, 362) > 33
    assert 18 < mean(fitted, "estradiol", 250, 362) < 32
    doses = [dose for drug, _, dose in fitted.given if drug == "anastrozole"]
    assert doses[0] == 0.1
    assert doses[-1] > 0.15
    low = follow(
        WOMAN, "[{drug: estradiol_patch, dose: 25 ug, every: 3.5 d, target: {estradiol: [40, 60]}}]"
    )
    assert 38 < mean(low, "estradiol", 250, 362) < 62


def test_a_drug_of_the_users_own():
    more = (
        "hormones: {drugs: {my_gel: {adds: estradiol, unit: mg, route: transdermal, "
        "elimination: 2, clearance: 1000}}}"
    )
    course = follow(WOMAN, "[my_gel 0.05 mg daily]", more=more)
    assert mean(course, "estradiol", 60, 90) - 9 == pytest.approx(50.0, rel=0.02)
    course = follow(WOMAN, "[My-Gel 0.05 mg daily]", more=more.replace("my_gel", "My-Gel"))
    assert mean(course, "estradiol", 60, 90) - 9 == pytest.approx(50.0, rel=0.02)


# ------------------------------------------------------------------ to the bone
def live(text, days):
    config = read(text)
    exposure, signals = make_exposure(config), make_signals(config)
    for day in range(days):
        step_signals(signals, exposure, float(day), 1.0)
    return signals


def test_what_binds_a_signal_acts_before_day_zero_too():
    """As drugs with kinetics of their own do; a blockade that is given as a series begins on day 0."""
    text = f"duration: 1 y\n{WOMAN}\nprotocol: [{{drug: romosozumab, dose: 210 mg, from: -60 d}}]\n"
    text += "hormones: {blockade: {sclerostin: 0.1}}\n"
    config = read(text)
    exposure, signals = make_exposure(config), make_signals(config)
    found = {}
    for day in (-80.0, -40.0, 5.0):
        step_signals(signals, exposure, day, 1.0)
        found[day] = signals.blockade["sclerostin"]
    assert found[-80.0] == 0.0
    assert found[-40.0] > 0.1
    assert 0.1 < found[5.0] < found[-40.0]
    step_signals(signals, make_exposure(config, replete=True), -40.0, 1.0)
    assert signals.blockade["sclerostin"] == 0.0, "replete: nothing is given yet"
    bare = read(text.replace("{drug: romosozumab, dose: 210 mg, from: -60 d}", ""))
    assert compute_state_digest(config, 9, True) != compute_state_digest(bare, 9, True)
    assert compute_state_digest(config, 9, False) == compute_state_digest(bare, 9, False)


def test_a_series_and_a_drug_leave_of_a_signal_what_each_of_them_leaves():
    config = read(f"duration: 1 y\n{WOMAN}\nhormones: {{blockade: {{sclerostin: 0.5}}}}\n")
    course = Course(np.array([-10.0, 10.0]), blockade={"sclerostin": np.array([0.5])})
    exposure = replace(make_exposure(config), course=course)
    assert compute_present_blockade(exposure, "sclerostin", 2.0, 1.0) == 0.75
    assert compute_present_blockade(exposure, "sclerostin", -2.0, 1.0) == 0.5, "the drug's alone"


def test_a_bone_settles_at_the_age_of_day_zero():
    exposure = make_exposure(read(f"duration: 1 y\n{WOMAN}\n"))
    ages = [compute_age(exposure, day) for day in (-365.25, 0.0, 365.25)]
    assert ages == [60.0, 60.0, 61.0]


def test_levels_doses_and_blockades_reach_the_signals():
    signals = live(
        f"duration: 1 y\n{WOMAN}\nprotocol: [denosumab 60 mg once, romosozumab 210 mg monthly, "
        "zoledronate 5 mg once, teriparatide 20 ug daily]\n",
        40,
    )
    assert signals.binders["denosumab"] > 0
    assert signals.blockade["sclerostin"] > 0.5
    assert signals.levels["bisphosphonate"] > 0.9
    assert signals.levels["pth_pulsed"] == pytest.approx(1.0, rel=0.05)
    assert signals.levels["estradiol"] == pytest.approx(9, rel=0.05)


def test_a_given_series_holds_against_the_protocol():
    signals = live(
        f"duration: 1 y\n{WOMAN}\nprotocol: [estradiol 50 ug patch twice a week]\n"
        "hormones: {levels: {estradiol: 77}}\n",
        5,
    )
    assert signals.levels["estradiol"] == 77


def test_only_a_patient_or_a_protocol_makes_a_course():
    assert not has_course(read("duration: 1 y\npatient: {sex: male, age: 60 y}\n"))
    assert has_course(read(f"duration: 1 y\n{MAN}\n"))
    assert has_course(read("duration: 1 y\nprotocol: [anastrozole 1 mg daily]\n"))
    assert not is_replete(read(f"duration: 1 y\n{MAN}\n"))
