"""Sweeps: what a file may say, which runs it makes, and what becomes of them when things die."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from bones import write_gyroid
from crewwork import wait_for
from trabecula.analysis import load_results
from trabecula.analysis.expectation import compute_hours
from trabecula.base.errors import ConfigError, InputError, ResultsError
from trabecula.cli.main import app
from trabecula.config.support import find_support
from trabecula.config.sweeps import load_sweep, to_key
from trabecula.config.sweepschema import Range
from trabecula.runner.lock import lock_folder
from trabecula.study import journal, sweeping
from trabecula.study.design import draw, list_points, stretch
from trabecula.study.manifest import NAME, Entry, Manifest, read_manifest
from trabecula.study.merged import choose_rows, describe_column, find_columns, write_tables
from trabecula.study.sweepplan import compute_run_digest, estimate_sweep, find_folders, plan_sweep
from trabecula.study.worker import Order, find_state, hold_claim, live_point

BASE = """
spin_up: 0 d
settle: 0 d
duration: 3 d
mechanics: off
lattice: {specimen: bone.h5, voxel: 20 um}
output: {every: 1 d, snapshots: 3 d, costly: 3 d}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a base configuration and its bone, a gyroid."""
    write_gyroid(tmp_path / "bone.h5", 16)
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def write(place: Path, text: str) -> Path:
    path = place / "sweep.yaml"
    path.write_text(f"config: base.yaml\n{text}")
    return path


def call(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gird: {seed: [1]}", "sweep.yaml:2:1: gird: found unknown key 'gird'; allowed: name,"),
        ("gird: {seed: [1]}", "did you mean grid?"),
        ("grid: {hormones.level.estradiol: [1]}", "did you mean levels?"),
        ("grid: {bv_tv: [0.2]}", "did you mean lattice.bv_tv?"),
        ("grid: {name: [a]}", "a key of a configuration other than name"),
        ("grid: {patient.age: 40}", "sweep.yaml:2:21: grid.patient.age: found 40; allowed: a list"),
        (
            "grid: {cells.parameters.osteoclast.wrk: [1]}",
            "2:8: grid.cells.parameters.osteoclast.wrk: found an unknown parameter",
        ),
        (
            "zip: {patient.age: [40, 50], patient.weight: [60]}",
            "allowed: 2, as many as patient.age",
        ),
        (
            "grid: {patient.age: [40]}\nzip: {patient.age: [50]}",
            "3:7: zip.patient.age: found patient.age in grid and in zip; allowed: each key in one",
        ),
        ("grid: {seed: [1]}\nseeds: 2", "either seeds, or seed as a key"),
        ("seeds: [1, 1]", "sweep.yaml:2:12: seeds[1]: found 1 twice"),
        ("seeds: [1, -2]", "seeds[1]: found -2; allowed: a whole number"),
        ("list: [{}, 3]", "sweep.yaml:2:12: list[1]: found 3; allowed: a row"),
        ("sobol: {points: 6, ranges: {patient.age: {low: 20, high: 60}}}", "power of two"),
        ("sobol: {points: 4, ranges: {patient.age: {low: 60, high: 20}}}", "low under high"),
        ("latin_hypercube: {points: 4, ranges: {}}", "latin_hypercube.ranges: found"),
        (
            "latin_hypercube: {points: 4, ranges: {patient.age: {low: 0, high: 2, log: on}}}",
            "above 0 with log: on",
        ),
        (
            "latin_hypercube: {points: 4, ranges: {seed: {low: 0.5, high: 2, whole: on}}}",
            "whole numbers with whole: on",
        ),
        (
            "morris: {trajectories: 2, ranges: {seed: {low: 1, high: 4, whole: on}, "
            "patient.age: {low: 40, high: 60}}}",
            "morris.ranges.seed.whole: found on under morris; allowed: ranges without whole",
        ),
        ("name: nothing", "found nothing that varies"),
        (
            "latin_hypercube: {points: 60000, ranges: {patient.age: {low: 20, high: 60}}}\nseeds: 2",
            "found 60000 points with 2 seeds; allowed: 100000 runs",
        ),
    ],
)
def test_mistakes_of_a_file_are_told_with_their_place(place, text, message) -> None:
    path = write(place, text)
    with pytest.raises(ConfigError) as caught:
        load_sweep(path)
    assert message in str(caught.value)
    result = call("sweep", path, "--out", place / "out")
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
    assert not (place / "out").exists()


def test_wrong_keys_and_wrong_paths_are_told_at_once(place) -> None:
    text = "seeds: x\ntabel: 3\ngrid: {hormones.levels.estradoil: [10], patient.age: [40]}\n"
    path = write(place, text)
    path.write_text(path.read_text().replace("base.yaml", "nowhere.yaml"))
    with pytest.raises(ConfigError) as caught:
        load_sweep(path)
    told = [problem.key for problem in caught.value.problems]
    assert told == ["config", "seeds", "tabel", "grid.hormones.levels.estradoil"]


def test_a_base_that_is_not_there_or_wrong_ends_with_2(place) -> None:
    path = write(place, "seeds: 2")
    (place / "base.yaml").write_text(BASE.replace("mechanics", "mechanic"))
    result = call("sweep", path, "--out", place / "out")
    assert result.exit_code == 2
    assert "did you mean mechanics?" in result.stderr
    assert result.stderr.count("mechanic'") == 1, "said once, not for each point"
    (place / "base.yaml").unlink()
    result = call("sweep", path, "--out", place / "out")
    assert result.exit_code == 2
    assert "sweep.yaml:1:9: config: found no file base.yaml" in result.stderr


def test_a_series_that_is_none_is_refused(place) -> None:
    result = call("sweep", write(place, "seeds: 2\ntable: {series: [bv_tw]}"), "--dry-run")
    assert result.exit_code == 2
    assert "sweep.yaml:3:18: table.series[0]: found no series 'bv_tw'" in result.stderr
    assert "did you mean bv_tv?" in result.stderr


def test_designs_multiply_and_seeds_run_fastest(place) -> None:
    text = """
