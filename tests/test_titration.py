"""Doses that are fitted to a lab at visits: direction, patience, and what is told of it."""

from itertools import pairwise

import numpy as np
import pytest

from courses import follow, mean, read
from trabecula.cli.configs import tabulate_protocol
from trabecula.cli.running import list_warnings
from trabecula.config.regimens import read_regimen
from trabecula.hormones import find_unmet, make_course
from trabecula.hormones.visits import titrate

WOMAN = "patient: {sex: female, age: 60, stage: natural_menopause}"
LOW = "patient: {sex: male, age: 55, labs: [{day: -14, testosterone: 300}]}"


def get_doses(course, drug):
    return [dose for name, _, dose in course.given if name == drug]


def test_a_dose_changes_only_after_one_was_given():
    """A visit between two pellets says nothing of the next: it was changed already."""
    words = "[testosterone pellets 100 mg every 4 months until testosterone is 150-200 ng/dL]"
    course = follow(WOMAN, words, "3 y")
    doses = get_doses(course, "testosterone_pellets")
    ratios = [later / dose for dose, later in pairwise(doses)]
    assert all(0.5 <= ratio <= 2.0 for ratio in ratios), doses
    assert max(course.levels["testosterone"]) < 300.0
    still = [v for v in course.visits[0] if v.before == v.after and not 150 <= v.level <= 200]
    assert still, "labs outside of the range, with nothing given since the visit before"


@pytest.mark.parametrize(
    ("words", "name", "rises"),
    [
        (
            "anastrozole 0.1 mg twice a week until testosterone is 400-500 ng/dL",
            "anastrozole",
            True,
        ),
        ("anastrozole 2 mg daily until testosterone is 330-370 ng/dL", "anastrozole", False),
        ("anastrozole 0.1 mg twice a week until estradiol is 8-10 pg/mL", "anastrozole", True),
        ("gonadorelin 100 ug twice a day until testosterone is 330-370 ng/dL", "gonadorelin", True),
    ],
)
def test_a_dose_goes_to_the_side_to_which_the_drug_moves_the_lab(words, name, rises):
    doses = get_doses(follow(LOW, f"[{words}]"), name)
    assert (doses[-1] > doses[0]) if rises else (doses[-1] < doses[0]), doses


@pytest.mark.parametrize(("dose", "fitted"), [(100, 200), (200, 250), (400, 400)])
def test_a_dose_rises_to_the_usual_ones_or_to_what_was_prescribed_above_them(dose, fitted):
    """Twice as much would meet the lab; 250 mg of testosterone cypionate are the most that is usual."""
    words = f"testosterone cypionate {dose} mg weekly until testosterone is 900-1100 ng/dL"
    regimen = read_regimen(words, 365.0, {})
    edges = np.arange(0.0, 365.5, 0.5)
    levels = {"testosterone": np.full(len(edges) - 1, 500.0)}
    doses, visit = titrate(regimen, list(regimen.doses), levels, edges, 56, "male")
    assert (visit.day, visit.before, visit.after) == (28.0, dose, fitted)
    assert {amount for day, amount in doses if day < 28.0} == {dose}
    assert {amount for day, amount in doses if day >= 28.0} == {fitted}


def test_visits_of_two_prescriptions_are_their_own():
    """Half a day apart, each is fitted at its own visits alone, and not after its last dose."""
    first = "testosterone cypionate 300 mg weekly until testosterone is 500-600 ng/dL"
    text = "{drug: anastrozole, dose: 0.1 mg, every: 1 d, from: 0.5 d, until: 168 d, TARGET}"
    text = text.replace("TARGET", "target: {estradiol: [12, 14]}")
    course = follow(LOW, f"[{first}, {text}]")
    days = [[visit.day for visit in course.visits[k]] for k in (0, 1)]
    assert all(day % 28 == 0 for day in days[0])
    assert all((day - 0.5) % 28 == 0 for day in days[1])
    assert len(days[0]) == 12
    assert len(days[1]) == 5
    factors = [visit.after / visit.before for visit in course.visits[0]]
    assert all(0.5 <= factor <= 2.0 for factor in factors)


def test_visits_and_what_they_did_not_reach_are_told():
    text = "duration: 1 y\npatient: {sex: male, age: 50, stage: adult}\nprotocol: [WHAT]\n"
    reached = "testosterone cypionate 100 mg weekly until testosterone is 600-700 ng/dL"
    missed = "sermorelin 100 ug daily until igf1 is 200-250 ng/mL"
    for what, unmet in ((reached, 0), (missed, 1)):
        config = read(text.replace("WHAT", what))
        course = make_course(config)
        [(_, words, _)] = tabulate_protocol(config, course)
        visits = course.visits[0]
        assert f"at the last of {len(visits)} visits" in words
        assert f"with {visits[-1].before:.3g} " in words
        found = find_unmet(config.regimens, course.visits)
        assert len(found) == unmet
        assert [one for one in list_warnings(config) if "not reached" in one] == found, (
            "run says so"
        )
        assert all("not reached" in one and "protocol[0]" in one for one in found)
    assert mean(course, "testosterone", 0, 1) > 0
