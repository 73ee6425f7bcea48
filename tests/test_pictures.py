"""What pictures are made of: surfaces, depths, cells, colours, cuts, sections. VTK draws nothing."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from small_run import MOUND, PIT, SHAPE, TOP, VOXEL, write_run
from trabecula.analysis.moments import choose_snapshot, load_snapshot_times, read_moment
from trabecula.base.errors import InputError, MissingError, ResultsError
from trabecula.viz.camera import place_camera
from trabecula.viz.colouring import Colouring, list_needed, make_colouring
from trabecula.viz.cuts import Cut, choose_block, read_cut
from trabecula.viz.histology import draw_histology, find_eroded, find_outline, refine
from trabecula.viz.pore import fill_bone
from trabecula.viz.section import POPULATIONS, VOLUMES, take_section

ALL = ("fraction", "osteoid", "mineral", "eroded", "site", "sed", "opg")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("pictured"))


@pytest.fixture
def pyvista():
    return pytest.importorskip("pyvista", reason="the extra viz is not installed")


def measure_volume(mesh) -> float:
    corners = np.asarray(mesh.points, float)[np.asarray(mesh.regular_faces)]
    return np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6.0


def test_a_moment_comes_in_physical_units(run):
    moment = read_moment(run, 2, ALL, ("osteoclasts",))
    assert (moment.time, moment.voxel, moment.shape) == (60.0, VOXEL, SHAPE)
    assert moment.volumes["fraction"].values.max() == 1.0
    assert moment.volumes["mineral"].values[0, 0, 0] == pytest.approx(0.9, abs=1e-4)
    assert moment.volumes["sed"].unit == "MPa"
    assert moment.volumes["opg"].voxel == 2 * VOXEL
    assert moment.cells["osteoclasts"]["nuclei"].tolist() == [8, 1]


def test_the_nearest_snapshot_stands_for_a_day_and_none_for_days_outside(run):
    times = load_snapshot_times(run)
    assert [choose_snapshot(times, t, "--at") for t in (None, 0, 14, 16, 60)] == [2, 0, 0, 1, 2]
    with pytest.raises(InputError, match="--at: found 90 d; allowed: 0 to 60 d"):
        choose_snapshot(times, 90.0, "--at")


def test_a_run_without_snapshots_says_so(tmp_path):
    with pytest.raises(ResultsError, match="holds no snapshot yet"):
        load_snapshot_times(write_run(tmp_path, snapshots=False))


def test_the_surface_is_closed_upright_and_as_large_as_the_bone(pyvista):
    from trabecula.viz.surface import make_surface

    z, y, x = np.indices((34, 28, 24)) + 0.5
    fraction = np.clip(8.5 - np.sqrt((z - 20) ** 2 + (y - 14) ** 2 + (x - 10) ** 2), 0.0, 1.0)
    mesh = make_surface(fraction, VOXEL)
    assert mesh.is_manifold
    low, high = np.reshape(mesh.bounds, (3, 2)).T
    np.testing.assert_allclose(low, np.array([2, 6, 12]) * VOXEL, atol=0.2 * VOXEL)
    np.testing.assert_allclose(high, np.array([18, 22, 28]) * VOXEL, atol=0.2 * VOXEL)
    assert measure_volume(mesh) == pytest.approx(4 / 3 * np.pi * (8 * VOXEL) ** 3, rel=0.07)
    outward = np.einsum("ij,ij->i", mesh["Normals"], mesh.points - (low + high) / 2.0)
    assert (outward > 0).all()
    assert not mesh["cut"].any()


def test_bone_that_leaves_the_lattice_is_cut_flat(pyvista):
    from trabecula.viz.surface import make_surface

    fraction = np.zeros((10, 12, 14), np.float32)
    fraction[:, 3:9, 4:10] = 1.0
    mesh = make_surface(fraction, VOXEL, first=(5, 0, 0))
    assert mesh.is_manifold
    z = np.asarray(mesh.points)[np.asarray(mesh["cut"]) > 0, 2]
    assert sorted(set(np.round(z, 3))) == [5 * VOXEL, 15 * VOXEL]
    assert measure_volume(mesh) == pytest.approx(10 * 6 * 6 * VOXEL**3, rel=0.1)


def test_triangles_face_the_marrow_whichever_way_they_were_wound(pyvista):
    from trabecula.viz.surface import _turn_outward, make_surface

    z, y, x = np.indices((20, 20, 20)) - 9.5
    fraction = (np.sqrt(z * z + y * y + x * x) > 6.0).astype(np.float32)  # a pore in bone
    mesh = make_surface(fraction, VOXEL)
    for _ in range(2):
        inner = np.asarray(mesh["cut"]) == 0
        points = np.asarray(mesh.points)[inner] - 10.0 * VOXEL
        near = np.linalg.norm(points, axis=1) < 8.0 * VOXEL
        towards = np.einsum("ij,ij->i", np.asarray(mesh["Normals"])[inner], points)[near]
        assert near.sum() > 100
        assert (towards < 0).all()
        mesh.regular_faces = np.asarray(mesh.regular_faces)[:, ::-1]
        mesh.point_data["Normals"] = -np.asarray(mesh.point_data["Normals"])
        _turn_outward(mesh, fraction, VOXEL, np.full(3, 0.5 * VOXEL))


def test_a_rough_surface_has_fewer_triangles_in_the_same_place(pyvista):
    from trabecula.viz.surface import join_voxels, make_surface

    z, y, x = np.indices((35, 28, 24)) + 0.5
    fraction = np.clip(8.5 - np.sqrt((z - 20) ** 2 + (y - 14) ** 2 + (x - 10) ** 2), 0.0, 1.0)
    joined = join_voxels(fraction, 2)
    assert joined.shape == (18, 14, 12)
    assert joined[:17].sum() * 8 == pytest.approx(fraction[:34].sum(), rel=1e-5)
    fine, rough = make_surface(fraction, VOXEL), make_surface(joined, 2 * VOXEL)
    assert rough.n_points < fine.n_points / 3
    np.testing.assert_allclose(rough.bounds, fine.bounds, atol=0.7 * VOXEL)
    assert measure_volume(rough) == pytest.approx(measure_volume(fine), rel=0.2)


def test_a_lattice_without_bone_has_an_empty_surface(pyvista):
    from trabecula.viz.surface import make_surface

    assert make_surface(np.zeros((6, 6, 6)), VOXEL).n_points == 0


def test_depths_are_negative_in_a_pit_and_positive_on_a_mound(run, pyvista):
    from trabecula.viz.surface import compute_depths, make_surface

    before, after = (
        make_surface(read_moment(run, row, ["fraction"]).volumes["fraction"].values, VOXEL)
        for row in (0, 2)
    )
    depths = compute_depths(after, before)
    points = np.asarray(after.points)

    def over(place) -> np.ndarray:
        (y0, y1), (x0, x1) = ((s.start * VOXEL, s.stop * VOXEL) for s in place[1:])
        inner = 2.0 * VOXEL
        found = (points[:, 0] > x0 + inner) & (points[:, 0] < x1 - inner) & (after["cut"] == 0)
        return found & (points[:, 1] > y0 + inner) & (points[:, 1] < y1 - inner)

    assert np.median(depths[over(PIT)]) == pytest.approx(-2 * VOXEL, abs=0.25 * VOXEL)
    assert np.median(depths[over(MOUND)]) == pytest.approx(2 * VOXEL, abs=0.25 * VOXEL)
    assert np.abs(compute_depths(before, before)).max() < 1e-6


def test_a_far_move_is_as_long_as_the_way_and_a_near_one_is_along_the_normal(pyvista):
    """A sheet of 10 x 10 edges of 1 um that faces up, and points beyond its rim: 3, 4, 5."""
    from trabecula.viz.surface import compute_depths

    sheet = pyvista.Plane(
        center=(5.0, 5.0, 0.0), direction=(0.0, 0.0, 1.0), i_size=10.0, j_size=10.0,
        i_resolution=10, j_resolution=10,
    ).triangulate()  # fmt: skip
    assert np.asarray(sheet["Normals"])[0].tolist() == [0.0, 0.0, 1.0]
    later = pyvista.PolyData(
        np.array([[13.0, 5.0, 4.0], [5.0, -3.0, -4.0], [5.0, 10.3, 0.4], [13.0, 5.0, 4.0]])
    )
    later["cut"] = [0, 0, 0, 1]
    assert compute_depths(later, sheet) == pytest.approx([5.0, -5.0, 0.4, 0.0], abs=1e-6)


def test_cells_sit_on_the_surface_and_keep_their_kind(run, pyvista):
    from trabecula.viz.cellglyphs import make_bodies, place_cells
    from trabecula.viz.surface import make_surface

    moment = read_moment(run, 0, ["fraction"], POPULATIONS)
    bone = make_surface(moment.volumes["fraction"].values, VOXEL)
    low, high = np.zeros(3), np.array(SHAPE[::-1]) * VOXEL
    placed = place_cells(moment, bone, low, high)
    assert {kind: len(radii) for kind, (_, _, radii) in placed.items()} == {
        "osteoclasts": 2, "osteoblasts": 2, "preosteoblasts": 1, "lining": 1, "osteocytes": 2,
        "precursors": 1,
    }  # fmt: skip
    centres, up, radii = placed["osteoclasts"]
    assert radii[0] == pytest.approx(2 * radii[1])
    assert centres[0, :2] == pytest.approx([6.5 * VOXEL, 7.5 * VOXEL], abs=VOXEL)
    assert TOP * VOXEL < centres[0, 2] < (TOP + 1.2) * VOXEL
    assert up[0] == pytest.approx([0, 0, 1], abs=0.05)
    assert placed["precursors"][0][0] == pytest.approx([130.0, 150.0, 290.0])
    assert set(make_bodies(placed)) == set(placed)
    few = place_cells(moment, bone, low, np.array([100.0, 400.0, 360.0]))
    assert len(few["osteoclasts"][2]) == 1


def test_a_field_reaches_into_bone_and_loses_the_bone_in_its_blocks():
    fraction = np.zeros((4, 4, 4), np.float32)
    fraction[:, :, 3:] = 1.0
    stored = np.full((2, 2, 2), 1.0, np.float32)
    stored[:, :, 1] = 0.5
    assert fill_bone(stored, fraction, "rankl_membrane") == pytest.approx(np.ones((2, 2, 2)))
    fraction[:, :, 2:] = 1.0
    assert fill_bone(stored, fraction, "opg") == pytest.approx(np.ones((2, 2, 2)))


def test_scales_are_logarithmic_where_values_are_far_apart(run):
    volume = read_moment(run, 0, ["opg"]).volumes["opg"]
    wide = make_colouring(volume, np.geomspace(0.01, 1.0, 101), None)
    assert wide.is_log
    low, high = wide.limits
    assert wide.to_share(np.array([low, np.sqrt(low * high), high])) == pytest.approx([0, 0.5, 1])
    near = make_colouring(volume, np.linspace(1.0, 2.0, 101), None)
    assert not near.is_log
    assert make_colouring(volume, np.ones(3), (1.0, 3.0)).limits == (1.0, 3.0)
    same = make_colouring(volume, np.ones(5), None)
    assert np.isfinite(same.to_share(np.ones(5))).all()
    assert Colouring("", "cividis", (0.0, 4.0)).to_share(np.array([-1.0, 1.0, 9.0])).tolist() == [
        0.0, 0.25, 1.0,
    ]  # fmt: skip


def test_a_colour_that_is_not_there_is_named_with_those_that_are():
    assert list_needed("rankl", ["rankl_membrane", "rankl_soluble"]) == [
        "rankl_membrane", "rankl_soluble",
    ]  # fmt: skip
    for wrong in ("rankel", "sed", "fraction", "rankl"):
        with pytest.raises(InputError, match=f"--colour: found '{wrong}'; allowed: plain, tissue"):
            list_needed(wrong, ["fraction", "opg"])


@pytest.mark.parametrize(
    ("text", "slab", "cut"),
    [
        ("z", False, Cut(0)),
        ("y=0.2mm", False, Cut(1, 200.0)),
        ("x=100", True, Cut(2, 100.0, 200.0)),
        ("z=0.2 mm, 60 um", True, Cut(0, 200.0, 60.0)),
    ],
)
def test_cuts_are_read(text, slab, cut):
    assert read_cut(text, "--x", slab) == cut


@pytest.mark.parametrize("text", ["", "w", "z=", "z=1kg", "z=1,2", "z=1,2,3"])
def test_wrong_cuts_are_refused(text):
    with pytest.raises(InputError, match=r"--slice: found .* allowed: z, y or x"):
        read_cut(text, "--slice")


def test_a_slice_keeps_what_faces_the_camera_and_a_slab_what_is_between():
    assert choose_block(Cut(0, 100.0), SHAPE, VOXEL, "").last == (5, 20, 24)
    block = choose_block(Cut(1, 100.0), SHAPE, VOXEL, "")
    assert (block.first, block.face) == ((0, 5, 0), (1, 5))
    slab = choose_block(Cut(2, 240.0, 80.0), SHAPE, VOXEL, "")
    assert (slab.first, slab.last, slab.face) == ((0, 0, 10), (18, 20, 14), None)
    for wrong in (Cut(0, 0.0), Cut(0, 360.0), Cut(2, 240.0, 0.0)):
        with pytest.raises(InputError, match="the size of this lattice"):
            choose_block(wrong, SHAPE, VOXEL, "--slice")


def test_the_camera_sees_all_points_in_one_scale():
    points = np.array([[0.0, 0, 0], [100, 0, 0], [0, 50, 0], [0, 0, 20]])
    front = place_camera("front", points)
    assert (front.width, front.height) == pytest.approx((103.0, 20.6))
    assert front.focus == pytest.approx([50.0, 25.0, 10.0])
    assert front.position[1] < -50.0
    top = place_camera("top", points)
    assert (top.width, top.height) == pytest.approx((103.0, 51.5))


def test_a_section_shows_its_plane(run):
    section = take_section(read_moment(run, 2, VOLUMES, POPULATIONS), Cut(1, 7.5 * VOXEL))
    assert section.fraction.shape == (SHAPE[0], SHAPE[2])
    assert section.fraction[3, 3] > 0.99
    assert section.fraction[7, 6] < 0.3
    across, up, nuclei = section.cells["osteoclasts"]
    assert (across.tolist(), up.tolist(), nuclei.tolist()) == ([130.0], [170.0], [8])
    assert not len(section.cells["osteoblasts"][0])
    busy = take_section(read_moment(run, 2, VOLUMES, POPULATIONS), Cut(1))
    assert busy.place == f"y = {12.5 * VOXEL:g} µm"


def test_eroded_outline_lies_in_the_pit_only(run):
    section = take_section(read_moment(run, 2, VOLUMES, POPULATIONS), Cut(1, 7.5 * VOXEL))
    x = np.linspace(0, SHAPE[2] * VOXEL, SHAPE[2] * 6 + 1)
    y = np.linspace(0, SHAPE[0] * VOXEL, SHAPE[0] * 6 + 1)
    (line,) = find_outline(x, y, refine(section.fraction))
    eroded = find_eroded(section, line)
    in_pit = (line[:, 0] > 4 * VOXEL) & (line[:, 0] < 10 * VOXEL)
    beyond = line[:, 0] > 12 * VOXEL
    assert min(in_pit.sum(), beyond.sum()) > 10
    assert eroded[in_pit].all()
    assert not eroded[beyond].any()
    sealed = replace(section, mineralised=section.mineralised * 0.5)
    assert not find_eroded(sealed, line).any(), "osteoid covers it"


def test_the_histology_figure_has_seam_cells_and_scale(run):
    sections = [
        take_section(read_moment(run, row, VOLUMES, POPULATIONS), Cut(1, 12.5 * VOXEL))
        for row in (0, 2)
    ]
    figure = draw_histology(sections, 180.0, "kossa")
    assert figure.get_size_inches()[0] == pytest.approx(180 / 25.4)
    words = [text.get_text() for text in figure.texts]
    assert words == ["day 0, y = 250 µm", "day 60, y = 250 µm"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == ["mineralised bone", "osteoid", "eroded surface"]
    assert {"osteoclasts", "osteoblasts", "osteocytes"} <= set(labels)
    before, after = (osteoid_pixels(figure, axis) for axis in figure.axes[:2])
    assert after > 3 * before + 300


def test_cells_that_touch_no_bone_are_drawn_where_they_are(run):
    """Osteocytes and precursors a voxel from the outline stay there; lining cells lie on it."""
    from matplotlib.collections import EllipseCollection

    section = take_section(read_moment(run, 0, VOLUMES, POPULATIONS), Cut(1, 7.5 * VOXEL))
    at = (np.array([200.0]), np.array([(TOP - 0.9) * VOXEL]), np.ones(1, int))
    heights = {"osteocytes": at[1][0], "precursors": at[1][0], "lining": TOP * VOXEL}
    for kind, height in heights.items():
        figure = draw_histology([replace(section, cells={kind: at})], 85.0)
        found = [c for c in figure.axes[0].collections if isinstance(c, EllipseCollection)]
        centre = np.array([c.get_offsets()[0] for c in found])
        tolerance = 3.0 if kind == "lining" else 1e-6
        np.testing.assert_allclose(centre[:, 1], height, atol=tolerance, err_msg=kind)


@pytest.mark.parametrize("count", [1, 2])
def test_the_frames_of_sections_lie_whole_inside_the_figure(run, count):
    moment = read_moment(run, 0, VOLUMES, POPULATIONS)
    figure = draw_histology([take_section(moment, Cut(1, 7.5 * VOXEL))] * count, 85.0)
    pixels = draw_pixels(figure, 300)
    row = pixels[int(len(pixels) * (1 - np.mean(figure.axes[0].get_position().intervaly)))]
    assert row[0].min() == row[-1].min() == 1.0, "the edge of the picture is white"
    for edge in (row[:8], row[-8:]):
        assert edge.max(axis=1).min() < 0.5, "and the frame beside it dark"


def draw_pixels(figure, dpi) -> np.ndarray:
    """Shape (row, column, 3), 0..1."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255.0


