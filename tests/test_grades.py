"""Grades of the parameter table: no source is trusted further than it goes."""

import dataclasses

import pytest

from doctools.grading import find_limit, find_overrated, has_lookup
from trabecula.config import load_parameters
from trabecula.config.parameters.row import Row

ROWS = load_parameters().rows


def make_row(source: str, note: str = "", tuned: str = "") -> Row:
    return Row("cells.osteoclast.work", 1.0, "1", 0.0, 2.0, "A", source, note, tuned)


def test_no_row_is_graded_better_than_its_source_allows() -> None:
    assert find_overrated(ROWS) == {}


def test_every_row_has_unit_range_and_source() -> None:
    for key, row in ROWS.items():
        assert row.unit.strip(), key
        assert row.low < row.high or row.source.startswith("definition"), key
        assert len(row.source) > 5, key


@pytest.mark.parametrize("key", ["cells.rank.half", "hormones.stress_trigger.maximum"])
def test_a_guess_that_is_promoted_is_seen(key: str) -> None:
    planted = {**ROWS, key: dataclasses.replace(ROWS[key], grade="B")}
    assert key in find_overrated(planted)


PAPER = "A paper measured it (Someone 2001, doi:10.1000/abc)"


@pytest.mark.parametrize(
    ("source", "note", "tuned", "limit"),
    [
        (PAPER, "", "", "A"),
        (PAPER, "", "balance", "B"),
        (PAPER, "size assumed", "", "C"),
        (PAPER + ", direction", "", "", "C"),
        (PAPER, "12 not seen in its abstract", "", "C"),
        (PAPER, "exponent from memory", "", "C"),
        (PAPER, "paper found, its DOI not verified", "", "A"),
        (PAPER, "citation not verified", "", "D"),
        (PAPER, "Someone: citation not verified", "", "D"),
        (PAPER + "; Other, Bone 2003;32:136", "Someone: citation not verified", "", "A"),
        ("Other 2003, Bone 32:136", "", "", "A"),
        ('Someone, "What somebody measured in the bones of people"', "", "", "A"),
        ("half of it (evidence section 4)", "", "", "D"),
        ("half of it: evidence A-25, PK-03", "from general knowledge", "", "D"),
        ("half of it", "evidence sections 4 and 8", "", "D"),
        (PAPER + " (evidence A-25)", "", "", "A"),
        ("half of it: CAL-13", "from general knowledge", "", "C"),
        ("assumed", "", "", "D"),
        ("it is known that cells do this", "", "", "D"),
        ("calibrated: balance", "", "", "D"),
        ("label of 2 h; prescribing information", "", "", "A"),
        ("reference interval 1-2", "", "", "C"),
        ("reference interval 1-2 (Someone 2001, doi:10.1000/abc)", "", "", "A"),
        (PAPER + ": derived from the peak", "", "", "C"),
        ("definition: relative to the healthy", "", "", "A"),
        ("as osteoclast.fusion", "", "", ROWS["cells.osteoclast.fusion"].grade),
        ("as nobody", "", "", "D"),
    ],
)
def test_what_a_source_can_carry(source: str, note: str, tuned: str, limit: str) -> None:
    assert find_limit(make_row(source, note, tuned), ROWS) == limit


def test_a_number_of_a_paper_is_not_taken_for_one() -> None:
    assert not has_lookup("rises by 2-3 in 14 d at 30:1", "")
