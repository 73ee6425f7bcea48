"""Kernels of osteoclasts against their plain twins."""

import numpy as np
import pytest

import twins.osteoclasts as twins
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
from trabecula.base.codes import FULL, HALF
from trabecula.base.columns import make_arrays
from trabecula.base.layouts import LiningCells, Osteoblasts, Osteoclasts, Sites
from trabecula.kernels.osteoclasts import (
    OsteoclastRates,
    find_ground,
    first_touch,
    fits,
    fuse_osteoclasts,
    move_osteoclasts,
    resorb,
    score_target,
    share_open,
    turn_over_nuclei,
    value_ground,
)
from trabecula.kernels.space import Moment, Space, fill_contact, join, make_ball, make_ways, split

pytestmark = pytest.mark.twin
SIGHTS = [(1, 3.0), (2, 4.0), (2, 6.25)]
RATES = make_rates(
    OsteoclastRates, fusion=1.0, most=12, fewest=3, death=3.0, survival=3.0, half=0.4, power=2.0,
    kd=6.0, tgfb_half=5.0, tgfb_max=2.0, il1_half=4.0, il1_max=1.5, work=1500.0, area=300.0,
    speed=12.0, stride=1, look=3.0, seam=SEAM, release=1.0, room=0.25,
    border=make_ball(1.75), ways=make_ways(1.75), levelling=2.0, idle_half=3.0,
    idle_max=4.0, exposed=3.5, begun=1.8, signal=0.6,
)  # fmt: skip


def make_world(seed, periodic, count=30):
    """Bone, its scene, ligands, osteoclasts, and the order of precedence."""
    rng = np.random.default_rng(seed)
    lattice, space = make_lattice(rng), make_space(periodic)
    surface = find_surface(lattice, space)
    table = make_table(rng, Osteoclasts, surface, count, nuclei=rng.integers(1, 9, count),
                       carry=rng.random(count), site=rng.integers(1, 6, count),
                       idle=rng.choice([0.0, 0.0, 2.0, 9.0], count).astype(np.float32))  # fmt: skip
    table.voxel[:4] = rng.integers(0, lattice.matrix.size, 4)  # some have lost the surface
    table.nuclei[:2], table.site[0] = 1, 0  # too small to begin a site, and what a team has left
    scene = make_scene(
        lattice, space, osteoclasts=table,
        osteoblasts=make_table(rng, Osteoblasts, surface, 80),
        lining=make_table(rng, LiningCells, surface, 80),
    )  # fmt: skip
    return lattice, space, scene, make_ligands(rng), table, rng.permutation(count)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_fusion(seed, periodic):
    _, space, _, _, table, order = make_world(seed, periodic)
    fusions, (after, *_) = compare(fuse_osteoclasts, twins.fuse_osteoclasts, table, order, space,
                                   make_moment(seed), RATES)  # fmt: skip
    assert fusions > 2
    assert after.nuclei[after.uid != 0].sum() == table.nuclei[table.uid != 0].sum()


@pytest.mark.parametrize("periodic", [0, 1])
@pytest.mark.parametrize("shape", [(17, 10, 31), (3, 5, 40), (6, 7, 8), (2, 2, 2)])
@pytest.mark.parametrize("area", [300.0, 3000.0])
def test_fusion_finds_every_touch_whatever_the_shape(shape, periodic, area):
    """Blocks in which cells are looked up: many to a side, one, two; with a rest; across sides."""
    rng = np.random.default_rng(sum(shape) + periodic)
    space, size, count = Space(*shape, periodic, 20.0), int(np.prod(shape)), 150
    table = make_table(rng, Osteoclasts, np.arange(size), count, nuclei=rng.integers(1, 5, count))
    table.voxel[:] = rng.integers(0, size, count)
    fusions, _ = compare(fuse_osteoclasts, twins.fuse_osteoclasts, table, rng.permutation(count),
                         space, make_moment(3), RATES._replace(area=area, fusion=9.0))  # fmt: skip
    assert fusions > 7


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_nuclear_turnover(seed, periodic):
    _, space, _, ligands, table, _ = make_world(seed, periodic)
    (nuclei, cells), _ = compare(turn_over_nuclei, twins.turn_over_nuclei, table, 28, ligands, space,
                                 make_moment(seed), RATES)  # fmt: skip
    assert nuclei > 10
    assert cells > 0