def osteoid_pixels(figure, axis) -> int:
    from matplotlib.colors import to_rgb

    from trabecula.viz.histology import STAINS

    pixels = draw_pixels(figure, figure.dpi)
    box = axis.get_window_extent()
    inside = pixels[:, int(box.x0) : int(box.x1)]
    return int((np.abs(inside - to_rgb(STAINS["kossa"].osteoid)).max(axis=2) < 0.02).sum())


def test_films_are_written_whole_with_every_frame(tmp_path):
    from PIL import Image

    from trabecula.viz.film import write_film

    frames = [np.full((20, 30, 3), 60 * k, np.uint8) for k in range(4)]
    told = []
    write_film(tmp_path / "a.gif", iter(frames), 5.0, told.append)
    with Image.open(tmp_path / "a.gif") as film:
        assert (film.n_frames, film.size) == (4, (30, 20))
    assert told == [1, 2, 3, 4]

    def broken():
        yield frames[0]
        raise ResultsError("in the middle")

    with pytest.raises(ResultsError, match="in the middle"):
        write_film(tmp_path / "b.gif", broken(), 5.0)
    with pytest.raises(InputError, match=r"ending in \.mp4 or \.gif"):
        write_film(tmp_path / "b.avi", iter(frames), 5.0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


def test_a_gif_keeps_the_colours_of_few_cells_in_every_frame(tmp_path):
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb
    from PIL import Image

    from trabecula.viz.film import write_film
    from trabecula.viz.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

    rng = np.random.default_rng(0)
    frame = np.repeat(rng.integers(60, 255, (200, 300, 1)), 3, axis=2).astype(np.uint8)
    frame[:100] = np.clip(frame[:100] * [1.0, 0.95, 0.85], 0, 255)
    shares = np.linspace(0, 1, 300)
    frame[100:140] = np.rint(255 * colormaps["cividis"](shares)[:, :3])
    frame[140:160] = 255
    wanted = [
        np.rint(255 * np.array(to_rgb(c))) for c in (BLUE, GREEN, ORANGE, SKY, VERMILION, PURPLE)
    ]
    frames = [frame.copy(), np.full_like(frame, 200), frame[::-1].copy()]
    for one in frames:
        one[150] = 255
        for row, colour in enumerate(wanted):
            one[20 * row + 5, 10:22] = colour
    write_film(tmp_path / "a.gif", iter(frames), 5.0)
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == len(frames)
        for number in range(film.n_frames):
            film.seek(number)
            kept = np.asarray(film.convert("RGB"), float)
            for row, colour in enumerate(wanted):
                assert np.abs(kept[20 * row + 5, 15] - colour).max() < 2
            assert (kept[150] == 255).all()
            assert np.abs(kept - frames[number]).mean() < 6, "the rest is near"


def test_an_mp4_plays(tmp_path):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="the extra viz is not installed")
    from trabecula.viz.film import write_film

    frames = [np.full((64, 96, 3), 50 * k, np.uint8) for k in range(5)]
    write_film(tmp_path / "a.mp4", iter(frames), 10.0)
    reader = imageio_ffmpeg.read_frames(str(tmp_path / "a.mp4"))
    assert next(reader)["size"] == (96, 64)
    shown = [np.frombuffer(frame, np.uint8).mean() for frame in reader]
    assert len(shown) == 5
    assert np.all(np.diff(shown) > 30)


