"""Bad inputs, one row each, with the message that a user gets: status 2, and nothing written."""

import os
import time

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from trabecula.base.codes import Sides
from trabecula.cli.main import app
from trabecula.records import SpecimenFile, write_specimen
from trabecula.records.codec import compute_digest

GOOD = "duration: 3 d\nspin_up: 0 d\nsettle: 0 d\nlattice: {shape: [24, 24, 24]}\n"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
)

NRRD = b"NRRD0004\ntype: float\ndimension: 3\nencoding: raw\nendian: little\n"
HUGE = NRRD + b"sizes: 99999 99999 99999\n\n"

CONFIGS = [
    # text, words of the message
    (BOMB, "more values than fit, aliases expanded"),
    ("a: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
    ("".join("  " * i + f"a{i}:\n" for i in range(400)), "nested too deeply"),
    ("seed: !!python/object/apply:os.system [ls]\n", "a tag"),
    ("seed: !include other.yaml\n", "a tag"),
    ("duration: 1 d\nduration: 2 d\n", "a key given twice"),
    ("name: [a\n", "expected ',' or ']'"),
    ("seed: *nobody\n", "undefined alias"),
    ("seed: 1\n---\nseed: 2\n", "found another document"),
    ("name: \x00\n", ":1:7: (file): found unacceptable character #x0000; allowed: YAML"),
    ("seed: 3\nname: a\x07b\n", ":2:8: (file): found unacceptable character #x0007; allowed: YAML"),
    (GOOD + "[a]: 3\n", "found a list or a mapping as a key; allowed: a word"),
    ("- 1\n- 2\n", "blocks of settings"),
    ("7\n", "blocks of settings"),
    ("", "add duration"),
    ("seed: " + "9" * 5000, ":1:7: seed: found a number of 5000 digits; allowed: a number"),
    (GOOD + "seed: 1.5\n", "a whole number"),
    (GOOD + "seed: -1\n", "a whole number 0"),
    (GOOD + "seed: 99999999999999999999\n", "a whole number 0"),
    (GOOD + "step: .nan\n", "not a finite number"),
    (GOOD + "step: .inf\n", "not a finite number"),
    (GOOD + "step: 1e400\n", "not a finite number"),
    (GOOD + "step: 0\n", "0.01 .. 5 d"),
    (GOOD + "step: 3 kg\n", "cannot be converted"),
    (GOOD + "step: 1 d**9**9**9\n", "is not a unit"),
    (GOOD + "name: ../../etc/passwd\n", "a name of letters"),
    (GOOD + "name: '\u202egnp'\n", "a name of letters"),
    (GOOD + "<<: {sead: 3}\n", "unknown key"),
    (GOOD + "<<: 3\n", "a mapping to take in"),
    (GOOD + "output: {every: 0.1 d}\n", "at least the step"),
    ("duration: 1 d\nlattice: {shape: [1024, 1024, 1024]}\n", "of memory"),
    ("duration: 1 d\nlattice: {shape: [9999, 8, 8]}\n", "8 .. 1024"),
    ("duration: 1 d\nlattice: {specimen: absent.nrrd}\n", "no file absent.nrrd"),
    ("duration: 1 d\nlattice: {shape: [16, 16, 16]}\n", "lattice.tb_th: found 150 um"),
    ("duration: 1 d\nlattice: {specimen: bad.yaml}\n", "format '.yaml'"),
    ("duration: 1 d\nlattice: {specimen: /dev/zero}\n", "no file /dev/zero"),
    ("duration: 1 d\nlattice: {specimen: " + "x" * 300 + "}\n", "no file xxxx"),
    ('duration: 1 d\nlattice: {specimen: "a\\0b"}\n', "no file a"),
    (GOOD + "protocol: [aspirin 100 mg daily]\n", "unknown drug"),
    (GOOD + "patient: {labs: ../../../etc/shadow2}\n", "No such file"),
    (GOOD + "patient: {labs: /dev/zero}\n", "no regular file"),
    (GOOD + "patient: {labs: .}\n", "no regular file"),
    (GOOD + "protocol: [{file: /dev/zero}]\n", "no regular file"),
    (GOOD + "seed: &x 1\nname: &x 2\n", "a name of letters"),
    (GOOD + "hormones: {levels: {estradiol: [[0, -1]]}}\n", "0 .. 5000 pg/mL"),
    (GOOD + "cells: {parameters: {osteoclast.work: 1e9}}\n", "1000 .. 10000"),
]  # fmt: skip


def call(*arguments):
    begun = time.monotonic()
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert time.monotonic() - begun < 20
    return result


def refuse(result, words):
    assert result.exit_code == 2, result.output[-500:]
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert words in " ".join(result.output.split()), result.output


@pytest.mark.parametrize(("text", "words"), CONFIGS, ids=[words for _, words in CONFIGS])
def test_bad_configurations(tmp_path, text, words):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    refuse(call("run", path, "--out", tmp_path / "run"), words)
    assert [p.name for p in tmp_path.iterdir()] == ["bad.yaml"]


def test_a_refused_specimen_leaves_an_earlier_run_alone(tmp_path):
    """Nothing of what lies in the folder is touched before the input has been looked at."""
    earlier = tmp_path / "run"
    earlier.mkdir()
    (earlier / "config.yaml").write_text("of before")
    (earlier / "checkpoint.h5").write_text("of before")
    path = tmp_path / "bad.yaml"
    path.write_text("duration: 1 d\nlattice: {shape: [16, 16, 16]}\n")
    refuse(call("run", path, "--out", earlier), "lattice.tb_th")
    refuse(call("check", path), "lattice.tb_th")
    assert {p.name for p in earlier.iterdir()} == {"config.yaml", "checkpoint.h5"}


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"\xff\xfe\x00duration")
    refuse(call("check", path), ":1:1: (file): found bytes that are not UTF-8")
    path.write_bytes("seed: 3\nname: é".encode() + b"\xe9\n")
    refuse(call("check", path), ":2:8: (file): found bytes that are not UTF-8")


