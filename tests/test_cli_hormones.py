"""What the command line says about patients and prescriptions, before anything is simulated."""

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from courses import read
from trabecula.cli.main import app
from trabecula.config import load_config
from trabecula.hormones import has_course, make_course

CONFIGS = Path(__file__).parents[1] / "configs"
CLINIC = (
    "women_testosterone_cypionate", "women_pellets", "women_pellets_anastrozole",
    "women_estradiol_progesterone", "men_testosterone_cypionate", "men_testosterone_anastrozole",
    "men_testosterone_gonadorelin", "secretagogues", "glucocorticoid_course",
    "denosumab_stop_zoledronate", "teriparatide",
)  # fmt: skip
TEXT = """
duration: 120 d
lattice: {shape: [24, 24, 24]}
patient: {sex: male, age: 45 y, stage: adult, labs: [{day: -9, estradiol: 90}]}
protocol:
  - testosterone cypionate 100 mg im weekly
  - anastrozole 20 mg daily
"""


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "man.yaml"
    path.write_text(TEXT)
    return path


def test_check_shows_levels_and_warns(config):
    result = call("check", config)
    assert result.exit_code == 0, result.output
    assert "Hormones that patient and protocol give" in result.output
    assert "free_testosterone" in result.output
    assert "usual doses, 0.1-2 mg" in result.output.replace("\n", " ")
    assert "labs[0].estradiol" in result.output
    found = json.loads(call("check", config, "--json").output)
    rows = {row["level"]: row for row in found["hormones"]}
    assert float(rows["own_testosterone"]["last month"]) < float(rows["testosterone"]["last month"])
    assert len(found["warnings"]) == 2


def test_check_shows_prescriptions_and_labs_as_they_were_read(config):
    config.write_text(
        TEXT + "  - {drug: denosumab, dose: 60, every: 6, times: 3}\n"
        "  - {drug: prednisone, doses: [[0, 5], [9, 2.5]]}\n"
    )
    lines = [" ".join(line.split()) for line in call("check", config).output.splitlines()]
    assert (
        "protocol[2] denosumab 60 mg, subcutaneous, every 6 d, 3 x, first day 0, last day 12"
        in lines
    )
    assert "protocol[3] prednisone 2.5 to 5 mg, oral, 2 x, first day 0, last day 9" in lines
    (labs,) = (line for line in lines if line.startswith("patient.labs"))
    assert "day: -9" in labs
    assert "estradiol: 90" in labs


def test_check_of_a_plain_configuration_shows_no_levels(tmp_path):
    path = tmp_path / "plain.yaml"
    path.write_text("duration: 3 d\nlattice: {shape: [24, 24, 24]}\n")
    result = call("check", path)
    assert result.exit_code == 0, result.output
    assert "lattice.shape" in result.output
    assert "Hormones that" not in result.output


def test_plot_hormones_draws_a_protocol(config, tmp_path):
    result = call("plot", "--hormones", config, "--out", tmp_path / "figures")
    assert result.exit_code == 0, result.output
    picture = tmp_path / "figures" / "man_hormones.png"
    assert picture.stat().st_size > 20_000


def test_plot_hormones_needs_a_patient_or_a_protocol(tmp_path):
    path = tmp_path / "plain.yaml"
    path.write_text("duration: 3 d\n")
    result = call("plot", "--hormones", path, "--out", tmp_path)
    assert result.exit_code == 2
    assert "patient.stage" in result.output


@pytest.mark.parametrize("name", CLINIC)
def test_protocols_of_the_clinic_are_valid_and_move_a_level(name):
    config = load_config(CONFIGS / f"{name}.yaml")
    assert has_course(config)
    course = make_course(config)
    moved = bool(course.doses) or any(
        abs(course.average(values, 30, 60) - course.average(values, -28, 0))
        > 0.1 * abs(course.average(values, -28, 0))
        for values in course.levels.values()
    )
    assert moved


def test_overdone_anastrozole_takes_estradiol_below_the_threshold():
    protocol = "protocol=[testosterone cypionate 100 mg im weekly, anastrozole 1 mg daily]"
    fitted = make_course(load_config(CONFIGS / "men_testosterone_anastrozole.yaml"))
    overdone = make_course(load_config(CONFIGS / "men_testosterone_anastrozole.yaml", [protocol]))
    levels = [course.average(course.levels["estradiol"], 300, 370) for course in (fitted, overdone)]
    assert 18 < levels[0] < 30
    assert levels[1] < 0.7 * levels[0]


def test_a_course_of_ten_years_takes_less_than_a_second():
    config = read(TEXT.replace("120 d", "10 y"))
    make_course(read(TEXT))
    spent = []
    for _ in range(3):  # the best of three: beside another process a core may run at half its pace
        begun = time.process_time()
        make_course(config)
        spent.append(time.process_time() - begun)
    assert min(spent) < 1.0
