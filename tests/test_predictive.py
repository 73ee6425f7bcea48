"""Predictive intervals hold what they say, and a variance is split into what made it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from populations import DRAWN, load, pretend
from trabecula.cli.main import app
from trabecula.study.cohort import load_cohort
from trabecula.study.design import Who
from trabecula.study.forecast import BOTH, PATIENTS, Course, Side
from trabecula.study.forecasttables import tabulate_intervals, tabulate_variance, write_forecast
from trabecula.study.predictive import SHARES, find_cover, predict
from trabecula.study.variance import UNKNOWN, estimate_shares, split_variance
from trabecula.viz.fans import draw_fans

TRIALS = 4000
"""Populations that are drawn to see how often an interval holds a new patient."""


def draw_world(rng, draws: int, patients: int, lives: int, parts: tuple[float, ...], trials: int):
    """Outcomes of shape (draw, patient, life, trial) with standard deviations of their parts.

    Parts: draws, patients, draws x patients, lives.
    """
    shapes = ((draws, 1, 1), (1, patients, 1), (draws, patients, 1), (draws, patients, lives))
    found = np.zeros((draws, patients, lives, trials))
    for part, shape in zip(parts, shapes, strict=True):
        found += part * rng.standard_normal((*shape, trials))
    return found


@pytest.mark.parametrize("patients", [3, 7, 19, 39])
def test_intervals_hold_new_patients_of_any_distribution_as_often_as_they_say(patients) -> None:
    rng = np.random.default_rng(patients)
    values = rng.lognormal(1.0, 0.8, (1, patients, 1, TRIALS))
    new = rng.lognormal(1.0, 0.8, TRIALS)
    low90, low50, middle, high50, high90 = predict(values).quantiles
    for asked, low, high in ((0.5, low50, high50), (0.9, low90, high90)):
        expected = find_cover(asked, patients)
        covered = ((low <= new) & (new <= high)).mean()
        assert abs(covered - expected) < 3 * np.sqrt(expected * (1 - expected) / TRIALS)
    assert abs((new < middle).mean() - 0.5) < 3 * 0.5 / np.sqrt(TRIALS)


@pytest.mark.parametrize("share", [1.0, 0.7, 0.0])
@pytest.mark.parametrize(("patients", "lives"), [(24, 4), (5, 4)])
def test_lives_of_a_patient_are_no_further_patients(patients, lives, share) -> None:
    """`share` of the variance is between patients: pooled, 24 x 4 held 86 % of 90, and 5 x 4 34 % of 50.

    Where chance is all, the mean of the quantiles lies further out than each of them.
    """
    rng = np.random.default_rng(patients)
    parts = (0.0, np.sqrt(share), 0.0, np.sqrt(1.0 - share))
    values = draw_world(rng, 1, patients, lives, parts, TRIALS)
    new = rng.standard_normal(TRIALS)
    low90, low50, middle, high50, high90 = predict(values).quantiles
    for asked, low, high in ((0.5, low50, high50), (0.9, low90, high90)):
        expected = find_cover(asked, patients)
        error = 3 * np.sqrt(expected * (1 - expected) / TRIALS)
        covered = ((low <= new) & (new <= high)).mean()
        assert expected - error < covered < expected + error + 0.015 + 0.08 * (1.0 - share)
    assert abs((new < middle).mean() - 0.5) < 3 * 0.5 / np.sqrt(TRIALS)


def test_few_patients_promise_no_more_than_they_can() -> None:
    assert find_cover(0.9, 10) == pytest.approx(9 / 11)
    assert find_cover(0.9, 19) == pytest.approx(0.9)
    assert find_cover(0.9, 500) == 0.9
    assert find_cover(0.9, 500, draws=4) == pytest.approx(3 / 5)
    assert find_cover(0.9, 40, draws=1) == 0.0, "one draw says nothing of another one"
    assert find_cover(0.5, 0) == 0.0


@pytest.mark.parametrize(
    "parts", [(1.0, 1.0, 0.5, 0.5), (2.0, 0.5, 0.0, 0.0), (0.2, 1.0, 0.3, 1.0)]
)
def test_intervals_over_parameters_hold_new_patients_under_new_parameters(parts) -> None:
    rng = np.random.default_rng(7)
    draws, patients = 24, 24
    values = draw_world(rng, draws, patients, 1, parts, 500)
    new = np.sqrt(np.square(parts).sum()) * rng.standard_normal((400, 500))
    quantiles = predict(values).quantiles
    covered = ((quantiles[0] <= new) & (new <= quantiles[4])).mean()
    assert 0.84 < covered < 0.93
    alone = predict(values[:1]).quantiles
    narrow = ((alone[0] <= new) & (new <= alone[4])).mean()
    if parts[0] > 1:
        assert narrow < 0.6, "patients alone do not tell what parameters may do"


def test_a_variance_is_split_into_what_made_it() -> None:
    rng = np.random.default_rng(3)
    parts = (2.0, 3.0, 1.0, 1.5)
    worlds = draw_world(rng, 12, 25, 2, parts, 150)
    found = np.array([split_variance(worlds[..., n]) for n in range(150)])
    error = found.std(axis=0) / np.sqrt(150)
    truth = np.square(parts)
    assert np.all(np.abs(found.mean(axis=0)[:4] - truth) < 3.5 * error[:4])
    totals = [split_variance(worlds[..., n]).total for n in range(150)]
    assert np.mean(totals) == pytest.approx(truth.sum(), rel=0.1)


def test_one_life_leaves_interaction_and_chance_together() -> None:
    rng = np.random.default_rng(4)
    worlds = draw_world(rng, 12, 25, 1, (2.0, 3.0, 1.0, 1.5), 150)
    found = np.array([split_variance(worlds[..., n]) for n in range(150)])
    assert np.isnan(found[:, 2:4]).all()
    error = found.std(axis=0) / np.sqrt(150)
    for column, truth in ((0, 4.0), (1, 9.0), (4, 3.25)):
        assert abs(found[:, column].mean() - truth) < 3.5 * error[column]


def test_without_uncertain_parameters_lives_tell_patients_from_chance() -> None:
    rng = np.random.default_rng(5)
    worlds = draw_world(rng, 1, 40, 3, (0.0, 3.0, 0.0, 2.0), 150)
    found = np.array([split_variance(worlds[..., n]) for n in range(150)])
    assert found[:, 1].mean() == pytest.approx(9.0, rel=0.1)
    assert found[:, 3].mean() == pytest.approx(4.0, rel=0.1)
    assert np.isnan(found[:, [0, 2, 4]]).all()
    alone = split_variance(worlds[:, :, :1, 0])
    assert alone.together == pytest.approx(worlds[0, :, 0, 0].var(ddof=1))
    assert np.isnan([alone.patients, alone.chance]).all()


def test_shares_come_with_errors_that_are_about_their_scatter() -> None:
    rng = np.random.default_rng(6)
    worlds = draw_world(rng, 10, 15, 2, (1.0, 1.0, 0.5, 0.5), 60)
    pairs = [estimate_shares(worlds[..., n]) for n in range(60)]
    shares, errors = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    assert np.allclose(np.nansum(shares, axis=1), 1.0)
    ratio = np.sqrt((errors[:, :2] ** 2).mean(axis=0)) / shares[:, :2].std(axis=0)
    assert np.all((ratio > 0.6) & (ratio < 1.8))


def test_components_are_those_of_mean_squares_and_errors_those_of_leaving_out() -> None:
    """Three draws of four patients with two lives, by the table of an analysis of variance."""
    values = np.random.default_rng(9).standard_normal((3, 4, 2)) + np.arange(3)[:, None, None]
    values += 2.0 * np.arange(4)[None, :, None]
    cell, mean = values.mean(axis=2), values.mean()
    squares = [
        8 * ((cell.mean(axis=1) - mean) ** 2).sum() / 2,
        6 * ((cell.mean(axis=0) - mean) ** 2).sum() / 3,
        ((values - cell[..., None]) ** 2).sum() / 12,
    ]
    whole = ((values - mean) ** 2).sum()
    crossed = (whole - 2 * squares[0] - 3 * squares[1] - 12 * squares[2]) / 6
    found = split_variance(values)
    assert found.parameters == pytest.approx(max(squares[0] - crossed, 0.0) / 8)
    assert found.patients == pytest.approx((squares[1] - crossed) / 6)
    assert found.interaction == pytest.approx(max(crossed - squares[2], 0.0) / 2)
    assert found.chance == pytest.approx(squares[2])
    variance = 0.0
    for axis, count in ((0, 3), (1, 4)):
        left = [
            split_variance(np.delete(values, one, axis)).to_shares().patients
            for one in range(count)
        ]
        variance += (count - 1) * np.var(left)
    assert estimate_shares(values)[1].patients == pytest.approx(np.sqrt(variance))


def test_what_never_varies_or_hardly_exists_has_no_shares() -> None:
    assert np.isnan(split_variance(np.zeros((2, 1, 2)))).all()
    assert np.isnan(split_variance(np.ones((3, 4, 2))).to_shares()).all()
    assert split_variance(np.ones((3, 4, 2))).total == 0.0
    shares, errors = estimate_shares(np.random.default_rng(1).standard_normal((1, 2, 2)))
    assert (np.isnan(errors).all(), np.nansum(shares)) == (True, pytest.approx(1.0))
    _, errors = estimate_shares(np.random.default_rng(1).standard_normal((2, 6, 2)))
    assert np.isnan(errors).all(), "two draws do not tell how far a third would lie"
    assert np.isnan(UNKNOWN.total)


def test_a_patient_who_lacks_a_run_is_left_out_of_every_draw() -> None:
    values = np.arange(24.0).reshape(2, 6, 2)
    values[1, 2, 0] = np.nan
    found = predict(values)
    assert (found.patients, found.left_out) == (5, 1)
    kept = np.delete(values, 2, axis=1)
    assert found.quantiles == pytest.approx(predict(kept).quantiles)
    few = predict(np.ones((1, 2, 9)))
    assert np.isnan(few.quantiles).all(), "two patients, however often they live"


def make_outcome(who: Who) -> float:
    """A known outcome: parameters, patients, and what the second point does to a patient."""
    return 10.0 * who.draw + who.patient + 100.0 * who.point * who.patient


def test_tables_pair_the_points_of_a_design_within_patients(tmp_path: Path) -> None:
    sweep = load(tmp_path, f"grid: {{hormones.blockade.rankl: [0, 0.9]}}\n{DRAWN}")
    pretend(sweep, tmp_path / "out", make_outcome, frozenset({Who(1, 2, 4, 1)}))
    cohort = load_cohort(tmp_path / "out")
    outcomes = cohort.read_outcomes()
    assert list(outcomes) == ["bv_tv_change"]
    rows = {
        (r["point"], bool(r["against"]), r["spread"]): r
        for r in tabulate_intervals(cohort, outcomes)
    }
    assert len(rows) == 6
    assert rows[0, False, PATIENTS]["q50"] == 2.5
    assert rows[0, False, PATIENTS]["left_out"] == 0
    assert rows[0, False, BOTH]["q50"] == 22.5
    assert rows[1, True, PATIENTS]["q50"] == 250.0
    paired = rows[1, True, BOTH]
    assert (paired["patients"], paired["left_out"], paired["q50"]) == (3, 1, 200.0)
    parts = {(r["point"], bool(r["against"])): r for r in tabulate_variance(cohort, outcomes)}
    assert parts[0, False]["parameters"] == pytest.approx(100 / (100 + 5 / 3))
    assert parts[1, True]["parameters"] == 0.0
    assert parts[1, True]["patients"] == pytest.approx(1.0)
    assert parts[1, True]["n_patients"] == 3
    assert (parts[0, False]["n_draws"], parts[0, False]["chance"]) == (3, None)


def test_one_draw_of_the_parameters_promises_nothing(tmp_path: Path) -> None:
    pretend(load(tmp_path, DRAWN.replace("draws: 3", "draws: 1")), tmp_path / "out", make_outcome)
    cohort = load_cohort(tmp_path / "out")
    alone, both = tabulate_intervals(cohort, cohort.read_outcomes())
    assert (alone["spread"], alone["covers_90"]) == (PATIENTS, pytest.approx(3 / 5))
    assert (both["spread"], both["covers_90"], both["covers_50"]) == (BOTH, 0.0, 0.0)


class FakeSeries:
    """What a run offers of a series."""

    def __init__(self, time: np.ndarray) -> None:
        self.time, self.values, self.series = time, 1.0 + time, {}

    def get(self, key: str) -> "FakeSeries":
        return self


def test_a_moment_of_a_series_is_the_first_of_its_interval(tmp_path: Path, monkeypatch) -> None:
    pretend(load(tmp_path, DRAWN), tmp_path / "out", make_outcome)
    cohort = load_cohort(tmp_path / "out")
    time_axis = np.array([-7.0, 0.0, 7.0, 14.0, 21.0, 28.0, 35.0])
    monkeypatch.setattr("trabecula.study.cohort.load_results", lambda _: FakeSeries(time_axis))
    monkeypatch.setattr("trabecula.study.cohort.compute_start", lambda *_: 1.0)
    time, kinds = cohort.read_series("bv_tv", 10.0)
    assert time.tolist() == [0, 10, 20, 30]
    assert kinds["level"].shape == (1, 4, 4, 1, 4)
    assert kinds["level"][0, 1, 2, 0].tolist() == [1, 15, 22, 36]
    assert kinds["change"][0, 0, 0, 0].tolist() == [0, 1400, 2100, 3500]
    daily, kinds = cohort.read_series("bv_tv", 1.0)
    assert np.isfinite(kinds["level"][0, 0, 0, 0]).sum() == 6
    assert len(daily) == 36


def test_tables_are_written_and_told(tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out"
    pretend(load(tmp_path, DRAWN), out, make_outcome)
    written = write_forecast(load_cohort(out), [])
    assert {"predictive.csv", "variance.parquet", "predictive_series.csv"} <= set(written)
    with (out / "variance.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["patients"]) + float(row["parameters"]) == pytest.approx(1.0)
    assert row["chance"] == ""
    courses = [make_course(side, spread) for side in SIDES for spread in (PATIENTS, BOTH)]
    monkeypatch.setattr("trabecula.study.forecast.predict_series", lambda *_: courses)
    found = CliRunner().invoke(app, ["population", str(out), "--format", "png"])
    assert found.exit_code == 0, found.stderr
    for words in ("patients and parameters", "Shares of the variance", "saved"):
        assert words in found.stdout
    assert (out / "figures" / "population.png").is_file()
    found = CliRunner().invoke(app, ["population", str(out), "--format", "png", "--json"])
    told = json.loads(found.stdout)
    assert told["variance"][0]["n_draws"] == 3
    assert [row["spread"] for row in told["intervals"]] == [PATIENTS, BOTH]
    write_forecast(load_cohort(out), courses)
    with (out / "predictive_series.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 4 * 11
    assert lines[0]["unit"] == "%"
    assert float(lines[10]["q50"]) == pytest.approx(courses[0].prediction.quantiles[2, 10])


SIDES = (Side(0, "plain", ""), Side(1, "blocked", "plain"))


def make_course(side: Side, spread: str) -> Course:
    time = np.linspace(0.0, 100.0, 11)
    rng = np.random.default_rng(2)
    draws = 5 if spread == BOTH else 1
    values = rng.standard_normal((draws, 30, 1, 1)) * time / 10 + rng.standard_normal(
        (draws, 1, 1, 1)
    )
    return Course(side, "bv_tv", "change", spread, time, predict(values - 3.0 * side.point))


def test_a_fan_shows_medians_bands_and_parts(tmp_path: Path) -> None:
    courses = [make_course(side, spread) for side in SIDES for spread in (PATIENTS, BOTH)]
    variance = [
        {"outcome": "bv_tv_change", "label": "plain", "against": "", "sd": 2.0, "parameters": 0.25,
         "patients": 0.5, "interaction": None, "chance": None, "together": 0.25},
    ]  # fmt: skip
    figure = draw_fans(courses, variance)
    plain, paired, bars = figure.axes
    assert len(plain.collections) == 2, "bands of 50 and 90 %"
    assert [line.get_linestyle() for line in plain.lines].count("--") == 2
    assert plain.lines[1].get_ydata() == pytest.approx(courses[0].prediction.quantiles[2])
    assert "patient by patient" in paired.get_title(loc="left")
    assert paired.get_ylabel() == "difference in\nBV/TV (% points)"
    assert [bar.get_width() for bar in bars.patches] == [0.25, 0.5, 0.25]
    assert "medians of 30 patients" in figure.get_supxlabel()
    assert len(SHARES) == 5
    figure.savefig(tmp_path / "fan.png")
