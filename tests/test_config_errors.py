"""All mistakes at once, each with its place, what was found, what is allowed, the nearest key."""

from pathlib import Path

import pytest

from trabecula.base.errors import ConfigError, Problem
from trabecula.config import load_config

MANY = """\
name: bad name
seeed: 3
bv_tv: 0.2
lattice:
  voxel: 20 kg
  shape: [64, 4, 64]
  tb_th: .nan
  anisotropy: [1]
patient: {sex: femal, age: 350}
hormones:
  levels:
    estradol: 10
    estradiol: [[0, 10], [0, 20]]
    testosterone: [[0, 10], [5, -1]]
  blockade:
    rankl: 1.5
  doses:
    denosumab: [[1, -60]]
  parameters:
    denosumab.clearence: 3
    denosumab.clearance: 5000
    denosumab.absorption: 3 kg
protocol:
  - {drug: x}
mechanics: {mesh: croase, stress: {z: -1 MPa}, parameters: {sensing.full: 99}}
cells:
  rules: {fusoin: off, fusion: maybe}
cells: {}
output: 3
"""

EXPECTED = [
    # line, column, key, found, allowed, hint
    (1, 1, "duration", "nothing", "0 .. 36525 d", "add duration"),
    (1, 7, "name", "'bad name'", "letters", ""),
    (2, 1, "seeed", "unknown key", "seed, spin_up", "did you mean seed?"),
    (3, 1, "bv_tv", "unknown key", "lattice", "did you mean lattice.bv_tv?"),
    (5, 10, "lattice.voxel", "20 kg", "10 .. 60 um", ""),
    (6, 15, "lattice.shape[1]", "4", "8 .. 1024", ""),
    (7, 10, "lattice.tb_th", "nan", "60 .. 400 um", ""),
    (8, 15, "lattice.anisotropy", "[1]", "0.7 .. 2.5", ""),
    (9, 16, "patient.sex", "'femal'", "female or male", "did you mean female?"),
    (9, 28, "patient.age", "350", "18 .. 110 y", ""),
    (12, 5, "hormones.levels.estradol", "unknown key", "estradiol", "did you mean estradiol?"),
    (13, 26, "hormones.levels.estradiol[1]", "day 0 after day 0", "ascending", ""),
    (14, 29, "hormones.levels.testosterone[1]", "-1", "0 .. 10000 ng/dL", ""),
    (16, 12, "hormones.blockade.rankl", "1.5", "0 .. 1", ""),
    (18, 17, "hormones.doses.denosumab[0]", "-60", "0 .. 5000 mg", ""),
    (20, 5, "hormones.parameters.denosumab.clearence", "unknown", "key", "denosumab.clearance"),
    (
        21,
        26,
        "hormones.parameters.denosumab.clearance",
        "5000 mL/d",
        "40 .. 110 mL/d",
        "OpenBoneMin",
    ),
    (22, 27, "hormones.parameters.denosumab.absorption", "3 kg", "0.07 .. 0.4 1/d", ""),
    (24, 12, "protocol[0].drug", "an unknown drug 'x'", "hormones.drugs", ""),
    (25, 19, "mechanics.mesh", "'croase'", "coarse or fine", "did you mean coarse?"),
    (25, 39, "mechanics.stress.z", "-1 MPa", "0 .. 50 MPa", ""),
    (25, 75, "mechanics.parameters.sensing.full", "99", "1.5 .. 8", ""),
    (27, 11, "cells.rules.fusoin", "unknown key", "fusion", "did you mean fusion?"),
    (27, 32, "cells.rules.fusion", "'maybe'", "on or off", ""),
    (28, 1, "cells", "given twice", "once", "26:1"),
    (29, 9, "output", "3", "a block of every", ""),
]


def find_problems(path: Path, text: str, sets: tuple[str, ...] = ()) -> list[Problem]:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path, sets)
    return caught.value.problems


TWO_STAGES = """\
lattice: {bv_tv: 2}
patient: {sex: male, stage: natural_menopause}
output: {every: 1 h, snapshots: fast}
duration: 1 y
hormones:
  levels:
    estradiol: [[0, 100], [5, nope], [3], [9, 20]]
protocol:
  - {drug: anastrozole, dose: 100 kg, evry: 1 d}
  - {drug: prednisone, evry: 1 d, dos: 5 mg}
  - {drug: prednisone, dose: 5 mg,
     every: soon}
  - anastrozole 1 mg dailly
"""


