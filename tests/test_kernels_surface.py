"""Kernels of the surface (lining cells, scene, sites) against their plain twins."""

import numpy as np
import pytest

import twins.lining
import twins.scene
import twins.sites
from kernelworlds import (
    CASES,
    SEAM,
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
from trabecula.base.codes import Ground, Phase
from trabecula.base.layouts import LiningCells, Osteoblasts, Osteoclasts
from trabecula.kernels.lining import (
    LiningRates,
    cover_surface,
    open_surface,
    shift_lining,
    wake_lining,
)
from trabecula.kernels.scene import count_cells, fill_ground
from trabecula.kernels.sites import add_time, find_live_site, tally_sites
from trabecula.kernels.space import make_ball

pytestmark = pytest.mark.twin
RATES = make_rates(
    LiningRates, opening=0.8, half=0.5, power=2.0, kd=6.0, covering=0.3, reach=1, clearance=40.0,
    seam=SEAM, waking=0.6, waking_half=90.0, alarmin_half=5.0, alarmin_max=0.2,
)  # fmt: skip
COUNT = 120


def make_world(seed, periodic, spare=0):
    """Bone half covered by lining cells, with a few osteoblasts and osteoclasts."""
    rng = np.random.default_rng(seed)
    lattice, space = make_lattice(rng), make_space(periodic)
    surface = find_surface(lattice, space)
    tables = {
        "lining": make_table(rng, LiningCells, surface, COUNT, spare),
        "osteoblasts": make_table(rng, Osteoblasts, surface, 25),
        "osteoclasts": make_table(rng, Osteoclasts, surface, 3, site=rng.integers(1, 6, 3)),
    }
    return lattice, space, make_scene(lattice, space, **tables), tables, rng


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_opening(seed, periodic):
    _, space, scene, tables, rng = make_world(seed, periodic)
    opened, _ = compare(open_surface, twins.lining.open_surface, tables["lining"], COUNT, scene,
                        make_ligands(rng), space, make_moment(seed), RATES)  # fmt: skip
    assert 5 < opened < COUNT


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_following_a_surface_that_moved(seed, periodic):
    """Random seats leave many cells on top of one another; places without osteoid are rare."""
    lattice, space, scene, tables, rng = make_world(seed, periodic)
    scene.contact[rng.random(scene.contact.shape) < 0.1] = 0
    lattice.osteoid[rng.random(scene.contact.shape) < 0.7] = 1
    table = tables["lining"]
    shed, (after, *_) = compare(shift_lining, twins.lining.shift_lining, table, COUNT, scene, space,
                               make_moment(seed))  # fmt: skip
    assert shed > 0
    assert (after.voxel != table.voxel).sum() > 5


def test_lining_cells_take_the_nearest_place_and_none_rather_than_another():
    """Of cells on a voxel that became bone each goes to one of six faces, as often to any of them."""
    lattice, space, scene, tables, _ = make_world(1, 1)
    for cover in (scene.lining, scene.osteoblasts, scene.osteoclasts, lattice.osteoid):
        cover[...] = 0
    scene.contact[...] = 1
    scene.contact[4, 4, 4] = 0
    table = tables["lining"]
    table.voxel[0] = np.ravel_multi_index((4, 4, 4), scene.contact.shape)
    went = []
    for uid in range(1, 121):
        table.uid[0] = uid
        scene.lining[4, 4, 4] = 1
        _, (after, *_) = compare(shift_lining, twins.lining.shift_lining, table, 1, scene, space,
                                 make_moment(1))  # fmt: skip
        went.append(int(after.voxel[0]))
    faces, times = np.unique(went, return_counts=True)
    steps = np.abs(np.stack(np.unravel_index(faces, scene.contact.shape)) - 4).sum(0)
    assert steps.tolist() == [1] * 6
    assert ((times > 7) & (times < 36)).all()


@pytest.mark.parametrize("reach", [1, 2])
@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_covering(seed, periodic, reach):
    lattice, space, scene, tables, rng = make_world(seed, periodic, spare=200)
    scene.osteoblasts[rng.random(scene.osteoblasts.shape) > 1 / reach**3] = 0
    rates = RATES._replace(reach=reach)
    rest = (scene, lattice, space, make_moment(seed), (rates, make_ball(2.0)))
    count, _ = compare(cover_surface, twins.lining.cover_surface, tables["lining"], COUNT, *rest)
    assert count > COUNT + 3
    short = type(tables["lining"])(*(column[: count - 1] for column in tables["lining"]))
    full, _ = compare(cover_surface, twins.lining.cover_surface, short, COUNT, *rest)
    assert full == -1


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_waking(seed, periodic):
    """Rows that were used before are written anew; a table that is full says so."""
    lattice, space, scene, tables, rng = make_world(seed, periodic)
    builders = make_table(rng, Osteoblasts, find_surface(lattice, space), 25, 60)
    for column in builders:
        column[25:] = 7
    scene.contact[rng.random(scene.contact.shape) < 0.2] = 0
    lattice.site[...] = rng.integers(0, 6, lattice.site.shape)
    phase = np.array(
        [Phase.RESORPTION, Phase.COMPLETE, Phase.FORMATION, Phase.ABANDONED, Phase.REVERSAL]
    )
    rest = ((COUNT, 25), scene, lattice, phase.astype(np.uint8), (space, make_moment(seed)), RATES)
    count, (lining, after, *_) = compare(wake_lining, twins.lining.wake_lining, tables["lining"],
                                         builders, *rest)  # fmt: skip
    assert 27 < count < 85
    booked = set(after.site[25:count].tolist())
    assert booked <= {0, 1, 3, 5}, "who wakes where a site is over belongs to none"
    assert 0 in booked
    assert len(booked) > 1
    assert (lining.uid == 0).sum() - (tables["lining"].uid == 0).sum() == count - 25
    short = type(builders)(*(column[: count - 1] for column in builders))
    full, _ = compare(wake_lining, twins.lining.wake_lining, tables["lining"], short, *rest)
    assert full == -1


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_scene(seed, periodic):
    _, _, scene, tables, _ = make_world(seed, periodic)
    table = tables["lining"]
    counts = np.zeros_like(scene.lining)
    _, (_, _, _, after) = compare(count_cells, twins.scene.count_cells, table.uid, table.voxel,
                                  COUNT - 10, counts)  # fmt: skip
    assert after.sum() == (table.uid[: COUNT - 10] != 0).sum()
    scene.ground[...] = 9
    layers = (scene.matrix, scene.contact, scene.lining, scene.osteoblasts, scene.osteoid, SEAM)
    _, (ground, *_) = compare(fill_ground, twins.scene.fill_ground, scene.ground, *layers)
    assert 10 < (ground == Ground.BARE).sum() < (scene.contact > 0).sum()
    assert (ground == Ground.BONE).sum() > 10


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("radius", [1.0, 3.0])
def test_sites_nearby(seed, periodic, radius):
    """With many osteoclasts about, several at one distance, and then with none."""
    lattice, space, _, _, rng = make_world(seed, periodic)
    lattice.site[rng.random(lattice.site.shape) < 0.8] = 0
    cells = make_table(rng, Osteoclasts, np.arange(lattice.site.size), 40,
                       site=rng.integers(0, 6, 40))  # fmt: skip
    phase = np.array([0, 1, 2, 3, 0], np.uint8)
    found = []
    for flat in rng.integers(0, lattice.site.size, 40):
        for uid in (cells.uid, np.zeros_like(cells.uid)):
            site, _ = compare(find_live_site, twins.sites.find_live_site, flat, cells.voxel,
                              cells.site, uid, phase, lattice, (space, make_ball(radius)))  # fmt: skip
            found.append(int(site))
    assert len(set(found)) > 3


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_tally(seed, periodic):
    lattice, *_ = make_world(seed, periodic)
    out = np.zeros(6, np.int64)
    _, (*_, after) = compare(tally_sites, twins.sites.tally_sites, lattice.bound, lattice.site, SEAM,
                             out)  # fmt: skip
    assert after.min() > 0


def test_times_of_work():
    """To 1e-12: the kernel goes on from what it has, the twin takes both lots together."""
    rng = np.random.default_rng(1)
    mean, spread, held = np.zeros(3), np.zeros(3), 0
    for _ in range(20):
        part, time = int(rng.integers(1, 9000)), float(rng.uniform(0, 90))
        _, (mean, spread, *_) = compare(add_time, twins.sites.add_time, mean, spread, 1, held, part,
                                        time, rtol=1e-12)  # fmt: skip
        held += part
    assert 10 < mean[1] < 80
    assert spread[1] > 100
