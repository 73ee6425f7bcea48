"""Windows, changes and summaries against numbers known beforehand."""

from dataclasses import replace

import numpy as np
import pytest

from results_maker import TIME, make_results
from trabecula.analysis import (
    Results,
    Series,
    compute_baseline,
    compute_end,
    compute_percent_change,
    compute_percent_of_baseline,
    compute_periods,
    compute_running_mean,
    compute_start,
    compute_window_mean,
    describe,
    load_results,
    summarise,
    summarise_sites,
)
from trabecula.analysis.expectation import (
    THROUGHPUT,
    compute_hours,
    compute_noise,
    count_seeds,
)
from trabecula.analysis.windows import DERIVED
from trabecula.base.codes import Phase
from trabecula.base.errors import ResultsError
from trabecula.config.names import DERIVED_LEVELS
from trabecula.model.memory import compute_memory


def test_a_window_is_open_at_its_start_and_closed_at_its_end() -> None:
    time = np.arange(5.0)
    assert compute_window_mean(time, 10.0**time, 1.0, 3.0) == pytest.approx((100 + 1000) / 2)


def test_a_window_without_measurements_is_nan() -> None:
    time = np.arange(5.0)
    assert np.isnan(compute_window_mean(time, np.full(5, np.nan), 0.0, 4.0))
    assert np.isnan(compute_window_mean(time, time, 10.0, 20.0))


def test_a_window_skips_what_was_not_measured() -> None:
    values = np.array([np.nan, 4.0, np.nan, 8.0])
    assert compute_window_mean(np.arange(4.0), values, -1.0, 3.0) == 6.0


def test_the_baseline_ends_with_day_0() -> None:
    results = make_results()
    assert compute_baseline(results, "resorption_rate") == pytest.approx(100.0)
    shifted = results.series["resorption_rate"]
    shifted.values[results.time > 0] = 1e9
    assert compute_baseline(results, "resorption_rate") == pytest.approx(100.0)


def test_without_a_baseline_the_first_value_is_it() -> None:
    results = make_results()
    late = Results(
        results.path,
        results.time[100:],
        {"x": type(results.get("bv_tv"))(np.arange(7.0, 7.0 + len(TIME) - 100))},
    )
    assert compute_baseline(late, "x") == 7.0


def test_a_percent_change_is_against_the_baseline() -> None:
    results = make_results(resorption=1.83)
    assert compute_percent_change(results, "resorption_rate", 100.0, 200.0) == pytest.approx(83.0)
    assert compute_percent_change(results, "formation_rate", 200.0, 300.0) == pytest.approx(100 / 3)
    assert compute_percent_change(results, "resorption_rate", 0.0, 60.0) == pytest.approx(0.0)
    shares = compute_percent_of_baseline(results, "resorption_rate")
    assert shares[-1] == pytest.approx(183.0)


def test_a_baseline_of_zero_gives_nan_and_not_infinity() -> None:
    results = make_results(resorption=2.0)
    results.series["resorption_rate"].values[results.time <= 0] = 0.0
    assert np.isnan(compute_percent_change(results, "resorption_rate", 100.0, 200.0))
    assert np.isnan(compute_percent_of_baseline(results, "resorption_rate")).all()


def test_a_rate_beyond_the_run_is_not_known_and_none_is_diluted() -> None:
    """The total stands still after the last day; a year is 365.25 d, and its last sample on day 365."""
    results = make_results()
    total = Series(np.cumsum(np.where(TIME > 0, 2.0, 1.0)))
    results = replace(results, series={**results.series, "matrix_resorbed": total})

    def compute(start: float, end: float) -> float:
        return compute_percent_change(results, "resorption_rate", start, end)

    assert compute(700.0, 730.0) == pytest.approx(100.0)
    assert compute(720.0, 730.4) == pytest.approx(100.0)
    assert compute(-90.0, 0.0) == pytest.approx(0.0)  # the first sample tells of the day before it
    for window in ((700.0, 731.0), (740.0, 800.0), (-92.0, 30.0)):
        assert np.isnan(compute(*window))


def test_start_and_end_take_the_measured_values_of_a_costly_metric() -> None:
    results = make_results()
    assert compute_start(results, "tb_th") == 150.0
    assert compute_end(results, "tb_th") == 126.0


def test_a_series_that_was_never_measured_is_an_error() -> None:
    results = make_results()
    results.series["tb_th"].values[:] = np.nan
    with pytest.raises(ResultsError, match="never measured"):
        compute_baseline(results, "tb_th")


def test_an_unknown_series_names_those_that_exist() -> None:
    with pytest.raises(ResultsError, match=r"no series 'bvtv'; it has bv_tv, es_bs"):
        make_results().get("bvtv")


def test_the_running_mean_keeps_a_straight_line_inside() -> None:
    time = np.arange(100.0)
    smooth = compute_running_mean(time, 3.0 * time, 30.0)
    assert smooth[20:80] == pytest.approx(3.0 * time[20:80])


def test_the_running_mean_is_the_mean_over_its_width() -> None:
    rng = np.random.default_rng(3)
    time, values = np.arange(60.0), rng.standard_normal(60)
    values[10:20] = np.nan
    smooth = compute_running_mean(time, values, 8.0)
    for i in range(60):
        near = np.abs(time - time[i]) <= 4.0
        expected = np.nanmean(values[near]) if np.isfinite(values[near]).any() else np.nan
        assert smooth[i] == pytest.approx(expected, nan_ok=True)
    assert np.isnan(smooth[15])


def test_periods_come_from_completed_sites_only() -> None:
    periods = compute_periods(make_results().bmus)
    assert periods["resorption_period"].tolist() == [40.0, 44.0]
    assert periods["reversal_period"].tolist() == [10.0, 6.0]
    assert periods["formation_period"].tolist() == [130.0, 140.0]


