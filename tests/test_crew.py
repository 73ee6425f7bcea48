"""Workers that die: no task is lost, none lived twice that was done, one that kills is found."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crewwork import wait_for, work
from trabecula.base.errors import InputError
from trabecula.study.crew import ATTEMPTS, Crew


def carry_out(crew, folder, manners):
    found = {}
    calls = [(str(folder), number, manner) for number, manner in enumerate(manners)]
    crew.carry_out(work, calls, lambda n, result, attempts: found.update({n: (result, attempts)}))
    tries = [len((folder / str(number)).read_text()) for number in range(len(manners))]
    return found, tries


def test_tasks_of_dead_workers_are_lived_again_and_a_killer_is_given_up(tmp_path):
    manners = ["", "dies once", "kills", "", "fails", ""]
    threads = os.environ.get("NUMBA_NUM_THREADS")
    found, tries = carry_out(Crew(2), tmp_path, manners)
    assert sorted(found) == [0, 1, 2, 3, 4, 5]
    assert [found[n][0] for n in (0, 1, 3, 5)] == [0, 10, 30, 50]
    assert found[1][1] >= 2
    assert isinstance(found[2][0], RuntimeError)
    assert found[2][1] == ATTEMPTS
    # a task that waited in a pool that broke has lost an attempt without being begun
    assert 1 <= tries[2] <= ATTEMPTS
    assert isinstance(found[4][0], ValueError)
    assert tries[4] == 1
    assert os.environ.get("NUMBA_NUM_THREADS") == threads


PARENT = """
import sys
from crewwork import work
from trabecula.study.crew import Crew
calls = [(sys.argv[1], 0, "rests"), (sys.argv[1], 1, "rests")]
Crew(2).carry_out(work, calls, print)
"""


def start(script, *words, **pipes):
    """Start a parent of workers, which finds what the tests find."""
    places = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    words = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.Popen(words, env=os.environ | {"PYTHONPATH": places}, **pipes)


def wait_for_marks(marks):
    """Wait until every worker has left its number, and say whether they all did."""
    return wait_for(lambda: all(m.is_file() and m.read_text().isdigit() for m in marks), 60)


ASKED = """
import sys
from crewwork import work
from trabecula.study.crew import Crew
calls = [(sys.argv[1], number, "keeps") for number in range(3)]
try:
    Crew(int(sys.argv[2])).carry_out(work, calls, lambda *told: print("told of", told[0]))
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_stops_a_crew_as_ctrl_c_does_and_its_runs_are_kept(tmp_path, workers):
    """What a batch system sends when it wants the machine back."""
    marks = [tmp_path / str(number) for number in range(workers)]
    pipe = subprocess.PIPE
    parent = start(ASKED, tmp_path, workers, stdout=pipe, stderr=pipe, text=True)
    try:
        assert wait_for_marks(marks)
        parent.terminate()
        out, err = parent.communicate(timeout=30)
    finally:
        parent.kill()
    assert [mark.read_text() for mark in marks] == ["kept"] * workers
    assert not (tmp_path / "2").exists()
    assert (out, err, parent.returncode) == ("stopped\n", "", 0)


def lives(pid):
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    parent = start(PARENT, tmp_path)
    marks = [tmp_path / "0", tmp_path / "1"]
    try:
        assert wait_for_marks(marks)
        workers = [int(m.read_text()) for m in marks]
        assert all(map(lives, workers))
    finally:
        parent.kill()
        parent.wait()
    ended = wait_for(lambda: not any(map(lives, workers)), 20)
    for pid in filter(lives, workers):
        os.kill(pid, signal.SIGKILL)
    assert ended


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0",
        host="127.0.0.1", memory_limit=0, silence_logs=50,
    ) as found:  # fmt: skip
        yield found


def test_a_cluster_lives_the_same_tasks_and_outlives_a_worker(tmp_path, cluster):
    crew = Crew(1, cluster.scheduler_address)
    assert crew.size == 2
    found, tries = carry_out(crew, tmp_path, ["", "dies once", "", "fails"])
    assert [found[n][0] for n in (0, 1, 2)] == [0, 10, 20]
    assert tries[1] == 2
    assert isinstance(found[3][0], ValueError)


def test_a_scheduler_that_is_not_there(monkeypatch):
    monkeypatch.setattr("trabecula.study.crew.PATIENCE", 0.5)
    with pytest.raises(
        InputError, match=r"--scheduler: found no Dask scheduler at tcp://127\.0\.0\.1:9"
    ):
        Crew(1, "tcp://127.0.0.1:9").carry_out(work, [("", 1, "")], print)
    with pytest.raises(InputError, match="--scheduler: found no Dask scheduler at nonsense"):
        Crew(1, "nonsense://x").carry_out(work, [("", 1, "")], print)


@pytest.mark.parametrize("scheme", ["tls", "wss", "ucx"])
def test_a_scheduler_that_cannot_be_spoken_to_is_told_of_as_one_that_is_not_there(scheme, capfd):
    """Without encryption set up, or without a library, Dask raises a TypeError."""
    address = f"{scheme}://127.0.0.1:9"
    with pytest.raises(InputError, match=f"--scheduler: found no Dask scheduler at {address}"):
        Crew(1, address).carry_out(work, [("", 1, "")], print)
    gc.collect()
    assert "Traceback" not in capfd.readouterr().err, "nor does a half-made client complain"


def test_a_scheduler_is_spoken_to_from_within_a_loop(cluster):
    """As a notebook has one."""

    async def ask():
        return Crew(1, cluster.scheduler_address).size

    assert asyncio.run(ask()) == 2
