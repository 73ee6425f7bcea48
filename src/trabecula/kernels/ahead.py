"""Compiling from the other end: a second process works through the list of kernels backwards.

A first run wants its kernels one after the other. ``first_use.json`` holds them in that order, with the
types of their arguments (``benchmarks/first_use.py`` writes it); a helper compiles them from the last to
the first into the cache, where the run finds them when it comes to them. The list decides no result:
what is missing from it is compiled by the run, and what is too much is compiled for nothing.
"""

import importlib
import json
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import numba
from numba.core import event, types

from trabecula.kernels import compile as compiled

LIST = Path(__file__).with_name("first_use.json")
PACKAGE = "trabecula"
AFTER = 4
"""Kernels compiled before a helper is worth its start; a run with a warm cache misses one or two."""

type Words = str | list[Words]
"""A type in words: ``float32:3`` an array of three dimensions, ``int64`` a number, a list a tuple."""


def write_type(kind: Any) -> Words:
    """Return a type of an argument in words.

    Raises
    ------
    ValueError
        If it is neither number, array nor tuple of these.
    """
    if isinstance(kind, types.BaseTuple):
        named = getattr(kind, "instance_class", tuple)
        name = (
            "" if named is tuple else f"{named.__module__.removeprefix(PACKAGE)}:{named.__name__}"
        )
        return [name, *(write_type(part) for part in tuple(cast("Any", kind)))]
    if isinstance(kind, types.Array) and kind.mutable and kind.aligned and kind.layout == "C":
        return f"{kind.dtype}:{kind.ndim}"
    if isinstance(kind, types.Number | types.Boolean):
        return str(kind)
    msg = (
        f"found an argument of type {kind}; allowed: numbers, C-contiguous arrays, tuples of these"
    )
    raise ValueError(msg)


def read_type(words: Words) -> Any:
    """Return the type that :func:`write_type` put into words."""
    if isinstance(words, str):
        name, _, dimensions = words.partition(":")
        kind = getattr(types, "boolean" if name == "bool" else name)
        return types.Array(kind, int(dimensions), "C") if dimensions else kind
    module, _, attribute = str(words[0]).partition(":")
    named = getattr(importlib.import_module(PACKAGE + module), attribute) if attribute else tuple
    return types.BaseTuple.from_types([read_type(part) for part in words[1:]], named)


def find_kernel(name: str) -> Any:
    """Return the dispatcher of ``module.kernel``, or of ``module.kernel/parallel``."""
    path, _, half = name.partition("/")
    module, _, attribute = path.partition(".")
    found = getattr(importlib.import_module(f"{PACKAGE}.kernels.{module}"), attribute)
    return getattr(found, "halves", (found, found))[bool(half)]


def compile_backwards(part: str, path: Path = LIST) -> int:
    """Compile the kernels of a part of the list, ``small`` or ``large``, from its end; return how many.

    An entry that fits no kernel any more is left out.
    """
    done = 0
    for name, words in reversed(json.loads(path.read_text())[part]):
        try:
            find_kernel(name).compile(tuple(read_type(word) for word in words))
        except (AttributeError, ImportError, TypeError, numba.core.errors.NumbaError):
            continue
        done += 1
    return done


def count_cores() -> int:
    """Return the cores that this process may use."""
    ask = getattr(os, "sched_getaffinity", None)
    return len(ask(0)) if ask is not None else os.cpu_count() or 1


class _Starter(event.Listener):
    """Starts the helper once a few kernels were compiled, which is what an empty cache looks like."""

    def __init__(self, part: str) -> None:
        self._part, self._seen = part, 0
        self.helper: subprocess.Popen[bytes] | None = None

    def on_start(self, event: Any) -> None:
        self._seen += 1
        if self._seen == AFTER:
            with suppress(OSError):  # then the run compiles alone
                self.helper = subprocess.Popen(
                    [sys.executable, "-m", __name__, self._part],
                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip

    def on_end(self, event: Any) -> None:
        pass


@contextmanager
def compile_ahead(voxels: int) -> Iterator[None]:
    """Have a second core compile what a run wants later, as long as the context lasts.

    Nothing is started on one core, nor while the cache has what is needed, nor by workers of a pool,
    whose neighbours have the other cores.

    Parameters
    ----------
    voxels
        Of the lattice: kernels of large ones are compiled for several threads.
    """
    if count_cores() < 2 or multiprocessing.parent_process() is not None:
        yield
        return
    starter = _Starter("large" if voxels >= compiled.PARALLEL_FROM else "small")
    try:
        with event.install_listener("numba:compile", starter):
            yield
    finally:
        if starter.helper is not None:
            starter.helper.kill()  # what it has written is whole: numba renames files into place
            starter.helper.communicate()


def leave_with_parent() -> None:
    """End this process when the other end of its standard input is closed, by exit or by death."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=leave_with_parent, daemon=True).start()
    compile_backwards(sys.argv[1])
