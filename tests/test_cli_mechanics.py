"""`trabecula measure --mechanics`: a block of known stiffness, and every wrong option."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from trabecula.base.codes import Sides
from trabecula.base.errors import SpecimenError
from trabecula.cli.main import app
from trabecula.records import SpecimenFile, write_specimen
from trabecula.specimen.readers import load_image
from trabecula.specimen.writers import write_image

SHAPE = (10, 6, 8)
EDGE = 0.02


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def block(tmp_path_factory):
    """Solid bone of 10 x 6 x 8 voxels of 20 um, as a specimen file."""
    path = tmp_path_factory.mktemp("block") / "block.h5"
    solid = np.ones(SHAPE, np.float32)
    write_specimen(path, SpecimenFile(solid, 20.0, Sides.MIRRORED, (), "a block", {}))
    return path


def measure(block, *options):
    found = call("measure", block, "--mechanics", "--json", *options)
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize(("axis", "place"), [("z", 0), ("y", 1), ("x", 2)])
def test_a_block_is_as_stiff_as_modulus_times_area_over_length(block, axis, place):
    """A strut between sliding platens; 0.02 of strain gives E strain^2 / 2 everywhere."""
    found = measure(block, "--lateral", "free", "--axis", axis, "--modulus", 5000, "--strain", 0.02)
    area = np.prod(SHAPE) / SHAPE[place] * EDGE**2
    assert found["stiffness"] == pytest.approx(5000 * area / (SHAPE[place] * EDGE), rel=1e-5)
    assert found["apparent_modulus"] == pytest.approx(5000, rel=1e-5)
    assert found["sed_mean"] == pytest.approx(0.5 * 5000 * 0.02**2, rel=1e-5)
    assert found["pistoia_factor"] == pytest.approx(0.007 / 0.02, rel=1e-4)
    assert found["failure_load"] == pytest.approx(0.007 * 5000 * area, rel=1e-4)


CONFINED = 0.7 / (1.3 * 0.4)
"""Young's modulus is so much larger where nothing can bulge, at Poisson's ratio 0.3."""


@pytest.mark.parametrize("choice", [("--threshold", 0.5), ("--label", 1)])
@pytest.mark.parametrize("shape", [(20, 20, 20), (24, 6, 6), (4, 16, 16)], ids=str)
def test_an_image_of_nothing_but_bone_has_the_stiffness_of_the_textbook(tmp_path, choice, shape):
    """K = E A / L of a cube, a column and a plate of 20 um; with walls all round, of the confined."""
    write_image(tmp_path / "one.mha", np.ones(shape, np.uint8), 20.0)
    by_length = 10000 * shape[1] * shape[2] / shape[0] * EDGE
    free = measure(tmp_path / "one.mha", *choice, "--lateral", "free")
    assert free["stiffness"] == pytest.approx(by_length, rel=1e-5)
    assert free["sed_mean"] == pytest.approx(0.5, rel=1e-5)
    walls = measure(tmp_path / "one.mha", *choice, "--lateral", "mirrored")
    assert walls["stiffness"] == pytest.approx(by_length * CONFINED, rel=1e-5)
    glued = measure(tmp_path / "one.mha", *choice, "--lateral", "fixed")
    assert by_length * 1.001 < glued["stiffness"] < by_length * CONFINED


@pytest.mark.parametrize("sides", list(Sides))
def test_what_is_undefined_without_marrow_has_no_value(tmp_path, sides):
    path = tmp_path / "one.h5"
    solid = np.ones((8, 8, 8), np.float32)
    write_specimen(path, SpecimenFile(solid, 20.0, sides, (), "a block", {}))
    found = measure(path)
    assert (found["bv_tv"], found["bs_tv"], found["bs_bv"]) == (1, 0, 0)
    undefined = {"tb_th", "tb_sp", "tb_n", "conn_d"}
    undefined |= {f"{key}_imaged" for key in undefined} | {"da"}
    assert {key for key, value in found.items() if value is None} == undefined
    assert "undefined" in found["report"][-1]
    said = call("measure", path)
    assert "bone all through" in said.stdout
    assert said.stderr == ""
    rows = {line.split()[0]: line for line in said.stdout.splitlines()}
    assert " - " in rows["tb_th"]


def test_a_bone_with_marrow_is_not_said_to_be_bone_all_through(tmp_path):
    half = np.ones((8, 8, 8), np.float32)
    half[:4] = 0
    write_specimen(tmp_path / "h.h5", SpecimenFile(half, 20.0, Sides.MIRRORED, (), "half", {}))
    assert "bone all through" not in call("measure", tmp_path / "h.h5").stdout


def test_one_value_alone_does_not_say_that_it_is_bone(tmp_path):
    write_image(tmp_path / "one.mha", np.ones((8, 8, 8), np.uint8), 20.0)
    found = call("measure", tmp_path / "one.mha")
    assert found.exit_code == 2
    assert (
        "found no threshold for an image of one value (1); allowed: --threshold 1" in found.stderr
    )
    write_image(tmp_path / "none.mha", np.zeros((8, 8, 8), np.uint8), 20.0)
    for options in ((), ("--threshold", 0.5)):
        found = call("measure", tmp_path / "none.mha", *options)
        assert found.exit_code == 2
        assert "allowed: an image of two values at least" in found.stderr


def test_a_specimen_to_live_in_needs_marrow(tmp_path):
    write_image(tmp_path / "one.mha", np.ones((8, 8, 8), np.uint8), 20.0)
    for options in ((), ("--threshold", 0.5), ("--label", 1)):
        found = call("import", tmp_path / "one.mha", "--out", tmp_path / "one.h5", *options)
        assert found.exit_code == 2
        assert "allowed: an image of two values at least, bone and marrow" in found.stderr
    assert not (tmp_path / "one.h5").exists()


def test_glued_platens_hold_more_than_sliding_ones_and_less_than_walls(block):
    by_side = [measure(block, "--lateral", side) for side in ("free", "fixed", "mirrored")]
    free, fixed, mirrored = (found["apparent_modulus"] for found in by_side)
    assert free == pytest.approx(1e4, rel=1e-5)
    assert free < fixed < mirrored
    assert mirrored == pytest.approx(1e4 * 0.7 / (1.3 * 0.4), rel=1e-5)
    assert measure(block, "--poisson", 0)["apparent_modulus"] == pytest.approx(1e4, rel=1e-5)


def test_the_sign_of_the_strain_changes_nothing(block):
    assert measure(block, "--strain", "-0.02") == measure(block, "--strain", "0.02")


def test_strain_energy_is_saved_as_an_image(block, tmp_path):
    out = tmp_path / "sed.mha"
    measure(block, "--lateral", "free", "--sed", out)
    image = load_image(out)
    assert image.values == pytest.approx(np.full(SHAPE, 0.5), rel=1e-5)
    assert image.spacing == pytest.approx((20, 20, 20))
    assert [path.name for path in tmp_path.iterdir()] == ["sed.mha"]


@pytest.mark.parametrize("name", ["sed.mha", "sed.nrrd"])
def test_the_first_voxel_of_that_image_has_its_middle_at_half_a_voxel(block, tmp_path, name):
    """As have all files of a run, so that they lie on one another."""
    sitk = pytest.importorskip("SimpleITK")
    measure(block, "--lateral", "free", "--sed", tmp_path / name)
    origin = sitk.ReadImage(str(tmp_path / name)).GetOrigin()
    assert origin == pytest.approx((EDGE / 2,) * 3)


def test_the_table_names_what_it_measured(block, tmp_path):
    found = call("measure", block, "--mechanics", "--sed", tmp_path / "s.nrrd")
    assert "E.app" in found.stdout
    assert "N/mm" in found.stdout
    assert f"saved {tmp_path / 's.nrrd'}" in found.stdout


def test_bone_that_does_not_reach_the_platens_carries_nothing(tmp_path):
    lump = np.zeros((8, 8, 8), np.uint8)
    lump[2:6, 1:7, 1:7] = 1
    path = tmp_path / "lump.npy"
    np.save(path, lump)
    options = ("--spacing", "20 um", "--mechanics")
    assert json.loads(call("measure", path, *options, "--json").stdout)["stiffness"] == 0
    said = call("measure", path, *options).stdout
    assert "no bone reaches from platen to platen" in said


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--axis", "w", "z, y or x"),
        ("--lateral", "loose", "fixed, free, mirrored"),
        ("--strain", "0", "-0.5 .. 0.5 without 0"),
        ("--strain", "nan", "-0.5 .. 0.5 without 0"),
        ("--strain", "-0.6", "-0.5 .. 0.5 without 0"),
        ("--strain", "0.6", "-0.5 .. 0.5 without 0"),
        ("--modulus", "-1", "above 0 .. 1e6 MPa"),
        ("--poisson", "0.5", "0 .. 0.49"),
        ("--sed", "sed.txt", ".mha"),
        ("--sed", "absent/sed.mha", "a folder that exists"),
    ],
)
def test_a_wrong_option_is_refused_in_words(block, option, value, allowed):
    found = call("measure", block, "--mechanics", option, value)
    assert found.exit_code == 2
    assert option in found.stderr
    assert allowed in found.stderr
    assert "Traceback" not in found.stderr


def test_all_wrong_options_at_once(block):
    found = call("measure", block, "--mechanics", "--axis", "w", "--poisson", "2")
    assert found.exit_code == 2
    assert len(found.stderr.strip().splitlines()) == 2


@pytest.mark.parametrize("option", ["--axis=z", "--strain=0.01", "--sed=sed.mha"])
def test_options_of_the_test_need_the_test(block, option):
    found = call("measure", block, option)
    assert found.exit_code == 2
    assert "only with --mechanics" in found.stderr


def test_an_image_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "sed.mha").mkdir()
    with pytest.raises(SpecimenError, match="a place that can be written"):
        write_image(tmp_path / "sed.mha", np.ones((3, 3, 3)), 20.0)
    assert [path.name for path in tmp_path.iterdir()] == ["sed.mha"]
