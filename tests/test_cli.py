"""The command line: what it prints, what it refuses, and with which status it ends."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import h5py
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from trabecula.base.errors import InputError, LedgerError
from trabecula.cli.app import Commands, advising_to_repeat, spread_lists
from trabecula.cli.main import app
from trabecula.cli.running import advising
from trabecula.cli.schema import find_unit
from trabecula.cli.start import start
from trabecula.cli.tables import print_table, to_plain, to_text
from trabecula.config.names import RULES

COMMANDS = (
    "run",
    "import",
    "measure",
    "check",
    "params",
    "schema",
    "plan",
    "info",
    "plot",
    "report",
)
CONFIG = "duration: 30 d\nlattice: {shape: [24, 24, 24]}\n"


def call(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(CONFIG)
    return path


def raise_in_command(error: BaseException):
    broken = typer.Typer(cls=Commands)

    @broken.command()
    def fail() -> None:
        raise error

    @broken.command()
    def other() -> None:
        pass

    return CliRunner().invoke(broken, ["fail"])


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (InputError("a.yaml:3:1: seed: found x"), 2, "a.yaml:3:1: seed: found x"),
        (LedgerError("matrix differs by 1"), 1, "LedgerError: matrix differs by 1"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_errors_become_a_message_and_a_status(error, status, text) -> None:
    result = raise_in_command(error)
    assert result.exit_code == status
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_an_error_that_is_not_ours_keeps_its_traceback() -> None:
    result = raise_in_command(ZeroDivisionError("a bug"))
    assert isinstance(result.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    "arguments",
    [("fly",), ("check",), ("check", "a.yaml", "--fast"), ("params", "--grade", "E")],
)
def test_wrong_usage_ends_with_2(arguments) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_help_names_every_command() -> None:
    result = call("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f" {name} " in result.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom trabecula.cli.main import app\n"
        "heavy = {'numba', 'mesa', 'h5py', 'pydantic', 'pint', 'matplotlib', 'SimpleITK', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_is_printed_without_numpy_and_rich() -> None:
    code = (
        "import sys\nfrom trabecula.cli.main import main\nsys.argv = ['trabecula', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "..." not in done.stdout.split("Commands:")[1], "the sentence of a command is cut"
    assert done.stdout.splitlines()[-1] == "[]"


def test_options_that_take_several_values_may_have_them_in_a_row(config: Path) -> None:
    row = ["run", "a.yaml", "--set", "step=2", "lattice.bv_tv=0.2", "--seed", "3", "b=1"]
    assert spread_lists(row) == [
        "run", "a.yaml", "--set", "step=2", "--set", "lattice.bv_tv=0.2", "--seed", "3", "b=1",
    ]  # fmt: skip
    for words in (["--set", "a=1", "b.yaml"], ["--set", "a=1", "d/e=f.yaml", "c=1"], ["--set"], []):
        assert spread_lists(["run", *words]) == ["run", *words], (
            "another file is none of its values"
        )
    asked = ["validate", "--only", "A", "B", "C", "--bones", "2"]
    assert spread_lists(asked)[1:7] == ["--only", "A", "--only", "B", "--only", "C"]
    assert spread_lists(["trial", "--only", "A", "file.yaml"]) == [
        "trial",
        "--only",
        "A",
        "file.yaml",
    ]
    shown = call("check", config, "--set", "duration=2 y", "lattice.bv_tv=0.21", "--json")
    told = json.loads(shown.stdout)
    assert "0.21" in json.dumps(told)
    wrong = call("validate", "--only", "CAL-01", "NONE-1", "--dry-run")
    assert wrong.exit_code == 2
    assert "NONE-1" in wrong.stderr


def test_who_interrupts_a_study_is_told_how_it_goes_on(capsys) -> None:
    with pytest.raises(KeyboardInterrupt), advising_to_repeat():
        raise KeyboardInterrupt
    assert "the same command goes on" in capsys.readouterr().err
    with advising_to_repeat():
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("word", ["", " "])
def test_an_empty_place_is_refused(config: Path, word: str) -> None:
    refused = call("run", config, "--out", word)
    assert refused.exit_code == 2
    assert refused.stderr == "--out: found an empty word; allowed: a path\n"


def test_ctrl_c_amid_the_imports_ends_as_it_does_later() -> None:
    code = (
        "import sys, builtins, importlib.abc\n"
        "class Struck(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'trabecula.cli.main': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Struck())\n"
        "from trabecula.cli.start import start\nstart()\n"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "trabecula: interrupted\n"


def test_the_command_begins_where_ctrl_c_is_awaited() -> None:
    (script,) = entry_points(group="console_scripts", name="trabecula")
    assert script.load() is start


def test_check_lists_every_mistake_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("duration: 3 parsecs\nlattice:\n  voxle: 20 um\nseed: many\n")
    result = call("check", path)
    assert result.exit_code == 2
    assert f"{path}:1:" in result.stderr
    assert f"{path}:3:3" in result.stderr
    assert "voxel" in result.stderr
    assert f"{path}:4:" in result.stderr
    assert "Traceback" not in result.stderr


def test_check_of_a_missing_file_says_so(tmp_path: Path) -> None:
    result = call("check", tmp_path / "absent.yaml")
    assert result.exit_code == 2
    assert "absent.yaml" in result.stderr


def test_check_prints_units_and_costs(config: Path) -> None:
    result = call("check", config)
    assert result.exit_code == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["lattice.voxel", "20", "um"] in lines
    assert ["duration", "30", "d"] in lines
    assert ["patient.age", "35", "y"] in lines
    assert "core-minutes" in result.stdout


def test_check_takes_settings_and_prints_json(config: Path) -> None:
    result = call("check", config, "--set", "lattice.voxel=40 um", "--json")
    found = json.loads(result.stdout)
    assert found["config"]["lattice"]["voxel"] == 40.0
    assert found["estimate"]["volume"] == pytest.approx((24 * 0.04) ** 3)
    wrong = call("check", config, "--set", "lattice.voxel=40 kg")
    assert wrong.exit_code == 2
    assert "--set lattice.voxel=40 kg" in wrong.stderr


def test_params_filters_by_text_and_grade() -> None:
    everything = json.loads(call("params", "--json").stdout)
    assumed = json.loads(call("params", "--grade", "d", "--json").stdout)
    assert 0 < len(assumed) < len(everything)
    assert {row["grade"] for row in assumed} == {"D"}
    assert all(row["low"] <= row["value"] <= row["high"] for row in everything)
    cells = json.loads(call("params", "osteoclast", "--json").stdout)
    assert 0 < len(cells) < len(everything)
    table = call("params", "osteoclast").stdout
    assert all(row["key"] in table for row in cells)
    assert f"{len(cells)} parameters" in table


def test_params_that_finds_nothing_says_so() -> None:
    found = call("params", "osteoclst", "--grade", "D")
    assert found.exit_code == 0
    said = "no parameter of grade D has 'osteoclst' in its key or source; did you mean osteoclast?"
    assert found.stdout.strip() == said
    assert "`trabecula params` lists all" in call("params", "zzzz").stdout
    assert json.loads(call("params", "zzzz", "--json").stdout) == []


def test_schema_is_a_json_schema() -> None:
    found = json.loads(call("schema").stdout)
    assert found["$schema"].startswith("https://json-schema.org/")
    assert found["properties"]["duration"]


def test_schema_takes_the_option_of_all_that_print() -> None:
    plain, asked = call("schema"), call("schema", "--json")
    assert (plain.exit_code, asked.exit_code) == (0, 0)
    assert asked.stdout == plain.stdout


def test_units_are_found_in_the_schema() -> None:
    schema = json.loads(call("schema").stdout)
    assert find_unit(schema, ("lattice", "voxel")) == "um"
    assert find_unit(schema, ("hormones", "levels", "estradiol")) == "pg/mL"
    assert find_unit(schema, ("hormones", "doses", "denosumab")) == "mg"
    assert find_unit(schema, ("name",)) == ""


def test_plan_lists_the_stages_in_order(config: Path) -> None:
    rows = json.loads(call("plan", config, "--json").stdout)
    names = [row["stage"] for row in rows]
    assert names.index("signals") < names.index("fields") < names.index("resorption")
    assert names.index("resorption") < names.index("ledgers")
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    switches = [rule for row in rows for rule in row["switches"]]
    assert set(RULES) <= set(switches), (
        "every rule stands at the stage that it takes out, or changes"
    )
    without = json.loads(
        call("plan", config, "--set", "cells.rules.mineralisation=off", "--json").stdout
    )
    assert "mineralisation" in names
    assert "mineralisation" not in [row["stage"] for row in without]


def test_plan_without_a_configuration_is_that_of_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("duration: 9 d\n")
    assert call("plan").stdout == call("plan", tmp_path / "c.yaml").stdout
    without = call("plan", "--set", "mechanics=off", "--json").stdout
    assert len(json.loads(without)) < len(json.loads(call("plan", "--json").stdout))
    wrong = call("plan", "--set", "stepp=2 d")
    assert wrong.exit_code == 2
    assert "--set stepp=2 d: stepp: found unknown key 'stepp'" in wrong.stderr


@pytest.mark.parametrize("seed", [34, 1])
def test_plan_needs_no_cell_of_any_kind(config: Path, seed: int) -> None:
    """The small bone on which it is built has no precursor at some seeds, most of all on fine voxels."""
    fine = ("--set", "lattice.voxel=10", "--set", f"seed={seed}")
    assert json.loads(call("plan", config, *fine, "--json").stdout)


def test_threads_beyond_the_cores_are_refused(config: Path, tmp_path: Path) -> None:
    result = call("run", config, "--threads", 4096, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "--threads: found 4096" in result.stderr


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    """The folder of a run of 30 days, made by the command itself in a process of its own."""
    folder = tmp_path_factory.mktemp("run")
    path = folder / "small.yaml"
    path.write_text(CONFIG + "spin_up: 0 d\nsettle: 0 d\noutput: {snapshots: 10 d, costly: 10 d}\n")
    command = [sys.executable, "-m", "trabecula", "run", str(path), "--out", str(folder / "out")]
    command += [
        "--seed",
        "7",
        "--threads",
        "1",
        "--set",
        "hormones.levels.estradiol=[[0,100],[9,5]]",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "The bone lived 30 days." in done.stdout
    assert "Estradiol: 100 to 5 pg/mL." in done.stdout
    assert re.search(r"on day 0 \(\+0\.0000; asked for day 0: 0\.\d+\)", done.stdout)
    return folder / "out"


def test_run_writes_the_folder_of_the_contract(run_folder: Path) -> None:
    names = {path.name for path in run_folder.iterdir()}
    wanted = {"results.h5", "results.vtkhdf", "config.yaml", "status.json", "log.txt"}
    assert wanted | {"checkpoint.h5"} <= names
    assert "seed: 7" in (run_folder / "config.yaml").read_text()


def test_info_says_what_a_run_holds(run_folder: Path) -> None:
    found = json.loads(call("info", run_folder, "--json").stdout)
    assert found["kind"] == "results"
    assert found["seed"] == 7
    assert found["snapshots"] == 4
    assert "The bone lived 30 days." in found["outcome"]
    text = call("info", run_folder / "results.h5").stdout
    assert "series" in text
    assert "The bone lived 30 days." in text
    state = json.loads(call("info", run_folder / "checkpoint.h5", "--json").stdout)
    assert state["kind"] == "state"
    assert state["shape"] == "24 x 24 x 24"
    assert len(state["sampler"]["history"]) > 20
    text = call("info", run_folder / "checkpoint.h5").stdout
    assert "baseline, history (--json lists them)" in text
    assert len(text) < 2500, "no row of the ledgers"


def test_info_of_a_run_without_results_says_how_it_stands(tmp_path: Path) -> None:
    status = {"state": "interrupted", "name": "tiny", "phase": "spin-up", "day": -400.0}
    (tmp_path / "status.json").write_text(json.dumps(status))
    found = json.loads(call("info", tmp_path, "--json").stdout)
    assert {key: found[key] for key in status} == status
    assert found["goes on with"] == f"trabecula resume {tmp_path}"
    assert "process" not in found
    text = call("info", tmp_path).stdout
    assert "no results yet" in text
    assert "spin-up" in text
    assert "-400" in text
    assert f"`trabecula resume {tmp_path}` goes on" in text


@pytest.mark.parametrize("is_alive", [True, False])
def test_info_knows_whether_a_running_run_still_lives(tmp_path: Path, is_alive: bool) -> None:
    from contextlib import nullcontext

    from trabecula.runner.lock import lock_folder

    (tmp_path / "status.json").write_text('{"state": "running", "phase": "spin-up"}')
    with lock_folder(tmp_path) if is_alive else nullcontext():
        found = json.loads(call("info", tmp_path, "--json").stdout)
    assert found["state"] == "running"
    assert found.get("process") == (None if is_alive else "none")
    assert ("goes on with" in found) is not is_alive
    assert any("it was killed" in line for line in found["outcome"]) is not is_alive


def test_info_of_a_killed_run_with_results_says_so(run_folder: Path, tmp_path: Path) -> None:
    for name in ("results.h5", "config.yaml"):
        shutil.copy(run_folder / name, tmp_path / name)
    (tmp_path / "status.json").write_text('{"state": "running", "time": 20.0}')
    found = json.loads(call("info", tmp_path, "--json").stdout)
    assert (found["kind"], found["process"]) == ("results", "none")
    assert "it was killed" in found["outcome"][-2]
    assert "goes on with" not in json.loads(call("info", run_folder, "--json").stdout)


def test_info_of_an_empty_folder_or_a_damaged_status_is_refused(tmp_path: Path) -> None:
    assert "holds no results.h5" in call("info", tmp_path).stderr
    (tmp_path / "status.json").write_text("{")
    result = call("info", tmp_path)
    assert result.exit_code == 2
    assert "damaged" in result.stderr


def test_plot_saves_figures_that_hold_something(run_folder: Path) -> None:
    result = call("plot", run_folder)
    assert result.exit_code == 0, result.stderr
    for name in ("series", "lattice"):
        for ending in ("png", "svg"):
            path = run_folder / "figures" / f"{name}.{ending}"
            assert str(path) in result.stdout
            assert path.stat().st_size > 5000


@pytest.mark.parametrize("command", ["info", "plot"])
def test_a_folder_without_results_is_refused(command: str, tmp_path: Path) -> None:
    result = call(command, tmp_path)
    assert result.exit_code == 2
    assert "results.h5" in result.stderr
    other = tmp_path / "other.txt"
    other.write_text("not HDF5")
    wrong = call("info", other)
    assert wrong.exit_code == 2
    assert "another kind of file" in wrong.stderr


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_status_is_named(run_folder: Path, tmp_path: Path, text: str) -> None:
    for name in ("results.h5", "status.json"):
        (tmp_path / name).write_bytes((run_folder / name).read_bytes())
    (tmp_path / "status.json").write_text(text)
    result = call("info", tmp_path)
    assert result.exit_code == 2
    assert "status.json: damaged" in result.stderr


def test_an_interrupted_run_ends_with_130(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("duration: 90 y\nspin_up: 0 d\nsettle: 0 d\nlattice: {shape: [24, 24, 24]}\n")
    # tests that run in the background have the signal ignored, and children inherit that
    start = "import signal, runpy; signal.signal(signal.SIGINT, signal.default_int_handler); "
    start += "runpy.run_module('trabecula', run_name='__main__')"
    command = [sys.executable, "-c", start, "run", str(path), "--out", str(tmp_path / "out")]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors


def test_who_interrupts_a_run_is_told_how_it_goes_on(tmp_path: Path, capsys) -> None:
    for there in (False, True):
        if there:
            (tmp_path / "config.yaml").write_text("")
        with pytest.raises(KeyboardInterrupt), advising(tmp_path):
            raise KeyboardInterrupt
        assert (f"trabecula resume {tmp_path}" in capsys.readouterr().err) is there


def test_the_version_is_told() -> None:
    from importlib.metadata import version

    result = call("--version")
    assert (result.exit_code, result.output) == (0, f"trabecula {version('trabecula')}\n")


def test_brackets_in_a_table_are_no_markup(capsys) -> None:
    print_table("[red]", ("[bold]",), [("[[day, value], ...]",), ("[none]",)])
    assert capsys.readouterr().out.split("\n")[:4] == [
        "[red]",
        "[bold]",
        "[[day, value], ...]",
        "[none]",
    ]


@pytest.fixture
def block(tmp_path: Path) -> Path:
    """An image of a block of bone, 12 x 20 x 20 voxels, BV/TV exactly 1/4."""
    image = np.zeros((12, 20, 20), np.uint8)
    image[:, 5:15, 5:15] = 200
    path = tmp_path / "block.npy"
    np.save(path, image)
    return path


def test_numbers_that_are_none_become_null_and_dashes() -> None:
    assert to_plain({"a": [float("nan"), np.float64(2.0)], "b": np.arange(2)}) == {
        "a": [None, 2.0],
        "b": [0, 1],
    }
    assert to_text(float("nan")) == "-"
    assert to_text([1.0, 2.5]) == "1 .. 2.5"
    assert to_text(True) == "yes"


def test_info_of_a_state_counts_cells(tmp_path: Path) -> None:
    from trabecula.base.codes import Sides
    from trabecula.config import load_parameters
    from trabecula.model.genesis import make_state
    from trabecula.records import write_state
    from trabecula.state import Signals

    slab = np.zeros((6, 8, 10), np.float32)
    slab[:3] = 1.0
    state = make_state(slab, 20.0, Sides.PERIODIC, 1, 1.0, load_parameters(), Signals())
    write_state(tmp_path / "state.h5", state, {"digest": "abc"})
    found = json.loads(call("info", tmp_path / "state.h5", "--json").stdout)
    assert found["osteocytes"] == state.cells.osteocytes.count > 0
    assert found["shape"] == "6 x 8 x 10"
    assert found["digest"] == "abc"


def test_import_writes_a_specimen_with_picture_and_says_what_it_did(block: Path) -> None:
    out = block.parent / "block.h5"
    result = call(
        "import", block, "--voxel", "20 um", "--crop", "0um,0,0 mm,240,400,400 um", "--out", out
    )
    assert result.exit_code == 0, result.stderr
    assert "voxel size 20 x 20 x 20 um as given" in result.stdout
    assert "BV/TV 0.25000" in result.stdout
    assert "Tb.Th" in result.stdout
    assert (block.parent / "block.png").stat().st_size > 5000
    found = json.loads(call("info", out, "--json").stdout)
    assert found["kind"] == "specimen"
    assert found["shape"] == "12 x 20 x 20"
    assert found["bv_tv"] == pytest.approx(0.25, abs=1e-6)
    measured = json.loads(call("measure", out, "--json").stdout)
    *report, box = measured.pop("report")
    assert (report, box.startswith("the box (240 um at")) == (found["outcome"], True)
    assert measured == pytest.approx({key: found[key] for key in measured}, nan_ok=True)


def test_import_replaces_specimens_alone_and_says_so(block: Path) -> None:
    kept = block.read_bytes()
    refused = call("import", block, "--spacing", "20", "--out", block)
    assert refused.exit_code == 2
    assert f"found {block.name!r}; allowed: a file ending in .h5" in refused.stderr
    assert block.read_bytes() == kept
    other = block.parent / "other.h5"
    other.write_text("mine")
    refused = call("import", block, "--spacing", "20", "--out", other)
    assert refused.exit_code == 2
    assert f"found {other}, which is there and no specimen; allowed: a new file" in refused.stderr
    assert other.read_text() == "mine"
    again = block.parent / "twice.h5"
    first = call("import", block, "--spacing", "20", "--out", again)
    second = call("import", block, "--spacing", "20", "--out", again)
    assert "in place of" not in first.stdout
    assert f"in place of the specimen of {block.name}" in second.stdout
    with h5py.File(again, "r+") as file:
        del file["fraction"]
    third = call("import", block, "--spacing", "20", "--out", again)
    assert "in place of a damaged specimen" in third.stdout
    assert call("measure", again).exit_code == 0


def test_measure_of_an_image_and_of_its_specimen_agree(block: Path) -> None:
    out = block.parent / "same.h5"
    assert call("import", block, "--spacing", "20", "--out", out).exit_code == 0
    image = json.loads(call("measure", block, "--spacing", "0.02 mm", "--json").stdout)
    specimen = json.loads(call("measure", out, "--json").stdout)
    assert image.pop("report") == specimen.pop("report")
    assert image == pytest.approx(specimen, nan_ok=True)
    assert set(image) >= {"bv_tv", "bs_tv", "bs_bv", "tb_th", "tb_sp", "tb_n", "conn_d", "da"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ((), "voxel size"),
        (("--voxel", "20 kg"), "--voxel: found '20 kg'"),
        (("--voxel", "-3"), "--voxel: found -3"),
        (("--spacing", "20", "--crop", "1,2,3"), "--crop: found 3 in '1,2,3'"),
        (("--spacing", "20", "--crop", "-1um,0,0,9,9,9"), "found -1um; allowed: a length of 0 or"),
        (("--spacing", "20", "--crop", "0,0,0,0,9,9"), "found 0; allowed: a length above 0"),
        (("--spacing", "20", "--crop", "0,0,0,999,999,999"), "inside"),
        (("--spacing", "20", "--threshold", "900"), "leaves nothing"),
        (("--spacing", "20", "--threshold", "magic"), "'magic'"),
        (("--spacing", "20", "--label", "7"), "labels [7]"),
    ],
)
def test_import_refuses_with_a_reason(block: Path, options: tuple, text: str) -> None:
    result = call("import", block, *options, "--out", block.parent / "x.h5")
    assert result.exit_code == 2
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert not (block.parent / "x.h5").exists()


def test_labels_and_thresholds_choose_bone(block: Path) -> None:
    options = ("--spacing", "20", "--json")
    by_label = json.loads(call("measure", block, "--label", "200", *options).stdout)
    by_grey = json.loads(call("measure", block, "--threshold", "100", *options).stdout)
    assert by_label.pop("report")[2].startswith("bone is label [200]")
    assert by_grey.pop("report")[2].startswith("bone is from grey value 100 on")
    assert by_label == by_grey
    assert by_label["bv_tv"] == pytest.approx(0.25)
    inverse = json.loads(call("measure", block, "--label", "0", *options).stdout)
    assert inverse["bv_tv"] == pytest.approx(0.75)


def test_measure_of_nothing_is_refused(tmp_path: Path) -> None:
    result = call("measure", tmp_path / "absent.nrrd")
    assert result.exit_code == 2
    assert "absent.nrrd" in result.stderr
