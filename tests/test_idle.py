"""Rows that a replete bone cannot feel: their spin-up is shared, bit by bit the same as their own."""

import h5py
import numpy as np
import pytest

from trabecula.config import load_config
from trabecula.config.fits import get_setting
from trabecula.config.parameters import load_parameters
from trabecula.hormones import is_idle_when_replete
from trabecula.records import write_state
from trabecula.runner.cache import StateCache
from trabecula.runner.digest import compute_state_digest
from trabecula.runner.spinup import SpinUp
from trabecula.state import State

TINY = """
seed: 3
spin_up: 15 d
settle: 8 d
duration: 10 d
lattice: {shape: [16, 16, 16], bv_tv: 0.2, tb_th: 100 um}
hormones: {levels: {estradiol: [[0, 10]]}}
mechanics: off
"""


def move(row):
    """Another value of a row within its range."""
    return row.high if row.value < (row.low + row.high) / 2.0 else row.low


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tmp_path_factory.mktemp("idle")


def configure(base, keys=()):
    rows = load_parameters().rows
    (base / "tiny.yaml").write_text(TINY)
    sets = [f"{get_setting(key)}={move(rows[key])!r}" for key in keys]
    return load_config(base / "tiny.yaml", sets)


def read(state: State, path):
    write_state(path, state, {"digest": "", "notes": []})
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: found.update({name: np.asarray(item[()])})
            if isinstance(item, h5py.Dataset) else None
        )  # fmt: skip
        found |= {f"@{key}": np.asarray(value) for key, value in file.attrs.items()}
    return found


def spin(config, cache):
    made = SpinUp(config, cache, None, lead=8.0)
    return made.make(), made.from_cache


def test_every_row_that_is_idle_leaves_a_replete_bone_as_it_is(base, tmp_path):
    rows = load_parameters().rows
    idle = [key for key, row in rows.items() if is_idle_when_replete(key) and row.low < row.high]
    assert len(idle) > 250
    plain, moved = configure(base), configure(base, idle)
    own, _ = spin(moved, StateCache(tmp_path / "own"))  # lived under the moved rows
    spin(plain, StateCache(tmp_path / "shared"))
    shared, source = spin(moved, StateCache(tmp_path / "shared"))  # lived under the table's
    assert source == ["spin-up"]
    first, second = read(own, tmp_path / "a.h5"), read(shared, tmp_path / "b.h5")
    assert set(first) == set(second)
    for name, values in first.items():
        assert values.dtype == second[name].dtype
        assert values.tolist() == second[name].tolist(), name


def test_a_row_of_the_replete_bone_has_a_spin_up_of_its_own(base):
    plain = configure(base)
    for key in ("cells.osteoclast.work", "hormones.female.testosterone", "fields.opg.on_rate"):
        other = configure(base, [key])
        assert compute_state_digest(other, 7, False) != compute_state_digest(plain, 7, False), key


def test_what_was_lived_under_other_hormones_is_not_shared(base):
    plain, other = configure(base), configure(base, ["hormones.estrogen_opg.maximum"])
    assert compute_state_digest(other, 7, False) == compute_state_digest(plain, 7, False)
    assert compute_state_digest(other, 20, True) != compute_state_digest(plain, 20, True)