def test_the_summary_holds_the_numbers_of_the_run() -> None:
    summary = summarise(make_results(resorption=1.5))
    assert summary["days"] == 730.0
    assert summary["structure"]["bv_tv"] == pytest.approx(
        {"start": 0.18, "end": 0.171, "change": -5.0}
    )
    assert summary["rates"]["resorption_rate"]["change"] == pytest.approx(50.0)
    assert summary["rates"]["resorption_rate"]["peak"] == pytest.approx(150.0)
    assert summary["hormones"]["estradiol"] == {
        "start": 100.0, "end": 10.0, "change": -90.0, "unit": "pg/mL",
    }  # fmt: skip
    assert summary["sites"] == {
        "count": 4,
        "completed": 2,
        "abandoned": 1,
        "open": 1,
        "resorption_period": 42.0,
        "reversal_period": 8.0,
        "formation_period": 135.0,
    }


def test_what_hormones_derive_is_no_news_of_what_was_given() -> None:
    """All derived levels but those that doses set."""
    assert set(DERIVED) == set(DERIVED_LEVELS) - {
        "bisphosphonate",
        "pth_pulsed",
        "sclerostin_blockade",
    }


def test_sites_count_by_the_surface_that_they_opened() -> None:
    """A large site of 44 d and a single bite of 40 d; where nothing was opened nothing is known."""
    bmus = make_results().bmus
    done = bmus["phase"] == Phase.COMPLETE
    mouth = np.zeros(len(done))
    mouth[np.flatnonzero(done)] = [1.0, 99.0]
    older = {name: column for name, column in bmus.items() if name != "opened"} | {"mouth": mouth}
    for held in (older, {**bmus, "opened": 400.0 * mouth, "mouth": mouth[::-1]}):
        found = summarise_sites(held)
        assert found["resorption_period"] == pytest.approx(0.01 * 40.0 + 0.99 * 44.0)
    none = summarise_sites({**older, "mouth": np.zeros(len(done))})
    assert np.isnan(none["formation_period"])


def test_periods_of_a_short_run_are_told_to_read_short() -> None:
    summary = summarise(make_results())
    assert "slow ones are still at work" in "".join(describe(summary)), "1 at work, 2 completed"
    summary["sites"] |= {"completed": 40, "open": 9}
    assert "still at work" not in "".join(describe(summary))


def test_sites_that_opened_nothing_have_no_periods() -> None:
    summary = summarise(make_results())
    summary["sites"] |= {"resorption_period": np.nan, "reversal_period": np.nan}
    text = "".join(describe(summary))
    assert "None of the completed sites opened a layer of bone." in text
    assert "nan" not in text


def test_the_sentences_tell_the_numbers_and_follow_them() -> None:
    text = "\n".join(describe(summarise(make_results(resorption=1.5))))
    assert "Bone volume (BV/TV) went from 18 % to 17.1 % (-5.0 %)." in text
    assert "Estradiol: 100 to 10 pg/mL." in text
    assert "Testosterone" not in text, "a level that stays is no news"
    assert "Resorption ended +50 % from its baseline (last 90 d)" in text
    other = "\n".join(describe(summarise(make_results(resorption=0.2))))
    assert "Resorption ended -80 % from its baseline" in other


def test_a_summary_of_a_run_without_sites_or_rates_stands() -> None:
    results = make_results()
    bare = Results(results.path, results.time, {"bv_tv": results.get("bv_tv")})
    assert describe(summarise(bare)) == [
        "The bone lived 2 years.",
        "Bone volume (BV/TV) went from 18 % to 17.1 % (-5.0 %).",
    ]


def test_loading_from_nowhere_says_what_is_needed(tmp_path) -> None:
    with pytest.raises(ResultsError, match=r"holds no results\.h5"):
        load_results(tmp_path)
    with pytest.raises(ResultsError, match="no such file or folder"):
        load_results(str(tmp_path / "absent"))


def test_a_run_without_a_baseline_says_so_instead_of_nan() -> None:
    results = make_results()
    results.series["resorption_rate"].values[results.time <= 0] = 0.0
    text = "\n".join(describe(summarise(results)))
    assert "Resorption has no baseline" in text
    assert "nan" not in text


def test_expected_noise_goes_through_what_was_measured_and_falls_with_volume() -> None:
    assert compute_noise("bv_tv_change", 2.1) == pytest.approx(2.7)
    assert compute_noise("bv_tv_change", 7.1) == pytest.approx(0.6)
    assert compute_noise("bv_tv_change", 4 * 7.1) == pytest.approx(0.3)
    assert compute_noise("turnover", 2.1 / 4) == pytest.approx(52.0)
    assert count_seeds(7.1, 5.0, 0.1) == 8
    assert count_seeds(7.1, 2.5, 0.1) == 30


def test_a_tiny_run_costs_its_start_and_its_days() -> None:
    # 24^3 voxels of 20 um took 4.1 s of processor time for 120 d, 5.8 s for 425 d
    assert 3600.0 * compute_hours(0.1106, 120.0) == pytest.approx(4.1, rel=0.5)
    assert 3600.0 * compute_hours(0.1106, 425.0) == pytest.approx(5.8, rel=0.5)
    assert compute_hours(0.0, 0.0) > 0


def test_time_and_memory_grow_with_the_tissue() -> None:
    assert compute_hours(200.0, 3 * 365.25) == pytest.approx(600.0 / THROUGHPUT, rel=2e-3)
    assert compute_memory(2 * 64**3, 4.0) > compute_memory(64**3, 2.0) > 300e6
