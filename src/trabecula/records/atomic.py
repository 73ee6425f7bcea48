"""Whole files only: write beside the target, prove it can be read, then rename over it."""

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trabecula.base.errors import ResultsError
from trabecula.base.files import discard, guard_writing, name_temporary


def sync_folder(folder: Path) -> None:
    """Force the names in `folder` to disk, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(temporary: Path, target: Path) -> None:
    """Make `temporary`, a closed file in the folder of `target`, the new `target`."""
    with temporary.open("rb+") as handle:
        os.fsync(handle.fileno())
    temporary.replace(target)
    sync_folder(target.parent)


@contextmanager
def write_whole(path: Path, verify: Callable[[Path], object]) -> Iterator[Any]:
    """Give an open HDF5 file to fill; it appears under `path` only once it is closed and verified.

    Parameters
    ----------
    path
        Where the file shall stand.
    verify
        Reads the closed file and raises if it is not as it should be.

    Raises
    ------
    ResultsError
        If the file cannot be written or read back; whatever stood at `path` is still there.
    """
    import h5py

    temporary = name_temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(temporary, "w") as file:
            yield file
        verify(temporary)
        publish(temporary, path)
    except (OSError, RuntimeError) as error:
        _let_go(error)
        reason = str(error).partition(", filename")[0].strip()
        msg = f"{path}: cannot be written: {reason}; check space and permissions"
        raise ResultsError(msg) from None
    finally:
        discard(temporary)


@contextmanager
def edit_whole(path: Path, is_new: bool = False) -> Iterator[Any]:
    """Give the HDF5 file at `path` to add to, or begin it; nobody but its writer reads it.

    Raises
    ------
    ResultsError
        If it cannot be opened, written or closed: a full disk shows itself at any of these.
    """
    import h5py

    try:
        with h5py.File(path, "w" if is_new else "r+") as file:
            yield file
    except (OSError, RuntimeError) as error:
        _let_go(error)
        reason = str(error).partition(", filename")[0].strip()
        msg = (
            f"{path}: cannot be written: {reason}; check space and permissions; what was committed "
            "stands"
        )
        raise ResultsError(msg) from None


def _let_go(error: BaseException) -> None:
    """Free what HDF5 could not close, without its complaint about each single object."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        error.__traceback__ = None
        gc.collect()
    finally:
        sys.unraisablehook = hook


def write_text_whole(path: Path, text: str) -> None:
    """Replace the text file at `path` in one step.

    Raises
    ------
    ResultsError
        If it cannot be written; whatever stood there is still there.
    """
    temporary = name_temporary(path)
    try:
        with guard_writing(path):
            temporary.write_text(text, encoding="utf-8")
            publish(temporary, path)
    finally:
        discard(temporary)


def copy_whole(source: Path, target: Path, verify: Callable[[Path], object]) -> None:
    """Publish a verified copy of the closed file `source` under `target`.

    Raises
    ------
    ResultsError
        If the copy fails or does not verify; whatever stood at `target` is still there.
    """
    temporary = name_temporary(target)
    try:
        with guard_writing(target):
            shutil.copyfile(source, temporary)
            verify(temporary)
            publish(temporary, target)
    finally:
        discard(temporary)


@contextmanager
def open_kind(path: Path, kind: str, version: int) -> Iterator[Any]:
    """Open an HDF5 file of one `kind` and format `version` for reading, and for nothing but reading.

    What a reader falls over inside is damage to the file: a name that is not there, a group where an
    array is to be, columns of unequal length.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, of another kind or of another version.
    """
    import h5py

    if not path.is_file():
        msg = f"{path}: there is no such file; expected a {kind} file"
        raise ResultsError(msg)
    try:
        with h5py.File(path, "r") as file:
            _check_kind(file, path, kind, version)
            yield file
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError) as error:
        msg = f"{path}: damaged or not a {kind} file: {error}; make it again"
        raise ResultsError(msg) from error


def _check_kind(file: Any, path: Path, kind: str, version: int) -> None:
    found = file.attrs.get("kind", "something else")
    if found != kind:
        msg = f"{path}: found a {found} file; a {kind} file is needed"
        raise ResultsError(msg)
    stored = int(file.attrs.get("format_version", -1))
    if stored != version:
        msg = f"{path}: {kind} format {stored} was found; this version reads format {version}"
        raise ResultsError(msg)
