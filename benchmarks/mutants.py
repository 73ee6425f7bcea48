"""Plant faults in kernels and rules, one at a time, and see which ones the tests notice.

``python benchmarks/mutants.py --seed 1 --count 10`` draws places by seed: an operator, a
comparison, a sign, a constant of a function in the rooms of :data:`ROOMS`, or the direction of a rule of
hormones. Each fault is planted in a copy of the repository, and the small tests that name the file
are run there: those of kernels against their twins, with the JIT off (then the tests of the rooms
that use it), the others compiled. A test that fails without the fault says nothing. A survivor is
either a missing test or a change of no consequence; someone has to look.
"""

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("src/trabecula")
ROOMS = {
    "kernels": "*.py",
    "cells": "*.py",
    "lattice": "*.py",
    "hormones": "*.py",
    "mechanics": "mechanostat.py",
}
RULES = PACKAGE / "config" / "rules.yaml"
LEFT_OUT = {"__init__.py", "compile.py"}
HARMLESS = {
    ("kernels/spheres.py", "if distance[z + hz, y + hy, x + hx] <= 0:", "<="): (
        "only skips what the next lines leave out: marrow is its own nearest marrow, half a voxel off"
    ),
}
"""File, line and what is changed -> why it is of no consequence; each was drawn once and looked at."""
OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.And: ("and", "or"), ast.Or: ("or", "and"),
}  # fmt: skip
"""Operator -> how it is written, and what takes its place."""

type Place = Callable[[int, int], int]
"""From line and column (bytes) to the place in the text."""


@dataclass(frozen=True)
class Fault:
    """A change of one place.

    Parameters
    ----------
    file
        Path within the repository.
    line
        Line on which it stands.
    start, end
        Place in the text of the file.
    old, new
        What stood there, and what stands there now.
    """

    file: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def apply(self, text: str) -> str:
        """Return the text of the file with the fault in it."""
        assert text[self.start : self.end] == self.old
        return text[: self.start] + self.new + text[self.end :]


@dataclass(frozen=True)
class Verdict:
    """What the tests said to a fault: noticed, survived, undecided, or no test names the file."""

    fault: Fault
    tests: tuple[str, ...]
    said: str


def find_faults(root: Path) -> list[Fault]:
    """Return every fault that could be planted, in order."""
    found: list[Fault] = []
    for room, pattern in ROOMS.items():
        for path in sorted((root / PACKAGE / room).glob(pattern)):
            if path.name not in LEFT_OUT:
                found += find_code_faults(path.read_text(), str(path.relative_to(root)))
    if (root / RULES).exists():
        found += find_rule_faults((root / RULES).read_text(), str(RULES))
    return [fault for fault in found if not is_harmless(fault, root)]


def is_harmless(fault: Fault, root: Path) -> bool:
    """Whether a fault is known to be of no consequence."""
    file = fault.file.removeprefix(f"{PACKAGE}/")
    if not any(file == known for known, _, _ in HARMLESS):
        return False
    line = (root / fault.file).read_text().splitlines()[fault.line - 1].strip()
    return (file, line, fault.old) in HARMLESS


def find_rule_faults(text: str, file: str) -> Iterator[Fault]:
    """Yield the turned directions of the rules of hormones."""
    for match in re.finditer(r'^  direction: "([+-])"', text, re.MULTILINE):
        line = text.count("\n", 0, match.start()) + 1
        yield Fault(
            file, line, match.start(1), match.end(1), match[1], "-" if match[1] == "+" else "+"
        )


def find_code_faults(text: str, file: str) -> Iterator[Fault]:
    """Yield the faults of one file of Python: within functions, not in decorators or defaults."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def place(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                if not isinstance(statement, ast.FunctionDef):
                    yield from _find_in(statement, text, file, place)


def _find_in(statement: ast.stmt, text: str, file: str, place: Place) -> Iterator[Fault]:
    for node in _walk(statement):
        if isinstance(node, ast.BinOp):
            yield from _swap(type(node.op), node.left, node.right, text, file, place)
        elif isinstance(node, ast.BoolOp):
            yield from _swap(type(node.op), node.values[0], node.values[1], text, file, place)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield from _swap(type(node.ops[0]), node.left, node.comparators[0], text, file, place)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            start = place(node.lineno, node.col_offset)
            yield Fault(file, node.lineno, start, start + 1, "-", "")
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            start = place(node.lineno, node.col_offset)
            end = place(node.end_lineno or 0, node.end_col_offset or 0)
            value = node.value
            new = value + 1 if isinstance(value, int) or value == 0 else 1.5 * value
            yield Fault(file, node.lineno, start, end, text[start:end], repr(new))


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it.

    What messages say is nobody's business, and more room than is needed is of no consequence.
    """
    if isinstance(node, ast.JoinedStr | ast.Raise):
        return
    yield node
    room = node.args[:1] if isinstance(node, ast.Call) and _makes_room(node.func) else []
    for child in ast.iter_child_nodes(node):
        if child not in room:
            yield from _walk(child)