def test_nuclei_without_ground_die_sooner():
    """After `idle_half` days half of `idle_max` comes on top of the hazard."""
    _, space, _, ligands, table, _ = make_world(1, 1, count=200)
    rates = RATES._replace(death=np.float64(0.2), idle_max=np.float64(4.0))
    lost = {}
    for days in (0.0, 3.0, 9.0):
        table.idle[:] = days
        (lost[days], _), _ = compare(turn_over_nuclei, twins.turn_over_nuclei, table, 200, ligands,
                                     space, make_moment(1), rates)  # fmt: skip
    assert lost[0.0] > 10
    assert lost[3.0] == pytest.approx(3 * lost[0.0], rel=0.2)
    assert lost[9.0] == pytest.approx(4 * lost[0.0], rel=0.2)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("speed", [0.0, 12.0, 60.0, 70.0])
@pytest.mark.parametrize(("stride", "look"), SIGHTS)
def test_ways_of_several_voxels(seed, periodic, speed, stride, look):
    _, space, scene, ligands, table, order = make_world(seed, periodic)
    rates = RATES._replace(speed=np.float64(speed), stride=stride, look=look)
    _, (after, *_) = compare(move_osteoclasts, twins.move_osteoclasts, table, order, scene, ligands,
                             space, make_moment(seed), rates)  # fmt: skip
    moved = (after.voxel != table.voxel)[table.uid != 0]
    assert moved.any() == (speed > 0)
    held = scene.contact.reshape(-1)[after.voxel] > 0
    assert held[(after.voxel != table.voxel)].all(), "who moves comes to the surface"


@pytest.mark.parametrize(
    ("voxel", "dt", "stride"),
    [(20.0, 1.0, 1), (20.0, 0.5, 1), (10.0, 1.0, 2), (10.0, 0.25, 2), (10.0, 0.25, 1)],
)
def test_creeping_is_measured_in_um_and_days(voxel, dt, stride):
    """On a plane, up a steady gradient of RANKL, 40 cells go 30 um a day at any step and voxel."""
    shape, rng = (10, 4, 60), np.random.default_rng(1)
    space = Space(*shape, 0, voxel)
    lattice, ligands = make_lattice(rng, shape), make_ligands(rng, shape)
    lattice.matrix[...] = 0
    lattice.matrix[:5] = FULL
    for field in ligands:
        field[...] = np.arange(1, field.shape[2] + 1)
    starts = np.ravel_multi_index((np.full(40, 5), np.arange(40) % 4, np.full(40, 4)), shape)
    table = make_table(rng, Osteoclasts, starts, 40, nuclei=5)
    table.uid[:], table.voxel[:] = np.arange(1, 41), starts
    scene = make_scene(lattice, space, osteoclasts=table)
    rates = RATES._replace(speed=np.float64(30.0), stride=stride, look=max(3.0, float(stride**2)))
    for step in range(round(12 / dt)):
        moment = Moment(1, step, step * dt, dt)
        move_osteoclasts(table, np.arange(40), scene, ligands, space, moment, rates)
    gone = (np.unravel_index(table.voxel, shape)[2] - 4) * voxel / 12
    assert gone == pytest.approx(30.0, abs=voxel * stride / 12 + 1e-9), "each to one stride"
    assert gone.mean() == pytest.approx(30.0, rel=0.02)
    assert scene.osteoclasts.reshape(-1)[table.voxel].min() > 0
    assert scene.osteoclasts.sum() == 40


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_movement(seed, periodic):
    _, space, scene, ligands, table, order = make_world(seed, periodic)
    _, (after, *_) = compare(move_osteoclasts, twins.move_osteoclasts, table, order, scene, ligands,
                             space, make_moment(seed), RATES)  # fmt: skip
    assert 5 < (after.voxel != table.voxel).sum() < 30
    for field in ligands:
        field[...] = 3.0
    flat = RATES._replace(levelling=0.0)
    _, (level, *_) = compare(move_osteoclasts, twins.move_osteoclasts, table, order, scene, ligands,
                             space, make_moment(seed), flat)  # fmt: skip
    assert (level.voxel[4:] == table.voxel[4:]).all(), "no place is better than another"
    _, (after, *_) = compare(move_osteoclasts, twins.move_osteoclasts, table, order, scene, ligands,
                             space, make_moment(seed), RATES)  # fmt: skip
    moved = np.flatnonzero(after.voxel[4:] != table.voxel[4:]) + 4
    assert len(moved) > 3, "open ground is better"
    for row in moved:
        shares = [share_open(scene.matrix, space, RATES.border, RATES.ways, *split(t.voxel[row], space))
                  for t in (table, after)]  # fmt: skip
        assert shares[1] > shares[0]


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("levelling", [0.0, 2.0])
def test_ground(seed, periodic, levelling):
    _, space, scene, ligands, _, _ = make_world(seed, periodic)
    rates = RATES._replace(levelling=np.float64(levelling))
    for place in np.random.default_rng(seed).integers(0, scene.matrix.shape, (20, 3)):
        compare(value_ground, twins.value_ground, scene, ligands, space, rates, *place, rtol=1e-6)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize(("stride", "look"), SIGHTS)
