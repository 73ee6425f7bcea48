"""Files that appear whole or not at all, and the order in which people number them."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trabecula.base.errors import ResultsError

TEMPORARY = ".tmp-"
"""How the names begin under which files are written before they take their places."""

FORMER = "earlier-"
"""How the names of folders begin into which a run's former results are moved."""

RUN_FILES = (
    "config.yaml", "results.h5", "results.vtkhdf", "status.json", "log.txt", "checkpoint.h5"
)  # fmt: skip
"""What a run keeps in its folder under names of its own."""


def name_temporary(target: Path) -> Path:
    """Return the path beside `target` to write to first; its ending is that of `target`."""
    return target.with_name(f"{TEMPORARY}{os.getpid()}-{target.name}")


def find_leftovers(folder: Path) -> list[Path]:
    """Return what processes that live no more were writing in `folder`, and this one before."""
    return sorted(path for path in folder.glob(f"{TEMPORARY}*") if not _is_being_written(path))


def _is_being_written(path: Path) -> bool:
    """Whether another process of this machine lives under the number in the name of a file."""
    number = path.name.removeprefix(TEMPORARY).partition("-")[0]
    if not number.isdecimal() or int(number) in (0, os.getpid()):
        return False
    try:
        os.kill(int(number), 0)
    except PermissionError:  # somebody else's
        return True
    except (OSError, OverflowError):
        return False
    return True


@contextmanager
def guard_writing(path: Path, what: str = "") -> Iterator[None]:
    """Turn what the system says against writing `path` into an error that says what to do.

    Parameters
    ----------
    what
        What is written, for the message; nothing if the path says it.

    Raises
    ------
    ResultsError
        If the system refuses.
    """
    try:
        yield
    except OSError as error:
        words = f"{what} cannot be written" if what else "cannot be written"
        msg = f"{path}: {words}: {error}; check space and permissions"
        raise ResultsError(msg) from error


def make_folder(path: Path, what: str) -> Path:
    """Make a folder, and those above it, unless it is there; returns its path.

    Parameters
    ----------
    what
        What it is the folder of, for the message.

    Raises
    ------
    ResultsError
        If it cannot be made: a file is in the way, or nothing may be written there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{path}: the folder of {what} cannot be made: {error.strerror}; name another with --out"
        raise ResultsError(msg) from error
    return path


def discard(temporary: Path) -> None:
    """Remove a file of one's own if it is there and can be removed."""
    with suppress(OSError):  # the folder itself may be what is wrong, and that is reported already
        temporary.unlink(missing_ok=True)


@contextmanager
def replace_whole(path: Path, what: str) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` once all went well.

    Parameters
    ----------
    what
        What is written, for the message.

    Raises
    ------
    ResultsError
        If it cannot be written; nothing half-written stays.
    """
    temporary = name_temporary(path)
    try:
        with guard_writing(path, what):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            temporary.replace(path)
    finally:
        discard(temporary)


def to_order(path: Path) -> list[tuple[int, int, str]]:
    """Return a key by which run 2 comes before run 10, and slice 2 before slice 10."""
    parts = re.split(r"([0-9]+)", str(path))
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
