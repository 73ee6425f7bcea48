"""Arms compared pair by pair: which pairs count, what an interval is over, what is said of the rest."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from populations import DRAWN, load, pretend
from runfolders import make_folder
from trabecula.analysis import Results, Series
from trabecula.analysis.arms import DRAW, PATIENT, Arm, find_runs, get_seeds, group_runs
from trabecula.analysis.contrasts import average_units, compare_arms, summarise_pairs
from trabecula.base.errors import InputError, ResultsError
from trabecula.study.cohort import group_patients, load_cohort
from trabecula.study.design import list_points

KEY = "resorption_rate"


def make_run(seed: int, rise: float, days: float = 365.0, base: float = 1.0) -> Results:
    """Resorption is `base` before day 0, and `rise` times as much after it."""
    time = np.arange(-90.0, days + 1.0)
    rate = base * np.where(time > 0, rise, 1.0)
    series = {KEY: Series(rate, "um^3/d"), "matrix_resorbed": Series(np.cumsum(rate), "um^3")}
    return Results(Path(f"{seed}/results.h5"), time, series, provenance={"seed": seed})


def make_arms(*, rises=(2.0, 2.1, 2.2), **more):
    """An arm in which resorption rises, more from bone to bone, and one in which it does not."""
    treated = [make_run(seed, rise, **more) for seed, rise in enumerate(rises, 1)]
    plain = [make_run(seed, 1.0, **more) for seed, _ in enumerate(rises, 1)]
    return Arm("treated", tuple(treated)), Arm("plain", tuple(plain))


def put(arm: Arm, *runs: Results) -> Arm:
    """Return the arm with other last runs."""
    return replace(arm, runs=(*arm.runs[: -len(runs)], *runs))


def test_a_run_that_was_not_lived_to_the_end_of_the_window_is_left_out_and_said() -> None:
    """A total that stands still after the last day would pass for resorption that has ended."""
    treated, plain = make_arms()
    treated = put(treated, make_run(3, 2.2, days=100.0))
    found = compare_arms(treated, plain, KEY, (50.0, 365.0))
    assert found.differences == pytest.approx((100.0, 110.0))
    assert found.pairs == ((1, 1), (2, 2))
    assert found.left_out == (((3, 3), "not lived from day 50 to 365"),)
    assert str(found).endswith("2 pairs; 1 left out, not lived from day 50 to 365")
    early = compare_arms(treated, plain, KEY, (20.0, 100.0))
    assert (len(early.pairs), early.left_out) == (3, ())
    assert str(early).endswith("3 pairs")


@pytest.mark.parametrize("percent", [False, True])
@pytest.mark.parametrize("end", [14.0, 30.0, 90.0])
def test_rates_of_a_window_come_from_the_totals_and_not_from_the_days_before_it(end, percent):
    """The stored rate looks back over 30 d, and a step on day 0 stands in it by day 30 only."""
    arms = []
    for arm in make_arms():
        runs = []
        for run in arm.runs:
            total = run.series["matrix_resorbed"].values
            trailing = np.full(len(total), total[0])
            trailing[30:] = (total[30:] - total[:-30]) / 30.0
            series = {**run.series, KEY: replace(run.series[KEY], values=trailing)}
            runs.append(replace(run, series=series))
        arms.append(replace(arm, runs=tuple(runs)))
    found = compare_arms(*arms, KEY, (0.0, end), percent)
    scale, unit = (100.0, "%") if percent else (1.0, "um^3/d")
    assert found.differences == pytest.approx((scale, 1.1 * scale, 1.2 * scale))
    assert found.unit == unit


def test_a_rate_without_its_total_is_the_mean_of_its_series():
    arms = [
        replace(arm, runs=tuple(replace(run, series={KEY: run.series[KEY]}) for run in arm.runs))
        for arm in make_arms()
    ]
    found = compare_arms(*arms, KEY, (0.0, 14.0), percent=False)
    assert found.differences == pytest.approx((1.0, 1.1, 1.2))


def test_a_window_that_no_pair_reaches_is_refused() -> None:
    treated, plain = make_arms()
    treated = put(treated, make_run(3, 2.2, days=500.0))
    with pytest.raises(InputError, match=r"window: found 300 to 430 d; allowed: .* -90 and 365 d"):
        compare_arms(treated, plain, KEY, (300.0, 430.0))
    year = compare_arms(treated, plain, KEY, (300.0, 365.25))
    assert year.differences == pytest.approx((100.0, 110.0, 120.0))


def test_a_pair_with_a_baseline_of_zero_is_left_out_and_said() -> None:
    treated, plain = make_arms()
    found = compare_arms(put(treated, make_run(3, 2.0, base=0.0)), plain, KEY, (50.0, 365.0))
    assert found.pairs == ((1, 1), (2, 2))
    assert found.value == pytest.approx(105.0)
    assert "2 pairs; 1 left out, without a value: nothing was measured, or the base" in str(found)
    none = compare_arms(*make_arms(base=0.0), KEY, (50.0, 365.0))
    assert (math.isnan(none.value), none.differences) == (True, ())
    assert "nan %, 0 pairs; 3 left out" in str(none)


def test_lives_of_a_patient_are_one_difference_and_no_more_certainty() -> None:
    """Six patients of four lives that differ by chance alone: Student's t has five degrees, not 23."""
    rng = np.random.default_rng(1)
    patients = np.repeat(rng.normal(2.0, 0.3, 6), 4) + rng.normal(0.0, 0.02, 24)
    arms = make_arms(rises=patients)
    numbers = tuple(np.repeat(np.arange(1, 7), 4).tolist())
    people = [replace(arm, kind=PATIENT, numbers=numbers) for arm in arms]
    found = compare_arms(*people, KEY, (50.0, 365.0))
    means = 100.0 * (patients.reshape(6, 4).mean(axis=1) - 1.0)
    assert found.differences == pytest.approx(means)
    expected = summarise_pairs(means)
    assert (found.value, found.error, found.low, found.high) == pytest.approx(expected)
    assert (len(found.pairs), found.kind) == (24, PATIENT)
    assert str(found).endswith("24 pairs of 6 patients")
    alone = compare_arms(*arms, KEY, (50.0, 365.0))
    assert found.error > 1.8 * alone.error