def test_best_ground(seed, periodic, stride, look):
    """On the surface, where a cell has lost it, and deep in bone or marrow."""
    rates = RATES._replace(stride=stride, look=look)
    _, space, scene, ligands, table, _ = make_world(seed, periodic)
    shape = scene.matrix.shape
    places = [split(voxel, space) for voxel in table.voxel]
    places += [tuple(p) for p in np.random.default_rng(seed).integers(0, shape, (10, 3))]
    moved = farthest = 0
    for place in places:
        place = tuple(int(i) for i in place)  # noqa: PLW2901
        best, _ = compare(find_ground, twins.find_ground, scene, ligands, space, rates, *place)
        moved += tuple(best) != place
        gone = np.abs(np.subtract(best, place))
        gone = np.minimum(gone, np.array(shape) - gone) if periodic else gone
        farthest = max(farthest, (gone**2).sum())
    assert moved > 10
    assert farthest == {3.0: 3, 4.0: 4, 6.25: 6}[look], "as far as it looks, and no farther"


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("radius", [1.0, 2.5])
def test_room(seed, periodic, radius):
    lattice, space, *_ = make_world(seed, periodic)
    shares = set()
    for place in np.random.default_rng(seed).integers(0, lattice.matrix.shape, (20, 3)):
        found, _ = compare(share_open, twins.share_open, lattice.matrix, space, make_ball(radius),
                           make_ways(radius), *place)  # fmt: skip
        shares.add(float(found))
    assert len(shares) > 3


def test_marrow_behind_a_wall_gives_no_room():
    """A flat surface has the same room over thick bone as over a wall of two voxels."""
    ball, ways = make_ball(3.0), make_ways(3.0)
    space = make_world(1, 1)[1]._replace(nz=16, ny=16, nx=16, periodic=0)
    shares = []
    for behind in (0, 6):
        matrix = np.zeros((16, 16, 16), np.uint16)
        matrix[behind:8] = FULL
        found, _ = compare(share_open, twins.share_open, matrix, space, ball, ways, 7, 8, 8)
        shares.append(float(found))
    assert shares[0] == shares[1] == pytest.approx(47 / 122)
    apart = ball[1:] + np.array([7, 8, 8])
    assert (matrix[tuple(apart.T)] < HALF).mean() > 1.4 * shares[0]


@pytest.mark.parametrize("radius", [1.0, 1.75, 3.0, 4.5])
def test_ways_lead_outwards_face_by_face(radius):
    ball, ways = make_ball(radius), make_ways(radius)
    assert ways.shape == (len(ball), 3)
    assert (ways[0] == 0).all()
    for k, offset in enumerate(ball[1:], 1):
        steps = np.abs(offset - ball[ways[k]])
        assert (steps.sum(axis=1) == 1).all()
        assert (np.abs(ball[ways[k]]) <= np.abs(offset)).all()
        assert len(set(ways[k].tolist())) == np.count_nonzero(offset)
        assert (ways[k] < k).all(), "filled in the order of the ball"


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("stride", [1, 2])
def test_targets(seed, periodic, stride):
    """Scores to 1e-6: the kernel adds the two forms of RANKL in float32."""
    lattice, space, scene, ligands, _, _ = make_world(seed, periodic)
    rates = RATES._replace(stride=stride)
    scores = []
    for place in np.ndindex(lattice.matrix.shape):
        args = (scene, ligands, space, rates, *place)
        score = score_target(*args)
        assert score == pytest.approx(twins.score_target(*args), rel=1e-6), place
        scores.append(score)
    assert (np.array(scores) >= 0).sum() > 30
    compare(score_target, twins.score_target, scene, ligands, space, rates, 1, 2, 3, rtol=1e-6)


