"""Mistakes of a bone that show only when it is made, with their place in the configuration."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trabecula.base.errors import Problem, SpecimenError
from trabecula.config.load import read_document
from trabecula.config.marks import Document, Key

BLOCK = "lattice"
OWN_KEYS = ("threshold", "labels", "crop", "voxel")
"""What an image is blamed for that a configuration has under the same name; else it is the image."""


@contextmanager
def telling_places(path: str | Path, sets: Sequence[str] = ()) -> Iterator[None]:
    """Say of a bone that cannot be had where the configuration at `path` asks for it.

    Raises
    ------
    SpecimenError
        With file, line and column of every mistake, in place of one without.
    """
    try:
        yield
    except SpecimenError as error:
        if not error.problems:
            raise
        document = read_document(Path(path), sets)
        placed = [_place(document, problem) for problem in error.problems]
        raise SpecimenError.of(placed) from error


def _place(document: Document, problem: Problem) -> Problem:
    name = problem.key.removeprefix(f"{BLOCK}.")
    if problem.where == BLOCK:
        return _put(document, problem, name, problem.found)
    found = f"{problem.found} ({problem.where})"
    return _put(document, problem, name if name in OWN_KEYS else "specimen", found)


def _put(document: Document, problem: Problem, name: str, found: str) -> Problem:
    path: Key = (BLOCK, name)
    spot = path if path in document.values else (BLOCK, "specimen")
    where = document.find_value(spot)
    return Problem(where, f"{BLOCK}.{name}", found, problem.allowed, problem.hint)
