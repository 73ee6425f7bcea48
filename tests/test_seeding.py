"""The cells that a lattice starts with are those of a bone that has lived."""

import numpy as np
import pytest

from trabecula.base.codes import FULL, Sides
from trabecula.config import load_parameters
from trabecula.lattice import make_lattice
from trabecula.model.genesis import compute_osteocyte_loss, make_state
from trabecula.state import Grid, Signals


@pytest.fixture(scope="module")
def state():
    fraction = np.ones((60, 60, 60), np.float32)
    fraction[:4] = 0.0
    return make_state(fraction, 20.0, Sides.PERIODIC, 3, 1.0, load_parameters(), Signals())


def test_osteocytes_start_at_the_density_of_adult_bone(state):
    volume = state.volume.start / FULL * 20.0**3 * 1e-9
    adult = load_parameters()["cells.osteocyte.adult"]
    assert state.cells.osteocytes.count / volume == pytest.approx(adult, rel=0.03)


def test_old_bone_has_lost_more_of_them(state):
    age = -state.lattice.formed.reshape(-1)
    bone = state.lattice.matrix.reshape(-1) == FULL
    living = age[state.cells.osteocytes.rows.voxel]
    loss = compute_osteocyte_loss(load_parameters())
    density = load_parameters()["cells.osteocyte.density"]
    for low, high in [(0, 500), (2000, 3000), (5000, 9000)]:
        voxels = bone & (age >= low) & (age < high)
        expected = density * 8e-6 * np.exp(-age[voxels] * loss).sum()
        found = ((living >= low) & (living < high)).sum()
        assert found == pytest.approx(expected, abs=4.0 * float(np.sqrt(expected)))


@pytest.mark.parametrize(("voxel", "edge"), [(20.0, 6), (10.0, 12), (40.0, 3)])
def test_ages_are_exponential_in_packets(voxel, edge):
    """Packets are as large on every voxel."""
    n = 10 * edge
    grid = Grid((n, n, n), voxel, Sides.PERIODIC)
    formed = make_lattice(np.ones((n, n, n)), grid, 5, 2200.0, 120.0, 0.0).formed
    packets = formed.reshape(10, edge, 10, edge, 10, edge)
    assert (packets == packets[:, :1, :, :1, :, :1]).all()
    ages = -packets[:, 0, :, 0, :, 0].reshape(-1)
    assert len(np.unique(ages)) == 1000
    assert ages.mean() == pytest.approx(2200.0, rel=0.1)
    assert (ages > 2200.0).mean() == pytest.approx(np.exp(-1), abs=0.05)


def test_without_loss_all_of_them_are_alive():
    parameters = load_parameters({"cells.osteocyte.adult": 20000.0})
    assert compute_osteocyte_loss(parameters) == pytest.approx(0.1 / 2200.0)
    with_more = load_parameters(
        {"cells.osteocyte.adult": 20000.0, "cells.osteocyte.density": 15000.0}
    )
    assert compute_osteocyte_loss(with_more) == 0.0