def test_a_file_that_is_far_too_long(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("name: " + "x" * (9 * 2**20))
    refuse(call("check", path), "bytes; allowed: at most")


@pytest.mark.parametrize(
    "command", ["run", "check", "info", "resume", "verify", "measure", "import"]
)
def test_a_path_that_no_system_allows(tmp_path, command):
    options = ("--threshold", "1", "--out", tmp_path / "b.h5") if command == "import" else ()
    refuse(call(command, "x" * 300, *options), "found File name too long; allowed: a")
    assert not list(tmp_path.iterdir())


def test_a_file_that_never_ends():
    refuse(call("check", "/dev/zero"), "allowed: at most")


UNREADABLE, EMPTY = "found a file that cannot be read", "which leaves nothing as bone"


@pytest.mark.parametrize(
    ("suffix", "cut", "words"),
    [
        *((".npy", cut, UNREADABLE) for cut in (10, 60, 100)),
        *((".npz", cut, UNREADABLE) for cut in (60, 100, -30)),
        (".npy", -30, EMPTY),  # a value alone, of which nobody can know
        (".npz", 10, EMPTY),  # the date in the zip file
    ],
)
def test_arrays_that_are_damaged(tmp_path, suffix, cut, words):
    """numpy reads the first with Python's tokenizer and the second with its zip reader."""
    whole = tmp_path / f"whole{suffix}"
    (np.save if suffix == ".npy" else np.savez)(whole, np.ones((4, 4, 4), np.uint8))
    data = bytearray(whole.read_bytes())
    data[cut : cut + 3] = b"\x00'\xff"
    path = tmp_path / f"scan{suffix}"
    path.write_bytes(data)
    command = ("import", path, "--voxel", "20 um", "--threshold", "300", "--out", tmp_path / "b.h5")
    refuse(call(*command), words)
    assert not (tmp_path / "b.h5").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (NRRD + b"sizes: 9 9 9\n\n" + b"\0" * 40, "not 729"),
        (HUGE, "cannot be read (Failed to allocate memory for image.)"),
        (NRRD.replace(b"float", b"loaf") + b"sizes: 9 9 9\n\n", "loaf"),
        (b"not an image", "Unable to determine ImageIO reader"),
        (b"", "Unable to determine ImageIO reader"),
    ],
)
def test_images_that_lie(tmp_path, content, words):
    path = tmp_path / "scan.nrrd"
    path.write_bytes(content)
    result = call("import", path, "--threshold", "1", "--out", tmp_path / "bone.h5")
    refuse(result, words)
    refuse(result, "allowed: a complete image whose header tells the truth")
    assert not (tmp_path / "bone.h5").exists()


@pytest.mark.parametrize("stated", ["999999", "3 = True", "-1", "x"])
def test_a_header_of_too_many_dimensions(tmp_path, stated):
    """MetaIO writes beyond its arrays for these: the process would die."""
    path = tmp_path / "scan.mha"
    head = f"ObjectType = Image\nNDims = {stated}\nDimSize = 5 5 5\nElementType = MET_UCHAR\n"
    path.write_bytes((head + "ElementDataFile = LOCAL\n").encode() + b"\1" * 125)
    words = f"NDims = {stated} in the header"
    refuse(call("import", path, "--threshold", "1", "--out", tmp_path / "bone.h5"), words)