def test_a_ruffled_border_that_does_not_fit_is_no_target():
    """The same voxel with room and without: an end of a slit, whole or begun."""
    lattice, space, scene, ligands, table, order = make_world(1, 1)
    for counts in (scene.lining, scene.osteoblasts, scene.osteoid):
        counts[...] = 0
    lattice.matrix[...] = FULL
    lattice.matrix[2, 2, 2] = 0
    for matrix, fit in ((FULL, False), (FULL - 1, True)):
        lattice.matrix[2, 2, 3] = matrix
        args = (lattice.matrix, space, RATES, 2, 2, 3)
        found, _ = compare(fits, twins.fits, *args)
        assert found == fit
    sites = make_arrays(Sites, 5)
    context = (space, make_moment(1), RATES, make_ball(1.75))
    for matrix, reachable in ((FULL, False), (FULL - 1, True)):
        lattice.matrix[...] = FULL
        lattice.matrix[2, 2, 2] = 0
        lattice.matrix[2, 2, 3] = matrix
        fill_contact(lattice.matrix, space, scene.contact)
        table.voxel[:] = join(2, 2, 2, space)
        table.nuclei[:] = RATES.fewest
        (gone, _), _ = compare(resorb, twins.resorb, table, order, scene, ligands, lattice, sites,
                               context, rtol=1e-9)  # fmt: skip
        assert (gone > 0) == reachable


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_layers(seed, periodic):
    lattice, space, scene, _, _, _ = make_world(seed, periodic)
    lattice.site[:, :5] = 2
    lattice.eroded[:, :5] = 1
    layers = []
    for place in np.random.default_rng(seed).integers(0, lattice.matrix.shape, (60, 3)):
        _, (after, *_) = compare(first_touch, twins.first_touch, lattice, scene, space, 2, *place)
        layers.append(int(after.layer[tuple(place)]))
    assert {0, 1, 2, 255} <= set(layers)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("area", [300.0, 1200.0])
def test_resorption(seed, periodic, area):
    """Quanta exactly; times and what is owed to 1e-9, since sums are taken in another order."""
    lattice, space, scene, ligands, table, order = make_world(seed, periodic, count=14)
    sites = make_arrays(Sites, 5)
    sites.activated[:] = 30.0
    rates = RATES._replace(area=np.float64(area))  # reach of the least, or grown with the nuclei
    context = (space, make_moment(seed), rates, make_ball(3.0))
    (gone, released), after = compare(resorb, twins.resorb, table, order, scene, ligands, lattice,
                                      sites, context, rtol=1e-9)  # fmt: skip
    left, books = after[4], after[5]
    taken = lattice.matrix.astype(int) - left.matrix
    assert gone == released == taken.sum() == books.resorbed.sum() > 20_000
    assert (left.bound - lattice.bound == taken).all(), "factor stays where its matrix was"
    assert (taken >= 0).all()
    assert (left.osteoid <= left.matrix)[taken > 0].all()
    small = (table.nuclei < RATES.fewest) & (table.site == 0)
    assert small.any()
    assert (after[0].work[small] == 0).all()
    able = np.flatnonzero((table.uid != 0) & ~small)
    owed = RATES.work * table.nuclei[able].sum() * FULL / 20.0**3 * make_moment(seed).dt
    assert gone <= owed + table.carry[able].sum()


