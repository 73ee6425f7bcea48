"""Nothing that a command reads, that a run keeps, or that is not ours is written over."""

import numpy as np
import pytest
from typer.testing import CliRunner

from runfolders import make_folder
from small_run import write_run
from trabecula import open_run
from trabecula.base.errors import InputError, ResultsError, SpecimenError
from trabecula.base.files import RUN_FILES, replace_whole
from trabecula.base.outputs import check_output
from trabecula.cli.main import app
from trabecula.specimen.writers import is_written_here, write_image

PLATE = np.zeros((12, 12, 12), np.float32)
PLATE[:, 3:9] = 100.0


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refuse(words, *arguments):
    """The command ends with one message and status 2."""
    done = call(*arguments)
    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert "allowed: " in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "scan.mha"
    write_image(path, PLATE, 20.0)
    return path


def test_a_scan_is_not_replaced_by_what_is_measured_on_it(scan, tmp_path, monkeypatch):
    kept = scan.read_bytes()
    test = ("measure", scan, "--threshold", 50, "--mechanics", "--sed")
    refuse("scan.mha, which is what is read", *test, scan)
    monkeypatch.chdir(tmp_path)
    refuse("--sed: found scan.mha, which is what is read", *test, "scan.mha")
    assert scan.read_bytes() == kept
    assert call(*test, "sed.mha").exit_code == 0
    assert call(*test, "sed.mha").exit_code == 0, "an image of its own is replaced"


def write_foreign(path):
    """An image that another program made."""
    simple = pytest.importorskip("SimpleITK", reason="the extra imaging is not installed")
    simple.WriteImage(simple.GetImageFromArray(np.ones((4, 4, 4), np.float32)), str(path))


@pytest.mark.parametrize("ending", ["mha", "nrrd", "nii", "nii.gz"])
def test_no_image_takes_the_place_of_one_that_others_made(scan, tmp_path, ending):
    mine = tmp_path / f"mine.{ending}"
    write_foreign(mine)
    kept = mine.read_bytes()
    test = ("measure", scan, "--threshold", 50, "--mechanics", "--sed")
    refuse("which is there and not an image of this program", *test, mine)
    assert mine.read_bytes() == kept
    assert not is_written_here(tmp_path / "absent.mha")
    mine.write_bytes(b"no image at all")
    assert not is_written_here(mine)
    for _ in range(2):
        assert call(*test, tmp_path / f"ours.{ending}").exit_code == 0


def test_an_export_takes_the_place_of_no_image_that_others_made(tmp_path):
    folder = write_run(tmp_path / "run")
    mine = tmp_path / "mine.nrrd"
    write_foreign(mine)
    made = ("export", folder, "--to", "nrrd", "--out")
    refuse("which is there and not an image of this program", *made, mine)
    for _ in range(2):
        assert call(*made, tmp_path / "ours.nrrd").exit_code == 0


def test_a_page_takes_the_place_of_no_other_file(tmp_path):
    folder = make_folder(tmp_path / "run")
    kept = (folder / "results.h5").read_bytes()
    (tmp_path / "other.yaml").write_text("mine: 1")
    (tmp_path / "mine.html").write_text("<!doctype html><p>mine")
    refuse("a file ending in .html", "report", folder, "--out", folder / "results.h5")
    refuse("a file ending in .html", "report", folder, "--out", tmp_path / "other.yaml")
    refuse("and not a page of this program", "report", folder, "--out", tmp_path / "mine.html")
    (folder / "report.html").write_text("my own notes")
    refuse("and not a page of this program", "report", folder)
    assert (folder / "results.h5").read_bytes() == kept
    assert (tmp_path / "other.yaml").read_text() == "mine: 1"
    assert (tmp_path / "mine.html").read_text() == "<!doctype html><p>mine"
    assert (folder / "report.html").read_text() == "my own notes"
    (folder / "report.html").unlink()
    for _ in range(2):
        assert call("report", folder).exit_code == 0, "a page of its own is replaced"


def test_a_page_that_python_asks_for_takes_the_place_of_no_other_file(tmp_path):
    run = open_run(make_folder(tmp_path / "run"))
    (tmp_path / "mine.html").write_text("<p>mine")
    for name, words in (
        ("mine.html", "path: found .*not a page of this program"),
        ("run/results.h5", "path: found 'results.h5'; allowed: a file ending in .html"),
    ):
        with pytest.raises(InputError, match=words):
            run.report(tmp_path / name)
    assert (tmp_path / "mine.html").read_text() == "<p>mine"
    for _ in range(2):
        assert run.report(tmp_path / "page.html").is_file()


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_specimen_and_its_pictures_take_the_place_of_no_other_file(scan, tmp_path, ending):
    made = ("import", scan, "--threshold", 50, "--out")
    refuse("a file ending in .h5", *made, tmp_path / "spec.png")
    assert not (tmp_path / "spec.png").exists()
    mine = tmp_path / f"mine.{ending}"
    mine.write_text("mine")
    refuse(f"mine.{ending}, which is there and not the picture", *made, tmp_path / "mine.h5")
    assert mine.read_text() == "mine"
    assert not (tmp_path / "mine.h5").exists()
    for _ in range(2):
        assert call(*made, tmp_path / "bone.h5").exit_code == 0, "its own pictures are replaced"


def test_an_import_is_not_written_over_the_file_of_a_run(scan, tmp_path):
    folder = write_run(tmp_path / "run")
    made = ("import", scan, "--threshold", 50, "--out")
    refuse("which the run in that folder keeps", *made, folder / "checkpoint.h5")
    assert not (folder / "checkpoint.h5").exists()


def test_an_export_is_not_written_over_the_file_of_a_run(tmp_path):
    folder = write_run(tmp_path / "run")
    kept = (folder / "results.vtkhdf").read_bytes()
    made = ("export", folder, "--to", "vtkhdf", "--out")
    refuse("which the run in that folder keeps", *made, folder / "results.vtkhdf")
    assert (folder / "results.vtkhdf").read_bytes() == kept
    refuse("a file ending in .vtkhdf", *made, folder / "results.h5")
    assert call(*made, tmp_path / "results.vtkhdf").exit_code == 0, "no run lies there"


def test_every_file_of_a_run_is_its_own(tmp_path):
    (tmp_path / "config.yaml").write_text("")
    for name in RUN_FILES:
        with pytest.raises(InputError, match="keeps for itself"):
            check_output(tmp_path / name, ())
    check_output(tmp_path / "another.h5", ())


@pytest.fixture
def read_only(monkeypatch):
    def refuse(self, *_args, **_named):
        raise OSError(30, "Read-only file system", str(self))

    for name in ("unlink", "replace"):
        monkeypatch.setattr(f"pathlib.Path.{name}", refuse)


def test_a_read_only_file_system_is_said_to_be_one(tmp_path, read_only):
    """What cannot be removed either does not hide it."""
    with (
        pytest.raises(ResultsError, match=r"a\.png: the picture cannot be written: .*Read-only"),
        replace_whole(tmp_path / "a.png", "the picture"),
    ):
        pass
    with pytest.raises(SpecimenError, match=r"Read-only file system.*check space and permissions"):
        write_image(tmp_path / "a.mha", PLATE, 20.0)
