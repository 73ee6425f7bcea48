"""Compiled kernels are kept by the digest of their sources, whoever imported numba first."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from trabecula.kernels import compile as compile_module
from trabecula.kernels.compile import compute_source_digest, find_cache_folder


def shift_twice(prepare):
    @prepare
    @numba.njit
    def shift(x, step):
        return x + step

    @numba.njit
    def twice(x):
        return shift(shift(x, 1), 2)

    assert twice(4) == 7
    return getattr(shift, "signatures", None)


@pytest.mark.twin
def test_a_constant_in_a_call_makes_no_copy_of_its_own():
    found = shift_twice(compile_module._forget_constants)
    if numba.config.DISABLE_JIT:
        assert found is None
        return
    assert [str(kinds[1]) for kinds in found] == ["int64"]
    assert len(shift_twice(lambda compiled: compiled)) == 2, "numba by itself: one for 1, one for 2"


HIT = """
import sys
{first}
from trabecula.kernels.keyed import draw
draw(1, 2, 3, 4, 5)
print(draw.stats.cache_path)
"""


@pytest.mark.parametrize("first", ["", "import numba"])
def test_kernels_are_cached_below_the_digest(tmp_path, first):
    there = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DISABLE_JIT": "0"}
    done = subprocess.run(
        [sys.executable, "-c", HIT.format(first=first)],
        env=there, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(done.stdout.strip()).is_relative_to(tmp_path / compute_source_digest())


STRANGER = """
from typing import NamedTuple
import numpy as np
class Mine(NamedTuple):
    rankl_membrane: np.ndarray
    rankl_soluble: np.ndarray
"""

ASK = """
import numpy as np
from trabecula.kernels.ligands import {felt}occupancy
{more}
level = np.ones((2, 2, 2), np.float32)
print(occupancy({make}, 1.0, 0, 0, 0))
"""


def test_types_of_a_script_in_the_cache_are_no_obstacle_to_others(tmp_path):
    """A kernel that someone called with a tuple of his own is found, or compiled anew, by all others."""
    (tmp_path / "stranger.py").write_text(STRANGER)
    there = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_DISABLE_JIT": "0"}
    his = ASK.format(felt="", more="from stranger import Mine", make="Mine(level, level)")
    ours = ASK.format(felt="Felt, ", more="", make="Felt(level, level, level, level)")
    for script, path in ((his, str(tmp_path)), (ours, ""), (ours, "")):
        done = subprocess.run(
            [sys.executable, "-c", script], env={**there, "PYTHONPATH": path},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert float(done.stdout) == pytest.approx(2 / 3)


def test_a_child_uses_the_folder_of_its_parent(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    folder = find_cache_folder()
    assert folder == tmp_path / compute_source_digest()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    assert find_cache_folder() == folder


def test_the_digest_follows_every_kernel_source(monkeypatch, tmp_path):
    before = compute_source_digest()
    copied = tmp_path / "kernels"
    copied.mkdir()
    (tmp_path / "base").mkdir()
    here = Path(compile_module.__file__).parent
    for file in [*here.glob("*.py"), *(here.parent / "base").glob("*.py")]:
        place = tmp_path / file.parent.name / file.name
        place.write_bytes(file.read_bytes())
    monkeypatch.setattr(compile_module, "__file__", str(copied / "compile.py"))
    assert compute_source_digest() == before
    (copied / "space.py").write_text("# an edit in a helper\n")
    assert compute_source_digest() != before


def test_the_size_of_the_first_array_chooses_the_half(monkeypatch):
    monkeypatch.setattr(compile_module, "kernel", lambda _: lambda *args: ("serial", *args[1:]))
    monkeypatch.setattr(
        compile_module, "parallel_kernel", lambda _: lambda *args: ("parallel", *args[1:])
    )
    run = compile_module.sized_kernel(len)
    threshold = compile_module.PARALLEL_FROM
    assert run(np.zeros(threshold - 1, np.uint8), 7) == ("serial", 7)
    assert run(np.zeros((1, threshold), np.uint8), 7) == ("parallel", 7)
    monkeypatch.setattr(compile_module, "PARALLEL_FROM", 0)
    assert run(np.zeros(0)) == ("parallel",)


def test_a_compilation_is_told_when_it_begins_and_counted(monkeypatch, tmp_path):
    # nothing of an earlier run may be on disk
    monkeypatch.setattr(compile_module.numba.config, "CACHE_DIR", str(tmp_path))

    @compile_module.kernel
    def inner(x):
        return x + 1

    @compile_module.kernel
    def outer(x):
        return inner(x) * 2

    if not hasattr(outer, "py_func"):
        pytest.skip("the JIT is off")
    told = []
    with compile_module.watch_compilation(told.append):
        assert outer(1) == 4
        assert outer(2) == 6
    assert [c.name for c in told] == ["test_compile.outer", "test_compile.inner"]
    assert [c.done for c in told] == [0, 0]
    before = len(told)
    outer(1.5)  # nobody watches any more
    assert len(told) == before
