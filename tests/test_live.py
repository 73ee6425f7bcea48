"""The living bone of a page: hormones changed by hand act, slices and series follow; the page."""

import copy

import numpy as np
import pytest
from typer.testing import CliRunner

from browsing import Served, browse, measure_content, photograph, wait_for_change
from trabecula.base.codes import FULL, Sides
from trabecula.base.errors import InputError
from trabecula.cli.main import app
from trabecula.config import load_config
from trabecula.records.specimenfile import SpecimenFile, write_specimen

# the element is gone for a moment while the page draws itself anew
PAST_DAY = "day => parseFloat(document.querySelector('.tb-day')?.innerText.slice(4)) >= day"

CONFIG = """
name: plate
duration: 30 d
lattice: {specimen: plate.h5, voxel: 20 um}
patient: {sex: female, age: 35 y}
"""


@pytest.fixture(scope="module")
def config_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("living")
    fraction = np.zeros((16, 16, 16), np.float32)
    fraction[:, 4:11] = 1.0
    made = SpecimenFile(fraction, 20.0, Sides.PERIODIC, (), "made up", {})
    write_specimen(folder / "plate.h5", made)
    path = folder / "plate.yaml"
    path.write_text(CONFIG.replace("plate.h5", str(folder / "plate.h5")))
    return path


@pytest.fixture(scope="module")
def start(config_file, tmp_path_factory):
    from trabecula.pages.livemodel import Start
    from trabecula.runner.cache import StateCache
    from trabecula.runner.firststate import make_first_state

    config = load_config(config_file, [])
    cache = StateCache(tmp_path_factory.mktemp("cache"))
    return Start(config, make_first_state(config, True, cache=cache))


@pytest.fixture
def model(start):
    from trabecula.pages.livemodel import LiveModel

    return LiveModel(start)


def find_knob(name, block="levels"):
    from trabecula.pages.knobs import KNOBS

    return next(knob for knob in KNOBS if (knob.name, knob.block) == (name, block))


def test_a_step_is_a_day_and_adds_a_row(model):
    assert model.series["time"] == [0.0]
    model.step()
    assert model.day == 1.0
    assert {len(values) for values in model.series.values()} == {2}
    assert model.series["bv_tv"][-1] == pytest.approx(7 / 16, abs=0.01)


def test_reset_begins_with_the_same_bone(start, model):
    before = copy.deepcopy(start.state.lattice.matrix)
    model.step()
    again = type(model)(start=start)
    assert again.day == 0.0
    np.testing.assert_array_equal(start.state.lattice.matrix, before)
    again.step()
    np.testing.assert_array_equal(again.state.lattice.matrix, model.state.lattice.matrix)


def test_a_level_turned_by_hand_holds_from_the_next_step(model):
    knob = find_knob("estradiol")
    before = model.state.signals.levels["estradiol"]
    model.turn(knob, 8.0)
    assert model.read_knob(knob) == pytest.approx(8.0), "of the next step"
    assert model.state.signals.levels["estradiol"] == before  # not yet
    model.step()
    assert model.state.signals.levels["estradiol"] == pytest.approx(8.0)
    assert model.changes == [(0.0, "estradiol 8 pg/mL")]
    model.turn(knob, 9.0)
    model.turn(knob, 90.0)  # a slider that is dragged leaves one mark
    assert model.changes[1:] == [(1.0, "estradiol 90 pg/mL")]


def test_blockade_and_dose_reach_the_signals(model):
    rankl = find_knob("rankl", "blockade")
    model.turn(rankl, 75.0)
    model.give_dose("denosumab")
    model.step()
    assert model.read_knob(rankl) == pytest.approx(75.0)
    assert sum(model.state.signals.doses["denosumab"]) > 0.0
    assert [words for _, words in model.changes] == ["RANKL blockade 75 %", "denosumab 60 mg"]


def test_a_slider_stands_where_the_bone_will_live_from_the_first_day_on(model):
    """Before the first step the signals are still those of a replete young adult."""
    levels = model.hormones.levels.model_copy(update={"estradiol": ((0.0, 40.0), (2.0, 20.0))})
    model.hormones = model.hormones.model_copy(update={"levels": levels})
    knob = find_knob("estradiol")
    seen = []
    for _ in range(3):
        seen.append(model.read_knob(knob))
        model.step()
        assert model.state.signals.levels["estradiol"] == pytest.approx(seen[-1])
    assert seen == pytest.approx([40.0, 30.0, 20.0])


def test_what_is_changed_while_a_step_runs_waits_for_the_next_one(model):
    """The signals of the running step are renewed already: a dose dated to it would never be given."""
    from trabecula.pages.livemodel import RUNNING

    with RUNNING:
        model.give_dose("denosumab")
        model.turn(find_knob("estradiol"), 8.0)
    assert model.changes == []
    model.step()
    assert sum(model.state.signals.doses["denosumab"]) > 0.0
    assert model.state.signals.levels["estradiol"] == pytest.approx(8.0)
    assert model.changes == [(0.0, "denosumab 60 mg"), (0.0, "estradiol 8 pg/mL")]


