"""Matrix, mineral and the guards of the ledgers."""

import numpy as np
import pytest

from bones import make_empty, make_living
from trabecula.base.codes import FULL
from trabecula.base.errors import LedgerError
from trabecula.kernels.mineral import mineralise
from trabecula.kernels.space import Moment
from trabecula.lattice import build, check_ledgers


def test_a_missing_quantum_stops_the_run():
    state, _ = make_living()
    check_ledgers(state)
    z, y, x = np.argwhere(state.lattice.matrix == FULL)[0]
    state.lattice.matrix[z, y, x] -= 1
    with pytest.raises(LedgerError, match="volume ledger"):
        check_ledgers(state)


def test_a_stray_quantum_of_factor_stops_the_run():
    state, _ = make_living()
    state.lattice.bound[0, 0, 0] += 1
    with pytest.raises(LedgerError, match="coupling factor"):
        check_ledgers(state)


def test_osteoid_mineralises_exponentially_and_matrix_does_not_change():
    matrix = np.full((1, 1, 3), FULL, np.uint16)
    matrix[0, 0, 2] = 0
    osteoid = np.array([[[20000, 0, 0]]], np.uint16)
    mineral = np.array([[[1.0, 0.8, 0.5]]], np.float32)
    share = 1 - np.exp(-1 / 15.0)
    for day in range(15):
        mineralise(matrix, osteoid, mineral, (share, 0.7, 1.0), Moment(1, day, float(day), 1.0))
    assert osteoid[0, 0, 0] == pytest.approx(20000 * np.exp(-1), rel=1e-3)
    assert mineral[0, 0, 2] == 0
    assert mineral[0, 0, 1] == pytest.approx(0.8)
    old, fresh = FULL - 20000, 20000 - int(osteoid[0, 0, 0])
    assert mineral[0, 0, 0] == pytest.approx((old + 0.7 * fresh) / (old + fresh), rel=1e-4)


def test_every_seam_ends():
    matrix = np.full((1, 1, 1), FULL, np.uint16)
    osteoid = np.full((1, 1, 1), FULL, np.uint16)
    mineral = np.zeros((1, 1, 1), np.float32)
    for day in range(400):
        mineralise(matrix, osteoid, mineral, (0.065, 0.7, 1.0), Moment(1, day, float(day), 1.0))
    assert osteoid[0, 0, 0] == 0
    assert mineral[0, 0, 0] == pytest.approx(0.7, abs=1e-3)


@pytest.mark.parametrize("step", [1.0, 0.1, 0.01])
def test_seams_last_as_long_whatever_the_step(step):
    """Laid at a constant pace and mineralised with a lag of 20 d: pace x lag of it in the end."""
    shape, lag, days, quanta = (4, 8, 8), 20.0, 60, 0.75
    matrix = np.full(shape, FULL, np.uint16)
    osteoid = np.zeros(shape, np.uint16)
    mineral = np.ones(shape, np.float32)
    share = 1.0 - np.exp(-step / lag)
    rng = np.random.default_rng(1)
    for k in range(round(days / step)):
        osteoid += (rng.random(shape) < quanta * step).astype(np.uint16)
        mineralise(matrix, osteoid, mineral, (share, 0.7, 1.0), Moment(1, k, k * step, step))
    law = quanta * lag * (1.0 - np.exp(-days / lag))
    assert osteoid.mean() == pytest.approx(law, rel=0.1)


def test_secondary_mineralisation_approaches_one():
    matrix = np.full((1, 1, 1), FULL, np.uint16)
    osteoid = np.zeros((1, 1, 1), np.uint16)
    mineral = np.full((1, 1, 1), 0.7, np.float32)
    keep = np.exp(-10 / 900.0)
    for day in range(90):
        mineralise(matrix, osteoid, mineral, (0.065, 0.7, keep), Moment(1, day, float(day), 1.0))
    assert mineral[0, 0, 0] == pytest.approx(1 - 0.3 * np.exp(-1), rel=1e-4)


def test_ages_are_spread():
    state, parameters = make_living()
    ages = -state.lattice.formed[state.lattice.matrix == FULL]
    assert ages.std() > 0.3 * parameters["lattice.age.mean"]


def test_a_voxel_holds_no_more_matrix_than_is_full():
    """Resampling an image overshoots its 0 and 1 a little."""
    fraction = np.full((6, 6, 6), 1.2, np.float32)
    fraction[0], fraction[1] = -0.1, 0.5
    grid = make_empty((6, 6, 6)).grid
    matrix = build.make_lattice(fraction, grid, 1, 1000.0, 120.0, 0.0).matrix
    assert (matrix[0] == 0).all()
    assert (matrix[1] == FULL // 2).all()
    assert (matrix[2:] == FULL).all()
