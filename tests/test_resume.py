"""Runs that were stopped, killed or lengthened end as one run would have, dataset by dataset."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bones import flip_chunk
from test_runner import TINY, read_all
from trabecula.base.errors import InputError, ResultsError
from trabecula.cli.main import app
from trabecula.config import load_config
from trabecula.kernels.compile import get_max_threads
from trabecula.records import read_state
from trabecula.records.statusfile import read_status
from trabecula.runner import lock, progress, resume, run, stop, verify_folder
from trabecula.runner.lock import NAME, _is_at, lock_folder


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("resumed")


@pytest.fixture(scope="module")
def cache(states):
    return states


def write(place, text=TINY):
    (place / "tiny.yaml").write_text(text)
    return load_config(place / "tiny.yaml")


@pytest.fixture(scope="module")
def whole(place, cache):
    return read_all(run(write(place), place / "whole", cache=cache).folder / "results.h5")


@pytest.fixture
def eager(monkeypatch):
    monkeypatch.setattr(progress, "PAUSE", 0.0)


def ask_at(day):
    def report(now):
        if now.phase == "run" and now.time >= day:
            stop.ask()

    return report


def get_saved(folder):
    return read_state(folder / "checkpoint.h5")[1]["time"]


def get_status(folder):
    return json.loads((folder / "status.json").read_text())["state"]


@pytest.mark.parametrize("day", [1.0, 9.0, 13.0, 23.0])
def test_a_stopped_run_saves_and_goes_on_bit_by_bit(place, cache, whole, eager, day):
    folder = place / f"stopped-{day:g}"
    with pytest.raises(KeyboardInterrupt):
        run(write(place), folder, progress=ask_at(day), cache=cache)
    assert get_status(folder) == "interrupted"
    assert read_state(folder / "checkpoint.h5")[1]["time"] == day
    resume(folder, cache=cache)
    assert read_all(folder / "results.h5") == whole
    assert get_status(folder) == "done"
    assert not list(folder.glob(".*"))


def test_a_run_stopped_in_its_last_step_is_finished(place, cache, eager):
    """The signal comes after the last sample that was due, and before those that only an end takes."""
    odd = write(place, TINY.replace("duration: 24 d", "duration: 23 d"))
    whole = read_all(run(odd, place / "odd", cache=cache).folder / "results.h5")
    folder = place / "stopped-last"
    with pytest.raises(KeyboardInterrupt):
        run(odd, folder, progress=ask_at(23.0), cache=cache)
    assert get_saved(folder) == 23.0
    assert read_all(folder / "results.h5") != whole
    assert resume(folder, cache=cache).days == 23.0
    assert read_all(folder / "results.h5") == whole
    assert get_status(folder) == "done"
    with pytest.raises(InputError, match=r"a run that is finished \(23 d\); .*--until makes"):
        resume(folder, cache=cache)


def test_a_stopped_run_still_tells_how_far_it_came(place, cache, eager):
    folder = place / "far"
    with pytest.raises(KeyboardInterrupt):
        run(write(place), folder, progress=ask_at(9.0), cache=cache)
    status = json.loads((folder / "status.json").read_text())
    assert (status["state"], status["time"], status["until"]) == ("interrupted", 9.0, 24.0)
    assert 0.1 < status["bv_tv"] < 0.4
    (folder / "status.json").write_text("[")
    assert read_status(folder) == {}
    (folder / "status.json").unlink()
    assert read_status(folder) == {}


class Killed(BaseException):
    """What a power cut is to Python: nothing tidies up."""


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_run_killed_between_results_and_checkpoint_goes_on(
    place, cache, whole, monkeypatch, after
):
    """The published rows are then ahead of the checkpoint, and are written again."""
    folder, count = place / f"killed-{after}", [0]
    from trabecula.runner import recorder

    real = recorder.write_state

    def die(path, state, meta):
        if path.name == "checkpoint.h5":
            count[0] += 1
            if count[0] > after:
                raise Killed
        real(path, state, meta)

    monkeypatch.setattr(recorder, "write_state", die)
    monkeypatch.setattr("trabecula.runner.job.Job.end", lambda *_: None)
    with pytest.raises(Killed):
        run(write(place), folder, cache=cache)
    monkeypatch.undo()
    assert (folder / "checkpoint.h5").exists() == (after > 0)
    resume(folder, cache=cache)
    assert read_all(folder / "results.h5") == whole


def test_a_shorter_run_is_lengthened_to_the_same_file(place, cache, whole):
    """Day 15 lies on no interval of samples, snapshots or commits."""
    folder = place / "short"
    run(write(place, TINY.replace("duration: 24 d", "duration: 15 d")), folder, cache=cache)
    with pytest.raises(InputError, match=r"a run that is finished \(15 d\); .*--until makes"):
        resume(folder, cache=cache)
    with pytest.raises(InputError, match=r"come to day 15; allowed: an end after it; .*--until"):
        resume(folder, until=9.0, cache=cache)
    resume(folder, until=24.0, cache=cache)
    found = read_all(folder / "results.h5")
    assert found == whole


def test_a_run_of_part_of_a_step_is_finished_and_no_further(place, cache, eager):
    """A year is no whole number of days: the run ends on the nearest, and says what it is of."""
    part = write(place, TINY.replace("duration: 24 d", "duration: 3.75 d"))
    folder = place / "part"
    with pytest.raises(KeyboardInterrupt):
        run(part, folder, progress=ask_at(4.0), cache=cache)
    assert resume(folder, cache=cache).days == 4.0, "stopped in its last step"
    with pytest.raises(InputError, match=r"a run that is finished \(3\.75 d\)"):
        resume(folder, cache=cache)
    with pytest.raises(InputError, match=r"a run that is finished \(3\.75 d\)"):
        resume(folder, until=4.0, cache=cache)


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_run_that_cannot_go_on_keeps_its_configuration(place, cache, harm):
    folder = place / f"kept-{harm}"
    run(write(place, TINY.replace("duration: 24 d", "duration: 4 d")), folder, cache=cache)
    path = folder / "results.h5"
    if harm == "missing":
        path.unlink()
    else:
        flip_chunk(path, "snapshots/matrix")
    before = (folder / "config.yaml").read_text()
    with pytest.raises(ResultsError, match=r"no such file|/snapshots/matrix is damaged"):
        resume(folder, until=8.0, cache=cache)
    assert (folder / "config.yaml").read_text() == before
    assert not list(folder.glob(".*"))


def test_resuming_with_other_threads_changes_nothing(place, cache, whole, eager):
    if get_max_threads() < 2:
        pytest.skip("one thread only")
    folder = place / "threads"
    with pytest.raises(KeyboardInterrupt):
        run(write(place), folder, threads=1, progress=ask_at(11.0), cache=cache)
    resume(folder, threads=2, cache=cache)
    assert read_all(folder / "results.h5") == whole


def test_stopped_again_while_resumed(place, cache, whole, eager):
    folder = place / "twice"
    with pytest.raises(KeyboardInterrupt):
        run(write(place), folder, progress=ask_at(5.0), cache=cache)
    with pytest.raises(KeyboardInterrupt):
        resume(folder, progress=ask_at(14.0), cache=cache)
    resume(folder, cache=cache)
    assert read_all(folder / "results.h5") == whole


def test_a_changed_configuration_or_program_is_refused(place, cache, eager, monkeypatch):
    folder = place / "changed"
    with pytest.raises(KeyboardInterrupt):
        run(write(place), folder, progress=ask_at(5.0), cache=cache)
    before = (folder / "results.h5").read_bytes()
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace("seed: 3", "seed: 4"))
    with pytest.raises(InputError, match="another configuration"):
        resume(folder, cache=cache)
    (folder / "config.yaml").write_text(text)
    monkeypatch.setattr("trabecula.runner.continuation.compute_code_digest", lambda: "other")
    with pytest.raises(InputError, match="another version of the program"):
        resume(folder, cache=cache)
    assert (folder / "results.h5").read_bytes() == before


def test_a_damaged_results_file_is_not_built_upon(place, cache, eager):
    folder = place / "damaged"
    with pytest.raises(KeyboardInterrupt):
        run(write(place), folder, progress=ask_at(5.0), cache=cache)
    path = folder / "results.h5"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ResultsError, match="damaged"):
        resume(folder, cache=cache)


def test_a_new_run_forgets_the_checkpoint_of_an_old_one(place, cache, monkeypatch):
    folder = place / "again"
    run(write(place), folder, cache=cache)
    assert (folder / "checkpoint.h5").is_file()
    monkeypatch.setattr("trabecula.runner.spinup.SpinUp.make", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(write(place), folder, cache=cache)
    assert not (folder / "checkpoint.h5").exists()
    assert not list((folder / "states").glob("*.h5"))


def test_rubbish_of_a_killed_run_is_cleared(place, cache, eager):
    folder = place / "rubbish"
    with pytest.raises(KeyboardInterrupt):
        run(write(place), folder, progress=ask_at(5.0), cache=cache)
    assert {f.is_good for f in verify_folder(folder)} == {True}, (
        "stopped on day 5, sampled every 2 d"
    )
    (folder / ".tmp-99999999-results.h5").write_text("half a file")
    (folder / ".results.work.h5").write_text("what a kill -9 leaves, as large as results")
    rubbish = next(f for f in verify_folder(folder) if f.what == "rubbish")
    assert not rubbish.is_good
    assert ".tmp-99999999-results.h5, .results.work.h5 of a killed run" in rubbish.words
    with lock_folder(folder):
        assert next(f for f in verify_folder(folder) if f.what == "rubbish").is_good, "it lives"
    resume(folder, cache=cache)
    assert not list(folder.glob(".*"))


def test_two_writers_are_refused_and_a_stale_lock_is_not(tmp_path):
    with lock_folder(tmp_path) as note:
        assert note == ""
        with (
            pytest.raises(InputError, match=f"another run.*process {os.getpid()}"),
            lock_folder(tmp_path),
        ):
            pass
    assert not (tmp_path / NAME).exists()
    (tmp_path / NAME).write_text("process 99999 on elsewhere\n")
    with lock_folder(tmp_path) as note:
        assert "process 99999" in note
        with (tmp_path / NAME).open() as other, pytest.raises(OSError, match="unavailable"):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_lock_that_cannot_be_written_is_reported(tmp_path):
    with pytest.raises(ResultsError, match="cannot be locked"), lock_folder(tmp_path / "absent"):
        pass


def test_a_second_signal_interrupts_at_once():
    with stop.watch_signals():
        os.kill(os.getpid(), signal.SIGINT)
        deadline = time.monotonic() + 5
        while not stop.is_asked() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert stop.is_asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert not stop.is_asked()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_save_and_leave_with_status_130(place, caches, whole, number):
    folder = place / f"signal-{number}"
    environment = {**os.environ, "XDG_CACHE_HOME": str(caches)}
    (place / "long.yaml").write_text(TINY.replace("duration: 24 d", "duration: 2400 d"))
    command = [
        sys.executable,
        "-m",
        "trabecula",
        "run",
        str(place / "long.yaml"),
        "--out",
        str(folder),
    ]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 120
        while not (folder / "checkpoint.h5").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        patience = time.monotonic() + 3  # what is saved first is day 0, and a day is to be lived
        while get_saved(folder) == 0 and time.monotonic() < patience:
            time.sleep(0.1)
        child.send_signal(number)
        asked = time.monotonic()
        assert child.wait(timeout=30) == 130
    assert time.monotonic() - asked < 15
    assert get_status(folder) == "interrupted"
    assert 0 < get_saved(folder) < 2400


def test_the_command_resumes_and_refuses(place, cache, eager, monkeypatch):
    monkeypatch.setattr("trabecula.runner.continuation.StateCache", lambda: cache)
    folder = place / "command"
    with pytest.raises(KeyboardInterrupt):
        run(write(place), folder, progress=ask_at(5.0), cache=cache)
    invoke = CliRunner().invoke
    for until, found in (
        ("soon", "found 'soon'"),
        ("0 d", "found '0 d'"),
        ("3 d", "come to day 5"),
        ("150 y", "found day 54787.5; allowed: from one step (1 d) to 36525 d"),
    ):
        result = invoke(app, ["resume", str(folder), "--until", until])
        assert result.exit_code == 2, until
        assert found in result.output
    result = invoke(app, ["resume", str(folder)])
    assert result.exit_code == 0, result.output
    assert get_status(folder) == "done"
    result = invoke(app, ["resume", str(place)])
    assert result.exit_code == 2
    assert "no config.yaml" in result.output


def test_trimming_drops_rows_snapshots_and_cells(place, cache, whole):
    import h5py

    from trabecula.records.trim import trim_results

    source = place / "whole" / "results.h5"
    copy = place / "copy.h5"
    copy.write_bytes(Path(source).read_bytes())
    with h5py.File(copy, "r+") as file:
        trim_results(file, lambda t: t <= 4, lambda t: t <= 0)
        assert file["series/time"][-1] == 4
        assert len(file["series/bv_tv"]) == len(file["series/time"])
        assert list(file["snapshots/time"][...]) == [0.0]
        assert file["VTKHDF/Steps"].attrs["NSteps"] == 1
        cells = file["snapshots/cells/osteocytes"]
        assert len(cells["uid"]) == cells["count"][0]
        trim_results(file, lambda t: t < -1000, lambda t: False)
        assert len(file["series/time"]) == 0
        assert "cells" not in file["snapshots"]


def test_a_lock_that_its_holder_removed_in_between_is_taken_anew(tmp_path, monkeypatch):
    looked = []

    def look(handle, path):
        looked.append(path)
        return len(looked) > 1  # the first was removed between opening and holding it

    monkeypatch.setattr(lock, "_is_at", look)
    with lock_folder(tmp_path):
        assert len(looked) == 2
    with (tmp_path / NAME).open("w") as gone:
        (tmp_path / NAME).unlink()
        assert not _is_at(gone, tmp_path / NAME)


def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with pytest.raises(ResultsError, match="No locks available; runs need"), lock_folder(tmp_path):
        pass
