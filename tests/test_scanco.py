"""AIM and ISQ of Scanco scanners: axes, spacing, calibration, and refusals in words."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from trabecula.base.errors import SpecimenError
from trabecula.specimen import load_specimen_image
from trabecula.specimen.readers import load_image

aimio = pytest.importorskip("py_aimio", reason="the extra scanco is not installed")

LOG = """Mu_Scaling                                         4096
HU: mu water                                     0.2409
Density: slope                               1603.51904
Density: intercept                          -391.209015
"""


@pytest.fixture
def volume() -> np.ndarray:
    """A plate that crosses the box, steeper along y than along x; shape (z, y, x) = (12, 10, 8)."""
    values = np.zeros((12, 10, 8), np.int16)
    values[3:7] = 6000
    values[3:7] += np.arange(10, dtype=np.int16)[:, None] * 10 + np.arange(8, dtype=np.int16)
    return values


def write_aim(path: Path, values: np.ndarray, log: str = "") -> Path:
    about = {"element_size": (0.03, 0.02, 0.01), "processing_log": log}
    aimio.write_aim(str(path), values, about, unit="native")
    return path


def write_isq(path: Path, values: np.ndarray, lies: int = 1) -> Path:
    """Write what a scanner writes: a block of 512 bytes, lengths in um, then 16-bit values."""
    z, y, x = values.shape
    head = b"CTDATA-HEADER_V1" + struct.pack("<3i", 3, values.nbytes, values.nbytes // 512)
    head += struct.pack("<4i", 1, 2, 0, 0)
    head += struct.pack("<3i", x, y, z * lies) + struct.pack("<3i", x * 30, y * 20, z * lies * 10)
    head += struct.pack("<6i", 10, 10, 0, int(values.min()), int(values.max()), 4096)
    head = head.ljust(508, b"\0") + struct.pack("<i", 0)
    path.write_bytes(head + values.astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("name", ["bone.aim", "BONE.AIM", "C0001.AIM;1"])
def test_an_aim_keeps_values_axes_and_spacing(tmp_path: Path, volume, name: str) -> None:
    image = load_image(write_aim(tmp_path / name, volume))
    assert np.array_equal(image.values, volume)
    assert image.spacing == pytest.approx((10, 20, 30), rel=1e-6)
    assert "not calibrated" in image.note


def test_an_aim_with_its_calibration_is_read_as_density(tmp_path: Path, volume) -> None:
    image = load_image(write_aim(tmp_path / "bone.aim", volume, LOG))
    expected = volume / 4096 * 1603.51904 - 391.209015
    assert image.values == pytest.approx(expected, rel=1e-5, abs=1e-2)
    assert "mg HA/cm^3" in image.note


def test_an_isq_keeps_values_axes_and_spacing(tmp_path: Path, volume) -> None:
    image = load_image(write_isq(tmp_path / "bone.isq", volume))
    assert np.array_equal(image.values, volume)
    assert image.spacing == pytest.approx((10, 20, 30), rel=1e-6)


def test_an_aim_becomes_a_specimen(tmp_path: Path, volume) -> None:
    specimen = load_specimen_image(
        write_aim(tmp_path / "bone.aim", volume, LOG), threshold=400.0, voxel=20.0
    )
    assert specimen.voxel == pytest.approx(20)
    assert specimen.fraction.shape == (6, 10, 12)


@pytest.mark.parametrize("kind", [np.int8, np.int16])
def test_labels_of_a_segmented_aim_are_those_that_are_stored(tmp_path: Path, volume, kind) -> None:
    """Its log still holds the calibration of the scan that was segmented."""
    labels = np.where(volume > 0, 127, 0).astype(kind)
    labels[8:] = 60
    path = write_aim(tmp_path / "seg.aim", labels, LOG)
    for chosen, share in (([127], 4 / 12), ([60], 4 / 12), ([0], 3 / 12)):
        specimen = load_specimen_image(path, labels=chosen, spacing=20.0)
        assert specimen.fraction.mean() == pytest.approx(share)
        assert "as stored" in specimen.report[0]
    with pytest.raises(SpecimenError, match=r"labels \[1\]; allowed: .*: 0, 60, 127"):
        load_specimen_image(path, labels=[1])
    by_density = load_specimen_image(path, threshold=-350.0, spacing=20.0)
    assert by_density.fraction.mean() == pytest.approx(4 / 12)
    assert load_image(write_aim(tmp_path / "b.aim", labels), True).values.max() == 127


def test_labels_of_an_isq_are_those_that_are_stored(tmp_path: Path, volume, monkeypatch) -> None:
    path = write_isq(tmp_path / "seg.isq", np.where(volume > 0, 127, 0).astype(np.int16))
    monkeypatch.setattr(aimio, "get_isq_density_equation", lambda about: (0.4, -391.0))
    assert load_image(path).values.min() == pytest.approx(-391.0)
    assert "mg HA/cm^3" in load_image(path).note
    specimen = load_specimen_image(path, labels=[127], spacing=20.0)
    assert specimen.fraction.mean() == pytest.approx(4 / 12)
    assert "as stored" in specimen.report[0]


@pytest.mark.parametrize("name", ["bone.aim", "bone.isq"])
def test_a_file_that_ends_early_is_refused(tmp_path: Path, volume, name: str) -> None:
    write = write_aim if name.endswith("aim") else write_isq
    path = write(tmp_path / name, volume)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SpecimenError, match="cannot be read"):
        load_image(path)


def test_a_header_that_asks_for_too_much_is_refused(tmp_path: Path, volume) -> None:
    with pytest.raises(SpecimenError, match=r"bytes|cannot be read"):
        load_image(write_isq(tmp_path / "bone.isq", volume, lies=10**6))


def test_without_its_library_the_extra_is_named(tmp_path: Path, volume, monkeypatch) -> None:
    path = write_aim(tmp_path / "bone.aim", volume)
    monkeypatch.setitem(sys.modules, "py_aimio", None)
    with pytest.raises(SpecimenError, match="scanco") as caught:
        load_image(path)
    assert "pip install" in str(caught.value)
