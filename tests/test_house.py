"""The rules of the house: who imports whom, how long, how many arguments, what is written down."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "trabecula"
SOURCES = sorted(PACKAGE.rglob("*.py"))
KERNELS = sorted((PACKAGE / "kernels").glob("*.py"))
WITHOUT_KERNELS = {"__init__", "ahead", "compile"}
LINES_OF_A_FILE = 400
LINES_OF_A_KERNEL = 100
ARGUMENTS_OF_A_KERNEL = 8

PLANTED = {
    "the staircase: a floor imports only lower floors": (
        "lattice/planted.py",
        "import trabecula.cells",
    ),
    "numba only in kernels": ("fields/planted.py", "import numba"),
    "yaml, pydantic and pint only in config": ("runner/planted.py", "import pydantic"),
    "mesa only in model": ("records/planted.py", "import mesa"),
    "h5py only in records": ("analysis/planted.py", "import h5py"),
    "image libraries only in specimen, matplotlib only in viz": (
        "cli/planted.py",
        "import matplotlib.figure",
    ),
    "trame and solara only in pages": ("cli/planted_page.py", "import solara"),
    "pyvista and vtk only in viz": ("cli/planted_scene.py", "import pyvista"),
    "base rests on the standard library and numpy alone": ("base/planted.py", "import scipy"),
}


def contracts() -> list[dict]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["tool"]["importlinter"]["contracts"]


def lint_copy(folder: Path) -> subprocess.CompletedProcess:
    command = Path(sys.executable).with_name("lint-imports")
    if not command.exists():
        pytest.skip("import-linter is not installed beside this Python")
    environment = os.environ | {"PYTHONPATH": str(folder / "src"), "COLUMNS": "200"}
    arguments = [str(command), "--no-cache", "--config", str(folder / "pyproject.toml")]
    return subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "src" / "trabecula", ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_fails_on_a_planted_violation(copy: Path) -> None:
    before = lint_copy(copy)
    assert before.returncode == 0, before.stdout + before.stderr
    for place, line in PLANTED.values():
        (copy / "src" / "trabecula" / place).write_text(f'"""Planted."""\n\n{line}\n')
    after = lint_copy(copy)
    assert after.returncode == 1
    for name in PLANTED:
        assert re.search(rf"{re.escape(name)}\s+BROKEN", after.stdout), after.stdout


def test_a_violation_is_planted_for_every_contract() -> None:
    assert {contract["name"] for contract in contracts()} == set(PLANTED)


def test_every_room_stands_on_the_staircase() -> None:
    layers = " ".join(contracts()[0]["layers"])
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {room for room in rooms if f"trabecula.{room}" not in layers} == set()


@pytest.mark.parametrize(
    ("contract", "homes"),
    [
        ("numba only in kernels", {"kernels"}),
        ("yaml, pydantic and pint only in config", {"config"}),
        ("mesa only in model", {"model", "viz", "pages"}),
        ("h5py only in records", {"records"}),
        ("pyvista and vtk only in viz", {"viz"}),
        ("trame and solara only in pages", {"pages"}),
        (
            "image libraries only in specimen, matplotlib only in viz",
            {"specimen", "viz", "kernels"},
        ),
    ],
)
def test_a_library_contract_watches_every_room_but_its_home(contract: str, homes: set) -> None:
    watched = next(c for c in contracts() if c["name"] == contract)["source_modules"]
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms - {name.removeprefix("trabecula.") for name in watched} <= homes


def kernels_of(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and {getattr(getattr(d, "func", d), "id", "") for d in node.decorator_list}
        & {"kernel", "parallel_kernel", "sized_kernel", "make_sized"}
    ]


@pytest.mark.parametrize("path", KERNELS, ids=lambda p: p.stem)
def test_kernels_are_short_and_take_few_arguments(path: Path) -> None:
    kernels = kernels_of(path)
    assert bool(kernels) == (path.stem not in WITHOUT_KERNELS), "who has none is listed"
    for node in kernels:
        assert len(node.args.args) <= ARGUMENTS_OF_A_KERNEL, f"{path.name}: {node.name}"
        length = node.end_lineno - node.lineno + 1
        assert length < LINES_OF_A_KERNEL, f"{path.name}: {node.name} has {length} lines"


def test_the_kernel_search_finds_kernels() -> None:
    assert {node.name for node in kernels_of(PACKAGE / "kernels" / "keyed.py")} >= {"philox"}
    assert {node.name for node in kernels_of(PACKAGE / "kernels" / "krylov.py")} >= {"smooth"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_are_short_documented_and_finished(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") < LINES_OF_A_FILE
    assert not re.search(
        r"TODO|FIXME|XXX|NotImplementedError|fastmath=True|pickle\.(?:dump|load)", text
    )
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a file says in its first line what it holds"
    for node in ast.walk(tree):
        named = isinstance(node, ast.FunctionDef | ast.ClassDef)
        if named and node in tree.body and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"


def test_no_broad_excepts_and_no_print_in_libraries() -> None:
    caught, printed = 0, 0
    for path in SOURCES:
        room = path.relative_to(PACKAGE).parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                broad = node.type is None or getattr(node.type, "id", "") in {
                    "Exception",
                    "BaseException",
                }
                reraised = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                assert not broad or reraised, f"{path}:{node.lineno}"
                caught += 1
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"print", "exit"}:
                assert room in {"cli", "pages"}, f"{path}:{node.lineno}"  # pages say where they are
                printed += 1
    assert caught > 100
    assert printed > 0


def find_own_tuples(text: str) -> list[str]:
    """Named tuples that a source text defines: types of its own, if handed to a kernel."""
    tree = ast.parse(text)
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    own = [c.name for c in classes if any("NamedTuple" in ast.unparse(b) for b in c.bases)]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return own + [ast.unparse(c) for c in calls if ast.unparse(c.func).endswith("namedtuple")]


@pytest.mark.parametrize("path", sorted((ROOT / "tests").glob("*.py")), ids=lambda p: p.name)
def test_tests_hand_no_types_of_their_own_to_kernels(path: Path) -> None:
    """The disk cache of kernels would name the test's module, and nobody else could read it."""
    assert not find_own_tuples(path.read_text())


def test_the_search_for_named_tuples_finds_them() -> None:
    assert find_own_tuples("class A(NamedTuple):\n    a: int") == ["A"]
    assert find_own_tuples("class A(typing.NamedTuple):\n    a: int") == ["A"]
    assert find_own_tuples("B = collections.namedtuple('B', 'a')")


def test_decisions_are_listed() -> None:
    folder = ROOT / "docs" / "adr"
    listed = (folder / "README.md").read_text()
    decisions = sorted(folder.glob("[0-9]*.md"))
    assert len(decisions) >= 5
    for path in decisions:
        assert path.name in listed
        text = path.read_text()
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences"))
