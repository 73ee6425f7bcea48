"""Exports come back as what the run holds: same numbers, same place, same size, by other readers."""

import csv

import numpy as np
import pytest
from typer.testing import CliRunner

from small_run import PIT, SHAPE, TOP, VOXEL, write_run
from trabecula.analysis.moments import read_moment
from trabecula.base.errors import ResultsError
from trabecula.cli.main import app
from trabecula.records.vtkhdf import write_volumes
from trabecula.specimen.readers import load_image


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("exported"))


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def export(run, path, *options):
    done = call("export", run, "--out", path, *options)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_series_as_csv_with_the_meaning_of_each_column(run, tmp_path):
    export(run, tmp_path / "s.csv", "--to", "csv")
    rows = read_csv(tmp_path / "s.csv")
    assert [(float(r["time"]), float(r["bv_tv"])) for r in rows] == [
        (0, 0.4),
        (30, 30.4),
        (60, 60.4),
    ]
    book = {row["column"]: row for row in read_csv(tmp_path / "s_columns.csv")}
    assert book["bv_tv"]["symbol"] == "BV/TV"
    assert book["bv_tv"]["interval_d"] == "30.0"
    assert book["time"]["unit"] == "d"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.csv", "s_columns.csv"]


def test_a_day_between_snapshots_takes_the_nearest_and_says_so(run, tmp_path):
    there, near = (
        call(
            "export",
            run,
            "--out",
            tmp_path / "c.csv",
            "--to",
            "csv",
            "--what",
            "osteoclasts",
            "--at",
            day,
        )
        for day in ("30.4 d", "33 d")
    )
    assert (there.exit_code, there.stderr) == (0, "")
    assert near.exit_code == 0
    assert near.stderr == "--at: no snapshot of day 33; the nearest is taken, day 30\n"


@pytest.mark.parametrize("what", ["hormones", "events", "bmus"])
def test_other_tables_as_csv(run, tmp_path, what):
    export(run, tmp_path / "t.csv", "--to", "csv", "--what", what)
    assert len(read_csv(tmp_path / "t.csv")) == (1 if what == "bmus" else 3)


@pytest.mark.parametrize("what", ["series", "hormones", "events", "bmus"])
def test_tables_are_had_before_the_first_snapshot(tmp_path, what):
    run = write_run(tmp_path / "run", snapshots=False)
    done = call("export", run, "--to", "csv", "--what", what)
    assert done.exit_code == 0, done.stderr
    assert (run / "export" / f"{what}.csv").is_file()
    for options in (("csv", "--what", "osteoclasts"), ("stl",), ("vtkhdf",), ("nrrd",)):
        done = call("export", run, "--to", *options)
        assert done.exit_code == 2
        assert "holds no snapshot yet" in done.stderr


def test_cells_as_csv_in_world_coordinates(run, tmp_path):
    said = export(run, tmp_path / "c.csv", "--to", "csv", "--what", "osteoclasts", "--at", "30 d")
    assert said.count("saved") == 2
    first = read_csv(tmp_path / "c.csv")[0]
    assert (first["uid"], first["nuclei"]) == ("11", "8")
    assert [float(first[axis]) for axis in "xyz"] == [130.0, 150.0, (TOP + 0.5) * VOXEL]
    book = {row["column"]: row for row in read_csv(tmp_path / "c_columns.csv")}
    assert book["x"]["unit"] == "um"
    assert book["born"]["unit"] == "d"


@pytest.mark.parametrize(
    ("to", "ending"), [("nrrd", ".nrrd"), ("mha", ".mha"), ("nifti", ".nii.gz")]
)
def test_images_come_back_with_size_place_and_axes(run, tmp_path, to, ending):
    simple = pytest.importorskip("SimpleITK", reason="the extra imaging is not installed")
    path = tmp_path / f"f{ending}"
    assert "24 x 20 x 18 voxels (x, y, z) of 0.02 mm" in export(run, path, "--to", to, "--at", 30)
    image = simple.ReadImage(str(path))
    assert image.GetSize() == SHAPE[::-1]
    assert image.GetSpacing() == pytest.approx([0.02] * 3)
    assert image.GetOrigin() == pytest.approx([0.01] * 3)
    assert image.GetDirection() == pytest.approx(np.eye(3).ravel())
    stored = read_moment(run, 1, ["fraction"]).volumes["fraction"].values
    np.testing.assert_array_equal(simple.GetArrayFromImage(image), stored)
    # the middle of the pit, named in mm, is open; bone lies under it
    for z, value in ((7.0, 0.0), (5.5, 1.0)):
        middle = [n * VOXEL / 1000 for n in (7.0, 7.5, z)]
        assert image[image.TransformPhysicalPointToIndex(middle)] == value
    assert load_image(path).spacing == pytest.approx((20.0, 20.0, 20.0))


