"""The mutator: faults that are faults, drawn by seed, and a verdict that follows the tests."""

import ast
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from mutants import (
    HARMLESS,
    ROOT,
    Fault,
    find_code_faults,
    find_farther_tests,
    find_faults,
    find_rule_faults,
    find_tests,
    judge,
)

CODE = '''
@make(50)
def rise(level, half=2.0):
    """Add 1 - 2."""
    if level > 0.5 and half <= 3:
        raise ValueError(f"{level + 1}")
    return -level * 2 + "µ".count("µ") // 1 - (level == 0.0)
'''


def find_changes(text: str) -> list[tuple[str, str]]:
    return [(fault.old, fault.new) for fault in find_code_faults(text, "a.py")]


def test_operators_signs_comparisons_and_constants_change_and_nothing_else() -> None:
    found = find_changes(CODE)
    assert sorted(found) == sorted([
        ("and", "or"), (">", ">="), ("0.5", "0.75"), ("<=", "<"), ("3", "4"), ("-", ""), ("*", "/"),
        ("2", "3"), ("+", "-"), ("1", "2"), ("-", "+"), ("==", "!="), ("0.0", "1.0"),
    ])  # fmt: skip


def test_how_much_room_there_is_is_no_fault() -> None:
    room = "    a = np.zeros(2 * n, np.float32)\n    t.reserve(n + 64)\n"
    code = "def fill(n):\n" + room + "    return a * {}\n"
    assert find_changes(code.format(3)) == [("*", "/"), ("3", "4")]
    assert find_changes(code.format("np.ones(n + 1)")) == [("*", "/"), ("+", "-"), ("1", "2")]


def test_what_is_known_to_be_harmless_is_there_and_not_drawn(monkeypatch) -> None:
    drawn = len(find_faults(ROOT))
    known = len(HARMLESS)
    monkeypatch.setattr("mutants.HARMLESS", {})
    assert len(find_faults(ROOT)) == drawn + known, "each stands for one place"


def test_every_fault_of_the_house_parses_and_changes_one_line() -> None:
    faults = find_faults(ROOT)
    assert len(faults) > 2000
    assert {fault.file.split("/")[2] for fault in faults} >= {"kernels", "cells", "config"}
    for fault in random.Random(4).sample(faults, 150):
        before = (ROOT / fault.file).read_text()
        after = fault.apply(before)
        if fault.file.endswith(".py"):
            ast.parse(after)
        pairs = zip(before.splitlines(), after.splitlines(), strict=True)
        changed = [n for n, (a, b) in enumerate(pairs, 1) if a != b]
        assert changed == [fault.line]


def test_the_direction_of_a_rule_is_turned() -> None:
    text = '- name: one\n  direction: "+"\n  note: "+"\n- name: two\n  direction: "-"\n'
    faults = list(find_rule_faults(text, "rules.yaml"))
    assert [(fault.line, fault.new) for fault in faults] == [(2, "-"), (5, "+")]
    assert faults[0].apply(text).count('direction: "-"') == 2


def test_tests_are_those_that_name_the_file() -> None:
    assert find_tests(ROOT, "src/trabecula/kernels/lining.py") == ("tests/test_kernels_surface.py",)
    assert "tests/test_rules_table.py" in find_tests(ROOT, "src/trabecula/config/rules.yaml")
    assert find_tests(ROOT, "src/trabecula/cells/builders.py")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    room = tmp_path / "src" / "trabecula" / "kernels"
    room.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["twin"]\n')
    for folder in (room.parent, room):
        (folder / "__init__.py").touch()
    (room / "sums.py").write_text("def add(a, b):\n    return a + b * 1\n")
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_sums.py").write_text(
        "import pytest\nfrom trabecula.kernels.sums import add\n"
        "@pytest.mark.twin\ndef test_add():\n    assert add(2, 3) == 5\n"
    )
    return tmp_path


def test_a_fault_is_noticed_survives_or_is_nobodys(house: Path) -> None:
    place = "src/trabecula/kernels/sums.py"
    faults = {(f.old, f.new): f for f in find_code_faults((house / place).read_text(), place)}
    seen = judge(faults["+", "-"], house, 60.0)
    assert seen.said == "noticed by test_sums.py::test_add"
    assert judge(faults["*", "/"], house, 60.0).said == "survived"  # by 1: no consequence
    (house / "tests" / "test_sums.py").write_text("")
    assert judge(faults["1", "2"], house, 60.0).said == "no test names the file"
    assert (house / place).read_text().endswith("return a + b * 1\n")


def test_a_test_that_fails_without_the_fault_says_nothing(house: Path) -> None:
    place = "src/trabecula/kernels/sums.py"
    faults = {(f.old, f.new): f for f in find_code_faults((house / place).read_text(), place)}
    test = house / "tests" / "test_sums.py"
    test.write_text(test.read_text() + "@pytest.mark.twin\ndef test_broken():\n    assert False\n")
    assert judge(faults["*", "/"], house, 60.0).said == "survived"
    assert judge(faults["+", "-"], house, 60.0).said == "noticed by test_sums.py::test_add"


def test_tests_of_a_user_are_asked_when_those_of_the_file_say_nothing() -> None:
    assert "tests/test_fields_solver.py" in find_farther_tests(
        ROOT, "src/trabecula/kernels/stencil.py"
    )


def test_a_fault_without_end_is_undecided(house: Path) -> None:
    place = "src/trabecula/kernels/sums.py"
    text = "def add(a, b):\n    while a < 9:\n        b = a\n    return 5\n"
    (house / place).write_text(text)
    start = text.index("9")
    assert judge(Fault(place, 2, start, start + 1, "9", "1"), house, 60.0).said == "survived"
    fault = Fault(place, 2, start, start + 1, "9", "10**9")
    assert judge(fault, house, 3.0).said == "undecided: no end in 3 s"
