"""What labs say before and after a dose, of glands and of what is given; and of aromatase in bone."""

import pytest

from courses import MAN, WOMAN, follow, mean, read
from trabecula.base.codes import Species
from trabecula.config.deeds import find_answers
from trabecula.config.pharmacopoeia import load_drugs
from trabecula.hormones import compute_present_levels, make_exposure, make_signals, step_signals
from trabecula.hormones.step import MONTH
from trabecula.runner.digest import compute_state_digest

MAN_55 = "patient: {sex: male, age: 55 y, labs: [LABS]}"
BASE, WEEKLY = "{day: -14, testosterone: 180}", "[testosterone cypionate 100 mg im weekly]"


def of(*labs, protocol=WEEKLY, duration="1 y"):
    return follow(MAN_55.replace("LABS", ", ".join(labs)), protocol, duration)


def test_a_later_lab_leaves_what_was_before_the_first_dose():
    alone = of(BASE)
    followed = of(BASE, "{day: 93, testosterone: 550, estradiol: 24}")
    assert mean(alone, "estradiol", -30, -1) == pytest.approx(8.1, abs=0.3)
    assert mean(followed, "estradiol", -30, -1) == pytest.approx(
        mean(alone, "estradiol", -30, -1), rel=1e-3
    )
    assert followed.read_day("estradiol", 93) == pytest.approx(24, rel=0.02)
    low = of(BASE, "{day: 90, lh: 0.3}")
    assert mean(low, "lh", -30, -1) == pytest.approx(mean(alone, "lh", -30, -1), rel=1e-6)
    assert mean(low, "lh", 89.5, 90.5) == pytest.approx(0.3, rel=0.05)


def test_a_later_testosterone_carries_estradiol_that_was_not_measured():
    usual, high = of(BASE), of(BASE, "{day: 90, testosterone: 1000}")
    more = high.read_day("testosterone", 90) / usual.read_day("testosterone", 90)
    assert more > 1.3
    assert mean(high, "estradiol", 300, 360) / mean(usual, "estradiol", 300, 360) == pytest.approx(
        mean(high, "testosterone", 300, 360) / mean(usual, "testosterone", 300, 360), rel=1e-6
    )


@pytest.mark.parametrize("drug", ["denosumab 60 mg sc once", "prednisone 5 mg daily for 20 days"])
def test_a_drug_that_moves_no_sex_steroid_begins_nothing(drug):
    words = f"{{drug: {drug.split()[0]}, dose: {drug.partition(' ')[2]}, from: -30 d}}"
    early = of(BASE, protocol=f"[{words}, testosterone cypionate 100 mg im weekly]")
    alone = of(BASE)
    for name, start, end in (("testosterone", -10, 0), ("testosterone", 60, 90)):
        assert mean(early, name, start, end) == pytest.approx(
            mean(alone, name, start, end), rel=0.01
        )


def test_blood_of_a_later_dosing_day_is_drawn_before_the_dose():
    fortnight = "[testosterone cypionate 200 mg im every 2 weeks]"
    usual = of(BASE, protocol=fortnight)
    trough = usual.read_day("testosterone", 83)
    twice = of(BASE, f"{{day: 84, testosterone: {2 * trough:.0f}}}", protocol=fortnight)
    assert mean(twice, "testosterone", 200, 360) == pytest.approx(
        2 * mean(usual, "testosterone", 200, 360), rel=0.03
    )


TREATED = "{day: 90, testosterone: 900, estradiol: 40}"


def test_what_a_lab_says_of_a_drug_goes_when_the_drug_goes():
    until = "[testosterone cypionate 100 mg im weekly until 6 months]"
    course = of(BASE, TREATED, protocol=until, duration="2 y")
    alone = of(BASE, protocol=until, duration="2 y")
    for name, value in (("testosterone", 900), ("estradiol", 40)):
        assert course.read_day(name, 90) == pytest.approx(value, rel=0.02)
        assert mean(course, name, 500, 700) == pytest.approx(mean(alone, name, 500, 700), rel=1e-3)
    assert mean(course, "testosterone", 500, 700) == pytest.approx(180, rel=0.01)


