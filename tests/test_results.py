"""The results file keeps the contract, and readers never see half of it."""

import math

import h5py
import numpy as np
import pytest

from bones import add_slab, make_empty
from trabecula.base.codes import FULL
from trabecula.base.errors import ResultsError
from trabecula.records import Metric, Provenance, ResultsWriter
from trabecula.records.moments import read_times
from trabecula.records.reader import read_results
from trabecula.records.results import verify_results
from trabecula.records.snapshots import round_mantissa
from trabecula.records.tables import read_table

METRICS = {
    "bv_tv": Metric("BV/TV", "bone volume fraction", "1", 1.0),
    "tb_th": Metric("Tb.Th", "trabecular thickness", "um", 30.0),
}
HORMONES = {"estradiol": Metric("E2", "estradiol", "pg/mL", 1.0)}
PROVENANCE = Provenance(
    seed=5,
    config_text="name: x\n",
    config_digest="abc",
    versions={"trabecula": "0.1.0", "numba": "0.68"},
    parameters=[{"key": "cells.a", "value": 1.5, "grade": "B", "range": [1, 2], "source": "doi"}],
    rules=[{"signal": "estradiol", "target": "opg_production", "ec50": 30.0}],
)


@pytest.fixture
def state():
    state = make_empty((6, 8, 9))
    add_slab(state, 0, 3, mineral=0.75)
    state.lattice.site[1, 2, 3] = 4
    state.fields.fine[...] = np.linspace(0, 7, state.fields.fine.size).reshape(
        state.fields.fine.shape
    )
    state.cells.osteocytes.append(uid=[7, 8], voxel=[1, 2], reach=[3.5, 4.5])
    state.sites.append(
        activated=[3.0], mouth=[10], opened=[4000.0], resorbed=[20 * FULL], formed=[15 * FULL]
    )
    return state


@pytest.fixture
def written(state, tmp_path):
    writer = ResultsWriter(tmp_path, state.grid, METRICS, HORMONES, PROVENANCE)
    writer.add_row(-1.0, {"bv_tv": 0.4, "tb_th": 150.0}, {"estradiol": 60.0}, {"births": 1})
    writer.add_row(0.0, {"bv_tv": 0.5}, {"estradiol": 50.0}, {"births": 2})
    writer.add_snapshot(state)
    writer.commit(state)
    state.clock.step = 30
    state.cells.osteocytes.append(uid=[9], voxel=[5])
    state.lattice.matrix[3, 0, 0] = 17
    writer.add_row(30.0, {"bv_tv": 0.6, "tb_th": 140.0}, {"estradiol": 40.0}, {"a_late_one": 3})
    writer.add_snapshot(state)
    writer.commit(state)
    writer.close()
    return tmp_path


def test_contract_of_series(written):
    with h5py.File(written / "results.h5") as file:
        assert file.attrs["format_version"] == 1
        assert file["series/time"][()].tolist() == [-1.0, 0.0, 30.0]
        assert file["series/time"].attrs["unit"] == "d"
        assert file["series/bv_tv"][()].tolist() == [0.4, 0.5, 0.6]
        thickness = file["series/tb_th"]
        np.testing.assert_array_equal(thickness[()], [150.0, math.nan, 140.0])
        attrs = {k: thickness.attrs[k] for k in ("unit", "symbol", "long_name", "interval")}
        assert attrs == {
            "unit": "um",
            "symbol": "Tb.Th",
            "long_name": "trabecular thickness",
            "interval": 30.0,
        }
        assert file["hormones/estradiol"][()].tolist() == [60.0, 50.0, 40.0]
        assert file["hormones/estradiol"].attrs["unit"] == "pg/mL"
        assert file["events/births"][()].tolist() == [1, 2, 0]
        assert file["events/a_late_one"][()].tolist() == [0, 0, 3]


def test_contract_of_provenance(written):
    with h5py.File(written / "results.h5") as file:
        group = file["provenance"]
        assert group.attrs["seed"] == 5
        assert group.attrs["config_digest"] == "abc"
        assert group["config"].asstr()[()] == "name: x\n"
        assert set(group["versions"].attrs) >= {"trabecula", "numpy", "numba", "python", "h5py"}
        assert group["versions"].attrs["numpy"] == np.__version__
        assert group["parameters/key"].asstr()[0] == "cells.a"
        assert group["parameters/value"][0] == 1.5
        assert group["parameters/grade"].asstr()[0] == "B"
        assert group["rules/ec50"][0] == 30.0


