"""`render`, `movie` and `section`: something is drawn, it follows the run, and mistakes are one message.

What VTK draws needs OpenGL, and is skipped where there is none; the rest is not.
"""

import sys
from functools import cache

import numpy as np
import pytest
from typer.testing import CliRunner

from small_run import write_run
from trabecula.base.errors import MissingError
from trabecula.cli.main import app
from trabecula.viz.save import save_picture

COARSE = ("--size", "40mm", "--dpi", "72")


@cache
def can_draw() -> bool:
    pytest.importorskip("pyvista", reason="the extra viz is not installed")
    from trabecula.viz.opengl import find_window

    return bool(find_window())


@pytest.fixture
def opengl():
    if not can_draw():
        pytest.skip("VTK finds no OpenGL on this machine")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("rendered"))


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def draw(command, run, path, *options):
    done = call(command, run, "--out", path, *options)
    assert done.exit_code == 0, done.stderr
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), float) / 255.0


def count_like(picture, colour, off=0.12):
    from matplotlib.colors import to_rgb

    return int((np.abs(picture - to_rgb(colour)).max(axis=2) < off).sum())


def test_a_picture_has_its_size_and_follows_time(run, opengl, tmp_path):
    first, last = (
        draw("render", run, tmp_path / f"{day}.png", "--at", day, "--no-cells", *COARSE)
        for day in (0, 60)
    )
    assert first.shape[1] == round(40 / 25.4 * 72)
    assert (first < 0.9).any(axis=2).mean() > 0.15
    above = slice(0, int(0.6 * len(first)))  # the colour bar below shows both ends
    ink = [
        {
            "purple": (p[..., 0] - p[..., 1] > 0.12).sum(),
            "green": (p[..., 1] - p[..., 0] > 0.12).sum(),
        }
        for p in (first[above], last[above])
    ]
    assert max(ink[0].values()) == 0
    assert min(ink[1].values()) > 30


def test_cells_are_drawn_unless_they_are_not_wanted(run, opengl, tmp_path):
    options = ("--colour", "plain", "--view", "top", *COARSE)
    with_, without = (
        draw("render", run, tmp_path / f"{k}.png", *options, *extra)
        for k, extra in enumerate(((), ("--no-cells",)))
    )
    blue = [(p[..., 2] - p[..., 0] > 0.3).sum() for p in (with_, without)]
    assert blue[0] > 5
    assert blue[1] == 0


def test_a_cell_has_the_colour_of_the_legend_however_deep_it_lies(opengl):
    """One precursor in front of bone, one in the corner of two walls, one behind a third wall."""
    import pyvista as pv
    from matplotlib.colors import to_rgb

    from trabecula.viz.camera import place_camera
    from trabecula.viz.cellglyphs import LOOKS
    from trabecula.viz.scene import Scene
    from trabecula.viz.shot import take_shot

    walls = [(0, 400, 200, 220, 0, 300), (120, 140, 0, 200, 0, 300), (280, 400, 0, 20, 0, 300)]
    bone = pv.merge([pv.Box(bounds=wall) for wall in walls])
    bone["rgb"] = np.full((bone.n_points, 3), 220, np.uint8)
    places = [(60, -20, 150), (165, 180, 150), (340, 60, 150)]
    cells = pv.merge([pv.Sphere(radius=18, center=place) for place in places])
    corners = np.zeros(3), np.array([400.0, 220.0, 300.0])
    camera = place_camera("front", np.array([[0, -40, 0], [400, 220, 300]], float))
    drawn, bare = (
        take_shot(Scene(0.0, bone, bodies, *corners), camera, 400)
        for bodies in ({"precursors": cells}, {})
    )
    spots = []
    for x, _, z in places:
        row, column = (int(n / drawn.pixel) for n in (154.5 - (z - 150), x + 6))
        spots.append(np.s_[row - 8 : row + 9, column - 8 : column + 9])
    near, deep = (drawn.picture[spot].mean(axis=(0, 1)) / 255.0 for spot in spots[:2])
    np.testing.assert_allclose(near, to_rgb(LOOKS["precursors"].colour), atol=0.12)
    np.testing.assert_allclose(deep, near, atol=0.03)
    np.testing.assert_array_equal(drawn.picture[spots[2]], bare.picture[spots[2]])


def test_a_slice_shows_a_field_and_two_days_stand_side_by_side(run, opengl, tmp_path):
    from matplotlib import colormaps

    one = draw("render", run, tmp_path / "f.png", "--colour", "opg", "--slice", "y", *COARSE)
    ends = [count_like(one, colormaps["cividis"](share)) for share in (0.0, 0.5, 1.0)]
    assert min(ends) > 20
    two = draw(
        "render",
        run,
        tmp_path / "two.png",
        "--beside",
        0,
        "--colour",
        "tissue",
        "--slab",
        "y",
        *COARSE,
    )
    half = two.shape[1] // 2
    assert two.shape[1] == one.shape[1]
    assert not np.array_equal(two[:, :half], two[:, -half:])


