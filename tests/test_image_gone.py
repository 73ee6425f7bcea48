"""A run whose image is gone: its bone is in its checkpoint, and nothing else wants the image."""

import numpy as np
import pytest
from typer.testing import CliRunner

from bones import make_mask
from trabecula.base.codes import Sides
from trabecula.base.errors import ConfigError
from trabecula.cli.main import app
from trabecula.config import load_config
from trabecula.records import SpecimenFile, write_specimen
from trabecula.runner.onset import begin_from

CONFIG = """
duration: 3 d
spin_up: 2 d
lattice: {specimen: bone.h5}
mechanics: {active: false}
patient: {sex: female, age: 50 y, stage: premenopausal}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of a specimen that was deleted after it."""
    folder = tmp_path_factory.mktemp("gone")
    fraction = make_mask((24, 24, 24)).astype(np.float32)
    made = SpecimenFile(fraction, 20.0, Sides.PERIODIC, (), "plates", {})
    write_specimen(folder / "bone.h5", made)
    (folder / "bone.yaml").write_text(CONFIG)
    call("run", folder / "bone.yaml", "--out", folder / "run")
    (folder / "bone.h5").unlink()
    return folder / "run"


def call(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_it_is_verified(run):
    assert "bone.h5" not in call("verify", run)


def test_it_goes_on(run):
    assert "lived 4 days" in call("resume", run, "--until", "4d")


def test_it_branches(run):
    place = run.with_name("branch")
    call(
        "branch",
        run,
        "--at",
        "4d",
        "--out",
        place,
        "--set",
        "hormones.levels.igf1=1.5",
        "duration=5d",
    )
    call("verify", place)


def test_its_levels_are_drawn(run):
    call("plot", run, "--hormones")


def test_it_begins_what_comes_later(run):
    config = load_config(
        run / "config.yaml", ["hormones.levels.igf1=1.5", "duration=1 d"], lived=True
    )
    assert begin_from(config, run, 4.0, run.with_name("later")).folder
    call("verify", run.with_name("later"))


def test_an_image_of_other_content_is_refused_where_it_is_read(run, tmp_path):
    text = (run / "config.yaml").read_text()
    (tmp_path / "bone.h5").write_bytes(b"another bone")
    (tmp_path / "c.yaml").write_text(text.replace(str(run.parent), str(tmp_path)))
    said = call("check", tmp_path / "c.yaml", code=2)
    line = 1 + next(n for n, words in enumerate(text.splitlines()) if "specimen_digest" in words)
    assert f"c.yaml:{line}:" in said
    assert "an image of other content" in said
    assert "remove specimen_digest" in said


def test_without_a_digest_the_image_is_asked_for(run, tmp_path):
    """As of runs of earlier versions."""
    lines = (run / "config.yaml").read_text().splitlines(keepends=True)
    (tmp_path / "c.yaml").write_text("".join(one for one in lines if "specimen_digest" not in one))
    with pytest.raises(ConfigError, match="no file"):
        load_config(tmp_path / "c.yaml", lived=True)


def test_a_digest_is_of_an_image(tmp_path):
    (tmp_path / "c.yaml").write_text("duration: 1 d\nlattice: {specimen_digest: abc}\n")
    with pytest.raises(ConfigError, match=r"only beside lattice\.specimen"):
        load_config(tmp_path / "c.yaml")


def test_what_has_no_bone_yet_needs_the_image(run):
    """Told with file, line and column; nothing is lived."""
    begun = run.with_name("begun")
    begun.mkdir()
    (begun / "config.yaml").write_bytes((run / "config.yaml").read_bytes())
    said = call("resume", begun, code=2)
    assert "config.yaml:" in said
    assert "no file" in said
    assert "lattice.specimen" in said
    assert not (begun / "results.h5").exists()
