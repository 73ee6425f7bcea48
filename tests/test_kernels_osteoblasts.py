"""Kernels of osteoblasts, of their places and of the factor that they spend, against their twins."""

import numpy as np
import pytest

import twins.factor
import twins.osteoblasts
import twins.places
from kernelworlds import (
    CASES,
    compare,
    find_surface,
    make_lattice,
    make_ligands,
    make_moment,
    make_rates,
    make_scene,
    make_space,
    make_table,
)
from trabecula.base.codes import FULL, HALF, Phase
from trabecula.base.columns import make_arrays
from trabecula.base.layouts import LiningCells, Osteoblasts, Osteoclasts, Sites
from trabecula.kernels.factor import fade_factor, settle_factor
from trabecula.kernels.osteoblasts import (
    OsteoblastRates,
    activate,
    appose,
    end_osteoblasts,
    lose_osteoblasts,
    recruit,
    take_up,
)
from trabecula.kernels.places import Choice, crawl, move_out, value_place
from trabecula.kernels.space import make_ball

pytestmark = pytest.mark.twin
CHOICE = make_rates(Choice, begun=5.0, eroded=2.5, crowd=0.8, step=0.6, reach=1)
RATES = make_rates(
    OsteoblastRates, recruitment=0.4, bound_half=2000.0, tgfb_half=3.0, tgfb_max=1.0, igf1_half=3.0,
    igf1_max=0.5, places=3, pit_places=4, choice=CHOICE, maturation=0.5, density=0.3,
    clearance=40.0, death_young=0.3, death=0.1, speed=9.0, area=135.0, eager=0.4,
    uptake=4000.0, purse=9000.0, gain=1.1, sclerostin_ref=4.0, sclerostin_max=0.5, hollow=0.5,
    crowding=0.3, crawl=0.7, reach=1, crumb=327, osteocytes=6e-5, lining_share=0.4,
)  # fmt: skip
COUNT = 70


def make_world(seed, periodic, spare=0):
    """Bone with osteoblasts of both stages, a few osteoclasts, and half of its surface lined."""
    rng = np.random.default_rng(seed)
    lattice, space = make_lattice(rng), make_space(periodic)
    lattice.resorbed[...] = rng.uniform(-300, 40, lattice.resorbed.shape)
    surface = find_surface(lattice, space)
    blasts = make_table(
        rng, Osteoblasts, surface, COUNT, spare, stage=rng.random(COUNT) < 0.7,
        dose=rng.choice([0, 40, 3000, 8999, 9000], COUNT), site=rng.integers(0, 6, COUNT),
        carry=rng.random(COUNT), rest=-rng.random(COUNT),
    )  # fmt: skip
    scene = make_scene(
        lattice, space, osteoblasts=blasts,
        lining=make_table(rng, LiningCells, surface, 60),
        osteoclasts=make_table(rng, Osteoclasts, surface, 3),
    )  # fmt: skip
    return lattice, space, scene, blasts, rng


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize(("radius", "near"), [(1.5, 1.5), (3.0, 3.0), (3.0, 1.5)])
def test_factor_follows_the_surface(seed, periodic, radius, near):
    lattice, space, scene, _, rng = make_world(seed, periodic)
    scene.contact[rng.random(scene.contact.shape) < 0.6] = 0  # little surface is near
    lost, (after, *_) = compare(settle_factor, twins.factor.settle_factor, lattice, scene, space,
                                make_ball(radius), len(make_ball(near)), make_moment(seed))  # fmt: skip
    assert after.bound.sum() + lost == lattice.bound.sum()
    assert (after.bound[scene.contact == 0] == 0).all()
    assert (after.bound != lattice.bound).sum() > 100


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_factor_fades(seed, periodic):
    lattice, *_ = make_world(seed, periodic)
    lost, (after, *_) = compare(fade_factor, twins.factor.fade_factor, lattice.bound,
                                make_moment(seed), 0.003)  # fmt: skip
    assert after.sum() + lost == lattice.bound.sum()
    expected = 0.003 * make_moment(seed).dt * lattice.bound.sum()
    assert lost == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("reach", [1, 2])
