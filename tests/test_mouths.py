"""Mouths of sites: the surface that they opened, as bone surface is measured."""

import numpy as np
import pytest

from kernelworlds import make_lattice, make_scene
from trabecula.base.codes import FULL
from trabecula.kernels.osteoclasts import measure_opened
from trabecula.kernels.space import Space


def test_the_mouth_of_a_pit_is_the_surface_that_it_opened():
    """Over planes of random direction, whatever their place on the lattice, also as it is dug."""
    rng, n, radius = np.random.default_rng(1), 40, 13.0
    space = Space(n, n, n, 0, 20.0)
    centred = np.indices((n, n, n)).reshape(3, -1).T - (n - 1) / 2 + 0.2
    lattice, ratios = make_lattice(rng, (n, n, n)), []
    scene = make_scene(lattice, space)  # of which only the matrix is asked for
    for _ in range(12):
        normal = rng.normal(size=3)
        normal /= np.linalg.norm(normal)
        height = centred @ normal
        lattice.matrix[...] = np.where(height.reshape(n, n, n) < 0, FULL, 0)
        lattice.site[...] = lattice.eroded[...] = 0
        near = np.linalg.norm(centred - np.outer(height, normal), axis=1) < radius
        near &= np.abs(height) < 3.0
        first = (near.reshape(n, n, n) & (lattice.matrix > 0)) & erode(lattice.matrix == 0)
        area = 0.0
        for z, y, x in rng.permutation(np.argwhere(first)):
            area += measure_opened(lattice, scene, space, 1, z, y, x)
            lattice.matrix[z, y, x], lattice.site[z, y, x], lattice.eroded[z, y, x] = 0, 1, 1
        ratios.append(area / (np.pi * (radius * 20.0) ** 2))
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.03)
    assert np.ptp(ratios) < 0.25


def erode(marrow):
    """Which voxels share a face with marrow."""
    near = np.zeros_like(marrow)
    for axis in range(3):
        for way in (-1, 1):
            near |= np.roll(marrow, way, axis)
    return near
