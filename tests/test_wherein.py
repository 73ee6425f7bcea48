"""Mistakes of an imported bone name their place in the configuration, in check and in run."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from trabecula.api import run
from trabecula.base.codes import Sides
from trabecula.base.errors import Problem, SpecimenError
from trabecula.cli.main import app
from trabecula.config import telling_places
from trabecula.model import memory
from trabecula.records import SpecimenFile, write_specimen
from trabecula.specimen import images
from trabecula.specimen.writers import write_image

HEAD, TAIL = "duration: 10 d\nlattice:\n", "spin_up: 0 d\nsettle: 0 d\n"


@pytest.fixture
def place(tmp_path):
    """An image of two values and one of three, a specimen file, a damaged one, and a script."""
    half = np.zeros((16, 16, 16), np.uint8)
    half[:8] = 1
    write_image(tmp_path / "two.mha", half, 20.0)
    write_image(tmp_path / "three.mha", half + half * (half.cumsum(0) > 4), 20.0)
    made = SpecimenFile(half.astype(np.float32), 20.0, Sides.MIRRORED, (), "half", {})
    write_specimen(tmp_path / "bone.h5", made)
    whole = (tmp_path / "bone.h5").read_bytes()
    (tmp_path / "torn.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "gen.py").write_text("print()\n")
    return tmp_path


def ask(command, place, lattice, *options):
    """Return what a command says of a lattice, after the name of its file."""
    path = place / "c.yaml"
    path.write_text(HEAD + "".join(f"  {line}\n" for line in lattice) + TAIL)
    asked = [command, str(path), *options]
    asked += ["--out", str(place / "run")] if command == "run" else []
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2, done.output
    assert not (place / "run").exists()
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("lattice", "where", "found"),
    [
        (["specimen: gen.py"], "3:13: lattice.specimen", "format '.py' ({}/gen.py)"),
        (
            ["specimen: three.mha"],
            "3:13: lattice.threshold",
            "no threshold for an image of 3 different values ({}/three.mha)",
        ),
        (
            ["specimen: two.mha", "threshold: 7"],
            "4:14: lattice.threshold",
            "bone is from grey value 7 on, which leaves nothing as bone ({}/two.mha)",
        ),
        (
            ["specimen: two.mha", "labels: [5]"],
            "4:11: lattice.labels",
            "labels [5] ({}/two.mha)",
        ),
        (
            ["specimen: two.mha", "crop: {origin: [0, 0, 0], size: [900, 9, 9]}"],
            "4:9: lattice.crop",
            "origin [0.0, 0.0, 0.0], size [900.0, 9.0, 9.0] um ({}/two.mha)",
        ),
        (
            ["specimen: bone.h5", "threshold: 0.5"],
            "4:14: lattice.threshold",
            "threshold: 0.5 beside a specimen file ({}/bone.h5)",
        ),
        (
            ["specimen: bone.h5", "crop: {origin: [0, 0, 0], size: [900, 9, 9]}"],
            "4:9: lattice.crop",
            "origin (0.0, 0.0, 0.0), size (900.0, 9.0, 9.0) um ({}/bone.h5)",
        ),
        (["specimen: torn.h5"], "3:13: lattice.specimen", "a file that cannot be read: {}/torn.h5"),
        (
            ["voxel: 20 um", "shape: [1024, 1024, 1024]"],
            "4:10: lattice.shape",
            "1024 x 1024 x 1024 voxels, which need 167 GB of memory; allowed: what",
        ),
        (
            ["specimen: two.mha", "crop: {origin: [0, 0, 0], size: [2e4, 2e4, 2e4]}"],
            "4:9: lattice.crop",
            "1000 x 1000 x 1000 voxels, which need ",
        ),
        (["tb_th: 400 um", "shape: [16, 16, 16]"], "3:10: lattice.tb_th", "400 um; allowed"),
    ],
)
def test_what_is_wrong_with_a_bone_is_told_at_its_place(
    place, command, lattice, where, found, monkeypatch
):
    monkeypatch.setattr(memory, "find_memory", lambda: 8e9)
    said = ask(command, place, lattice)
    mine = next(line for line in said.splitlines() if "found" in line)
    assert mine.startswith(f"{place}/c.yaml:{where}: found {found.format(place)}"), said
    assert "; allowed: " in mine


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("name", ["bone.h5", "two.mha"])
def test_a_bone_that_can_be_measured_here_may_be_too_large_to_live(
    place, command, name, monkeypatch
):
    """4096 voxels take 156 bytes each and their cells, and 88 to be measured."""
    monkeypatch.setattr(memory, "find_memory", lambda: 380e6 + 4096 * 150)
    monkeypatch.setattr(images, "find_memory", lambda: 380e6 + 4096 * 150)
    said = ask(command, place, [f"specimen: {name}"])
    assert f"{place}/c.yaml:3:13: lattice.specimen: found 16 x 16 x 16 voxels, which need" in said


@pytest.mark.parametrize("command", ["check", "run"])
def test_an_image_is_not_made_into_more_voxels_than_there_is_memory_for(
    place, command, monkeypatch
):
    monkeypatch.setattr(images, "find_memory", lambda: 380e6 + 32**3 * 88 - 1)
    said = ask(command, place, ["specimen: two.mha", "voxel: 10 um"])
    where = f"{place}/c.yaml:4:10: lattice.voxel: found 32 x 32 x 32 voxels of 10 um, which need"
    assert where in said
    assert f"({place}/two.mha)" in said


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_setting_of_the_command_line_is_its_own_place(place, command):
    said = ask(command, place, ["specimen: two.mha"], "--set", "lattice.threshold=7")
    assert said.startswith("--set lattice.threshold=7: lattice.threshold: found bone is from")


def test_python_names_the_place_too(place):
    (place / "c.yaml").write_text(f"{HEAD}  specimen: gen.py\n")
    with pytest.raises(SpecimenError, match=r"c\.yaml:3:13: lattice\.specimen: found format"):
        run(place / "c.yaml", place / "run")


def test_what_is_told_in_words_alone_stays_as_it_is():
    with pytest.raises(SpecimenError, match=r"^no bone$"), telling_places(Path("none.yaml")):
        raise SpecimenError("no bone")


def test_the_mistakes_of_a_bone_survive_the_way_from_a_worker():
    error = SpecimenError.of([Problem("a.mha", "crop", "a box", "another")])
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.problems) == (str(error), error.problems)