def test_what_is_left_of_an_osteoclast_goes_on_at_its_site():
    """One nucleus without a site neither resorbs nor waits; at a site it does its own day's work."""
    lattice, space, scene, ligands, table, order = make_world(1, 0, count=4)
    table.nuclei[:], table.carry[:], table.idle[:] = 1, 0.0, 2.0
    table.site[:] = [0, 0, 1, 2]
    context = (space, make_moment(1), RATES, make_ball(3.0))
    (gone, _), after = compare(resorb, twins.resorb, table, order, scene, ligands, lattice,
                               make_arrays(Sites, 5), context, rtol=1e-9)  # fmt: skip
    at_site = (table.uid != 0) & (table.site > 0)
    assert ((after[0].work > 0) <= at_site).all()
    assert (after[0].idle[~at_site] == 2.0).all()
    assert 0 < gone <= 2 * RATES.work * FULL / 20.0**3


@pytest.mark.parametrize(("owed", "idle"), [(0.5, 0.0), (2.0, 0.5), (5.0, 0.8)])
def test_a_day_is_idle_as_far_as_its_work_finds_no_ground(owed, idle):
    """A day's work is half of the one voxel of bone that there is, twice or five times it."""
    lattice, space, _, ligands, table, _ = make_world(1, 1)
    for values in (lattice.matrix, lattice.osteoid, lattice.eroded):
        values[...] = 0
    lattice.matrix[4, 4, 4] = FULL
    table.uid[0], table.nuclei[0], table.carry[0], table.idle[0] = 1, 5, 0.0, 3.0
    table.site[0] = 1
    table.voxel[0] = np.ravel_multi_index((4, 4, 5), lattice.matrix.shape)
    scene = make_scene(lattice, space, osteoclasts=table)
    moment = make_moment(1)
    rates = RATES._replace(work=np.float64(owed * 20.0**3 / 5 / moment.dt), room=np.float64(0.0))
    context = (space, moment, rates, make_ball(3.0))
    _, after = compare(resorb, twins.resorb, table, np.array([0]), scene, ligands, lattice,
                       make_arrays(Sites, 5), context, rtol=1e-9)  # fmt: skip
    assert after[0].idle[0] == pytest.approx(idle * moment.dt, rel=1e-4)


@pytest.mark.parametrize("release", [0.0, 0.3, 1.7])
def test_factor_set_free_is_the_yield_of_every_bite(release):
    """Bites are rounded one by one, so that many of them stray by half a quantum each at most."""
    lattice, space, scene, ligands, table, order = make_world(2, 0, count=14)
    rates = RATES._replace(release=np.float64(release))
    context = (space, make_moment(2), rates, make_ball(3.0))
    (gone, released), after = compare(resorb, twins.resorb, table, order, scene, ligands, lattice,
                                      make_arrays(Sites, 5), context, rtol=1e-9)  # fmt: skip
    taken = lattice.matrix.astype(int) - after[4].matrix
    grown = after[4].bound - lattice.bound
    assert released == grown.sum()
    assert (np.abs(grown - release * taken) <= 0.5 * len(table.uid)).all()
    assert abs(released - release * gone) < 0.01 * gone


@pytest.mark.parametrize(("rest", "is_open"), [(HALF, False), (HALF - 1, True)])
def test_a_voxel_opens_below_one_half(rest, is_open):
    """A bite that leaves just half a voxel of matrix leaves bone, one quantum more opens it."""
    lattice, space, _, ligands, table, _ = make_world(1, 1)
    for values in (lattice.matrix, lattice.osteoid, lattice.eroded):
        values[...] = 0
    lattice.matrix[4, 4, 4] = HALF + 700
    table.uid[0], table.nuclei[0], table.carry[0] = 1, 5, HALF + 700 - rest
    table.site[0] = 1
    table.voxel[0] = np.ravel_multi_index((4, 4, 5), lattice.matrix.shape)
    scene = make_scene(lattice, space, osteoclasts=table)
    sites, idle = make_arrays(Sites, 5), RATES._replace(work=np.float64(0.0))
    context = (space, make_moment(1), idle, make_ball(3.0))
    _, after = compare(resorb, twins.resorb, table, np.array([0]), scene, ligands, lattice, sites,
                       context, rtol=1e-9)  # fmt: skip
    assert after[4].matrix.sum() == rest
    assert after[4].eroded[4, 4, 4] == is_open
    assert after[5].mouth.sum() == is_open
    assert after[5].opened.sum() == pytest.approx(4.08 * 400 if is_open else 0)  # a lone voxel
    assert (after[2].contact.max() == 0) == is_open