@pytest.mark.parametrize(
    ("tag", "words"), [(257, "strips where the header asks for"), (256, "of voxels")]
)
def test_a_tiff_that_claims_to_be_huge(tmp_path, tag, words):
    import tifffile

    path = tmp_path / "scan.tif"
    tifffile.imwrite(path, np.ones((4, 4, 4), np.uint8), photometric="minisblack", rowsperstrip=4)
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].tags[tag].overwrite(6_000_000, dtype="I")
    command = ("import", path, "--voxel", "20 um", "--threshold", "1", "--out", tmp_path / "b.h5")
    refuse(call(*command), words)


def test_a_tiff_whose_pages_never_end(tmp_path):
    import tifffile

    path = tmp_path / "scan.tif"
    tifffile.imwrite(path, np.ones((4, 4, 4), np.uint8), photometric="minisblack", metadata=None)
    data = bytearray(path.read_bytes())
    entries = int.from_bytes(data[8:10], "little")
    data[10 + 12 * entries : 14 + 12 * entries] = (8).to_bytes(4, "little")  # the first page again
    path.write_bytes(data)
    command = ("import", path, "--voxel", "20 um", "--threshold", "1", "--out", tmp_path / "b.h5")
    refuse(call(*command), "pages whose chain has no end")


@pytest.mark.parametrize("shape", [(0, 4, 4), (4, 4), (1, 1, 1)])
def test_arrays_of_the_wrong_shape(tmp_path, shape):
    path = tmp_path / "scan.npy"
    np.save(path, np.ones(shape, np.float32))
    command = ("import", path, "--voxel", "20 um", "--threshold", "0.5", "--out", tmp_path / "b.h5")
    refuse(call(*command), f"an array of shape {shape}; allowed: three dimensions of two voxels")
    assert not (tmp_path / "b.h5").exists()


@pytest.mark.parametrize(
    ("fraction", "words"),
    [
        (np.ones(7), "shape (7,), 1 to 1"),
        (np.ones((24, 24)), "shape (24, 24), 1 to 1"),
        (np.ones((0, 24, 24)), "shape (0, 24, 24), nan to nan"),
        (np.full((24, 24, 24), np.nan), "shape (24, 24, 24), nan to nan"),
        (np.linspace(0, 3, 8**3).reshape(8, 8, 8), "shape (8, 8, 8), 0 to 3"),
    ],
    ids=["line", "sheet", "nothing", "no numbers", "above one"],
)
def test_a_specimen_file_with_wrong_arrays(tmp_path, fraction, words):
    """Their digest is right: who wrote them used the program's own words."""
    path = tmp_path / "bone.h5"
    write_specimen(path, SpecimenFile(np.ones((8, 8, 8)), 20.0, Sides.PERIODIC, (), "made", {}))
    with h5py.File(path, "r+") as file:
        del file["fraction"]
        file["fraction"] = fraction
        file.attrs["digest"] = compute_digest(file)
    config = tmp_path / "bad.yaml"
    config.write_text("duration: 1 d\nlattice: {specimen: bone.h5}\n")
    for command in (
        ("measure", path),
        ("check", config),
        ("run", config, "--out", tmp_path / "run"),
    ):
        refuse(call(*command), words)
    assert not (tmp_path / "run").exists()


def test_a_specimen_file_without_its_digest(tmp_path):
    path = tmp_path / "bone.h5"
    with h5py.File(path, "w") as file:
        file.attrs["kind"] = "trabecula specimen"
        file.attrs["format_version"] = 1
        file["fraction"] = np.ones((8, 8, 8))
    refuse(call("measure", path), "bone.h5: damaged or not a trabecula specimen file")


def test_results_that_are_none(tmp_path):
    (tmp_path / "results.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 100)
    for command, words in (("info", "damaged: "), ("plot", "damaged or not a trabecula results")):
        result = call(command, tmp_path)
        refuse(result, f"results.h5: {words}")
        refuse(result, "; make it again")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    config = tmp_path / "good.yaml"
    config.write_text(GOOD)
    (tmp_path / "shut").mkdir(mode=0o500)
    result = call("run", config, "--out", tmp_path / "shut" / "run")
    assert result.exit_code in (1, 2)
    assert "cannot be made" in result.output


def test_a_folder_of_unicode_is_as_good_as_any(tmp_path):
    config = tmp_path / "Knochen-größe-骨.yaml"
    config.write_text(GOOD)
    assert call("check", config).exit_code == 0


def test_half_a_specimen_file_is_damaged(tmp_path):
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file.attrs["kind"] = "trabecula specimen"
        file["fraction"] = np.zeros((24, 24, 24), np.float32)
    whole = (tmp_path / "whole.h5").read_bytes()
    (tmp_path / "bone.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "a.yaml").write_text("duration: 1 d\nlattice: {specimen: bone.h5}\n")
    done = call("run", tmp_path / "a.yaml", "--out", tmp_path / "out")
    refuse(done, "bone.h5: damaged: ")
    refuse(done, "; make it again")
    assert not (tmp_path / "out").exists()
