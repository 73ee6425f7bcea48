"""Neighbourhoods against plain twins on both kinds of sides."""

import numpy as np
import pytest

import twins.space
from kernelworlds import compare
from trabecula.base.codes import HALF
from trabecula.kernels.space import (
    Space,
    count_bone26,
    fill_contact,
    join,
    make_ball,
    neighbour,
    refresh_contact,
    shift,
    split,
)

pytestmark = pytest.mark.twin
SHAPE = (5, 7, 6)
MODES = [(1, "wrap"), (0, "symmetric")]


def make_matrix(seed=0):
    rng = np.random.default_rng(seed)
    return rng.choice(np.array([0, HALF - 1, HALF, 2 * HALF], np.uint16), SHAPE)


def contact_twin(matrix, mode):
    bone = np.pad(matrix >= HALF, 1, mode=mode).astype(int)
    inner = bone[1:-1, 1:-1, 1:-1]
    faces = (
        bone[:-2, 1:-1, 1:-1] + bone[2:, 1:-1, 1:-1] + bone[1:-1, :-2, 1:-1]
        + bone[1:-1, 2:, 1:-1] + bone[1:-1, 1:-1, :-2] + bone[1:-1, 1:-1, 2:]
    )  # fmt: skip
    return np.where(inner == 1, 0, faces)


@pytest.mark.parametrize("periodic", [1, 0])
def test_places_equal_their_plain_twins(periodic):
    space = Space(*SHAPE, periodic, 20.0)
    for n in (1, 2, 5):
        for i in range(-3 * n, 4 * n):
            assert shift(i, n, periodic) == twins.space.shift(i, n, periodic)
    for flat in range(int(np.prod(SHAPE))):
        place = split(flat, space)
        assert place == twins.space.split(flat, space)
        assert join(*place, space) == twins.space.join(place, space) == flat
        offset = np.random.default_rng(flat).integers(-9, 10, 3)
        assert neighbour(*place, *offset, space) == twins.space.neighbour(place, offset, space)


@pytest.mark.parametrize("periodic", [1, 0])
def test_counts_equal_their_plain_twins(periodic):
    space, matrix = Space(*SHAPE, periodic, 20.0), make_matrix(4)
    contact = np.full(SHAPE, 9, np.uint8)
    _, (_, _, contact) = compare(fill_contact, twins.space.fill_contact, matrix, space, contact)
    for place in np.random.default_rng(5).integers(0, SHAPE, (20, 3)):
        compare(count_bone26, twins.space.count_bone26, matrix, *place, space)
        matrix[tuple(place)] = 0 if matrix[tuple(place)] >= HALF else HALF
        _, (*_, contact) = compare(refresh_contact, twins.space.refresh_contact, matrix, *place,
                                   space, contact)  # fmt: skip


@pytest.mark.parametrize(("periodic", "mode"), MODES)
def test_contact_counts_bony_faces(periodic, mode):
    matrix = make_matrix()
    contact = np.zeros(SHAPE, np.uint8)
    fill_contact(matrix, Space(*SHAPE, periodic, 20.0), contact)
    assert (contact == contact_twin(matrix, mode)).all()


@pytest.mark.parametrize(("periodic", "mode"), MODES)
def test_contact_stays_exact_when_voxels_open_and_close(periodic, mode):
    matrix = make_matrix(1)
    space = Space(*SHAPE, periodic, 20.0)
    contact = np.zeros(SHAPE, np.uint8)
    fill_contact(matrix, space, contact)
    rng = np.random.default_rng(2)
    for _ in range(60):
        z, y, x = (int(rng.integers(n)) for n in SHAPE)
        matrix[z, y, x] = 0 if matrix[z, y, x] >= HALF else 2 * HALF
        refresh_contact(matrix, z, y, x, space, contact)
    assert (contact == contact_twin(matrix, mode)).all()


@pytest.mark.parametrize(("periodic", "mode"), MODES)
def test_concavity_counts_26_neighbours(periodic, mode):
    matrix = make_matrix(3)
    bone = np.pad(matrix >= HALF, 1, mode=mode)
    for z, y, x in np.ndindex(SHAPE):
        block = bone[z : z + 3, y : y + 3, x : x + 3]
        expected = int(block.sum()) - int(block[1, 1, 1])
        assert count_bone26(matrix, z, y, x, Space(*SHAPE, periodic, 20.0)) == expected


def test_shift_wraps_or_mirrors():
    assert [shift(i, 4, 1) for i in (-1, 4, 2)] == [3, 0, 2]
    assert [shift(i, 4, 0) for i in (-1, -2, 4, 5)] == [0, 1, 3, 2]


def test_split_and_join_are_inverse():
    space = Space(*SHAPE, 1, 20.0)
    for flat in range(int(np.prod(SHAPE))):
        assert join(*split(flat, space), space) == flat


def test_ball_lists_offsets_by_distance():
    ball = make_ball(2.5)
    squared = (ball**2).sum(1)
    assert (np.diff(squared) >= 0).all()
    assert squared[-1] <= 2.5**2
    assert len(ball) == sum(
        1 for o in np.ndindex(7, 7, 7) if sum((c - 3) ** 2 for c in o) <= 2.5**2
    )
