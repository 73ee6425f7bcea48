"""The page of a run: what is drawn for what was asked, sites, ports; and the page in a real browser."""

import asyncio
import socket

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from browsing import (
    Served,
    browse,
    measure_content,
    photograph,
    wait_for_change,
    wait_for_less,
)
from small_run import PIT, SHAPE, TOP, VOXEL, write_run
from trabecula.analysis.sitelife import (
    compute_phases,
    describe_site,
    list_present,
    list_spans,
    measure_course,
)
from trabecula.base.codes import Phase
from trabecula.base.errors import InputError, ResultsError
from trabecula.cli.main import app
from trabecula.pages.board import Board, Wish
from trabecula.pages.port import choose_port
from trabecula.viz.style import GREEN, ORANGE, PURPLE

VIEW = ".tb-view"
BMUS = {
    "activated": np.array([3.0, 20.0, 50.0]),
    "phase": np.array([3, 4, 2]),
    "first_resorbed": np.array([4.0, 21.0, 51.0]),
    "last_resorbed": np.array([10.0, 25.0, 55.0]),
    "first_formed": np.array([15.0, np.nan, 58.0]),
    "last_formed": np.array([40.0, np.nan, 60.0]),
    "ended": np.array([45.0, 30.0, np.nan]),
    "e_de": np.array([46.0, np.nan, 12.3]),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("viewed"))


@pytest.fixture
def board(run):
    pytest.importorskip("pyvista", reason="the extra viz is not installed")
    return Board(run)


def find_colour(scene, colour):
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return np.abs(scene.bone["rgb"].astype(int) - wanted).max(axis=1) <= 1


def count_colour(scene, colour) -> int:
    return int(find_colour(scene, colour).sum())


def test_the_phase_of_a_site_follows_time():
    assert compute_phases(BMUS, 0.0).tolist() == [-1, -1, -1]
    assert compute_phases(BMUS, 5.0).tolist() == [Phase.RESORPTION, -1, -1]
    assert compute_phases(BMUS, 12.0).tolist()[0] == Phase.REVERSAL
    assert compute_phases(BMUS, 20.0).tolist() == [Phase.FORMATION, Phase.RESORPTION, -1]
    assert compute_phases(BMUS, 60.0).tolist() == [Phase.COMPLETE, Phase.ABANDONED, Phase.FORMATION]
    assert list_present(BMUS, 60.0) == [3, 2, 1]  # the open one first, then the latest
    assert list_present({}, 60.0) == []


def test_the_life_of_a_site_in_phases_and_words():
    assert [(s.phase, s.start, s.end) for s in list_spans(BMUS, 0)] == [
        (Phase.RESORPTION, 3.0, 10.0),
        (Phase.REVERSAL, 10.0, 15.0),
        (Phase.FORMATION, 15.0, 40.0),
    ]
    assert [s.phase for s in list_spans(BMUS, 1)] == [Phase.RESORPTION]
    words = dict(describe_site(BMUS, 0))
    assert words["state"] == "complete"
    assert words["quiescent again"] == "day 45"
    assert words["erosion depth"] == "46 µm"
    assert "erosion depth" not in dict(describe_site(BMUS, 1))
    assert dict(describe_site(BMUS, 2))["quiescent again"] == "not yet"


def test_the_bone_in_the_place_of_a_site_over_time(run):
    sites = np.zeros(SHAPE, int)
    sites[PIT] = 5
    course = measure_course(run, sites, 5, VOXEL)
    pit = 2 * 7 * 8 * VOXEL**3
    np.testing.assert_allclose(course, [pit, 0.0, 0.0])
    assert measure_course(run, sites, 6, VOXEL) is None


def test_time_changes_the_surface_and_layers_come_and_go(board):
    kinds = ("osteoblasts", "osteocytes")
    first, last = (board.build(Wish(row, kinds=kinds)) for row in (0, 2))
    assert first.time == 0.0
    assert last.time == 60.0
    assert last.bone.n_points != first.bone.n_points
    assert set(last.bodies) == set(kinds)
    assert not board.build(Wish(2, kinds=())).bodies
    assert set(board.build(Wish(2, kinds=("preosteoblasts",))).bodies) == {"preosteoblasts"}
    assert count_colour(last, GREEN) > 20  # the mound is osteoid
    assert count_colour(last, ORANGE) > 20  # the pit is eroded
    assert count_colour(first, ORANGE) == 0
    bare = board.build(Wish(2, kinds=kinds, marks=()))
    assert count_colour(bare, GREEN) == count_colour(bare, ORANGE) == 0