def test_a_lab_of_a_steady_dose_holds_from_its_first_weeks_on():
    course = of(BASE, "{day: 180, testosterone: 900}", duration="3 y")
    levels = [mean(course, "testosterone", day - 7, day) for day in (42, 84, 140, 182, 728)]
    assert levels == pytest.approx([levels[-1]] * 5, rel=0.02)


def test_a_lab_long_after_the_last_dose_tells_of_the_glands():
    until = "[testosterone cypionate 100 mg im weekly x 8]"
    course = of(BASE, "{day: 300, testosterone: 260}", protocol=until, duration="2 y")
    assert course.read_day("testosterone", 300) == pytest.approx(260, rel=0.02)
    assert mean(course, "testosterone", 600, 700) == pytest.approx(260, rel=0.02)
    assert mean(course, "testosterone", -30, -1) == pytest.approx(180, rel=0.02)


@pytest.mark.parametrize(("lab", "dose"), [(483, 70), (900, 36)])
def test_a_dose_is_fitted_after_the_last_lab_of_what_was_prescribed(lab, dose):
    """The lab was drawn on 100 mg; what it says of the patient decides the dose from then on."""
    words = "[testosterone cypionate 100 mg weekly until testosterone is 500-600 ng/dL]"
    course = of(BASE, f"{{day: 90, testosterone: {lab}}}", protocol=words, duration="2 y")
    given = [amount for _, day, amount in course.given if day <= 90]
    assert set(given) == {100.0}
    assert all(visit.day > 90 for visit in course.visits[0])
    last = course.visits[0][-1]
    assert 500 <= last.level <= 600
    assert last.before == pytest.approx(dose, rel=0.05)


def test_a_lab_of_working_ovaries_says_nothing_of_the_time_after_them():
    woman = "patient: {sex: female, age: 50, stage: perimenopausal, labs: [LABS]}"
    lab = "{day: -10, estradiol: 300, fsh: 10}"
    course = follow(woman.replace("LABS", lab), duration="6 y")
    assert mean(course, "estradiol", -11, -9) == pytest.approx(300, rel=0.05)
    assert mean(course, "fsh", -11, -9) == pytest.approx(10, rel=0.05)
    assert mean(course, "estradiol", 2100, 2190) == pytest.approx(9, rel=0.05)
    assert mean(course, "fsh", 2100, 2190) == pytest.approx(78, rel=0.05)
    late = follow(
        WOMAN.replace("}", ", labs: [{day: -10, estradiol: 18, fsh: 40}]}"), duration="2 y"
    )
    for name, value in (("estradiol", 18), ("fsh", 40)):
        assert mean(late, name, 600, 730) == pytest.approx(value, rel=0.03), "her own, and stays"
    less = follow(woman.replace("LABS", "{day: -10, estradiol: 4}"), duration="30 d")
    assert mean(less, "estradiol", -11, -9) == pytest.approx(4, rel=0.05), (
        "less than is made elsewhere"
    )


def test_without_ovaries_nothing_answers_the_pituitary():
    operated = "patient: {sex: female, age: 50, stage: surgical_menopause, last_period: 45}"
    plain = follow(operated)
    for drug in ("letrozole 2.5 mg daily", "estradiol 100 ug patch twice a week"):
        treated = follow(operated, f"[{drug}]")
        assert mean(treated, "testosterone", 200, 360) == pytest.approx(
            mean(plain, "testosterone", 200, 360), rel=1e-3
        )


# ------------------------------------------------------------------ before day 0
PAST = (
    "duration: 1 y\npatient: {sex: female, age: 60, stage: natural_menopause}\nprotocol: [WHAT]\n"
)
COURSE = "{drug: prednisone, dose: 40 mg, every: 1, from: -10 d, until: -3 d}"


def test_what_was_given_before_day_zero_acts_when_it_was_given():
    config = read(PAST.replace("WHAT", COURSE))
    exposure = make_exposure(config)
    seen = {
        day: compute_present_levels(exposure, day, 1.0)["glucocorticoid"]
        for day in (-300.0, -12.0, -8.0, -1.0, 5.0)
    }
    assert seen[-300.0] == seen[-12.0] == 0.0
    assert seen[-8.0] == pytest.approx(40, rel=0.1)
    assert seen[-1.0] < 3.0
    assert seen[5.0] < 0.01
    pulses = "{drug: teriparatide, dose: 20 ug, every: 1, from: -300 d, until: -30 d}"
    daily = make_exposure(read(PAST.replace("WHAT", pulses)))
    assert compute_present_levels(daily, -200.0, 1.0)["pth_pulsed"] == pytest.approx(1, rel=0.05)


