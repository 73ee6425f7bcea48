"""A configuration file becomes plain numbers, and comes back from its own resolved text."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from trabecula.base.errors import ConfigError
from trabecula.config import RULES, find_warnings, load_config, make_json_schema
from trabecula.config.names import find_nearest
from trabecula.config.units import QuantityError, to_number

ROOT = Path(__file__).parents[1]
SWEEPS = ("sweep_", "population_")
CONFIGS = sorted(p for p in (ROOT / "configs").glob("*.yaml") if not p.stem.startswith(SWEEPS))


def write(folder: Path, text: str, name: str = "a.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_units_of_activity_with_and_without_their_i() -> None:
    assert to_number("7 U/L", "mIU/mL") == pytest.approx(7.0)
    assert to_number("7 mU/mL", "mIU/mL") == pytest.approx(7.0)
    with pytest.raises(QuantityError):
        to_number("7 U/L", "pg/mL")


def test_defaults_are_the_contract(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "duration: 2 y\n", "my_run.yaml"))
    assert config.name == "my_run"
    assert (config.seed, config.lattice.seed) == (1, 1)
    assert (config.spin_up, config.settle, config.duration) == (1095.75, 365.25, 730.5)
    assert config.step == 1.0
    lattice = config.lattice
    assert (lattice.voxel, lattice.shape) == (20.0, (64, 64, 64))
    assert (lattice.bv_tv, lattice.tb_th, lattice.anisotropy) == (0.18, 150.0, 1.3)
    assert lattice.sides == "periodic"
    assert (config.patient.sex, config.patient.age) == ("female", 35.0)
    assert config.mechanics.active
    assert config.mechanics.every == 30.0
    assert (config.mechanics.mesh, config.mechanics.lateral) == ("coarse", "mirrored")
    assert config.mechanics.stress.z is None
    assert config.protocol == ()
    assert config.output.states is None
    assert config.output.snapshots == 30.0
    assert config.cells.rules == dict.fromkeys(RULES, True)
    assert all(config.fields.sources.values())


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        (20, "um", 20.0),
        ("20 um", "um", 20.0),
        ("20 µm", "um", 20.0),
        ("0.02mm", "um", 20.0),
        ("5 y", "d", 1826.25),
        ("7 d", "d", 7.0),
        ("2 weeks", "d", 14.0),
        ("12 h", "d", 0.5),
        ("0.2 g", "mg", 200.0),
        ("3e1", "um", 30.0),
        ("18 %", "1", 0.18),
        ("3 mg/kg", "mg/kg", 3.0),
        ("10 pg/mL", "pg/mL", 10.0),
        ("1 ng/mL", "ng/dL", 100.0),
        ("40 IU/L", "mIU/mL", 40.0),
    ],
)
def test_quantities_convert(text: object, unit: str, number: float) -> None:
    assert to_number(text, unit) == pytest.approx(number, rel=1e-12)


def test_molar_levels_use_the_steroids_molar_mass() -> None:
    assert to_number("100 pmol/L", "pg/mL", "estradiol") == pytest.approx(27.238, rel=1e-9)
    assert to_number("20 nmol/L", "ng/dL", "testosterone") == pytest.approx(576.84, rel=1e-9)
    with pytest.raises(QuantityError, match="cannot be converted"):
        to_number("100 pmol/L", "pg/mL")


@pytest.mark.parametrize(
    "bad",
    [
        "20 kg",
        "20 parsnips",
        "um",
        "",
        "1e",
        "20 um um um(",
        "3 m^0",
        "3 um^9^9^9",
        "3 um^99",
        True,
        None,
        [1],
        "nan",
        "inf",
    ],
)
def test_what_is_not_a_length_is_refused(bad: object) -> None:
    with pytest.raises(QuantityError):
        to_number(bad, "um")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(QuantityError, match="finite"):
        to_number(bad, "um")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_loads_and_comes_back(path: Path, tmp_path: Path) -> None:
    if path.stem == "trab1240" and not (ROOT.parent / "shared" / "data").is_dir():
        pytest.skip("the biopsy is not beside the checkout")
    config = load_config(path)
    assert config.name == path.stem
    again = load_config(write(tmp_path, config.to_yaml()))
    assert again == config
    assert again.to_yaml() == config.to_yaml()
    assert again.compute_digest() == config.compute_digest()


def test_all_asked_for_configurations_are_there() -> None:
    names = {path.stem for path in CONFIGS}
    arms = {"both_out", "estradiol_only", "testosterone_only", "both_in"}
    assert names >= {f"elderly_men_2x2_{arm}" for arm in arms}
    assert names >= {
        "young_adult", "menopause", "surgical_menopause_estradiol", "andropause", "denosumab",
        "igf1_rise", "prednisone", "smoke", "trab1240",
    }  # fmt: skip


def test_everything_at_once_comes_back(tmp_path: Path) -> None:
    write(tmp_path, "x", "bone.mha")
    text = """
