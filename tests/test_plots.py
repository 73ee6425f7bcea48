"""Figures of runs and arms: lines are numbers, bands quantiles, marks doses; what cannot be drawn."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from typer.testing import CliRunner

from runfolders import make_folder, make_study
from trabecula.analysis import Results, Series, arms, load_results
from trabecula.analysis.arms import Arm, find_parameters, find_runs, group_runs, load_runs
from trabecula.analysis.bands import compute_band
from trabecula.analysis.interventions import find_interventions, find_positive
from trabecula.analysis.sampling import compute_percent_change, compute_rate
from trabecula.base.errors import InputError, ResultsError
from trabecula.cli.main import app
from trabecula.viz.fieldfigure import Marrow, choose_blocks, draw_fields
from trabecula.viz.figures import draw_all, draw_kind
from trabecula.viz.panels import name_series
from trabecula.viz.series import draw_arms
from trabecula.viz.sitefigure import choose_completed
from trabecula.viz.style import CYCLE, PALE, apply_style, label_steps


def call(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return make_folder(tmp_path_factory.mktemp("run") / "made-up")


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    return make_study(tmp_path_factory.mktemp("study"))


def find_axis(figure, title: str):
    return next(axis for axis in figure.axes if axis.get_title(loc="left") == title)


# ------------------------------------------------------------------ rates and their error
def make_ledger(count: int, amount: float = 1.0) -> dict:
    """Sites of the same amount, evenly spread over days -90 to 90, each at work for a day."""
    return {
        "activated": np.linspace(-90, 90, count), "resorbed": np.full(count, amount),
        "resorbed_mean": np.zeros(count), "resorbed_spread": np.zeros(count),
    }  # fmt: skip


def make_results(count: int) -> Results:
    time = np.arange(-90.0, 91.0)
    total = np.cumsum(np.full(len(time), 2.0))
    series = {"matrix_resorbed": Series(total), "resorption_rate": Series(np.full(len(time), 9.0))}
    return Results(Path("x"), time, series, bmus=make_ledger(count))


def test_a_rate_comes_from_the_totals_over_its_window(folder: Path) -> None:
    results = load_results(folder)
    course = compute_rate(results, "resorption_rate", 40.0)
    day = {d: course.percent[np.flatnonzero(results.time == d)[0]] for d in (-60.0, 0.0, 60.0)}
    assert day[-60.0] == pytest.approx(100.0)
    assert day[0.0] == pytest.approx(150.0)
    assert day[60.0] == pytest.approx(200.0)
    assert compute_percent_change(results, "resorption_rate", 20.0, 80.0) == pytest.approx(100.0)


def test_the_expected_error_falls_with_the_root_of_the_sites() -> None:
    errors = [compute_rate(make_results(n), "resorption_rate", 60.0).error for n in (100, 400)]
    middle = len(errors[0]) // 2
    assert errors[0][middle] / errors[1][middle] == pytest.approx(2.0, rel=0.05)
    # 33 sites in the window and 50 in the baseline
    assert errors[0][middle] == pytest.approx(100 * np.hypot(33**-0.5, 50**-0.5), rel=0.05)


def test_the_expected_error_is_what_chance_does() -> None:
    """Over many made-up bones with sites at random moments, the scatter is what one ledger foretells."""
    rng = np.random.default_rng(5)
    found, told = [], []
    for _ in range(300):
        ledger = make_ledger(rng.poisson(120))
        ledger["activated"] = np.sort(rng.uniform(-91, 91, len(ledger["activated"])))
        time = np.arange(-90.0, 91.0)
        total = np.searchsorted(ledger["activated"], time + 0.5).astype(float)
        series = {"matrix_resorbed": Series(total), "resorption_rate": Series(total)}
        course = compute_rate(
            Results(Path("x"), time, series, bmus=ledger), "resorption_rate", 60.0
        )
        found.append(course.percent[150])
        told.append(course.error[150])
    assert np.std(found) == pytest.approx(np.mean(told), rel=0.2)


@pytest.mark.parametrize(("day", "share"), [(20.0, 0.25), (25.0, 0.375), (30.0, 0.5)])
def test_the_work_of_a_site_is_spread_evenly_over_its_time(day: float, share: float) -> None:
    """It works for 40 days, 20 to 60, whose variance is 40^2/12; another one does all on day 18.

    A window of 20 days sees all of the second, and a share of the first; four sites are the baseline.
    """
    begun = np.array([-80.0, -60.0, -40.0, -20.0, 20.0, 18.0])
    results = replace(make_results(1), bmus={
        "activated": begun, "resorbed": np.ones(6),
        "resorbed_mean": np.array([0.0, 0.0, 0.0, 0.0, 20.0, 2.5]),
        "resorbed_spread": np.array([0.0, 0.0, 0.0, 0.0, 40.0**2 / 12.0, 0.0]),
    })  # fmt: skip
    course = compute_rate(results, "resorption_rate", 20.0)
    (row,) = np.flatnonzero(results.time == day)
    expected = np.hypot(np.sqrt(1.0 + share**2) / (1.0 + share), 0.5)
    assert course.error[row] / course.percent[row] == pytest.approx(expected, rel=1e-6)


def test_without_a_ledger_there_is_no_error() -> None:
    results = replace(make_results(10), bmus={})
    assert np.isnan(compute_rate(results, "resorption_rate", 60.0).error).all()


# ------------------------------------------------------------------ runs that belong together
def test_runs_are_found_below_a_folder_in_the_order_of_their_numbers(study: Path) -> None:
    found = [path.relative_to(study).as_posix() for path in find_runs(study)]
    assert found[:3] == ["kept/bone-1", "kept/bone-2", "kept/bone-3"]
    assert len(found) == 6


def test_a_sweep_stands_for_the_runs_of_its_manifest_only(tmp_path: Path) -> None:
    """What an earlier sweep of other settings left in the folder is not pooled with it."""
    for name in ("0000-old", "0000-new", "0001-new"):
        make_folder(tmp_path / name, "sweep", 1, 10.0)
    lines = [
        '{"format_version": 1}',
        '{"run": 0, "folder": "0000-new"}',
        '{"run": 1, "folder": ""}',
    ]
    (tmp_path / "manifest.jsonl").write_text("\n".join([*lines, '{"run": 1, "fol']))
    assert [path.name for path in find_runs(tmp_path)] == ["0000-new"]
    (tmp_path / "manifest.jsonl").write_bytes(b"\xff\xfe no lines")
    assert len(find_runs(tmp_path)) == 3
    (tmp_path / "manifest.jsonl").unlink()
    assert len(find_runs(tmp_path)) == 3


def test_arms_are_runs_that_differ_by_chance_only(study: Path) -> None:
    runs = load_runs([study])
    arms = group_runs(runs)
    assert [(arm.label, len(arm.runs)) for arm in arms] == [("kept", 3), ("withdrawn", 3)]
    assert list(find_parameters(runs)) == ["hormones.levels.estradiol"]


def test_arms_of_one_name_are_told_by_what_differs(tmp_path: Path) -> None:
    for number, level in enumerate((10.0, 20.0)):
        make_folder(tmp_path / f"run-{number}", "sweep", 1, level)
    labels = [arm.label for arm in group_runs(load_runs([tmp_path]))]
    assert labels[0].startswith("estradiol 100 \u2192 10")
    assert len(set(labels)) == 2
    parameters = {"hormones.levels.estradiol": [[[0, 100], [9, 8]], [[0, 100], [5, 8]], 60]}
    told = arms._make_labels([0, 1], ["a"] * 3, parameters)
    assert told == ["estradiol [[0, 100], [9, 8]]", "estradiol [[0, 100], [5, 8]]"]
    told = arms._make_labels([0, 2], ["a"] * 3, parameters)
    assert told == ["estradiol 100 \u2192 8", "estradiol 60"]


def test_what_all_names_begin_with_is_left_out(tmp_path: Path) -> None:
    for arm in ("drug", "placebo"):
        make_folder(tmp_path / arm, f"CAL-1-{arm}-2", 2, 10.0 if arm == "drug" else 20.0)
    assert [arm.label for arm in group_runs(load_runs([tmp_path]))] == ["drug", "placebo"]


def test_a_band_is_median_and_quantiles_and_aligns_times() -> None:
    time = np.arange(5.0)
    runs = [Results(Path("x"), time, {"a": Series(time + k)}) for k in range(5)]
    runs.append(Results(Path("x"), time[2:] + 1, {"a": Series(np.full(3, 100.0))}))
    band = compute_band(runs, lambda run: run.get("a").values)
    assert band.time.tolist() == [0, 1, 2, 3, 4, 5]
    assert band.median[:3].tolist() == [2, 3, 4]
    assert band.median[-1] == 100.0
    values = [3, 4, 5, 6, 7, 100]
    assert band.high[3] == pytest.approx(np.quantile(values, 0.95))
    assert band.low[3] == pytest.approx(np.quantile(values, 0.05))


# ------------------------------------------------------------------ what was given
def test_doses_and_blockades_are_read_from_the_stored_configuration(folder: Path) -> None:
    found = {one.name: one for one in find_interventions(load_results(folder))}
    assert found["sclerostin blocked"].spans == ((20.0, 61.0),)
    assert found["denosumab"].doses == ((30.0, 60.0), (90.0, 60.0))
    assert found["denosumab"].spans == ((30.0, 120.0),)


def test_prescriptions_are_read_even_where_the_specimen_is_gone(folder: Path) -> None:
    results = load_results(folder)
    text = (
        "duration: 120.0\nlattice: {specimen: gone.h5}\n"
        "protocol: [{drug: prednisone, dose: 10 mg, every: 10 d, from: 20 d, until: 60 d}]\n"
    )
    given = find_interventions(replace(results, provenance={"config": text}))
    assert [one.name for one in given] == ["prednisone"]
    assert given[0].doses[0] == (20.0, 10.0)


@pytest.mark.parametrize(
    ("points", "spans"),
    [
        (((0.0, 0.5),), ((0.0, 100.0),)),
        (((10.0, 0.0), (20.0, 1.0), (30.0, 0.0)), ((10.0, 30.0),)),
        (((10.0, 0.0),), ()),
        (((5.0, 1.0), (10.0, 0.0), (50.0, 0.0), (60.0, 1.0)), ((0.0, 10.0), (50.0, 100.0))),
    ],
)
def test_spans_of_a_blockade(points, spans) -> None:
    assert find_positive(points, 100.0) == spans


# ------------------------------------------------------------------ figures
def test_hormones_are_above_and_every_panel_has_symbol_and_unit(folder: Path) -> None:
    figure = draw_arms([Arm("", (load_results(folder),))])
    panels = [axis for axis in figure.axes if axis.get_ylabel()]
    assert panels[0].get_title(loc="left") == "Estradiol"
    assert all("(" in axis.get_ylabel() for axis in panels)
    assert len({axis.get_xlim() for axis in figure.axes}) == 1
    strip = next(axis for axis in figure.axes if axis.get_title(loc="left") == "Given")
    assert [t.get_text() for t in strip.get_yticklabels()] == ["denosumab", "sclerostin blocked"]
    assert "90 d before day 0" in figure.get_supxlabel()
    assert "means over 52.5 d (half of it at both ends), from the totals" in figure.get_supxlabel()


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        ((-90.0,), "the 90 d before day 0 (grey) of the same run"),
        ((-24.0,), "the 24 d before day 0 (grey) of the same run"),
        ((-24.0, -5.0), "the 5-24 d before day 0 (grey) of the same run"),
        ((-24.0, 0.0), "the 24 d before day 0 (grey), or else the first value, of the same run"),
        ((0.0,), "the first value of the same run"),
    ],
)
def test_the_caption_names_the_days_of_the_baseline_that_are_there(
    folder: Path, starts, words: str
) -> None:
    runs = [cut(load_results(folder), start) for start in starts]
    figure = draw_arms([Arm(str(k), (run,)) for k, run in enumerate(runs)])
    assert f"Baseline: {words}." in figure.get_supxlabel()


def test_no_more_than_the_baseline_is_grey(folder: Path) -> None:
    results = load_results(folder)
    axis = draw_arms([Arm("", (replace(results, time=results.time - 30.0),))]).axes[0]
    grey = [patch for patch in axis.patches if patch.get_facecolor()[:3] == to_rgb(PALE)]
    assert [(p.get_x(), p.get_width()) for p in grey] == [(-90.0, 90.0)]


def cut(results: Results, start: float) -> Results:
    """The run as if it had been stored from day `start` on."""
    kept = results.time >= start

    def shorten(held):
        return {key: replace(one, values=one.values[kept]) for key, one in held.items()}

    return replace(
        results, time=results.time[kept], series=shorten(results.series),
        hormones=shorten(results.hormones),
    )  # fmt: skip


def test_rows_of_arms_have_the_name_alone_and_the_colour_of_their_arm(study: Path) -> None:
    arms = group_runs(load_runs([study]))
    long = [replace(arm, label=f"{arm.label}: spin_up 5.0, settle 0.0, duration 3") for arm in arms]
    figure = draw_arms(long)
    strip = next(axis for axis in figure.axes if axis.get_title(loc="left") == "Given")
    names = [text.get_text() for text in strip.get_yticklabels()]
    assert names == ["denosumab", "sclerostin blocked"] * 2
    faces = [bars.get_facecolor() for bars in strip.collections]
    colours = {tuple(face[0][:3]) for face in faces if len(face)}
    assert colours == {to_rgb(colour) for colour in CYCLE[:2]}
    assert "Rows above have the colours of their arms." in figure.get_supxlabel()
    figure.draw_without_rendering()
    assert strip.get_position().x0 < 0.2


def test_a_legend_of_long_labels_stays_inside_the_figure(study: Path) -> None:
    arms = group_runs(load_runs([study])) * 2
    label = "a: spin_up 5.0, settle 0.0, duration 30.0, blockade"
    for kind in ("series", "sites", "fields"):
        figure = draw_kind(kind, [replace(arm, label=f"{label} {k}") for k, arm in enumerate(arms)])
        figure.draw_without_rendering()
        box = figure.legends[0].get_window_extent()
        assert figure.bbox.x0 <= box.x0, kind
        assert box.x1 <= figure.bbox.x1, kind


@pytest.mark.parametrize(
    ("key", "series", "expected"),
    [
        ("rankl_blockade", ("rankl_blockade", "rankl blockade"), ("RANKL blockade",) * 2),
        ("il6_blockade", ("", ""), ("IL-6 blockade",) * 2),
        ("estradiol", ("E2", "estradiol"), ("estradiol", "E2")),
    ],
)
def test_a_key_is_no_symbol(key: str, series, expected) -> None:
    symbol, words = series
    assert name_series(key, Series(np.zeros(1), "1", symbol, words)) == expected


def test_the_expected_error_is_shaded_about_a_single_run(folder: Path) -> None:
    axis = find_axis(draw_arms([Arm("", (load_results(folder),))]), "Remodelling")
    tops = sorted(band.get_paths()[0].vertices[:, 1].max() for band in axis.collections)
    rates = ("formation_rate", "resorption_rate")  # the second rises to twice its own
    courses = [compute_rate(load_results(folder), key, 52.5) for key in rates]
    assert tops == pytest.approx([np.nanmax(one.percent + one.error) for one in courses])


def test_arms_are_medians_in_bands_of_their_colours(study: Path) -> None:
    figure = draw_arms(group_runs(load_runs([study])))
    axis = find_axis(figure, "Resorption")
    lines = {line.get_label(): line for line in axis.lines}
    at = np.flatnonzero(lines["withdrawn"].get_xdata() == 60.0)[0]
    assert lines["withdrawn"].get_ydata()[at] == pytest.approx(170.0)
    assert lines["kept"].get_ydata()[at] == pytest.approx(100.0)
    assert lines["kept"].get_color() != lines["withdrawn"].get_color()
    rises = np.array([160.0, 170.0, 180.0])
    tops = max(np.max(band.get_paths()[0].vertices[:, 1]) for band in axis.collections)
    assert tops == pytest.approx(np.quantile(rises, 0.95), rel=0.01)
    assert "median of 3 runs; bands: 5-95 %" in figure.get_supxlabel()
    assert "one standard error" not in " ".join(figure.get_supxlabel().split())


def test_bands_of_single_runs_are_explained_in_one_arm_and_in_two(folder: Path) -> None:
    run = load_results(folder)
    for arms_of in (["a"], ["a", "b"]):
        figure = draw_arms([Arm(name, (run,)) for name in arms_of])
        caption = " ".join(figure.get_supxlabel().split())
        assert "; band: one standard error, expected from the few" in caption


def test_a_series_can_be_drawn_alone_and_an_unknown_one_lists_those_that_exist(
    folder: Path,
) -> None:
    arms = [Arm("", (load_results(folder),))]
    assert draw_arms(arms, ["bv_tv"]).axes[0].get_ylabel() == "BV/TV (%)"
    assert draw_arms(arms, ["estradiol"]).axes[0].get_ylabel() == "E2 (pg/mL)"
    with pytest.raises(ResultsError, match=r"no series 'bvtv'; it has .*bv_tv"):
        draw_arms(arms, ["bvtv"])


def test_the_ledger_is_drawn_from_completed_sites_only(folder: Path) -> None:
    results = load_results(folder)
    assert len(choose_completed(results.bmus)["e_de"]) == 12
    figure = draw_kind("sites", [Arm("", (results,))])
    shares = [patch.get_path().vertices for patch in find_axis(figure, "Erosion depth").patches]
    assert len(shares) == 1
    assert find_axis(figure, "Erosion depth").get_xlabel() == "E.De (µm)"
    assert find_axis(figure, "Where and when sites worked").images
    assert "12." in figure.get_supxlabel()


def test_a_run_without_completed_sites_says_so(folder: Path) -> None:
    results = load_results(folder)
    none = replace(results, bmus={k: v[12:] for k, v in results.bmus.items()})
    with pytest.raises(ResultsError, match="no remodelling site"):
        draw_kind("sites", [Arm("", (none,))])
    figures, reasons = draw_all(["series", "sites"], [Arm("", (none,))], insist=False)
    assert list(figures) == ["series"]
    assert "no remodelling site" in reasons[0]


def test_fields_are_counted_in_marrow_strain_energy_in_bone() -> None:
    fraction = np.zeros((4, 4, 4))
    fraction[:2] = 1.0
    values = np.arange(8.0).reshape(2, 2, 2)
    assert choose_blocks(fraction, values, "opg").tolist() == [4, 5, 6, 7]
    assert choose_blocks(fraction, values, "sed").tolist() == [0, 1, 2, 3]


def test_field_histograms_say_which_day(folder: Path) -> None:
    figure = draw_kind("fields", [Arm("", (load_results(folder),))])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["day 0", "day 120"]
    words = [axis.get_xlabel() for axis in figure.axes if axis.axison and axis.get_xlabel()]
    assert words
    assert all("(pM)" in word for word in words)


# ------------------------------------------------------------------ the command
def test_less_than_a_decade_is_labelled_in_plain_numbers() -> None:
    with apply_style() as make_figure:
        figure = make_figure(figsize=(2, 1))
        axis = figure.subplots()
        axis.set_xscale("log")
        axis.set_xlim(1.5, 12)
        plain = [text.get_text() for text in axis.get_xticklabels(which="both")]
        label_steps(axis.xaxis)
        figure.draw_without_rendering()
        words = [text.get_text() for text in axis.get_xticklabels(which="both")]
    assert {"2", "5", "10"} <= {word for word in words if word}
    assert not [word for word in words if "10^" in word]
    assert [word for word in plain if "10^" in word], "what is mended is there"


@pytest.mark.parametrize("decades", [0.95, 1.28, 1.31, 1.5, 1.7, 1.95, 2.05, 2.6, 4.0])
@pytest.mark.parametrize("low", [3.1e-4, 0.027, 1.6, 240.0])
def test_labels_of_a_concentration_do_not_overlap(low: float, decades: float) -> None:
    values = {name: np.geomspace(low, low * 10**decades, 2000) for name in ("opg", "il6", "tnf")}
    figure = draw_fields([Marrow("day 0", values, dict.fromkeys(values, "pM"))])
    figure.draw_without_rendering()
    axis = figure.axes[0]
    left, right = axis.get_window_extent().intervalx
    labels = [text for text in axis.get_xticklabels(which="both") if text.get_text()]
    boxes = sorted(tuple(label.get_window_extent().intervalx) for label in labels)
    boxes = [box for box in boxes if box[1] > left and box[0] < right]
    assert len(boxes) >= 2
    assert all(one[1] < two[0] for one, two in itertools.pairwise(boxes))


def test_plot_saves_what_is_asked_in_the_formats_asked(folder: Path, tmp_path: Path) -> None:
    result = call("plot", folder, "--what", "all", "--format", "pdf", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert {p.name for p in tmp_path.iterdir()} == {
        f"{kind}.pdf" for kind in ("series", "lattice", "sites", "fields")
    }
    assert (tmp_path / "series.pdf").read_bytes().startswith(b"%PDF")


def test_two_files_of_one_figure_are_the_same(folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        call("plot", folder, "--key", "bv_tv", "--format", "pdf", "--format", "svg",
             "--out", tmp_path / name)  # fmt: skip
    for ending in ("pdf", "svg"):
        one, other = (tmp_path / name / f"bv_tv.{ending}" for name in ("a", "b"))
        assert one.read_bytes() == other.read_bytes()


def test_plot_of_several_places_lays_arms_over_one_another(study: Path, tmp_path: Path) -> None:
    places = (study / "kept", study / "withdrawn" / "bone-1")
    result = call("plot", *places, "--format", "svg", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    text = (tmp_path / "series.svg").read_text()
    assert "kept" in text
    assert "withdrawn" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--what", "colours"], "--what: found 'colours'; allowed: series"),
        (["--format", "bmp"], "--format: found 'bmp'; allowed: png, svg, pdf"),
        (["--set", "seed=1"], "--set: found it without --hormones"),
        (["--hormones", "--what", "sites"], "--hormones: found"),
    ],
)
def test_plot_refuses_what_it_cannot_do(folder: Path, arguments, words) -> None:
    result = call("plot", folder, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_plot_of_an_empty_folder_says_what_is_needed(tmp_path: Path) -> None:
    result = call("plot", tmp_path)
    assert result.exit_code == 2
    assert "holds no results.h5" in result.stderr


def test_a_kind_is_asked_for_by_a_name_that_exists() -> None:
    from trabecula.viz.figures import check_names

    with pytest.raises(InputError, match="found 'x'"):
        check_names("--what", ["x"], ("a",))
