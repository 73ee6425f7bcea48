"""One small run from its YAML to its results: whole, repeatable, continued bit by bit."""

import fcntl
import json
import os

import h5py
import numpy as np
import pytest

from bones import make_empty
from trabecula.base.codes import FULL, Sides
from trabecula.base.errors import ResultsError, SolverError, SpecimenError
from trabecula.config import load_config
from trabecula.kernels.compile import get_max_threads, get_threads, set_threads
from trabecula.model import TrabeculaModel
from trabecula.records import SpecimenFile, read_state, write_specimen
from trabecula.records.reader import read_results
from trabecula.runner import progress, resume, run, stop, verify_folder
from trabecula.runner.cache import StateCache
from trabecula.runner.digest import compute_state_digest
from trabecula.runner.specimens import make_specimen_for
from trabecula.runner.spinup import SpinUp, count_phases

TINY = """
name: tiny
seed: 3
spin_up: 100 d
settle: 100 d
duration: 24 d
lattice: {shape: [24, 24, 24], bv_tv: 0.2, seed: 1}
hormones: {levels: {estradiol: [[0, 10], [12, 60]]}}
cells: {parameters: {osteocyte.trigger: 1.0e-4, bone.young: 60}}
output: {every: 2 d, snapshots: 12 d, checkpoint: 10 d, costly: 12 d, states: 8 d}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def config(folder):
    (folder / "tiny.yaml").write_text(TINY)
    return load_config(folder / "tiny.yaml")


@pytest.fixture(scope="module")
def cache(folder):
    return StateCache(folder / "cache")


@pytest.fixture(scope="module")
def summary(config, folder, cache):
    return run(config, folder / "first", cache=cache)


def read_all(path):
    """Every dataset and attribute of a file, as bytes or lists."""
    found = {}
    with h5py.File(path) as file:

        def note(name, item):
            for key, value in item.attrs.items():
                if key not in {"DIMENSION_LIST", "REFERENCE_LIST"}:
                    found[name, key] = np.asarray(value).tolist()
            if isinstance(item, h5py.Dataset):
                value = np.asarray(item[()])
                plain = value.dtype != object
                found[name] = (value.shape, value.tobytes() if plain else value.tolist())

        file.visititems(note)
    return found


def to_bytes(state):
    """Everything of a state that a step changes, as bytes."""
    found = {name: a.tobytes() for name, a in state.lattice._asdict().items()}
    for kind, table in vars(state.cells).items():
        found |= {f"{kind}.{n}": a.tobytes() for n, a in table.rows._asdict().items()}
    found |= {f"sites.{n}": a.tobytes() for n, a in state.sites.rows._asdict().items()}
    found |= {"fine": state.fields.fine.tobytes(), "coarse": state.fields.coarse.tobytes()}
    found["rest"] = repr((state.clock, state.volume, state.coupling, sorted(state.events.items())))
    signals = state.signals
    found["signals"] = repr((signals.levels, signals.lagged, signals.doses, signals.blockade))
    return found


def test_the_folder_of_a_run(summary, config):
    names = {path.name for path in summary.folder.iterdir()}
    assert names == {
        "results.h5",
        "results.vtkhdf",
        "config.yaml",
        "status.json",
        "log.txt",
        "checkpoint.h5",
        "figures",
        "states",
    }
    status = json.loads((summary.folder / "status.json").read_text())
    assert status["state"] == "done"
    assert status["time"] == 24.0
    assert "done" in (summary.folder / "log.txt").read_text()
    assert load_config(summary.folder / "config.yaml") == config


def test_the_clock_of_the_results(summary):
    with h5py.File(summary.folder / "results.h5") as file:
        time = file["series/time"][()]
        assert time.tolist() == list(np.arange(-90.0, 24.1, 2.0))
        assert file["snapshots/time"][()].tolist() == [0.0, 12.0, 24.0]
        assert file["snapshots/sed"].shape == (3, 12, 12, 12)
        assert file["snapshots/sed"].attrs["unit"] == "MPa"
        assert file["snapshots/sed"][()].max() > 0
        assert (file["series/stiffness"][()] > 0).all()
        assert (file["series/failure_load"][()] > 0).all()
        assert file["series/sed_mean"].attrs["unit"] == "MPa"
        measured = np.isfinite(file["series/tb_th"][()])
        assert time[measured].tolist() == [float(t) for t in range(-84, 25, 12)]
        assert file["series/tb_th"].attrs["interval"] == 12.0
        assert np.isfinite(file["series/resorption_percent"][()][time > 0]).all()
        estradiol = file["hormones/estradiol"][()]
        assert estradiol[time <= 0].tolist() == [10.0] * 46
        assert estradiol[time == 6.0] == pytest.approx(35.0)
        assert estradiol[-1] == 60.0
    states = sorted(path.name for path in (summary.folder / "states").iterdir())
    assert states == [f"day{day:012.4f}.h5" for day in (0, 8, 16, 24)]


def test_bone_volume_is_start_plus_formed_minus_resorbed(summary):
    state, meta = read_state(summary.folder / "checkpoint.h5")
    assert meta["time"] == 24.0
    volume = state.volume
    held = int(state.lattice.matrix.sum(dtype=np.int64))
    assert held == volume.start + volume.formed - volume.resorbed - volume.cleared
    assert volume.resorbed > 0
    assert volume.formed > 0
    assert summary.bv_tv_end == held / FULL / state.grid.size
    with h5py.File(summary.folder / "results.h5") as file:
        added, lost, cleared, share = (
            np.diff(file["series"][key][()])
            for key in ("matrix_formed", "matrix_resorbed", "matrix_cleared", "bv_tv")
        )
    assert added - lost - cleared == pytest.approx(
        share * state.grid.size * state.grid.voxel_volume, abs=1.0
    )


def test_costly_metrics_are_measured_when_due_whatever_the_samples(config, folder, cache):
    """An interval that is no multiple of the samples' is kept to on average, not at common multiples."""
    output = config.output.model_copy(update={"every": 3.0, "costly": 7.0})
    odd = config.model_copy(update={"name": "odd", "output": output})
    done = run(odd, folder / "odd", cache=cache)
    with h5py.File(done.folder / "results.h5") as file:
        days, thickness = file["series/time"][()], file["series/tb_th"][()]
    known = days[np.isfinite(thickness)]
    assert known[known >= 0].tolist() == [0.0, 9.0, 15.0, 21.0]