name: all
seed: 7
spin_up: 0 d
settle: 30
duration: 100
step: 0.5
lattice:
  specimen: bone.mha
  voxel: 25
  labels: [1, 3]
  crop: {origin: [0, 10, 0.5 mm], size: [1 mm, 1000, 1000]}
  sides: periodic
patient: {sex: male, age: 60 y}
hormones:
  levels: {estradiol: [[0, 27], [2 weeks, 10 pg/mL]], igf1: 0.5}
  blockade: {rankl: [[0, 0], [1, 0.9]]}
  doses: {denosumab: [[0, 60 mg], [182.5, 60]], bisphosphonate: [[3, 1]]}
  parameters: {denosumab.clearance: 0.05 L/d, hormones.estrogen_opg.maximum: 0}
fields: {every: 2, sources: {il1: off}}
cells: {rules: {fusion: off, coupling: false}}
output: {every: 1, states: 1 y}
"""
    config = load_config(write(tmp_path, text))
    assert load_config(write(tmp_path, config.to_yaml(), "b.yaml")) == config
    assert config.lattice.specimen == str((tmp_path / "bone.mha").resolve())
    assert config.lattice.shape is None
    assert config.lattice.seed == 7
    assert config.lattice.crop is not None
    assert config.lattice.crop.origin == (0.0, 10.0, 500.0)
    assert config.hormones.levels.estradiol == ((0.0, 27.0), (14.0, 10.0))
    assert config.hormones.levels.igf1 == ((0.0, 0.5),)
    assert not config.cells.rules["fusion"]
    assert not config.cells.rules["coupling"]
    assert config.cells.rules["motion"]
    assert not config.fields.sources["il1"]
    assert config.parameters["hormones.denosumab.clearance"] == pytest.approx(50.0)
    assert config.parameters["hormones.estrogen_opg.maximum"] == 0.0
    assert config.lattice.sides == "periodic"


def test_settings_of_the_command_line(tmp_path: Path) -> None:
    path = write(tmp_path, "duration: 1 y\nlattice: {voxel: 30}\n")
    sets = [
        "seed=5",
        "lattice.shape=[32, 16, 8]",
        "hormones.levels.estradiol=10",
        "cells.rules.supply=off",
        "hormones.parameters.estrogen_opg.maximum=0",
        "name = other",
    ]
    config = load_config(path, sets)
    assert config.seed == config.lattice.seed == 5
    assert config.lattice.shape == (32, 16, 8)
    assert config.lattice.voxel == 30.0
    assert config.hormones.levels.estradiol == ((0.0, 10.0),)
    assert not config.cells.rules["supply"]
    assert config.parameters["hormones.estrogen_opg.maximum"] == 0.0
    assert config.name == "other"


def test_a_row_by_two_names_is_given_twice(tmp_path: Path) -> None:
    rows = "{denosumab.clearance: 60, hormones.denosumab.clearance: 90}"
    with pytest.raises(ConfigError, match=r"a second value of hormones\.denosumab\.clearance"):
        load_config(write(tmp_path, f"duration: 1 y\nhormones: {{parameters: {rows}}}\n"))


def test_what_is_set_in_a_block_does_not_switch_it_on(tmp_path: Path) -> None:
    path = write(tmp_path, "duration: 1 y\nmechanics: off\n")
    config = load_config(path, ["mechanics.every=7"])
    assert (config.mechanics.active, config.mechanics.every) == (False, 7.0)
    assert load_config(path, ["mechanics.active=on"]).mechanics.active


def test_an_entry_of_a_list_can_be_set(tmp_path: Path) -> None:
    dose = "{drug: denosumab, dose: 60 mg, route: subcutaneous}"
    path = write(tmp_path, f"duration: 1 y\nprotocol: [{dose}]\n")
    config = load_config(
        path, ["protocol[0].dose=30 mg", "lattice.shape=[9, 9, 9]", "lattice.shape[2]=8"]
    )
    assert config.regimens[0].doses[0][1] == 30.0
    assert config.lattice.shape == (9, 9, 8)
    with pytest.raises(ConfigError, match="entry 1 of 1"):
        load_config(path, ["protocol[1].dose=30 mg"])
    with pytest.raises(ConfigError, match="no such entry"):
        load_config(path, ["protocol.dose=30 mg"])


def test_intervals_are_whole_steps(tmp_path: Path) -> None:
    text = "duration: 1 y\nstep: 0.5\noutput: {every: 1.7, costly: 30.4}\nmechanics: {every: 7.3}\n"
    config = load_config(write(tmp_path, text))
    assert (config.output.every, config.output.costly, config.mechanics.every) == (1.5, 30.5, 7.5)
    assert load_config(write(tmp_path, config.to_yaml())) == config


def test_digest_changes_with_settings_and_with_the_image(tmp_path: Path) -> None:
    path = write(tmp_path, "duration: 1 y\nlattice: {specimen: a.mha}\n")
    image = write(tmp_path, "one", "a.mha")
    first = load_config(path).compute_digest()
    assert load_config(path).compute_digest() == first
    assert load_config(path, ["seed=2"]).compute_digest() != first
    image.write_text("two")
    assert load_config(path).compute_digest() != first


def test_configurations_are_frozen(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "duration: 1 y\n"))
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 3


def test_json_schema_knows_blocks_and_limits() -> None:
    schema = make_json_schema()
    json.dumps(schema)
    assert schema["required"] == ["duration"]
    assert schema["additionalProperties"] is False
    voxel = schema["$defs"]["LatticeSettings"]["properties"]["voxel"]
    assert voxel["anyOf"][0] == {"type": "number", "minimum": 10, "maximum": 60}
    assert voxel["unit"] == "um"


def test_importing_the_room_loads_neither_pydantic_nor_pint() -> None:
    code = (
        "import sys, trabecula.config;"
        "print([m for m in ('pydantic', 'pint', 'ruamel.yaml') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize(("word", "active"), [("on", True), ("off", False), ("false", False)])
def test_mechanics_is_switched_by_a_word(tmp_path, word, active):
    config = load_config(write(tmp_path, f"duration: 2 y\nmechanics: {word}\n"))
    assert config.mechanics.active is active
    again = load_config(write(tmp_path, config.to_yaml(), "again.yaml"))
    assert again.mechanics == config.mechanics


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("100 mg", "'mg' cannot be converted to 'pg/mL'"),
        ("100 mm", "'mm' cannot be converted to 'pg/mL'"),
        ("100 xx", "'xx' is not a unit"),
    ],
)
def test_an_amount_is_a_unit_but_no_concentration(text, words):
    """Also where the molar mass of a steroid is at hand."""
    with pytest.raises(QuantityError, match=re.escape(words)):
        to_number(text, "pg/mL", "estradiol")


def test_other_words_for_a_hormone_lead_to_it():
    names = ["testosterone", "estradiol", "bisphosphonate"]
    assert find_nearest("estrogen", names) == "did you mean estradiol?"
    assert find_nearest("zoledronate", names) == "did you mean bisphosphonate?"
    assert find_nearest("estradol", names) == "did you mean estradiol?"
    assert find_nearest("estrogen", ["testosterone"]) != "did you mean estradiol?"


def test_times_that_whole_steps_miss_are_told(tmp_path):
    path = write(tmp_path, "duration: 2.5 d\nspin_up: 0.5 d\nsettle: 1 y\n")
    assert find_warnings(load_config(path)) == [
        "spin_up: 0.5 d, of which whole steps of 1 d make 0 d",
        "duration: 2.5 d, of which whole steps of 1 d make 2 d",
    ]
    assert find_warnings(load_config(path, ["step=0.5", "settle=0"])) == []
    years = load_config(path, ["duration=1 y", "spin_up=3 y"])
    assert find_warnings(years) == [], "a year of 365 d is one"


def test_a_relative_level_says_what_it_is_relative_to(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("duration: 1 y\nhormones: {levels: {igf1: 150 ng/mL}}\n")
    with pytest.raises(ConfigError, match=r"igf1.*0 \.\. 10, times a young adult's"):
        load_config(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("config: a.yaml\ngrid: {seed: [1, 2]}\n", "a sweep.*trabecula sweep other.yaml"),
        ("arms: {}\nendpoints: []\n", "a trial.*trabecula trial other.yaml"),
        ("rows: []\n", "a panel of trials.*trabecula validate --panel other.yaml"),
        ("panel: calibration\nstages: []\nrows: {}\n", "a calibration.*trabecula calibrate"),
    ],
)
def test_a_file_of_another_command_is_known_as_that(tmp_path, text, words):
    """In one line, not as a dozen unknown keys; one that has a duration is a configuration."""
    path = tmp_path / "other.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        load_config(path)
    assert len(str(caught.value).splitlines()) == 1
    path.write_text(text + "duration: 1 y\n")
    with pytest.raises(ConfigError, match="unknown key"):
        load_config(path)