def _makes_room(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in {"zeros", "empty", "reserve"}


def _swap(
    operator: type, left: ast.expr, right: ast.expr, text: str, file: str, place: Place
) -> Iterator[Fault]:
    if operator not in OPERATORS:
        return
    old, new = OPERATORS[operator]
    first = place(left.end_lineno or 0, left.end_col_offset or 0)
    between = text[first : place(right.lineno, right.col_offset)]
    found = re.search(rf"(?<![\w<>=!*/]){re.escape(old)}(?![\w<>=*/])", between)
    if found:
        start = first + found.start()
        line = text.count("\n", 0, start) + 1
        yield Fault(file, line, start, start + len(old), old, new)


def find_tests(root: Path, file: str) -> tuple[str, ...]:
    """Return the test files that name a file's module, or the room it is reached through."""
    path = Path(file)
    if path.name == "rules.yaml":
        return ("tests/test_rules_table.py", "tests/test_hormones.py")
    room, name = path.parent.name, path.stem
    wanted = [rf"trabecula\.{room}\.{name}\b", rf"from trabecula\.{room} import [^\n]*\b{name}\b"]
    if room != "kernels":
        wanted.append(rf"from trabecula\.{room} import")
    for pattern in wanted:
        chosen = _find_naming(root, pattern, name)
        marked = [t for t in chosen if "mark.twin" in t.read_text()]
        if room == "kernels" and marked:
            chosen = marked
        if chosen:
            return tuple(str(t.relative_to(root)) for t in chosen[:MOST_TESTS])
    return ()


def find_farther_tests(root: Path, file: str) -> tuple[str, ...]:
    """Return the test files that name a module which uses a kernel file: for parts of a solver."""
    name = Path(file).stem
    users = [
        path
        for path in sorted((root / PACKAGE).rglob("*.py"))
        if path.parent.name != "kernels" and f"trabecula.kernels.{name} " in path.read_text()
    ]
    found: dict[str, None] = {}
    for user in users:
        pattern = rf"trabecula\.{user.parent.name}(?:\.{user.stem}\b| import)"
        for test in _find_naming(root, pattern, user.parent.name):
            found[str(test.relative_to(root))] = None
    near = find_tests(root, file)
    return tuple(test for test in found if test not in near)[:MOST_TESTS]


def _find_naming(root: Path, pattern: str, first: str) -> list[Path]:
    """Return the test files that match, those whose own name holds `first` first."""
    tests = sorted((root / "tests").glob("test_*.py"), key=lambda t: (first not in t.stem, t.stem))
    return [test for test in tests if re.search(pattern, test.read_text())]


MOST_TESTS = 4
"""Test files run for one fault."""


def judge(fault: Fault, root: Path, limit: float) -> Verdict:
    """Plant a fault in a copy and run the tests that name its file, for at most `limit` (s)."""
    tests, said = find_tests(root, fault.file), "no test names the file"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ignored = shutil.ignore_patterns("__pycache__", ".*", "_build")
        for part in ("src", "tests", "docs", "configs", "benchmarks"):
            if (root / part).exists():
                shutil.copytree(root / part, folder / part, ignore=ignored)
        shutil.copy(root / "pyproject.toml", folder)
        is_kernel = Path(fault.file).parent.name == "kernels"
        if tests:
            said = try_tests(folder, tests, fault, limit, ["-m", "twin"] if is_kernel else [])
        farther = find_farther_tests(root, fault.file) if is_kernel else ()
        if farther and not said.startswith("noticed"):
            tests, said = tests + farther, try_tests(folder, farther, fault, limit, [])
    return Verdict(fault, tests, said)


def try_tests(
    folder: Path, tests: tuple[str, ...], fault: Fault, limit: float, options: list[str]
) -> str:
    """Return what tests say to a fault; one that fails without the fault, too, says nothing."""
    place, until = folder / fault.file, time.monotonic() + limit
    whole = place.read_text()
    chosen = [*tests, *options]
    while True:
        left = max(1.0, until - time.monotonic())
        place.write_text(fault.apply(whole))
        status, failed = run_tests(folder, chosen, fault, left)
        place.write_text(whole)
        if status is None:
            return f"undecided: no end in {limit:g} s"
        if status in (0, 5):
            return "survived" if status == 0 else "no test names the file"
        if not failed:
            return "noticed"
        again, _ = run_tests(folder, [failed], fault, left)
        if again == 0:
            return f"noticed by {failed.rpartition('/')[2]}"
        if again is None or time.monotonic() > until:
            return f"undecided: {failed.rpartition('/')[2]} fails without the fault, too"
        chosen += ["--deselect", failed]


def run_tests(
    folder: Path, chosen: list[str], fault: Fault, limit: float
) -> tuple[int | None, str]:
    """Return pytest's status (None if it did not end) and the first test that failed."""
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    if Path(fault.file).parent.name == "kernels":
        environment["NUMBA_DISABLE_JIT"] = "1"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *chosen]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=limit,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None, ""
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    return done.returncode, failed[0] if failed else ""


def main() -> int:
    """Draw faults, judge them, and print what came of it; 1 if one survived."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--only", default="", help="only files whose path holds this text")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds for one fault")
    parser.add_argument("--out", type=Path, help="verdicts as JSON")
    options = parser.parse_args()
    faults = [fault for fault in find_faults(ROOT) if options.only in fault.file]
    drawn = random.Random(options.seed).sample(faults, min(options.count, len(faults)))
    verdicts = []
    for fault in drawn:
        verdict = judge(fault, ROOT, options.limit)
        verdicts.append(verdict)
        where = f"{fault.file.removeprefix('src/trabecula/')}:{fault.line}"
        print(f"{where:36} {fault.old!r} -> {fault.new!r}: {verdict.said}", flush=True)
    noticed = sum(verdict.said.startswith("noticed") for verdict in verdicts)
    print(f"{noticed} of {len(verdicts)} noticed; {len(faults)} places")
    if options.out:
        options.out.write_text(json.dumps([asdict(v) for v in verdicts], indent=2))
    return int(noticed < len(verdicts))


if __name__ == "__main__":
    raise SystemExit(main())
