"""Voxel sizes as headers state them: units, and headers that state none or one that nobody knows."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from trabecula.base.errors import SpecimenError
from trabecula.cli.specimens import load_image
from trabecula.config import load_config
from trabecula.runner.specimens import make_specimen_for
from trabecula.specimen import load_specimen_image, readers
from trabecula.specimen.headers import read_lengths

sitk = pytest.importorskip("SimpleITK")
SHARED = Path(__file__).parents[2] / "shared" / "data"
VALUES = np.repeat(np.array([0, 1], np.uint8), 32).reshape(4, 4, 4)
VECTORS = "space directions: (20,0,0) (0,20,0) (0,0,20)"
TWENTY = pytest.approx(20.0, rel=1e-5)


def write_nrrd(path, *fields):
    """The values under a header as other programs write it."""
    head = ["NRRD0005", "# spacings: 9 9 9", "type: uint8", "dimension: 3", "sizes: 4 4 4"]
    text = "\n".join([*head, "encoding: raw", *fields, "", ""])
    path.write_bytes(text.encode("latin-1") + VALUES.tobytes())
    return path


def write_mha(path, *fields):
    head = ["ObjectType = Image", "NDims = 3", "BinaryData = True", *fields, "DimSize = 4 4 4"]
    text = "\n".join([*head, "ElementType = MET_UCHAR", "ElementDataFile = LOCAL", ""])
    path.write_bytes(text.encode() + VALUES.tobytes())
    return path


def make_nifti(place):
    """The bytes of a NIfTI file of 20 um."""
    image = sitk.GetImageFromArray(VALUES)
    image.SetSpacing((0.02, 0.02, 0.02))
    sitk.WriteImage(image, str(place / "plain.nii"))
    return (place / "plain.nii").read_bytes()


def change(data, start, values):
    """The bytes with the array `values` at `start`."""
    piece = np.asarray(values).tobytes()
    return data[:start] + piece + data[start + len(piece) :]


def refused(words, path, **kwargs):
    with pytest.raises(SpecimenError) as caught:
        load_specimen_image(path, **kwargs)
    assert words in str(caught.value)
    return str(caught.value)


def configure(place, name):
    (place / "c.yaml").write_text(f"duration: 10 d\nlattice: {{specimen: {name}}}\n")
    return make_specimen_for(load_config(place / "c.yaml"), None)


@pytest.mark.parametrize(
    ("fields", "unit"),
    [
        (["spacings: 0.02 0.02 0.02"], "mm"),
        (["spacings: 0.02 0.02 0.02", 'units: "mm" "mm" "mm"'], "mm"),
        (["spacings: 0.02 0.02 0.02", 'units: "" "" ""'], "mm"),
        (["spacings: 0.02 0.02 0.02", 'units: "none" "none" "none"'], "mm"),
        (["spacings: 20 20 20", 'units: "um" "um" "um"'], "um"),
        (["Spacings: 20 20 20", 'Units: "microns" "micron" "Micrometre"'], "um"),
        (["spacings: 20 20 20", 'units: "\u00b5m" "\u00b5m" "\u00b5m"'], "um"),
        (["spacings: 20e3 20e3 20e3", 'units: "nm" "nm" "nm"'], "nm"),
        (["spacings: 0.002 0.002 0.002", 'units: "cm" "cm" "centimeters"'], "cm"),
        (["spacings: 20e-6 20e-6 20e-6", 'units: "m" "m" "metres"'], "m"),
        (["space: LPS", VECTORS, 'space units: "um" "um" "um"'], "um"),
        (["space dimension: 3", VECTORS, 'space units: "microns" "microns" "microns"'], "um"),
    ],
)
def test_a_nrrd_is_read_in_the_unit_of_its_header(tmp_path, fields, unit):
    path = write_nrrd(tmp_path / "a.nrrd", *fields)
    assert readers.has_spacing(path)
    specimen = load_specimen_image(path)
    assert specimen.voxel == TWENTY
    said = "of 20 x 20 x 20 um" + ("" if unit == "mm" else f" (its header is in {unit})")
    assert specimen.report[0].endswith(said)
    assert configure(tmp_path, "a.nrrd").voxel == TWENTY


def test_a_micro_sign_of_two_bytes_is_one_too_and_lines_may_end_as_in_windows(tmp_path):
    path = write_nrrd(tmp_path / "a.nrrd", "spacings: 20 20 20", 'units: "?m" "?m" "?m"')
    for sign in "\u03bc\u00b5":
        data = path.read_bytes().replace(b"?m", f"{sign}m".encode())
        (tmp_path / "b.nrrd").write_bytes(data)
        assert load_specimen_image(tmp_path / "b.nrrd").voxel == TWENTY
        (tmp_path / "c.nrrd").write_bytes(data.replace(b"\n", b"\r\n"))
        assert load_specimen_image(tmp_path / "c.nrrd").voxel == TWENTY


@pytest.mark.parametrize(
    ("units", "found"),
    [
        ('"pixel" "pixel" "pixel"', "a header in 'pixel', and not in one of m, cm, mm, um, nm"),
        ('"um" "um" "mm"', "a header in 'um' and 'mm', and not in one of"),
    ],
)
def test_a_unit_that_nobody_knows_is_refused(tmp_path, units, found):
    path = write_nrrd(tmp_path / "a.nrrd", "spacings: 1 1 1", f"units: {units}")
    assert "allowed: the edge of the image's voxels" in refused(found, path)
    refused("--spacing SIZE of import and measure", path)
    assert load_specimen_image(path, spacing=20.0).voxel == TWENTY
    with pytest.raises(SpecimenError, match="a header in"):  # nor is the size wanted the image's
        load_image(path, None, None, "20 um", None, None)
    with pytest.raises(SpecimenError, match="a header in"):
        configure(tmp_path, "a.nrrd")


@pytest.mark.parametrize(("unit", "edge"), [("um", 20), ("mm", 0.02), ("?", 0.02), ("cm", 0.002)])
@pytest.mark.parametrize("key", ["ElementSpacing", "ElementSize"])
def test_an_mha_is_read_in_the_unit_of_its_header(tmp_path, key, unit, edge):
    fields = (f"{key} = {edge} {edge} {edge}", f"DistanceUnits = {unit}")
    assert load_specimen_image(write_mha(tmp_path / "a.mha", *fields)).voxel == TWENTY


def test_a_unit_of_an_mha_that_nobody_knows_is_refused(tmp_path):
    path = write_mha(tmp_path / "a.mha", "ElementSpacing = 1 1 1", "DistanceUnits = inch")
    refused("a header in 'inch'", path)


@pytest.mark.parametrize(("code", "factor"), [(0, 1.0), (2, 1.0), (1, 1e3), (3, 1e-3)])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_nifti_is_read_in_the_unit_of_its_header(tmp_path, code, factor, name):
    data = change(make_nifti(tmp_path), 123, np.uint8(code))
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert readers.has_spacing(path)
    assert readers.load_image(path).spacing == pytest.approx((20.0 * factor,) * 3, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("a.nrrd", []),
        ("a.nrrd", ["spacings: nan nan nan"]),
        ("a.nrrd", ["spacings: 20 nan 20"]),
        ("a.nrrd", ["space: LPS", "space directions: none none none"]),
        ("a.nrrd", ["space: LPS", "space directions: (20,0,0) none (0,0,20)"]),
        ("a.nrrd", ["axis mins: 0 0 0"]),
        ("a.mha", []),
        ("a.mha", ["elementspacing = 1 1 1"]),
    ],
)
def test_a_header_without_a_voxel_size_needs_one(tmp_path, name, fields):
    """The library would make it 1 mm."""
    path = (write_nrrd if name == "a.nrrd" else write_mha)(tmp_path / name, *fields)
    assert not readers.has_spacing(path)
    refused("voxel size: found a header that does not state it", path)
    refused("--spacing SIZE of import and measure", path)
    assert readers.load_image(path).note.endswith("(4, 4, 4) voxels (z, y, x)")
    assert load_specimen_image(path, spacing=15.0).voxel == pytest.approx(15.0)
    assert load_image(path, None, None, "20 um", None, None).voxel == TWENTY
    with pytest.raises(SpecimenError, match=r"whose header states .*import a\..* --spacing SIZE"):
        configure(tmp_path, name)


@pytest.mark.parametrize("edge", [0.0, np.nan])
def test_a_nifti_without_a_voxel_size_needs_one(tmp_path, edge):
    path = tmp_path / "a.nii"
    path.write_bytes(change(make_nifti(tmp_path), 80, np.full(3, edge, "<f4")))
    assert not readers.has_spacing(path)
    refused("a header that does not state it", path)
    assert load_specimen_image(path, spacing=15.0).voxel == pytest.approx(15.0)


@pytest.mark.parametrize("order", "<>")
def test_headers_of_nifti_have_two_lengths_and_two_orders(tmp_path, order):
    """The second one holds doubles."""
    path, edges = tmp_path / "a.nii", np.array([1.0, 2.0, 3.0])
    for length, start, kind in ((348, 80, "f4"), (540, 112, "f8")):
        data = change(bytes(length), 0, np.array(length, f"{order}i4"))
        path.write_bytes(change(data, start, edges.astype(order + kind)))
        assert read_lengths(path).edges == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "none of NIfTI"),
        (np.array(540, "<i4").tobytes() + bytes(500), "none of NIfTI"),
        (b"\x1f\x8bdamaged for good", "decompress"),
    ],
)
def test_what_is_no_header_of_nifti_is_refused_by_whoever_reads_it(tmp_path, data, words):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=words):
        read_lengths(path)
    assert readers.has_spacing(path)
    refused("cannot be read", path, spacing=20.0)


@pytest.mark.parametrize("edges", ["0 0 0", "nan nan nan", "0.02 x 0.02"])
def test_an_mha_of_no_voxel_size_is_refused_whatever_is_given(tmp_path, edges):
    """ITK reads no voxel of it."""
    path = write_mha(tmp_path / "a.mha", f"ElementSpacing = {edges}")
    assert not readers.has_spacing(path)
    for spacing in (None, 20.0):
        refused("cannot be read (a voxel of", path, spacing=spacing)


def test_an_image_that_is_not_there_states_a_size_until_it_is_read(tmp_path):
    assert readers.has_spacing(tmp_path / "none.nrrd")
    refused("no such file", tmp_path / "none.nrrd")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "voxel"), [("shrew_trabecular_4.1um.nrrd", 4.1), ("trab1240_60.7um.mha", 60.69927)]
)
def test_the_real_images_state_their_voxels(name, voxel):
    if not (SHARED / name).exists():
        pytest.skip("the real specimens are not beside the checkout")
    assert readers.has_spacing(SHARED / name)
    assert load_specimen_image(SHARED / name).voxel == pytest.approx(voxel, rel=1e-6)