def test_a_hit_in_the_cache_changes_nothing(summary, config, folder, cache):
    assert summary.from_cache == []
    again = run(config, folder / "second", cache=cache)
    assert again.from_cache == ["settle"]
    first, second = (read_all(s.folder / "results.h5") for s in (summary, again))
    assert first.keys() == second.keys()
    assert [key for key in first if first[key] != second[key]] == []
    assert again.notes == summary.notes


def test_a_spin_up_that_is_sampled_whole_begins_from_the_kept_bone(config, folder, cache):
    """Its last 90 d are sampled, which is all of it: what is kept is the bone that was generated."""
    short = config.model_copy(update={"spin_up": 20.0, "settle": 10.0, "duration": 4.0})
    first, second = (run(short, folder / f"short-{k}", cache=cache) for k in (1, 2))
    assert (first.from_cache, second.from_cache) == ([], ["spin-up"])
    assert read_all(first.folder / "results.h5") == read_all(second.folder / "results.h5")
    assert first.notes == second.notes
    raw = short.model_copy(update={"spin_up": 0.0, "settle": 0.0})
    SpinUp(raw, cache, None).make()
    assert not cache.find_entry(compute_state_digest(raw, 0, settled=False)).exists()


def test_a_damaged_entry_is_made_again(summary, config, folder, cache):
    digest = compute_state_digest(config, 110, settled=True)
    entry = cache.find_entry(digest)
    entry.write_bytes(entry.read_bytes()[:-100])
    again = run(config, folder / "third", cache=cache)
    assert again.from_cache == ["spin-up"]
    assert read_all(again.folder / "results.h5") == read_all(summary.folder / "results.h5")


def test_continuing_from_a_state_is_exact(summary, config):
    state, _ = read_state(summary.folder / "states" / "day0000008.0000.h5")
    TrabeculaModel(config, state).run_steps(16)
    end, _ = read_state(summary.folder / "checkpoint.h5")
    live, stored = to_bytes(state), to_bytes(end)
    assert [key for key in live if live[key] != stored[key]] == []


def test_the_order_of_rows_means_nothing(summary, config):
    state, _ = read_state(summary.folder / "states" / "day0000008.0000.h5")
    rng = np.random.default_rng(5)
    for table in vars(state.cells).values():
        table.take(rng.permutation(table.count))
    TrabeculaModel(config, state).run_steps(16)
    end, _ = read_state(summary.folder / "checkpoint.h5")
    live, stored = to_bytes(state), to_bytes(end)
    assert [key for key in live if live[key] != stored[key]] == []


