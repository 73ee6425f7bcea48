"""Files that appear whole or not at all."""

import os
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
