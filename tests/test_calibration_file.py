"""What a calibration file may say, what it costs, and one that lives for real."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fitting import FILE, OPG, TRIGGER, USUAL, write
from trabecula.base.errors import ConfigError
from trabecula.cli.main import app
from trabecula.config.calibrations import load_calibration
from trabecula.records.reader import read_results
from trabecula.study.calibrating import LINES
from trabecula.study.evaluating import Lives, make_subject
from trabecula.study.fitplan import plan_stages
from trabecula.study.steady import load_anchor_table, read_anchors

WORK = "cells.osteoclast.work"


def refuse(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load_calibration(write(tmp_path, text))
    return "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (f"{TRIGGER}: {{}}", "cells.osteoblast.speed: {}", "cells.osteoblast.speed, graded B"),
        (
            f"{TRIGGER}: {{}}",
            "lattice.osteoid.seam: {}",
            "graded A; allowed: rows graded C or D",
        ),
        (f"{TRIGGER}: {{}}", "cells.osteoclast.wrk: {}", "unknown parameter"),
        (f"{TRIGGER}: {{}}", "'mechanics.failure.*': {}", "none of them graded C or D"),
        (f"{TRIGGER}: {{}}", f"{TRIGGER}: {{high: 2}}", "low under high within 0 .. 0.9"),
        (f"{TRIGGER}: {{}}", f"{TRIGGER}: {{low: {USUAL + 0.05:g}}}", f"limits around {USUAL:g}"),
        (f"{TRIGGER}: {{}}", f"{TRIGGER}: {{log: on}}", "low above 0 with log: on"),
        (f"{TRIGGER}: {{}}", f"{TRIGGER}: {{lowest: 1}}", "unknown key 'lowest'"),
        ("seed: 3", "grades: [B]", "rows graded A or B were measured"),
        ("seed: 3", "sed: 3", "unknown key 'sed'"),
        ("budget: 100", "budget: 0", "above 0"),
        ("evaluations: 18, ", "", "stages[0]: found no evaluations"),
        ("name: large", "name: small", "small, which is taken"),
        ("name: large", "name: final", "final, which is taken"),
        ("spin_up: 20", "spin_up: 20, lattice.voxel: 5", "lattice.voxel: found 5"),
        ("spin_up: 20", f"spin_up: 20, hormones.parameters.{TRIGGER[9:]}: 0.5", "in settings too"),
        ("spin_up: 20", "spin_up: 20, fit: nowhere.yaml", "nowhere.yaml"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, old, new, words):
    assert old in FILE
    assert words in refuse(tmp_path, FILE.replace(old, new))


def test_a_file_that_is_no_calibration(tmp_path):
    assert "keys of a calibration" in refuse(tmp_path, "[1, 2]")


def test_a_pattern_takes_rows_of_its_grades_that_can_move(tmp_path):
    text = FILE.replace(f"{TRIGGER}: {{}}", "'cells.osteoblast.*': {}")
    rows = load_calibration(write(tmp_path, text)).rows
    grades = {row.row.grade for row in rows}
    assert grades == {"C", "D"}
    assert "cells.osteoblast.speed" not in [row.key for row in rows]
    only_d = load_calibration(write(tmp_path, text + "grades: [D]\n")).rows
    assert {row.row.grade for row in only_d if row.key != OPG} == {"D"}


def test_a_range_of_a_decade_is_searched_by_ratios(tmp_path):
    text = FILE.replace(f"{TRIGGER}: {{}}", "fields.opg.on_rate: {}\n  cells.rank.half: {log: off}")
    rows = {row.key: row for row in load_calibration(write(tmp_path, text)).rows}
    assert rows["fields.opg.on_rate"].is_log
    assert not rows["cells.rank.half"].is_log
    assert rows[OPG].is_log


def test_a_fit_starts_from_an_earlier_one(tmp_path):
    (tmp_path / "earlier.yaml").write_text(f"parameters: {{{TRIGGER}: 0.5}}\n")
    asked = load_calibration(
        write(tmp_path, FILE.replace("spin_up: 20", "spin_up: 20, fit: earlier.yaml"))
    )
    assert asked.rows[0].start == 0.5


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("lattice.specimen: sub/bone.npy", ["lattice.specimen"]),
        ("lattice: {specimen: sub/bone.npy}", ["lattice", "specimen"]),
    ],
)
def test_files_of_the_settings_are_seen_from_the_calibration(tmp_path, given, key):
    (tmp_path / "sub").mkdir()
    np.save(tmp_path / "sub" / "bone.npy", np.ones((16, 16, 16), np.uint8))
    text = FILE.replace("spin_up: 20", f"spin_up: 20, {given}").replace("lattice.tb_th: 100, ", "")
    asked = load_calibration(write(tmp_path, text))
    told = dict(text.split("=", 1) for text in asked.sets)
    found = json.loads(told[key[0]])
    for part in key[1:]:
        found = found[part]
    assert found == str(tmp_path / "sub" / "bone.npy")


def test_workers_and_budget_do_not_change_what_is_evaluated(tmp_path):
    plain = load_calibration(write(tmp_path)).compute_digest()
    for old, new in (("budget: 100", "budget: 9"), ("evaluations: 18", "evaluations: 30")):
        assert load_calibration(write(tmp_path, FILE.replace(old, new))).compute_digest() == plain
    other = FILE.replace("keep: 0.2", "keep: 0.5")
    assert load_calibration(write(tmp_path, other)).compute_digest() != plain


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("only: [LOSS]", "only: [GAIN]", "only: found GAIN; allowed: LOSS, PROSE"),
        ("only: [LOSS]", "only: [PROSE]", "nothing in PROSE that can be lived and scored"),
        ("budget: 100", "budget: 1.0e-9", "what two evaluations of every stage take"),
        ("seed: 3", "anchors: {turnovr: [1, 2]}", "did you mean turnover"),
        ("seed: 3", "anchors: {turnover: [2, 1]}", "[low, high]"),
        ("seed: 3", "anchors: everything", "table, or metrics with their bands"),
    ],
)
def test_what_the_panel_cannot_give_is_told(tmp_path, old, new, words):
    text = FILE.replace(old, new).replace(f"{TRIGGER}: {{}}", f"{WORK}: {{}}")
    with pytest.raises(ConfigError) as caught:
        plan_stages(load_calibration(write(tmp_path, text)))
    assert words in str(caught.value)


LOOSE = ", band: [-4, -2], required: true}", ", band: [-4, -2]}"
"""An endpoint of the panel that is required, and the same that is not; the other required one jumps."""

QUIET = """
  - id: QUIET
    duration_days: 10
    arms: {usual: {}}
    endpoints: [{arm: usual, obs: bvtv_pct, t_day: 8, band: [-1, 1]}]
