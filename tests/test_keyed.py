"""Keyed draws: the published construction, its statistics, and its indifference to order."""

import numpy as np
import pytest
from scipy import stats

import twins.keyed
from kernelworlds import compare
from trabecula.kernels.keyed import (
    draw,
    draw_below,
    draw_bits,
    draw_pair,
    fill_draws,
    fill_pairs,
    fill_uids,
    fill_uniform,
    make_uid,
    order_by_draw,
    philox,
)

pytestmark = [pytest.mark.twin, pytest.mark.filterwarnings("error")]
MASK = 0xFFFFFFFF


def run_philox(counter, key):
    low, high = philox(*(np.uint64(word) for word in (*counter, *key)))
    low, high = int(low), int(high)
    return [low & MASK, low >> 32, high & MASK, high >> 32]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((MASK,) * 4, (MASK,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_words(counter, key, expected):
    assert run_philox(counter, key) == list(expected)


def test_philox_equals_its_plain_twin():
    rng = np.random.default_rng(7)
    for _ in range(50):
        words = [int(w) for w in rng.integers(0, 2**32, 6)]
        assert run_philox(words[:4], words[4:]) == twins.keyed.philox(words[:4], words[4:])


def test_draws_equal_their_plain_twins():
    """Keys of all sizes: identities fill 64 bits, seeds and steps may pass 32, indices 16."""
    rng = np.random.default_rng(8)
    for _ in range(60):
        seed, step, identity = (int(rng.integers(2**k)) for k in (60, 34, 63))
        key = (seed, int(rng.integers(20)), step, 2 * identity + 1, int(rng.integers(70000)))
        for kernel, twin in (
            (draw_pair, twins.keyed.draw_pair),
            (draw_bits, twins.keyed.draw_bits),
            (draw, twins.keyed.draw),
        ):
            found = kernel(*(np.uint64(part) for part in key))
            assert found == twin(*key)
        bound = int(rng.integers(1, 1000))
        assert draw_below(*key[:3], identity, 1, bound) == twins.keyed.draw_below(
            *key[:3], identity, 1, bound
        )
        place = (seed, int(rng.integers(5)), int(rng.integers(2**40)), step, identity)
        assert make_uid(*place) == twins.keyed.make_uid(*place)


def test_arrays_of_draws_equal_their_plain_twins():
    uid = np.random.default_rng(9).integers(1, 2**63, 40, dtype=np.uint64) * 2 + 1
    voxel = np.sort(np.random.default_rng(9).integers(0, 15, 40))
    compare(fill_uniform, twins.keyed.fill_uniform, 3, 2, 9, np.zeros(40))
    for fill, twin in (
        (fill_draws, twins.keyed.fill_draws),
        (fill_pairs, twins.keyed.fill_pairs),
    ):
        for seed, stream, step, index in ((3, 2, 9, 0), (2**60 + 5, 19, 2**33 + 1, 70000)):
            words = (np.zeros(40),) if fill is fill_draws else np.zeros((2, 40), np.uint64)
            compare(fill, twin, seed, stream, step, uid, index, *words)
    compare(order_by_draw, twins.keyed.order_by_draw, 3, 9, uid, np.zeros(40, np.uint64))
    _, (*_, out) = compare(fill_uids, twins.keyed.fill_uids, 3, 4, voxel, np.zeros(40, np.uint64))
    assert len(set(out.tolist())) == 40


def test_draws_are_uniform_and_uncorrelated():
    out = np.empty(200_000)
    fill_uniform(11, 3, 5, out)
    assert stats.kstest(out, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(out[:-1], out[1:])[0, 1]) < 5 / np.sqrt(len(out))


@pytest.mark.parametrize("place", range(5))
def test_every_part_of_the_key_matters(place):
    base = [1, 2, 3, 4, 5]
    other = list(base)
    other[place] += 1
    assert draw(*base) != draw(*other)
    assert draw(*base) == draw(*base)


def test_draw_below_covers_its_range_evenly():
    counts = np.bincount([draw_below(1, 2, 3, i, 0, 6) for i in range(6000)], minlength=6)
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


def test_identities_derive_from_birth_and_are_never_zero():
    uids = {int(make_uid(1, 2, voxel, 9, 4)) for voxel in range(5000)}
    assert len(uids) == 5000
    assert 0 not in uids
    assert make_uid(1, 2, 7, 9, 4) != make_uid(1, 3, 7, 9, 4)


def test_founders_in_one_voxel_differ():
    out = np.empty(3, np.uint64)
    fill_uids(1, 4, np.array([8, 8, 9]), out)
    assert len(set(out.tolist())) == 3


def test_precedence_does_not_depend_on_the_order_of_rows():
    uid = np.arange(1, 50, dtype=np.uint64)
    keys, back = np.empty(49, np.uint64), np.empty(49, np.uint64)
    order_by_draw(5, 6, uid, keys)
    order_by_draw(5, 6, uid[::-1].copy(), back)
    assert (keys == back[::-1]).all()
