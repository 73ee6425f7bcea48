"""The parameter table: every row complete, overrides checked against range and unit."""

import math
import re

import pytest

from trabecula.base.errors import ConfigError
from trabecula.config import load_parameters, load_rules
from trabecula.config.marks import parse_yaml
from trabecula.config.parameters.table import ROOMS, read_rows
from trabecula.config.units import convert_unit

GOOD = """
osteoclast.nucleus_life:
  value: 12.5
  unit: d
  range: [7, 25]
  grade: B
  source: "a paper"
  note: "a note"
"""

# canonical inside is um, d, pM; a row in one of these would be read as if it were canonical
# (cells per mm^3 and mg/cm^3 of mineral are what the tables of the field use)
NOT_CANONICAL = ("h", "hour", "min", "s", "mm", "nm", "cm", "nM", "uM", "week", "month")


def test_every_row_is_complete_and_within_its_range() -> None:
    rows = load_parameters().rows
    assert len(rows) > 150
    for key, row in rows.items():
        assert row.key == key
        assert key.split(".")[0] in ROOMS
        assert 2 <= len(key.split(".")) <= 3
        assert math.isfinite(row.value)
        assert row.low <= row.value <= row.high, key
        assert row.grade in "ABCD"
        assert row.source, key
        convert_unit(1.0, row.unit if row.unit != "1" else "dimensionless", row.unit)


def test_units_of_rows_are_canonical() -> None:
    for key, row in load_parameters().rows.items():
        if key.startswith("hormones."):
            continue  # hormones work in the assay's unit
        per_volume = row.unit.replace("/mm^3", "/um^3").replace("mg/cm^3", "1")
        parts = per_volume.replace("*", " ").replace("/", " ").replace("^", " ").split()
        assert not set(parts) & set(NOT_CANONICAL), (key, row.unit)


DOI = re.compile(r"10\.[0-9]{4,9}/[A-Za-z0-9.()_/;:<>-]*[A-Za-z0-9)]")


def find_dois(text: str) -> list[str]:
    """Return the DOIs of `text`, each without the punctuation of the sentence round it."""
    found = []
    for word in re.findall(r"doi:\S*", text, re.IGNORECASE):
        name = word.removeprefix("doi:").rstrip(".,;:")
        while name.endswith(")") and name.count(")") > name.count("("):
            name = name[:-1].rstrip(".,;:")
        found.append(name)
    return found


def test_dois_are_found_in_sentences() -> None:
    text = "A (B 2001, doi:10.1016/S0092-8674(01)00268-9); C doi:10.1038/nm.1979: more. (doi: gone)"
    assert find_dois(text) == ["10.1016/S0092-8674(01)00268-9", "10.1038/nm.1979", ""]
    assert not DOI.fullmatch("10.1016")
    assert not DOI.fullmatch("")
    assert not DOI.fullmatch("10.10/abc")


def test_every_doi_is_well_formed_and_marked_as_one() -> None:
    count = 0
    for key, row in load_parameters().rows.items():
        for text in (row.source, row.note):
            dois = find_dois(text)
            assert all(DOI.fullmatch(doi) for doi in dois), (key, dois)
            assert len(re.findall(r"\b10\.[0-9]{4,9}/", text)) == len(dois), key
            count += len(dois)
    assert count > 40


def test_a_value_is_a_plain_number() -> None:
    value = load_parameters()["hormones.denosumab.clearance"]
    assert type(value) is float
    assert value == 66.0


def test_overrides_are_converted_and_noted() -> None:
    base = load_parameters()
    table = load_parameters({"hormones.denosumab.clearance": "0.05 L/d"})
    assert table["hormones.denosumab.clearance"] == pytest.approx(50.0)
    assert base["hormones.denosumab.clearance"] == 66.0
    assert "(set)" in table.rows["hormones.denosumab.clearance"].note
    assert table != base
    assert load_parameters({}) == base


def test_overrides_are_checked_all_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_parameters(
            {
                "hormones.denosumab.clearence": 1,
                "hormones.denosumab.clearance": 1000,
                "hormones.denosumab.absorption": "3 kg",
                "hormones.denosumab.exchange": math.nan,
            }
        )
    unknown, beyond, unit, nan = caught.value.problems
    assert unknown.hint == "did you mean hormones.denosumab.clearance?"
    assert (beyond.found, beyond.allowed) == ("1000 mL/d", "40 .. 110 mL/d")
    assert "cannot be converted" in unit.found
    assert "finite" in nan.found


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(KeyError, match=r"did you mean hormones\.denosumab\.clearance"):
        load_parameters()["hormones.denosumab.clearanc"]


def test_numbers_of_rules_are_rows() -> None:
    table = load_parameters()
    for rule in load_rules():
        for number in ("ec50", "hill", "maximum", "lag"):
            assert f"hormones.{rule.name}.{number}" in table
    assert table.rows["hormones.estrogen_trigger.lag"].unit == "d"
    assert table.rows["hormones.estrogen_trigger.ec50"].unit == "pg/mL"


def test_rows_for_storage_hold_everything_in_order() -> None:
    rows = load_parameters().to_rows()
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)
    columns = {"key", "value", "unit", "low", "high", "grade", "source", "note", "tuned"}
    assert set(rows[0]) == columns


def test_rows_say_what_they_were_tuned_on() -> None:
    rows = load_parameters().rows
    assert "gain" in rows["cells.osteoblast.sclerostin_ref"].tuned
    assert rows["hormones.estrogen_trigger.maximum"].tuned
    assert rows["hormones.estrogen_trigger.ec50"].tuned == ""
    assert rows["hormones.tnf_trigger.ec50"].tuned
    assert rows["hormones.tnf_trigger.hill"].tuned
    assert rows["hormones.tnf_trigger.lag"].tuned == ""
    assert rows["cells.osteoclast.most_nuclei"].tuned == ""


def test_a_good_row_is_read() -> None:
    [row] = read_rows(parse_yaml(GOOD, "t.yaml"), "cells").values()
    assert (row.key, row.value, row.low, row.high) == ("cells.osteoclast.nucleus_life", 12.5, 7, 25)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("value: 12.5", "value: 26", "value 26"),
        ("value: 12.5", "value: .nan", "value nan"),
        ("value: 12.5", "value: yes", "value 'yes'"),
        ("  value: 12.5\n", "", "no value"),
        ("grade: B", "grade: E", "grade 'E'"),
        ('source: "a paper"', 'source: ""', "an empty source"),
        ("range: [7, 25]", "range: [7]", "range [7]"),
        ("range: [7, 25]", "range: 7", "range 7"),
        ("note:", "remark:", "a field remark"),
        ("osteoclast.nucleus_life", "a.b.c", "a key of another form"),
    ],
)
def test_each_mistake_of_a_row_is_seen(old: str, new: str, found: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        read_rows(parse_yaml(GOOD.replace(old, new), "t.yaml"), "cells")
    problems = caught.value.problems
    assert found in [problem.found for problem in problems]
    assert problems[0].where == "t.yaml:2:1"


def test_a_row_given_twice_is_seen() -> None:
    with pytest.raises(ConfigError, match="given twice"):
        read_rows(parse_yaml(GOOD + GOOD, "t.yaml"), "cells")
