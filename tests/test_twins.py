"""Every kernel has a twin that is compared with it; the twins know no kernels; JIT on and off."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from trabecula.kernels.compile import get_max_threads, get_threads, prange, set_threads
from trabecula.kernels.keyed import draw, draw_bits, make_uid
from twins.registry import EXCEPTIONS, HELPERS, THROUGH, list_twins

TESTS = Path(__file__).parent
KERNELS = TESTS.parent / "src" / "trabecula" / "kernels"
TWIN_FILES = [
    *sorted((TESTS / "twins").glob("*.py")),
    *(path for path in sorted(TESTS.glob("*twins.py")) if not path.name.startswith("test_")),
]
KNOWN = {"numpy", "scipy", "twins", *sys.stdlib_module_names} - {"importlib"}
DECORATORS = {"kernel", "parallel_kernel", "sized_kernel", "make_sized"}


def find_foreign(source):
    """Imports of a twin file that are not of numpy, scipy, base, other twins or the library."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module or '.'}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"__import__", "exec"}:
            names = [node.func.id]
        found += [
            name
            for name in names
            if name.split(".")[0] not in KNOWN and not name.startswith("trabecula.base.")
        ]
    return found


@pytest.mark.parametrize("path", TWIN_FILES, ids=lambda p: p.stem)
def test_twins_know_nothing_of_kernels(path):
    assert find_foreign(path.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "import trabecula.kernels.keyed",
        "from trabecula.kernels import keyed",
        "from trabecula.kernels.keyed import draw as _draw",
        "from trabecula import kernels",
        "import trabecula",
        "from trabecula.cells import make_stages",
        "import numba",
        "def twin():\n    from trabecula.kernels.space import shift",
        "import importlib",
        "__import__('trabecula.kernels.keyed')",
    ],
)
def test_a_twin_that_knows_kernels_is_found(line):
    source = (TESTS / "twins" / "keyed.py").read_text()
    assert find_foreign(f"{source}\n{line}\n") != []


def name_decorator(decorator):
    """The name of a decorator, called with arguments or not."""
    return getattr(getattr(decorator, "func", decorator), "id", "")


def list_kernels(source):
    """Names of the public kernels of a file: decorated, or made by calling a decorator."""
    names = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            made = {name_decorator(d) for d in node.decorator_list} & DECORATORS
            names += [node.name] if made else []
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            made = getattr(node.value.func, "id", "") in DECORATORS
            names += [target.id for target in node.targets] if made else []
    return [name for name in names if not name.startswith("_")]


def all_kernels():
    return {
        f"{p.stem}.{name}" for p in KERNELS.glob("*.py") for name in list_kernels(p.read_text())
    }


def test_the_search_finds_every_kind_of_kernel():
    source = "@kernel\ndef one(): 1\n@parallel_kernel\ndef two(): 2\nthree = kernel(one)\n"
    source += "@kernel\ndef _private(): 4\ndef plain(): 5\n@sized_kernel\ndef six(): 6\n"
    source += "@make_sized(9)\ndef seven(): 7\n"
    assert list_kernels(source) == ["one", "two", "three", "six", "seven"]


def test_every_kernel_has_a_twin_or_a_reason():
    twins, held, pieces = set(list_twins()), set(EXCEPTIONS), set(HELPERS)
    assert len(twins) + len(held) + len(pieces) == len(twins | held | pieces)
    assert twins | held | pieces == all_kernels()
    assert all(len(reason) > 20 for reason in EXCEPTIONS.values())
    assert set(THROUGH) <= twins


