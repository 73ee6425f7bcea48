"""One writer to a run folder: a lock that the system itself lets go of when its holder dies."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from trabecula.base.errors import InputError, ResultsError
from trabecula.base.files import guard_writing

NAME = ".lock"


@contextmanager
def lock_folder(folder: Path) -> Iterator[str]:
    """Hold `folder` for this process alone; gives the note of a stale lock, or an empty text.

    Raises
    ------
    InputError
        If another living process writes to the folder.
    ResultsError
        If the lock cannot be written.
    """
    path = folder / NAME
    handle = _hold(path)
    with handle:
        with guard_writing(path, "the lock"):
            handle.seek(0)
            holder = handle.read().strip()
            handle.truncate(0)
            handle.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            handle.flush()
        try:
            yield f"a lock left by {holder} was stale" if holder else ""
        finally:
            with suppress(OSError):  # the folder was taken away, or shut: the lock is let go of
                path.unlink(missing_ok=True)


def is_held(folder: Path) -> bool:
    """Whether a living process writes to `folder`; one that cannot be asked counts as none."""
    try:
        with (folder / NAME).open(encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _hold(path: Path) -> TextIO:
    """Open the lock and hold it; again if its holder removed it between the two."""
    folder = path.parent
    while True:
        try:
            handle = path.open("a+", encoding="utf-8")
        except OSError as error:
            msg = f"{folder}: cannot be locked: {error}; check permissions"
            raise ResultsError(msg) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            handle.close()
            msg = (
                f"{folder}: found another run writing to it ({holder}); allowed: one "
                "writer; wait for it, stop it, or name another folder with --out"
            )
            raise InputError(msg) from None
        except OSError as error:
            handle.close()
            msg = f"{folder}: cannot be locked: {error}; runs need a file system with locks"
            raise ResultsError(msg) from error
        if _is_at(handle, path):
            return handle
        handle.close()


def _is_at(handle: TextIO, path: Path) -> bool:
    """Whether an open file is what stands at `path` now."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False