def test_a_field_has_its_own_voxels_in_the_same_place(run, tmp_path):
    simple = pytest.importorskip("SimpleITK", reason="the extra imaging is not installed")
    export(run, tmp_path / "o.mha", "--to", "mha", "--what", "opg")
    image = simple.ReadImage(str(tmp_path / "o.mha"))
    assert image.GetSpacing() == pytest.approx([0.04] * 3)
    assert image.GetOrigin() == pytest.approx([0.02] * 3)
    assert image.GetSize() == (12, 10, 9)


def test_the_surface_as_stl_lies_where_the_bone_lies(run, tmp_path):
    pytest.importorskip("pyvista", reason="the extra viz is not installed")
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkFiltersCore import vtkMassProperties
    from vtkmodules.vtkIOGeometry import vtkSTLReader

    path = tmp_path / "b.stl"
    assert "in mm" in export(run, path, "--to", "stl", "--at", "0 d")
    assert path.read_bytes()[:80].startswith(b"unit: mm; x, y, z; bone, day 0")
    reader = vtkSTLReader()
    reader.SetFileName(str(path))
    reader.Update()
    mesh = reader.GetOutput()
    size = np.array([SHAPE[2], SHAPE[1], TOP]) * VOXEL / 1000
    np.testing.assert_allclose(np.reshape(mesh.GetBounds(), (3, 2))[:, 0], 0.0, atol=1e-3)
    np.testing.assert_allclose(
        np.reshape(mesh.GetBounds(), (3, 2))[:, 1], size, atol=0.2 * VOXEL / 1000
    )
    mass = vtkMassProperties()
    mass.SetInputData(mesh)
    assert mass.GetVolume() == pytest.approx(np.prod(size), rel=0.03)
    assert len(vtk_to_numpy(mesh.GetPoints().GetData())) > 1000
    whole, hard = (tmp_path / name for name in ("w.stl", "m.stl"))
    export(run, whole, "--to", "stl")
    export(run, hard, "--to", "stl", "--what", "mineralised")
    assert hard.read_bytes()[84:] != whole.read_bytes()[84:]


def test_a_bone_of_which_nothing_is_left_has_no_surface_to_write(tmp_path):
    pyvista = pytest.importorskip("pyvista", reason="the extra viz is not installed")
    from trabecula.viz.stl import write_stl

    with pytest.raises(ResultsError, match=r"b\.stl: there is no bone to write; try another time"):
        write_stl(pyvista.PolyData(), tmp_path / "b.stl", "bone, day 0")
    assert not list(tmp_path.iterdir())


def test_a_file_for_paraview_that_does_not_read_back_is_not_left(tmp_path, monkeypatch):
    made = "trabecula.records.vtkhdf._make_root"
    monkeypatch.setattr(made, lambda file, *_: file.create_group("other"))
    with pytest.raises(ResultsError, match=r"l\.vtkhdf.*: it does not read back"):
        write_volumes(tmp_path / "l.vtkhdf", [0.0], [{"fraction": np.ones((2, 2, 2))}], 20.0)
    assert not list(tmp_path.iterdir())


def open_vtkhdf(path):
    pytest.importorskip("vtkmodules", reason="the extra viz is not installed")
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline
    from vtkmodules.vtkIOHDF import vtkHDFReader

    reader = vtkHDFReader()
    reader.SetFileName(str(path))
    assert reader.CanReadFile(str(path))
    reader.UpdateInformation()
    key = vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    return reader, reader.GetOutputInformation(0).Get(key)


def read_step(reader, time):
    reader.UpdateTimeStep(time)
    return reader.GetOutputDataObject(0)


def to_volume(data, name):
    from vtkmodules.util.numpy_support import vtk_to_numpy

    return vtk_to_numpy(data.GetCellData().GetArray(name)).reshape(SHAPE)


def test_results_vtkhdf_is_read_by_vtk_time_by_time(run):
    reader, times = open_vtkhdf(run / "results.vtkhdf")
    assert times == (0.0, 30.0, 60.0)
    for time, row in ((30.0, 1), (0.0, 0), (60.0, 2)):
        data = read_step(reader, time)
        assert data.GetSpacing() == (VOXEL,) * 3
        assert data.GetDimensions() == tuple(n + 1 for n in SHAPE[::-1])
        stored = read_moment(run, row, ["fraction"]).volumes["fraction"].values
        np.testing.assert_array_equal(to_volume(data, "matrix") / 32768, stored)