def test_the_comparison_sees_a_difference(summary, config):
    state, _ = read_state(summary.folder / "states" / "day0000008.0000.h5")
    state.seed += 1
    TrabeculaModel(config, state).run_steps(16)
    end, _ = read_state(summary.folder / "checkpoint.h5")
    assert to_bytes(state) != to_bytes(end)


@pytest.mark.skipif(get_max_threads() < 2, reason="numba was started with one thread")
def test_the_number_of_threads_means_nothing(summary, config):
    before, found = get_threads(), []
    for threads in (1, 2):
        set_threads(threads)
        state, _ = read_state(summary.folder / "states" / "day0000008.0000.h5")
        TrabeculaModel(config, state).run_steps(16)
        found.append(to_bytes(state))
    set_threads(before)
    assert [key for key in found[0] if found[0][key] != found[1][key]] == []


def test_the_seed_rules_after_day_zero_alone(summary, config, folder, cache):
    other = run(config.model_copy(update={"seed": 4}), folder / "seed4", cache=cache)
    assert other.from_cache == ["settle"]
    with (
        h5py.File(summary.folder / "results.h5") as one,
        h5py.File(other.folder / "results.h5") as two,
    ):
        before = one["series/time"][()] <= 0
        for key in ("bv_tv", "n_precursors", "resorption_rate"):
            a, b = one["series"][key][()], two["series"][key][()]
            np.testing.assert_array_equal(a[before], b[before])
        assert (one["series/n_precursors"][()] != two["series/n_precursors"][()]).any()


def test_estradiol_on_day_zero_has_its_own_settling(config, cache):
    levels = config.hormones.levels.model_copy(update={"estradiol": ((0.0, 60.0),)})
    hormones = config.hormones.model_copy(update={"levels": levels})
    other = config.model_copy(update={"hormones": hormones})
    assert compute_state_digest(config, 110, True) != compute_state_digest(other, 110, True)
    assert compute_state_digest(config, 90, False) == compute_state_digest(other, 90, False)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"seed": 9}, True),
        ({"duration": 99.0}, True),
        ({"name": "other"}, True),
        ({"step": 0.5}, False),
        ({"spin_up": 99.0}, False),
    ],
)
def test_what_a_spun_up_state_depends_on(config, change, same):
    other = config.model_copy(update=change)
    digests = [compute_state_digest(c, 90, False) for c in (config, other)]
    assert (digests[0] == digests[1]) is same


def test_phases(config):
    phases = count_phases(config)
    assert (phases.spin, phases.settle, phases.begin) == (100, 100, 110)
    short = count_phases(config.model_copy(update={"settle": 30.0}))
    assert (short.spin, short.settle, short.begin) == (100, 30, 40)
    raw = count_phases(config.model_copy(update={"settle": 0.0, "spin_up": 0.0}))
    assert (raw.spin, raw.settle, raw.begin) == (0, 0, 0)
    replete = config.model_copy(update={"hormones": type(config.hormones)()})
    assert count_phases(replete).settle == 0


def test_a_missed_volume_is_corrected_once(config, tmp_path, monkeypatch):
    asked = []
    spin_up = SpinUp(config, StateCache(tmp_path), None)

    def grow(step, bv_tv):
        asked.append(bv_tv)
        state = make_empty()
        state.volume.start = round((bv_tv - 0.05) * FULL * state.grid.size)
        return state

    monkeypatch.setattr(spin_up, "_spin_once", grow)
    state = spin_up._spin(1000)
    space = config.parameters["lattice.remodelling_space"]
    assert asked[0] == pytest.approx(0.2 / (1 - space))
    assert len(asked) == 2
    assert state.volume.expected / FULL / state.grid.size == pytest.approx(0.2, abs=1e-4)
    assert "generated again" in spin_up.notes[-1]


def test_a_volume_that_chance_misses_is_corrected_again_and_not_for_ever(
    config, tmp_path, monkeypatch
):
    """What is off by chance each time is told each time; four structures are the most."""
    spin_up, asked = SpinUp(config, StateCache(tmp_path), None), []

    def grow(step, bv_tv):
        asked.append(bv_tv)
        state = make_empty()
        state.volume.start = round((0.2 + 0.02 * (-1) ** len(asked)) * FULL * state.grid.size)
        return state

    monkeypatch.setattr(spin_up, "_spin_once", grow)
    spin_up._spin(1000)
    assert len(asked) == 4
    assert len(spin_up.notes) == 4
    assert "missed 0.2 by -0.0200" in spin_up.notes[0]
    assert "misses it by +0.0200" in spin_up.notes[0]


