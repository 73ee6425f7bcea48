"""Import of images: formats, thresholds, spacing, crop, resampling, and every refusal in words."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from trabecula.base.codes import Sides
from trabecula.base.errors import ConfigError, SpecimenError
from trabecula.cli.main import app
from trabecula.cli.specimens import load_image
from trabecula.config import load_config
from trabecula.records.specimenfile import SpecimenFile, write_specimen
from trabecula.runner.specimens import make_specimen_for
from trabecula.specimen import images, load_specimen_image, readers
from trabecula.specimen.resample import compute_overlaps, resample

sitk = pytest.importorskip("SimpleITK")
tifffile = pytest.importorskip("tifffile")
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def volume():
    """A plate that crosses the box, with a loose crumb; shape (z, y, x) = (12, 10, 8)."""
    values = np.zeros((12, 10, 8), np.uint8)
    values[3:7] = 200
    values[10, 8, 6] = 200
    return values


def test_a_picture_in_colour_is_no_volume(tmp_path):
    path = tmp_path / "rgb.tif"
    tifffile.imwrite(path, np.zeros((24, 26, 3), np.uint8), photometric="rgb")
    with pytest.raises(SpecimenError, match=r"rgb\.tif.*3 values for each voxel, as in colour"):
        load_specimen_image(path, spacing=20.0, threshold=1)


@pytest.mark.parametrize("edge", [24.0, 24e-6])
def test_a_header_in_another_unit_is_refused(tmp_path, volume, edge):
    """24 mm, where 24 um were meant: nothing is allocated for what it would be."""
    path = write_itk(tmp_path / "um.mha", volume, (edge,) * 3)
    with pytest.raises(SpecimenError, match=r"um\.mha.*voxel size.* 1 \.\. 500 um.*--spacing"):
        load_specimen_image(path, threshold=100)
    with pytest.raises(SpecimenError, match="is the unit right"):
        load_specimen_image(path, threshold=100, spacing=0.024)
    assert load_specimen_image(path, threshold=100, spacing=24.0).voxel == pytest.approx(24.0)


def write_itk(path, values, spacing=(0.02, 0.02, 0.02), compress=False):
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing)
    sitk.WriteImage(image, str(path), compress)
    return path


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha", "a.mhd", "a.nii", "a.nii.gz"])
def test_formats_with_a_header_keep_axes_and_spacing(tmp_path, volume, name):
    specimen = load_specimen_image(write_itk(tmp_path / name, volume))
    assert specimen.fraction.shape == (12, 10, 8)
    assert specimen.voxel == pytest.approx(20, rel=1e-6)
    assert specimen.sides == Sides.MIRRORED
    assert specimen.fraction[3:7].min() == 1
    assert specimen.fraction.sum() == 4 * 80
    assert specimen.origin == name


def lay(values, order, signs):
    """The same object in the world as another file would hold it.

    Parameters: axes of `values` (z, y, x) from the slowest of the file on, and which way each runs.
    """
    steps = tuple(slice(None, None, sign) for sign in signs)
    image = sitk.GetImageFromArray(np.ascontiguousarray(np.transpose(values, order)[steps]))
    directions = np.zeros((3, 3))
    for slot, (axis, sign) in enumerate(zip(order, signs, strict=True)):
        directions[2 - axis, 2 - slot] = sign
    image.SetDirection(directions.ravel().tolist())
    image.SetSpacing([(0.03, 0.02, 0.01)[order[slot]] for slot in (2, 1, 0)])
    return image


@pytest.mark.parametrize(
    ("order", "signs", "words"),
    [
        ((0, 1, 2), (1, 1, 1), ""),
        ((2, 0, 1), (1, 1, 1), "z, y, x are y, x, z of the file"),  # sagittal
        ((1, 0, 2), (1, -1, 1), "z, y, x are -y, z, x of the file"),  # coronal
        ((0, 1, 2), (1, -1, -1), "z, y, x are z, -y, -x of the file"),  # as NIfTI counts
    ],
)
@pytest.mark.parametrize("name", ["a.nii", "a.nrrd", "a.mha"])
def test_an_image_is_turned_as_its_header_says(tmp_path, order, signs, words, name):
    values = np.random.default_rng(3).integers(1, 200, (6, 5, 4)).astype(np.int16)
    sitk.WriteImage(lay(values, order, signs), str(tmp_path / name))
    image = readers.load_image(tmp_path / name)
    np.testing.assert_array_equal(image.values, values)
    assert image.spacing == pytest.approx((30.0, 20.0, 10.0), rel=1e-6)
    assert (words in image.direction) if words else image.direction == ""


def test_a_bone_is_pressed_along_the_same_axis_however_its_file_lies(tmp_path):
    """A rod along z through a plate across it, which is far stiffer along x than along z."""
    values = np.zeros((8, 8, 8), np.uint8)
    values[:, 2:5, 2:5], values[3:5] = 1, 1
    stiffness = []
    for number, order in enumerate([(0, 1, 2), (2, 0, 1)]):
        path = tmp_path / f"{number}.nrrd"
        sitk.WriteImage(lay(values, order, (1, 1, 1)), str(path))
        done = CliRunner().invoke(app, ["measure", str(path), "--mechanics", "--json"])
        assert done.exit_code == 0, done.output
        stiffness.append(json.loads(done.stdout)["stiffness"])
    assert stiffness[0] > 0
    assert stiffness[0] == stiffness[1]


def test_an_oblique_image_is_left_as_it_is_and_the_report_says_so(tmp_path, volume):
    image = sitk.GetImageFromArray(volume)
    image.SetSpacing((0.02, 0.02, 0.02))
    cosine, sine = np.cos(0.1), np.sin(0.1)
    image.SetDirection([1, 0, 0, 0, cosine, -sine, 0, sine, cosine])
    sitk.WriteImage(image, str(tmp_path / "a.mha"))
    out = tmp_path / "x.h5"
    done = CliRunner().invoke(app, ["import", str(tmp_path / "a.mha"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    words = "directions in the header are oblique and not used: z is the slowest axis of the file"
    assert words in done.stdout
    np.testing.assert_array_equal(readers.load_image(tmp_path / "a.mha").values, volume)
    rounded = 1e-5  # what single precision leaves of an axis
    image.SetDirection([1, 0, 0, 0, 1, -rounded, 0, rounded, 1])
    sitk.WriteImage(image, str(tmp_path / "a.mha"))
    assert readers.load_image(tmp_path / "a.mha").direction == ""


def test_stacks_and_arrays_need_a_voxel_size(tmp_path, volume):
    tifffile.imwrite(tmp_path / "a.tif", volume)
    folder = tmp_path / "slices"
    folder.mkdir()
    for z, plane in enumerate(volume):
        tifffile.imwrite(folder / f"slice_{z:03d}.tiff", plane)
    np.save(tmp_path / "a.npy", volume)
    np.savez(tmp_path / "a.npz", bone=volume)
    for name in ("a.tif", "slices", "a.npy", "a.npz"):
        with pytest.raises(SpecimenError, match="voxel size") as caught:
            load_specimen_image(tmp_path / name)
        assert "state the voxel size" in str(caught.value)
        specimen = load_specimen_image(tmp_path / name, spacing=15.0)
        assert specimen.voxel == pytest.approx(15)
        assert specimen.fraction.sum() == 4 * 80


def test_a_tiff_that_was_written_in_pieces_is_read_whole(tmp_path, volume):
    """Pages that were appended or packed otherwise are a series of their own for the library."""
    path = tmp_path / "a.tif"
    grey = {"photometric": "minisblack"}
    tifffile.imwrite(path, volume[:4], **grey)
    tifffile.imwrite(path, volume[4:], append=True, compression="zlib", **grey)
    np.testing.assert_array_equal(readers.load_image(path).values, volume)
    with tifffile.TiffWriter(path) as pieces:
        for plane in volume:
            pieces.write(plane, contiguous=False)
    np.testing.assert_array_equal(readers.load_image(path).values, volume)
    tifffile.imwrite(path, volume)
    tifffile.imwrite(path, volume[0, ::2, ::2], append=True)
    with pytest.raises(SpecimenError, match="2 images of different shapes"):
        readers.load_image(path)


def test_slices_are_stacked_in_the_order_of_their_numbers(tmp_path):
    """s2 comes before s10, as whoever numbered them without leading zeros meant it."""
    for z in range(1, 13):
        plane = np.zeros((9, 9), np.uint8)
        plane[:z] = 1
        tifffile.imwrite(tmp_path / f"s{z}.tif", plane)
    specimen = load_specimen_image(tmp_path, spacing=20.0)
    assert specimen.fraction.sum(axis=(1, 2)).tolist() == [9.0 * min(z, 9) for z in range(1, 13)]
    assert "s1.tif to s12.tif" in specimen.report[0]


def write_bone(path, fraction, sides=Sides.MIRRORED):
    """A specimen file; shape (z, y, x) in voxels of 20 um."""
    write_specimen(
        path, SpecimenFile(fraction.astype(np.float32), 20.0, sides, ["made"], "made", {})
    )


def configure(place, text):
    (place / "c.yaml").write_text(f"duration: 10 d\nlattice: {{{text}}}\n")
    return make_specimen_for(load_config(place / "c.yaml"), None)


def test_a_box_of_a_specimen_file_is_bone_in_one_piece(tmp_path):
    """Two plates on a bridge, cut so that the bridge stays out; then a box of marrow."""
    fraction = np.zeros((24, 16, 16))
    fraction[2:8], fraction[14:17], fraction[:, :3, :3] = 1, 1, 1
    write_bone(tmp_path / "x.h5", fraction)
    box = "specimen: x.h5, crop: {origin: [0, 160, 160], size: [%d, 160, 160]}"
    found = configure(tmp_path, box % 480)
    assert found.fraction.sum() == 6 * 8 * 8, "the thinner plate hangs on nothing"
    assert "kept the largest component: 192 voxels dropped" in found.report[-1]
    with pytest.raises(SpecimenError, match="no voxel that is half bone"):
        configure(
            tmp_path, "specimen: x.h5, crop: {origin: [160, 160, 160], size: [100, 160, 160]}"
        )


@pytest.mark.parametrize("name", ["threshold: 0.2", "labels: [1]"])
def test_a_specimen_file_is_not_parted_again(tmp_path, name):
    write_bone(tmp_path / "x.h5", np.ones((8, 8, 8)))
    with pytest.raises(SpecimenError, match="beside a specimen file; allowed: beside an image"):
        configure(tmp_path, f"specimen: x.h5, {name}")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--threshold", "otsu"), "threshold: otsu"),
        (("--label", "1"), "labels: [1]"),
        (("--spacing", "40"), "spacing: 40"),
        (("--crop", "0,0,0,80,80,80"), "crop: 0,0,0,80,80,80"),
    ],
)
def test_a_specimen_file_is_measured_as_it_is(tmp_path, options, words):
    write_bone(tmp_path / "x.h5", np.ones((8, 8, 8)))
    done = CliRunner().invoke(app, ["measure", str(tmp_path / "x.h5"), *options])
    assert done.exit_code == 2, done.output
    assert f"{options[0]}: found {words} beside a specimen file; allowed: beside" in done.stderr
    assert f"remove {options[0]}" in done.stderr


@pytest.mark.parametrize(
    ("given", "sides"),
    [("", Sides.PERIODIC), (", sides: mirrored", Sides.MIRRORED)],
)
def test_the_sides_of_a_specimen_file_are_kept_unless_others_are_given(tmp_path, given, sides):
    write_bone(tmp_path / "x.h5", np.ones((8, 8, 8)), Sides.PERIODIC)
    assert configure(tmp_path, f"specimen: x.h5{given}").sides == sides


def test_an_image_is_read_once_to_be_imported(tmp_path, volume, monkeypatch):
    """A voxel size for an image that states none; whether it does is known from its format."""
    read, real = [], readers._load_numpy
    monkeypatch.setattr(readers, "_load_numpy", lambda path: read.append(path) or real(path))
    np.save(tmp_path / "a.npy", volume)
    assert load_image(tmp_path / "a.npy", "100", None, "20 um", None, None).voxel == 20.0
    assert len(read) == 1


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.tif"])
def test_an_image_that_states_no_voxel_is_imported_first(tmp_path, volume, name):
    if name == "a.tif":
        tifffile.imwrite(tmp_path / name, volume)
    elif name == "a.npy":
        np.save(tmp_path / name, volume)
    else:
        np.savez(tmp_path / name, bone=volume)
    with pytest.raises(SpecimenError) as caught:
        configure(tmp_path, f"specimen: {name}")
    assert f"`trabecula import {name} --spacing SIZE --out SPECIMEN.h5`" in str(caught.value)
    np.savez(tmp_path / "known.npz", bone=volume, voxel=20.0)
    assert configure(tmp_path, "specimen: known.npz").voxel == 20.0


def test_a_folder_of_slices_is_told_to_import(tmp_path):
    (tmp_path / "slices").mkdir()
    with pytest.raises(ConfigError, match=r"a folder slices.*trabecula import FOLDER"):
        configure(tmp_path, "specimen: slices")


def test_an_archive_may_state_its_voxel(tmp_path, volume):
    np.savez(tmp_path / "a.npz", bone=volume, voxel=12.5)
    assert load_specimen_image(tmp_path / "a.npz").voxel == pytest.approx(12.5)


def test_grey_values_by_number_otsu_and_label(tmp_path):
    rng = np.random.default_rng(1)
    values = rng.normal(100, 5, (14, 14, 14))
    values[4:9] += 100
    path = write_itk(tmp_path / "grey.mha", values.astype(np.float32))
    for threshold in (150, "otsu", "Otsu"):
        specimen = load_specimen_image(path, threshold=threshold)
        assert specimen.fraction.mean() == pytest.approx(5 / 14)
    for threshold in (150, "Otsu"):  # what a refusal advises can stand in a configuration
        (tmp_path / "a.yaml").write_text(
            f"duration: 1 d\nlattice: {{specimen: grey.mha, threshold: {threshold}}}\n"
        )
        lattice = load_config(tmp_path / "a.yaml").lattice
        assert lattice.threshold == (150.0 if threshold == 150 else "otsu")
        assert make_specimen_for(load_config(tmp_path / "a.yaml"), None).fraction.mean() > 0.3
    labels = np.zeros((8, 8, 8), np.int16)
    labels[2:4], labels[4:6] = 3, 7
    path = write_itk(tmp_path / "labels.nrrd", labels)
    assert load_specimen_image(path, labels=[3]).fraction.mean() == pytest.approx(0.25)
    assert load_specimen_image(path, labels=[3, 7]).fraction.mean() == pytest.approx(0.5)


def test_every_change_is_reported(tmp_path, volume):
    path = write_itk(tmp_path / "a.nrrd", volume)
    box = {"origin": (0.0, 0.0, 0.0), "size": (240.0, 200.0, 160.0)}
    specimen = load_specimen_image(path, voxel=10.0, crop=box)
    text = "\n".join(specimen.report)
    for words in (
        "read a.nrrd",
        "200 is bone",
        "cropped",
        "resampled",
        "8 voxels dropped",
        "BV/TV",
    ):
        assert words in text, words
    assert specimen.fraction.shape == (24, 20, 16)


def test_measure_says_what_became_of_an_image_as_import_does(tmp_path, volume):
    """Turned, cut at Otsu's threshold, made cubic, and rid of a crumb: nobody asked for any of it."""
    grey = volume + np.arange(8, dtype=np.uint8)
    image = sitk.GetImageFromArray(grey[::-1].copy())
    image.SetSpacing((0.02, 0.02, 0.03))
    image.SetDirection([1, 0, 0, 0, 1, 0, 0, 0, -1])
    path = tmp_path / "a.nrrd"
    sitk.WriteImage(image, str(path))
    asked = ("measure", str(path), "--threshold", "otsu")
    done = CliRunner().invoke(app, [*asked])
    assert done.exit_code == 0, done.output
    lines = load_specimen_image(path, threshold="otsu").report
    box = len(lines)
    assert done.stdout.splitlines()[:box] == lines
    assert done.stdout.splitlines()[box + 1].split()[:2] == ["key", "symbol"]
    for words in ("turned as", "Otsu", "resampled", "kept the largest"):
        assert any(words in line for line in lines), words
    found = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert found["report"][:box] == lines
    assert found["bv_tv"] == pytest.approx(float(lines[-1].rpartition(" ")[2]), abs=1e-5)


