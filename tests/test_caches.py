"""Caches lie with the user, or in a folder that nobody else may enter."""

import os
import tempfile
from pathlib import Path

import pytest

from trabecula.base import caches
from trabecula.base.caches import find_caches


@pytest.fixture
def temporary(monkeypatch, tmp_path: Path) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    caches._make_private.cache_clear()
    yield folder
    caches._make_private.cache_clear()


def have_no_home(monkeypatch) -> None:
    def refuse() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(caches.Path, "home", refuse)


def is_private(folder: Path) -> bool:
    found = folder.lstat()
    return not folder.is_symlink() and found.st_uid == os.getuid() and not found.st_mode & 0o077


def test_caches_lie_where_the_user_says(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "here"))
    assert find_caches() == tmp_path / "here" / "trabecula"
    assert find_caches().is_dir()


def test_they_lie_below_the_home_otherwise(monkeypatch, temporary: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(caches.Path, "home", lambda: tmp_path)
    assert find_caches() == tmp_path / ".cache" / "trabecula"


def test_a_user_without_home_has_a_private_folder(monkeypatch, temporary: Path) -> None:
    have_no_home(monkeypatch)
    found = find_caches()
    assert found == temporary / f"trabecula-{os.getuid()}"
    assert is_private(found)
    caches._make_private.cache_clear()
    assert find_caches() == found  # the next run finds what this one compiled


def test_a_cache_that_cannot_be_made_has_a_private_folder_too(
    monkeypatch, temporary: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert find_caches().parent == temporary
    assert is_private(find_caches())


@pytest.mark.parametrize("planted", ["open to all", "a link", "a file"])
def test_a_folder_that_another_may_have_made_is_not_taken(
    monkeypatch, temporary: Path, tmp_path: Path, planted: str
) -> None:
    """Compiled code is loaded from there: whoever can write to it could run anything as this user."""
    have_no_home(monkeypatch)
    place = temporary / f"trabecula-{os.getuid()}"
    if planted == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "elsewhere")
    elif planted == "a file":
        place.write_text("")
    else:
        place.mkdir()
        place.chmod(0o777)
    found = find_caches()
    assert found != place
    assert found.parent == temporary
    assert is_private(found)
    assert find_caches() == found
