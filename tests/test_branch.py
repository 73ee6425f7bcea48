"""Branches share a bone up to a day; verify says what is wrong with a folder."""

import hashlib
import json
import os

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from bones import flip_chunk
from test_runner import TINY, read_all
from trabecula.base.errors import InputError, ResultsError
from trabecula.cli.main import app
from trabecula.cli.running import to_whole_day
from trabecula.config import load_config
from trabecula.records import read_state, write_state
from trabecula.records.results import verify_content
from trabecula.records.seals import KEY, SEALED, drop_seals
from trabecula.records.statusfile import read_status, write_status
from trabecula.runner import branch, run, verify_folder

BLOCKED = "hormones.blockade.rankl=[[13,1]]"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("branches")


@pytest.fixture(scope="module")
def parent(place, states):
    (place / "tiny.yaml").write_text(TINY)
    return run(load_config(place / "tiny.yaml"), place / "parent", cache=states).folder


def strip(found):
    """Everything but what names the run."""
    return {key: value for key, value in found.items() if "provenance" not in str(key)}


@pytest.mark.parametrize("at", [8.0, 11.0, 16.0])
def test_a_branch_without_a_change_is_the_run(place, parent, at):
    """From the state of day 8 or 16, or three days after one."""
    out = place / f"same-{at:g}"
    branch(parent, at, out)
    assert strip(read_all(out / "results.h5")) == strip(read_all(parent / "results.h5"))


def test_a_branch_that_dies_at_once_holds_nothing_of_the_days_after(place, parent, monkeypatch):
    """Killed before its own first commit: its rows, sites and settings are of its past."""

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    out = place / "killed"
    monkeypatch.setattr("trabecula.runner.branching.write_state", die)
    with pytest.raises(Killed):
        branch(parent, 12.0, out, [BLOCKED, "name=killed"])
    with h5py.File(out / "results.h5") as ours, h5py.File(parent / "results.h5") as theirs:
        before = theirs["series/time"][...] <= 12
        assert not before.all()
        for group in ("series", "hormones", "events"):
            assert len(ours[group]["time"]) == before.sum()
        assert ours["snapshots/time"][-1] <= 12 < theirs["snapshots/time"][-1]
        assert ours["bmus/activated"][...].max(initial=-np.inf) <= 12
        assert "killed" in ours["provenance/config"].asstr()[()]
    assert not (out / "config.yaml").exists()
    assert sorted(path.name for path in out.glob(".results*")) == []


def test_another_therapy_parts_after_the_day(place, parent):
    branch(parent, 12.0, place / "blocked", [BLOCKED, "name=blocked", "duration=30 d"])
    with (
        h5py.File(place / "blocked" / "results.h5") as ours,
        h5py.File(parent / "results.h5") as theirs,
    ):
        time = ours["series/time"][...]
        assert time[-1] == 30
        before = theirs["series/time"][...] <= 12
        for key in ("bv_tv", "resorption_rate"):
            a = ours[f"series/{key}"][...][time <= 12]
            assert np.array_equal(a, theirs[f"series/{key}"][...][before], equal_nan=True)
        late = theirs["series/time"][...] == 24
        a = ours["series/rankl_soluble_surface"][...][time == 24]
        assert not np.array_equal(a, theirs["series/rankl_soluble_surface"][...][late])
    assert "branch of" in (place / "blocked" / "log.txt").read_text()


@pytest.mark.parametrize(
    ("at", "sets", "found"),
    [
        (40.0, ["duration=50 d"], "day 40"),
        (24.0, [], "day 24"),
        (12.0, ["seed=9"], "another seed"),
        (12.0, ["lattice.bv_tv=0.3"], "another lattice"),
        (
            12.0,
            ["hormones.doses.denosumab=[[5, 60]]"],
            r"another past: denosumab \(60\) on day 5, only",
        ),
        (12.0, ["mechanics.mesh=fine"], "mechanics.mesh=fine; allowed: coarse"),
        (12.5, [], "day 12.5; allowed: a day on which a step of 1 d ends, such as 12 or 13"),
    ],
)
def test_impossible_branches_are_refused(place, parent, at, sets, found):
    with pytest.raises(InputError, match=found):
        branch(parent, at, place / "refused", sets)
    assert not (place / "refused").exists()