@pytest.mark.parametrize(
    ("sides", "voxels", "is_said"),
    [
        (Sides.MIRRORED, 24, True),
        (Sides.PERIODIC, 24, False),
        (Sides.MIRRORED, 44, False),
    ],
)
def test_a_box_that_is_small_for_its_spheres_is_said(tmp_path, sides, voxels, is_said):
    """Plates four voxels apart."""
    plates = np.repeat((np.arange(voxels) // 4 % 2)[:, None], voxels, 1)[..., None]
    plates = plates | (np.arange(voxels) < 1)  # one piece
    write_bone(tmp_path / "x.h5", plates & np.ones((voxels,) * 3, bool), sides)
    done = CliRunner().invoke(app, ["measure", str(tmp_path / "x.h5"), "--json"])
    found = json.loads(done.stdout)
    assert (len(found["report"]) == 2) == is_said, found
    times = voxels * 20.0 / found["tb_sp"]
    assert (times < 10) == (voxels == 24), times
    if is_said:
        words = f"the box (480 um at its shortest) is {times:.1f} times Tb.Sp"
        assert found["report"][1].startswith(words)
        assert words in CliRunner().invoke(app, ["measure", str(tmp_path / "x.h5")]).stdout


def test_import_says_a_small_box_and_does_not_store_what_measure_says_again(tmp_path, volume):
    path, out = write_itk(tmp_path / "a.nrrd", volume), tmp_path / "x.h5"
    done = CliRunner().invoke(app, ["import", str(path), "--out", str(out)])
    assert "the box (160 um at its shortest) is" in done.stdout
    done = CliRunner().invoke(app, ["import", str(path), "--out", str(out), "--json"])
    report = json.loads(done.stdout)["report"]
    assert "160 um at its shortest" in report[-1]
    again = json.loads(CliRunner().invoke(app, ["measure", str(out), "--json"]).stdout)["report"]
    assert again == report


def test_measure_of_a_specimen_file_says_how_it_was_made(tmp_path):
    write_bone(tmp_path / "x.h5", np.arange(512).reshape(8, 8, 8) > 200)
    done = CliRunner().invoke(app, ["measure", str(tmp_path / "x.h5")])
    assert done.stdout.splitlines()[0] == "made"


def test_crop_takes_the_box_in_order_z_y_x(tmp_path, volume):
    path = write_itk(tmp_path / "a.nrrd", volume)
    crop = {"origin": (40.0, 20.0, 0.0), "size": (100.0, 160.0, 120.0)}
    specimen = load_specimen_image(path, crop=crop)
    assert specimen.fraction.shape == (5, 8, 6)
    assert specimen.fraction[:, 0, 0].tolist() == [0, 1, 1, 1, 1]


def test_anisotropic_voxels_become_cubes_of_equal_volume_fraction(tmp_path):
    z, y, x = np.meshgrid(
        np.arange(20) * 2 + 1, np.arange(40) + 0.5, np.arange(40) + 0.5, indexing="ij"
    )
    mask = ((z - 20) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 <= 14**2).astype(np.uint8)
    path = write_itk(tmp_path / "a.nrrd", mask, spacing=(0.01, 0.01, 0.02))
    for voxel in (10.0, 20.0, 25.0):
        specimen = load_specimen_image(path, voxel=voxel)
        assert specimen.fraction.shape == (round(400 / voxel),) * 3
        assert specimen.fraction.mean(dtype=float) == pytest.approx(mask.mean(), rel=0.01)
    assert load_specimen_image(path).voxel == pytest.approx((10 * 10 * 20) ** (1 / 3), rel=1e-5)


def test_resampling_is_the_exact_mean():
    values = np.random.default_rng(2).random((6, 6, 6)).astype(np.float32)
    coarse = resample(values, (10.0, 10.0, 10.0), 20.0)
    blocks = values.reshape(3, 2, 3, 2, 3, 2).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(coarse, blocks, rtol=1e-6)
    shares = compute_overlaps(7, 10.0, 16.0)
    assert shares.shape == (4, 7)
    np.testing.assert_allclose(shares.sum(1), 1)
    np.testing.assert_allclose(16 * shares.sum(0), [7, 10, 10, 10, 10, 10, 7])


def refused(words, *args, **kwargs):
    with pytest.raises(SpecimenError) as caught:
        load_specimen_image(*args, **kwargs)
    text = str(caught.value)
    assert "found" in text
    assert "allowed" in text
    assert words in text, text


def test_files_that_are_no_image_are_refused(tmp_path, volume):
    refused("no such file", tmp_path / "none.nrrd")
    (tmp_path / "a.jpg").write_bytes(b"x")
    refused("format '.jpg'", tmp_path / "a.jpg")
    (tmp_path / "empty").mkdir()
    refused("without TIFF", tmp_path / "empty")
    (tmp_path / "a.npy").write_bytes(b"not numpy")
    refused("cannot be read", tmp_path / "a.npy")
    np.savez(tmp_path / "two.npz", a=volume, b=volume)
    refused("2 arrays", tmp_path / "two.npz")
    np.save(tmp_path / "flat.npy", volume[0])
    refused("shape (10, 8)", tmp_path / "flat.npy", spacing=20.0)
    np.save(tmp_path / "complex.npy", volume * 1j)
    refused("complex128", tmp_path / "complex.npy", spacing=20.0)
    holes = np.where(volume > 0, np.nan, 1.0)
    np.save(tmp_path / "nan.npy", holes)
    refused("not finite", tmp_path / "nan.npy", spacing=20.0)
    np.save(tmp_path / "object.npy", np.array([[[volume, 1]]], dtype=object), allow_pickle=True)
    refused("cannot be read", tmp_path / "object.npy", spacing=20.0)


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha", "a.mhd", "a.nii", "a.tif", "a.npy"])
def test_truncated_files_are_refused(tmp_path, name):
    values = np.random.default_rng(1).integers(0, 2, (30, 30, 30)).astype(np.uint8)
    path = tmp_path / name
    if name == "a.tif":
        tifffile.imwrite(path, values)
    elif name == "a.npy":
        np.save(path, values)
    else:
        write_itk(path, values)
    victim = path.with_suffix(".raw") if name == "a.mhd" else path
    victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])
    refused("cannot be read", path, spacing=20.0)


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha"])
def test_headers_that_promise_more_than_the_file_holds_are_refused(tmp_path, name, volume):
    path = write_itk(tmp_path / name, volume)
    path.write_bytes(path.read_bytes().replace(b"8 10 12", b"8 10 99"))
    refused("cannot be read", path)