@pytest.mark.parametrize(("piece", "whole"), HELPERS.items())
def test_a_piece_is_called_by_the_kernel_that_holds_it(piece, whole):
    file, name = whole.split(".")
    bodies = {
        node.name: {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        for node in ast.walk(ast.parse((KERNELS / f"{file}.py").read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert piece.split(".")[1] in bodies[name]
    assert whole in set(list_twins()) | set(EXCEPTIONS) | set(HELPERS)


def list_uses(function, helpers):
    """Names and dotted names in a function, and in the helpers of its file that it names."""
    nodes = list(ast.walk(function))
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    nodes += [node for name in named & set(helpers) for node in ast.walk(helpers[name])]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}


def list_compared(source):
    """Pairs (file.kernel, file.twin) that one test of a file marked `twin` names both."""
    tree = ast.parse(source)
    kernels, twins, pairs = {}, {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "trabecula.kernels."
        ):
            file = node.module.removeprefix("trabecula.kernels.")
            kernels |= {alias.asname or alias.name: f"{file}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            twins |= {
                alias.asname or alias.name: alias.name.removeprefix("twins.")
                for alias in node.names
                if alias.name.startswith("twins.")
            }
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name, function in functions.items():
        if "pytest.mark.twin" in source and name.startswith("test_"):
            uses = list_uses(function, functions)
            left = [kernels[use] for use in uses & set(kernels)]
            right = [
                f"{twins[module]}.{twin}"
                for module, _, twin in (use.rpartition(".") for use in uses)
                if module in twins
            ]
            pairs |= {(kernel, twin) for kernel in left for twin in right}
    return pairs


def test_every_twin_is_compared_with_its_kernel():
    files = [path for path in TESTS.glob("test_*.py") if path != Path(__file__)]
    pairs = set().union(*(list_compared(path.read_text()) for path in files))
    wanted = {(THROUGH.get(kernel, kernel), twin) for kernel, twin in list_twins().items()}
    assert wanted - pairs == set()


def test_a_comparison_counts_only_in_a_marked_test_that_names_both():
    source = "import twins.a\nfrom trabecula.kernels.a import f, g\n"
    source += "def run(): f(1)\ndef test_f(): run(twins.a.f)\ndef test_g(): g(1)\n"
    assert list_compared(source) == set()
    assert list_compared(source + "pytestmark = pytest.mark.twin\n") == {("a.f", "a.f")}


SHOW_DRAWS = """
from trabecula.kernels.keyed import draw, draw_bits, make_uid
print(*(int(draw_bits(7, 3, step, 2**63 + step, 65535 + step)) for step in range(20)))
print(*(float(draw(2**40 + 1, 17, 2**32 + step, step, 1)).hex() for step in range(20)))
print(*(int(make_uid(7, 4, voxel, 3, 2**50 + voxel)) for voxel in range(20)))
"""


def show_draws(disabled):
    environment = os.environ | {"NUMBA_DISABLE_JIT": disabled, "PYTHONWARNINGS": "error"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", SHOW_DRAWS]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_draws_have_equal_bits_with_the_jit_on_and_off():
    on, off = show_draws("0"), show_draws("1")
    assert len(set(on.split())) == 60
    assert on == off


@pytest.mark.twin
def test_draws_have_the_bits_written_here():
    """Literals, so that a run with the JIT on and one with it off are held to the same bits."""
    assert int(draw_bits(0, 0, 0, 0, 0)) == 0xE169C58D6627E8D5, "Random123's first known answer"
    assert int(draw_bits(1, 2, 3, 4, 5)) == 0xEAACCF9F09549EBC
    assert float(draw(1, 2, 3, 4, 5)).hex() == "0x1.d5599f3e12a93p-1"
    assert int(make_uid(1, 2, 3, 4, 5)) == 0xDC2C3131EC4E05BF


@pytest.mark.twin
def test_threads_and_loops_work_with_the_jit_on_and_off():
    """And the run that is meant to be without the JIT is."""
    disabled = os.environ.get("NUMBA_DISABLE_JIT", "0") == "1"
    assert hasattr(draw, "py_func") != disabled
    assert disabled == numba.config.DISABLE_JIT
    before = get_threads()
    set_threads(1)
    assert get_threads() == 1
    set_threads(before)
    assert 1 <= get_threads() <= get_max_threads()
    assert list(prange(3)) == [0, 1, 2]
