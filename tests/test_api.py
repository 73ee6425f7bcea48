"""Python and notebooks: what opens, with which units, what contrasts say, and the page of examples."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_rel

import trabecula as tb
from runfolders import make_folder, make_study
from trabecula.api.lives import to_settings
from trabecula.base.errors import InputError, MissingError, ResultsError

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return tb.open_run(make_folder(tmp_path_factory.mktemp("run") / "made-up"))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return tb.open_study(make_study(tmp_path_factory.mktemp("study")))


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, trabecula\n"
        "heavy = {'numpy', 'numba', 'mesa', 'h5py', 'pydantic', 'matplotlib', 'xarray', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)), 'open_run' in dir(trabecula))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


def test_there_is_one_version() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == tb.__version__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="fly"):
        tb.fly  # noqa: B018


def test_series_carry_unit_symbol_and_name(run) -> None:
    series = run.series
    assert series.sizes == {"time": 211}
    assert series.time.attrs["unit"] == "d"
    words = series.tb_th.attrs
    assert (words["unit"], words["symbol"]) == ("um", "Tb.Th")
    assert words["long_name"] == "trabecular thickness"
    assert words["interval"] == 30.0
    assert float(series.resorption_rate.sel(time=60.0)) == 2000.0
    assert series.attrs["config_digest"] == "abc"
    assert run.hormones.estradiol.attrs["unit"] == "pg/mL"
    assert int(run.events.births.sel(time=120.0)) == 210


def test_sites_are_a_table_with_units(run) -> None:
    sites = run.sites
    assert len(sites) == 13
    assert sites.index[0] == 1
    assert sites.attrs["units"]["e_de"] == "um"
    assert set(sites.attrs["units"]) == set(sites.columns)
    assert sites.e_de.iloc[0] == pytest.approx(40.0)


def test_a_snapshot_may_be_named_half_a_day_beside_it(run) -> None:
    """A year is 365.25 d, and the last snapshot of one on day 365: the rule of the command line."""
    assert run.snapshot(120.25).equals(run.snapshot())
    assert run.snapshot(-0.4).equals(run.snapshot(0.0))
    for day in (121.0, -0.6):
        with pytest.raises(InputError, match=r"time: found .* allowed: 0 to 120 d"):
            run.snapshot(day)


def test_snapshots_have_coordinates_in_um(run) -> None:
    assert run.snapshot_times.tolist() == [0.0, 120.0]
    assert {"fraction", "mineral", "site"} <= set(run.volumes)
    field = run.volumes[-1]
    first = run.snapshot(0.0, ["fraction", field])
    assert first.fraction.dims == ("z", "y", "x")
    assert first.fraction.z.values[:2].tolist() == [10.0, 30.0]
    assert first.z.attrs["unit"] == "um"
    assert float(first.fraction.sel(z=10.0).mean()) == 1.0
    assert float(first.time) == 0.0
    assert first[field].attrs["unit"] == "pM"
    assert first[field].dims == ("z2", "y2", "x2")
    assert first.z2.values[:2].tolist() == [20.0, 60.0]
    last = run.snapshot()
    assert float(last.time) == 120.0
    assert float(last.fraction.isel(z=2, y=0, x=0)) != float(first.fraction.isel(z=2, y=0, x=0))


def test_a_time_outside_the_run_and_an_unknown_volume_are_said(run) -> None:
    with pytest.raises(InputError, match="time: found 900 d; allowed: 0 to 120 d"):
        run.snapshot(900.0)
    with pytest.raises(InputError, match="no volume 'water'; it holds fraction"):
        run.snapshot(names=["water"])


def test_a_run_is_summed_up_and_drawn(run, tmp_path) -> None:
    assert run.name == "made-up"
    assert run.summary["rates"]["resorption_rate"]["change"] == pytest.approx(100.0)
    assert any("Resorption ended +100 %" in sentence for sentence in run.describe())
    picture = run.plot("bv_tv")
    assert picture.figure.axes[0].get_ylabel() == "BV/TV (%)"
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert picture.save(tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert len(run.plot_sites().figure.axes) > 6
    with pytest.raises(ResultsError, match="no series 'x'; it has"):
        run.plot("x")


def test_a_notebook_shows_words_and_a_picture(run, study) -> None:
    card = run._repr_html_()
    assert "The bone lived 120 days." in card
    assert card.count("data:image/png;base64,") == 1
    assert "<script" not in card
    assert "withdrawn" in study._repr_html_()
    assert "211" not in repr(run)
    assert "120 d" in repr(run)


def test_a_study_has_runs_and_what_differs_as_coordinates(study) -> None:
    series = study.series
    assert series.sizes == {"run": 6, "time": 211}
    assert series.arm.values.tolist() == ["kept"] * 3 + ["withdrawn"] * 3
    assert series.seed.values.tolist() == [1, 2, 3] * 2
    assert "hormones.levels.estradiol" in series.coords
    means = series.resorption_rate.sel(time=slice(1, 120)).mean("time").groupby("arm").mean()
    assert means.sel(arm="withdrawn").item() == pytest.approx(1700.0)
    assert series.resorption_rate.attrs["unit"] == "um^3/d"
    assert list(study.get_series("bv_tv").data_vars) == ["bv_tv"]
    assert study.table.arm.tolist() == series.arm.values.tolist()
    assert len(study.open_runs("kept")) == 3


def test_numbers_that_differ_are_numbers(tmp_path) -> None:
    for seed in (1, 2):
        folder = make_folder(tmp_path / f"run-{seed}", "x", 1)
        import h5py

        with h5py.File(folder / "results.h5", "r+") as file:
            text = file["provenance/config"].asstr()[()].replace("age: 50.0", f"age: {50 + seed}.5")
            del file["provenance/config"]
            file["provenance"].create_dataset("config", data=text, dtype=h5py.string_dtype())
    series = tb.open_study(tmp_path).series
    assert series["patient.age"].values.tolist() == [51.5, 52.5]
    assert series.arm.values.tolist() == ["age 51.5", "age 52.5"]


def test_a_contrast_is_a_paired_difference_with_students_interval(study) -> None:
    found = study.contrast("withdrawn", "kept", "resorption_rate", (30.0, 120.0))
    assert found.differences == pytest.approx((60.0, 70.0, 80.0))
    assert found.value == pytest.approx(70.0)
    assert found.error == pytest.approx(10.0 / np.sqrt(3))
    interval = ttest_rel(found.differences, np.zeros(3)).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.pairs == ((1, 1), (2, 2), (3, 3))
    assert "withdrawn - kept, resorption_rate, day 30 to 120: 70 %" in str(found)
    raw = study.contrast("withdrawn", "kept", "n_oc_bs", (30.0, 120.0), percent=False)
    assert (raw.value, raw.unit) == (0.0, "1/mm^2")


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    from trabecula.analysis.contrasts import summarise_pairs

    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(1000):
        _, _, low, high = summarise_pairs(rng.normal(2.0, 1.0, 5))
        hits += low <= 2.0 <= high
    assert 930 <= hits <= 970


def test_one_pair_has_no_interval(tmp_path) -> None:
    study = tb.open_study(make_study(tmp_path, 1))
    found = study.contrast("withdrawn", "kept", "bv_tv", (30.0, 120.0))
    assert np.isfinite(found.value)
    assert np.isnan(found.low)


def test_a_contrast_refuses_what_cannot_be_compared(study, tmp_path) -> None:
    with pytest.raises(InputError, match="found no arm 'x'; allowed: kept, withdrawn"):
        study.contrast("x", "kept", "bv_tv", (0.0, 9.0))
    for window in ((50.0, 20.0), (200.0, 300.0), (-900.0, 0.0)):
        with pytest.raises(InputError, match="window: found"):
            study.contrast("withdrawn", "kept", "bv_tv", window)
    with pytest.raises(ResultsError, match="no series 'x'"):
        study.contrast("withdrawn", "kept", "x", (0.0, 9.0))
    make_folder(tmp_path / "a", "a", 1, 10.0)
    make_folder(tmp_path / "b", "b", 2, 20.0)
    with pytest.raises(InputError, match="no two runs with the same seeds"):
        tb.open_study(tmp_path).contrast("a", "b", "bv_tv", (0.0, 9.0))


def test_a_folder_without_runs_is_our_error(tmp_path) -> None:
    with pytest.raises(ResultsError, match="a folder of runs is needed"):
        tb.open_study(tmp_path)
    with pytest.raises(ResultsError, match="there is no such file or folder"):
        tb.open_run(tmp_path / "absent")


def test_a_missing_extra_is_named(run, monkeypatch) -> None:
    for library in ("xarray", "matplotlib"):
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingError, match=r'pip install "trabecula\[analysis\]"'):
        tb.open_run(run.folder).series  # noqa: B018
    with pytest.raises(MissingError, match=r'pip install "trabecula\[plot\]"'):
        run.plot("bv_tv")


def test_settings_are_lists_or_mappings() -> None:
    assert to_settings(["seed=7"]) == ["seed=7"]
    assert to_settings({"seed": np.int64(7), "lattice.specimen": Path("a b.h5")}) == [
        "seed=7", 'lattice.specimen="a b.h5"',
    ]  # fmt: skip
    assert to_settings({"a.b": np.array([[0.0, 1.5]])}) == ["a.b=[[0.0, 1.5]]"]
    with pytest.raises(InputError, match=r"set: found \{1j\}.*numbers, lists"):
        to_settings({"seed": {1j}})
    assert to_settings({"seed": 7, "patient.sex": "male", "a.b": [[0, 1]]}) == [
        "seed=7", "patient.sex=male", "a.b=[[0, 1]]",
    ]  # fmt: skip
    with pytest.raises(InputError, match="set: found the text"):
        to_settings("seed=7")


def test_the_examples_of_the_page_run(tmp_path) -> None:
    """Every block of docs/analysis.md, in order, in a process of its own."""
    text = (ROOT / "docs" / "analysis.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 5
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    script = tmp_path / "examples.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "withdrawn - kept" in done.stdout
    for name in ("bone.pdf", "runs/smoke/report.html", "arms.png"):
        assert (tmp_path / name).stat().st_size > 1000