def test_contract_of_snapshots_and_sites(written):
    with h5py.File(written / "results.h5") as file:
        group = file["snapshots"]
        assert group["time"][()].tolist() == [0.0, 30.0]
        matrix = group["matrix"]
        assert matrix.dtype == np.uint16
        assert matrix.chunks[0] == 1
        assert matrix.compression == "gzip"
        assert matrix.compression_opts == 1
        assert (matrix[0, :3] == FULL).all()
        assert matrix[0, 3:].max() == 0
        assert matrix[1, 3, 0, 0] == 17
        assert group["mineral"][0, 0, 0, 0] == round(0.75 * FULL)
        cells = group["cells/osteocytes"]
        assert cells["first"][()].tolist() == [0, 2]
        assert cells["count"][()].tolist() == [2, 3]
        assert cells["uid"][()].tolist() == [7, 8, 7, 8, 9]
        assert cells["reach"].attrs["unit"] == "um"
        assert group["cells/precursors/count"][()].tolist() == [0, 0]
        level = group["fields/rankl_soluble"]
        assert level.shape == (2, 3, 4, 5)
        assert group["fields/il6"].shape == (2, 3, 4, 5)
        sites = file["bmus"]
        assert sites["activated"][()].tolist() == [3.0]
        assert sites["footprint"][()].tolist() == [4000.0]
        assert sites["e_de"][()].tolist() == [40.0]
        assert sites["w_th"][()].tolist() == [30.0]
        assert sites["e_de"].attrs["unit"] == "um"


def test_fields_are_block_means(state, written):
    with h5py.File(written / "results.h5") as file:
        stored = file["snapshots/fields/rankl_soluble"][0]
    fine = state.fields.fine[0]
    assert stored[0, 0, 0] == pytest.approx(fine[:2, :2, :2].mean(), rel=2**-9)
    # the odd edge along x stands for itself, not for air
    assert stored[1, 1, 4] == pytest.approx(fine[2:4, 2:4, 8].mean(), rel=2**-9)


def test_rounding_keeps_its_promise():
    values = np.random.default_rng(0).lognormal(0, 20, 10_000).astype(np.float32)
    rounded = round_mantissa(values)
    assert np.abs(rounded / values - 1).max() <= 2.0**-9
    assert len(np.unique(rounded.view(np.uint32) & 0x7FFF)) == 1
    assert round_mantissa(np.zeros(1, np.float32))[0] == 0.0


def test_vtkhdf_is_the_same_data(written):
    with h5py.File(written / "results.vtkhdf") as link:
        root = link["VTKHDF"]
        assert root.attrs["Version"].tolist() == [2, 0]
        assert root.attrs["Type"] == b"ImageData"
        assert root.attrs["WholeExtent"].tolist() == [0, 9, 0, 8, 0, 6]
        assert root["Steps"].attrs["NSteps"] == 2
        assert root["Steps/Values"][()].tolist() == [0.0, 30.0]
        assert root["CellData/matrix"] == root.file["snapshots/matrix"]


def test_xarray_opens_series(written):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    for group in ("series", "hormones", "events"):
        with xarray.open_dataset(written / "results.h5", group=group, engine="h5netcdf") as data:
            assert data.time.values.tolist() == [-1.0, 0.0, 30.0]
            assert all(data[key].dims == ("time",) for key in data)
    with xarray.open_dataset(written / "results.h5", group="series", engine="h5netcdf") as data:
        assert data.bv_tv.sel(time=30.0) == 0.6
        assert data.tb_th.attrs["symbol"] == "Tb.Th"


def test_rows_before_commit_are_unseen_and_then_whole(state, tmp_path):
    writer = ResultsWriter(tmp_path, state.grid, METRICS, HORMONES, PROVENANCE)
    verify_results(tmp_path / "results.h5")
    writer.add_row(0.0, {"bv_tv": 0.5}, {}, {})
    with h5py.File(tmp_path / "results.h5") as file:
        assert file["series/time"].shape == (0,)
        writer.commit(state)
        assert file["series/time"].shape == (0,)
    with h5py.File(tmp_path / "results.h5") as file:
        assert file["series/bv_tv"][()].tolist() == [0.5]
        assert math.isnan(file["hormones/estradiol"][0])
    writer.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["results.h5", "results.vtkhdf"]


def test_unknown_metric_is_refused(state, tmp_path):
    writer = ResultsWriter(tmp_path, state.grid, METRICS, HORMONES, PROVENANCE)
    writer.add_row(0.0, {"bv_vt": 0.5}, {}, {})
    with pytest.raises(KeyError, match="bv_vt"):
        writer.commit(state)


def shorten(file, name):
    column, words = file[name][()].tolist(), dict(file[name].attrs)
    del file[name]
    file[name] = column[:-1]
    file[name].attrs.update(words)


@pytest.mark.parametrize(
    "name",
    ["series/bv_tv", "hormones/estradiol", "events/births", "provenance/parameters/key",
     "provenance/rules/signal", "bmus/mouth"],
)  # fmt: skip
def test_columns_of_unequal_length_are_damage(written, name):
    with h5py.File(written / "results.h5", "r+") as file:
        if name == "bmus/mouth":
            file[name].resize((2,))
        else:
            shorten(file, name)
    path = written / "results.h5"
    readers = [read_results, *([verify_results] if name[0] in "sh" else [])]
    part = name.partition("/")[0]
    readers += [lambda place: read_table(place, part)] if part != "provenance" else []
    for read in readers:
        with pytest.raises(ResultsError, match=r"results\.h5: damaged.* of unequal length.*'"):
            read(path)


def test_a_group_where_an_array_is_to_be_is_damage(written):
    with h5py.File(written / "results.h5", "r+") as file:
        del file["snapshots/time"]
        file.create_group("snapshots/time")
    for read in (read_results, read_times):
        with pytest.raises(ResultsError, match="damaged"):
            read(written)