def test_results_of_a_branch_say_what_they_go_on_from(place, parent):
    child, grandchild = place / "child", place / "grandchild"
    branch(parent, 12.0, child, ["duration=18 d"])
    branch(child, 16.0, grandchild, ["duration=18 d"])
    told = [f"branch of {parent} at day 12", f"branch of {child} at day 16"]
    for folder, origin in ((parent, []), (child, told[:1]), (grandchild, told)):
        with h5py.File(folder / "results.h5") as file:
            found = file["provenance"].attrs
            assert list(found.get("origin", ())) == origin
            text = file["provenance/config"][()]
            assert found["config_sha256"] == hashlib.sha256(text).hexdigest()


def test_a_dose_from_the_day_of_the_branch_on_is_another_therapy(place, parent):
    out = place / "dosed"
    branch(parent, 12.0, out, ["hormones.doses.denosumab=[[12, 60]]", "duration=14 d"])
    with pytest.raises(InputError, match="on day 12, and not in the branch"):
        branch(out, 13.0, place / "again", ["hormones.doses.denosumab=null"])


def test_a_branch_with_another_past_is_refused(place, parent):
    """Levels follow from all doses: others in the past would change them on the day of the branch."""
    out = place / "past"
    given = "denosumab 60 mg from day DAY"
    for day in (0, 7):
        with pytest.raises(InputError, match=f"denosumab .60. on day {day}, only in the branch"):
            branch(parent, 8, out, [f"protocol=[{given.replace('DAY', str(day))}]"])
    branch(parent, 8, out, [f"protocol=[{given.replace('DAY', '8')}]", "duration=10 d"])
    with pytest.raises(
        InputError, match=r"denosumab .60. on day 8, and not in the branch.*until day 9"
    ):
        branch(out, 9, place / "again", ["protocol=[]"])


def test_a_branch_under_another_load_feels_it_at_once(place, parent):
    """It is held against the load that was last solved, not against its own of the day before."""
    out = place / "idle"
    branch(parent, 16.0, out, ["mechanics.stress.z=[[0, 0.1]]", "duration=18 d"])
    state, _ = read_state(out / "checkpoint.h5")
    assert state.loading.stress[0] == pytest.approx(0.1)
    with h5py.File(out / "results.h5") as file:
        strain = dict(zip(file["series/time"][...], file["series/load_strain"][...], strict=True))
    assert strain[18.0] < 0.4 * strain[16.0]


def test_a_branch_that_switches_load_off_feels_none(place, parent):
    """Strain is forgotten, not held as it was last; the results say that it is not known."""
    out = place / "weightless"
    branch(parent, 16.0, out, ["mechanics=off"])
    state, _ = read_state(out / "checkpoint.h5")
    rows = state.cells.osteocytes.rows
    assert not state.loading.is_known
    assert (rows.stimulus == 1).all()
    assert (rows.secretion == 1).all()
    assert (rows.unrest == 1).all()
    with h5py.File(out / "results.h5") as file:
        late = file["series/time"][...] > 16
        assert np.isnan(file["series/stiffness"][...][late]).all()
        assert np.isfinite(file["series/stiffness"][...][~late]).all()
        sed = file["snapshots/sed"][...]
        assert np.isnan(sed[-1]).all()
        assert np.isfinite(sed[0]).all()
    again = place / "loaded"
    branch(out, 24.0, again, ["mechanics=on", "duration=30 d", "output.snapshots=6 d"])
    with h5py.File(again / "results.h5") as file:
        assert np.isfinite(file["series/stiffness"][...][-1])
        assert np.isfinite(file["snapshots/sed"][...][-1]).all()


