"""Figures: saved, not empty, and different when the data are."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from results_maker import make_results
from trabecula.analysis import Results
from trabecula.analysis.arms import Arm
from trabecula.base.errors import ResultsError
from trabecula.viz import Snapshot, draw_lattice, draw_series, draw_specimen, save_figure
from trabecula.viz.lattice import MARROW, MINERAL, to_colours
from trabecula.viz.panels import PANELS, Scale, choose_panels, fit_scale, make_ylabel
from trabecula.viz.pictures import choose_bar, to_length_name
from trabecula.viz.series import draw_arms


def read_picture(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    return imread(path)


def make_snapshot(cells: dict | None = None) -> Snapshot:
    fraction = np.zeros((12, 20, 24), np.float32)
    fraction[:, 5:15, 6:18] = 1.0
    return Snapshot(30.0, 20.0, fraction, np.zeros_like(fraction), cells or {})


def test_the_series_figure_is_saved_as_png_and_svg(tmp_path: Path) -> None:
    paths = save_figure(draw_series(make_results()), tmp_path / "figures", "series")
    assert [p.name for p in paths] == ["series.png", "series.svg"]
    picture = read_picture(paths[0])
    assert picture.shape[1] > 1500
    assert picture[..., :3].std() > 0.05
    assert "BV/TV" in paths[1].read_text()


def test_the_series_figure_follows_the_data(tmp_path: Path) -> None:
    pictures = [
        read_picture(save_figure(draw_series(make_results(resorption=r)), tmp_path, name)[0])
        for name, r in (("a", 1.5), ("b", 1.5), ("c", 1.9))
    ]
    assert np.array_equal(pictures[0], pictures[1])
    assert pictures[0].shape != pictures[2].shape or not np.array_equal(pictures[0], pictures[2])


def test_the_lines_are_the_numbers() -> None:
    results = make_results(resorption=1.5)
    axes = {axis.get_title(loc="left"): axis for axis in draw_series(results).axes}
    assert axes["Bone volume"].lines[-1].get_ydata()[-1] == pytest.approx(17.1)
    resorption = next(
        line for line in axes["Remodelling"].lines if line.get_label() == "resorption"
    )
    assert resorption.get_ydata()[-1] == pytest.approx(150.0)
    assert axes["Remodelling"].get_ylabel() == "BRs.R, BF.R\n(% of baseline)"
    assert axes["Estradiol"].lines[-1].get_ydata()[-1] == pytest.approx(10.0)


def test_only_levels_that_change_get_a_panel() -> None:
    results = make_results()
    panels = [panel for panel in choose_panels([results]) if panel.hormone]
    assert [(p.title, make_ylabel(p, [results])) for p in panels] == [("Estradiol", "E2 (pg/mL)")]


def test_a_run_without_moments_cannot_be_drawn() -> None:
    results = make_results()
    empty = Results(results.path, results.time[:1], {"bv_tv": results.get("bv_tv")})
    with pytest.raises(ResultsError, match="nothing to draw"):
        draw_series(empty)


def test_years_on_the_axis_of_a_long_run() -> None:
    results = make_results()
    longer = Results(results.path, results.time * 2, results.series)
    assert draw_series(longer).axes[-1].get_xlabel() == "time t (years)"
    assert draw_series(results).axes[-1].get_xlabel() == "time t (d)"


def test_the_lattice_shows_the_cells_of_its_slice_only(tmp_path: Path) -> None:
    shape = (12, 20, 24)
    near = np.ravel_multi_index(([6, 6], [4, 4], [8, 9]), shape)
    far = np.ravel_multi_index(([5, 7, 11], [4, 4, 4], [8, 9, 9]), shape)
    figure = draw_lattice([make_snapshot({"osteoclasts": np.concatenate([near, far])})])
    points = figure.axes[0].collections[0].get_offsets()
    assert np.asarray(points).tolist() == [[8.0, 4.0], [9.0, 4.0]]
    assert save_figure(figure, tmp_path, "lattice")[0].stat().st_size > 5000


def find_bars(figure) -> list[int]:
    """Panels that have a scale bar below."""
    return [number for number, axis in enumerate(figure.axes) if len(axis.lines)]


def test_one_scale_bar_holds_for_all_lattices_of_one_width() -> None:
    figure = draw_lattice([make_snapshot(), make_snapshot()])
    figure.draw_without_rendering()
    voxels = [axis.transData.transform([(0, 0), (24, 0)]) for axis in figure.axes]
    lengths = [ends[1, 0] - ends[0, 0] for ends in voxels]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-6)
    assert find_bars(figure) == [0]
    assert "middle layer across z (z = 130 µm)" in figure.get_supxlabel()
    other = draw_lattice([make_snapshot(), replace(make_snapshot(), voxel=40.0)])
    assert find_bars(other) == [0, 1]
    assert "(z = 130 µm, 260 µm)" in other.get_supxlabel()


def test_long_titles_of_lattices_stay_apart_and_whole() -> None:
    label = "a: spin_up 5.0, settle 0.0, duration 30.0, hormones.blockade.rankl 0"
    figure = draw_lattice([replace(make_snapshot(), label=label)] * 4)
    figure.draw_without_rendering()
    boxes = [axis._left_title.get_window_extent() for axis in figure.axes]
    assert all(one.x1 < two.x0 for one, two in itertools.pairwise(boxes))
    assert boxes[-1].x1 <= figure.bbox.x1
    assert max(box.y1 for box in boxes) <= figure.legends[0].get_window_extent().y0
    assert figure.axes[0].get_title(loc="left").replace("\n", " ") == f"{label}, day 30"


def test_bone_is_grey_osteoid_green_marrow_pale() -> None:
    colours = to_colours(np.array([[0.0, 1.0, 1.0]]), np.array([[0.0, 0.0, 1.0]]))
    assert colours[0, 0] == pytest.approx([MARROW] * 3)
    assert colours[0, 1] == pytest.approx([MINERAL] * 3)
    red, green, blue = colours[0, 2]
    assert green > 2 * red
    assert green > blue


def test_a_specimen_is_shown_in_three_slices_and_a_projection(tmp_path: Path) -> None:
    fraction = make_snapshot().fraction
    figure = draw_specimen(fraction, 20.0, "a block")
    pictures = [axis.images[0].get_array() for axis in figure.axes]
    assert np.array_equal(pictures[0], fraction[6])
    assert np.array_equal(pictures[1], fraction[:, 10])
    assert np.array_equal(pictures[2], fraction[:, :, 12])
    assert np.array_equal(pictures[3], fraction[:, :, :6].max(axis=2))
    for axis, picture in zip(figure.axes, pictures, strict=True):
        frame = axis.lines[0].get_xydata()
        assert frame.max(axis=0).tolist() == [n - 0.5 for n in picture.shape[::-1]]
    assert "White: bone" in figure.get_supxlabel()
    assert save_figure(figure, tmp_path, "block")[0].exists()


@pytest.mark.parametrize(
    ("width", "bar"), [(200.0, 50), (1280.0, 250), (3200.0, 1000), (9000.0, 2000)]
)
def test_the_scale_bar_is_a_round_length(width: float, bar: int) -> None:
    assert choose_bar(width) == bar


def test_lengths_are_named_in_fitting_units() -> None:
    assert to_length_name(250) == "250 µm"
    assert to_length_name(2000) == "2 mm"


def test_a_figure_that_cannot_be_written_is_our_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(ResultsError, match="cannot be written"):
        save_figure(draw_series(make_results()), blocked / "figures", "series")


def test_without_a_baseline_a_panel_shows_the_rate_itself() -> None:
    results = make_results()
    results.series["resorption_rate"].values[results.time <= 0] = 0.0
    axis = next(a for a in draw_series(results).axes if a.get_title(loc="left") == "Remodelling")
    assert axis.get_ylabel() == "BRs.R, BF.R\n(µm³/d)"
    assert axis.lines[-1].get_ydata()[-1] == pytest.approx(120.0)


def test_a_baseline_of_zero_shows_a_panel_as_it_is_and_another_leaves_it() -> None:
    panel = next(panel for panel in PANELS if panel.title == "Remodelling")
    results, zero = make_results(), make_results()
    zero.series["formation_rate"].values[zero.time <= 0] = 0.0
    assert panel.scale is Scale.OF_BASELINE
    assert fit_scale(panel, [results]) is panel
    assert fit_scale(panel, [results, zero]).scale is Scale.RAW


@pytest.mark.parametrize(("factor", "seen"), [(50.0, 1.8), (1.5, 1.45)])
def test_a_band_that_reaches_far_up_does_not_squeeze_the_line(factor: float, seen: float) -> None:
    """One run of three has `factor` times the 0.7 of the others; the band ends at 0.9 of the way to it.

    Up to 1.8 times the line all of the band is seen.
    """
    runs = [make_results() for _ in range(3)]
    runs[0].series["rankl_opg"].values[:] *= factor
    axis = draw_arms([Arm("", tuple(runs))], ["rankl_opg"]).axes[0]
    assert axis.get_ylim() == pytest.approx((0.0, 1.15 * seen * 0.7), rel=1e-6)


def test_peaks_of_single_days_do_not_squeeze_the_mean() -> None:
    results = make_results()
    results.series["rankl_opg"].values[200] = 50.0
    axis = next(a for a in draw_series(results).axes if a.get_title(loc="left") == "RANKL to OPG")
    assert axis.get_ylim()[1] < 5.0