def test_of_structures_that_all_miss_the_nearest_is_taken(config, tmp_path, monkeypatch):
    spin_up, misses = SpinUp(config, StateCache(tmp_path), None), [0.05, -0.012, 0.03, -0.02]

    def grow(step, bv_tv):
        spin_up.notes = [f"structure {4 - len(misses)}"]
        state = make_empty()
        state.volume.start = round((0.2 + misses.pop(0)) * FULL * state.grid.size)
        return state

    monkeypatch.setattr(spin_up, "_spin_once", grow)
    state = spin_up._spin(1000)
    assert state.volume.expected / FULL / state.grid.size == pytest.approx(0.188, abs=1e-4)
    assert spin_up.notes[0] == "structure 1"
    assert "nearest of these structures is taken: BV/TV is missed by -0.0120" in spin_up.notes[-1]


def read_end(place):
    """Last day of a run's series."""
    with h5py.File(place / "results.h5") as file:
        return file["series/time"][-1]


def test_another_configuration_does_not_replace_a_run(config, folder, cache):
    """What was there, pictures included, is moved aside; the same run begun again takes its place."""
    place = folder / "taken"
    other = load_config(folder / "tiny.yaml", ["duration=4 d", "settle=0 d"])
    run(other, place, cache=cache)
    before = (place / "results.h5").read_bytes()
    (place / "figures" / "old.png").write_bytes(b"old")
    (place / "notes.txt").write_text("mine")
    assert run(other, place, cache=cache).notes == run(other, folder / "new", cache=cache).notes
    assert not list(place.glob("earlier-*"))
    longer = load_config(folder / "tiny.yaml", ["duration=6 d", "settle=0 d"])
    note = run(longer, place, cache=cache).notes[0]
    assert "earlier-1" in note
    assert note in (place / "log.txt").read_text()
    aside = place / "earlier-1"
    assert read_end(aside) == 4
    assert len((aside / "results.h5").read_bytes()) == len(before)
    assert (aside / "figures" / "old.png").read_bytes() == b"old"
    assert read_end(place) == 6
    assert not list((place / "figures").iterdir())
    assert (place / "notes.txt").read_text() == "mine"
    assert all(finding.is_good for finding in verify_folder(place))
    run(other, place, cache=cache)
    assert read_end(place / "earlier-2") == 6
    run(longer, place, cache=cache, keep=False)
    assert len(list(place.glob("earlier-*"))) == 2


def test_what_cannot_be_moved_aside_is_told_and_stays(config, folder, cache, monkeypatch):
    place = folder / "stuck"
    place.mkdir()
    (place / "config.yaml").write_text("somebody's: own")

    def refuse(self, target):
        raise PermissionError(13, "not allowed")

    monkeypatch.setattr("pathlib.Path.rename", refuse)
    with pytest.raises(ResultsError, match=r"cannot be moved to .*earlier-1.*--out"):
        run(config, place, cache=cache)
    assert (place / "config.yaml").read_text() == "somebody's: own"


def test_an_interrupted_run_says_so(config, folder, cache, monkeypatch):
    monkeypatch.setattr(progress, "PAUSE", 0.0)

    def stop(report):
        if report.phase == "run" and report.time >= 13.0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(config, folder / "stopped", progress=stop, cache=cache)
    status = json.loads((folder / "stopped" / "status.json").read_text())
    assert status["state"] == "interrupted"
    assert read_state(folder / "stopped" / "checkpoint.h5")[1]["time"] == 10.0
    with h5py.File(folder / "stopped" / "results.h5") as file:
        assert file["series/time"][-1] == 10.0
    assert not list((folder / "stopped").glob(".*"))


