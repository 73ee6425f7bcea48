"""Spun-up states that runs share: bounded, locked, and proof against damage.

``$XDG_CACHE_HOME/trabecula/states/<digest>.h5``; a hit is touched, the longest untouched goes first.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trabecula.base.caches import find_caches
from trabecula.base.errors import ResultsError
from trabecula.base.files import find_leftovers
from trabecula.records import read_state, write_state
from trabecula.state import State

LARGEST = 2 * 2**30
"""Bytes that the cache may hold."""

AGED = 86400.0
"""Age (s) from which nobody goes on with a half-written file."""


class StateCache:
    """States by digest.

    Parameters
    ----------
    folder
        Where they lie; made when needed.
    largest
        Bytes that it may hold; at least the newest entry stays.
    """

    def __init__(self, folder: Path | None = None, largest: int = LARGEST) -> None:
        self.folder = folder or find_caches() / "states"
        self.largest = largest

    def find_entry(self, digest: str) -> Path:
        """Return where the state of this digest lies, if it is there."""
        return self.folder / f"{digest}.h5"

    @contextmanager
    def lock(self, kind: str, digest: str) -> Iterator[None]:
        """Hold a digest for this process alone, so that a state is made once.

        Locks of two kinds may be nested, of one kind not: digests share a few lock files.

        Raises
        ------
        ResultsError
            If the cache folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = (self.folder / f"{kind}-{digest[:2]}.lock").open("w")
        except OSError as error:
            msg = f"{self.folder}: the cache cannot be written: {error}; set XDG_CACHE_HOME"
            raise ResultsError(msg) from error
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def load(self, digest: str) -> tuple[State, list[str]] | None:
        """Return the state of this digest and its notes, or None; a damaged entry is dropped."""
        path = self.find_entry(digest)
        if not path.is_file():
            return None
        try:
            state, meta = read_state(path)
        except ResultsError:
            path.unlink(missing_ok=True)
            return None
        if meta.get("digest") != digest:
            path.unlink(missing_ok=True)
            return None
        with suppress(OSError):  # another run may have let it go
            os.utime(path)
        return state, list(meta["notes"])

    def store(self, digest: str, state: State, notes: list[str]) -> None:
        """Keep a state and let the longest unused go while there is too much."""
        write_state(self.find_entry(digest), state, {"digest": digest, "notes": notes})
        self._shrink(self.find_entry(digest))

    def _shrink(self, newest: Path) -> None:
        for path in find_leftovers(self.folder):  # other machines may write here too
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > AGED:
                    path.unlink()
        entries = []
        for path in self.folder.glob("[!.]*.h5"):  # what another run is writing is left to it
            with suppress(OSError):  # another run may shrink the cache too
                entries.append((path.stat().st_mtime, path.stat().st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.largest:
                return
            if path != newest:
                total -= size
                path.unlink(missing_ok=True)
