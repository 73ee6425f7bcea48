"""Connectivity, components, anisotropy and the table of structural metrics."""

from pathlib import Path

import numpy as np
import pytest

from trabecula.kernels.euler import compute_euler_number
from trabecula.morphometry import (
    METRICS,
    compute_largest_component_share,
    count_networks,
    measure_anisotropy,
    measure_axial_ratio,
    measure_structure,
    purify,
)
from trabecula.morphometry.components import find_enclosed_marrow, label_components
from trabecula.morphometry.imaging import compute_blur, make_image
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


def test_networks_are_those_of_the_endless_lattice():
    plates = np.zeros((8, 8, 8), bool)
    plates[:, 2] = True
    assert count_networks(plates, True) == 2  # every lattice has its own plate
    plates[4, :, 4] = True
    assert count_networks(plates, True) == 1
    # a plate that climbs half an edge from side to side joins a second one, which climbs the rest
    ramp = np.zeros((8, 16, 8), bool)
    for x in range(8):
        for start in (0, 8):
            ramp[:, (start + x) % 16, x] = ramp[:, (start + x + 1) % 16, x] = True
    assert label_components(ramp, True, False)[1] == 1
    assert count_networks(ramp, False) == 2
    ramp[3, 3:12, 3] = True
    assert count_networks(ramp, False) == 1
    assert count_networks(np.zeros((4, 4, 4), bool), True) == 0
    assert count_networks(np.ones((4, 4, 4), bool), False) == 1


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


@pytest.mark.parametrize("periodic", [True, False])
def test_connectivity_counts_neither_crumbs_nor_pockets(periodic):
    """A plate with two tunnels, which goes on beyond the sides."""
    plate = np.zeros((20, 16, 18), bool)
    plate[4:12] = True
    plate[4:12, 4:6, 5:7] = plate[4:12, 10:12, 9:11] = False
    rough = plate.copy()
    rough[16:18, 8:10, 8:10] = True  # a crumb would take one off, and so would a pocket
    rough[8, 8, 14] = False
    clean, found = (measure_structure(mask, 20.0, periodic, True) for mask in (plate, rough))
    assert clean["conn_d"] * plate.size * 0.02**3 == pytest.approx(3.0)
    assert found["conn_d"] == clean["conn_d"]


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
    assert found["tb_th_imaged"] == pytest.approx(200)
    assert found["conn_d_imaged"] == pytest.approx(1.0)
    assert found["tb_sp_imaged"] == pytest.approx(800)
    assert found["tb_n_imaged"] == pytest.approx(found["tb_n"])
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


def make_plate(voxel, thick, holes, periodic):
    """A plate of `thick` um across z with square `holes`: (y, x, edge) in um; edge 1.2 mm."""
    n = round(1200 / voxel)
    fraction = np.zeros((n // 2, n, n), np.float32)
    middle, half = n // 4, round(thick / voxel / 2)
    fraction[middle - half : middle + half] = 1
    for y, x, edge in holes:
        y0, x0, width = round(y / voxel), round(x / voxel), round(edge / voxel)
        fraction[:, y0 : y0 + width, x0 : x0 + width] = 0
    return measure_structure(fraction, voxel, periodic, True), fraction.size * (voxel / 1000) ** 3


@pytest.mark.parametrize("periodic", [True, False])
def test_a_scan_sees_tunnels_but_not_holes_a_voxel_wide(periodic):
    rough = [(100 * i + 60, 100 * j + 40, 20) for i in range(1, 5) for j in range(1, 4)]
    tunnels = [(700, 300, 100), (900, 900, 100)]
    whole, volume = make_plate(20.0, 160, [], periodic)
    pitted, _ = make_plate(20.0, 160, rough, periodic)
    both, _ = make_plate(20.0, 160, rough + tunnels, periodic)
    count = lambda found, key: (found[key] - whole[key]) * volume  # noqa: E731
    assert count(pitted, "conn_d") == pytest.approx(12)
    assert count(pitted, "conn_d_imaged") == pytest.approx(0)
    assert count(both, "conn_d") == pytest.approx(14)
    assert count(both, "conn_d_imaged") == pytest.approx(2)
    assert pitted["tb_th"] < whole["tb_th"] - 2
    assert pitted["tb_th_imaged"] == pytest.approx(whole["tb_th_imaged"], abs=1)


@pytest.mark.parametrize("periodic", [True, False])
def test_ridges_and_crumbs_are_no_trabeculae_to_a_scan(periodic):
    """Ridges a voxel high on two plates, and voxels that lie loose between them."""
    plates = np.zeros((60, 60, 60), np.float32)
    plates[10:18] = plates[40:48] = 1
    rough = plates.copy()
    rough[18, 4::8] = rough[48, :, 4::8] = 1
    rough[29, 10::20, 10::20] = 1
    smooth, other = (measure_structure(a, 20.0, periodic, True) for a in (plates, rough))
    assert other["tb_n"] > 1.02 * smooth["tb_n"]
    assert other["tb_sp"] < 0.98 * smooth["tb_sp"]
    for key in ("tb_n_imaged", "tb_sp_imaged"):
        assert other[key] == pytest.approx(smooth[key], rel=0.005), key


def test_the_blur_is_a_length_and_crosses_or_mirrors_the_sides():
    for voxel in (10.0, 20.0):
        small, volume = make_plate(voxel, 160, [(400, 400, 40)], True)
        large, _ = make_plate(voxel, 160, [(400, 400, 100)], True)
        assert small["conn_d_imaged"] * volume == pytest.approx(1)
        assert large["conn_d_imaged"] * volume == pytest.approx(2)
    assert compute_blur(20.0) == pytest.approx(np.sqrt(900 - 400 / 12) / 20)
    assert compute_blur(120.0) == 0
    side = np.zeros((20, 12, 12), np.float32)
    side[:2] = 1  # 40 um at one side: mirrored it is a plate of 80 um, wrapped one of 40 um
    assert make_image(side, 20.0, False)[:2].all()
    assert not make_image(side, 20.0, True).any()
    fraction = np.full((8, 8, 8), 0.49, np.float32)
    assert not make_image(fraction, 20.0, True).any()
    assert make_image(fraction + np.float32(0.02), 20.0, True).all()


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
