"""What stands in the way of what is to be written: one message and status 2, never a traceback."""

import numpy as np
import pytest
from typer.testing import CliRunner

import fitting
from bones import make_empty
from small_run import write_run
from test_results import HORMONES, METRICS, PROVENANCE
from trabecula.base.errors import ResultsError
from trabecula.cli.main import app
from trabecula.config import load_config
from trabecula.records import ResultsWriter, write_state
from trabecula.records.lines import append_line
from trabecula.records.results import WORKING
from trabecula.runner.digest import compute_code_digest, compute_resume_digest
from trabecula.runner.folder import RunFolder
from trabecula.runner.lock import lock_folder

CONFIG = "duration: 90 d\nspin_up: 0 d\nsettle: 0 d\nlattice: {shape: [24, 24, 24]}\n"
FAST = (
    "--bones", "1", "--edge", "16", "--set", "spin_up=20", "--set", "lattice.tb_th=100",
    "--set", "mechanics=off",
)  # fmt: skip
COMMANDS = {
    # everything that takes --out: its words before it, with the names of files below
    "run": ("run", "base.yaml"),
    "branch": ("branch", "run", "--at", "0 d"),
    "sweep": ("sweep", "sweep.yaml"),
    "trial": ("trial", "panel.yaml", "--only", "LOSS", *FAST),
    "validate": ("validate", "--panel", "panel.yaml", "--only", "LOSS", *FAST),
    "calibrate": ("calibrate", "fit_me.yaml"),
    "plot": ("plot", "run", "--what", "series"),
    "plot --hormones": ("plot", "own.yaml", "--hormones"),
}
FILES = {
    # the same for those that write a file: they get one below a file
    "import": ("x.h5", "import", "block.npy", "--spacing", "20"),
    "report": ("x.html", "report", "run"),
    "render": ("x.png", "render", "run", "--size", "40"),
    "movie": ("x.gif", "movie", "run", "--size", "40"),
    "section": ("x.png", "section", "run", "--size", "40"),
    "export csv": ("x.csv", "export", "run", "--to", "csv"),
    "export mha": ("x.mha", "export", "run", "--to", "mha"),
    "export stl": ("x.stl", "export", "run", "--to", "stl"),
    "export vtkhdf": ("x.vtkhdf", "export", "run", "--to", "vtkhdf"),
}
EXTRAS = {"calibrate": "optuna", "export mha": "SimpleITK", "export stl": "pyvista"}
DRAWN = ("render", "movie")


@pytest.fixture(autouse=True)
def skip_without_extra(request):
    """Leave out what cannot be asked on a machine without an extra, or without OpenGL."""
    call = getattr(request.node, "callspec", None)
    name = "" if call is None else call.params["name"]
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name], reason="an extra is not installed")
    if name in DRAWN:
        pytest.importorskip("pyvista", reason="the extra viz is not installed")
        from trabecula.viz.opengl import find_window

        if not find_window():
            pytest.skip("no OpenGL on this machine")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with every input that a command needs, and a run with a state to branch from."""
    place = tmp_path_factory.mktemp("obstacles")
    fitting.write(place)
    (place / "base.yaml").write_text(CONFIG)
    (place / "own.yaml").write_text(CONFIG + "patient: {stage: premenopausal}\n")
    (place / "sweep.yaml").write_text("config: base.yaml\nlist:\n  - {seed: 2}\n")
    np.save(
        place / "block.npy", np.pad(np.full((4, 8, 8), 200, np.uint8), ((0, 0), (4, 4), (4, 4)))
    )
    folder = write_run(place / "run")
    config = load_config(place / "base.yaml")
    (folder / "config.yaml").write_text(config.to_yaml())
    meta = {"code_digest": compute_code_digest(), "config_digest": compute_resume_digest(config)}
    write_state(folder / "checkpoint.h5", make_empty(), {**meta, "sampler": {}})
    return place


def refuse(place, monkeypatch, arguments, out):
    monkeypatch.chdir(place)
    done = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert done.exit_code == 2, (done.output, done.exception)
    assert isinstance(done.exception, SystemExit)
    assert "Traceback" not in done.output
    return done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_where_a_folder_is_to_be(place, monkeypatch, tmp_path, name):
    (tmp_path / "here").write_text("mine")
    said = refuse(place, monkeypatch, COMMANDS[name], tmp_path / "here")
    assert f"{tmp_path / 'here'}: " in said
    assert "cannot be" in said
    assert (tmp_path / "here").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_where_the_folder_of_a_file_is_to_be(place, monkeypatch, tmp_path, name):
    (tmp_path / "here").write_text("mine")
    own, *arguments = FILES[name]
    said = refuse(place, monkeypatch, arguments, tmp_path / "here" / own)
    assert str(tmp_path / "here") in said
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize("name", FILES)
def test_a_folder_where_a_file_is_to_be(place, monkeypatch, tmp_path, name):
    own, *arguments = FILES[name]
    (tmp_path / own / "inside").mkdir(parents=True)
    refuse(place, monkeypatch, arguments, tmp_path / own)
    assert (tmp_path / own / "inside").is_dir()


def test_what_a_run_folder_cannot_write_or_remove_is_said(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.log.mkdir()
    for work in (lambda: folder.add_log("a line"), folder.empty):
        with pytest.raises(ResultsError, match=r"log\.txt: cannot be written: .* check space"):
            work()
    for path, work in ((folder.name_state(3.0), folder.empty), (folder.checkpoint, folder.empty)):
        path.mkdir(parents=True)
        with pytest.raises(ResultsError, match=f"{path.name}: cannot be removed: .* --out"):
            work()
    for day in (6.0, 9.0):
        folder.name_state(day).mkdir()
    with pytest.raises(ResultsError, match="cannot be removed"):
        folder.drop_states(9.0, 2)


def test_a_working_file_that_cannot_be_begun_is_said(tmp_path):
    (tmp_path / WORKING).mkdir()
    with pytest.raises(ResultsError, match=r"cannot be written: .*check space and permissions"):
        ResultsWriter(tmp_path, make_empty().grid, METRICS, HORMONES, PROVENANCE)
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="the folder of the results cannot be made"):
        ResultsWriter(tmp_path / "file", make_empty().grid, METRICS, HORMONES, PROVENANCE)


def test_a_journal_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(ResultsError, match="cannot be written"):
        append_line(tmp_path, {"event": "begun"})


def test_a_lock_is_let_go_of_though_its_folder_went(tmp_path):
    (tmp_path / "run").mkdir()
    with lock_folder(tmp_path / "run"):
        (tmp_path / "run" / ".lock").unlink()
        (tmp_path / "run" / ".lock").mkdir()
