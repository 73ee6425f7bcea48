"""A small panel lived, judged, written down, and not lived twice."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from test_panel import PANEL
from trabecula.analysis import Results, Series
from trabecula.base.codes import Phase
from trabecula.base.errors import InputError, ResultsError
from trabecula.cli.main import app
from trabecula.study import Sampling, list_tasks, living, load_panel
from trabecula.study import lived as lived_module
from trabecula.study.adaptive import Adaptive
from trabecula.study.crew import Crew
from trabecula.study.lived import Lived
from trabecula.study.living import ANEW, REPLACED, live_all
from trabecula.study.pool import Pool, estimate
from trabecula.study.terms import When, read_term

SETS = ("spin_up=30", "lattice.tb_th=120", "mechanics=off")
OPTIONS = ["--edge", "20", "--bones", "2", "--settle", "10", "--workers", "1", "--no-held"]


# ------------------------------------------------------------------ pools of made-up runs
def make_results(path="run", scale=1.0, rise=1.5, days=100):
    """A run whose resorption rises by a factor on day 0, and whose bone falls by 0.1 % a day."""
    time = np.arange(-90.0, days + 1.0)
    rate = np.where(time > 0, rise, 1.0) * scale
    formed = np.where(time > 0, 2.0, 1.0) * scale
    bone = 0.2 * scale * np.where(time > 0, 1.0 - 0.001 * time, 1.0)
    series = {
        "matrix_resorbed": np.cumsum(rate), "matrix_formed": np.cumsum(formed),
        "bv_tv": bone, "bs_tv": np.full(len(time), 3.0 * scale),
        "rankl_per_cell": np.where(time > 0, 2.0, 1.0),
    }  # fmt: skip
    activated = np.concatenate([np.linspace(-89, -1, 20), np.linspace(1, 99, 44)])
    ended = activated + 1.0
    bmus = {
        "activated": activated, "ended": ended, "phase": np.full(64, Phase.COMPLETE),
        "footprint": np.where(np.arange(64) % 2, 1e5, 1e3), "e_de": np.where(activated > 0, 50.0, 40.0),
        "w_th": np.full(64, 45.0),
    }  # fmt: skip
    found = {key: Series(values) for key, values in series.items()}
    return Results(path, time, found, {}, bmus, {}, np.array([]), {})


@pytest.fixture
def pool():
    return Pool({"a": [make_results(scale=1.0), make_results(scale=3.0, rise=2.0)]})


def observe(pool, name, day=50.0, **when):
    return pool.observe(name, "a", When(day, **when))


def test_bones_are_one_bone(pool):
    """Sums, not means of ratios: the larger bone weighs three times as much."""
    assert observe(pool, "res_pct") == pytest.approx(100 * ((1.5 + 3 * 2.0) / 4 - 1))
    assert observe(pool, "rankl_per_cell_fold") == pytest.approx(2.0)


def test_bone_volume(pool):
    assert observe(pool, "bvtv_pct", 100.0) == pytest.approx(-10.0)
    assert observe(pool, "bvtv_pct", 100.0, since=50.0) == pytest.approx(100 * (0.9 / 0.95 - 1))
    assert observe(pool, "bvtv_pct", 50.0, width=20.0) == pytest.approx(-5.0, abs=0.1)
    assert observe(pool, "bvtv_pct", 100.0, reference=(-90.0, 0.0)) == pytest.approx(-10.0)


def test_a_window_that_the_run_ends_in_is_moved_back(pool):
    assert observe(pool, "res_pct", 100.0, width=20.0) == observe(pool, "res_pct", 50.0)


def test_activation_and_sites(pool):
    assert observe(pool, "acf_ratio", 50.0, width=98.0) == pytest.approx(2.0)
    assert observe(pool, "ede_um", 50.0, width=98.0) == pytest.approx(50.0)
    assert observe(pool, "wth_um", 50.0) == pytest.approx(45.0)
    assert np.isnan(observe(pool, "ede_um", -200.0, width=10.0))


def test_the_first_day_beyond_a_level(pool):
    day = pool.find_first_day("res_pct", "a", 40.0, When(100.0, 10.0))
    assert 1 <= day <= 6
    assert np.isnan(pool.find_first_day("res_pct", "a", 400.0, When(100.0, 10.0)))


def test_what_arms_share_cancels_in_the_error():
    """Bones differ by far more than arms do; a contrast of arms over the same bones does not."""
    rng = np.random.default_rng(2)
    rises = 1.5 + 0.3 * rng.normal(size=6)
    pool = Pool({
        "a": [make_results(rise=rise) for rise in rises],
        "b": [make_results(rise=rise + 0.2) for rise in rises],
    })  # fmt: skip
    one = estimate(read_term("res_pct", "a", ["a", "b"], "", {"t": 50}), pool)
    both = estimate(read_term("res_pct(b) - res_pct(a)", "", ["a", "b"], "", {"t": 50}), pool)
    assert one.error == pytest.approx(100 * rises.std(ddof=1) / np.sqrt(6))
    assert both.value == pytest.approx(20.0)
    assert both.error < 1e-9


def test_one_bone_has_no_error():
    term = read_term("res_pct", "a", ["a"], "", {"t": 50})
    assert np.isnan(estimate(term, Pool({"a": [make_results()]})).error)
    assert np.isnan(estimate(term, Pool({"a": []})).value)


# ------------------------------------------------------------------ lived
@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("validation")
    (folder / "panel.yaml").write_text(PANEL)
    return folder


def call(place, *options):
    sets = [word for text in SETS for word in ("--set", text)]
    command = ["validate", "--panel", str(place / "panel.yaml"), "--out", str(place / "out")]
    return CliRunner().invoke(app, [*command, *OPTIONS, *sets, *options])


@pytest.fixture(scope="module")
def lived(place):
    result = call(place)
    assert result.exit_code == 0, result.output
    return result


def test_a_plan_lives_nothing(place):
    result = call(place, "--dry-run")
    assert "6 runs" in result.output
    assert "share_prevented" in result.output
    assert "prose" in result.output
    assert json.loads(call(place, "--dry-run", "--json").stdout)["runs"] == 6


def test_a_panel_is_judged(place, lived):
    content = json.loads((place / "out" / "verdicts.json").read_text())
    (trial,) = content["trials"]
    verdicts = [end["verdict"] for end in trial["endpoints"]]
    assert verdicts[-2:] == ["not scorable", "not scorable"]
    assert "not lived" not in verdicts
    assert [end["bones"] for end in trial["endpoints"][:5]] == [2] * 5
    assert 0 <= content["score"] <= 1
    assert content["sampling"]["sets"] == list(SETS)
    assert "score of the panel" in lived.output
    assert "determined endpoints hit" in lived.output


def test_held_arms_are_lived_and_hidden(place, lived):
    result = call(place, "--held", "--bones", "1")
    assert result.exit_code == 0, result.output
    assert "held-1/bone-1: done" in result.output
    assert "off/bone-1: kept" in result.output
    content = json.loads((place / "out" / "verdicts.json").read_text())
    assert not any("held" in end["what"] for end in content["trials"][0]["endpoints"])
    assert content["sampling"]["held"]


def test_the_page_stands_alone(place, lived):
    page = (place / "out" / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http-equiv", "")
    assert "prose: &#x27;bone is saved by the drug&#x27;" in page
    assert "<script" not in page


def test_what_is_there_is_not_lived_again(place, lived):
    panel = load_panel(place / "panel.yaml")
    sampling = Sampling(2, 20, 10.0, SETS)
    tasks = list_tasks(panel, sampling)
    again = live_all(panel, tasks, sampling, place / "out")
    assert {(outcome.status, outcome.message) for outcome in again} == {("kept", "")}
    checkpoint = place / "out" / tasks[0].folder / "checkpoint.h5"
    before = checkpoint.stat().st_mtime_ns
    other = Sampling(1, 20, 10.0, (*SETS, "cells.rules.fusion=off"))
    (outcome,) = live_all(panel, tasks[:1], other, place / "out")
    assert (outcome.status, outcome.message) == ("done", REPLACED)
    assert checkpoint.stat().st_mtime_ns > before
    (outcome,) = live_all(panel, tasks[:1], sampling, place / "out")
    assert outcome.status == "done"


def test_only_runs_of_what_is_asked_for_today_cost_no_time(place, lived):
    """A budget is not spared by files that another configuration left in the folders."""
    panel = load_panel(place / "panel.yaml")
    work = {}
    for name, sets in (("same", SETS), ("other", (*SETS, "cells.rules.fusion=off"))):
        sampling = Sampling(1, 20, 10.0, sets)
        tasks = list_tasks(panel, sampling)
        adaptive = Adaptive(panel, sampling, place / "out", Crew(), budget=1.0)
        work[name] = [adaptive._is_there(task) for task in tasks]
    assert work == {"same": [True] * 3, "other": [False] * 3}


def test_several_workers_find_the_loops_compiled(place, lived, tmp_path, monkeypatch):
    panel = load_panel(place / "panel.yaml")
    sampling = Sampling(1, 20, 10.0, SETS)
    tasks = list_tasks(panel, sampling)[:2]
    warmed = []
    monkeypatch.setattr(living, "warm_kernels", lambda config, large: warmed.append(large))
    monkeypatch.setattr(Crew, "carry_out", lambda *_: None)
    live_all(panel, tasks, sampling, tmp_path, Crew(2))
    assert warmed == [False]
    live_all(panel, tasks, sampling, tmp_path, Crew(1))
    live_all(panel, tasks, sampling, place / "out", Crew(2))  # all is there
    assert warmed == [False]
    live_all(panel, tasks, Sampling(1, 80, 10.0, SETS), tmp_path, Crew(2))
    assert warmed == [False, True]


def test_two_workers_live_what_one_does(place, lived, tmp_path):
    panel = load_panel(place / "panel.yaml")
    sampling = Sampling(1, 20, 10.0, SETS)
    tasks = list_tasks(panel, sampling)[:2]
    told = []
    live_all(panel, tasks, sampling, tmp_path, Crew(2), lambda outcome, left: told.append(left))
    assert told == [1, 0]
    from trabecula.analysis import load_results

    for task in tasks:
        ours, theirs = (load_results(folder / task.folder) for folder in (tmp_path, place / "out"))
        assert np.array_equal(ours.get("bv_tv").values, theirs.get("bv_tv").values)


def test_a_failure_is_recorded_and_the_others_go_on(place, lived, tmp_path):
    panel = load_panel(place / "panel.yaml")
    sampling = Sampling(1, 20, 10.0, (*SETS, "lattice.tb_th=150"))
    tasks = list_tasks(panel, sampling)
    outcomes = live_all(panel, tasks, sampling, tmp_path)
    assert [outcome.status for outcome in outcomes] == ["failed"] * 3
    assert "lattice.tb_th" in outcomes[0].message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--only", "T-9"], "allowed: T-1"),
        (["--panel", "absent.yaml"], "No such file"),
        (["--panel", "calib"], "did you mean calibration"),
        (["--set", "lattice.bv_tv=7"], "lattice.bv_tv"),
    ],
)
def test_wrong_requests(place, options, words):
    result = call(place, *options)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_an_endpoint_is_judged_over_the_bones_that_its_own_arms_have_lived(place, monkeypatch):
    """Another arm that fails takes its own endpoints with it, not all of its trial."""
    (trial,) = load_panel(place / "panel.yaml").trials
    tasks = list_tasks(load_panel(place / "panel.yaml"), Sampling(3))
    lost = [task.folder for task in tasks if task.arm == "drug" and task.bone > 1]
    monkeypatch.setattr(lived_module, "has_ended", lambda path: path.relative_to("out") not in lost)
    monkeypatch.setattr(lived_module, "load_results", make_results)
    found = Lived(trial, tasks, Path("out"))
    counts = {end.label: found.get_pool(end).count for end in trial.endpoints if end.term}
    assert counts == {
        "res_pct (off)": 3, "res_pct (drug)": 1, "bvtv_pct_vs_ctl (off)": 3,
        "rankl_per_cell_fold (off)": 3, "share_prevented(res_pct, drug, off, control)": 1,
    }  # fmt: skip
    assert found.pool.count == 1


class Broken:
    """Stands in for what lives: notes who was called, and fails or ends a run."""

    def __init__(self, monkeypatch, **errors):
        self.called, self.errors = [], errors
        for name in ("run", "resume"):
            monkeypatch.setattr(living, name, self.make(name))

    def make(self, name):
        def live(*_, **__):
            self.called.append(name)
            if name in self.errors:
                raise self.errors[name]

        return live


@pytest.fixture
def begun(place, tmp_path):
    """A folder in which a run of another configuration was begun, and a task that wants it."""
    panel = load_panel(place / "panel.yaml")
    (task, *_) = list_tasks(panel, Sampling(1, 20, 10.0, SETS))
    folder = tmp_path / task.folder
    folder.mkdir(parents=True)
    for name in ("checkpoint.h5", "config.yaml", "study.json"):
        (folder / name).write_text("{}")

    def go():
        (outcome,) = live_all(panel, [task], Sampling(1, 20, 10.0, SETS), tmp_path)
        return outcome

    return folder, go


def test_a_failure_leaves_no_checkpoint_of_another_configuration(begun, monkeypatch):
    """It would be gone on with by the next start, as if it were what is asked for."""
    folder, go = begun
    broken = Broken(monkeypatch, run=ResultsError("no space"))
    assert go().status == "failed"
    assert not (folder / "checkpoint.h5").exists()
    assert not (folder / "config.yaml").exists()
    broken.errors.clear()
    assert go().status == "done"
    assert broken.called == ["run", "run"]


def test_a_run_whose_checkpoint_cannot_be_read_is_lived_anew(begun, monkeypatch):
    folder, go = begun
    broken = Broken(monkeypatch, resume=ResultsError("checkpoint.h5: damaged"))
    go()
    (folder / "checkpoint.h5").touch()
    outcome = go()
    assert (outcome.status, outcome.message) == ("done", ANEW)
    assert broken.called == ["run", "resume", "run"]
    (folder / "checkpoint.h5").touch()
    broken.errors["resume"] = InputError("another run writes to it")
    assert go().status == "failed"
    assert broken.called[3:] == ["resume"]


def test_a_failure_leaves_no_results_of_another_configuration(place, lived, tmp_path):
    """Bones of another edge were lived in the folder; those asked for now cannot be."""
    panel = load_panel(place / "panel.yaml")
    task = list_tasks(panel, Sampling(1, 20, 10.0, SETS))[0]
    shutil.copytree(place / "out" / task.folder, tmp_path / task.folder)
    impossible = Sampling(1, 20, 10.0, (*SETS, "lattice.tb_th=150"))
    [outcome] = live_all(panel, [task], impossible, tmp_path)
    assert outcome.status == "failed"
    assert not (tmp_path / task.folder / "results.h5").exists()
    pool = Lived(panel.trials[0], list_tasks(panel, impossible), tmp_path).pool
    assert pool.count == 0
