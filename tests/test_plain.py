"""A bone of 12 voxels' edge lives, whole, with the loops compiled or as plain Python.

``make coverage`` runs it with the JIT off, where the lines of kernels count.
"""

import json

import pytest
from typer.testing import CliRunner

from bones import write_gyroid
from test_runner import read_all
from trabecula.base.errors import InputError
from trabecula.cli.main import app
from trabecula.config import load_config
from trabecula.runner import branch, resume, run, verify_folder
from trabecula.runner.cache import StateCache
from trabecula.runner.firststate import make_first_state

EDGE = 12
BONE = """
name: plain
seed: 2
spin_up: 3 d
settle: 2 d
duration: 4 d
lattice: {specimen: bone.h5, voxel: 20 um}
hormones: {levels: {estradiol: [[0, 100], [1, 8]]}, doses: {denosumab: [[2, 60]]}}
cells: {parameters: {osteocyte.trigger: 1.0e-4, bone.young: 60}}
mechanics: {every: 3 d}
output: {every: 1 d, snapshots: 2 d, checkpoint: 1 d, costly: 4 d, states: 1 d}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    write_gyroid(folder / "bone.h5", EDGE)
    (folder / "bone.yaml").write_text(BONE)
    return folder


@pytest.fixture(scope="module")
def config(place):
    return load_config(place / "bone.yaml")


@pytest.fixture(scope="module")
def cache(place):
    return StateCache(place / "cache")


@pytest.fixture(scope="module")
def lived(place, config, cache):
    return run(config, place / "run", cache=cache)


@pytest.mark.plain
def test_a_tiny_bone_lives_and_its_ledgers_close(place, lived):
    assert lived.days == 4.0
    assert lived.bv_tv_end > 0.1
    assert [finding for finding in verify_folder(place / "run") if not finding.is_good] == []
    found = read_all(place / "run" / "results.h5")
    events = [name for name in found if str(name).startswith("events/")]
    assert events


@pytest.mark.plain
def test_a_tiny_bone_goes_on_as_if_it_had_not_stopped(place, lived, config, cache):
    longer = config.model_copy(update={"duration": 5.0})
    run(longer, place / "longer", cache=cache)
    (place / "run" / "results.vtkhdf").unlink()
    resume(place / "run", 5.0)
    assert (place / "run" / "results.vtkhdf").is_file(), "as verify promises"
    first, second = (read_all(place / name / "results.h5") for name in ("run", "longer"))
    assert {key: first[key] for key in first if "provenance" not in str(key)} == {
        key: second[key] for key in second if "provenance" not in str(key)
    }


@pytest.mark.plain
def test_a_tiny_bone_branches(place, lived):
    branch(
        place / "run", 2.0, place / "branch", ["hormones.blockade.rankl=[[2,1]]", "duration=3 d"]
    )
    assert (place / "branch" / "results.vtkhdf").is_file()
    assert [finding for finding in verify_folder(place / "branch") if not finding.is_good] == []
    with pytest.raises(InputError, match="before the end of the branch, day 1"):
        branch(place / "run", 2.0, place / "other", ["duration=1 d"])


@pytest.mark.plain
def test_the_commands_speak_of_a_tiny_bone(place, lived):
    for words in (["info"], ["verify", "--json"], ["plot"], ["export", "--to", "csv"]):
        done = CliRunner().invoke(app, [words[0], str(place / "run"), *words[1:]])
        assert done.exit_code == 0, (words, done.output)
    assert json.loads(CliRunner().invoke(app, ["info", str(place / "run"), "--json"]).stdout)


@pytest.mark.plain
def test_the_first_state_is_that_of_a_run(config, cache):
    state = make_first_state(config, True, cache=cache)
    assert state.grid.shape == (EDGE,) * 3
    assert state.clock.time <= 0.0