def test_choices_that_leave_nothing_are_refused(tmp_path, volume):
    path = write_itk(tmp_path / "a.nrrd", volume)
    refused("leaves nothing", path, threshold=250)
    refused("leaves everything", path, threshold=0)
    refused("'half'", path, threshold="half")
    refused("one of them", path, threshold=100, labels=[200])
    refused("labels [5]", path, labels=[5])
    refused("inside", path, crop={"origin": (0, 0, 0), "size": (900, 10, 10)})
    refused("unknown key", path, crop={"center": (0, 0, 0)})
    refused("without bone", path, crop={"origin": (0, 0, 0), "size": (40, 100, 100)})
    refused("half the shortest edge", path, voxel=100.0)
    refused("positive length", path, voxel=-1.0)
    refused("positive lengths", path, spacing=0.0)
    refused("positive lengths", path, spacing=(20.0, 20.0))
    grey = np.arange(1000, dtype=np.int16).reshape(10, 10, 10)
    refused("no threshold", write_itk(tmp_path / "g.nrrd", grey))
    flat = write_itk(tmp_path / "f.nrrd", np.ones((5, 5, 5), np.uint8))
    refused("one value", flat, threshold="otsu")
    dust = np.zeros((16, 16, 16), np.uint8)
    dust[::4, ::4, ::4] = 1
    refused("half bone", write_itk(tmp_path / "d.nrrd", dust), voxel=80.0)