def test_value_of_places(seed, periodic, reach):
    choice = CHOICE._replace(reach=reach)
    lattice, space, scene, _, rng = make_world(seed, periodic)
    values = []
    for place in rng.integers(0, lattice.matrix.shape, (40, 3)):
        found, _ = compare(value_place, twins.places.value_place, lattice.matrix,
                           scene.osteoblasts, lattice.eroded, space, choice, *place,
                           rtol=1e-12)  # fmt: skip
        values.append(float(found))
    assert max(values) - min(values) > 10


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("least", [-1e9, 12.0])
def test_moving_out(seed, periodic, least):
    lattice, space, scene, table, _ = make_world(seed, periodic)
    moved = []
    for i in range(COUNT):
        found, (after, _, there, *_) = compare(move_out, twins.places.move_out, table, i, scene,
                                               lattice, space, RATES, least)  # fmt: skip
        moved.append(bool(found))
        # beyond a mirror a border voxel meets itself
        assert found == (after.voxel[i] != table.voxel[i]) or not periodic
        assert there.osteoblasts.sum() == scene.osteoblasts.sum()
    assert {True} <= set(moved)
    assert least < 0 or not all(moved)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_crawling(seed, periodic):
    lattice, space, scene, table, rng = make_world(seed, periodic)
    moved, (after, *_) = compare(crawl, twins.places.crawl, table, rng.permutation(COUNT), scene,
                                 lattice, space, make_moment(seed), RATES)  # fmt: skip
    assert 5 < moved == (after.voxel != table.voxel).sum()
    assert (after.voxel[table.stage == 0] == table.voxel[table.stage == 0]).all()


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_recruitment(seed, periodic):
    lattice, space, scene, table, rng = make_world(seed, periodic, spare=400)
    lattice.site[...] = rng.integers(0, 6, lattice.site.shape)
    phase = np.array(
        [Phase.RESORPTION, Phase.COMPLETE, Phase.FORMATION, Phase.ABANDONED, Phase.REVERSAL],
        np.uint8,
    )
    rest = (scene, lattice, phase, make_ligands(rng), (space, make_moment(seed), RATES))
    count, (after, _, there, *_) = compare(recruit, twins.osteoblasts.recruit, table, COUNT, *rest)
    assert count > COUNT + 10
    assert there.osteoblasts.sum() - scene.osteoblasts.sum() == count - COUNT
    assert there.osteoblasts.max() <= max(RATES.places, scene.osteoblasts.max())
    assert len(set(after.uid[COUNT:count].tolist())) == count - COUNT
    booked = set(after.site[COUNT:count].tolist())
    assert booked <= {0, 1, 3, 5}, "who comes where a site is over belongs to none"
    assert 0 in booked
    assert len(booked) > 1
    short = type(table)(*(column[: count - 1] for column in table))
    full, _ = compare(recruit, twins.osteoblasts.recruit, short, COUNT, *rest)
    assert full == -1


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_early_death(seed, periodic):
    _, space, scene, table, _ = make_world(seed, periodic)
    (deaths, lost), (after, *_) = compare(
        lose_osteoblasts, twins.osteoblasts.lose_osteoblasts, table, COUNT, scene, space,
        make_moment(seed), RATES,
    )  # fmt: skip
    assert deaths > 2
    assert after.dose.sum() + lost == table.dose.sum()


