"""Surface weights: known bias on planes, spheres and rods; sides; agreement with a plain count."""

import numpy as np
import pytest

from trabecula.kernels.surface import WEIGHTS, compute_surface_weights


def ball(radius, half):
    z, y, x = np.ogrid[-half : half + 1, -half : half + 1, -half : half + 1]
    return z * z + y * y + x * x <= radius**2


@pytest.mark.parametrize("radius", [6.1, 9.2, 13.3, 19.4])
def test_spheres_read_the_stated_bias(radius):
    centres = np.random.default_rng(7).random((4, 3))
    z, y, x = np.ogrid[-22:23, -22:23, -22:23]
    totals = [
        compute_surface_weights(
            (z - c[0]) ** 2 + (y - c[1]) ** 2 + (x - c[2]) ** 2 <= radius**2, False
        )[1]
        for c in centres
    ]
    bias = np.mean(totals) / (4 * np.pi * radius**2) - 1
    assert bias == pytest.approx(-0.3 / radius, abs=0.008)


def test_planes_along_the_axes_read_the_stated_bias():
    mask = np.zeros((20, 12, 12), bool)
    mask[5:11] = True
    _, total = compute_surface_weights(mask, True)
    assert total == pytest.approx(0.894 * 2 * 144, rel=1e-6)


def test_rods_of_every_direction_are_within_two_per_cent_on_average():
    z, y, x = np.ogrid[-30:31, -30:31, -30:31]
    errors = []
    for direction in np.random.default_rng(3).normal(size=(12, 3)):
        n = direction / np.linalg.norm(direction)
        along = z * n[0] + y * n[1] + x * n[2]
        mask = (z * z + y * y + x * x - along**2 <= 8**2) & (abs(along) <= 25)
        inner = abs(along) <= 12
        weights, _ = compute_surface_weights(mask, False)
        length = mask[inner].sum() / (np.pi * 64)
        errors.append(weights[inner].sum() / (2 * np.pi * 8 * length) - 1)
    assert abs(np.mean(errors)) < 0.02
    assert np.abs(errors).max() < 0.05


def test_a_face_on_a_mirrored_side_is_closed_and_on_a_periodic_one_open():
    mask = np.zeros((6, 4, 4), bool)
    mask[:3] = True
    _, mirrored = compute_surface_weights(mask, False)
    _, periodic = compute_surface_weights(mask, True)
    assert mirrored == pytest.approx(0.894 * 16)
    assert periodic == pytest.approx(2 * 0.894 * 16)


def test_uint8_and_bool_agree_and_the_table_knows_all_arrangements():
    mask = ball(4.2, 6)
    assert (
        compute_surface_weights(mask, True)[1]
        == compute_surface_weights(mask.astype("u1"), True)[1]
    )
    assert WEIGHTS[0] == 0
    assert (WEIGHTS[1:] > 0.8).all()
