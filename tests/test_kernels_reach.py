"""What an osteoblast reaches: against twins, and the same in micrometres on coarse and fine voxels."""

import numpy as np
import pytest

import twins.reach
from kernelworlds import CASES, compare, make_lattice, make_space
from trabecula.base.codes import FULL
from trabecula.kernels.reach import (
    count_around,
    count_bone,
    holds,
    is_held,
    measure_hollow,
    share_bony,
    take_near,
)
from trabecula.kernels.space import Space

pytestmark = pytest.mark.twin
REACH = pytest.mark.parametrize("reach", [1, 2, 3])


def make_world(seed, periodic):
    rng = np.random.default_rng(seed)
    lattice, space = make_lattice(rng), make_space(periodic)
    places = rng.integers(0, lattice.matrix.shape, (30, 3))
    return lattice, space, [tuple(int(i) for i in place) for place in places], rng


@REACH
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_hollows(seed, periodic, reach):
    lattice, space, places, _ = make_world(seed, periodic)
    found = [
        compare(measure_hollow, twins.reach.measure_hollow, lattice.matrix, *place, reach, space,
                rtol=1e-12)[0]
        for place in places
    ]  # fmt: skip
    assert min(found) < 0.75 < max(found)


@REACH
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_counts_of_bone_around(seed, periodic, reach):
    lattice, space, places, _ = make_world(seed, periodic)
    found = []
    for place in places:
        args = (lattice.matrix, *place, reach, space)
        count, _ = compare(count_bone, twins.reach.count_bone, *args)
        scaled, _ = compare(count_around, twins.reach.count_around, *args, rtol=1e-12)
        share, _ = compare(share_bony, twins.reach.share_bony, *args, rtol=1e-12)
        assert reach > 1 or scaled == count
        found.append(share)
    assert min(found) < np.median(found) < max(found)


@REACH
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_uptake_takes_the_own_voxel_first_and_no_more_than_is_wished(seed, periodic, reach):
    lattice, space, places, rng = make_world(seed, periodic)
    partly = beyond = 0
    for place in places:
        own, wish = int(lattice.bound[place]), int(rng.choice([1, 300, 20_000, 10**7]))
        taken, (left, *_) = compare(
            take_near, twins.reach.take_near, lattice.bound, *place, reach, wish, space,
            int(rng.integers((2 * reach + 1) ** 3)),
        )  # fmt: skip
        assert taken == lattice.bound.sum() - left.sum() <= wish
        assert left[place] == max(own - wish, 0)
        assert left.min() >= 0
        partly += 0 < taken < wish
        beyond += taken > own
    assert partly > 3, "some find less than they wish"
    assert beyond > 3, "some find more than their own voxel has"


def test_uptake_empties_no_side_first():
    """Over all voxels to begin from, what is taken lies about the cell, along each axis."""
    space, wish, centre = make_space(1, (9, 9, 9)), 700, np.zeros(3)
    for first in range(27):
        bound = np.full((9, 9, 9), 100, np.int32)
        bound[4, 4, 4] = 0
        assert take_near(bound, 4, 4, 4, 1, wish, space, first) == wish
        taken = np.argwhere(bound == 0)
        assert len(taken) == 8
        centre += (taken - 4).sum(0)
    assert (np.abs(centre) / (27 * 8) < 0.02).all(), "one after the other from -z on it would be 1"


@REACH
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_what_is_left_is_compared_with_what_is_wanted(seed, periodic, reach):
    lattice, space, places, rng = make_world(seed, periodic)
    lattice.bound[rng.random(lattice.bound.shape) < 0.9] = 0
    for place in places:
        there = sum(int(lattice.bound[p]) for p in twins.reach.cube(place, reach, space))
        for least, expected in ((there, True), (there + 1, False)):
            args = (lattice.bound, *place, reach, least, space)
            found, _ = compare(holds, twins.reach.holds, *args)
            assert found == expected


@REACH
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_cells_near_by(seed, periodic, reach):
    _, space, places, rng = make_world(seed, periodic)
    counts = (rng.random((space.nz, space.ny, space.nx)) < 0.02 / reach**2).astype(np.int8)
    counts[rng.random(counts.shape) < 0.1] = -1  # the newborn do not count
    found = [
        compare(holds, twins.reach.holds, counts, *place, reach, 1, space)[0] for place in places
    ]
    assert 0 < sum(found) < len(found)


@REACH
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_cells_in_the_block(seed, periodic, reach):
    """On blocks that are voxels of the coarse lattice, fine voxels say what coarse ones do."""
    _, space, places, rng = make_world(seed, periodic)
    counts = (rng.random((space.nz, space.ny, space.nx)) < 0.15 / reach**2).astype(np.int8)
    found = [compare(is_held, twins.reach.is_held, counts, *p, reach)[0] for p in places]
    assert 0 < sum(found) < len(found)
    fine = counts.repeat(reach, 0).repeat(reach, 1).repeat(reach, 2)
    for z, y, x in places:
        inside = rng.integers(0, reach, 3)
        assert is_held(fine, *(np.array([z, y, x]) * reach + inside), reach) == (
            counts[z, y, x] > 0
        )


@pytest.mark.parametrize(("reach", "voxel"), [(1, 20.0), (2, 10.0)])
def test_a_flat_surface_is_as_flat_on_finer_voxels(reach, voxel):
    """9/11 on a plane; a groove, a pit and a ridge of 60 um keep their order and nearly their size."""
    n, depth = int(480 / voxel), int(240 / voxel)
    space = Space(n, n, n, 1, voxel)
    middle, wide = n // 2, int(60 / voxel)
    flat = np.zeros((n, n, n), np.uint16)
    flat[:depth] = FULL
    inside = slice(middle - wide // 2, middle - wide // 2 + wide)
    groove, pit, ridge = flat.copy(), flat.copy(), flat.copy()
    for matrix, span in ((groove, slice(None)), (pit, inside)):
        matrix[depth - wide : depth, span, inside] = 0
    ridge[depth : depth + wide, :, inside] = FULL
    at = (middle, middle)
    assert measure_hollow(flat, depth, *at, reach, space) == pytest.approx(9 / 11, rel=1e-12)
    corner = (depth - wide, middle - wide // 2, middle - wide // 2)
    found = [
        measure_hollow(pit, *corner, reach, space),
        measure_hollow(groove, depth - wide, middle, corner[2], reach, space),
        measure_hollow(groove, depth - wide, *at, reach, space),
        measure_hollow(ridge, depth + wide, middle, corner[2], reach, space),
    ]
    assert found == pytest.approx([19 / 11, 15 / 11, 9 / 11, 6 / 11], rel=0.12)
    assert found == sorted(found, reverse=True)
