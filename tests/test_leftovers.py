"""What a killed writer leaves has one kind of name, by which it is found and cleared."""

import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest

import trabecula.config
from bones import make_empty
from trabecula.base.files import find_leftovers, name_temporary, replace_whole
from trabecula.config import shipped
from trabecula.records import write_state
from trabecula.records.atomic import copy_whole, write_text_whole, write_whole
from trabecula.runner.cache import AGED, StateCache
from trabecula.runner.folder import RunFolder, find_rubbish
from trabecula.specimen.writers import write_image
from trabecula.study.merged import Column, write_table


def fill(path):
    with replace_whole(path, "a file") as temporary:
        temporary.write_text("half")


def fill_hdf5(path):
    with write_whole(path, lambda _: None) as file:
        file["a"] = 1


def copy(path):
    source = path.parent.parent / "source"
    source.write_text("whole")
    copy_whole(source, path, lambda _: None)


def draw(path):
    pytest.importorskip("SimpleITK", reason="the extra imaging is not installed")
    write_image(path.with_suffix(".mha"), np.zeros((3, 3, 3), np.uint8), 20.0)


def keep(path, monkeypatch):
    monkeypatch.setattr(shipped, "find_caches", lambda: path.parent.parent)
    shipped.load_shipped(Path(trabecula.config.__file__).parent / "species.yaml")


WRITERS = {
    "replace": fill,
    "hdf5": fill_hdf5,
    "text": lambda path: write_text_whole(path, "whole"),
    "copy": copy,
    "image": draw,
    "table": lambda path: write_table(path, [Column("a", int, "1", "")], [[1], [2]]),
}


def die_before_renaming(work, *arguments):
    """Do `work` in a child that is gone the moment it would rename what it wrote; returns its number."""

    def live():
        Path.replace = lambda *_: os._exit(9)
        work(*arguments)

    child = multiprocessing.get_context("fork").Process(target=live)
    child.start()
    child.join()
    assert child.exitcode == 9
    return child.pid


@pytest.mark.parametrize("name", WRITERS)
def test_what_every_writer_leaves_is_found(tmp_path, name):
    (tmp_path / "here").mkdir()
    number = die_before_renaming(WRITERS[name], tmp_path / "here" / "a.csv")
    (left,) = (tmp_path / "here").iterdir()
    assert left.name.startswith(f".tmp-{number}-a.")
    assert find_leftovers(tmp_path / "here") == [left]
    WRITERS[name](tmp_path / "here" / "a.csv")
    assert len(list((tmp_path / "here").iterdir())) == 2, "nothing else is left of one that lives"


def test_what_a_kept_table_leaves_is_found(tmp_path, monkeypatch):
    die_before_renaming(keep, tmp_path / "tables" / "x", monkeypatch)
    assert find_leftovers(tmp_path / "tables") == list((tmp_path / "tables").iterdir()) != []


def test_what_another_process_is_writing_is_left_to_it(tmp_path):
    for number in (os.getppid(), os.getpid(), 99999999, "mine"):
        (tmp_path / f".tmp-{number}-movie.mp4").write_text("")
    found = {path.name for path in find_leftovers(tmp_path)}
    assert found == {f".tmp-{number}-movie.mp4" for number in (os.getpid(), 99999999, "mine")}


@pytest.mark.parametrize("place", [".", "states", "figures", "export"])
def test_a_run_clears_what_was_left_in_its_folder(tmp_path, place):
    folder = RunFolder(tmp_path)
    (tmp_path / place).mkdir(exist_ok=True)
    left = tmp_path / place / ".tmp-99999999-a.h5"
    left.write_text("")
    assert find_rubbish(tmp_path) == [left]
    folder.clear()
    assert not left.exists()


def test_the_cache_leaves_alone_what_others_are_writing(tmp_path):
    cache = StateCache(tmp_path, largest=1)
    fresh, old = (tmp_path / f".tmp-9999999{n}-a.h5" for n in (1, 2))
    for path in (fresh, old):
        path.write_text("half a state")
    os.utime(old, (time.time() - AGED - 60.0,) * 2)
    write_state(tmp_path / "earlier.h5", make_empty(), {})
    cache.store("present", make_empty(), [])
    assert {path.name for path in tmp_path.iterdir()} == {fresh.name, "present.h5"}


def test_a_temporary_keeps_the_ending(tmp_path):
    assert name_temporary(tmp_path / "a.nii.gz").name == f".tmp-{os.getpid()}-a.nii.gz"