grid: {patient.age: [40, 50], cells.parameters.osteoclast.work: [5000, 6000]}
zip: {patient.weight: [60, 70], hormones.levels.estradiol: [10, 20]}
list: [{}, {hormones.blockade.rankl: 0.9}]
latin_hypercube: {points: 3, ranges: {fields.every: {low: 1, high: 4}}}
seeds: [5, 7]
"""
    sweep = load_sweep(write(place, text))
    points = list_points(sweep)
    assert len(points) == 2 * 2 * 2 * 2 * 3 * 2
    assert [point.seed for point in points[:4]] == [5, 7, 5, 7]
    assert points[0].parameters.keys() == points[1].parameters.keys()
    distinct = {json.dumps([point.parameters, point.seed]) for point in points}
    assert len(distinct) == len(points)
    config = points[-1].configure(sweep)
    assert config.patient.age == 50
    assert config.parameters["cells.osteoclast.work"] == 6000
    assert (config.patient.weight, config.hormones.levels.estradiol) == (70, ((0.0, 20.0),))
    assert config.hormones.blockade.rankl == ((0.0, 0.9),)
    assert (config.seed, config.lattice.seed) == (7, 7)


def test_what_all_share_gives_way_to_a_design(place) -> None:
    text = "set: {patient.age: 70, patient.weight: 55}\ngrid: {patient.age: [40]}"
    sweep = load_sweep(write(place, text))
    config = list_points(sweep)[0].configure(sweep)
    assert (config.patient.age, config.patient.weight) == (40, 55)


def test_an_entry_of_a_list_can_be_varied(place) -> None:
    prescription = "{drug: testosterone_cypionate, dose: 100 mg, every: 7 d}"
    (place / "base.yaml").write_text(f"{BASE}patient: {{sex: male}}\nprotocol: [{prescription}]\n")
    sweep = load_sweep(write(place, "grid: {'protocol[0].dose': [50 mg, 200 mg]}"))
    doses = [point.configure(sweep).protocol[0]["dose"] for point in list_points(sweep)]
    assert doses[0] != doses[1]
    sweep = load_sweep(write(place, "grid: {'protocol[2].dose': [50 mg]}\nseeds: 1"))
    with pytest.raises(ConfigError, match=r"protocol\[2\]\.dose: found entry 2 of 1"):
        list_points(sweep)[0].configure(sweep)
    sweep = load_sweep(write(place, f"grid: {{'protocol[1]': [{prescription}]}}\nseeds: 1"))
    with pytest.raises(ConfigError, match=r"protocol\[1\]: found no such entry; allowed: an entry"):
        list_points(sweep)[0].configure(sweep)
    assert to_key("protocol[0].dose") == ("protocol", 0, "dose")
    assert to_key("cells.parameters.osteoclast.work")[2] == "osteoclast.work"


@pytest.mark.parametrize("name", ["latin_hypercube", "sobol"])
def test_samples_fill_the_box_evenly_and_repeat(name) -> None:
    points = draw(name, 2, 32, 3)
    for column in points.T:
        assert sorted(np.floor(column * 32)) == list(range(32)), "one point in each slice"
    assert (draw(name, 2, 32, 3) == points).all()
    assert (draw(name, 2, 32, 4) != points).any()


def test_ranges_are_even_or_logarithmic_or_whole() -> None:
    assert stretch(0.25, Range(low=10, high=50)) == 20
    assert stretch(0.5, Range(low=1, high=100, log=True)) == pytest.approx(10)
    whole = Range(low=1, high=4, whole=True)
    assert [stretch(share, whole) for share in (0, 0.26, 0.51, 0.99999)] == [1, 2, 3, 4]
    assert isinstance(stretch(0.3, whole), int)


def test_whole_numbers_by_ratios_are_whole_and_as_frequent_as_their_ratios() -> None:
    both = Range(low=1, high=99, whole=True, log=True)
    found = [stretch(share, both) for share in (np.arange(1000) + 0.5) / 1000]
    assert all(isinstance(value, int) for value in found)
    assert sum(value < 10 for value in found) == 500, "half of them within the lower decade"
    assert [stretch(share, both) for share in (0.0, 0.5, 1.0)] == [1, 10, 99]


def test_the_digest_is_of_content(place) -> None:
    sweep = load_sweep(write(place, "grid: {patient.age: [40, 40.0, 41]}"))
    first, second, third = (one.digest for one in plan_sweep(sweep))
    assert first == second != third
    config = list_points(sweep)[0].configure(sweep)
    assert compute_run_digest(config.model_copy(update={"name": "other"})) == first
    folders = find_folders(plan_sweep(sweep), place)
    assert folders[first] == f"0000-{first[:12]}"
    (place / f"0007-{third[:12]}").mkdir()
    assert find_folders(plan_sweep(sweep), place)[third] == f"0007-{third[:12]}"


def test_the_estimate_counts_bones_once(place) -> None:
    text = BASE.replace("spin_up: 0 d", "spin_up: 200 d").replace(
        "{specimen: bone.h5, voxel: 20 um}", "{shape: [24, 24, 24], bv_tv: 0.25}"
    )
    (place / "base.yaml").write_text(text)
    sweep = load_sweep(write(place, "grid: {hormones.blockade.rankl: [0.2, 0.5, 7]}\nseeds: 2"))
    cost = estimate_sweep(plan_sweep(sweep))
    assert (cost["runs"], cost["invalid"], cost["bones"]) == (6, 2, 2)
    volume = (24 * 0.02) ** 3
    assert cost["core_hours_bones"] == pytest.approx(2 * 2 * compute_hours(volume, 110.0)), (
        "a structure whose BV/TV is missed is spun up again"
    )
    assert cost["core_hours_runs"] == pytest.approx(4 * compute_hours(volume, 93.0))


def test_the_estimate_counts_a_spin_up_once_and_settling_for_each_set_of_levels(place) -> None:
    text = (
        BASE.replace("spin_up: 0 d", "spin_up: 200 d")
        .replace("settle: 0 d", "settle: 100 d")
        .replace("{specimen: bone.h5, voxel: 20 um}", "{shape: [24, 24, 24], bv_tv: 0.25}")
    )
    (place / "base.yaml").write_text(text)
    sweep = load_sweep(write(place, "grid: {hormones.levels.estradiol: [10, 20, 30]}\nseeds: 2"))
    cost = estimate_sweep(plan_sweep(sweep))
    volume = (24 * 0.02) ** 3
    spun = 2 * 2 * compute_hours(volume, 200.0)  # two bones, made twice
    settled = 6 * compute_hours(volume, 10.0)  # up to the 90 d that are sampled
    assert cost["bones"] == 2
    assert cost["core_hours_bones"] == pytest.approx(spun + settled)


def test_an_imported_bone_is_spun_up_once(place) -> None:
    (place / "base.yaml").write_text(BASE.replace("spin_up: 0 d", "spin_up: 200 d"))
    (one,) = plan_sweep(load_sweep(write(place, "seeds: 1")))
    hours = compute_hours(one.volume, 110.0)
    assert estimate_sweep([one])["core_hours_bones"] == pytest.approx(hours)


def test_a_dry_run_lists_the_runs_and_writes_nothing(place) -> None:
    path = write(place, "grid: {patient.age: [40, 5]}")
    result = call("sweep", path, "--dry-run", "--json", "--out", place / "out")
    assert result.exit_code == 1, "one of the runs cannot be lived"
    found = json.loads(result.stdout)
    assert [run["parameters"] for run in found["runs"]] == [{"patient.age": 40}, {"patient.age": 5}]
    assert (
        "sweep.yaml:2:26: patient.age: found 5; allowed: 18 .. 110 y" in found["runs"][1]["error"]
    )
    text = call("sweep", path, "--dry-run").stdout
    assert "core-minutes" in text
    assert not (place / "out").exists()


def test_a_torn_manifest_keeps_every_whole_line(tmp_path) -> None:
    manifest = Manifest(tmp_path)
    manifest.begin({"sweep": "s"}, [Entry(0, "a", "d0"), Entry(1, "b", "d1")])
    manifest.change(0, status="done", seconds=2.5)
    whole = (tmp_path / NAME).read_bytes()
    manifest.change(1, status="failed", error="because")
    longer = (tmp_path / NAME).read_bytes()
    for size in range(len(whole), len(longer) - 1):
        (tmp_path / NAME).write_bytes(longer[:size])
        header, entries = read_manifest(tmp_path)
        assert header["sweep"] == "s"
        assert [entry.status for entry in entries] == ["done", "waiting"]
    journal.append_line(tmp_path / NAME, {**longer_line(longer), "attempts": 4})
    assert [entry.attempts for entry in read_manifest(tmp_path)[1]] == [0, 4]
    manifest.compact()
    assert len((tmp_path / NAME).read_text().splitlines()) == 3


def test_a_sweep_that_is_gone_on_with_knows_what_its_runs_took(place) -> None:
    """By what a run is, not by its number: another one may have come before it."""
    out = place / "out"
    out.mkdir()
    for text, done, seconds in (
        ("grid: {patient.age: [40, 41]}", 1, [0.0, 0.0]),
        ("grid: {patient.age: [39, 40, 41]}", 0, [0.0, 0.0, 2.5]),
        ("grid: {patient.age: [41, 39]}", 0, [2.5, 2.5]),
    ):
        sweep = load_sweep(write(place, text))
        manifest, orders = sweeping._begin(sweep, plan_sweep(sweep), out, 1)
        assert len(orders) == len(seconds)
        assert [entry.seconds for entry in manifest.entries.values()] == seconds
        manifest.change(done, status="done", seconds=2.5)


def longer_line(content: bytes) -> dict:
    return json.loads(content.splitlines()[-1])


def test_a_manifest_of_another_version_is_refused(tmp_path) -> None:
    (tmp_path / NAME).write_text('{"format_version": 99}\n')
    with pytest.raises(ResultsError, match="manifest format 99"):
        read_manifest(tmp_path)


def test_the_journal_tells_deaths_from_ends(tmp_path) -> None:
    for event, session in (
        ("begun", "old"),
        ("begun", "a"),
        ("failed", "a"),
        ("begun", "a"),
        ("begun", "a"),
    ):
        journal.note(tmp_path, event, session)
    attempts = journal.read_attempts(tmp_path, "a")
    assert (attempts.count, attempts.deaths) == (4, 2)
    assert journal.read_attempts(tmp_path, "old").deaths == 1


def make_order(place: Path, deaths: int = 3) -> Order:
    sweep = load_sweep(write(place, "grid: {patient.age: [40]}\nseeds: 1"))
    one = plan_sweep(sweep)[0]
    from trabecula.runner.digest import compute_code_digest

    out = place / "out"
    out.mkdir(exist_ok=True)
    code = compute_code_digest()
    return Order(out, "0000-x", one.digest, code, one.config.to_yaml(), "s", deaths)


def test_a_worker_lives_a_run_once_and_completes_one_that_lacks_its_end(place) -> None:
    order = make_order(place)
    assert find_state(order) == "new"
    assert live_point(order, None).status == "done"
    assert live_point(order, None).status == "kept"
    status = order.path / "status.json"
    status.write_text(status.read_text().replace('"done"', '"running"'))
    (order.path / "summary.json").unlink()
    assert find_state(order) == "done", "killed between its last commit and its status"
    assert (order.path / "summary.json").is_file()
    events = [line["event"] for line in journal.read_lines(order.path / journal.NAME)]
    assert events == ["begun", "done"]


class DiedError(Exception):
    """The process is gone."""


def test_a_run_killed_between_a_commit_on_its_last_day_and_its_end_is_whole(
    place, monkeypatch
) -> None:
    text = BASE.replace("snapshots: 3 d, costly: 3 d", "snapshots: 2 d, checkpoint: 3 d")
    (place / "base.yaml").write_text(text)
    order = make_order(place)

    def die(recorder, model, status="running") -> None:
        if status == "done":
            raise DiedError
        recorder._commit(model.state, status)

    with monkeypatch.context() as patch:
        patch.setattr("trabecula.runner.recorder.Recorder.commit", die)
        with pytest.raises(DiedError):
            live_point(order, None)
    assert load_results(order.path).time[-1] == 3
    assert find_state(order) == "new", "no day is left to live, and the last snapshot is missing"
    assert live_point(order, None).status == "done"
    assert load_results(order.path).snapshots.tolist() == [0, 2, 3]


def test_a_worker_refuses_another_program_and_gives_up_what_kills(place) -> None:
    from dataclasses import replace

    order = make_order(place, 2)
    outcome = live_point(replace(order, code="other"))
    assert (outcome.status, order.path.exists()) == ("failed", False)
    assert "another version of the program" in outcome.error
    order.path.mkdir()
    journal.note(order.path, "begun", "s")
    journal.note(order.path, "begun", "s")
    outcome = live_point(order)
    assert outcome.status == "failed"
    assert "the worker died 2 times" in outcome.error


def test_a_run_that_another_worker_lives_is_waited_for(place) -> None:
    order = make_order(place)
    with hold_claim(order):
        order.stop_file.touch()
        assert live_point(order).status == "interrupted"
    assert not order.path.exists()


def test_loops_are_compiled_once_for_each_place_of_the_sources(place, monkeypatch) -> None:
    from trabecula.kernels import compile as compiled
    from trabecula.runner import warming

    lived = []
    monkeypatch.setattr(warming, "run", lambda config, *_, **__: lived.append(config))
    monkeypatch.setattr(compiled, "find_cache_folder", lambda: place / "cache")
    config = list_points(load_sweep(write(place, "seeds: 1")))[0].configure(
        load_sweep(place / "sweep.yaml")
    )
    assert [warming.warm_kernels(config, False) for _ in range(2)] == [True, False]
    assert lived[0].lattice.shape == (16, 16, 16)
    assert lived[0].lattice.specimen is None
    assert warming.warm_kernels(config, True), "loops on several threads are compiled apart"
    assert len(lived) == 3
    monkeypatch.setattr(compiled, "__file__", str(place / "elsewhere" / "compile.py"))
    assert warming.warm_kernels(config, False), "numba keeps what it compiled by place"


def test_rows_of_a_series_are_chosen_by_time() -> None:
    time_axis = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 3.5, 4.0, 9.0])
    assert choose_rows(time_axis, 2.0) == [0, 1, 3, 6, 7]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("estradiol_end", "pg/mL"), ("estradiol_change", "%"), ("rankl_blockade_change", "%"),
        ("rankl_blockade_start", "1"), ("rankl_blockade_end", "1"), ("bv_tv_change", "%"),
        ("resorption_rate_peak_day", "d"), ("sites_e_de", "um"), ("days", "d"), ("change", "1"),
    ],
)  # fmt: skip
def test_outcomes_have_the_unit_of_their_part(name, unit) -> None:
    assert describe_column(name).unit == unit


def test_tables_hold_numbers_texts_and_gaps(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("trabecula.study.merged.ROWS_OF_A_BLOCK", 2)
    entries = [
        Entry(0, "r0", "d", {"patient.age": 40, "hormones.levels.fsh": [[0, 1]]}, 1, "done"),
        Entry(1, "", "", {"patient.age": 4.5}, None, "failed", error="bad"),
        Entry(2, "r2", "d", {"patient.age": 41}, 2, "waiting"),
    ]
    (tmp_path / "r0").mkdir()
    (tmp_path / "r0" / "summary.json").write_text('{"days": 3.0, "bv_tv_end": 0.2, "e": null}')
    assert write_tables(tmp_path, entries) == []
    with (tmp_path / "runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["bv_tv_end"] for row in rows] == ["0.2", "", ""]
    assert rows[0]["hormones.levels.fsh"] == "[[0, 1]]"
    table = parquet.read_table(tmp_path / "runs.parquet")
    assert table.column("patient.age").to_pylist() == [40.0, 4.5, 41.0]
    assert table.column("error").to_pylist() == ["", "bad", ""]
    assert table.schema.field("seconds").metadata[b"unit"] == b"s"
    assert parquet.ParquetFile(tmp_path / "runs.parquet").num_row_groups == 2
    columns = {column.name: column for column in find_columns(tmp_path, entries)}
    assert columns["bv_tv_end"].meaning.endswith("at the end")
    monkeypatch.setattr("trabecula.study.merged.find_spec", lambda _: None)
    assert "trabecula[analysis]" in write_tables(tmp_path, entries)[0]


def test_a_seed_that_varies_is_one_column(tmp_path) -> None:
    entries = [Entry(n, f"r{n}", "d", {"seed": n, "patient.age": 40}, n, "done") for n in (1, 2)]
    write_tables(tmp_path, entries)
    names = [column.name for column in find_columns(tmp_path, entries)]
    assert names.count("seed") == 1
    table = parquet.read_table(tmp_path / "runs.parquet").to_pandas()
    assert table["seed"].tolist() == [1, 2]
    assert table["patient.age"].tolist() == [40, 40]


def test_two_sweeps_in_one_folder_and_a_folder_of_something_else_are_refused(place) -> None:
    path, out = write(place, "seeds: 1"), place / "out"
    out.mkdir()
    with lock_folder(out):
        result = call("sweep", path, "--out", out)
    assert result.exit_code == 2
    assert "found another run writing to it" in result.stderr
    result = call("sweep", path, "--out", place)
    assert result.exit_code == 2
    assert "allowed: an empty folder, or a sweep's" in result.stderr


def test_jobs_beside_a_scheduler_and_a_scheduler_that_is_not_there(place, monkeypatch) -> None:
    monkeypatch.setattr("trabecula.study.crew.PATIENCE", 1.0)
    path = write(place, "seeds: 1")
    both = call("sweep", path, "--jobs", 2, "--scheduler", "tcp://127.0.0.1:9")
    assert (both.exit_code, "allowed: one of them" in both.stderr) == (2, True)
    alone = call("sweep", path, "--scheduler", "tcp://127.0.0.1:9", "--out", place / "out")
    assert alone.exit_code == 2
    assert "found no Dask scheduler at tcp://127.0.0.1:9" in alone.stderr
    assert "Traceback" not in alone.stderr
    assert not (place / "out").exists(), "later commands would take it for a sweep"


def test_run_sweep_raises_for_people_who_call_it(place) -> None:
    from trabecula.study.sweeping import run_sweep

    with pytest.raises(InputError, match="allowed: an empty folder"):
        run_sweep(load_sweep(write(place, "seeds: 1")), place)


class Nanny:
    """What Dask keeps of a worker process."""

    def __init__(self, alive: bool) -> None:
        self.alive = alive

    def is_alive(self) -> bool:
        return self.alive


def test_a_worker_that_died_while_it_started_is_replaced_but_not_for_ever(monkeypatch) -> None:
    from types import SimpleNamespace

    from trabecula.study import cluster

    monkeypatch.setattr(cluster, "RESTART", -1.0)
    asked = []
    fake = SimpleNamespace(
        workers={0: Nanny(True), 1: Nanny(False)}, worker_spec={0: {}, 1: {}}, scale=asked.append
    )
    workers = cluster.Workers(SimpleNamespace(status="running"), "tcp://a", fake, 2)
    workers.tend()
    assert (list(fake.worker_spec), asked) == ([0], [2])
    workers.note_outcome()
    fake.workers[0].alive = False

    def tend_for_ever() -> None:
        while True:
            workers.tend()

    with pytest.raises(cluster.WorkersError, match="before any of them did something"):
        tend_for_ever()


class Client:
    """A client whose scheduler is away for a while: its orders are lost."""

    made = 0

    def __init__(self, *_, **__) -> None:
        self.status = "running"
        Client.made += 1

    def nthreads(self) -> dict:
        return {"a": 1}

    def submit(self, _, order, **__) -> object:
        from trabecula.study.worker import Outcome

        status = "cancelled" if Client.made == 1 else "finished"
        if Client.made == 1:
            self.status = "closed"
        return Future(done=lambda: True, status=status, result=lambda: Outcome("done", 1.0))


class Future:
    """What a client gives for an order."""

    def __init__(self, **values) -> None:
        self.__dict__.update(values)


def test_a_scheduler_that_was_away_gets_its_orders_again(place, monkeypatch) -> None:
    import distributed

    from trabecula.study.cluster import Workers, WorkersError
    from trabecula.study.dispatch import Dispatch, Note

    async def answer(address: str) -> None:
        """Somebody is there."""

    monkeypatch.setattr(distributed, "Client", Client)
    monkeypatch.setattr("trabecula.study.crew._knock", answer)
    monkeypatch.setattr(Client, "made", 0)
    heard = []
    note = Note(lambda order, outcome: heard.append(outcome.status), lambda _: None)
    workers = Workers(Client(), "tcp://a")
    Dispatch(workers, [make_order(place)], 3).live(note)
    assert (heard, Client.made) == (["done"], 2)

    def refuse(*_, **__):
        raise OSError

    workers.client.status = "closed"
    monkeypatch.setattr(distributed, "Client", refuse)
    with pytest.raises(WorkersError, match="the scheduler went away; done runs stand"):
        Dispatch(workers, [make_order(place)], 3).live(note)


def test_slurm_needs_its_extra(monkeypatch) -> None:
    from trabecula.study.slurm import SlurmJob, make_cluster

    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(InputError, match=r"trabecula\[hpc\]"):
        make_cluster(SlurmJob())


def test_a_slurm_script_asks_for_one_thread_a_worker() -> None:
    pytest.importorskip("dask_jobqueue")
    from trabecula.study.slurm import SlurmJob, make_cluster

    with make_cluster(
        SlurmJob(processes=3, memory="6GB", queue="long", setup=("true",))
    ) as cluster:
        script = cluster.job_script()
    assert "#SBATCH -p long" in script
    assert "--nthreads 1 --nworkers 3" in script
    assert script.index("\ntrue\n") < script.index("export NUMBA_NUM_THREADS=1")


def test_slurm_jobs_are_asked_for_and_let_go_of(monkeypatch) -> None:
    """What `open_slurm` does with a cluster, of which one that only notes it takes the place."""
    from trabecula.study import slurm

    asked = []

    class Cluster:
        scheduler_address = "tcp://127.0.0.1:8786"

        def __enter__(self) -> "Cluster":
            return self

        def __exit__(self, *_: object) -> None:
            asked.append("closed")

        def scale(self, jobs: int) -> None:
            asked.append(jobs)

    monkeypatch.setattr(slurm, "make_cluster", lambda job: asked.append(job) or Cluster())
    job = slurm.SlurmJob(processes=3)
    with slurm.open_slurm(job, jobs=4) as address:
        assert address == Cluster.scheduler_address
        assert asked == [job, 4]
    assert asked == [job, 4, "closed"]


def list_workers(parent: int) -> list[int]:
    """Worker processes that `parent` has begun."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            above = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if above == parent and b"spawn_main" in command:
            found.append(int(path.name))
    return found