@pytest.mark.parametrize("reach", [1, 2])
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_activation(seed, periodic, reach):
    lattice, space, scene, table, _ = make_world(seed, periodic)
    young = np.flatnonzero((table.uid != 0) & (table.stage == 0))
    scene.osteoclasts.reshape(-1)[table.voxel[young[::2]]] = 1
    rates = RATES._replace(density=np.float64(0.15), maturation=np.float64(2.0), reach=reach)
    active, (after, *_) = compare(activate, twins.osteoblasts.activate, table, COUNT, scene, lattice,
                                  space, make_moment(seed), (rates, make_ball(2.0)))  # fmt: skip
    assert after.stage.sum() - table.stage.sum() == active
    scene.osteoclasts[...] = 0
    alone, _ = compare(activate, twins.osteoblasts.activate, table, COUNT, scene, lattice, space,
                       make_moment(seed), (rates, make_ball(2.0)))  # fmt: skip
    assert alone > active, "osteoclasts keep them waiting"
    crowded = rates._replace(density=np.float64(0.9))
    args = (space, make_moment(seed), (crowded, make_ball(2.0)))
    lattice.eroded[...] = scene.contact > 0
    lattice.bound[...] = 500
    waiting, _ = compare(activate, twins.osteoblasts.activate, table, COUNT, scene, lattice, *args)
    lattice.bound[...] = 0
    rest, _ = compare(activate, twins.osteoblasts.activate, table, COUNT, scene, lattice, *args)
    assert waiting < rest, "surface that was emptied keeps nobody waiting"


REACHES = pytest.mark.parametrize("rates", [RATES, RATES._replace(reach=2)], ids=["one", "two"])


@REACHES
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_uptake(seed, periodic, rates):
    lattice, space, _, table, rng = make_world(seed, periodic)
    _, (after, _, left, *_) = compare(take_up, twins.osteoblasts.take_up, table,
                                      rng.permutation(COUNT), lattice, space, make_moment(seed),
                                      rates)  # fmt: skip
    taken = after.dose.sum() - table.dose.sum()
    assert taken == lattice.bound.sum() - left.bound.sum() > 10_000
    assert (after.dose <= RATES.purse).all()
    assert (left.bound >= 0).all()


@REACHES
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_apposition(seed, periodic, rates):
    """Quanta exactly; times to 1e-6 (moments are stored in float32), what is owed with them."""
    lattice, space, scene, table, rng = make_world(seed, periodic)
    sites = make_arrays(Sites, 5)
    sites.activated[:] = 20.0
    context = (space, make_moment(seed), rates)
    (formed, spent), changed = compare(
        appose, twins.osteoblasts.appose, table, rng.permutation(COUNT), scene, make_ligands(rng),
        lattice, sites, context, rtol=1e-6,
    )  # fmt: skip
    after, there, left, books = changed[0], changed[2], changed[4], changed[5]
    sites.activated[:] = -1e9
    _, (*_, never, _) = compare(
        appose, twins.osteoblasts.appose, table, np.random.default_rng(1).permutation(COUNT), scene,
        make_ligands(rng), lattice, sites, context, rtol=1e-6,
    )  # fmt: skip
    laid = left.matrix.astype(int) - lattice.matrix
    assert formed == laid.sum() == (left.osteoid.astype(int) - lattice.osteoid).sum() > 10_000
    assert (laid >= 0).all()
    assert left.matrix.max() <= FULL
    assert table.dose.sum() - after.dose.sum() == spent > 0
    assert books.formed.sum() <= formed
    assert books.reversed.sum() > 0
    assert (books.reversed <= never.reversed).all()
    assert books.reversed.sum() < never.reversed.sum()
    closed = (lattice.matrix < HALF) & (left.matrix >= HALF)
    assert there.closed.sum() > 0
    assert (there.closed[~closed] == 0).all()


