"""What is on disk when the power goes, at every boundary of every file operation; and full disks."""

import hashlib
import io
import multiprocessing
import os
import resource
import shutil
from pathlib import Path

import h5py
import pytest

from test_results import HORMONES, METRICS, PROVENANCE
from test_results import state as make_state  # noqa: F401  (a fixture)
from trabecula.base.errors import ResultsError
from trabecula.records import ResultsWriter, read_state, write_state
from trabecula.records.atomic import write_text_whole

TARGETS = ("results.h5", "checkpoint.h5", "status.json")
COMMITS = 3


class Disk:
    """Watches a folder: after every file operation, what is in it and what has reached the disk."""

    def __init__(self, folder, monkeypatch, sync_files=True):
        self.folder, self.done = folder, 0
        self.moments = []
        self.synced = set()
        self.durable = dict.fromkeys(TARGETS)
        self.since = {name: [] for name in TARGETS}
        self._patch(monkeypatch, sync_files)

    def _patch(self, monkeypatch, sync_files):
        fsync, replace, copyfile = os.fsync, Path.replace, shutil.copyfile
        close, text = h5py.File.close, Path.write_text

        def watch(real, after):
            def call(*args, **kwargs):
                self.note(f"before {real.__name__}")
                result = real(*args, **kwargs)
                after(*args)
                self.note(f"after {real.__name__}")
                return result

            return call

        def synced(descriptor):
            path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            if path.is_dir():
                self.durable = {name: self.read(name) for name in TARGETS}
                self.since = {name: [] for name in TARGETS}
            elif sync_files:
                self.synced.add(hashlib.sha256(path.read_bytes()).digest())

        monkeypatch.setattr(os, "fsync", watch(fsync, synced))
        monkeypatch.setattr(Path, "replace", watch(replace, lambda *_: None))
        monkeypatch.setattr(shutil, "copyfile", watch(copyfile, lambda *_: None))
        monkeypatch.setattr(Path, "write_text", watch(text, lambda *_: None))
        monkeypatch.setattr(h5py.File, "close", watch(close, lambda *_: None))

    def read(self, name):
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None

    def note(self, label):
        for name in TARGETS:
            self.since[name].append(self.read(name))
        possible = {}
        for name in TARGETS:
            contents = [self.durable[name], *self.since[name]]
            possible[name] = [v for c in dict.fromkeys(contents) for v in self.tear(c)]
        self.moments.append((label, self.done, possible))

    def tear(self, content):
        """What may be found of a content: itself, or if it never reached the disk, a part of it."""
        if content is None or hashlib.sha256(content).digest() in self.synced:
            return [content]
        return [
            content[: len(content) // 2],
            content[: len(content) // 3] + bytes(len(content) // 3),
        ]


def live(folder, state, disk=None, commits=COMMITS):
    """Commits, as a run makes them: results, checkpoint, status."""
    writer = ResultsWriter(folder, state.grid, METRICS, HORMONES, PROVENANCE)
    for k in range(commits):
        state.clock.step = k
        writer.add_row(float(k), {"bv_tv": 0.4}, {"estradiol": 60.0}, {"births": k})
        writer.add_snapshot(state)
        writer.commit(state)
        write_state(folder / "checkpoint.h5", state, {"time": float(k)})
        write_text_whole(folder / "status.json", f'{{"time": {k}}}')
        if disk is not None:
            disk.done = k + 1
    writer.close()


def count_rows(content):
    with h5py.File(io.BytesIO(content)) as file:
        return len(file["series/time"])


def find_losses(disk, tmp_path):
    """Every possible disk that is unreadable or lacks a committed sample, with its moment."""
    losses, seen = [], {}
    for label, done, possible in disk.moments:
        for content in possible["results.h5"]:
            key = None if content is None else hashlib.sha256(content).digest()
            if key not in seen:
                try:
                    seen[key] = -1 if content is None else count_rows(content)
                except (OSError, KeyError):
                    seen[key] = -2
            if seen[key] < 0 and not (content is None and done == 0):
                losses.append((label, done, "unreadable results"))
            elif content is not None and seen[key] < done:
                losses.append((label, done, f"{seen[key]} rows"))
        for content in possible["checkpoint.h5"]:
            if content is None:
                losses += [(label, done, "no checkpoint")] if done else []
                continue
            key = hashlib.sha256(content).digest()
            if key not in seen:
                path = tmp_path / "one.h5"
                with path.open("wb") as handle:
                    handle.write(content)
                try:
                    seen[key] = read_state(path)[1]["time"] + 1
                except ResultsError:
                    seen[key] = -2
            if seen[key] < done:
                losses.append((label, done, "checkpoint"))
    return losses


def test_no_power_cut_loses_what_was_committed(make_state, tmp_path, monkeypatch):  # noqa: F811
    (tmp_path / "run").mkdir()
    disk = Disk(tmp_path / "run", monkeypatch)
    live(tmp_path / "run", make_state, disk)
    monkeypatch.undo()
    assert len(disk.moments) > 60
    assert {done for _, done, _ in disk.moments} == set(range(COMMITS))
    assert find_losses(disk, tmp_path) == []


def test_the_watch_sees_a_file_that_was_never_forced_to_disk(make_state, tmp_path, monkeypatch):  # noqa: F811
    (tmp_path / "run").mkdir()
    disk = Disk(tmp_path / "run", monkeypatch, sync_files=False)
    live(tmp_path / "run", make_state, disk)
    monkeypatch.undo()
    losses = find_losses(disk, tmp_path)
    assert any(words == "unreadable results" for _, _, words in losses)
    assert any(words == "checkpoint" for _, _, words in losses)


def test_the_watch_sees_a_rename_whose_folder_was_not_forced(make_state, tmp_path, monkeypatch):  # noqa: F811
    (tmp_path / "run").mkdir()
    monkeypatch.setattr("trabecula.records.atomic.sync_folder", lambda _: None)
    disk = Disk(tmp_path / "run", monkeypatch)
    live(tmp_path / "run", make_state, disk)
    monkeypatch.undo()
    assert find_losses(disk, tmp_path)


class Died(BaseException):
    """The process is gone."""


def test_a_kill_at_every_boundary_leaves_whole_files(make_state, tmp_path, monkeypatch):  # noqa: F811
    """The process dies before and after each operation; what lies in the folder is read as it is."""
    total = committed = 0
    for limit in range(200):
        folder = tmp_path / str(limit)
        folder.mkdir()
        with monkeypatch.context() as patch:
            disk = Disk(folder, patch)
            count = [0]

            def note(label, disk=disk, count=count, limit=limit):
                count[0] += 1
                if count[0] > limit:
                    raise Died

            disk.note = note
            try:
                live(folder, make_state, disk, 2)
            except Died:
                pass
            else:
                break
        total += 1
        result = folder / "results.h5"
        if result.exists():
            with h5py.File(result) as file:
                assert len(file["series/time"]) >= disk.done
        else:
            assert disk.done == 0
        if disk.done:
            assert read_state(folder / "checkpoint.h5")[1]["time"] >= disk.done - 1
            committed += 1
    assert 40 < total < 200
    assert committed > 20


def write_under_limit(folder, state, limit, queue):
    """In a child: files may not grow beyond `limit` bytes, as if the disk were full."""
    writer = ResultsWriter(folder, state.grid, METRICS, HORMONES, PROVENANCE)
    writer.add_row(0.0, {"bv_tv": 0.4}, {"estradiol": 60.0}, {})
    writer.commit(state)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        for k in range(1, 6):
            writer.add_row(float(k), {"bv_tv": 0.4}, {"estradiol": 60.0}, {})
            writer.add_snapshot(state)
            writer.commit(state)
        queue.put("written")
    except ResultsError as error:
        queue.put(str(error))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 0.99, 1.0, 1.02, 1.1, 1000.0])
def test_a_full_disk_is_an_error_at_once_and_loses_nothing(make_state, tmp_path, share):  # noqa: F811
    probe = tmp_path / "probe"
    probe.mkdir()
    writer = ResultsWriter(probe, make_state.grid, METRICS, HORMONES, PROVENANCE)
    size = (probe / "results.h5").stat().st_size
    writer.close()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    folder = tmp_path / "run"
    folder.mkdir()
    child = context.Process(
        target=write_under_limit, args=(folder, make_state, int(share * size), queue)
    )
    child.start()
    child.join(60)
    outcome = queue.get(timeout=5)
    assert outcome == "written" if share > 100 else "cannot be written" in outcome, outcome
    assert child.exitcode == 0
    with h5py.File(folder / "results.h5") as file:
        assert len(file["series/time"]) >= 1
        if share > 100:
            assert len(file["series/time"]) == 6


def test_a_text_that_cannot_be_written_is_one_message_and_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "status.json").write_text("before")

    def fill(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trabecula.records.atomic.publish", fill)
    with pytest.raises(ResultsError, match=r"status\.json: cannot be written.*No space"):
        write_text_whole(tmp_path / "status.json", "after")
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]
    assert (tmp_path / "status.json").read_text() == "before"
