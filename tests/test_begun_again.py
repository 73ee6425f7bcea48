"""A run begins in place of what the folder holds only if the same bits would come out."""

import numpy as np
import pytest

from test_runner import TINY, read_end
from trabecula.base.codes import Sides
from trabecula.config import load_config
from trabecula.records import SpecimenFile, write_specimen
from trabecula.runner import branch, resume, run
from trabecula.runner.onset import begin_from

SHORT = TINY.replace("spin_up: 100 d", "spin_up: 20 d").replace("settle: 100 d", "settle: 0 d")
SHORT = SHORT.replace("duration: 24 d", "duration: 8 d")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("again")
    (folder / "short.yaml").write_text(SHORT)
    return folder


@pytest.fixture(scope="module")
def cache(states):
    return states


@pytest.fixture(scope="module")
def parent(place, cache):
    return run(load_config(place / "short.yaml"), place / "parent", cache=cache).folder


def list_aside(folder):
    return sorted(path.name for path in folder.glob("earlier-*"))


def begin_again(folder, cache):
    return run(load_config(folder / "config.yaml"), folder, cache=cache)


def test_a_run_that_was_lengthened_begins_in_place(place, cache):
    folder = place / "longer"
    run(load_config(place / "short.yaml", ["duration=4 d"]), folder, cache=cache)
    resume(folder, until=8.0, cache=cache)
    begin_again(folder, cache)
    assert list_aside(folder) == []
    assert read_end(folder) == 8


def test_a_branch_is_not_replaced_by_a_run_of_its_configuration(place, parent, cache):
    out = place / "branch"
    branch(parent, 4.0, out, ["hormones.blockade.rankl=[[5,1]]"])
    resume(out, until=10.0, cache=cache)
    kept = (out / "results.h5").read_bytes()
    assert "earlier-1" in begin_again(out, cache).notes[0]
    assert (out / "earlier-1" / "results.h5").read_bytes() == kept
    begin_again(out, cache)
    assert list_aside(out) == ["earlier-1"], "what came after the branch is a run"


def test_a_run_whose_day_zero_is_a_later_one_is_not_replaced(place, parent, cache):
    out = place / "onset"
    begin_from(load_config(place / "short.yaml"), parent, 4.0, out)
    kept = (out / "results.h5").read_bytes()
    begin_again(out, cache)
    assert (out / "earlier-1" / "results.h5").read_bytes() == kept


def test_a_folder_without_a_log_may_be_a_branch(place, cache):
    folder = place / "logless"
    run(load_config(place / "short.yaml", ["duration=4 d"]), folder, cache=cache)
    (folder / "log.txt").unlink()
    begin_again(folder, cache)
    assert list_aside(folder) == ["earlier-1"]


@pytest.mark.parametrize("name", ["results.h5", "checkpoint.h5"])
def test_what_cannot_be_asked_is_not_replaced(place, cache, name):
    folder = place / f"without-{name}"
    run(load_config(place / "short.yaml", ["duration=4 d"]), folder, cache=cache)
    (folder / name).write_bytes(b"damaged")
    begin_again(folder, cache)
    assert (folder / "earlier-1" / name).read_bytes() == b"damaged"


def test_results_of_another_program_are_not_replaced(place, cache, monkeypatch):
    folder = place / "program"
    run(load_config(place / "short.yaml", ["duration=4 d"]), folder, cache=cache)
    kept = (folder / "results.h5").read_bytes()
    monkeypatch.setattr("trabecula.runner.folder.compute_code_digest", lambda: "another")
    begin_again(folder, cache)
    assert (folder / "earlier-1" / "results.h5").read_bytes() == kept


def test_results_of_another_specimen_of_one_name_are_not_replaced(place, cache):
    def write(thick):
        bone = np.zeros((24, 24, 24), np.float32)
        bone[:, 8 : 8 + thick] = 1.0
        write_specimen(
            place / "bone.h5", SpecimenFile(bone, 20.0, Sides.PERIODIC, (), "a plate", {})
        )

    text = SHORT.replace("shape: [24, 24, 24], bv_tv: 0.2, seed: 1", "specimen: bone.h5")
    (place / "imported.yaml").write_text(text)
    folder = place / "imported"
    write(6)
    asked = (place / "imported.yaml", ["duration=4 d"])
    run(load_config(*asked), folder, cache=cache)
    kept = (folder / "results.h5").read_bytes()
    begin_again(folder, cache)
    assert list_aside(folder) == [], "the same bone"
    write(7)
    run(load_config(*asked), folder, cache=cache)
    assert (folder / "earlier-1" / "results.h5").stat().st_size == len(kept)
    assert list_aside(folder) == ["earlier-1"]


def test_a_run_that_left_no_results_begins_in_place(place, cache):
    folder = place / "early"
    run(load_config(place / "short.yaml", ["duration=4 d"]), folder, cache=cache)
    for name in ("results.h5", "checkpoint.h5"):
        (folder / name).unlink()
    for path in (folder / "states").iterdir():
        path.unlink()
    (folder / "states").rmdir()
    begin_again(folder, cache)
    assert list_aside(folder) == []
