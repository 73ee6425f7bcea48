"""Kernels that mineralise, deposit and look at the matrix, against their plain twins."""

import numpy as np
import pytest

import twins.deposit
import twins.histology
import twins.mineral
from kernelworlds import CASES, SHAPE, compare, make_lattice, make_moment, make_space
from trabecula.base.codes import HALF
from trabecula.kernels.deposit import deposit_coarse, deposit_discs, deposit_fine, fill_open
from trabecula.kernels.histology import sum_covers
from trabecula.kernels.mineral import mineralise, sum_quanta
from trabecula.kernels.space import make_ball
from trabecula.kernels.surface import WEIGHTS

pytestmark = pytest.mark.twin
FLOAT32 = 1e-6
"""Results kept in float32, a few roundings apart."""


@pytest.mark.parametrize(("seed", "_"), CASES[::2])
@pytest.mark.parametrize("keep", [1.0, 0.98])
def test_mineralisation(seed, _, keep):
    lattice = make_lattice(np.random.default_rng(seed))
    lattice.osteoid[0] = np.minimum(lattice.matrix[0], 3)  # the last quanta go one by one,
    lattice.osteoid[0, ::2] = np.minimum(lattice.matrix[0, ::2], 1)  # by chance
    _, (_, osteoid, mineral, *_) = compare(
        mineralise, twins.mineral.mineralise, lattice.matrix, lattice.osteoid, lattice.mineral,
        (0.065, 0.7, keep), make_moment(seed), rtol=FLOAT32,
    )  # fmt: skip
    assert (osteoid < lattice.osteoid).sum() > 30
    gone = (osteoid[0] < lattice.osteoid[0])[lattice.osteoid[0] > 0]
    assert 0.02 < gone.mean() < 0.3
    assert (mineral != lattice.mineral).sum() > 30


def test_quanta():
    values = make_lattice(np.random.default_rng(1)).matrix
    total, _ = compare(sum_quanta, twins.mineral.sum_quanta, values)
    assert total > 2**20


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_deposits(seed):
    rng = np.random.default_rng(seed)
    half = tuple((n + 1) // 2 for n in SHAPE)
    bits = (rng.random(SHAPE) < 0.6).astype(np.uint8) * 64
    voxel = rng.integers(-1, bits.size, 400)
    voxel[:20] = -1
    amount, coupling = rng.random(400), (0.5 + rng.random(half)).astype(np.float32)
    for kernel, twin, shape in (
        (deposit_fine, twins.deposit.deposit_fine, SHAPE),
        (deposit_coarse, twins.deposit.deposit_coarse, half),
    ):
        out = rng.random(shape).astype(np.float32)
        _, (*_, after) = compare(kernel, twin, voxel, amount, coupling, bits, out, rtol=FLOAT32)
        assert after.sum() > out.sum() + 50
    out = np.full(SHAPE, 9, np.float32)
    compare(fill_open, twins.deposit.fill_open, bits, 0.3, coupling, out, rtol=FLOAT32)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_discs(seed, periodic):
    """On surface, in deep marrow and in bone; what is given out arrives, but for walled-in cells."""
    rng = np.random.default_rng(seed)
    bits = np.where(make_lattice(rng).matrix < HALF, 64, 0).astype(np.uint8)
    bits[:4, :5, :6] = 64  # marrow deep enough for a cell that touches nothing
    voxel = rng.integers(-1, bits.size, 60)
    voxel[:6] = [-1, -1, 112, 112, 113, 12]
    amount, radius = rng.random(60), rng.choice([0.4, 1.0, 1.7, 2.4, 3.0], 60)
    radius[2] = 0.4
    space, out = make_space(periodic), np.zeros(SHAPE, np.float32)
    _, (*_, after) = compare(
        deposit_discs, twins.deposit.deposit_discs, voxel, amount, radius, make_ball(3.0), bits, space,
        out, rtol=FLOAT32,
    )  # fmt: skip
    is_free = (voxel >= 0) & (bits.reshape(-1)[voxel] > 0)
    assert after.sum() == pytest.approx(amount[is_free].sum(), rel=1e-6)
    assert 10 < is_free.sum() < 50
    assert (after[bits == 0] == 0).all()
    assert np.count_nonzero(after) > 3 * is_free.sum()


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_covers(seed, periodic):
    """Sums to 1e-6: with the JIT off numpy shares out the areas in float32."""
    rng = np.random.default_rng(seed)
    lattice = make_lattice(rng)
    _, (*_, sums) = compare(
        sum_covers, twins.histology.sum_covers, lattice, WEIGHTS, make_space(periodic), 900,
        np.full((SHAPE[0], 3), 9.0), rtol=FLOAT32,
    )  # fmt: skip
    assert sums.sum(0).min() > 5
    assert len(set(sums.sum(0).tolist())) == 3
