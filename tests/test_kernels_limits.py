"""Kernels of osteoblasts where room, rows, factor or dose come to their end, against their twins."""

import numpy as np
import pytest

import twins.factor
import twins.osteoblasts
import twins.places
from kernelworlds import CASES, compare, make_ligands, make_moment
from test_kernels_osteoblasts import COUNT, RATES, make_world
from trabecula.base.codes import FULL, HALF
from trabecula.base.columns import make_arrays
from trabecula.base.layouts import Sites
from trabecula.kernels.factor import fade_factor, settle_factor
from trabecula.kernels.osteoblasts import appose, end_osteoblasts, recruit
from trabecula.kernels.places import crawl, move_out
from trabecula.kernels.space import make_ball
from twins.space import BLOCK, fill_contact, join, neighbour

pytestmark = pytest.mark.twin
CRUMB = int(RATES.crumb)
LEFT = 7
"""Quanta that the filled voxels of these tests still lack."""
HERE = (4, 4, 4)


def make_tight_world(seed, periodic, walled):
    """One laden cell in a voxel that lacks a few quanta, with a free neighbour or walled in."""
    lattice, space, scene, table, rng = make_world(seed, periodic)
    table.uid[1:] = 0
    table.uid[0], table.stage[0], table.site[0] = 11, 1, 1
    table.dose[0], table.carry[0], table.rest[0] = 8999, 900.0, 0.0
    table.voxel[0] = join(HERE, space)
    for offset in BLOCK:
        lattice.matrix[neighbour(HERE, offset, space)] = FULL
    lattice.matrix[HERE] = FULL - LEFT
    if not walled:
        lattice.matrix[4, 4, 5] = 0
    for counts in (scene.lining, scene.osteoclasts, scene.osteoblasts, scene.closed):
        counts[...] = 0
    scene.osteoblasts[HERE] = 1
    fill_contact(lattice.matrix, space, scene.contact)
    return lattice, space, scene, table, rng


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("walled", [True, False])
def test_a_voxel_is_filled_to_the_brim_and_no_further(seed, periodic, walled):
    """What is over goes into the next voxel; without one it stays owed, and the dose unspent."""
    lattice, space, scene, table, rng = make_tight_world(seed, periodic, walled)
    sites = make_arrays(Sites, 5)
    sites.activated[:] = 30.0
    (formed, spent), changed = compare(
        appose, twins.osteoblasts.appose, table, np.arange(COUNT), scene, make_ligands(rng), lattice,
        sites, (space, make_moment(seed), RATES), rtol=1e-6,
    )  # fmt: skip
    after, left = changed[0], changed[4]
    assert left.matrix[HERE] == FULL == left.matrix.max()
    assert formed == (left.matrix.astype(int) - lattice.matrix).sum()
    assert spent == table.dose[0] - after.dose[0]
    if walled:
        assert formed == LEFT
        assert after.voxel[0] == table.voxel[0]
        assert after.carry[0] > 500
    else:
        assert left.matrix[4, 4, 5] == formed - LEFT > 500
        assert after.voxel[0] == join((4, 4, 5), space)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("walled", [True, False])
def test_a_cell_that_cannot_leave_a_full_voxel_is_entombed(seed, periodic, walled):
    lattice, space, scene, table, _ = make_tight_world(seed, periodic, walled)
    lattice.matrix[HERE] = FULL
    lattice.bound[...] = 0
    fill_contact(lattice.matrix, space, scene.contact)
    ended, (after, _, there, left, *_) = compare(
        end_osteoblasts, twins.osteoblasts.end_osteoblasts, table, COUNT, scene, lattice, space,
        make_moment(seed), RATES,
    )  # fmt: skip
    assert ended == walled
    assert after.stage[0] == (4 if walled else 1)
    assert left.bound[HERE] == left.bound.sum() == (8999 if walled else 0)
    assert after.dose[0] == 8999 - left.bound.sum()
    assert there.osteoblasts.sum() == 1 - ended


@pytest.mark.parametrize(("dose", "ended"), [(CRUMB - 1, 1), (CRUMB, 0)])
def test_the_last_crumb_is_not_worth_staying_for(dose, ended):
    lattice, space, scene, table, _ = make_tight_world(1, 1, False)
    lattice.matrix[HERE] = 0
    lattice.bound[...] = 0
    table.dose[0] = dose
    found, _ = compare(
        end_osteoblasts, twins.osteoblasts.end_osteoblasts, table, COUNT, scene, lattice, space,
        make_moment(1), RATES,
    )  # fmt: skip
    assert found == ended


