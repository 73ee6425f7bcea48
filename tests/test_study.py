"""What the study of the balance reads off its runs, on made-up ones with known answers."""

import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bones import add_slab, make_empty
from trabecula.base.codes import FULL
from trabecula.config import load_parameters

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import balance  # noqa: E402
import balance_tables  # noqa: E402
from balance_parts import (  # noqa: E402
    find_of_curve,
    fit_doses,
    fit_return,
    jackknife,
    put_difference,
    read_doses,
    respond,
)
from balance_report import read_known  # noqa: E402
from balance_tables import Verdicts, find_surprises, judge, parse_band, put  # noqa: E402
from coarse_look import Tissue, look, widen  # noqa: E402
from floors import keep_reference, measure_depths, measure_shift, measure_walls  # noqa: E402
from perforation import count_events, profile_pits  # noqa: E402
from push import push  # noqa: E402
from study import find_longer, live_arms, make_jobs, read_parts, spell_out  # noqa: E402


@pytest.fixture
def lives(tmp_path):
    """Ten days of two bones, and of what is done to them; five days of the same."""
    parts = {
        "long": {"days": 10, "arms": {"control": None, "lost": {"after": ["step=0.5"]}}},
        "short": {"days": 5, "arms": {"control": None, "gained": {"after": ["step=0.25"]}}},
    }
    return [
        job
        for name, part in parts.items()
        for job in make_jobs(name, {"edge": 24, "seeds": 2, "spin_up": 20, **part}, tmp_path)
    ]


def test_a_life_that_another_holds_is_read_from_it(lives, monkeypatch, capsys):
    """The same bone, the same settings and at least the same days, once they are there."""

    def refuse(*_):
        raise AssertionError("lived")

    monkeypatch.setattr("study.make_bone", refuse)
    named = {job.name: job for job in lives}
    wanted = named["short/control-1"]
    assert find_longer(wanted, lives) is None
    for job in lives:
        if job.part == "long":
            job.path.parent.mkdir(exist_ok=True)
            job.path.write_text(job.name)
    assert find_longer(wanted, lives) == named["long/control-1"].path
    assert find_longer(named["long/control-1"], lives) is None
    assert find_longer(named["short/gained-1"], lives) is None
    live_arms([wanted], lives)
    assert wanted.path.read_text() == "long/control-1"
    assert capsys.readouterr().out == "short/control-1: part of long/control-1\n"
    named["long/control-1"].path.unlink()
    with pytest.raises(AssertionError, match="lived"):  # a link to what is gone is no life
        live_arms([wanted], lives)


def test_the_longest_of_a_bone_is_lived_first(lives, monkeypatch):
    """So that a shorter one of the same call is read from it."""
    lived = []

    def note(bone, _):
        lived.append(bone)
        raise RuntimeError

    monkeypatch.setattr("study.make_bone", note)
    named = {job.name: job for job in lives}
    monkeypatch.setattr("study.find_longer", lambda job, _: lived.append(job.name))
    with pytest.raises(RuntimeError):
        live_arms([named["short/control-1"], named["long/control-1"]])
    assert lived == ["long/control-1", named["long/control-1"].bone]


def test_a_part_that_the_plan_lacks_is_told(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["balance.py", "--parts", "balance", "nonsense"])
    with pytest.raises(SystemExit, match="2"):
        balance.main()
    assert "--parts: found nonsense; allowed: balance, pushed, " in capsys.readouterr().err


def test_one_bone_has_no_standard_error(monkeypatch, capsys):
    for bones, words in ((1, "| 17.00 |"), (2, "| 17.00 ± 1.00 |")):
        monkeypatch.setattr(Verdicts, "bones", bones)
        put("turnover (%/yr)", (17.0, 1.0), "")
        assert words in capsys.readouterr().out


def test_two_groups_differ_only_beyond_chance(capsys):
    """Two bones close to one another prove nothing; a gap of many times the scatter does."""
    others = [13.8, 15.4, 19.1, 15.2, 18.1]
    for ours, verdict in (
        ([14.0, 14.1], "same (difference -2.3 ± 1.0, p 0.23)"),  # beyond two errors of it
        ([11.0, 11.5], "differs (difference -5.1 ± 1.0, p 0.03)"),
        ([12.0], "one bone"),
    ):
        put_difference("turnover (%/yr)", ours, others, 1)
        assert verdict in capsys.readouterr().out