def test_every_colour_that_is_offered_can_be_drawn_whole_and_cut(board):
    offered = [value for value, _ in board.list_colours()]
    assert {"plain", "resorbed", "mineral", "sed", "rankl", "opg"} <= set(offered)
    for colour in offered:
        for cut in ("none", "slice"):
            scene = board.build(Wish(2, colour, cut=cut, axis="y", kinds=(), marks=()))
            assert scene.bone.n_points
            assert (scene.colouring is None) == (colour == "plain")
    assert board.build(Wish(2, "opg", cut="slice", axis="y")).plane is not None


def test_the_scale_of_a_field_does_not_jump_with_time(board):
    limits = [board.build(Wish(row, "opg", kinds=())).colouring.limits for row in (0, 1, 2)]
    assert limits[0] == limits[1] == limits[2]
    assert limits[0] == pytest.approx((0.05, 5.0)), "that of all days"


def test_a_cut_never_leaves_the_lattice_and_an_empty_one_says_so(board):
    for place in (-1.0, 0.0, 1.0, 7.0):
        assert board.build(Wish(0, cut="slice", axis="y", place=place)).bone.n_points
    with pytest.raises(ResultsError, match="no bone in what is to be seen"):
        board.build(Wish(0, cut="slab", axis="z", place=1.0))


def test_a_click_finds_the_site_that_is_near(board):
    inside = np.array([10.0, 10.0, 2.0]) * VOXEL
    assert board.find_site(2, inside) == 3
    assert board.find_site(2, np.array([1.0, 1.0, TOP]) * VOXEL) == 0
    assert board.find_site(2, np.array([-500.0, 0.0, 0.0])) == 0
    np.testing.assert_allclose(board.locate_site(1), (np.array([6, 7, TOP]) + 0.5) * VOXEL)


def test_the_surface_of_the_picked_site_alone_is_painted(tmp_path):
    pytest.importorskip("pyvista", reason="the extra viz is not installed")
    folder = write_run(tmp_path)
    with h5py.File(folder / "results.h5", "r+") as file:
        file["snapshots/site"][(2, *PIT)] = 2
    board = Board(folder)
    scene = board.build(Wish(2, site=2, marks=()))
    assert count_colour(scene, PURPLE) > 20
    painted = scene.bone.points[find_colour(scene, PURPLE)] / VOXEL
    for axis, side in enumerate(PIT[::-1]):
        assert painted[:, axis].min() > side.start - 1
        assert painted[:, axis].max() < side.stop + 1
    for other in (0, 1):
        assert count_colour(board.build(Wish(2, site=other, marks=())), PURPLE) == 0


class FakeState:
    """Attributes, and a context that counts how often the page was told."""

    told = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.told += 1


class FakeStage:
    def __init__(self, point) -> None:
        self.point, self.shown, self.drawn = point, [], 0

    def show(self, scene, with_bone, size) -> None:
        self.shown.append((scene, with_bone))

    def pick(self, column, row):
        return self.point


def test_the_page_says_what_it_shows_and_a_click_picks_but_a_drag_does_not(board):
    pytest.importorskip("matplotlib", reason="the extra plot is not installed")
    from trabecula.pages.viewer import Viewer

    stage, state = FakeStage(np.array([10.0, 10.0, 2.0]) * VOXEL), FakeState()
    board.bmus = {name: np.resize(column, 3) for name, column in BMUS.items()} | {
        "voxel": np.array([0, 1, 2])
    }
    viewer = Viewer(board, stage, state)
    pushed = []
    viewer.push = lambda: pushed.append(state.day)
    state.colour, state.marks = "opg", ["osteoid", "sites"]
    viewer.refresh()
    assert pushed == ["day 60"]
    assert state.scale["label"] == "OPG (pM)"
    assert float(state.scale["low"]) < float(state.scale["middle"]) < float(state.scale["high"])
    assert state.legend[0]["name"] == "osteoid"
    assert [choice["value"] for choice in state.sites] == [3, 2, 1]
    assert state.site_svg == ""
    viewer.note_press((100, 100))
    viewer.note_release((140, 100))
    assert (state.site, state.told) == (None, 0)
    viewer.note_press((100, 100))
    viewer.note_release((101, 100))
    assert (state.site, state.told) == (3, 1)
    viewer.refresh()
    assert state.site_svg.startswith("<svg")
    assert {"name": "state", "value": "formation"} in state.site_rows
    state.cut, state.axis, state.place = "slab", "z", 1.0
    viewer.refresh()
    assert "no bone in what is to be seen" in state.trouble
    assert len(stage.shown) == len(pushed) == 2  # what was there stays


