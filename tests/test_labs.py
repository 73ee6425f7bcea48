"""What labs say before and after a dose, of glands and of what is given; and of aromatase in bone."""

from dataclasses import replace

import numpy as np
import pytest

from courses import MAN, WOMAN, follow, mean, read
from trabecula.base.codes import Species
from trabecula.config import load_parameters
from trabecula.config.deeds import find_answers
from trabecula.config.pharmacopoeia import load_drugs
from trabecula.hormones import compute_present_levels, make_exposure, make_signals, step_signals
from trabecula.hormones.binding import compute_total
from trabecula.hormones.labs import read_labs, scale_own
from trabecula.hormones.local import YIELD, infer_inhibition, update_yield
from trabecula.hormones.patient import make_own
from trabecula.hormones.step import MONTH
from trabecula.runner.digest import compute_state_digest

TABLE = load_parameters()
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


def test_a_lab_that_told_of_the_glands_goes_on_telling_of_them():
    """Little of the usual level is the drug's, but much of what is left once the glands are fitted.

    What they are then said to make without the drug leads, with the drug, to the lab.
    """
    weekly = "[testosterone cypionate 20 mg im weekly until day 180]"
    course = of("{day: 90, testosterone: 200}", protocol=weekly)
    usual = follow("patient: {sex: male, age: 55 y, stage: adult}", weekly)
    share = [c.average(c.shares["testosterone"], 90, 91) for c in (usual, course)]
    assert share[0] < 0.25 < share[1]
    own = mean(course, "testosterone", -30, -1)
    again = of(f"{{day: -14, testosterone: {own}}}", protocol=weekly)
    assert again.read_day("testosterone", 90) == pytest.approx(200.0, rel=0.01)


def read_man(*labs):
    text = MAN_55.replace("LABS", ", ".join(labs))
    return read_labs(read(f"duration: 1 y\n{text}\n").patient, TABLE)


def test_shbg_that_was_measured_is_not_made_up():
    """Total and free testosterone of one day tell it only where it was not measured on that day."""
    both = "testosterone: 400, free_testosterone: 60"
    assert read_man(f"{{day: -14, {both}, shbg: 30}}")["shbg"] == [(-14.0, pytest.approx(30.0))]
    [(day, told)] = read_man(f"{{day: -14, {both}}}")["shbg"]
    assert day == -14.0
    assert compute_total(60.0, told, TABLE) == pytest.approx(400.0)
    assert told > 50.0


@pytest.mark.parametrize(("day", "shbg"), [(-80, 20.0), (-14, 60.0)])
def test_free_testosterone_goes_by_the_shbg_of_the_nearest_day(day, shbg):
    rows = "{day: -100, shbg: 20}", f"{{day: {day}, free_testosterone: 40}}", "{day: -9, shbg: 60}"
    [(_, total)] = read_man(*rows)["testosterone"]
    assert total == pytest.approx(compute_total(40.0, shbg, TABLE))


def test_less_estradiol_than_is_made_outside_the_ovaries_is_less_of_both():
    """Of 12 and 8 pg/mL, 15 leave 7 for the ovaries, but 6 are less than 8: both are 0.3 of it."""
    woman = "patient: {sex: female, age: 50, stage: perimenopausal}"
    days = np.array([0.0])
    own = make_own(read(f"duration: 1 y\n{woman}\n").patient, TABLE, days)
    own = replace(own, ovary=np.array([12.0]), periphery=np.array([8.0]))
    for factor, ovary, periphery in ((0.75, 7.0, 8.0), (0.3, 3.6, 2.4)):
        scaled = scale_own(own, days, {"estradiol": [(0.0, factor)]})
        assert scaled.ovary == pytest.approx(ovary)
        assert scaled.periphery == pytest.approx(periphery)


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


def test_what_serum_tells_of_aromatase_counts_a_mans_own_adrenals():
    """A man makes 27 pg/mL of 600 and 20 ng/dL, of 200 and 20 some 9.58, at the least 0.4 of it."""
    young = {"testosterone": 600.0, "estradiol": 27.0}
    levels = {"testosterone": 200.0, "estradiol": 2.0}
    least = 0.4 * 27.0 * 220.0 / 620.0
    found = infer_inhibition(levels, young, "male", TABLE)
    assert found == pytest.approx(1.0 - 2.0 / least, rel=1e-9)
    assert found == pytest.approx(0.478, abs=1e-3)


def test_aromatase_that_hardly_works_tells_nothing_of_its_yield():
    """10 pg/mL of 600 and 100 ng/dL are 1/70; of a tenth of them, still at work, 1/7."""
    signals = make_signals(read(f"duration: 1 y\n{MAN}\n"))
    molar = 1000.0 / 272.38
    found = []
    for blocked, local in ((0.0, 10.0), (0.99, 5.0), (0.9, 10.0)):
        signals.blockade[str(Species.ESTRADIOL)] = blocked
        signals.local_estradiol = local * molar
        found.append(update_yield(signals, TABLE))
    assert found == pytest.approx([1 / 70, 1 / 70, 1 / 7])
    assert signals.lagged[YIELD] == found[-1]


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
