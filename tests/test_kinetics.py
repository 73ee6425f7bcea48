"""Kinetics of drugs: mass balance, known solutions, and the antibody's level and half-life."""

import itertools
import math

import pytest

from trabecula.config import load_parameters
from trabecula.hormones import kinetics
from trabecula.hormones.kinetics import (
    compute_marrow_concentration,
    integrate,
    make_rates,
    retain_in_marrow,
    step_drug,
)
from trabecula.hormones.step import find_due_doses

PARAMETERS = load_parameters()


def follow(drug: str, dose: float, days: int, step: float = 1.0) -> list[list[float]]:
    amounts: list[float] = []
    course = []
    for index in range(round(days / step)):
        due = [(0.0, dose)] if index == 0 else []
        amounts = step_drug(drug, amounts, due, PARAMETERS, step)
        course.append(amounts)
    return course


@pytest.mark.parametrize(
    ("drug", "dose", "absorbed"),
    [("denosumab", 60.0, 60e6 * 0.729), ("opg_fc", 3.0, 1.5), ("bisphosphonate", 1.0, 1.0)],
)
def test_what_is_absorbed_is_somewhere(drug: str, dose: float, absorbed: float) -> None:
    for amounts in follow(drug, dose, 400):
        assert sum(amounts) == pytest.approx(absorbed, rel=1e-12)
        assert min(amounts) >= 0.0


def serum(amounts: list[float]) -> float:
    """Denosumab in serum (ng/mL)."""
    return amounts[1] / PARAMETERS["hormones.denosumab.central_volume"]


def test_denosumab_level_and_half_life() -> None:
    course = [serum(amounts) for amounts in follow("denosumab", 60.0, 200)]
    peak = max(course)
    assert 5000 < peak < 10000  # about 6 to 7 ug/mL is published
    assert 7 <= course.index(peak) <= 21
    # half-life in mid range, where the target takes but a share (26 d is published)
    middle = next(day for day, level in enumerate(course) if day > 30 and level < 2500)
    rate = math.log(course[middle - 5] / course[middle + 5]) / 10
    assert 25 <= math.log(2) / rate <= 28
    # the antibody vanishes ever faster once its target is in excess
    assert course[167] < 0.01 * peak


def test_more_denosumab_lasts_longer() -> None:
    lasting = []
    for dose in (14.0, 60.0, 100.0, 210.0):
        course = [serum(amounts) for amounts in follow("denosumab", dose, 400)]
        lasting.append(sum(level > 100.0 for level in course))
    assert lasting == sorted(lasting)
    assert lasting[0] < 100 < lasting[1] < 168 < lasting[3]


def test_denosumab_in_marrow_is_molar() -> None:
    volume = PARAMETERS["hormones.denosumab.central_volume"]
    amounts = [0.0, 1470.0 * volume, 0.0, 0.0]  # 1470 ng/mL of 147 kDa is 10 nM
    share = PARAMETERS["hormones.denosumab.marrow_share"]
    found = compute_marrow_concentration("denosumab", amounts, PARAMETERS)
    assert found == pytest.approx(10_000.0 * share, rel=1e-12)


def marrow(dose: float, days: int, step: float = 1.0) -> list[float]:
    """Denosumab in marrow fluid (pM), at the end of each day."""
    level, course = 0.0, []
    for amounts in follow("denosumab", dose, days, step):
        arriving = compute_marrow_concentration("denosumab", amounts, PARAMETERS)
        level = retain_in_marrow("denosumab", level, arriving, step, PARAMETERS)
        course.append(level)
    return course[round(1.0 / step) - 1 :: round(1.0 / step)]


def test_marrow_fills_with_serum_and_empties_by_itself() -> None:
    course, amounts = marrow(60.0, 300), follow("denosumab", 60.0, 300)
    alone = [compute_marrow_concentration("denosumab", now, PARAMETERS) for now in amounts]
    assert course[:21] == alone[:21]  # serum rises, and marrow with it
    assert all(level >= now for level, now in zip(course, alone, strict=True))
    half = round(PARAMETERS["hormones.denosumab.marrow_half_life"])
    assert alone[-1] < 1e-6 * alone[150]  # the target has taken all of it from serum
    assert course[299] / course[299 - half] == pytest.approx(0.5, rel=1e-12)