"""
MOVING = FILE.replace(f"{TRIGGER}: {{}}", f"{WORK}: {{}}")


@pytest.mark.parametrize(
    ("text", "old", "new", "place"),
    [
        (FILE, *LOOSE, "stages[0]"),
        (FILE.replace("settle: 10", "settle: 10, endpoints: all"), *LOOSE, ""),
        (MOVING, *LOOSE, ""),
        (MOVING + "drift: {weight: 0}\n", *LOOSE, "stages[0]"),
        (MOVING + "drift: {weight: 0}\nanchors: table\n", *LOOSE, ""),
        (FILE.replace("name: large,", "name: large, only: [QUIET],"), "", "", "stages[1]"),
        (FILE + "final: {bones: 2, edge: 16, only: [QUIET]}\n", "", "", "final"),
        (FILE + "final: {bones: 2, edge: 16}\n", "", "", ""),
    ],
)
def test_a_fit_to_nothing_is_refused(tmp_path, text, old, new, place):
    """Every set would have the loss of the start, 0, and one of them would be frozen."""
    path = write(tmp_path, text)
    panel = tmp_path / "panel.yaml"
    assert old in panel.read_text()
    panel.write_text(panel.read_text().replace(old, new) + QUIET)
    if not place:
        assert plan_stages(load_calibration(path))
        return
    with pytest.raises(
        ConfigError, match="to fit to; allowed: an endpoint with a band that is req"
    ) as told:
        plan_stages(load_calibration(path))
    assert f": {place}: found nothing in " in str(told.value)


def test_endpoints_that_jump_are_nothing_to_fit_to(tmp_path):
    path = write(tmp_path, FILE.replace("settle: 10", "settle: 10, endpoints: all"))
    panel = tmp_path / "panel.yaml"
    lines = panel.read_text().splitlines(keepends=True)
    jumps = [line for line in lines if "bvtv_pct, compare" not in line and "rankl" not in line]
    panel.write_text("".join(jumps))
    with pytest.raises(ConfigError, match=r"nothing in LOSS to fit to; allowed: .* no first day"):
        plan_stages(load_calibration(path))


def test_rows_of_the_replete_bone_cost_spin_ups_and_an_untouched_bone(tmp_path):
    shared = plan_stages(load_calibration(write(tmp_path)))[0]
    text = (
        FILE.replace(f"{TRIGGER}: {{}}", f"{WORK}: {{}}")
        + "anchors: {turnover: table, mar: [0.4, 0.8]}\n"
    )
    asked = load_calibration(write(tmp_path, text))
    moving = plan_stages(asked)[0]
    assert shared.once > 0
    assert shared.subject.steady is None
    assert moving.once == 0
    assert moving.each > shared.each
    ends = moving.subject.steady.trials[0].endpoints
    assert [end.label for end in ends] == ["turnover", "mar", "drift"]
    assert read_anchors(asked) == {"turnover": (11.0, 30.0), "mar": (0.4, 0.8)}
    assert (shared.runs, moving.runs) == (4, 6)
    every = text.replace("{turnover: table, mar: [0.4, 0.8]}", "table")
    found = read_anchors(load_calibration(write(tmp_path, every)))
    assert list(found) == list(load_anchor_table())


def call(*words):
    return CliRunner().invoke(app, ["calibrate", *map(str, words)])


def test_a_dry_run_says_rows_endpoints_rounds_and_cost(tmp_path):
    path = write(tmp_path)
    plain = call(path, "--dry-run")
    assert plain.exit_code == 0
    for words in ("from day 0", "spin-ups are shared", "reported only: it jumps", "100 allowed"):
        assert words in plain.stdout
    assert "not required" in plain.stdout
    told = json.loads(call(path, "--dry-run", "--json").stdout)
    assert [stage["runs_of_each"] for stage in told["stages"]] == [4, 8]
    assert [row["acts"] for row in told["rows"]] == ["from day 0"] * 2
    moving = write(tmp_path, FILE.replace(f"{TRIGGER}: {{}}", f"{WORK}: {{}}"))
    assert "1 of 2 rows change the bone in equilibrium" in call(moving, "--dry-run").stdout
    assert not (tmp_path / "runs").exists()


def test_wrong_input_is_status_2_and_leaves_nothing(tmp_path):
    path = write(tmp_path, FILE.replace(f"{TRIGGER}: {{}}", "cells.osteoblast.speed: {}"))
    found = call(path, "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "fit_me.yaml:5:" in found.output
    assert not (tmp_path / "out").exists()


SMALL = f"""
panel: panel.yaml
only: [LOSS]
rows: {{{TRIGGER}: {{}}}}
stages: [{{name: tiny, bones: 2, edge: 16, settle: 0, evaluations: 2, endpoints: all}}]
budget: 5
seed: 3
keep_lives: on
settings: {{spin_up: 95, lattice.tb_th: 100, mechanics: off, step: 5, fields.every: 5, output.every: 5}}
"""


def test_two_evaluations_that_live_for_real(tmp_path):
    path = write(tmp_path, SMALL)
    out = tmp_path / "out"
    found = call(path, "--out", out, "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    lines = [json.loads(line) for line in (out / LINES).read_text().splitlines()]
    assert [line["number"] for line in lines] == [0, 1]
    assert lines[0]["values"] == {TRIGGER: USUAL}
    assert all(line["loss"] is not None for line in lines), lines
    names = [target["name"] for target in lines[1]["targets"]]
    assert names[0] == "LOSS: bvtv_pct (withdrawn)"
    assert all(target["error"] is not None for target in lines[1]["targets"][:2])
    for name in ("fit.yaml", "summary.md", "report.html", "figures/profiles.png", "journal.log"):
        assert (out / name).is_file(), name
    assert told["digest"] in (out / "fit.yaml").read_text()
    lives = sorted((out / "lives" / "tiny").glob("*/LOSS/*/bone-*"))
    assert len(lives) == 8
    digests = {read_results(life).provenance["parameters_digest"] for life in lives}
    assert len(digests) == 2
    spun = [
        life
        for life in lives
        if "from the cache of states: spin-up" in (life / "log.txt").read_text()
    ]
    assert len(spun) == 6  # two bones, spun up once for both evaluations and arms
    assert len(list((out / "bones").glob("*.h5"))) == 2
    again = call(path, "--out", out, "--json")
    assert json.loads(again.stdout) == told
    assert len((out / LINES).read_text().splitlines()) == 2


def test_lives_are_let_go_of_once_they_are_told(tmp_path, monkeypatch):
    asked = load_calibration(write(tmp_path, SMALL.replace("keep_lives: on\n", "")))
    seen: list[Path] = []

    def live(panel, tasks, sampling, folder, crew, report, cache):
        folder.mkdir(parents=True)
        seen.append(folder)
        assert f"hormones.parameters.{TRIGGER}=0.5" in sampling.sets
        return []

    monkeypatch.setattr("trabecula.study.evaluating.live_all", live)
    lives = Lives(asked, tmp_path / "out", crew=None)
    found = lives.evaluate({TRIGGER: 0.5}, asked.settings.stages[0], "tiny")
    assert len(found.targets) == 3
    assert not seen[0].exists()
    lives.evaluate({TRIGGER: 0.5}, asked.settings.stages[0], "final")
    assert seen[1].exists()


def test_a_life_that_fails_is_an_evaluation_that_failed(tmp_path, monkeypatch):
    from trabecula.study.evaluating import EvaluationError
    from trabecula.study.living import Outcome

    asked = load_calibration(write(tmp_path, SMALL))
    monkeypatch.setattr(
        "trabecula.study.evaluating.live_all",
        lambda panel, tasks, *rest: [
            Outcome(task, "failed", "no tolerance", 1800.0) for task in tasks
        ],
    )
    lives = Lives(asked, tmp_path / "out", crew=None)
    with pytest.raises(EvaluationError, match=r"LOSS/usual/bone-1: no tolerance") as caught:
        lives.evaluate({TRIGGER: 0.5}, asked.settings.stages[0], "tiny")
    assert caught.value.core_hours == pytest.approx(2.0)


def test_a_stage_may_have_trials_of_its_own(tmp_path):
    asked = load_calibration(
        write(tmp_path, FILE.replace("name: small,", "name: small, only: [LOSS],"))
    )
    subject = make_subject(asked, asked.settings.stages[0])
    assert [trial.id for trial in subject.panel.trials] == ["LOSS"]
