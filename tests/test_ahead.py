"""A helper compiles from the end of a list what a first run wants; the list is what it wants."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numba
import pytest
from numba.core import event, types

from trabecula.kernels import ahead
from trabecula.kernels.ahead import AFTER, LIST, compile_ahead, find_kernel, read_type, write_type

ROOT = Path(__file__).parents[1]
PARTS = json.loads(LIST.read_text())


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled without the JIT")
@pytest.mark.parametrize("part", ["small", "large"])
def test_every_entry_names_a_kernel_and_types_that_come_back(part):
    assert len(PARTS[part]) > 50
    for name, words in PARTS[part]:
        assert hasattr(find_kernel(name), "py_func"), name
        assert [write_type(read_type(word)) for word in words] == words


def test_only_large_lattices_want_several_threads_of_the_fields():
    halves = {part: {name for name, _ in PARTS[part]} for part in PARTS}
    assert "stencil.relax_fine" in halves["small"]
    assert "stencil.relax_fine/parallel" in halves["large"]


def test_a_type_that_has_no_words_is_refused():
    with pytest.raises(ValueError, match="unicode_type; allowed: numbers, C-contiguous"):
        write_type(types.unicode_type)
    with pytest.raises(ValueError, match="float64, 2d, F"):
        write_type(types.Array(types.float64, 2, "F"))


def test_the_list_is_what_a_first_run_wants():
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "first_use.py"), "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (
        f"{done.stdout}{done.stderr}; run python benchmarks/first_use.py and commit the list"
    )


LOOK = """
import json, sys
from pathlib import Path
from trabecula.kernels.ahead import compile_backwards, find_kernel
print(compile_backwards("small", Path(sys.argv[1])))
found = find_kernel("dense.factorise")
print([found.stats.cache_misses != {}, bool(found.signatures)])
"""


def test_what_the_helper_compiled_lies_in_the_cache(tmp_path):
    wanted = [["dense.factorise", ["float64:2"]], ["dense.gone", []], ["dense.factorise", ["x:2"]]]
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"small": wanted}))
    there = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_DISABLE_JIT": "0"}
    said = [
        subprocess.run(
            [sys.executable, "-c", LOOK, str(path)],
            env=there, capture_output=True, text=True, check=True,
        ).stdout.splitlines()
        for _ in range(2)
    ]  # fmt: skip
    assert said[0] == ["1", "[True, True]"], "one of three entries fits a kernel"
    assert said[1] == ["1", "[False, True]"], "the second process found it compiled"


def compile_events(count):
    for _ in range(count):
        with event.trigger_event("numba:compile"):
            pass


@pytest.fixture
def started(monkeypatch):
    helpers = []
    begin = subprocess.Popen

    def note(command, **options):
        helpers.append(
            (command, begin([sys.executable, "-c", "import time; time.sleep(60)"], **options))
        )
        return helpers[-1][1]

    monkeypatch.setattr(ahead.subprocess, "Popen", note)
    monkeypatch.setattr(ahead, "count_cores", lambda: 2)
    return helpers


def test_a_helper_starts_with_an_empty_cache_only_and_ends_with_the_run(started):
    with compile_ahead(1000):
        compile_events(AFTER - 1)
        assert started == []
    with compile_ahead(1000):
        compile_events(AFTER + 5)
        ((command, helper),) = started
        assert command[-1] == "small"
        assert helper.poll() is None
    assert helper.poll() is not None
    with compile_ahead(10**9):
        compile_events(AFTER)
    assert started[-1][0][-1] == "large"


def fail_in_the_middle():
    with compile_ahead(1000):
        compile_events(AFTER)
        raise KeyboardInterrupt


def test_a_run_that_fails_leaves_no_helper(started):
    with pytest.raises(KeyboardInterrupt):
        fail_in_the_middle()
    assert started[0][1].poll() is not None


def test_one_core_has_no_helper(started, monkeypatch):
    monkeypatch.setattr(ahead, "count_cores", lambda: 1)
    with compile_ahead(1000):
        compile_events(AFTER + 5)
    assert started == []


def test_a_helper_dies_with_whoever_started_it():
    words = (
        "import threading, time; from trabecula.kernels.ahead import leave_with_parent; "
        "threading.Thread(target=leave_with_parent, daemon=True).start(); time.sleep(60)"
    )
    helper = subprocess.Popen([sys.executable, "-c", words], stdin=subprocess.PIPE)
    time.sleep(0.5)
    assert helper.poll() is None
    assert helper.stdin is not None
    helper.stdin.close()
    assert helper.wait(20) == 0


def test_a_worker_of_a_pool_and_a_machine_without_processes_compile_alone(started, monkeypatch):
    def refuse(*_, **__):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(ahead.multiprocessing, "parent_process", lambda: "a pool")
    with compile_ahead(1000):
        compile_events(AFTER + 5)
    assert started == []
    monkeypatch.setattr(ahead.multiprocessing, "parent_process", lambda: None)
    monkeypatch.setattr(ahead.subprocess, "Popen", refuse)
    with compile_ahead(1000):
        compile_events(AFTER + 5)
