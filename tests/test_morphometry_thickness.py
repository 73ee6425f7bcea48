"""Sphere-fitted thickness on slabs, rods, spheres, a gyroid and two real specimens."""

import numpy as np
import pytest

from trabecula.kernels.compile import get_max_threads, set_threads
from trabecula.morphometry import compute_local_thickness, measure_thickness
from trabecula.morphometry.thickness import find_mid_axes, measure_number


def grid(half):
    return np.ogrid[-half : half + 1, -half : half + 1, -half : half + 1]


def gyroid(n, cells, level):
    z, y, x = np.meshgrid(*[2 * np.pi * cells * np.arange(n) / n] * 3, indexing="ij")
    return np.sin(x) * np.cos(y) + np.sin(y) * np.cos(z) + np.sin(z) * np.cos(x) > level


def twin(mask):
    """Largest sphere over every voxel, by comparing all pairs; centres between voxels too."""
    bone = np.argwhere(mask).astype(float)
    marrow = np.argwhere(~np.pad(mask, 1)).astype(float) - 1

    def distance(points):
        return np.sqrt(((points[:, None] - marrow[None]) ** 2).sum(2)).min(1)

    centres, radii = [bone], [distance(bone)]
    for axis in range(3):
        step = np.eye(3)[axis]
        top = np.maximum(distance(bone), distance(bone + step))
        both = (distance(bone + step) > 0) & (distance(bone + step / 2) > top + 0.4)
        centres.append(bone[both] + step / 2)
        radii.append(distance(centres[-1]))
    radius = np.concatenate(radii)
    reach = np.sqrt(((np.concatenate(centres)[:, None] - bone[None]) ** 2).sum(2))
    painted = np.where(reach < radius[:, None], radius[:, None], 0).max(0)
    out = np.zeros(mask.shape)
    out[mask] = 2 * painted - 1
    return out


@pytest.mark.parametrize("width", [2, 3, 7, 10, 15])
@pytest.mark.parametrize("periodic", [True, False])
def test_slabs_are_exact(width, periodic):
    mask = np.zeros((40, 40, 40), bool)
    mask[6 : 6 + width] = True
    thickness = compute_local_thickness(mask, periodic)
    np.testing.assert_allclose(thickness[6 : 6 + width, 18:22, 18:22], width)
    assert (thickness[~mask] == 0).all()


def test_a_slab_across_the_seam_is_whole_when_periodic():
    mask = np.zeros((30, 16, 16), bool)
    mask[:4] = mask[-5:] = True
    assert measure_thickness(mask, True) == pytest.approx(9)
    assert measure_thickness(~mask, True) == pytest.approx(21)


@pytest.mark.parametrize("radius", [12.4, 15.2])
def test_spheres_and_rods_read_within_five_per_cent(radius):
    z, y, x = grid(20)
    assert measure_thickness(z * z + y * y + x * x <= radius**2, True) == pytest.approx(
        2 * radius, rel=0.05
    )
    rod = np.broadcast_to(z * 0 + y * y + x * x <= radius**2, (41, 41, 41))
    assert measure_thickness(rod, True) == pytest.approx(2 * radius, rel=0.05)


def test_thin_rods_read_at_most_a_voxel_small():
    z, y, x = grid(14)
    rod = np.broadcast_to(z * 0 + y * y + x * x <= 5.3**2, (29, 29, 29))
    assert 2 * 5.3 - 1.0 < measure_thickness(rod, True) < 2 * 5.3


def test_spheres_of_two_sizes_keep_their_own_thickness():
    mask = np.zeros((26, 26, 60), bool)
    z, y, x = np.ogrid[:26, :26, :60]
    mask |= (z - 12) ** 2 + (y - 12) ** 2 + (x - 13) ** 2 <= 11**2
    mask |= (z - 12) ** 2 + (y - 12) ** 2 + (x - 45) ** 2 <= 5**2
    thickness = compute_local_thickness(mask, False)
    assert thickness[12, 12, 13] == pytest.approx(21, abs=1.5)
    assert thickness[12, 12, 45] == pytest.approx(9.5, abs=1.5)


def test_gyroid_scales_with_resolution():
    coarse = measure_thickness(gyroid(32, 1, 0.0), True) / 32
    fine = measure_thickness(gyroid(64, 1, 0.0), True) / 64
    assert coarse == pytest.approx(fine, rel=0.05)
    halves = measure_thickness(~gyroid(64, 1, 0.0), True) / 64
    assert halves == pytest.approx(fine, rel=0.02)
    # the midsurface of either labyrinth lies a / sqrt(12) .. a / 2 from the surface's other side
    assert 0.35 < fine < 0.55


@pytest.mark.parametrize("share", [0.9, 0.97])
def test_painting_equals_its_twin_up_to_the_ridge_slack(share):
    mask = np.random.default_rng(5).random((10, 10, 10)) < share
    thickness, expected = compute_local_thickness(mask, False), twin(mask)
    assert (thickness <= expected + 1e-4).all()
    assert (np.abs(thickness - expected) < 1e-4).mean() > 0.85
    assert thickness[mask].mean() == pytest.approx(expected[mask].mean(), rel=0.03)


def test_threads_change_no_bit():
    if get_max_threads() < 2:
        pytest.skip("numba was started with one thread")
    mask = gyroid(40, 2, 0.4)
    results = []
    for threads in (1, 2):
        set_threads(threads)
        results.append(compute_local_thickness(mask, True))
    set_threads(1)
    assert (results[0] == results[1]).all()


def test_mid_axes_of_plates_and_their_number():
    mask = np.zeros((60, 16, 16), bool)
    for start in (3, 23, 43):
        mask[start : start + 5] = True
    axes = find_mid_axes(mask, True)
    assert axes[5].all()
    assert axes.sum() == 3 * 256
    assert measure_number(mask, True) == pytest.approx(1 / 19)


def test_nothing_to_measure_is_nan():
    empty = np.zeros((4, 4, 4), bool)
    assert np.isnan(measure_thickness(empty, True))
    assert np.isnan(measure_number(empty, True))
    assert np.isinf(measure_thickness(~empty, True))
    assert measure_thickness(np.ones((5, 5, 5), bool), False) <= 5
