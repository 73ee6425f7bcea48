"""State and specimen files: bit-exact, atomic, refused when damaged, foreign or outdated."""

import dataclasses
import math
from pathlib import Path

import h5py
import numpy as np
import pytest

from trabecula.base.codes import Sides, Species
from trabecula.base.columns import columns_of, make_arrays
from trabecula.base.errors import ResultsError
from trabecula.base.layouts import (
    Lattice,
    LiningCells,
    Osteoblasts,
    Osteoclasts,
    Osteocytes,
    Precursors,
    Sites,
)
from trabecula.records import (
    SpecimenFile,
    read_specimen,
    read_state,
    write_specimen,
    write_state,
)
from trabecula.records.specimenfile import is_specimen
from trabecula.state import (
    Cells,
    Clock,
    CouplingLedger,
    FieldStack,
    Grid,
    Signals,
    State,
    Table,
    VolumeLedger,
)

SHAPE = (5, 21, 40)


def fill(rng, array):
    """Fill with random numbers of the array's type, NaN and infinity included."""
    if array.dtype.kind == "f":
        array[...] = rng.normal(size=array.shape)
        array.flat[:1] = math.nan
        if array.size > 1:
            array.flat[1] = -math.inf
    else:
        info = np.iinfo(array.dtype)
        array[...] = rng.integers(info.min, info.max, array.shape, array.dtype, endpoint=True)
    return array


def make_table(rng, layout, count):
    specs = columns_of(layout)
    columns = {n: fill(rng, np.zeros(count, s.dtype)) for n, s in specs.items()}
    return Table.from_arrays(layout, columns)


@pytest.fixture
def state():
    rng = np.random.default_rng(7)
    lattice = Lattice(*(fill(rng, a) for a in make_arrays(Lattice, SHAPE)))
    signals = Signals()
    signals.multiplier[...] = rng.normal(size=signals.multiplier.shape)
    signals.lagged = {"estrogen/opg": 0.1 + 0.2, "b": 1.0}
    signals.doses = {"denosumab": [1.0 / 3.0, 2.0], "none": [], "opg_fc": [5e-324]}
    signals.levels = {"estradiol": 61.7}
    signals.local_estradiol = 1e-3
    return State(
        seed=2**64 - 3,
        grid=Grid(SHAPE, 20.0, Sides.PERIODIC),
        clock=Clock(step=1234, zero=1095, length=0.1),
        lattice=lattice,
        fields=FieldStack(
            (Species.RANKL_MEMBRANE, Species.OPG),
            (Species.IL6,),
            rng.random((2, *SHAPE), dtype=np.float32),
            rng.random((1, 3, 11, 20), dtype=np.float32),
        ),
        cells=Cells(
            make_table(rng, Precursors, 5000),
            make_table(rng, Osteoclasts, 3),
            make_table(rng, Osteoblasts, 4),
            make_table(rng, LiningCells, 0),
            make_table(rng, Osteocytes, 70),
        ),
        sites=make_table(rng, Sites, 9),
        signals=signals,
        volume=VolumeLedger(2**40, 12, 13),
        coupling=CouplingLedger(1, 2, 3, 4),
        events={"trigger": 5, "death": 2**40},
    )


def assert_same(a, b):
    """Equal bit by bit, type by type."""
    assert type(a) is type(b)
    if dataclasses.is_dataclass(a):
        for part in dataclasses.fields(a):
            assert_same(getattr(a, part.name), getattr(b, part.name))
    elif isinstance(a, Table):
        assert a.layout is b.layout
        assert_same(a.rows, b.rows)
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()
    else:
        assert a == b or (a != a and b != b)  # NaN is itself


def test_state_round_trip_is_bit_exact(state, tmp_path):
    write_state(tmp_path / "s.h5", state, {"sex": "female", "time": 1.5})
    back, meta = read_state(tmp_path / "s.h5")
    assert meta == {"sex": "female", "time": 1.5}
    assert_same(state, back)
    assert list(back.signals.doses) == list(state.signals.doses)
    assert back.clock.time == state.clock.time


def test_the_comparison_sees_one_flipped_bit(state, tmp_path):
    write_state(tmp_path / "s.h5", state, {})
    back, _ = read_state(tmp_path / "s.h5")
    back.cells.osteocytes.rows.voxel[3] ^= 1
    with pytest.raises(AssertionError):
        assert_same(state, back)


def test_columns_carry_units(state, tmp_path):
    write_state(tmp_path / "s.h5", state, {})
    with h5py.File(tmp_path / "s.h5") as file:
        column = file["state/cells/osteocytes/reach"]
        assert column.attrs["unit"] == "um"
        assert column.attrs["description"] == "distance to the outlet"
        assert file["state/lattice/matrix"].compression == "gzip"