@pytest.mark.parametrize(("phase", "day"), [("spin-up", -60.0), ("settle", -95.0)])
def test_a_run_stopped_before_day_zero_goes_on_from_there(
    config, folder, tmp_path, monkeypatch, phase, day
):
    """What was lived is kept in the cache, bit by bit, and forgotten once the phase is over."""
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    monkeypatch.setattr("trabecula.runner.spinup.TOLERANCE", 1.0)  # one structure is enough
    whole = run(config, tmp_path / "whole", cache=StateCache(tmp_path / "one")).folder
    cache, place, lived = StateCache(tmp_path / "other"), tmp_path / "stopped", []

    def ask(report):
        lived.append((report.phase, report.time))
        if report.phase == phase and report.time >= day:
            stop.ask()

    with pytest.raises(KeyboardInterrupt):
        run(config, place, progress=ask, cache=cache)
    kept = [read_state(path)[0].clock.time for path in cache.folder.glob("*.h5")]
    assert day in kept
    findings = verify_folder(place)
    assert {finding.is_good for finding in findings} == {True}, findings
    status = json.loads((place / "status.json").read_text())
    assert (status["state"], status["phase"], status["day"]) == ("interrupted", "spin-up", day)
    lived.clear()
    resume(place, progress=lambda report: lived.append((report.phase, report.time)), cache=cache)
    assert min(time for name, time in lived if name == phase) == day
    assert phase == "spin-up" or not [time for name, time in lived if name == "spin-up"]
    assert read_all(place / "results.h5") == read_all(whole / "results.h5")
    assert len(list(cache.folder.glob("*.h5"))) == 2, "spun up and settled; nothing on its way"


def test_a_failed_run_says_so(config, folder, cache, monkeypatch):
    def fail(*_):
        msg = "planted"
        raise SolverError(msg)

    monkeypatch.setattr("trabecula.model.model.run_step", fail)
    with pytest.raises(SolverError, match="planted"):
        run(config, folder / "failed", cache=cache)
    assert json.loads((folder / "failed" / "status.json").read_text())["state"] == "failed"