@pytest.mark.parametrize(("seed", "periodic"), CASES[1:3])
def test_no_cell_lays_more_than_its_dose_pays_for(seed, periodic):
    """Cells that could lay voxels a day, one by one, each until its dose is spent."""
    lattice, space, scene, table, rng = make_world(seed, periodic)
    ligands, sites, rates = (
        make_ligands(rng),
        make_arrays(Sites, 5),
        RATES._replace(speed=np.float64(9000)),
    )
    spenders, crowds = 0, set()
    for i in np.flatnonzero((table.uid != 0) & (table.stage == 1)):
        place = np.unravel_index(table.voxel[i], lattice.matrix.shape)
        gain = rates.gain * twins.osteoblasts.compute_brake(ligands, place, rates)
        around = twins.osteoblasts.measure_hollow(lattice.matrix, *place, rates.reach, space)
        gain *= around**rates.crowding
        (formed, spent), (after, *_, left, _, _) = compare(
            appose, twins.osteoblasts.appose, table, np.array([i]), scene, ligands, lattice, sites,
            (space, make_moment(seed), rates), rtol=1e-6,
        )  # fmt: skip
        budget = (table.dose[i] + table.rest[i]) * gain
        assert formed == left.matrix.sum(dtype=int) - lattice.matrix.sum(dtype=int)
        assert 0 <= formed <= max(budget, 0)
        assert spent == table.dose[i] - after.dose[i] >= 0
        assert -1 < after.rest[i] <= 0
        owed = table.rest[i] - after.rest[i]
        assert spent + owed == pytest.approx(formed / gain, abs=1e-6)
        spenders += formed > budget - 1 > 100
        crowds.add(around)
    assert spenders > 10
    assert min(crowds) < 1 < max(crowds)


@pytest.mark.parametrize(("laid", "is_closed"), [(10, True), (9, False)])
def test_a_voxel_closes_at_one_half(laid, is_closed):
    """And then asks for its osteocytes, here two."""
    lattice, space, _, table, rng = make_world(1, 1)
    for values in (lattice.matrix, lattice.osteoid):
        values[...] = 0
    lattice.matrix[4, 4, 3:5] = FULL, HALF - 10
    table.uid[0], table.stage[0], table.dose[0], table.carry[0] = 1, 1, 3000, laid
    table.voxel[0] = np.ravel_multi_index((4, 4, 4), lattice.matrix.shape)
    scene = make_scene(lattice, space, osteoblasts=table)
    rates = RATES._replace(speed=np.float64(0.0), osteocytes=np.float64(2 / 20.0**3))
    (formed, _), changed = compare(
        appose, twins.osteoblasts.appose, table, np.array([0]), scene, make_ligands(rng), lattice,
        make_arrays(Sites, 5), (space, make_moment(1), rates), rtol=1e-6,
    )  # fmt: skip
    assert formed == laid
    assert changed[2].closed[4, 4, 4] == 2 * is_closed
    assert (changed[2].contact[4, 4, 4] == 0) == is_closed
    assert (changed[2].contact[4, 4, 5] == 1) == is_closed


@REACHES
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_the_end_of_osteoblasts(seed, periodic, rates):
    lattice, space, scene, table, rng = make_world(seed, periodic)
    table.voxel[:6] = rng.choice(np.flatnonzero(lattice.matrix == FULL), 6)  # filled to the brim
    lattice.bound[rng.random(lattice.bound.shape) < 1 - 0.1 / rates.reach**3] = 0
    table.dose[::2] = 0
    scene.closed.reshape(-1)[table.voxel[10:25]] = 1
    ended, (after, _, there, left, *_) = compare(
        end_osteoblasts, twins.osteoblasts.end_osteoblasts, table, COUNT, scene, lattice, space,
        make_moment(seed), rates,
    )  # fmt: skip
    assert left.bound.sum() + after.dose.sum() == lattice.bound.sum() + table.dose.sum()
    assert scene.osteoblasts.sum() - there.osteoblasts.sum() == ended > 10
    assert {2, 3, 4} <= set(after.stage.tolist())
    returned, done = np.zeros_like(lattice.bound), after.stage > 1
    np.add.at(returned.reshape(-1), after.voxel[done], table.dose[done])
    assert (left.bound - lattice.bound == returned).all(), "it lies where they ended"
    assert returned.max() > 0
    lost = settle_factor(left, there, space, make_ball(3.0), len(make_ball(3.0)), make_moment(seed))
    assert left.bound.sum() + lost == lattice.bound.sum() + returned.sum()
    assert (left.bound[there.contact == 0] == 0).all(), "and from there it comes to the surface"
