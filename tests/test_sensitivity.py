"""Sensitivity: known functions give known effects and shares; what is missing is left out."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from trabecula.base.errors import ConfigError, InputError
from trabecula.cli.main import app
from trabecula.config.sweeps import load_sweep
from trabecula.study import sensitivity
from trabecula.study.design import list_points
from trabecula.study.indices import compute_sensitivity, describe_design
from trabecula.study.manifest import Entry, Manifest
from trabecula.viz.sensitivity import draw_tornado

BASE = "duration: 30 d\n"
RANGES = """
  ranges:
    patient.age: {low: 20, high: 60}
    fields.every: {low: 1, high: 100, log: on}
    patient.weight: {low: 40, high: 90}
"""
MORRIS = f"morris:\n  trajectories: 6\n  seed: 3{RANGES}"
SOBOL = f"sobol_indices:\n  blocks: 512{RANGES}"


def load(folder: Path, text: str):
    (folder / "base.yaml").write_text(BASE)
    path = folder / "sweep.yaml"
    path.write_text(f"config: base.yaml\n{text}")
    return load_sweep(path)


def to_cube(parameters: dict) -> np.ndarray:
    age, every, weight = (
        parameters[key] for key in ("patient.age", "fields.every", "patient.weight")
    )
    return np.array([(age - 20) / 40, np.log10(every) / 2, (weight - 40) / 50])


def pretend(sweep, out: Path, outcome, lost=()) -> None:
    """Leave what a sweep would: a manifest, and a summary in every folder."""
    entries = []
    for point in list_points(sweep):
        value = outcome(to_cube(point.parameters), point.seed)
        status = "failed" if point.index in lost else "done"
        entry = Entry(point.index, f"r{point.index}", "d", point.parameters, point.seed, status)
        (out / entry.folder).mkdir(parents=True)
        (out / entry.folder / "summary.json").write_text(json.dumps({"bv_tv_change": value}))
        entries.append(entry)
    Manifest(out).begin({"sweep": "s", "design": describe_design(sweep)}, entries)


def linear(x, seed) -> float:
    return 3.0 * x[0] - 1.0 * x[1]


def test_effects_of_a_plane_are_its_slopes(tmp_path) -> None:
    sweep = load(tmp_path, MORRIS)
    assert len(list_points(sweep)) == 6 * 4
    pretend(sweep, tmp_path / "out", linear)
    found = compute_sensitivity(tmp_path / "out", "bv_tv_change")
    assert found.indices["mu"] == pytest.approx([3, -1, 0], abs=1e-9)
    assert found.indices["mu_star"] == pytest.approx([3, 1, 0], abs=1e-9)
    assert found.indices["sigma"] == pytest.approx([0, 0, 0], abs=1e-9)
    assert [row["key"] for row in found.to_rows()] == [
        "patient.age", "fields.every", "patient.weight"
    ]  # fmt: skip
    assert np.isnan(found.noise)


def test_an_interaction_shows_in_sigma_and_cancels_in_mu(tmp_path) -> None:
    sweep = load(tmp_path, MORRIS.replace("trajectories: 6", "trajectories: 40"))
    pretend(sweep, tmp_path / "out", lambda x, _: (x[0] - 0.5) * (x[1] - 0.5))
    indices = compute_sensitivity(tmp_path / "out", "bv_tv_change").indices
    assert abs(indices["mu"][0]) < 0.1 < indices["mu_star"][0]
    assert indices["sigma"][0] > 0.2


def test_a_lost_run_takes_its_trajectory_with_it_alone(tmp_path) -> None:
    sweep = load(tmp_path, MORRIS)
    pretend(sweep, tmp_path / "out", linear, lost={5})
    found = compute_sensitivity(tmp_path / "out", "bv_tv_change")
    assert found.indices["mu"] == pytest.approx([3, -1, 0], abs=1e-9)
    assert found.runs == 23
    pretend(sweep, tmp_path / "none", linear, lost={0, 4, 8, 12, 16})
    with pytest.raises(InputError, match="found 1 whole trajectories of 6; allowed: at least 2"):
        compute_sensitivity(tmp_path / "none", "bv_tv_change")


def test_replicates_are_averaged_and_tell_the_noise(tmp_path) -> None:
    sweep = load(tmp_path, f"{MORRIS}seeds: 2\n")
    pretend(sweep, tmp_path / "out", lambda x, seed: linear(x, seed) + (1 if seed == 1 else -1))
    found = compute_sensitivity(tmp_path / "out", "bv_tv_change")
    assert found.indices["mu"] == pytest.approx([3, -1, 0], abs=1e-9)
    assert found.noise == pytest.approx(1.0), "sd sqrt(2) over two replicates"
    assert found.runs == 48


def test_a_point_that_lacks_a_replicate_is_left_out_and_not_the_mean_of_the_others(
    tmp_path,
) -> None:
    """Seeds differ by 2: the mean over one of them would be an effect of 1 that nobody has."""
    sweep = load(tmp_path, f"{MORRIS}seeds: 2\n")
    pretend(
        sweep, tmp_path / "out",
        lambda x, seed: linear(x, seed) + (1 if seed == 1 else -1), lost={5, 30},
    )  # fmt: skip
    found = compute_sensitivity(tmp_path / "out", "bv_tv_change")
    assert found.runs == 46
    assert found.indices["mu"] == pytest.approx([3, -1, 0], abs=1e-9)
    assert found.indices["sigma"] == pytest.approx([0, 0, 0], abs=1e-9)
    assert found.noise == pytest.approx(1.0)


def test_shares_of_a_plane_are_squares_of_its_slopes(tmp_path) -> None:
    sweep = load(tmp_path, SOBOL)
    assert len(list_points(sweep)) == 512 * 5
    pretend(sweep, tmp_path / "out", linear)
    indices = compute_sensitivity(tmp_path / "out", "bv_tv_change").indices
    assert indices["first"] == pytest.approx([0.9, 0.1, 0.0], abs=0.03)
    assert indices["total"] == pytest.approx([0.9, 0.1, 0.0], abs=0.03)


def test_an_outcome_that_never_varies_has_no_shares() -> None:
    points = sensitivity.draw_blocks(2, 4, 1)
    assert np.isnan(sensitivity.compute_shares(points, np.ones(len(points)))["total"]).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{MORRIS}grid: {{lattice.bv_tv: [0.2]}}", "morris: found morris beside grid; allowed:"),
        (MORRIS.replace("seed: 3", "levels: 5"), "morris.levels: found 5; allowed: an even number"),
        (SOBOL.replace("512", "500"), "sobol_indices.blocks: found 500; allowed: a power of two"),
    ],
)
def test_a_design_that_cannot_be_analysed_is_refused(tmp_path, text, message) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, text)


def test_a_missing_library_is_named(monkeypatch) -> None:
    monkeypatch.setattr(sensitivity, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"trabecula\[fit\]"):
        sensitivity.draw_trajectories(2, 4, 4, 1)


def test_the_command_ranks_draws_and_refuses(tmp_path) -> None:
    out = tmp_path / "out"
    pretend(load(tmp_path, MORRIS), out, linear)
    result = CliRunner().invoke(app, ["sensitivity", str(out), "--json"])
    found = json.loads(result.stdout)
    assert (found["unit"], found["runs"], found["noise"]) == ("%", 24, None)
    assert found["keys"][0]["key"] == "patient.age"
    assert (out / "figures" / "sensitivity_bv_tv_change.png").stat().st_size > 1000
    wrong = CliRunner().invoke(app, ["sensitivity", str(out), "--metric", "bv_tv_chang"])
    assert wrong.exit_code == 2
    assert "did you mean bv_tv_change?" in wrong.stderr
    nothing = CliRunner().invoke(app, ["sensitivity", str(tmp_path)])
    assert nothing.exit_code == 2
    assert "found no sweep with a design of sensitivity" in nothing.stderr


def test_the_tornado_has_a_bar_for_each_key(tmp_path) -> None:
    pretend(load(tmp_path, MORRIS), tmp_path / "out", linear)
    found = compute_sensitivity(tmp_path / "out", "bv_tv_change")
    axis = draw_tornado(found, "BV/TV", "%").axes[0]
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[-1] == "patient.age\n20 to 60", "the strongest on top"
    widths = sorted(round(patch.get_width(), 6) for patch in axis.patches if patch.get_width())
    assert widths == [-1.0, 2.0, 3.0, 6.0]
