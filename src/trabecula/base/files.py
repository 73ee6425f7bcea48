"""Files that appear whole or not at all, and the order in which people number them."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trabecula.base.errors import ResultsError


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
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        msg = f"{path}: {what} cannot be written: {error}; check space and permissions"
        raise ResultsError(msg) from error
    finally:
        if temporary.parent.is_dir():
            temporary.unlink(missing_ok=True)


def to_order(path: Path) -> list[tuple[int, int, str]]:
    """Return a key by which run 2 comes before run 10, and slice 2 before slice 10."""
    parts = re.split(r"([0-9]+)", str(path))
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