def test_a_branch_needs_a_run_and_another_folder(place, parent, tmp_path):
    with pytest.raises(InputError, match=r"no config\.yaml"):
        branch(tmp_path, 12.0, place / "refused")
    with pytest.raises(InputError, match="the run itself"):
        branch(parent, 12.0, parent)


def test_a_branch_needs_a_state_before_its_day(copy):
    for path in (copy / "states").glob("day*.h5"):
        path.unlink()
    with pytest.raises(InputError, match="no full state at or before day 12"):
        branch(copy, 12.0, copy.parent / "refused")


def test_damaged_states_are_passed_over(copy):
    """Day 17 is lived from day 8, since the state of day 16 and the checkpoint cannot be read."""
    for path in (copy / "states" / "day0000016.0000.h5", copy / "checkpoint.h5"):
        path.write_bytes(path.read_bytes()[:3000])
    found = branch(copy, 17.0, copy.parent / "child")
    assert strip(read_all(found.folder / "results.h5")) == strip(read_all(copy / "results.h5"))
    for name in ("day0000016.0000.h5", "checkpoint.h5"):
        assert any(f"{name}: damaged" in note for note in found.notes)
        assert f"{name}: damaged" in (found.folder / "log.txt").read_text()


def test_no_state_but_damaged_ones_is_said(copy):
    for path in (copy / "states").glob("day*.h5"):
        path.write_bytes(b"")
    (copy / "states" / "day-of-mine.h5").write_bytes(b"")
    with pytest.raises(
        InputError, match=r"no full state .* passed over: .*day0000000\.0000\.h5: dam"
    ):
        branch(copy, 3.0, copy.parent / "child")


def test_one_state_is_read_for_a_branch(copy, monkeypatch):
    read = []
    monkeypatch.setattr(
        "trabecula.runner.branching.read_state",
        lambda path: read.append(path.name) or read_state(path),
    )
    branch(copy, 17.0, copy.parent / "child")
    assert len(read) == 1


def test_states_of_another_program_are_not_branched_from(place, parent, monkeypatch):
    monkeypatch.setattr("trabecula.runner.branching.compute_code_digest", lambda: "other")
    said = r"no full state .*those are of another version of the program.*make the run again"
    with pytest.raises(InputError, match=said) as caught:
        branch(parent, 12.0, place / "refused")
    assert "a later day" not in str(caught.value)
    with pytest.raises(
        InputError, match=r"found day 40; allowed: a day that the run has lived, up to 24"
    ):
        branch(parent, 40.0, place / "refused", ["duration=50 d"])
    assert not (place / "refused").exists()


def test_states_of_another_configuration_are_said_to_be_that(copy):
    change_config(copy)
    said = r"those are of another configuration than config\.yaml holds; allowed: the same"
    with pytest.raises(InputError, match=said):
        branch(copy, 12.0, copy.parent / "child")


def test_a_run_that_has_committed_nothing_has_no_day_to_branch_from(copy):
    with h5py.File(copy / "results.h5", "r+") as file:
        for group in ("series", "hormones", "events"):
            for column in file[group].values():
                column.resize(0, axis=0)
    with pytest.raises(InputError, match="of which nothing is committed yet"):
        branch(copy, 12.0, copy.parent / "child")


def test_a_damaged_run_is_not_branched_from(copy):
    flip_chunk(copy / "results.h5", "snapshots/osteoid")
    with pytest.raises(ResultsError, match="/snapshots/osteoid is damaged"):
        branch(copy, 12.0, copy.parent / "child")
    assert not (copy.parent / "child").exists()


# ------------------------------------------------------------------ verify
def judge(folder):
    return {finding.what: finding for finding in verify_folder(folder)}