def test_a_bone_waits_for_its_page_but_not_for_ever(model, monkeypatch):
    left = iter([True, True, False])
    looks = []
    model.is_behind = lambda: looks.append(model.day) or next(left)
    model.step()
    assert looks == [0.0, 0.0, 0.0]
    assert model.day == 1.0
    monkeypatch.setattr("trabecula.pages.livemodel.PATIENCE", 0.05)
    model.is_behind = lambda: True
    model.step()
    assert model.day == 2.0


def test_no_bone_lives_on_once_the_page_is_closed(model, monkeypatch):
    import threading

    ended = threading.Event()
    ended.set()
    monkeypatch.setattr("trabecula.pages.livemodel.ENDED", ended)
    model.step()
    assert model.day == 0.0
    assert not model.running


def test_a_value_beyond_the_slider_is_refused(model):
    with pytest.raises(InputError, match="RANKL blockade: found 120; allowed: 0 to 100 %"):
        model.turn(find_knob("rankl", "blockade"), 120.0)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slice_is_the_plane_of_the_lattice(model, axis):
    model.step()
    seen = 0
    for share, layer in ((0.0, 0), (0.5, 8), (1.0, 15)):
        plane = model.take_slice(axis, share, "rankl")
        matrix = np.take(model.state.lattice.matrix, layer, axis) / FULL
        np.testing.assert_allclose(plane.fraction, matrix, atol=1e-4)
        assert plane.field.shape == matrix.shape
        assert plane.field.max() > 0.0 or (matrix >= 0.5).all()  # no field inside bone
        seen += plane.field.max() > 0.0
    assert seen > 0
    assert model.take_slice(axis, 0.5, "none").field is None
    lining = model.state.cells.osteocytes
    middle = model.take_slice(axis, 0.5, "opg").cells["osteocytes"].shape[1]
    places = np.unravel_index(lining.rows.voxel[: lining.count].astype(int), (16, 16, 16))
    assert middle == int((places[axis] == 8).sum())


def test_series_are_not_read_in_the_middle_of_a_step(model):
    import threading

    from trabecula.pages.livemodel import RUNNING

    found = []
    reader = threading.Thread(target=lambda: found.append(model.copy_series()), daemon=True)
    with RUNNING:  # a step is under way
        model.series["time"].append(1.0)
        reader.start()
        reader.join(0.2)
        assert not found
        for key in set(model.series) - {"time"}:
            model.series[key].append(0.0)
    reader.join(5.0)
    (series, changes), = found  # fmt: skip
    assert {len(values) for values in series.values()} == {2}
    assert changes == []
    series["time"].append(9.0)
    assert model.series["time"] == [0.0, 1.0], "a copy"


def test_slice_and_series_are_drawn(model):
    pytest.importorskip("matplotlib", reason="the extra plot is not installed")
    from trabecula.viz.livebone import draw_live_series, draw_live_slice

    model.turn(find_knob("estradiol"), 8.0)
    for _ in range(2):
        model.step()
    figure = draw_live_slice(model.take_slice(0, 0.5, "rankl"))
    assert "day 2" in figure.axes[0].get_title(loc="left")
    curves = draw_live_series(model.series, model.changes)
    assert len(curves.axes) == 4
    assert curves.axes[0].lines[0].get_xdata()[-1] == 2.0
    assert "estradiol 8 pg/mL" in [text.get_text() for text in curves.axes[0].texts]


def test_a_missing_extra_is_told_before_the_bone_is_made(config_file, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "solara", None)
    found = CliRunner().invoke(app, ["live", str(config_file), "--no-browser"])
    assert found.exit_code == 1
    assert 'pip install "trabecula[live]"' in found.output


def test_a_wrong_configuration_and_a_wrong_port_are_one_message(config_file, tmp_path):
    found = CliRunner().invoke(app, ["live", str(tmp_path / "none.yaml"), "--no-browser"])
    assert found.exit_code == 2
    pytest.importorskip("solara", reason="the extra live is not installed")
    found = CliRunner().invoke(app, ["live", str(config_file), "--port", "80", "--no-browser"])
    assert found.exit_code == 2
    assert "--port: found 80" in found.output


def test_the_page_in_a_browser(config_file, tmp_path):
    for module in ("playwright.sync_api", "solara", "solara_assets"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    served = Served("live", config_file, "--port", "0")
    try:
        with browse(served.address, tmp_path / "profile", (1400, 900)) as page:
            step = page.get_by_role("button", name="Step")
            step.wait_for()
            page.locator("text=day 0").first.wait_for()
            figures = ".v-window"  # slice and curves, without the controls
            whole = wait_for_change(
                page, figures, np.full_like(photograph(page, figures), 255), 0.05
            )
            assert measure_content(whole) > 0.05
            step.click()
            page.locator(".tb-day", has_text="day 1").wait_for()
            wait_for_change(page, figures, whole, 0.002)
            page.get_by_role("button", name="give denosumab 60 mg").click()
            page.get_by_role("button", name="▶").click()
            page.wait_for_function(PAST_DAY, arg=3)
            page.get_by_role("button", name="❚❚").click()
            page.get_by_role("button", name="Reset").click()
            page.locator(".tb-day", has_text="day 0").wait_for()
            page.get_by_role("button", name="▶").click()
            page.wait_for_function(PAST_DAY, arg=1)  # Ctrl-C comes while it lives
    finally:
        assert served.stop() == 0
