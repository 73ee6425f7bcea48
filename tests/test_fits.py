"""Frozen fits: read with their digest, laid under a configuration's own rows, told in every result."""

from pathlib import Path

import pytest

from small_run import PROVENANCE
from trabecula.base.errors import ConfigError
from trabecula.config import load_config
from trabecula.config.fits import FrozenFit, compute_fit_digest, get_setting, load_fit
from trabecula.config.parameters import load_parameters
from trabecula.config.sweeps import load_sweep
from trabecula.runner.recorder import make_provenance
from trabecula.study import Sampling, load_panel
from trabecula.study.trials import make_arm_config

VALUES = {
    "cells.osteoclast.work": 5000.0,
    "hormones.estrogen_opg.maximum": 0.25,
    "mechanics.sclerostin.disuse": 2.0,
}
PLAIN = "duration: 10 d\n"


@pytest.fixture
def fit(tmp_path):
    found = FrozenFit("mine", VALUES, {"seed": 1})
    (tmp_path / "fit.yaml").write_text(found.to_yaml())
    return found


def write(tmp_path, text):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    return path


def test_a_fit_comes_back_as_it_was_frozen(tmp_path, fit):
    found = load_fit(tmp_path / "fit.yaml")
    assert (found.values, found.name, found.made_from) == (VALUES, "mine", {"seed": 1})
    assert found.digest == fit.digest == compute_fit_digest(dict(reversed(VALUES.items())))


def test_its_rows_hold_in_a_configuration_and_own_rows_win(tmp_path, fit):
    own = "cells: {parameters: {osteoclast.work: 4000}}\nmechanics: off\nfit: fit.yaml\n"
    config = load_config(write(tmp_path, PLAIN + own))
    assert config.parameters["cells.osteoclast.work"] == 4000
    assert config.parameters["hormones.estrogen_opg.maximum"] == 0.25
    assert config.parameters["mechanics.sclerostin.disuse"] == 2.0
    assert not config.mechanics.active
    assert (config.fit.name, config.fit.digest) == ("mine", fit.digest)


def test_a_resolved_configuration_needs_the_file_no_more(tmp_path, fit):
    config = load_config(write(tmp_path, PLAIN + "fit: fit.yaml\n"))
    (tmp_path / "fit.yaml").unlink()
    assert load_config(write(tmp_path, config.to_yaml())) == config


def test_it_can_be_set_from_outside(tmp_path, fit):
    config = load_config(write(tmp_path, PLAIN), ["fit=fit.yaml"])
    assert config.fit.digest == fit.digest


@pytest.mark.parametrize("other", ["fit.yaml", "null"])
def test_another_fit_over_a_resolved_one_is_refused(tmp_path, fit, other):
    """The rows of the first would stay as the configuration's own, under the name of the second."""
    resolved = load_config(write(tmp_path, PLAIN + "fit: fit.yaml\n")).to_yaml()
    with pytest.raises(ConfigError, match="over the rows of 'mine', which the file holds already"):
        load_config(write(tmp_path, resolved), [f"fit={other}"])


def test_results_tell_the_digests(tmp_path, fit):
    with_fit = make_provenance(load_config(write(tmp_path, PLAIN + "fit: fit.yaml\n")))
    assert with_fit.fit == ("mine", fit.digest)
    assert (
        with_fit.parameters_digest
        != make_provenance(load_config(write(tmp_path, PLAIN))).parameters_digest
    )
    sets = [f"{get_setting(key)}={value}" for key, value in VALUES.items()]
    by_hand = make_provenance(load_config(write(tmp_path, PLAIN), sets))
    assert by_hand.parameters_digest == with_fit.parameters_digest
    assert by_hand.fit == ("", "") == PROVENANCE.fit
    assert len(load_parameters().compute_digest()) == 64


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("parameters: {cells.osteoclast.wrk: 1}", "cells.osteoclast.wrk", "unknown parameter"),
        ("parameters: {cells.osteoclast.work: 1e9}", "cells.osteoclast.work", "1000 .. 10000"),
        ("parameters: {cells.osteoclast.work: fast}", "cells.osteoclast.work", "'fast'"),
        ("parameters: {}", "parameters", "rows of the parameter table"),
        ("rows: 1\nparameters: {cells.osteoclast.work: 5000}", "rows", "unknown key"),
        ("[]", "parameters", "rows of the parameter table"),
        ("digest: abc\nparameters: {cells.osteoclast.work: 5000}", "digest", "as it was frozen"),
    ],
)
def test_what_is_wrong_with_a_fit_is_told_with_its_place(tmp_path, text, key, words):
    (tmp_path / "fit.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, PLAIN + "fit: fit.yaml\n"))
    problem = caught.value.problems[0]
    assert key in problem.key
    assert words in str(problem)
    assert "fit.yaml:" in problem.where


def test_a_fit_altered_by_hand_is_refused(tmp_path, fit):
    path = tmp_path / "fit.yaml"
    path.write_text(path.read_text().replace("5000.0", "5100.0"))
    with pytest.raises(ConfigError, match="the digest of its values"):
        load_fit(path)


def test_a_fit_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"run.yaml:2:6: fit: found no file nowhere.yaml"):
        load_config(write(tmp_path, PLAIN + "fit: nowhere.yaml\n"))


TRIAL = """
title: Fitted
{config}
settings: {{fit: fit.yaml}}
duration_days: 20
arms:
  usual: {{}}
  dosed: {{settings: {{protocol: [{{file: doses.csv}}]}}}}
endpoints:
  - {{arm: [usual, dosed], obs: bvtv_pct, precision: 1}}
"""


@pytest.mark.parametrize("config", ["", "config: elsewhere/base.yaml"])
def test_files_of_the_settings_of_a_trial_are_looked_for_beside_it(
    tmp_path, fit, monkeypatch, config
):
    """Neither in the folder that the command was called from, nor in that of another file."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "base.yaml").write_text(PLAIN)
    (tmp_path / "doses.csv").write_text("day,drug,dose\n3,denosumab,60 mg\n")
    (tmp_path / "trial.yaml").write_text(TRIAL.format(config=config))
    monkeypatch.chdir(tmp_path / "elsewhere")
    for path in (tmp_path / "trial.yaml", Path("..", "trial.yaml")):
        (trial,) = load_panel(path, strict=True).trials
        usual, dosed = (make_arm_config(trial, arm, 1, Sampling(1, 24)) for arm in trial.arms)
        assert usual.fit.digest == dosed.fit.digest == fit.digest
        assert usual.parameters["hormones.estrogen_opg.maximum"] == 0.25
        assert [regimen.drug.name for regimen in dosed.regimens] == ["denosumab"]


def test_a_sweep_takes_a_fit_among_what_all_share(tmp_path, fit):
    write(tmp_path, PLAIN)
    (tmp_path / "sweep.yaml").write_text("config: run.yaml\nset: {fit: fit.yaml}\nseeds: 2\n")
    sweep = load_sweep(tmp_path / "sweep.yaml")
    assert sweep.configure([]).fit.digest == fit.digest
