"""Where this user's caches lie, or a private stand-in where there is no such place."""

import os
import tempfile
from functools import cache
from pathlib import Path

OWNER_ONLY = 0o700


def find_caches() -> Path:
    """Return the folder of the program's caches: ``$XDG_CACHE_HOME/trabecula``, else below the home.

    Where that cannot be written (or the user has no home) it is a folder for temporary files that
    nobody else may enter: compiled code is loaded from a cache, so that it must be the user's own.
    """
    base = os.environ.get("XDG_CACHE_HOME") or _find_home()
    if base is None:
        return _make_private()
    root = Path(base) / "trabecula"
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError:
        return _make_private()
    return root if os.access(root, os.W_OK) else _make_private()


def _find_home() -> str | None:
    try:
        return str(Path.home() / ".cache")
    except RuntimeError:  # no HOME, and no such user
        return None


@cache
def _make_private() -> Path:
    """Make or find the stand-in: one by its owner's number, or a fresh one if that is another's."""
    root = Path(tempfile.gettempdir()) / f"trabecula-{os.getuid()}"
    try:
        root.mkdir(mode=OWNER_ONLY, exist_ok=True)
        found = root.lstat()
        mine = not root.is_symlink() and found.st_uid == os.getuid()
        if mine and not found.st_mode & 0o077:
            return root
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="trabecula-"))
