"""Connectivity, components, anisotropy and the table of structural metrics."""

from pathlib import Path

import numpy as np
import pytest

from trabecula.kernels.euler import compute_euler_number
from trabecula.morphometry import (
    METRICS,
    compute_largest_component_share,
    measure_anisotropy,
    measure_axial_ratio,
    measure_structure,
    purify,
)
from trabecula.morphometry.components import find_enclosed_marrow, label_components
from trabecula.specimen import load_specimen_image

SHARED = Path(__file__).parents[2] / "shared" / "data"


def gyroid(n, cells, stretch=1):
    z, y, x = np.meshgrid(
        2 * np.pi * cells * np.arange(n * stretch) / (n * stretch),
        *[2 * np.pi * cells * np.arange(n) / n] * 2,
        indexing="ij",
    )
    return np.sin(x) * np.cos(y) + np.sin(y) * np.cos(z) + np.sin(z) * np.cos(x)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda z, y, x: z * z + y * y + x * x <= 36, 1),
        (lambda z, y, x: (np.sqrt(y * y + x * x) - 6) ** 2 + z * z <= 6, 0),
        (lambda z, y, x: (z * z + y * y + x * x <= 36) & (z * z + y * y + x * x > 9), 2),
        (lambda z, y, x: abs(z * z + y * y + (abs(x) - 5) ** 2) <= 9, 2),
    ],
    ids=["sphere", "torus", "shell", "two spheres"],
)
def test_euler_number_of_bodies(make, expected):
    mask = make(*np.ogrid[-10:11, -10:11, -10:11])
    assert compute_euler_number(mask, False) == expected
    assert compute_euler_number(mask, True) == expected


def test_euler_number_of_a_periodic_slab_is_zero_and_of_a_mirrored_one_its_share():
    mask = np.zeros((12, 8, 8), bool)
    mask[4:8] = True
    assert compute_euler_number(mask, True) == 0
    assert compute_euler_number(mask, False) == 0
    column = np.zeros((8, 8, 8), bool)
    column[:, 3:6, 3:6] = True
    assert compute_euler_number(column, False) == 0
    corner = np.zeros((8, 8, 8), bool)
    corner[:3, :3, :3] = True
    assert compute_euler_number(corner, False) == pytest.approx(1 / 8)


def test_euler_number_of_the_gyroid_is_that_of_its_genus():
    # genus 5 in the cubic cell (two primitive cells of genus 3): each labyrinth has Euler -4
    for n in (24, 33):
        assert compute_euler_number(gyroid(n, 1) > 0, True) == -4
    assert compute_euler_number(gyroid(40, 2) > 0, True) == -32


def test_mirrored_boxes_add_up():
    mask = np.random.default_rng(4).random((12, 9, 8)) < 0.5
    whole = np.concatenate([mask, mask[::-1]])
    assert compute_euler_number(whole, False) == 2 * compute_euler_number(mask, False)


def test_components_join_across_the_seam_only_if_periodic():
    mask = np.zeros((9, 9, 9), bool)
    mask[0, 4, 4] = mask[-1, 5, 5] = True
    assert label_components(mask, False, True)[1] == 2
    assert label_components(mask, True, True)[1] == 1
    assert label_components(mask, True, False)[1] == 2
    assert compute_largest_component_share(mask, True) == 1
    assert compute_largest_component_share(mask, False) == 0.5
    assert np.isnan(compute_largest_component_share(mask & False, True))


def test_purify_fills_pockets_and_drops_crumbs():
    mask = np.zeros((14, 14, 14), bool)
    mask[2:9, 2:9, 2:9] = True
    mask[4, 4, 4] = False
    mask[12, 12, 12] = True
    assert find_enclosed_marrow(mask, True).sum() == 1
    assert purify(mask, True).sum() == 343
    face = np.ones((6, 6, 6), bool)
    face[0, 2, 2] = face[3, 3, 3] = False
    assert not find_enclosed_marrow(face, False)[0, 2, 2]


def test_anisotropy_of_isotropic_and_stretched_structures():
    one, two = gyroid(32, 2), gyroid(32, 2, stretch=2)
    assert measure_anisotropy(one > 0, True) == pytest.approx(1, abs=0.02)
    assert measure_axial_ratio(one > 0, True) == pytest.approx(1, abs=0.01)
    assert measure_anisotropy(two > 0, True) == pytest.approx(2, rel=0.05)
    assert measure_axial_ratio(two > 0, True) == pytest.approx(2, rel=0.05)
    turned = np.swapaxes(two, 0, 2) > 0
    assert measure_anisotropy(turned, True) == pytest.approx(2, rel=0.05)
    assert measure_axial_ratio(turned, True) == pytest.approx(2**-0.5, rel=0.05)
    assert np.isnan(measure_anisotropy(np.zeros((5, 5, 5), bool), True))


def test_measure_structure_gives_every_key_in_its_unit():
    mask = np.zeros((40, 40, 40), bool)
    mask[10:18] = True
    found = measure_structure(mask, 25.0, True, True)
    assert list(found) == list(METRICS)
    assert found["bv_tv"] == pytest.approx(0.2)
    assert found["bs_tv"] == pytest.approx(2 * 0.894)
    assert found["bs_bv"] == pytest.approx(2 * 0.894 / 0.2)
    assert found["tb_th"] == pytest.approx(200)
    assert found["tb_sp"] == pytest.approx(800)
    assert found["conn_d"] == pytest.approx(1.0)  # one component without loops in 1 mm^3
    cheap = measure_structure(mask, 25.0, True, False)
    assert set(cheap) == {key for key, metric in METRICS.items() if not metric.costly}


def test_a_fraction_gives_volume_by_its_mean_and_shape_by_its_half():
    fraction = np.zeros((20, 20, 20), np.float32)
    fraction[5:10] = 1
    fraction[10] = 0.25
    found = measure_structure(fraction, 20.0, True, True)
    assert found["bv_tv"] == pytest.approx(5.25 / 20)
    assert found["tb_th"] == pytest.approx(100)


def test_wrong_arrays_are_refused_and_empty_ones_are_nan():
    with pytest.raises(ValueError, match="3-D array"):
        measure_structure(np.zeros((4, 4), bool), 20.0, True, False)
    with pytest.raises(ValueError, match="positive voxel"):
        measure_structure(np.zeros((4, 4, 4), bool), 0.0, True, False)
    found = measure_structure(np.zeros((6, 6, 6), bool), 20.0, True, True)
    assert found["bv_tv"] == 0
    assert all(np.isnan(found[key]) for key in ("bs_bv", "tb_th", "tb_n", "conn_d", "da"))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shrew_trabecular_4.1um.nrrd", {"bv_tv": 0.29349, "tb_th": 49.5, "tb_sp": 131.0}),
        (
            "trab1240_60.7um.mha",
            {"bv_tv": 0.12208, "tb_th": 156.0, "tb_sp": 768.0, "tb_n": 1.32},
        ),
    ],
)
def test_real_specimens_agree_with_a_public_tool(name, expected):
    if not (SHARED / name).exists():
        pytest.skip("the real specimens are not beside the checkout")
    specimen = load_specimen_image(SHARED / name)
    found = measure_structure(specimen.fraction, specimen.voxel, False, True)
    assert found["bv_tv"] == pytest.approx(expected.pop("bv_tv"), abs=1e-5)
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=0.05), key
    assert compute_largest_component_share(specimen.fraction >= 0.5, False) == 1
