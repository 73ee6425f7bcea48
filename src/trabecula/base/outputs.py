"""What may be written over: nothing that it reads, nothing of a run, nothing that is not ours."""

from collections.abc import Sequence
from pathlib import Path

from trabecula.base.errors import InputError
from trabecula.base.files import RUN_FILES


def check_output(
    path: Path, inputs: Sequence[Path], endings: Sequence[str] = (), option: str = "--out"
) -> None:
    """Refuse a path at which something would be written that does not belong there.

    Parameters
    ----------
    inputs
        What is read meanwhile.
    endings
        Endings that fit what is written; any if there are none.
    option
        The option or argument that named the path.

    Raises
    ------
    InputError
        If the ending does not fit, or the path is an input or a file of a run.
    """
    if endings and not path.name.endswith(tuple(endings)):
        msg = f"{option}: found {path.name!r}; allowed: a file ending in {', '.join(endings)}"
        raise InputError(msg)
    if any(path.exists() and one.exists() and path.samefile(one) for one in inputs):
        msg = f"{option}: found {path}, which is what is read; allowed: another file; choose a name"
        raise InputError(msg)
    if path.name in RUN_FILES and any((path.parent / name).is_file() for name in RUN_FILES):
        msg = (
            f"{option}: found {path}, which the run in that folder keeps for itself; allowed: another "
            "file; choose another name"
        )
        raise InputError(msg)


def check_kind(path: Path, is_ours: bool, what: str, option: str = "--out") -> None:
    """Refuse to write over a file that is not known to be one of ours.

    Parameters
    ----------
    is_ours
        Whether what is there may be replaced.
    what
        What would be written there.

    Raises
    ------
    InputError
        If a file is there that is not ours.
    """
    if path.is_file() and not is_ours:
        msg = (
            f"{option}: found {path}, which is there and not {what} of this program; allowed: a place "
            "where no other file stands; choose another name, or move that file"
        )
        raise InputError(msg)
