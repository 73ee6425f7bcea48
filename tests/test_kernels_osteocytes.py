"""Kernels of osteocytes against their plain twins."""

import copy

import numpy as np
import pytest

import twins.factor
import twins.osteocytes
import twins.space
from kernelworlds import (
    CASES,
    compare,
    make_lattice,
    make_moment,
    make_rates,
    make_space,
    make_table,
)
from trabecula.base.codes import FULL, HALF
from trabecula.base.layouts import Osteocytes
from trabecula.kernels.factor import grant_factor
from trabecula.kernels.keyed import make_uid
from trabecula.kernels.osteocytes import (
    OsteocyteRates,
    age_osteocytes,
    find_outlets,
    offset,
    trigger_clusters,
)
from trabecula.kernels.space import Moment, make_ball

pytestmark = pytest.mark.twin
NEVER_SOUGHT = -2
RATES = make_rates(
    OsteocyteRates, death=0.1, trigger=0.05, depth=35.0, radius=70.0, share=0.3, emission=20.0,
    fading=0.4, young=60.0, thinning=0.006,
)  # fmt: skip


def make_world(seed, periodic, count=150, radius=2.0):
    """Bone with osteocytes that have found their outlets."""
    rng = np.random.default_rng(seed)
    lattice, space = make_lattice(rng), make_space(periodic)
    buried = np.flatnonzero(lattice.matrix >= HALF)
    table = make_table(rng, Osteocytes, buried, count)
    table.stress[:] = rng.choice([0.0, 1.2e-3, 0.5, 30.0], count)
    table.unrest[:] = rng.choice([0.0, 0.6, 1.0, 2.5], count)
    table.calling[:] = rng.choice([0.0, 0.0, 0.25, 1.0], count)
    twins.osteocytes.find_outlets(table, count, lattice.matrix, space, make_ball(radius), True)
    return lattice, space, table, rng


@pytest.mark.parametrize("n", [1, 2, 7, 8])
@pytest.mark.parametrize("periodic", [1, 0])
def test_offsets(n, periodic):
    """Of two ways of equal length the one that does not cross the side."""
    space = make_space(periodic, (n, 1, 1))
    for a, b in np.ndindex(n, n):
        steps = twins.space.steps_between((a, 0, 0), (b, 0, 0), space)
        assert offset(a, b, n, periodic) == steps[0]


def test_outlets_lead_to_no_side_more_than_to_another():
    """Cells in the middle of a rod look to its four sides alike, and keep to theirs."""
    rng, n = np.random.default_rng(1), 4000
    lattice, space = make_lattice(rng, (9, 9, n)), make_space(0, (9, 9, n))
    lattice.matrix[...] = 0
    lattice.matrix[3:6, 3:6] = FULL
    middle = np.ravel_multi_index((np.full(n, 4), np.full(n, 4), np.arange(n)), (9, 9, n))
    table = make_table(rng, Osteocytes, middle, n)
    table.uid[:] = [make_uid(1, 4, int(v), 0, 0) for v in middle]
    table.voxel[:] = middle
    find_outlets(table, n, lattice.matrix, space, make_ball(3.0), True)
    z, y, _ = np.unravel_index(table.outlet, (9, 9, n))
    counts = [int((z == 2).sum()), int((z == 6).sum()), int((y == 2).sum()), int((y == 6).sum())]
    assert sum(counts) == n
    assert max(abs(count - n / 4) for count in counts) < 4 * np.sqrt(n * 3 / 16)
    kept = table.outlet.copy()
    find_outlets(table, n, lattice.matrix, space, make_ball(3.0), True)
    assert (table.outlet == kept).all()


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("every", [True, False])
def test_outlets(seed, periodic, every):
    """Reach to float32, in which it is kept."""
    lattice, space, table, rng = make_world(seed, periodic, radius=1.0)
    assert (table.outlet == -1).any()
    table.outlet[rng.random(150) < 0.2] = NEVER_SOUGHT
    lattice.matrix[rng.random(lattice.matrix.shape) < 0.1] = 0
    lattice.matrix[rng.random(lattice.matrix.shape) < 0.3] = HALF
    _, (after, *_) = compare(
        find_outlets, twins.osteocytes.find_outlets, table, 140, lattice.matrix, space,
        make_ball(2.0), every, rtol=1e-7,
    )  # fmt: skip
    changed = (after.outlet != table.outlet)[table.uid != 0]
    assert 20 < changed.sum() < len(changed)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_ageing(seed, periodic):
    """Stress to float32, in which it is kept."""
    lattice, _, table, rng = make_world(seed, periodic)
    lattice.matrix[rng.random(lattice.matrix.shape) < 0.1] = HALF - 1
    (freed, dead), (after, *_) = compare(
        age_osteocytes, twins.osteocytes.age_osteocytes, table, 145, lattice.matrix,
        make_moment(seed), RATES, rtol=2e-7,
    )  # fmt: skip
    assert freed > 3
    assert dead > 3
    assert ((after.stress == 0) & (table.stress > 0)).any()


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_clusters(seed, periodic):
    """Stress to float32, in which it is kept."""
    lattice, space, table, _ = make_world(seed, periodic)
    (clusters, deaths), (after, *_) = compare(
        trigger_clusters, twins.osteocytes.trigger_clusters, table, 145, lattice.formed, space,
        make_moment(seed), RATES, rtol=2e-7,
    )  # fmt: skip
    assert clusters > 1
    assert deaths > 1
    assert (after.stress > table.stress).any()


def test_worn_bone_is_called_for_as_often_as_it_held_cells():
    """Of n cells exp(-thinning age) are left: who is left begins as many clusters, and calls as loud."""
    lattice, space, table, _ = make_world(1, 1)
    count, clusters, loudest = 150, [], []
    table.unrest[:], table.reach[:], table.outlet[:], table.stress[:] = 1.0, 20.0, 0, 0.0
    for age in (0.0, 500.0):
        lattice.formed[...] = 41.0 - age
        rates = RATES._replace(trigger=0.02, thinning=0.004, share=0.0, young=0.0)
        begun, loud = 0, 0.0
        for seed in range(400):
            after, moment = copy.deepcopy(table), Moment(seed, 41, 41.0, 0.1)
            begun += trigger_clusters(after, count, lattice.formed, space, moment, rates)[0]
            loud = max(loud, after.stress.max())
        clusters.append(begun)
        loudest.append(loud)
    expected = (table.uid[:count] != 0).sum() * 400 * 0.1 * 0.02
    assert abs(clusters[0] - expected) < 4 * expected**0.5
    assert abs(clusters[1] - np.exp(2.0) * expected) < 4 * (np.exp(2.0) * expected) ** 0.5
    assert np.allclose(loudest, [RATES.emission, np.exp(2.0) * RATES.emission], rtol=1e-6)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("quanta", [0.3, 40.7])
def test_granting(seed, periodic, quanta):
    lattice, space, table, rng = make_world(seed, periodic)
    contact = np.zeros(lattice.matrix.shape, np.uint8)
    twins.space.fill_contact(lattice.matrix, space, contact)
    contact[rng.random(contact.shape) < 0.2] = 0
    sent, (_, _, bound, *_) = compare(
        grant_factor, twins.factor.grant_factor, table, 140, lattice.bound, contact,
        make_moment(seed), np.float64(quanta),
    )  # fmt: skip
    assert sent > 0
    assert (bound - lattice.bound).sum() == sent