@pytest.fixture
def copy(parent, tmp_path):
    import shutil

    shutil.copytree(parent, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_whole_folder_is_good(parent):
    findings = verify_folder(parent)
    assert all(finding.is_good for finding in findings), findings
    assert {"config.yaml", "results.h5", "checkpoint.h5", "provenance"} <= {
        f.what for f in findings
    }
    assert sum(finding.what.startswith("states/") for finding in findings) == 4


def set_number(name, value):
    def change(folder):
        with h5py.File(folder / "results.h5", "a") as file:
            file[name][0] = value

    return change


def set_attribute(folder):
    with h5py.File(folder / "results.h5", "a") as file:
        file["series/bv_tv"].attrs["unit"] = "xx"


def flip_text(folder):
    """A letter of a source in the table of parameters, which bears no checksum."""
    path = folder / "results.h5"
    text = path.read_bytes()
    at = text.index(b"doi")
    path.write_bytes(text[:at] + b"D" + text[at + 1 :])


def drop(name):
    return lambda folder: (folder / name).unlink()


def cut_link(folder):
    path = folder / "results.vtkhdf"
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_number("series/bv_tv", 0.5), "results.h5 is not as the run left it"),
        (set_number("hormones/estradiol", 5.0), "results.h5 is not as the run left it"),
        (set_number("events/clusters", 7777), "results.h5 is not as the run left it"),
        (set_attribute, "results.h5 is not as the run left it"),
        (flip_text, "results.h5 is not as the run left it"),
        (cut_link, "results.vtkhdf is not as the run left it"),
        (drop("results.vtkhdf"), "results.vtkhdf is gone"),
        (drop("checkpoint.h5"), "checkpoint.h5 is gone"),
    ],
    ids=["series", "hormones", "events", "unit", "text", "link cut", "no link", "no checkpoint"],
)  # fmt: skip
def test_files_that_are_not_as_the_run_left_them(copy, change, words):
    assert judge(copy)["bytes"].is_good
    change(copy)
    found = judge(copy)["bytes"]
    assert not found.is_good
    assert words in found.words
    assert "put a copy of it in its place, or make the run again" in found.words


def test_digests_are_of_what_a_run_has_ended_with(copy):
    """They go when it is gone on with, since the next commit writes the files anew."""
    status = read_status(copy)
    assert set(status[KEY]) == set(SEALED)
    assert KEY not in drop_seals(status)
    write_status(copy, "running", drop_seals(status))
    assert judge(copy)["bytes"].is_good
    assert "no digests of whole files" in judge(copy)["bytes"].words
    write_status(copy, "done", {KEY: {"../other": "0" * 64}})
    assert judge(copy)["bytes"].is_good, "no other file is read"


def cut(folder):
    path = folder / "results.h5"
    path.write_bytes(path.read_bytes()[:5000])


def flip(folder):
    path = folder / "checkpoint.h5"
    with h5py.File(path) as file:
        sets: list[h5py.Dataset] = []
        file.visititems(lambda _, item: sets.append(item) if hasattr(item, "chunks") else None)
        largest = max(sets, key=lambda one: one.id.get_storage_size())
        name = largest.name
    flip_chunk(path, name)


def list_arrays(path):
    """Every array of numbers of a results file that holds some."""
    found = []

    def note(name, item):
        if isinstance(item, h5py.Dataset) and item.size and item.dtype.kind != "O":
            found.append(name)

    with h5py.File(path) as file:
        for group in set(file) - {"VTKHDF"}:
            file[group].visititems(lambda name, item, group=group: note(f"{group}/{name}", item))
    return found


def test_a_flipped_bit_of_any_array_of_the_results_is_found(copy):
    path = copy / "results.h5"
    with h5py.File(path) as file:
        assert [name for name in list_arrays(path) if not file[name].fletcher32] == []
    whole = path.read_bytes()
    for name in (
        "hormones/estradiol", "events/time", "bmus/activated", "snapshots/sed",
        "snapshots/cells/osteocytes/voxel", "snapshots/cells/lining/first",
        "provenance/parameters/value",
    ):  # fmt: skip
        path.write_bytes(whole)
        flip_chunk(path, name)
        with pytest.raises(ResultsError, match=f"/{name} is damaged: .*make the run again"):
            verify_content(path)