def test_what_lies_between_keys_is_told_beside_what_is_wrong_with_them(tmp_path: Path) -> None:
    """Two wrong points of one series, two wrong keys of one prescription, each where it stands."""
    problems = find_problems(tmp_path / "two.yaml", TWO_STAGES)
    found = [(p.where.split(":", 1)[1], p.key) for p in problems]
    assert found == [
        ("1:18", "lattice.bv_tv"),
        ("2:29", "patient.stage"),
        ("3:17", "output.every"),
        ("3:33", "output.snapshots"),
        ("7:27", "hormones.levels.estradiol[1]"),
        ("7:38", "hormones.levels.estradiol[2]"),
        ("9:31", "protocol[0].dose"),
        ("9:39", "protocol[0].evry"),
        ("10:24", "protocol[1].evry"),
        ("10:35", "protocol[1].dos"),
        ("12:13", "protocol[2].every"),
        ("13:5", "protocol[3]"),
    ]


@pytest.mark.parametrize("wrong", ["step: never", "patient: {sex: femal, stage: adult}"])
def test_what_may_follow_from_a_wrong_key_is_not_told(tmp_path: Path, wrong: str) -> None:
    """With no step known nothing can be shorter than it."""
    text = f"{wrong}\noutput: {{every: 1 h}}\nduration: 10 d\n"
    problems = find_problems(tmp_path / "one.yaml", text)
    others = {p.key for p in problems} - {"step", "patient.sex"}
    assert others == ({"output.every"} if wrong.startswith("patient") else set())


def test_a_name_is_no_longer_than_a_folder_can_be_called(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"duration: 1 y\nname: {'n' * 300}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    (problem,) = caught.value.problems
    assert problem.where.endswith("c.yaml:2:7")
    assert problem.found == "300 characters, 'nnnnnnnnnnnnnnnnnnnn...'"
    assert "at most 100" in problem.allowed
    path.write_text(f"duration: 1 y\nname: {'n' * 100}\n")
    assert load_config(path).name == "n" * 100
    path.write_text("duration: 1 y\nname: a/b\n")
    with pytest.raises(ConfigError, match="a name of letters"):
        load_config(path)


def test_a_file_of_a_long_name_gives_the_run_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / f"{'n' * 200}.yaml"
    path.write_text("duration: 1 y\n")
    assert load_config(path).name == "n" * 100


def test_all_mistakes_at_once_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    problems = find_problems(path, MANY)
    assert [(p.where, p.key) for p in problems] == [
        (f"{path}:{line}:{column}", key) for line, column, key, *_ in EXPECTED
    ]
    for problem, (*_, found, allowed, hint) in zip(problems, EXPECTED, strict=True):
        assert found in problem.found, problem
        assert allowed in problem.allowed, problem
        assert hint in problem.hint, problem


def test_the_message_names_everything(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("duration: 1 y\nlatice: {}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    text = str(caught.value)
    assert text.startswith(f"{path}:2:1: latice: found unknown key 'latice'; allowed: name, seed,")
    assert text.endswith("did you mean lattice?")


def test_a_missing_key_points_at_its_parent(tmp_path: Path) -> None:
    image = tmp_path / "bone.mha"
    image.write_text("x")
    text = "duration: 1 y\nlattice:\n  specimen: bone.mha\n  crop: {origin: [0, 0, 0]}\n"
    [problem] = find_problems(tmp_path / "a.yaml", text)
    assert problem.where == f"{tmp_path / 'a.yaml'}:4:3"
    assert (problem.key, problem.found) == ("lattice.crop.size", "nothing")


@pytest.mark.parametrize(
    ("line", "key", "found"),
    [
        ("shape: [64, 64]", "lattice.shape", "shorter"),
        ("shape: [64, 64, 64, 64]", "lattice.shape", "[64, 64, 64, 64]"),
        ("shape: 64", "lattice.shape", "64"),
        ("shape: [64, 64.5, 64]", "lattice.shape[1]", "64.5"),
        ("voxel: 61", "lattice.voxel", "61"),
        ("voxel: true", "lattice.voxel", "True"),
        ("sides: open", "lattice.sides", "'open'"),
        ("seed: -1", "lattice.seed", "-1"),
        ("threshold: 100", "lattice.threshold", "threshold"),
        ("crop: {size: [1 mm, 1 mm, 1 mm]}", "lattice.crop", "crop"),
        ("specimen: none.mha", "lattice.specimen", "none.mha"),
    ],
)
def test_each_lattice_mistake(tmp_path: Path, line: str, key: str, found: str) -> None:
    problems = find_problems(tmp_path / "a.yaml", f"duration: 1 y\nlattice:\n  {line}\n")
    assert [p.key for p in problems] == [key]
    assert found in problems[0].found
    assert problems[0].where.startswith(f"{tmp_path / 'a.yaml'}:3:")


@pytest.mark.parametrize("value", ["otso", ".nan", "[1]"])
def test_a_threshold_is_a_number_or_otsu(tmp_path: Path, value: str) -> None:
    text = f"duration: 1 y\nlattice:\n  specimen: a.mha\n  threshold: {value}\n"
    problems = [p for p in find_problems(tmp_path / "a.yaml", text) if p.key == "lattice.threshold"]
    assert [p.allowed for p in problems] == ["a finite number or 'otsu'"]


def test_an_image_excludes_what_the_generator_needs(tmp_path: Path) -> None:
    (tmp_path / "bone.mha").write_text("x")
    text = (
        "duration: 1 y\nlattice:\n  specimen: bone.mha\n  bv_tv: 0.2\n  tb_th: 150\n"
        "  anisotropy: 1\n  shape: [8, 8, 8]\n  threshold: 1\n  labels: [1]\n"
    )
    problems = find_problems(tmp_path / "a.yaml", text)
    assert [p.key for p in problems] == [
        f"lattice.{name}" for name in ("bv_tv", "tb_th", "anisotropy", "shape", "labels")
    ]


def test_intervals_shorter_than_the_step(tmp_path: Path) -> None:
    text = "duration: 0.5\nstep: 1\nfields: {every: 0.5}\noutput: {every: 0.25, states: 0.1}\n"
    problems = find_problems(tmp_path / "a.yaml", text)
    assert [p.key for p in problems] == [
        "duration",
        "fields.every",
        "output.every",
        "output.states",
    ]
    assert all("step of 1 d" in p.allowed for p in problems)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: [1\n", "expected"),
        ("a: 1\n b: 2\n", "mapping"),
        ("\tduration: 1\n", "token"),
    ],
)
def test_what_is_not_yaml_names_its_place(tmp_path: Path, text: str, found: str) -> None:
    [problem] = find_problems(tmp_path / "a.yaml", text)
    assert found in problem.found
    assert problem.where.count(":") == 2


@pytest.mark.parametrize("text", ["- 1\n", "word\n", "3\n"])
def test_a_file_without_blocks(tmp_path: Path, text: str) -> None:
    problems = find_problems(tmp_path / "a.yaml", text)
    assert problems[-1].key == "(top level)"


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(path)


def test_an_alias_of_its_own_parent_is_refused(tmp_path: Path) -> None:
    problems = find_problems(tmp_path / "a.yaml", "duration: 1 y\nprotocol: &a [*a]\n")
    assert any("alias" in p.found for p in problems)


def test_a_mistake_of_a_mapping_that_takes_another_in_stands_at_its_own_line(
    tmp_path: Path,
) -> None:
    text = """\
duration: 1 y
protocol:
  - &first
    {drug: prednisone, every: 1 d, times: 3, dose: 5 mg}
  - drug: anastrozole
    <<: {every: 7 d}
  - {<<: *first, dose: 5 kg}
"""
    problems = find_problems(tmp_path / "a.yaml", text)
    assert [(p.where.split(":", 1)[1], p.key) for p in problems] == [
        ("5:5", "protocol[1]"),
        ("7:24", "protocol[2].dose"),
    ]


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("seed", "seed"),
        ("=3", "(empty)"),
        ("lattice.voxel=3 kg", "lattice.voxel"),
        ("seed=[1", "seed"),
        ("cells.parameters.osteoclast.nucleus_lif=3", "cells.parameters.osteoclast.nucleus_lif"),
        ("lattice=7", "lattice"),
        ("seed=", "seed"),
    ],
)
def test_mistakes_of_settings_name_the_option(tmp_path: Path, setting: str, key: str) -> None:
    problems = find_problems(tmp_path / "a.yaml", "duration: 1 y\n", (setting,))
    assert [p.key for p in problems] == [key]
    assert problems[0].where == f"--set {setting}"