def test_marrow_holds_a_small_dose_long_after_serum_has_lost_it() -> None:
    days = [84, 112, 140, 168]
    small, large = marrow(14.0, 169), marrow(60.0, 169)
    assert all(small[day] < large[day] for day in days)
    assert serum(follow("denosumab", 14.0, 140)[-1]) < 1.0
    # four weeks take away half and little more, where serum would lose all but a tenth and less
    assert all(0.35 < small[b] / small[a] < 0.55 for a, b in itertools.pairwise(days))


def test_marrow_does_not_ask_for_the_step() -> None:
    assert marrow(60.0, 240, 0.25) == pytest.approx(marrow(60.0, 240), rel=0.01)


def test_a_decoy_leaves_marrow_with_serum() -> None:
    assert retain_in_marrow("opg_fc", 100.0, 3.0, 1.0, PARAMETERS) == 3.0


def test_opg_fc_in_marrow_is_molar() -> None:
    amounts = [0.0, 0.06, 0.0]  # 0.06 mg/kg in 60 mL/kg is 1000 ng/mL; 90 kDa
    share = PARAMETERS["hormones.opg_fc.marrow_share"]
    found = compute_marrow_concentration("opg_fc", amounts, PARAMETERS)
    assert found == pytest.approx(1000.0 / 90.0 * 1000.0 * share, rel=1e-12)


def test_opg_fc_follows_the_exact_solution() -> None:
    k_in = PARAMETERS["hormones.opg_fc.absorption"]
    k_out = math.log(2.0) / PARAMETERS["hormones.opg_fc.half_life"]
    for day, amounts in enumerate(follow("opg_fc", 3.0, 60), 1):
        exact = 1.5 * k_in / (k_in - k_out) * (math.exp(-k_out * day) - math.exp(-k_in * day))
        assert amounts[1] == pytest.approx(exact, rel=1e-6)


def test_integration_is_of_fourth_order(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = make_rates("denosumab", PARAMETERS)

    def end(substep: float) -> float:
        monkeypatch.setattr(kinetics, "LONGEST_SUBSTEP", substep)
        return integrate(rates, [5e6, 2e6, 1e6, 0.0], 8.0)[1]

    exact = end(0.01)
    order = math.log2(abs(end(0.5) - exact) / abs(end(0.25) - exact))
    assert 3.8 < order < 4.2
    assert end(0.1) == pytest.approx(exact, rel=1e-7)


def test_the_step_does_not_matter() -> None:
    coarse = follow("denosumab", 60.0, 60, 2.0)[-1]
    fine = follow("denosumab", 60.0, 60, 0.25)[-1]
    assert coarse == pytest.approx(fine, rel=1e-6)


def test_bisphosphonate_in_bone_halves_in_its_half_life() -> None:
    half = round(PARAMETERS["hormones.bisphosphonate.half_life"])
    course = follow("bisphosphonate", 1.0, half + 101)
    assert course[99 + half][1] / course[99][1] == pytest.approx(0.5, rel=1e-3)


def test_nothing_given_stays_nothing() -> None:
    assert step_drug("denosumab", [], [], PARAMETERS, 1.0) == [0.0] * 4


@pytest.mark.parametrize("step", [0.1, 0.25, 0.3, 1.0, 2.0])
def test_each_dose_is_given_exactly_once(step: float) -> None:
    points = [(0.0, 1.0), (0.3, 1.0), (0.9, 1.0), (7.0, 1.0), (182.625, 1.0)]
    given = []
    for index in range(-20, round(200 / step)):
        due = find_due_doses(points, index * step, step)
        assert all(0.0 <= time <= step for time, _ in due)
        given += [index * step + time for time, _ in due]
    assert given == pytest.approx([day for day, _ in points], abs=1e-9)


def test_a_dose_within_the_step_counts_from_its_time() -> None:
    early = step_drug("opg_fc", [], [(0.0, 3.0)], PARAMETERS, 1.0)
    late = step_drug("opg_fc", [], [(0.9, 3.0)], PARAMETERS, 1.0)
    assert early[1] > 5 * late[1] > 0