def test_results_without_checksums_are_read_and_nothing_is_said(copy):
    """Those of an earlier version: what cannot be unpacked is named, the rest is taken as it is."""
    old = copy / "old.h5"
    with h5py.File(copy / "results.h5") as file, h5py.File(old, "w") as new:
        new.attrs.update(file.attrs)
        for group in file:
            new.create_group(group).attrs.update(file[group].attrs)
            file[group].visititems(
                lambda name, item, inside=new[group]: strip_sums(inside, name, item)
            )
    old.replace(copy / "results.h5")
    assert judge(copy)["results.h5"].words == "whole; 58 rows, day -90 to 24"
    flip_chunk(copy / "results.h5", "snapshots/matrix", 0xFF)
    finding = judge(copy)["results.h5"]
    assert not finding.is_good
    assert "/snapshots/matrix is damaged" in finding.words


def strip_sums(group, name, item):
    if isinstance(item, h5py.Dataset):
        packed = {
            "chunks": item.chunks,
            "maxshape": item.maxshape if item.chunks else None,
            "compression": item.compression,
            "shuffle": item.shuffle,
        }
        made = group.create_dataset(name, data=item[()], dtype=item.dtype, **packed)
        assert not made.fletcher32
    else:
        made = group.create_group(name)
    made.attrs.update({k: v for k, v in item.attrs.items() if k not in {"DIMENSION_LIST"}})


def change_config(folder):
    path = folder / "config.yaml"
    path.write_text(path.read_text().replace("seed: 3", "seed: 4"))


def break_ledger(folder):
    state, meta = read_state(folder / "checkpoint.h5")
    state.volume.formed += 1
    write_state(folder / "checkpoint.h5", state, meta)


def misplace_cell(folder):
    state, meta = read_state(folder / "checkpoint.h5")
    state.cells.osteocytes.rows.voxel[0] = state.grid.size
    write_state(folder / "checkpoint.h5", state, meta)


def shuffle_time(folder):
    with h5py.File(folder / "results.h5", "r+") as file:
        file["series/time"][1] = file["series/time"][0]


def spoil_series(folder):
    with h5py.File(folder / "results.h5", "r+") as file:
        file["series/bv_tv"][3] = np.nan


def lose_rows(folder):
    with h5py.File(folder / "results.h5", "r+") as file:
        for group in ("series", "hormones", "events"):
            for key in file[group]:
                file[group][key].resize(5, axis=0)


def link_out(folder):
    (folder / "figures" / "away").symlink_to("/etc")


@pytest.mark.parametrize(
    ("harm", "what", "words"),
    [
        (cut, "results.h5", "damaged"),
        (flip, "checkpoint.h5", "damaged"),
        (
            lambda f: flip_chunk(f / "results.h5", "snapshots/matrix"),
            "results.h5",
            "/snapshots/matrix is",
        ),
        (
            lambda f: flip_chunk(f / "results.h5", "series/bv_tv"),
            "results.h5",
            "/series/bv_tv is damaged",
        ),
        (change_config, "provenance", "another configuration"),
        (change_config, "checkpoint.h5", "cannot be resumed"),
        (break_ledger, "checkpoint.h5", "quanta of matrix"),
        (misplace_cell, "checkpoint.h5", "outside of the lattice"),
        (shuffle_time, "results.h5", "ascending"),
        (spoil_series, "results.h5", "bv_tv"),
        (lose_rows, "checkpoint.h5", "rows are missing"),
        (link_out, "rubbish", "lead out of the folder"),
        (lambda f: (f / ".tmp-99999999-results.h5").write_text(""), "rubbish", "killed run"),
        (
            lambda f: (f / "states" / ".tmp-99999999-day0000008.0000.h5").write_text(""),
            "rubbish",
            "states/.tmp-99999999-day",
        ),
        (lambda f: (f / "results.vtkhdf").unlink(), "results.vtkhdf", "absent"),
        (lambda f: (f / "status.json").write_text("{"), "status.json", "Expecting"),
        (lambda f: (f / "status.json").write_text("[]"), "status.json", "found a list"),
        (lambda f: (f / "status.json").write_text("{}"), "status.json", "says no state"),
        (lambda f: (f / "status.json").unlink(), "status.json", "No such file"),
        (lambda f: (f / "status.json").write_text('{"state": "failed"}'), "status.json", "failed"),
        (lambda f: (f / "config.yaml").write_text("durration: 3"), "config.yaml", "unknown key"),
    ],
)
def test_every_harm_is_found_and_named(copy, harm, what, words):
    assert judge(copy)[what].is_good
    harm(copy)
    finding = judge(copy)[what]
    assert not finding.is_good
    assert words in finding.words


