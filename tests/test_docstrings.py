"""Public names say what they take and give: shapes, units, errors."""

import textwrap
from pathlib import Path

import pytest

from doctools.docstrings import find_public, read_public, split_entries, split_sections
from doctools.faults import find_faults

PACKAGE = Path(__file__).parents[1] / "src" / "trabecula"


def find_in(text: str) -> list[str]:
    names = read_public(textwrap.dedent(text), "trabecula.room.file")
    return [fault.partition(": ")[2] for name in names for fault in find_faults(name)]


def test_every_public_name_says_what_it_takes_and_gives() -> None:
    names = list(find_public(PACKAGE))
    assert len(names) > 900
    faults = [fault for name in names for fault in find_faults(name)]
    assert not faults, "\n".join(faults)


GOOD = '''
def compute(field: Array, voxel: float) -> Array:
    """Return the slope.

    Parameters
    ----------
    field
        Shape (z, y, x), pM.
    voxel
        Edge of a voxel (um).

    Returns
    -------
    numpy.ndarray
        Shape (z, y, x), pM/um.

    Raises
    ------
    ValueError
        If it is flat.
    """
    if not field.any():
        raise ValueError
    return field / voxel
'''


def test_a_whole_docstring_passes() -> None:
    assert find_in(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("Shape (z, y, x), pM.", "The field (pM).", "`field` is an array without a shape"),
        ("Shape (z, y, x), pM.", "Shape (z, y, x).", "`field` is without a unit"),
        ("Edge of a voxel (um).", "Edge.", "`voxel` is without a unit"),
        ("Shape (z, y, x), pM/um.", "(pM/um)", "what it returns is an array without a shape"),
        ("Shape (z, y, x), pM/um.", "Shape (z, y, x).", "what it returns is without a unit"),
        ("ValueError\n", "KeyError\n", "raises ValueError, which `Raises` does not say"),
    ],
)  # fmt: skip
def test_a_planted_lack_is_seen(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    assert find_in(GOOD.replace(old, new, 1)) == [fault]


def test_a_name_without_docstring_is_seen_and_private_ones_are_not() -> None:
    text = '''
    def public(): ...
    def _private(): ...
    class Thing:
        """A thing."""
        def method(self): ...
        def _inner(self): ...
    '''
    assert find_in(text) == ["no docstring"] * 2


def test_prose_may_say_it_and_errors_of_inner_functions_are_not_ours() -> None:
    text = '''
    def read(time: float) -> float:
        """Return the level (pM) at `time` (d)."""
        def inner():
            raise KeyError
        return inner
    '''
    assert find_in(text) == []
    assert find_in(text.replace("`time` (d)", "`time`")) == []  # the level's unit stands for it
    assert find_in(text.replace("(pM) at `time` (d)", "then")) == [
        "`time` is without a unit",
        "what it returns is without a unit",
    ]


def test_sections_and_entries_are_told_apart() -> None:
    doc = "A.\n\nParameters\n----------\na, b\n    One\n    text.\nc\n    More.\n\nNotes\n-----\nN."
    sections = split_sections(doc)
    assert sections["Notes"] == "N."
    assert split_entries(sections["Parameters"]) == {
        "a": "One text.",
        "b": "One text.",
        "c": "More.",
    }
