"""What becomes of bone that nothing holds."""

import numpy as np
import pytest
from scipy import ndimage

from bones import add_slab, live, make_empty, make_living
from trabecula.base.codes import FULL, Sides, Stage
from trabecula.base.pieces import find_held
from trabecula.cells import make_stages
from trabecula.cells.clearing import EVERY, step_clearing
from trabecula.cells.scene import Stage as Scene
from trabecula.config import load_parameters
from trabecula.lattice import check_ledgers

LIFE = "cells.piece.life"


def make_broken(sides=Sides.PERIODIC, pieces=1):
    """A slab and, away from it, pieces of 2 x 2 x 2 voxels with a crumb of matrix beside each."""
    state = make_empty((16, 24, 24), sides=sides)
    matrix = state.lattice.matrix
    rng = np.random.default_rng(3)
    corners = [(z, y, x) for z in (6, 10) for y in range(2, 22, 4) for x in range(2, 22, 4)]
    for z, y, x in rng.permutation(corners)[:pieces]:
        matrix[z : z + 2, y : y + 2, x : x + 2] = FULL
        matrix[z + 2, y, x] = 700
    add_slab(state, 0, 3)
    matrix[3, 0, 0] = 900  # a crumb on bone that is held
    state.volume.start = int(matrix.sum(dtype=np.int64))
    return state


def make_table(life):
    """The rows that the stage reads; a life below the range of the table leaves nothing to chance."""
    return {LIFE: life, "lattice.osteoid.seam": load_parameters()["lattice.osteoid.seam"]}


def clear(state, life):
    """One look at the pieces, where they stay `life` days on average."""
    step_clearing(state, make_table(life), Scene(state))
    check_ledgers(state)


def test_a_piece_that_nothing_holds_is_cleared_with_its_crumbs_and_its_books_close():
    state = make_broken()
    clear(state, 1e-3)
    assert state.volume.cleared == 8 * FULL + 700
    assert state.volume.resorbed == 0
    assert state.lattice.matrix[:3].min() == FULL, "what is held stays"
    assert state.lattice.matrix[3, 0, 0] == 900
    assert state.events["pieces_cleared"] == 1


def test_whole_bone_loses_nothing():
    state = make_broken(pieces=0)
    before = state.lattice.matrix.copy()
    clear(state, 1e-3)
    assert state.volume.cleared == 0
    assert (state.lattice.matrix == before).all()


@pytest.mark.parametrize(("sides", "stays"), [(Sides.MIRRORED, True), (Sides.PERIODIC, False)])
def test_a_piece_that_reaches_a_side_goes_on_beyond_it_unless_the_lattice_repeats(sides, stays):
    state = make_broken(sides, pieces=0)
    state.lattice.matrix[8, 8, :2] = FULL
    state.volume.start = int(state.lattice.matrix.sum(dtype=np.int64))
    clear(state, 1e-3)
    assert (state.lattice.matrix[8, 8, 0] == FULL) == stays


def test_a_piece_that_is_held_across_the_seam_stays():
    state = make_broken(pieces=0)
    state.lattice.matrix[14:16, 8, 8] = FULL  # touches the slab at z = 0 from behind
    state.volume.start = int(state.lattice.matrix.sum(dtype=np.int64))
    clear(state, 1e-3)
    assert state.volume.cleared == 0


def test_pieces_stay_for_the_days_that_the_table_says():
    """Of fifty, as many are left after each month as an even hazard leaves (four standard errors)."""
    state, life = make_broken(pieces=50), 60.0
    left = [50]
    for month in range(1, 4):
        state.clock.step = int(month * EVERY)
        clear(state, life)
        left.append(50 - state.events["pieces_cleared"])
    expected = 50 * np.exp(-EVERY * np.arange(4) / life)
    error = np.sqrt(expected * (1 - expected / 50))
    assert (np.abs(left - expected) <= 4 * error).all()
    assert 0 < left[-1] < left[1] < 50


def test_between_two_looks_nothing_happens():
    state = make_broken()
    state.clock.step = 17
    clear(state, 1e-3)
    assert state.volume.cleared == 0


def test_cells_of_a_cleared_piece_go_with_it():
    """Osteoblasts die and lose their factor, those of held bone stay; the rest by rules of their own."""
    state = make_broken()
    z, y, x = np.argwhere(state.lattice.matrix[4:12] == FULL)[0] + [4, 0, 0]
    flat = [np.ravel_multi_index((z - 1, y, x), state.grid.shape), 3 * 24 * 24 + 100]
    state.cells.osteoblasts.append(
        uid=[3, 5], voxel=flat, stage=[int(Stage.ACTIVE)] * 2, dose=[40, 50]
    )
    state.coupling.released = 90
    clear(state, 1e-3)
    rows = state.cells.osteoblasts.rows
    assert rows.uid.tolist() == [5]
    assert state.coupling.lost == 40
    assert state.events["osteoblasts_died"] == 1


def test_the_rule_is_a_stage_that_a_switch_takes_out():
    state = make_broken(pieces=5)
    assert "clearing" not in [
        s.name for s in make_stages(state, make_table(1e-3), {"clearing": False})
    ]
    stages = {stage.name: stage for stage in make_stages(state, make_table(1e-3), {})}
    stages["clearing"].step(state)
    assert (state.lattice.matrix[5:] > 0).sum() == 0


def test_a_living_bone_loses_what_was_cut_off():
    """A plate with a piece beside it: within half a year it is gone, its cells too, all books closed."""
    state, parameters = make_living(**{LIFE: 10.0})
    matrix = state.lattice.matrix
    z, y, x = np.argwhere(ndimage.distance_transform_edt(matrix == 0) > 3)[0]
    matrix[z, y, x] = FULL
    state.volume.start += FULL
    for table in (state.cells.precursors, state.cells.osteoclasts, state.cells.lining):
        table.rows.uid[table.rows.voxel == np.ravel_multi_index((z, y, x), matrix.shape)] = 0
        table.compact()
    live(state, parameters, 180)
    assert state.volume.cleared >= FULL
    assert matrix[z, y, x] == 0


def test_the_first_of_equal_pieces_is_held():
    labels = np.zeros((4, 4, 4), np.int32)
    labels[0, 0, 0], labels[2, 2, 2] = 1, 2
    assert find_held(labels, 2, periodic=True).tolist() == [True, True, False]