def test_a_checkpoint_of_another_version_is_said_to_be_one(copy, monkeypatch):
    monkeypatch.setattr("trabecula.runner.verification.compute_code_digest", lambda: "other")
    finding = judge(copy)["checkpoint.h5"]
    assert finding.is_good
    assert "another version" in finding.words


def test_the_commands(parent, copy, tmp_path):
    invoke = CliRunner().invoke
    result = invoke(app, ["verify", str(parent)])
    assert result.exit_code == 0, result.output
    cut(copy)
    result = invoke(app, ["verify", str(copy), "--json"])
    assert result.exit_code == 1
    assert not {f["what"]: f for f in json.loads(result.output)}["results.h5"]["is_good"]
    assert invoke(app, ["verify", str(tmp_path / "absent")]).exit_code == 2
    (tmp_path / "scan.h5").write_bytes(b"a specimen")
    result = invoke(app, ["verify", str(tmp_path / "scan.h5")])
    assert result.exit_code == 2
    assert "found a file that no run has by that name" in result.stderr
    result = invoke(app, ["branch", str(parent), "--at", "noon"])
    assert result.exit_code == 2
    assert "--at: found 'noon'" in result.output
    out = tmp_path / "child"
    result = invoke(
        app, ["branch", str(parent), "--at", "16 d", "--out", str(out), "--set", BLOCKED]
    )
    assert result.exit_code == 0, result.output
    assert os.path.exists(out / "results.h5")


def test_a_folder_is_found_from_inside_and_by_its_results(copy, monkeypatch):
    """`branch .` has a name for its folder; `results.h5` stands for the folder it lies in."""
    monkeypatch.chdir(copy)
    invoke = CliRunner().invoke
    result = invoke(app, ["branch", ".", "--at", "16 d"])
    assert result.exit_code == 0, result.output
    assert (copy.parent / "copy-branch" / "results.h5").is_file()
    assert invoke(app, ["verify", "results.h5"]).exit_code == 0
    assert "finished (24 d)" in invoke(app, ["resume", "results.h5"]).output


def test_day_zero_and_times_in_words(parent, place, tmp_path):
    """A branch of day 0 without changes is the run; a year is the whole day nearest to it."""
    out = tmp_path / "zero"
    result = CliRunner().invoke(app, ["branch", str(parent), "--at", "0 d", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert strip(read_all(out / "results.h5")) == strip(read_all(parent / "results.h5"))
    for text, found in (("-1 d", "a time of 0 d or more"), ("1 y", "day 365.25, taken as day 365")):
        result = CliRunner().invoke(app, ["branch", str(parent), "--at", text])
        assert result.exit_code == 2
        assert found in result.output
    assert to_whole_day("12.5 d", 12.5) == 12.5
    assert to_whole_day("2 y", 730.5) == 730.0


def test_a_branch_that_measures_more_seldom_says_so(place, parent):
    branch(parent, 12.0, place / "seldom", ["output.every=4 d"])
    with h5py.File(place / "seldom" / "results.h5") as file:
        for name in ("series/bv_tv", "series/time", "hormones/estradiol", "hormones/time"):
            assert file[name].attrs["interval"] == 4.0, name
    with h5py.File(parent / "results.h5") as file:
        assert (
            file["series/bv_tv"].attrs["interval"] == file["series/time"].attrs["interval"] == 2.0
        )