@pytest.mark.parametrize("places", [1, 3, 4, 5])
@pytest.mark.parametrize("is_pit", [True, False])
def test_a_place_that_is_taken_is_no_place(places, is_pit):
    """A pit has room for four, even where fine voxels have one place each: else it stays a hole."""
    lattice, space, scene, table, _ = make_tight_world(1, 1, False)
    lattice.matrix[HERE] = FULL
    fill_contact(lattice.matrix, space, scene.contact)
    if not is_pit:
        scene.contact[4, 4, 5] = 3
    rates = RATES._replace(places=places)
    room = max(places, RATES.pit_places) if is_pit else places
    for cells in range(max(0, room - 2), room + 2):
        scene.osteoblasts[4, 4, 5] = cells
        found, _ = compare(move_out, twins.places.move_out, table, 0, scene, lattice, space, rates,
                           -1e9)  # fmt: skip
        assert bool(found) == (cells < room)


@pytest.mark.parametrize(("matrix", "may_leave"), [(HALF - 1, True), (HALF, False)])
def test_a_voxel_that_has_become_bone_is_finished_first(matrix, may_leave):
    """Over many days; the hollow beside the cell is the better place throughout."""
    moved = 0
    for seed in range(1, 9):
        lattice, space, scene, table, _ = make_tight_world(seed, 1, False)
        lattice.matrix[...], lattice.eroded[...] = FULL, 0
        lattice.matrix[HERE], lattice.matrix[4, 4, 5] = matrix, 0
        lattice.eroded[4, 4, 5], scene.osteoblasts[HERE] = 1, 3
        fill_contact(lattice.matrix, space, scene.contact)
        one, _ = compare(crawl, twins.places.crawl, table, np.arange(COUNT), scene, lattice, space,
                         make_moment(seed), RATES._replace(crawl=np.float64(5.0)))  # fmt: skip
        moved += one
    assert (moved > 0) == may_leave


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_a_newborn_inherits_nothing_from_the_row_it_takes(seed, periodic):
    lattice, space, scene, table, rng = make_world(seed, periodic, spare=400)
    for column in table:
        column[COUNT:] = 1
    context, phase = (space, make_moment(seed), RATES), np.zeros(int(lattice.site.max()), np.uint8)
    count, (after, *_) = compare(recruit, twins.osteoblasts.recruit, table, COUNT, scene, lattice,
                                 phase, make_ligands(rng), context)  # fmt: skip
    assert count > COUNT
    for name in ("stage", "dose", "carry", "rest"):
        assert not getattr(after, name)[COUNT:count].any(), name


def test_factor_goes_to_no_side_more_than_to_another():
    """Between two equal surfaces half of it goes to each, by a draw for each voxel."""
    lattice, space, scene, _, _ = make_world(1, 0)
    lattice.bound[...] = lattice.site[...] = lattice.eroded[...] = 0
    lattice.matrix[...] = FULL
    scene.contact[...] = 0
    shape = lattice.matrix.shape
    scene.contact[2] = scene.contact[4] = 1
    low = 0
    for k in range(60):
        lattice.bound[3] = 1
        settle_factor(lattice, scene, space, make_ball(1.0), len(make_ball(1.0)), make_moment(k))
        low += int(lattice.bound[2].sum())
        assert lattice.bound[2].sum() + lattice.bound[4].sum() == shape[1] * shape[2]
        lattice.bound[...] = 0
    count = 60 * shape[1] * shape[2]
    assert abs(low - count / 2) < 4 * np.sqrt(count) / 2


def test_factor_may_go_to_the_first_voxel():
    lattice, space, scene, _, _ = make_world(1, 0)
    scene.contact[...] = 0
    scene.contact[0, 0, 0] = 1
    lattice.bound[...] = 0
    lattice.bound[0, 0, 1] = 500
    lost, (after, *_) = compare(settle_factor, twins.factor.settle_factor, lattice, scene, space,
                                make_ball(1.5), len(make_ball(1.5)), make_moment(1))  # fmt: skip
    assert lost == 0
    assert after.bound[0, 0, 0] == 500


@pytest.mark.parametrize(("buried", "steps", "left"), [(0, 1, 500), (0, 3, 0), (1, 3, 500)])
def test_factor_of_a_hole_is_lost(buried, steps, left):
    """In the open it goes one voxel to a surface and not three; buried it does."""
    lattice, space, scene, _, _ = make_world(1, 0)
    lattice.matrix[4, 4, 4] = FULL * buried
    scene.contact[...] = 0
    scene.contact[4, 4, 4 + steps] = 1
    lattice.bound[...] = 0
    lattice.bound[4, 4, 4] = 500
    lost, (after, *_) = compare(settle_factor, twins.factor.settle_factor, lattice, scene, space,
                                make_ball(4.0), len(make_ball(1.75)), make_moment(1))  # fmt: skip
    assert after.bound[4, 4, 4 + steps] == left
    assert lost == 500 - left


def test_the_last_quantum_fades_too():
    bound = np.ones((8, 9, 10), np.int32)
    lost, (after, *_) = compare(fade_factor, twins.factor.fade_factor, bound, make_moment(1), 0.5)
    assert 0 < lost == (after == 0).sum() < bound.size