def test_a_film_has_a_frame_for_each_snapshot(run, opengl, tmp_path):
    from PIL import Image

    done = call("movie", run, "--out", tmp_path / "m.gif", *COARSE)
    assert done.exit_code == 0, done.stderr
    assert "frame 3 of 3" in done.stdout
    with Image.open(tmp_path / "m.gif") as film:
        assert film.n_frames == 3
    assert [path.name for path in tmp_path.iterdir()] == ["m.gif"]


def test_a_section_is_drawn_without_opengl(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvista", None)
    before = draw("section", run, tmp_path / "a.png", "--at", 0, "--slice", "y=0.25mm", *COARSE)
    after = draw("section", run, tmp_path / "b.png", "--slice", "y=0.25mm", *COARSE)
    assert count_like(before, "#5fa79a") > 500
    assert not np.array_equal(before, after)
    done = call("section", run, "--out", tmp_path / "c.svg", "--beside", 0)
    assert "day 60" in (tmp_path / "c.svg").read_text(), done.stderr


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf", ".tif", ".tiff"])
def test_every_ending_that_is_allowed_is_written(ending, tmp_path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    figure.add_subplot().plot([0, 1])
    path = save_picture(figure, tmp_path / f"a{ending}", 72)
    assert path.stat().st_size > 500
    assert [p.name for p in tmp_path.iterdir()] == [f"a{ending}"]


def test_without_the_extra_a_picture_is_one_message(run, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyvista", None)
    done = call("render", run, "--out", tmp_path / "a.png")
    assert done.exit_code == 1
    assert 'pip install "trabecula[viz]"' in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_opengl_drawing_is_refused(monkeypatch):
    pytest.importorskip("pyvista", reason="the extra viz is not installed")
    from trabecula.viz import opengl

    monkeypatch.setattr(opengl, "find_window", lambda: "")
    with pytest.raises(MissingError, match="needs OpenGL, and VTK found none"):
        opengl.prepare_drawing()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("render", "--at", "2 y"), "--at: found 730.5 d; allowed: 0 to 60 d"),
        (("render", "--since", "-5 d"), "--since: found -5 d; allowed: 0 to 60 d"),
        (("render", "--beside", "later"), "--beside: found 'later'"),
        (("render", "--colour", "rankel"), "--colour: found 'rankel'; allowed: plain, tissue"),
        (("render", "--view", "above"), "--view: found 'above'; allowed: corner"),
        (("render", "--slice", "q"), "--slice: found 'q'; allowed: z, y or x"),
        (("render", "--slice", "z", "--slab", "z"), "--slab: found together with --slice"),
        (("render", "--population", "fat"), "--population: found 'fat'; allowed: osteoclasts"),
        (("render", "--range", "5,1"), "--range: found '5,1'; allowed: two numbers"),
        (("render", "--size", "9 m"), "--size: found '9 m'; allowed: a width of 20 to 400 mm"),
        (("render", "--dpi", "9000"), "--dpi: found 9000; allowed: 50 to 1200"),
        (("render", "--out", "a.bmp"), "--out: found 'a.bmp'; allowed: a file ending in .png"),
        (
            ("movie", "--out", "a.png"),
            "--out: found 'a.png'; allowed: a file ending in .mp4 or .gif",
        ),
        (("movie", "--fps", "0"), "--fps: found 0; allowed: 0.1 to 60"),
        (("movie", "--from", "60 d"), "found one snapshot between --from and --until"),
        (("section", "--stain", "ink"), "--stain: found 'ink'; allowed: goldner, kossa"),
        (
            ("section", "--slice", "z=9mm"),
            "--slice: found z at 9000 um; allowed: between 0 and 360 um",
        ),
    ],
)
def test_wrong_options_are_one_message(run, options, words):
    command, *rest = options
    done = call(command, run, *rest)
    assert done.exit_code == 2, done.stderr
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (run / "figures").exists()


@pytest.mark.parametrize("command", ["render", "movie", "section"])
def test_a_broken_or_empty_file_is_one_message(command, tmp_path):
    broken = tmp_path / "results.h5"
    broken.write_bytes(b"not HDF5 at all")
    for place, words in (
        (broken, "damaged or not a trabecula results file"),
        (tmp_path / "no", "no such"),
    ):
        done = call(command, place)
        assert done.exit_code == 2
        assert words in done.stderr
    empty = write_run(tmp_path / "empty", snapshots=False)
    done = call(command, empty)
    assert (done.exit_code, "holds no snapshot yet" in done.stderr) == (2, True)