def test_a_setting_mends_a_mistake_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("duration: 1 y\nlattice: {voxel: 3}\n")
    assert load_config(path, ["lattice.voxel=20"]).lattice.voxel == 20.0


@pytest.mark.parametrize(
    ("given", "key", "found"),
    [
        ("sensing.building: 5", "building", "building 5, mechanics.sensing.grown 3.6"),
        ("sensing.grown: 2, sensing.building: 2", "grown", "building 2, mechanics.sensing.grown 2"),
        ("sensing.lazy_high: 4", "lazy_high", "lazy_high 4, mechanics.sensing.full 1.7"),
        ("sensing.broken: 4", "broken", "damage 4, mechanics.sensing.broken 4"),
    ],
)
def test_rows_between_which_an_answer_rises_stand_in_order(tmp_path, given, key, found):
    """Each is within its range, but together they turn the answer to load round, or make it NaN."""
    path = tmp_path / "c.yaml"
    path.write_text(f"duration: 1 y\nmechanics: {{parameters: {{{given}}}}}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    [problem] = caught.value.problems
    assert problem.key == f"mechanics.parameters.sensing.{key}"
    assert problem.found.endswith(found)
    assert " below mechanics.sensing." in problem.allowed


def test_rows_in_order_are_taken(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "duration: 1 y\nmechanics: {parameters: {sensing.building: 5, sensing.grown: 6}}\n"
    )
    assert load_config(path).parameters["mechanics.sensing.building"] == 5.0