def test_overwriting_replaces_and_leaves_no_rubbish(state, tmp_path):
    write_state(tmp_path / "s.h5", state, {"round": 1})
    state.clock.step += 1
    write_state(tmp_path / "s.h5", state, {"round": 2})
    assert [p.name for p in tmp_path.iterdir()] == ["s.h5"]
    back, meta = read_state(tmp_path / "s.h5")
    assert meta == {"round": 2}
    assert back.clock.step == 1235


def test_failed_write_keeps_the_old_file(state, tmp_path):
    write_state(tmp_path / "s.h5", state, {"round": 1})
    state.events = {"bad": object()}
    with pytest.raises(TypeError):
        write_state(tmp_path / "s.h5", state, {"round": 2})
    assert [p.name for p in tmp_path.iterdir()] == ["s.h5"]
    assert read_state(tmp_path / "s.h5")[1] == {"round": 1}


def test_unwritable_folder_is_reported(state, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResultsError, match="cannot be written"):
        write_state(tmp_path / "file" / "s.h5", state, {})


def test_flipped_byte_is_found(state, tmp_path):
    path = tmp_path / "s.h5"
    write_state(path, state, {})
    with h5py.File(path, "r+") as file:
        file["state/cells/osteoclasts/nuclei"][1] += 1
    with pytest.raises(ResultsError, match="digest"):
        read_state(path)


def test_changed_attribute_is_found(state, tmp_path):
    path = tmp_path / "s.h5"
    write_state(path, state, {})
    with h5py.File(path, "r+") as file:
        file["state/clock"].attrs["step"] = 7
    with pytest.raises(ResultsError, match="digest"):
        read_state(path)


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.99])
def test_truncated_file_is_refused(state, tmp_path, keep):
    path = tmp_path / "s.h5"
    write_state(path, state, {})
    data = path.read_bytes()
    path.write_bytes(data[: int(keep if keep > 1 else keep * len(data))])
    with pytest.raises(ResultsError, match="damaged"):
        read_state(path)


def test_missing_foreign_and_other_version_are_refused(state, tmp_path):
    with pytest.raises(ResultsError, match="no such file"):
        read_state(tmp_path / "none.h5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(ResultsError, match="something else"):
        read_state(tmp_path / "foreign.h5")
    write_state(tmp_path / "s.h5", state, {})
    with h5py.File(tmp_path / "s.h5", "r+") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(ResultsError, match="format 99"):
        read_state(tmp_path / "s.h5")


def write_without(path, state, column):
    """A state that lacks a column of its sites and is whole otherwise."""
    from trabecula.records.codec import compute_digest

    write_state(path, state, {})
    with h5py.File(path, "r+") as file:
        del file[f"state/sites/{column}"]
        file.attrs["digest"] = compute_digest(file)


def test_missing_column_is_refused(state, tmp_path):
    path = tmp_path / "s.h5"
    write_without(path, state, "ended")
    with pytest.raises(ResultsError, match="ended"):
        read_state(path)


def test_what_older_states_do_not_say_of_their_sites_is_a_face_a_voxel(state, tmp_path):
    path = tmp_path / "s.h5"
    write_without(path, state, "opened")
    rows = read_state(path)[0].sites.rows
    assert state.sites.count > 0
    assert rows.opened.tolist() == (rows.mouth * state.grid.voxel**2).tolist()


def test_column_of_another_type_is_refused(state, tmp_path):
    path = tmp_path / "s.h5"
    write_state(path, state, {})
    from trabecula.records.codec import compute_digest

    with h5py.File(path, "r+") as file:
        values = file["state/sites/resorbed"][()].astype("f4")
        del file["state/sites/resorbed"]
        file["state/sites/resorbed"] = values
        file.attrs["digest"] = compute_digest(file)
    with pytest.raises(ResultsError, match="int64 is needed"):
        read_state(path)


def make_specimen(report=("cropped to 64 voxels", "kept the largest component")):
    fraction = np.random.default_rng(1).random((8, 9, 10), dtype=np.float32)
    return SpecimenFile(fraction, 20.5, Sides.MIRRORED, report, "image.mha", {"bv_tv": 0.1 + 0.2})


@pytest.mark.parametrize("report", [(), ("one",), ("one", "two")])
def test_specimen_round_trip(tmp_path, report):
    specimen = make_specimen(report)
    write_specimen(tmp_path / "x.h5", specimen)
    assert_same(specimen, read_specimen(tmp_path / "x.h5"))


def test_specimen_and_state_are_told_apart(state, tmp_path):
    write_specimen(tmp_path / "x.h5", make_specimen())
    write_state(tmp_path / "s.h5", state, {})
    (tmp_path / "t.txt").write_text("text")
    assert is_specimen(tmp_path / "x.h5")
    assert not is_specimen(tmp_path / "s.h5")
    assert not is_specimen(tmp_path / "t.txt")
    with pytest.raises(ResultsError, match="trabecula specimen"):
        read_state(Path(tmp_path / "x.h5"))