def test_a_large_lattice_is_rough_first_and_in_full_when_the_page_has_it(board, monkeypatch):
    pytest.importorskip("matplotlib", reason="the extra plot is not installed")
    from trabecula.pages import viewer as module

    monkeypatch.setattr("trabecula.pages.board.LARGE", int(np.prod(SHAPE)))
    monkeypatch.setattr(module, "PAUSE", 0.0)
    stage, state = FakeStage(np.zeros(3)), FakeState()
    viewer = module.Viewer(board, stage, state)
    viewer.refresh()

    async def open_page() -> None:
        refining = [asyncio.create_task(viewer.refine()) for _ in range(2)]  # two pages at once
        await asyncio.sleep(0.2)
        assert len(stage.shown) == 1  # the browser has not drawn the rough one yet
        stage.drawn += 1
        await asyncio.gather(*refining)

    asyncio.run(open_page())
    assert len(stage.shown) == 2
    asyncio.run(viewer.refine())  # another page: nothing left to do
    state.cut, state.axis = "slice", "y"
    viewer.refresh()
    points = [scene.bone.n_points for scene, _ in stage.shown]
    assert len(points) == 3
    assert points[0] < 0.5 * points[1]
    assert state.told == 1
    small = module.Viewer(Board(board.place), FakeStage(np.zeros(3)), FakeState())
    assert small._is_rough
    monkeypatch.setattr("trabecula.pages.board.LARGE", int(np.prod(SHAPE)) + 1)
    assert not module.Viewer(board, FakeStage(np.zeros(3)), FakeState())._is_rough


def test_the_window_hears_where_the_mouse_goes_down_and_up():
    pytest.importorskip("pyvista", reason="the extra viz is not installed")
    from trabecula.viz.opengl import find_window

    if not find_window():
        pytest.skip("no OpenGL on this machine")
    from vtkmodules.vtkWebCore import vtkWebApplication, vtkWebInteractionEvent

    from trabecula.pages.viewserver import watch_clicks
    from trabecula.viz.stage import Stage

    class Listener:
        heard = ()

        def note_press(self, place) -> None:
            self.heard += (("press", *place),)

        def note_release(self, place) -> None:
            self.heard += (("release", *place),)

    stage, listener, web = Stage(), Listener(), vtkWebApplication()
    try:
        before = stage.drawn
        web.StillRender(stage.plotter.ren_win, 50)
        assert stage.drawn > before  # as the page's first picture is known to be out
        watch_clicks(stage, listener)
        left = vtkWebInteractionEvent.LEFT_BUTTON
        for buttons, x in ((left, 0.5), (left, 0.6), (0, 0.6), (left, 0.5), (0, 0.5)):
            event = vtkWebInteractionEvent()
            event.SetButtons(buttons)
            event.SetX(x)
            event.SetY(0.5)
            web.HandleInteractionEvent(stage.plotter.ren_win, event)
    finally:
        stage.close()
    middle = ("press", 450, 350)
    assert listener.heard == (middle, ("release", 540, 350), middle, ("release", 450, 350))


def test_a_port_that_is_taken_or_none_is_refused():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        with pytest.raises(
            InputError, match=rf"--port: found {taken}, which another program holds"
        ):
            choose_port(taken)
    with pytest.raises(InputError, match="--port: found 80; allowed: 1024 to 65535"):
        choose_port(80)
    assert choose_port(0) > 1024