def wait_until(condition, process) -> None:
    assert wait_for(condition, 600.0, process), "the sweep ended too early, or not at all"


def read_events(out: Path) -> Counter:
    files = out.glob("*/attempts.jsonl")
    return Counter(line["event"] for path in files for line in journal.read_lines(path))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds workers under /proc")
def test_a_sweep_survives_the_death_of_a_worker_its_own_and_a_poisoned_run(place) -> None:
    """A worker dies while it lives a run, then the sweep, then Ctrl-C; one point of four is invalid."""
    path = write(place, "grid: {hormones.levels.estradiol: [10, 30, 60, -1]}\nseeds: 4")
    out = place / "out"
    environment = os.environ | {"NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "trabecula", "sweep", str(path), "--out", str(out)]
    command += ["--jobs", "1", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # what a shell starts in the background ignores Ctrl-C, and so would its children
    pipes["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)

    first = subprocess.Popen(command, env=environment, **pipes)
    wait_until(lambda: read_events(out)["begun"] >= 1, first)
    (worker,) = list_workers(first.pid)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: read_events(out)["done"] >= 2, first)
    first.kill()
    first.communicate()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("*/summary.json")}
    assert len(kept) >= 2

    second = subprocess.Popen(command, env=environment, **pipes)
    done = read_events(out)["done"]
    wait_until(lambda: read_events(out)["done"] > done, second)
    second.send_signal(signal.SIGINT)
    _, errors = second.communicate()
    assert second.returncode == 130, errors
    assert "Traceback" not in errors
    assert "stopped; what is done stays, and the same command goes on" in errors
    assert not list(out.glob(".stop-*"))

    third = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert third.returncode == 1, third.stderr
    found = json.loads(third.stdout)
    assert found["counts"] == {"done": 12, "failed": 4}
    for run in found["runs"]:
        events = Counter(
            line["event"] for line in journal.read_lines(out / run["folder"] / journal.NAME)
        )
        if run["status"] == "done":
            # what is killed on its last day is completed from its files, without an attempt
            assert events["done"] <= 1, "lived to its end once"
            status = json.loads((out / run["folder"] / "status.json").read_text())
            assert events["done"] or status["note"] == "completed after a kill"
            assert run["attempts"] == events["begun"]
        else:
            assert "hormones.levels.estradiol: found -1" in run["error"]
    assert sum(run["attempts"] for run in found["runs"]) > 12, "what died was tried again"
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    with (out / "runs.csv").open() as file:
        assert [row["status"] for row in csv.DictReader(file)].count("done") == 12
    assert sorted(path.name for path in out.iterdir() if path.name.startswith(".")) == [".claims"]


ROOT = Path(__file__).parents[1]


def test_the_example_of_the_page_and_the_one_that_is_shipped_are_valid(tmp_path) -> None:
    page = (ROOT / "docs" / "sweeps.md").read_text()
    text = page.partition("```yaml\n")[2].partition("```")[0]
    base = ROOT / "configs" / "menopause.yaml"
    path = tmp_path / "example.yaml"
    path.write_text(text.replace("config: menopause.yaml", f"config: {base}"))
    sweep = load_sweep(path)
    points = list_points(sweep)
    assert len(points) == 3 * 2 * 3 * 2 * 50 * 4
    for point in (points[0], points[-1]):
        assert point.configure(sweep).lattice.shape == (48, 48, 48)
    shipped = plan_sweep(load_sweep(ROOT / "configs" / "sweep_estradiol.yaml"))
    assert [one.error for one in shipped] == [""] * 6


def test_the_population_that_is_shipped_is_valid_and_says_where_it_is_from() -> None:
    sweep = load_sweep(ROOT / "configs" / "population_women.yaml")
    points = list_points(sweep)
    assert len(points) == 2 * (1 + 4) * 20
    for point in points[::17]:
        config = point.configure(sweep)
        assert (config.hormones.doses.denosumab is None) == (point.who.point == 0)
    settings = sweep.settings.population
    for one in (*settings.varies.values(), *settings.correlation):
        assert one.source, "every distribution has a basis"
        assert one.grade == "D" or "assumed" not in one.source.partition(";")[0]
    rows = {path: find_support(to_key(path)).row for path in settings.varies}
    known = [path for path, row in rows.items() if row is not None]
    assert known, "some are rows of the table"
    for path in known:
        one = settings.varies[path]
        middle = next((v for v in (one.median, one.mean, one.mode) if v is not None), None)
        assert middle == pytest.approx(rows[path].value), path


def test_what_a_scheduler_needs_is_still_there_after_the_first_sweep(tmp_path) -> None:
    """Settings of Dask's that come with its import must not go with ours (in a process of its own)."""
    code = """
import pathlib, sys
from trabecula.base.errors import InputError
from trabecula.study import cluster, crew
crew.PATIENCE = 0.2
for _ in range(2):
    try:
        with cluster.open_workers(1, "tcp://127.0.0.1:9", pathlib.Path(sys.argv[1])):
            pass
    except InputError as error:
        assert "found no Dask scheduler" in str(error)
import dask
assert dask.config.get("distributed.client.heartbeat")
assert dask.config.get("distributed.worker.profile.enabled") is not False
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
