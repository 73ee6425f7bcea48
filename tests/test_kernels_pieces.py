"""Kernels of pieces of bone against their plain twins, and against scipy."""

import numpy as np
import pytest
from scipy import ndimage

import twins.pieces as twins
from kernelworlds import CASES, SHAPE, compare, make_lattice, make_space
from trabecula.base.codes import FULL, HALF
from trabecula.kernels.pieces import label_pieces, take_pieces

pytestmark = pytest.mark.twin


def make_crumbs(seed):
    """Sparse bone in many pieces, with matrix under one half beside and between them."""
    rng = np.random.default_rng(seed)
    lattice = make_lattice(rng)
    kinds = rng.choice(
        np.array([0, 900, HALF - 1, HALF, FULL]), SHAPE, p=[0.6, 0.25, 0.07, 0.04, 0.04]
    )
    lattice.matrix[...] = kinds
    lattice.osteoid[...] = np.minimum(lattice.osteoid, lattice.matrix)
    return lattice, rng


def label(lattice, space):
    labels = np.zeros(SHAPE, np.int32)
    count, (*_, labels) = compare(label_pieces, twins.label_pieces, lattice.matrix, space, labels)
    return count, labels


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_labels(seed, periodic):
    lattice, _ = make_crumbs(seed)
    count, labels = label(lattice, make_space(periodic))
    assert 5 < count < 60
    assert ((labels > 0) == (lattice.matrix >= HALF)).all()
    if not periodic:
        expected, number = ndimage.label(lattice.matrix >= HALF, np.ones((3, 3, 3)))
        assert number == count
        np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_removal(seed, periodic):
    lattice, rng = make_crumbs(seed)
    space = make_space(periodic)
    count, labels = label(lattice, space)
    goes = (rng.random(count + 1) < 0.5).astype(np.uint8)
    goes[0] = 0
    taken, (after, *_) = compare(take_pieces, twins.take_pieces, lattice, labels, goes, space)
    assert taken == int(lattice.matrix.sum(dtype=int)) - int(after.matrix.sum(dtype=int)) > 2 * FULL
    assert (after.osteoid <= after.matrix).all()
    gone = (lattice.matrix > 0) & (after.matrix == 0)
    assert (gone & (labels == 0)).sum() > 3, "what hangs on a piece goes with it"
    assert ((after.matrix > 0) & (labels == 0)).sum() > 3, "what touches bone that stays does not"
