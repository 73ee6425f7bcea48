"""The ledger without space: what it knows, what it does not, and what its parameters are."""

import json
from dataclasses import replace

import numpy as np
import pytest

from trabecula.base.errors import ResultsError
from trabecula.study import load_panel, score_panel
from trabecula.study.fitting import Dimension, minimise
from trabecula.study.ledger import FROZEN, Ledger, LedgerParameters, judge_ledger, load_frozen
from trabecula.study.panel import Arm, Trial
from trabecula.study.pool import Pool
from trabecula.study.terms import When
from trabecula.study.validation import judge_no_change

SIMPLE = LedgerParameters(10.0, 2.0, 2.0, 40.0, 20.0, 100.0, 0.0, 0.25)


def make_arm(name="a", doses=None, blockade=None, **levels):
    return Arm(name, levels, doses or {}, blockade or {})


def make_trial(*arms, days=730.0, sex="female"):
    return Trial("T", "", "", sex, 50.0, days, arms, (), ())


def observe(observable, day, arm, parameters=SIMPLE, sex="female", **when):
    run = Ledger(parameters).live(make_trial(arm, sex=sex), arm)
    return Pool({arm.name: [run]}).observe(observable, arm.name, When(day, **when))


OFF = make_arm(estradiol=((0.0, 100.0), (1.0, 0.0)))


def test_nothing_given_is_nothing_changed():
    for observable in ("res_pct", "form_pct", "bvtv_pct", "ms_bs_pct"):
        assert observe(observable, 365.0, make_arm()) == pytest.approx(0.0, abs=1e-9)
    assert observe("acf_ratio", 365.0, make_arm()) == pytest.approx(1.0, abs=1e-3)


def test_without_estrogen_resorption_rises_first_and_formation_follows():
    full = 100 * (3.0 / (1 + 2.0 / (1 + 100)) - 1)
    assert observe("res_pct", 20.0, OFF, width=2.0) == pytest.approx(full / 2, rel=0.06)
    assert observe("res_pct", 365.0, OFF) == pytest.approx(full, rel=1e-3)
    assert observe("form_pct", 40.0, OFF, width=2.0) == pytest.approx(0.0, abs=1e-6)
    assert observe("form_pct", 110.0, OFF, width=2.0) == pytest.approx(full / 2, rel=0.03)
    assert observe("form_pct", 365.0, OFF) == pytest.approx(full, rel=1e-3)
    assert observe("acf_ratio", 365.0, OFF) == pytest.approx(1 + full / 100, rel=0.01)


def test_what_is_resorbed_and_refilled_later_opens_the_remodelling_space_and_no_more():
    gap = 0.25 / 365.25 * (3.0 / (1 + 2.0 / 101) - 1) * (20 + (40 + 100) / 2)
    assert observe("bvtv_pct", 730.0, OFF) == pytest.approx(-100 * gap, rel=0.02)
    deficit = replace(SIMPLE, balance=-0.1)
    assert observe("bvtv_pct", 730.0, OFF, deficit) < -100 * gap - 4


def test_rankl_neutralised_stops_resorption_at_once_and_formation_later():
    arm = make_arm(blockade={"rankl": ((-1.0, 0.0), (0.0, 1.0))})
    assert observe("res_pct", 10.0, arm, width=2.0) == pytest.approx(-100.0)
    assert observe("form_pct", 10.0, arm, width=2.0) == pytest.approx(0.0, abs=1e-6)
    assert observe("form_pct", 500.0, arm) == pytest.approx(-100.0)
    assert observe("bvtv_pct", 365.0, arm) > 3


def test_a_man_makes_estradiol_of_testosterone_where_none_is_given():
    castrated = make_arm(testosterone=((0.0, 600.0), (1.0, 20.0)))
    assert observe("res_pct", 365.0, castrated, sex="male") > 50
    held = make_arm(testosterone=((0.0, 600.0), (1.0, 20.0)), estradiol=((0.0, 27.0),))
    assert observe("res_pct", 365.0, held, sex="male") == pytest.approx(0.0, abs=1e-9)
    assert observe("res_pct", 365.0, castrated, sex="female") == pytest.approx(0.0, abs=1e-9)


def test_it_knows_nothing_of_drugs():
    arm = make_arm(doses={"denosumab": ((0.0, 60.0),)}, igf1=((0.0, 0.4), (1.0, 2.0)))
    assert observe("res_pct", 28.0, arm) == pytest.approx(0.0, abs=1e-9)
    assert observe("opg_pct", 28.0, arm) == pytest.approx(0.0, abs=1e-9)


def test_what_is_frozen_is_what_was_fitted(tmp_path):
    parameters, told = load_frozen()
    panel = load_panel("calibration")
    score = score_panel(judge_ledger(panel, Ledger(parameters)))
    assert score == pytest.approx(told["score"], abs=1e-3)
    assert score > score_panel(judge_no_change(panel)) + 0.2
    assert told["evaluations"] >= 500
    changed = json.loads(FROZEN.read_text())
    changed["parameters"]["half"] += 1.0
    path = tmp_path / "ledger.json"
    path.write_text(json.dumps(changed))
    with pytest.raises(ResultsError, match="another digest"):
        load_frozen(path)


def test_a_fit_finds_the_least_and_goes_on_from_its_journal(tmp_path):
    pytest.importorskip("optuna")
    asked = []

    def compute_loss(values):
        asked.append(values)
        return (values["x"] - 3.0) ** 2 + np.log10(values["y"]) ** 2

    space = {"x": Dimension(0, 10), "y": Dimension(0.01, 100, is_log=True)}
    first = minimise(compute_loss, space, 30, seed=2, journal=tmp_path / "j")
    assert (first.evaluations, len(asked)) == (30, 30)
    second = minimise(compute_loss, space, 60, seed=2, journal=tmp_path / "j")
    assert (second.evaluations, len(asked)) == (60, 60)
    assert second.loss <= first.loss
    assert second.loss < 0.5
    again = minimise(compute_loss, space, 30, seed=2)
    assert again.values == first.values


def test_a_fit_without_optuna_says_what_to_install(monkeypatch):
    import sys

    from trabecula.base.errors import InputError

    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"trabecula\[fit\]"):
        minimise(lambda _: 0.0, {"x": Dimension(0, 1)}, 1)
