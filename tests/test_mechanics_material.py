"""From bone to stiffness, and from strain to failure, on arrays whose answer is known."""

import numpy as np
import pytest

from trabecula.mechanics.failure import compute_effective_strain, compute_pistoia_factor
from trabecula.mechanics.material import compute_modulus

P = {
    "mechanics.modulus.tissue": 12_000.0,
    "mechanics.modulus.fraction_power": 1.5,
    "mechanics.modulus.mineral_power": 2.5,
    "mechanics.modulus.floor": 0.2,
}


def test_stiffness_by_fraction_and_mineral():
    fraction = np.array([1.0, 1.0, 0.49, 0.25], np.float32).reshape(1, 2, 2)
    mineral = np.array([1.0, 0.64, 1.0, 0.64], np.float32).reshape(1, 2, 2)
    found = compute_modulus(fraction, mineral, P)
    expected = 12_000 * np.array([1.0, 0.8**5, 0.7**3, 0.5**3 * 0.8**5])
    np.testing.assert_allclose(found.reshape(-1), expected, rtol=1e-6)
    assert found.dtype == np.float32


def test_too_little_bone_carries_nothing():
    found = compute_modulus(np.array([0.0, 0.1, 0.199, 0.201, 0.3], np.float32), 1.0, P)
    np.testing.assert_array_equal(found > 0, [False, False, False, True, True])
    exact = compute_modulus(np.array([0.2]), 1.0, P)
    assert exact[0] > 0


def test_more_bone_and_more_mineral_are_stiffer():
    shares = np.linspace(0.2, 1.0, 30)
    assert (np.diff(compute_modulus(shares, 0.7, P)) > 0).all()
    assert (np.diff(compute_modulus(np.ones(30), shares, P)) > 0).all()
    assert compute_modulus(np.ones(1), 1.0, P)[0] == 12_000


def test_effective_strain():
    """U = E eps^2 / 2 for strain along one axis."""
    modulus = np.array([[10_000.0, 5000.0], [0.0, 1.0]])
    density = np.array([[0.5 * 10_000 * 0.01**2, 0.5 * 5000 * 0.02**2], [3.0, 0.0]])
    found = compute_effective_strain(density, modulus)
    np.testing.assert_allclose(found, [[0.01, 0.02], [0.0, 0.0]], rtol=1e-12)


def test_the_factor_brings_two_per_cent_of_the_tissue_to_the_limit():
    strain = np.random.default_rng(1).permutation(np.arange(1, 1002) / 1000)
    factor = compute_pistoia_factor(strain, 0.007, 0.02)
    assert factor == pytest.approx(0.007 / 0.981)
    assert (strain * factor > 0.007 * (1 + 1e-12)).mean() == pytest.approx(0.02, abs=0.001)
    assert compute_pistoia_factor(2 * strain, 0.007, 0.02) == pytest.approx(factor / 2)
    assert compute_pistoia_factor(strain, 0.014, 0.02) == pytest.approx(2 * factor)
    assert compute_pistoia_factor(strain, 0.007, 0.5) == pytest.approx(0.007 / 0.501)


def test_nothing_strained_never_fails():
    assert np.isnan(compute_pistoia_factor(np.zeros(0), 0.007, 0.02))
    assert np.isnan(compute_pistoia_factor(np.zeros(50), 0.007, 0.02))