def test_a_coarse_look_keeps_matrix_and_sees_more_osteoid():
    """A slab of bone with osteoid under every other voxel of its upper side, on 10 um and on 20."""
    matrix = np.zeros((8, 8, 8), np.uint16)
    matrix[2:6] = FULL
    osteoid = np.zeros_like(matrix)
    osteoid[5, ::2, ::2] = FULL // 2
    fine = Tissue(matrix, osteoid)
    coarse = widen(fine)
    assert 8 * coarse.matrix.sum(dtype=int) == matrix.sum(dtype=int)
    assert 8 * coarse.osteoid.sum(dtype=int) == osteoid.sum(dtype=int)
    surface, share = look(fine, 10.0, FULL // 10)
    assert share == pytest.approx(100 / 8)  # a quarter of one side of two
    assert look(coarse, 20.0, FULL // 20) == pytest.approx((surface, 50.0))


def test_an_exponential_return_gives_its_time():
    days = np.arange(0, 2900, 30.0)
    gap = 10 * np.exp(-days / 365.25 / 3.7)
    assert fit_return(days, gap) == pytest.approx(3.7, rel=1e-3)
    assert fit_return(days, -gap) == pytest.approx(3.7, rel=1e-3)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    rows = np.random.default_rng(1).normal(size=(9, 1))
    mean, error = jackknife(rows, lambda row: float(row[0]))
    assert mean == pytest.approx(rows.mean())
    assert error == pytest.approx(rows.std(ddof=1) / 3)


@pytest.mark.parametrize(
    ("band", "limits"),
    [
        ("0.98-1.02", (0.98, 1.02)),
        ("-9 to -4", (-9, -4)),
        ("within 0.5", (-0.5, 0.5)),
        ("<= 0.5", (-np.inf, 0.5)),
        ("<= 1e-9", (-np.inf, 1e-9)),
        ("near 10", None),
        ("", None),
    ],
)
def test_bands_in_words_become_limits(band, limits):
    assert parse_band(band) == limits


def test_two_errors_decide():
    assert judge(0.3, 0.05, "within 0.5") == "reached"
    assert judge(0.45, 0.05, "within 0.5") == "inside"
    assert judge(0.55, 0.05, "within 0.5") == "outside, undecided"
    assert judge(-0.7, 0.05, "within 0.5") == "MISSED"
    assert judge(-0.7, np.inf, "within 0.5") == "outside, undecided"
    assert judge(3.0, 0.1, "") == ""


def test_a_report_fails_on_what_its_list_of_misses_does_not_say(monkeypatch, capsys):
    monkeypatch.setattr(Verdicts, "missed", [])
    monkeypatch.setattr(Verdicts, "reached", [])
    monkeypatch.setattr(Verdicts, "title", "Sites")
    monkeypatch.setattr(Verdicts, "bones", 5)
    put("resorption of a site (d), by area; median 20", (20.0, 1.0), "25-50")
    put("turnover (%/yr)", (17.0, 1.0), "11-30")
    assert "MISSED" in capsys.readouterr().out
    known = {"Sites: resorption of a site (d), by area; median": "planted"}
    assert find_surprises(known) == []
    assert find_surprises({}) == ["missed: Sites: resorption of a site (d), by area; median 20"]
    assert find_surprises(known | {"Sites: turnover": "high"}) == [
        "no longer missed: Sites: turnover"
    ]


@pytest.mark.parametrize("unlucky", range(7))
def test_a_dose_curve_is_found_whatever_its_rates_are_divided_by(unlucky):
    """Exactly without chance; within two of its errors where one arm, or the control, has 15 % less."""
    levels = np.array([100.0, 60.0, 35.0, 20.0, 10.0, 5.0, 1.0])
    rates = 1.0 + 1.45 / (1.0 + (levels / 11.7) ** 1.26)
    found = fit_doses(levels, 3.0 * rates)
    assert found["half"][0] == pytest.approx(11.7, rel=1e-3)
    assert found["size"][0] == pytest.approx(1.45, rel=1e-3)
    rates[unlucky] *= 0.85
    found = fit_doses(levels, rates / rates[0])
    assert abs(found["half"][0] - 11.7) < 2.0 * found["half"][1]
    assert abs(found["size"][0] - 1.45) < 2.0 * found["size"][1]
    assert found["half"][1] > 0.5


@pytest.mark.parametrize(
    ("halves", "error"), [((11.7, 11.7, 11.7), 0.0), ((11.7, 11.7, 30.0), 3.0)]
)
def test_the_error_of_the_half_effect_is_that_between_bones(tmp_path, halves, error):
    days = np.array([0.0, 182.0, 548.0])
    for seed, half in enumerate(halves, start=1):
        for level in (100, 60, 35, 20, 10, 5, 1):
            rate = seed * respond(float(level), 1.45, half)
            part = "balance/control" if level == 100 else f"doses/pg_{level}"
            path = tmp_path / f"{part}-{seed}.npz"
            path.parent.mkdir(exist_ok=True)
            daily = np.column_stack([days, rate * days])
            np.savez(path, columns=np.array(["day", "resorbed"]), daily=daily)
    runs, levels, gains = read_doses(tmp_path)
    assert [run.seed for run in runs] == [1, 2, 3]
    half, found = jackknife(gains, partial(find_of_curve, levels, "half"))
    if error:
        assert half > 13
        assert found > error
    else:
        assert half == pytest.approx(11.7, rel=1e-3)
        assert found < 1e-3


def test_a_bone_that_nothing_digs_has_no_depth():
    gains = {"resorbed": 0.0, "opened": 0.0}
    run = SimpleNamespace(gain=lambda what, *_: gains[what], data={"voxel": 20.0})
    assert np.isnan(balance_tables.measure_depth(run, 0.0, 365.0))
    gains.update(resorbed=2.0 * FULL, opened=400.0)
    assert balance_tables.measure_depth(run, 0.0, 365.0) == 40.0


def test_periods_at_a_place_are_surface_over_activation(monkeypatch):
    """50 d eroded; 30 of them since the last bite, 10 under preosteoblasts; 100 d under osteoid."""
    year, area = 365.25, load_parameters()["cells.osteoblast.area"] * 1e-6
    levels = {
        "es_bs": 50 / year, "os_bs": 100 / year, "bs_tv": 4.0,
        "n_preosteoblasts": 10 / year * 4.0 * 2.0 / area,
    }  # fmt: skip
    monkeypatch.setattr(balance_tables, "measure_opening", lambda *_: 1.0)
    monkeypatch.setattr(balance_tables, "find_site_mean", lambda *_: 30.0)
    run = SimpleNamespace(series=lambda key, *_: levels[key], data={"volume": 2.0})
    found = balance_tables.measure_places(run, 0.0, 365.0)
    expected = {
        "eroded": 50, "resorption": 20, "reversal": 30, "resorption with mononuclear cells": 40,
        "preosteoblasts": 10, "formation": 100,
    }  # fmt: skip
    assert found == pytest.approx(expected)


def test_every_known_miss_names_its_table_and_its_reason():
    for row, reason in read_known().items():
        assert ": " in row
        assert len(reason) > 10


def test_rows_of_the_table_are_set_or_multiplied():
    found = spell_out(("seed=3", "p:cells.osteoclast.speed*0.5", "p:lattice.remodelling_space=0.1"))
    assert found[0] == "seed=3"
    assert "cells.osteoclast.speed: 10.0" in found[1]
    assert "lattice.remodelling_space: 0.1" in found[1]
    assert found[1].startswith("cells.parameters={")


@pytest.mark.parametrize(("plan", "least"), [("balance.yaml", 120), ("clinic.yaml", 20)])
def test_every_arm_of_a_plan_is_a_valid_configuration(tmp_path, plan, least):
    from study import make_config

    count = 0
    for name, part in read_parts(BENCHMARKS / plan).items():
        jobs = make_jobs(name, part, tmp_path)
        assert len({job.path for job in jobs}) == len(jobs)
        for job in jobs:
            if job.bone.seed == 1:
                make_config(job.bone, job.settings)
                count += 1
    assert count > least


def make_slab():
    state = make_empty((20, 12, 12))
    add_slab(state, 4, 14)
    state.lattice.formed[...] = -1000.0
    state.lattice.resorbed[...] = -1000.0
    return state


def dig(state, layers, day):
    """A flat pit from the top (z = 13 downwards), of site 1."""
    cut = (slice(14 - layers, 14), slice(3, 9), slice(3, 9))
    state.lattice.matrix[cut] = 0
    state.lattice.eroded[cut] = 1
    state.lattice.resorbed[cut] = day
    state.lattice.site[cut] = 1
    return cut


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_depth_of_a_flat_pit_is_that_of_its_floor(layers):
    state = make_slab()
    reference = keep_reference(state)
    state.sites.append(activated=[5.0])
    dig(state, layers, 10.0)
    state.clock.step = 40
    depths = measure_depths(reference, state)
    assert depths.max() == 20 * layers
    # the middle of the floor, away from walls
    assert np.median(depths) == 20 * layers or layers == 3
    state.lattice.resorbed[...] = 39.0
    assert measure_depths(reference, state).size == 0, "bitten yesterday: not yet final"


def test_a_refilled_pit_has_its_wall_and_no_shift():
    state = make_slab()
    reference = keep_reference(state)
    state.sites.append(activated=[5.0])
    cut = dig(state, 2, 10.0)
    state.lattice.matrix[cut] = FULL
    state.lattice.formed[cut] = 100.0
    state.clock.step = 300
    walls = measure_walls(reference, state)
    assert walls.max() == 40
    shift = measure_shift(reference, state)
    assert np.all(shift == 0)
    state.lattice.matrix[13, 3:9, 3:9] = 0  # one layer was left out
    assert np.median(measure_shift(reference, state)) == -20


@pytest.mark.parametrize("share", [0.1, -0.1])
def test_a_push_changes_volume_evenly_and_keeps_the_books(share):
    state = make_slab()
    before = int(state.lattice.matrix.sum(dtype=np.int64))
    push(state, share)
    after = int(state.lattice.matrix.sum(dtype=np.int64))
    assert after / before - 1 == pytest.approx(share, abs=0.002)
    assert state.volume.expected == after
    for face in (state.lattice.matrix[3], state.lattice.matrix[14]):
        assert np.ptp(face) == 0


def test_levels_of_prescriptions_are_those_that_the_patient_gets():
    from clinic_report import find_levels

    untreated, overdone, alone = (
        find_levels("hypogonadal", arm) for arm in ("untreated", "overdone", "testosterone")
    )
    assert untreated["testosterone"] == pytest.approx(180, rel=0.05)
    assert overdone["estradiol"] < 0.6 * alone["estradiol"]
    assert find_levels("factorial", "both")["estradiol"] == 60


def make_plate_and_rod():
    """A plate of four voxels between two walls, and a rod beside it."""
    bone = np.zeros((40, 40, 40), bool)
    bone[:4] = bone[-4:] = True
    bone[:, 8:12] = True
    bone[:, 30:33, 20:23] = True
    return bone


def test_holes_and_cuts_of_trabeculae_are_told_apart():
    bone = make_plate_and_rod()
    holed, cut, dented = bone.copy(), bone.copy(), bone.copy()
    holed[18:23, 8:12, 10:15] = False
    holed[18:23, 8:12, 25:30] = False
    cut[18:22, 30:33, 20:23] = False
    dented[18:23, 8:10, 10:15] = False
    assert count_events(bone, holed) == {"holed": 2}
    assert count_events(bone, cut) == {"cut": 1}
    assert count_events(bone, holed & cut) == {"holed": 2, "cut": 1}
    assert count_events(holed & cut, bone) == {"healed": 2, "bridged": 1}
    assert count_events(bone, dented) == count_events(bone, bone) == {}


def test_pits_are_read_by_their_distance_from_marrow():
    bone = np.zeros((40, 40, 40), bool)
    bone[10:] = True
    dug = bone.copy()
    dug[10:13, 10:30, 10:30] = False
    dug[10:11, 35:, 35:] = False  # too small for a pit
    assert profile_pits(bone, dug).tolist() == [400, 400, 400, 0, 0, 0]
