"""The folder of a trial: what an earlier configuration left in it, and others who write to it."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from test_trial import FAST, TRIAL, refuse
from trabecula.cli.main import app
from trabecula.runner.lock import lock_folder
from trabecula.study import Sampling, list_tasks, living, load_panel, trials
from trabecula.study.crew import Crew
from trabecula.study.living import OTHER_PROGRAM, REPLACED

OPTIONS = ["--bones", "2", "--edge", "20", "--settle", "5", "--jobs", "1"]


def call(file, out, *options):
    return CliRunner().invoke(
        app, ["trial", str(file), *FAST, *OPTIONS, "--out", str(out), *options]
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A trial of two bones that was lived to its end."""
    place = tmp_path_factory.mktemp("study")
    (place / "mine.yaml").write_text(TRIAL)
    result = call(place / "mine.yaml", place / "out")
    assert result.exit_code == 0, result.output
    return place


@pytest.fixture
def place(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "study")


def read_bones(place):
    (trial,) = json.loads((place / "out" / "verdicts.json").read_text())["trials"]
    return [end["bones"] for end in trial["endpoints"]]


# ------------------------------------------------------------------ what failed
def test_a_run_that_failed_is_not_judged_by_what_was_there_before(place, monkeypatch):
    """The second bone of an earlier configuration is whole; the one asked for today cannot be."""
    assert read_bones(place)[:2] == [2, 2]
    monkeypatch.setattr(trials, "make_arm_config", refuse(2))
    result = call(place / "mine.yaml", place / "out")
    assert result.exit_code == 0, result.output
    assert (place / "out" / "mine" / "usual" / "bone-2" / "results.h5").is_file()
    assert "usual/bone-2: failed" in result.output
    assert read_bones(place)[:2] == [1, 1]


# ------------------------------------------------------------------ who else writes
def list_files(folder):
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.name != ".lock"
    }


def test_a_run_that_another_process_writes_is_neither_cleared_nor_relabelled(place):
    """A worker of an earlier trial, say, whose results would pass for what is asked now."""
    folder = place / "out" / "mine" / "usual" / "bone-1"
    before = list_files(folder)
    with lock_folder(folder):
        result = call(place / "mine.yaml", place / "out", "--set", "cells.rules.fusion=off")
    assert result.exit_code == 0, result.output
    assert "usual/bone-1: failed: " in result.output
    assert "found another run writing to it" in result.output
    assert list_files(folder) == before
    assert read_bones(place)[0] == 1
    result = call(place / "mine.yaml", place / "out", "--set", "cells.rules.fusion=off")
    assert f"usual/bone-1: done: {REPLACED}" in result.output
    assert read_bones(place)[0] == 2


def test_a_run_stopped_before_its_first_checkpoint_is_begun_again_and_replaces_nobody(place):
    """Its baseline has been lived, and stands in its results; it is not another configuration's."""
    folder = place / "out" / "mine" / "usual" / "bone-1"
    whole = (folder / "results.h5").read_bytes()
    (folder / "checkpoint.h5").unlink()
    status = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps(status | {"state": "interrupted"}))
    (folder / "results.h5").write_bytes(whole[:100])
    result = call(place / "mine.yaml", place / "out")
    assert result.exit_code == 0, result.output
    assert "usual/bone-1: done (" in result.output
    assert len((folder / "results.h5").read_bytes()) > 100


@pytest.mark.parametrize("command", ["trial", "validate"])
def test_two_studies_in_one_folder_are_refused(place, command):
    out, file = place / "out", str(place / "mine.yaml")
    words = ["trial", file] if command == "trial" else ["validate", "--panel", file]
    before = list_files(out)
    with lock_folder(out):
        result = CliRunner().invoke(app, [*words, *FAST, "--bones", "1", "--out", str(out)])
    assert result.exit_code == 2
    assert f"{out}: found another run writing to it" in " ".join(result.output.split())
    assert list_files(out) == before


def test_a_worker_with_another_program_lives_nothing(tmp_path, monkeypatch):
    """Workers of a cluster may have another version; these processes have that on disk."""
    (tmp_path / "mine.yaml").write_text(TRIAL)
    panel, sampling = load_panel(tmp_path / "mine.yaml"), Sampling(1, 20, 5.0)
    monkeypatch.setattr(living, "compute_code_digest", lambda: "another")
    monkeypatch.setattr(living, "warm_kernels", lambda *_: None)
    outcomes = living.live_all(panel, list_tasks(panel, sampling), sampling, tmp_path, Crew(2))
    assert {(one.status, one.message) for one in outcomes} == {("failed", OTHER_PROGRAM)}
    assert not (tmp_path / "mine").exists()