def test_draws_of_parameters_have_no_interval() -> None:
    """More draws make nothing surer, so that no interval may become narrower by them."""
    arms = make_arms(rises=(2.0, 2.2, 3.0, 3.4))
    drawn = [replace(arm, kind=DRAW, numbers=(1, 1, 2, 2)) for arm in arms]
    found = compare_arms(*drawn, KEY, (50.0, 365.0))
    assert found.differences == pytest.approx((110.0, 220.0))
    assert found.value == pytest.approx(165.0)
    assert np.isnan([found.error, found.low, found.high]).all()
    assert str(found).endswith("165 %, 4 pairs under 2 draws of parameters")


def test_runs_of_a_population_know_their_patient_or_their_draw(tmp_path) -> None:
    text = f"grid: {{hormones.blockade.rankl: [0, 0.9]}}\n{DRAWN}  lives: 2\n"
    sweep, out = load(tmp_path, text), tmp_path / "out"
    pretend(sweep, out, lambda _: 1.0)
    points = list_points(sweep)
    entries = [one for one in load_cohort(out).entries.flat if one is not None]
    folders = {one.run: one.folder for one in entries}
    runs = [replace(make_run(1, 1.0), path=out / folders[p.index] / "results.h5") for p in points]
    plain, drawn = group_patients([out], runs)[:2]
    assert (plain.kind, plain.numbers) == (PATIENT, (1, 2, 3, 4) * 2)
    assert drawn.label == f"{plain.label}, uncertain parameters"
    assert (drawn.kind, drawn.numbers) == (DRAW, (1,) * 8 + (2,) * 8 + (3,) * 8)
    assert len(drawn.runs) == 24


def test_what_was_set_aside_below_a_run_is_no_sample(tmp_path: Path) -> None:
    for name in ("1", "2", "1/earlier-1", "2/branches/of-2", "earlier-3"):
        make_folder(tmp_path / name, "a", int(name[0]) if name[0].isdigit() else 3, 10.0)
    assert [path.name for path in find_runs(tmp_path)] == ["1", "2"]
    (tmp_path / "small.yaml").write_text("duration: 1 y\n")
    with pytest.raises(
        ResultsError, match=r"small\.yaml: found a configuration.*trabecula run makes"
    ):
        find_runs(tmp_path / "small.yaml")
    assert find_runs(tmp_path / "1" / "earlier-1") == [tmp_path / "1" / "earlier-1"]


def test_a_page_tells_patients_and_not_their_lives() -> None:
    """Four lives of a patient narrow no interval."""
    arms = tuple(
        replace(arm, kind=PATIENT, numbers=(1, 1, 2, 2))
        for arm in make_arms(rises=(2.0, 2.0, 3.0, 3.0))
    )
    assert len(average_units({get_seeds(run): 1.0 for run in arms[0].runs}, arms[0])) == 2
    assert len(average_units({(None, 1): 1.0}, replace(arms[0], kind="", numbers=()))) == 1


def test_labels_name_what_is_given_first_and_leave_out_what_is_not() -> None:
    def run(seed: int, text: str) -> Results:
        config = (
            f"name: a\nseed: {seed}\nspin_up: {seed}.0\nsettle: {seed}.0\nstep: 0.{seed}\n{text}"
        )
        results = make_run(seed, 1.0)
        return replace(results, provenance={"seed": seed, "config": config})

    given = "hormones: {blockade: {rankl: [[0, 0.0], [9, 0.9]]}}\n"
    labels = [arm.label for arm in group_runs([run(1, given), run(2, "")])]
    assert labels[0].startswith("rankl 0 \u2192 0.9")
    assert "rankl" not in labels[1]
    config = "name: a\n"
    two = [replace(make_run(1, 1.0), provenance={"config": config + more}) for more in (given, "")]
    assert [arm.label for arm in group_runs(two)] == ["rankl 0 \u2192 0.9", "as is"]
