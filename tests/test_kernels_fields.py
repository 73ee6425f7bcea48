"""Kernels of binding and of the fine grid against their plain twins."""

import numpy as np
import pytest

import twins.binding
import twins.stencil
from kernelworlds import compare, make_matrix
from trabecula.base.codes import HALF
from trabecula.kernels.binding import (
    compute_complex,
    compute_loss_coarse,
    compute_loss_fine,
    free_fraction,
    linearise_opg,
    scale_fine,
)
from trabecula.kernels.levels import count_surface, list_surface
from trabecula.kernels.stencil import (
    invert_diagonal,
    mark_open,
    prolong_fine,
    restrict_decay,
    restrict_fine,
)

pytestmark = pytest.mark.twin
SHAPES = [(6, 7, 9), (8, 4, 6), (1, 5, 2)]
FLOAT32 = 2e-6
"""Results kept in float32, a few roundings apart."""


def make_grid(shape, seed=1):
    """Bytes of open faces, and a maker of positive float32 fields on the fine or the coarse grid."""
    rng = np.random.default_rng(seed)
    bits = np.zeros(shape, np.uint8)
    twins.stencil.mark_open(make_matrix(rng, shape), HALF, True, bits)
    coarse = tuple((n + 1) // 2 for n in shape)

    def make(fine=False):
        return (0.1 + rng.random(shape if fine else coarse)).astype(np.float32)

    pore = twins.stencil.sum_blocks(bits > 0, coarse) / 8
    return bits, make, pore.astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("periodic", [True, False])
def test_open_faces(shape, periodic):
    matrix = make_matrix(np.random.default_rng(3), shape)
    bits = np.zeros(shape, np.uint8)
    _, (*_, bits) = compare(mark_open, twins.stencil.mark_open, matrix, HALF, periodic, bits)
    surface = np.full(shape, 9, np.uint8)
    twins.stencil.mark_surface(bits, periodic, surface)
    counts = np.full(shape[0], 9, np.int64)
    count_surface(bits, periodic, counts)
    assert counts.tolist() == surface.sum((1, 2)).tolist()
    places = np.argwhere(surface)
    voxels, blocks = np.full((2, len(places)), 9, np.int64)
    list_surface(bits, periodic, np.concatenate([[0], np.cumsum(counts)]), voxels, blocks)
    coarse = tuple((n + 1) // 2 for n in shape)
    assert voxels.tolist() == np.ravel_multi_index(places.T, shape).tolist()
    assert blocks.tolist() == np.ravel_multi_index(places.T // 2, coarse).tolist()
    assert set(np.unique(surface)) == {0, 1}


@np.errstate(divide="ignore")  # of bone, masked after it: compiled, 1 / 0 is silent anyway
@pytest.mark.parametrize("shape", SHAPES)
def test_transfers_and_diagonal(shape):
    bits, make, pore = make_grid(shape)
    g = np.float32(3.0)
    decay = make(fine=True)
    _, (*_, inverse) = compare(invert_diagonal, twins.stencil.invert_diagonal, bits, g, decay,
                               rtol=FLOAT32)  # fmt: skip
    # the decay comes back as the difference of two numbers some ten times larger
    compare(restrict_decay, twins.stencil.restrict_decay, bits, g, inverse, pore.copy(), rtol=2e-5)
    compare(restrict_fine, twins.stencil.restrict_fine, make(fine=True), bits, pore.copy(),
            rtol=FLOAT32)  # fmt: skip
    compare(prolong_fine, twins.stencil.prolong_fine, make(), bits, make(fine=True), rtol=FLOAT32)


@pytest.mark.parametrize("k_opg", [0.0, 0.6, 3.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_binding(shape, k_opg):
    bits, make, pore = make_grid(shape)
    b = 1.7
    p = (2.5, 0.9, 30.0, 6.0, k_opg, b)
    opg, soluble, free = make(), make(), make(fine=True)
    compare(free_fraction, twins.binding.free_fraction, 2.0, k_opg, b, rtol=1e-12)
    rank = make(fine=True) - np.float32(0.6)
    rank[rank < 0] = 0
    compare(compute_loss_fine, twins.binding.compute_loss_fine, free, soluble, opg, bits, rank, p,
            make(fine=True), rtol=FLOAT32)  # fmt: skip
    for inverse in (True, False):
        compare(scale_fine, twins.binding.scale_fine, free, opg, bits, k_opg, b, inverse,
                make(fine=True), rtol=FLOAT32)  # fmt: skip
    compare(compute_loss_coarse, twins.binding.compute_loss_coarse, make(), make(), opg, pore, make(),
            p, make(), rtol=FLOAT32)  # fmt: skip
    compare(compute_complex, twins.binding.compute_complex, make(), opg, pore, k_opg, b, make(),
            rtol=FLOAT32)  # fmt: skip
    below = opg - np.float32(0.3)
    compare(linearise_opg, twins.binding.linearise_opg, below, make(), make(), pore,
            (0.8, 0.9, k_opg), make(), make(), rtol=FLOAT32)  # fmt: skip