@pytest.mark.parametrize("edge", ["1 um", "9.9", "61 um", "0.1 mm"])
def test_import_makes_no_voxels_that_no_configuration_can_use(tmp_path, volume, edge):
    path = write_itk(tmp_path / "a.nrrd", volume)
    asked = ["import", str(path), "--voxel", edge, "--out", str(tmp_path / "a.h5")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2
    assert f"--voxel: found {edge}; allowed: 10 to 60 um" in done.stderr
    assert not (tmp_path / "a.h5").exists()


def test_a_voxel_size_that_states_the_images_own_may_be_finer(tmp_path, volume):
    np.save(tmp_path / "a.npy", volume)
    assert load_image(tmp_path / "a.npy", None, None, "8 um", None, None).voxel == 8


def test_more_voxels_than_there_is_memory_for_are_refused_before_they_are_made(
    tmp_path, volume, monkeypatch
):
    """240 x 200 x 160 um in 960 voxels of 20 um, or 7680 of 10 um, at 88 bytes."""
    path = write_itk(tmp_path / "a.nrrd", volume)
    monkeypatch.setattr(images, "resample", lambda *_: pytest.fail("made"))
    monkeypatch.setattr(images, "find_memory", lambda: 380e6 + 960 * 88 + 1)
    load_specimen_image(path)
    words = (
        "24 x 20 x 16 voxels of 10 um, which need 0 GB of memory; allowed: what this machine has"
    )
    refused(words, path, voxel=10.0)
    load_specimen_image(path, crop={"origin": (0, 0, 0), "size": (240, 200, 160)})
    monkeypatch.setattr(images, "find_memory", lambda: 380e6 + 960 * 88 - 1)
    refused("12 x 10 x 8 voxels of 20 um, which need", path)
    done = CliRunner().invoke(app, ["measure", str(path)])
    assert done.exit_code == 2
    assert "choose larger voxels or a smaller box" in done.stderr


@pytest.mark.shared
def test_the_real_biopsy_crops_and_resamples_within_a_per_cent():
    path = SHARED / "trab1240_60.7um.mha"
    if not path.exists():
        pytest.skip("the real specimens are not beside the checkout")
    crop = {"origin": (1000.0, 1000.0, 1000.0), "size": (3200.0, 3200.0, 3200.0)}
    specimen = load_specimen_image(path, voxel=25.0, crop=crop)
    assert specimen.fraction.shape == (128, 128, 128)
    assert specimen.fraction.mean(dtype=float) == pytest.approx(0.15283, rel=0.01)
