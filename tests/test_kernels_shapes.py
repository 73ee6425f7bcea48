"""Kernels that measure and make shapes against their plain twins."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

import twins.boxdistance
import twins.distance
import twins.euler
import twins.level
import twins.noise
import twins.spheres
import twins.surface
from kernelworlds import compare
from trabecula.kernels.boxdistance import compute_box_distance
from trabecula.kernels.distance import compute_distance
from trabecula.kernels.euler import compute_euler_number
from trabecula.kernels.level import compute_cut_volume, fill_gradient
from trabecula.kernels.noise import fill_normal
from trabecula.kernels.spheres import find_half_ridge, find_ridge, mark_mid_axes, paint_spheres
from trabecula.kernels.surface import compute_surface_weights

pytestmark = pytest.mark.twin
SHAPE = (6, 7, 9)
SEEDS = [1, 2, 3]


def make_mask(seed, share=0.9):
    return np.random.default_rng(seed).random(SHAPE) < share


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("share", [0.5, 0.99, 1.0])
@pytest.mark.parametrize("shape", [SHAPE, (1, 5, 4), (12, 3, 2)])
def test_distance(seed, share, shape):
    """Among equally near voxels the two may name different ones."""
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < share
    mask.reshape(-1)[rng.integers(mask.size)] = False
    distance, place = compute_distance(mask)
    expected, named = twins.distance.compute_distance(mask)
    np.testing.assert_array_equal(distance, expected)
    away = place - np.indices(shape)
    np.testing.assert_allclose((away**2).sum(0), distance**2)
    np.testing.assert_allclose(((named - np.indices(shape)) ** 2).sum(0), distance**2)
    there = tuple(index % n for index, n in zip(place, shape, strict=True))
    assert not mask[there].any()


def test_distance_where_nothing_lies_outside():
    distance, _ = compute_distance(np.ones((3, 4, 5), bool))
    assert np.isinf(distance).all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("share", [0.5, 0.99, 1.0])
@pytest.mark.parametrize("shape", [SHAPE, (1, 5, 4), (12, 3, 2)])
def test_box_distance(seed, share, shape):
    """Of equally near voxels both name the same."""
    mask = np.random.default_rng(seed).random(shape) < share
    distance, place = compute_box_distance(mask, 1, 2)
    middle = tuple(slice(1, -2) for _ in shape)
    expected, named = twins.boxdistance.compute_box_distance(mask)
    np.testing.assert_array_equal(distance[middle], expected.astype(np.float32))
    np.testing.assert_array_equal(place[(slice(None), *middle)], named)
    assert np.count_nonzero(distance) == mask.sum(), "nothing beyond the box"
    alone, nothing = compute_box_distance(mask, 1, 2, is_placed=False)
    np.testing.assert_array_equal(alone, distance)
    assert nothing.size == 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("periodic", [True, False])
def test_ridges(seed, periodic):
    mask = make_mask(seed)
    padded = np.pad(mask, 4, mode="wrap") if periodic else np.pad(mask, 4)
    distance, feature = distance_transform_edt(padded, return_indices=True)
    window = tuple(slice(4, 4 + n + 1) for n in SHAPE)
    distance = np.ascontiguousarray(distance[window], dtype=np.float32)
    feature = np.ascontiguousarray(feature[(slice(None), *window)]) - np.int32(4)
    centres = np.zeros((900, 4), np.float32)
    core = np.ascontiguousarray(distance[:-1, :-1, :-1])
    count, (*_, centres) = compare(find_ridge, twins.spheres.find_ridge, core, 0.3, periodic,
                                   centres)  # fmt: skip
    assert 20 < count < mask.sum()
    rough = np.random.default_rng(seed).uniform(-1, 2, SHAPE).astype(np.float32)
    compare(find_ridge, twins.spheres.find_ridge, rough, 0.3, periodic, centres)
    more, _ = compare(find_half_ridge, twins.spheres.find_half_ridge, distance, feature, centres,
                      count, rtol=1e-6)  # fmt: skip
    assert more > count
    few, _ = compare(find_half_ridge, twins.spheres.find_half_ridge, distance, feature,
                     centres[: count + 1].copy(), count, rtol=1e-6)  # fmt: skip
    assert few == count + 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("periodic", [True, False])
def test_painting(seed, periodic):
    """Spheres between voxels, across the sides and larger than the lattice; two tasks of planes."""
    rng = np.random.default_rng(seed)
    shape = (19, 7, 9)
    centres = np.empty((12, 4), np.float32)
    centres[:, :3] = rng.integers(0, np.array(shape) * 2, (12, 3)) / 2
    centres[:, 3] = np.sqrt(rng.integers(1, 60, 12) / 4)
    centres[0, 3] = 6.0
    _, (*_, painted) = compare(paint_spheres, twins.spheres.paint_spheres, centres, periodic,
                               np.zeros(shape, np.float32))  # fmt: skip
    assert len(np.unique(painted)) > 5


@pytest.mark.parametrize("seed", SEEDS)
def test_mid_axes(seed):
    distance = distance_transform_edt(np.pad(make_mask(seed, 0.95), 3, mode="wrap"))
    distance = np.ascontiguousarray(distance[2:-2, 2:-2, 2:-2])
    axes = np.full(SHAPE, 7, np.uint8)
    _, (*_, axes) = compare(mark_mid_axes, twins.spheres.mark_mid_axes, distance, 0.3, axes)
    assert len(np.unique(axes)) == 3


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("periodic", [True, False])
def test_euler_number(seed, periodic):
    """Bodies that cross the sides: cells there count by the share that lies inside."""
    mask = make_mask(seed, 0.35)
    found, _ = compare(compute_euler_number, twins.euler.compute_euler_number, mask, periodic)
    assert found != 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("periodic", [True, False])
def test_surface_weights(seed, periodic):
    """To float32, in which areas are kept."""
    mask = make_mask(seed, 0.5)
    weights, total = compute_surface_weights(mask, periodic)
    expected = twins.surface.compute_surface_weights(mask, periodic)
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    assert total == pytest.approx(expected.sum(), rel=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_level_cuts(seed):
    """Sums and roots of float64 in another order."""
    field = np.random.default_rng(seed).normal(size=SHAPE)
    _, (*_, slope) = compare(fill_gradient, twins.level.fill_gradient, field, 0.3,
                             np.zeros(SHAPE), rtol=1e-12)  # fmt: skip
    assert (slope == 0.3).any()
    assert (slope > 0.3).any()
    compare(compute_cut_volume, twins.level.compute_cut_volume, field.ravel(), slope.ravel(), 0.2,
            rtol=1e-12)  # fmt: skip


def test_normal_numbers():
    """To 1e-12: logarithm and cosine may round differently."""
    compare(fill_normal, twins.noise.fill_normal, 5, 2, 7, np.zeros(300), rtol=1e-12)