def test_the_lattice_alone_as_vtkhdf(run, tmp_path):
    assert "3 times" in export(run, tmp_path / "l.vtkhdf", "--to", "vtkhdf")
    reader, times = open_vtkhdf(tmp_path / "l.vtkhdf")
    assert times == (0.0, 30.0, 60.0)
    fraction = to_volume(read_step(reader, 30.0), "fraction")
    assert not fraction[PIT].any()
    assert fraction[: PIT[0].start].all()
    assert to_volume(read_step(reader, 60.0), "osteoid").max() == 1.0
    export(run, tmp_path / "one.vtkhdf", "--to", "vtkhdf", "--what", "sed", "--at", "30 d")
    reader, _ = open_vtkhdf(tmp_path / "one.vtkhdf")
    reader.Update()
    volume = to_volume(reader.GetOutputDataObject(0), "sed")
    assert volume.max() == pytest.approx(2e-2, rel=3e-3)
    assert not volume[TOP:].any()


def test_cells_over_time_as_vtkhdf(run, tmp_path):
    from vtkmodules.util.numpy_support import vtk_to_numpy

    export(run, tmp_path / "c.vtkhdf", "--to", "vtkhdf", "--what", "cells")
    reader, times = open_vtkhdf(tmp_path / "c.vtkhdf")
    assert times == (0.0, 30.0, 60.0)
    for time in times[::-1]:
        data = read_step(reader, time)
        assert (data.GetNumberOfPoints(), data.GetNumberOfVerts()) == (9, 9)
        names = ("population", "nuclei", "stage", "uid")
        kind, nuclei, stage, uid = (
            vtk_to_numpy(data.GetPointData().GetArray(name)) for name in names
        )
        assert np.bincount(kind).tolist() == [1, 2, 3, 1, 2]
        assert nuclei[kind == 1].tolist() == [8, 1]
        assert stage[kind == 2].tolist() == [1, 1, 0]
        at = int(np.flatnonzero(uid == 11)[0])
        assert data.GetPoint(at) == pytest.approx([130.0, 150.0, 170.0])


def test_cells_of_one_day_as_vtkhdf(run, tmp_path):
    done = ("--to", "vtkhdf", "--what", "osteoblasts", "--at", "0 d")
    export(run, tmp_path / "c.vtkhdf", *done)
    reader, _ = open_vtkhdf(tmp_path / "c.vtkhdf")
    reader.Update()
    assert reader.GetOutputDataObject(0).GetNumberOfVerts() == 3


def test_xarray_opens_the_results(run):
    xarray = pytest.importorskip("xarray", reason="the extra analysis is not installed")
    pytest.importorskip("h5netcdf", reason="the extra analysis is not installed")
    with xarray.open_dataset(run / "results.h5", engine="h5netcdf", group="series") as data:
        assert data.bv_tv.sel(time=30.0).item() == 30.4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--to", "png"), "--to: found 'png'; allowed: csv, nrrd"),
        (("--to", "csv", "--what", "sed"), "--what: found 'sed'; allowed with --to csv: series"),
        (("--to", "nrrd", "--what", "cells"), "allowed with --to nrrd: fraction, osteoid"),
        (("--to", "stl", "--what", "opg"), "allowed with --to stl: bone, mineralised"),
        (("--to", "vtkhdf", "--what", "bone"), "allowed with --to vtkhdf: lattice, cells"),
        (("--to", "nrrd", "--at", "90 d"), "--at: found 90 d; allowed: 0 to 60 d"),
        (("--to", "nrrd", "--at", "soon"), "--at: found 'soon'"),
        (("--to", "csv", "--at", "30 d"), "--at: found '30 d' with --what series, which has every"),
        (
            ("--to", "nrrd", "--out", "a.txt"),
            "--out: found 'a.txt'; allowed: a file ending in .nrrd",
        ),
    ],
)
def test_wrong_exports_are_one_message(run, options, words):
    done = call("export", run, *options)
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (run / "export").exists()


def test_a_folder_in_the_way_is_one_message(run, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for to in ("csv", "stl", "vtkhdf"):
        done = call("export", run, "--to", to, "--out", tmp_path / "file" / f"a.{to}")
        assert done.exit_code == 2, to
        assert "cannot be written" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
