"""States that no life leads to are seen before they reach a file."""

import h5py
import numpy as np
import pytest

from bones import live, make_living
from test_runner import TINY
from trabecula.base.codes import FULL
from trabecula.base.errors import LedgerError, StateError
from trabecula.config import load_config
from trabecula.model.soundness import check_state
from trabecula.runner import progress, run


@pytest.fixture(scope="module")
def lived():
    state, parameters = make_living(seed=1)
    live(state, parameters, 12)
    return state


def spoil(name):
    def harm(state):
        field = state.fields.get(next(iter(getattr(state.fields, name))))
        field[1, 2, 1] = -0.5 if name == "fine_names" else np.nan

    return harm


def move(population, into_bone):
    def harm(state):
        bone = np.flatnonzero(state.lattice.matrix.reshape(-1) == FULL)
        table = getattr(state.cells, population)
        table.rows.voxel[0] = bone[0] if into_bone else -1

    return harm


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (spoil("fine_names"), r"-0\.5 pM at \(1, 2, 1\)"),
        (spoil("coarse_names"), r"nan pM at \(1, 2, 1\)"),
        (move("precursors", True), "precursors lie in bone, one at"),
        (move("lining", True), "lining lie in bone, one at"),
        (move("osteocytes", False), "osteocytes lie outside of the lattice, at index -1"),
        (lambda s: s.lattice.mineral.__setitem__((0, 0, 0), np.inf), "mineralisation is no number"),
    ],
)
def test_each_wrong_state_is_named_with_place_and_day(lived, harm, words):
    import copy

    state = copy.deepcopy(lived)
    check_state(state)
    harm(state)
    with pytest.raises(StateError, match=f"day .*, step .*{words}.*last checkpoint"):
        check_state(state)


def test_open_books_are_seen_as_well(lived):
    import copy

    state = copy.deepcopy(lived)
    state.volume.resorbed += 1
    with pytest.raises(LedgerError, match="matrix"):
        check_state(state)


def test_a_wrong_state_ends_the_run_before_it_is_committed(tmp_path, states, monkeypatch):
    """What was committed on day 10 stands; day 20 is never written."""
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    (tmp_path / "tiny.yaml").write_text(TINY)
    real = check_state

    def check(state):
        if state.clock.time > 15:
            state.cells.osteocytes.rows.voxel[0] = -1
        real(state)

    monkeypatch.setattr("trabecula.runner.recorder.check_state", check)
    with pytest.raises(StateError, match="day 20"):
        run(load_config(tmp_path / "tiny.yaml"), tmp_path / "run", cache=states)
    with h5py.File(tmp_path / "run" / "results.h5") as file:
        assert file["series/time"][-1] == 10