def test_a_missing_extra_is_one_message(monkeypatch):
    from trabecula.viz.opengl import load_pyvista

    monkeypatch.setitem(sys.modules, "pyvista", None)
    with pytest.raises(MissingError, match=r'pip install "trabecula\[viz\]"'):
        load_pyvista()


@pytest.mark.skipif(sys.platform != "linux", reason="OpenGL is hidden as Linux finds it")
def test_missing_opengl_is_one_message_and_no_crash(run, pyvista, tmp_path):
    """Without any EGL vendor VTK dies by a signal; the command must not."""
    import os

    nowhere = str(tmp_path / "nowhere")
    hidden = {"__EGL_VENDOR_LIBRARY_FILENAMES": nowhere, "__EGL_VENDOR_LIBRARY_DIRS": nowhere}
    environment = {
        k: v for k, v in os.environ.items() if k not in ("DISPLAY", "VTK_DEFAULT_OPENGL_WINDOW")
    }
    done = subprocess.run(
        [sys.executable, "-m", "trabecula", "render", str(run), "--out", str(tmp_path / "a.png")],
        env=environment | hidden, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        pytest.skip("OpenGL comes from elsewhere than EGL vendors here")
    assert done.returncode == 1
    assert "needs OpenGL" in done.stderr
    assert "libegl1" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