def test_a_run_that_ends_before_its_first_results_shows_none_of_an_earlier_one(
    config, folder, cache, monkeypatch
):
    """They would be read as results of the configuration that stands beside them."""
    place = folder / "again"
    run(config, place, cache=cache)
    other = config.model_copy(update={"seed": 77})
    monkeypatch.setattr(
        "trabecula.runner.job.Job.live", lambda job: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        run(other, place, cache=cache)
    assert not (place / "results.h5").exists()
    assert not (place / "results.vtkhdf").exists()
    with pytest.raises(ResultsError, match=r"results\.h5"):
        read_results(place)


def test_progress_is_told(config, folder, cache, monkeypatch):
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    reports = []
    run(config, folder / "told", progress=reports.append, cache=cache)
    phases = [report.phase for report in reports]
    assert list(dict.fromkeys(phases)) == ["settle", "run"]
    last = reports[-1]
    assert (last.time, last.until) == (24.0, 24.0)
    assert last.days_per_second > 0
    assert last.time_left == 0.0
    assert 0.1 < last.bv_tv < 0.3


def test_folder_in_the_way_is_reported(config, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="--out"):
        run(config, tmp_path / "file")


def test_cache_keeps_finds_and_forgets(tmp_path):
    cache = StateCache(tmp_path)
    state = make_empty()
    assert cache.load("aa") is None
    cache.store("aa", state, ["note"])
    found, notes = cache.load("aa")
    assert notes == ["note"]
    assert to_bytes(found) == to_bytes(state)
    cache.find_entry("aa").rename(cache.find_entry("bb"))
    assert cache.load("bb") is None
    assert not cache.find_entry("bb").exists()


def test_cache_is_bounded_and_the_unused_goes_first(tmp_path):
    state = make_empty()
    StateCache(tmp_path).store("aa", state, [])
    size = (tmp_path / "aa.h5").stat().st_size
    cache = StateCache(tmp_path, largest=int(2.5 * size))
    cache.store("bb", state, [])
    os.utime(tmp_path / "aa.h5", (1, 1))
    os.utime(tmp_path / "bb.h5", (2, 2))
    cache.load("aa")  # touched: now bb is the longest unused
    cache.store("cc", state, [])
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == ["aa.h5", "cc.h5"]
    StateCache(tmp_path, largest=1).store("dd", state, [])
    assert [path.name for path in tmp_path.glob("*.h5")] == ["dd.h5"]


def test_cache_is_locked(tmp_path):
    cache = StateCache(tmp_path)
    with cache.lock("spin-up", "abc"):
        with (tmp_path / "spin-up-ab.lock").open("w") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with cache.lock("settle", "abc"):
            pass
    with (tmp_path / "spin-up-ab.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_cache_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ResultsError, match="XDG_CACHE_HOME"),
        StateCache(tmp_path / "file").lock("settle", "a"),
    ):
        pass


def make_specimen_config(folder, lines):
    (folder / "x.yaml").write_text(f"duration: 1 d\nlattice: {{specimen: x.h5, {lines}}}\n")
    return load_config(folder / "x.yaml")


@pytest.fixture
def specimen_file(tmp_path):
    fraction = np.zeros((8, 10, 12), np.float32)
    fraction[2:6] = 1.0
    write_specimen(
        tmp_path / "x.h5",
        SpecimenFile(fraction, 20.0, Sides.PERIODIC, ("once",), "hand", {}),
    )
    return tmp_path


def test_specimen_file_as_it_is(specimen_file):
    found = make_specimen_for(make_specimen_config(specimen_file, "sides: periodic"), None)
    assert found.fraction.shape == (8, 10, 12)
    assert found.fraction.mean() == 0.5
    assert found.sides == Sides.PERIODIC
    assert found.report == ["once"]


def test_specimen_file_resampled_and_cropped(specimen_file):
    lines = "voxel: 40, crop: {origin: [40, 0, 0], size: [80, 200, 240]}"
    found = make_specimen_for(make_specimen_config(specimen_file, lines), None)
    assert found.voxel == 40.0
    assert found.fraction.shape == (2, 5, 6)
    assert (found.fraction == 1.0).all()
    assert found.sides == Sides.PERIODIC, "as stored"
    words = [line.split()[0] for line in found.report[1:]]
    assert words == ["cropped", "resampled", "kept"]


def test_crop_outside_is_refused(specimen_file):
    lines = "crop: {origin: [40, 0, 0], size: [160, 200, 240]}"
    with pytest.raises(SpecimenError, match="160, 200, 240"):
        make_specimen_for(make_specimen_config(specimen_file, lines), None)


def test_image_becomes_a_specimen(tmp_path):
    pytest.importorskip("SimpleITK")
    import SimpleITK

    image = SimpleITK.GetImageFromArray((np.indices((9, 9, 9))[0] > 4).astype(np.uint8))
    image.SetSpacing((0.02, 0.02, 0.02))
    SimpleITK.WriteImage(image, str(tmp_path / "x.mha"))
    (tmp_path / "x.yaml").write_text(
        "duration: 1 d\nlattice: {specimen: x.mha, voxel: 20 um, labels: [1]}\n"
    )
    found = make_specimen_for(load_config(tmp_path / "x.yaml"), None)
    assert found.fraction.mean() == pytest.approx(4 / 9)
    assert found.sides == Sides.MIRRORED


def test_drugs_and_blockades_stand_beside_the_levels(folder, cache):
    (folder / "drugs.yaml").write_text(
        TINY.replace("name: tiny", "name: drugs")
        .replace("duration: 24 d", "duration: 8 d")
        .replace(
            "hormones: {levels:",
            "hormones: {blockade: {rankl: [[0, 0], [4, 0.8]]}, doses: {denosumab: [[2, 60]]}, levels:",
        )
    )
    done = run(load_config(folder / "drugs.yaml"), folder / "drugs", cache=cache)
    with h5py.File(done.folder / "results.h5") as file:
        time = file["series/time"][()]
        blocked, drug = file["hormones/rankl_blockade"][()], file["hormones/denosumab"][()]
        assert file["hormones/denosumab"].attrs["unit"] == "pM"
        assert not file["hormones/sclerostin_blockade"][()].any()
    assert not blocked[time <= 0].any()
    assert not drug[time <= 2].any()
    assert drug[-1] > drug[time == 4.0] > 0
    assert blocked[-1] == pytest.approx(0.8)
    assert blocked[time == 2.0] == pytest.approx(0.4), (
        "of the step that begins there, as levels are"
    )


def test_what_was_given_before_day_zero_has_its_own_settling(folder):
    def find(dose):
        text = TINY + f"protocol: [{{drug: denosumab, doses: [[-300, {dose} mg]]}}]\n"
        (folder / "early.yaml").write_text(text)
        return compute_state_digest(load_config(folder / "early.yaml"), 110, True)

    assert find(30) != find(60)


def test_two_runs_may_shrink_the_cache_at_once(tmp_path, monkeypatch):
    cache = StateCache(tmp_path, largest=1)
    cache.store("aa", make_empty(), [])
    found = list(tmp_path.glob("*.h5"))
    monkeypatch.setattr(type(tmp_path), "glob", lambda *_: [*found, tmp_path / "gone.h5"])
    cache.store("bb", make_empty(), [])
    assert not (tmp_path / "aa.h5").exists()
    assert (tmp_path / "bb.h5").exists()