def test_without_earlier_doses_a_bone_settles_under_the_month_before_day_zero():
    config = read(
        PAST.replace("WHAT", "prednisone 10 mg daily").replace("60,", "51, last_period: 51,")
    )
    exposure = make_exposure(config)
    assert exposure.course is not None
    month = exposure.course.read(-MONTH, 0.0)["estradiol"]
    for day in (-300.0, -1.0):
        assert compute_present_levels(exposure, day, 1.0)["estradiol"] == month


def test_a_settled_bone_is_not_shared_by_other_doses_before_day_zero():
    texts = [COURSE, COURSE.replace("40 mg", "20 mg"), COURSE.replace("-10 d", "-9 d")]
    digests = {compute_state_digest(read(PAST.replace("WHAT", text)), 9, True) for text in texts}
    assert len(digests) == len(texts)


# ------------------------------------------------------------------ aromatase in bone
def felt(text, days=40, local=20.0):
    """What osteoblasts hear of estrogen, and what stops aromatase in bone."""
    config = read(f"duration: 1 y\n{text}\n")
    exposure, signals = make_exposure(config), make_signals(config)
    for day in range(days):
        # As fields do: what aromatase makes of the substrate of the last step, where it works.
        works = 1.0 - signals.blockade[str(Species.ESTRADIOL)]
        substrate = signals.levels.get("testosterone", 600.0) + 100.0
        signals.local_estradiol = local * works * substrate / 700.0
        step_signals(signals, exposure, float(day), 1.0)
    return signals.lagged["estrogen_trigger"], signals.blockade[str(Species.ESTRADIOL)]


LEVELS = "patient: {sex: male, age: 35}\nhormones: {levels: {testosterone: T, estradiol: E}}"


def test_serum_tells_that_aromatase_stands_still():
    def levels(testosterone, estradiol):
        return LEVELS.replace("T,", f"{testosterone},").replace("E}", f"{estradiol}}}")

    usual, none = felt(levels(600, 27))
    _, castrated = felt(levels(20, 1.5))
    _, high = felt(levels(600, 60))
    less, some = felt(levels(600, 5))
    least, most = felt(levels(600, 1.5))
    assert none == castrated == high == 0.0
    assert 0.4 < some < most < 1.0
    assert least < less < usual
    woman = "patient: {sex: female, age: 60}\nhormones: {levels: {estradiol: E, testosterone: 15}}"
    assert felt(woman.replace("E,", "8,"))[1] == 0.0, "after the ovaries went"
    assert felt(woman.replace("E,", "0.8,"))[1] > 0.6, "as letrozole takes it"


def test_what_stops_aromatase_elsewhere_stops_it_in_bone():
    """Otherwise bone would make the more estradiol, the more testosterone an inhibitor leaves."""
    inhibited = f"{MAN}\nprotocol: [letrozole 2.5 mg daily]\n"
    given, still = felt(inhibited, 120)
    assert still > 0.9
    high, _ = felt(inhibited + "hormones: {levels: {testosterone: 3000}}", 120)
    assert high == pytest.approx(given, rel=0.1)
    mild = f"{MAN}\nprotocol: [anastrozole 0.2 mg once from day 20]\n"
    assert 0.0 < felt(mild, 22)[1] < 0.6
    assert felt(mild, 18)[1] == 0.0


def test_every_drug_that_a_gland_answers_is_known_to_labs():
    none = {"neutralises", "doses"}
    for drug in load_drugs().values():
        assert bool(find_answers(drug)) != (drug.deed in none), drug.name
    assert find_answers(load_drugs()["estradiol_patch"], "female") == {
        "estradiol": 1,
        "testosterone": -1,
        "fsh": -1,
        "lh": -1,
    }
    assert find_answers(load_drugs()["conjugated_estrogens"])["igf1"] == -1