def test_broken_and_empty_results_are_one_message(tmp_path):
    runner = CliRunner()
    empty = write_run(tmp_path / "empty", snapshots=False)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "results.h5").write_bytes(b"not this")
    for place, words in (
        (empty, "holds no snapshot yet"),
        (tmp_path / "broken", "broken"),
        (tmp_path / "nowhere", "nowhere"),
    ):
        found = runner.invoke(app, ["view", str(place), "--no-browser"])
        assert found.exit_code == 2, found.output
        assert words in found.output
        assert "Traceback" not in found.output


def test_a_missing_extra_is_one_message(run, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "trame.app", None)
    found = CliRunner().invoke(app, ["view", str(run), "--no-browser"])
    assert found.exit_code == 1
    assert 'pip install "trabecula[view]"' in found.output


def test_a_secret_that_begins_with_a_dash_is_a_secret(run, monkeypatch):
    """One in 64 does; the page's server read it as an option and did not come up."""
    import argparse
    import sys
    from types import SimpleNamespace
    from unittest.mock import MagicMock

    from trabecula.pages import viewserver

    given = []

    def start(**_):
        parser = argparse.ArgumentParser()
        parser.add_argument("--authKey")
        given.append(parser.parse_args(sys.argv[1:]).authKey)

    server = SimpleNamespace(controller=MagicMock(), start=start)
    monkeypatch.setattr(viewserver.secrets, "token_urlsafe", lambda _: "-dash")
    monkeypatch.setattr(viewserver, "check_extra", lambda *_: None)
    monkeypatch.setattr(viewserver, "Stage", MagicMock())
    monkeypatch.setattr(viewserver, "make_server", lambda *_: server)
    viewserver.view(run, print, 0)
    assert given == ["-dash"]


def test_missing_opengl_is_one_message(run, monkeypatch):
    pytest.importorskip("trame.app", reason="the extra view is not installed")
    monkeypatch.setattr("trabecula.viz.opengl.find_window", lambda: "")
    found = CliRunner().invoke(app, ["view", str(run), "--no-browser"])
    assert found.exit_code == 1
    assert "needs OpenGL" in found.output


def test_the_page_in_a_browser(run, tmp_path):
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    pytest.importorskip("trame.widgets.vuetify3", reason="the extra view is not installed")
    from trabecula.viz.opengl import find_window

    if not find_window():
        pytest.skip("no OpenGL on this machine")
    served = Served("view", run, "--port", "0")
    try:
        with browse(served.address, tmp_path / "profile", (1000, 700)) as page:
            white = np.full_like(photograph(page, VIEW), 255)
            drawn = wait_for_change(page, VIEW, white, 0.1)
            assert measure_content(drawn) > 0.1
            time = page.locator(".tb-time [role=slider]")
            time.focus()
            page.keyboard.press("Home")
            page.locator(".tb-day", has_text="day 0").wait_for()
            first = wait_for_change(page, VIEW, drawn, 0.002)
            page.get_by_label("bone", exact=True).click()
            without = wait_for_less(page, VIEW, 0.5 * measure_content(first))
            page.get_by_label("bone", exact=True).click()
            drawn = wait_for_change(page, VIEW, without, 0.05)
            page.get_by_role("button", name="slice").click()
            page.get_by_role("button", name="y", exact=True).last.click()
            page.locator(".v-select").first.click()
            page.locator(".v-list-item", has_text="OPG").first.click()
            page.locator(".tb-scale", has_text="OPG (pM)").wait_for()
            wait_for_change(page, VIEW, drawn, 0.02)
            time.focus()
            page.keyboard.press("End")
            page.locator(".tb-day", has_text="day 60").wait_for()
            page.locator(".v-autocomplete input").click()
            page.locator(".v-list-item", has_text="1, from day 3").click()
            page.locator(".tb-site svg").wait_for()
            before = photograph(page, VIEW)
            page.mouse.move(600, 300)
            page.mouse.down()
            page.mouse.move(700, 330, steps=3)
            page.mouse.up()
            wait_for_change(page, VIEW, before, 0.01)
            assert page.locator(".tb-trouble").count() == 0
    finally:
        assert served.stop() == 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(served.address.split(":")[2].strip("/"))), 2.0)
