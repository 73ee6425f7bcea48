"""One decorator for every compiled loop.

Numba's disk cache does not notice an edit in a helper that lives in another module, so the cache
folder carries a digest of all kernel sources and of the layouts they take; numba itself looks at its
own version and at the processor.
"""

import hashlib
import os
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple, cast

from trabecula.base.caches import find_caches


def compute_source_digest() -> str:
    """Digest of every kernel source file and of the layouts that they take."""
    here = Path(__file__).parent
    files = sorted(here.glob("*.py")) + sorted((here.parent / "base").glob("*.py"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def find_cache_folder() -> Path:
    """Folder of this version's compiled kernels: below NUMBA_CACHE_DIR, or the user's cache."""
    digest = compute_source_digest()
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or find_caches() / "kernels")
    return folder if folder.name == digest else folder / digest  # a child inherits its parent's


os.environ["NUMBA_CACHE_DIR"] = str(find_cache_folder())
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numba  # noqa: E402  (numba reads its cache folder when it is imported)
from numba.core import event  # noqa: E402

# whoever imported numba before has had it read another folder, whose kernels may be stale
cast("Any", numba).config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]

prange = numba.prange


def kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile a serial loop: cached, without fastmath, which would hide NaN."""
    compiled: Any = numba.njit(cache=True, error_model="numpy", nogil=True)(function)
    return cast("F", _forget_constants(_bear_strangers(compiled)))


def inlined[F: Callable[..., Any]](function: F) -> F:
    """Write a function into the kernels that call it before they are compiled.

    Only then do loops over long functions vectorise; each caller takes longer to compile for it.
    """
    written: Any = numba.njit(inline="always", error_model="numpy")(function)
    return cast("F", written)


def _bear_strangers(compiled: Any) -> Any:
    """Let a kernel whose index on disk cannot be read be compiled anew.

    The index names the types that a kernel was called with. A script that called it with a tuple of its
    own leaves a name there that no other process can import, and numba would end in a traceback.
    """
    file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if file is None:
        return compiled  # the JIT is off
    read = file._load_index

    def read_or_begin() -> Any:
        try:
            return read()
        except (ImportError, AttributeError, EOFError, pickle.UnpicklingError):
            return {}

    file._load_index = read_or_begin
    return compiled


def _forget_constants(compiled: Any) -> Any:
    """Let a kernel that another one calls with a constant be compiled for its type, not for its value.

    Numba would compile the keyed draws, whose purpose is a constant, anew for every purpose. What it
    inlines it folds all the same.
    """
    if not hasattr(compiled, "get_call_template"):
        return compiled  # the JIT is off
    find, plain = compiled.get_call_template, numba.core.types.unliteral

    def find_plain(args: Any, names: Any) -> Any:
        return find(tuple(map(plain, args)), {name: plain(kind) for name, kind in names.items()})

    compiled.get_call_template = find_plain
    return compiled


def parallel_kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile a loop over independent blocks; its result must not depend on the thread count."""
    options: dict[str, Any] = {"cache": True, "error_model": "numpy", "nogil": True}
    compiled: Any = numba.njit(parallel=True, **options)(_name_parallel(function))
    return cast("F", _bear_strangers(compiled))


def _name_parallel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Copy a function under another name for the disk cache.

    Numba keeps compiled code by name and argument types, whatever the options: of a function that is
    compiled both ways, the half that came first would be loaded as the other one too.
    """
    code, names = function.__code__, function.__globals__
    copied = FunctionType(
        code, names, function.__name__, function.__defaults__, function.__closure__
    )
    copied.__qualname__ = f"{function.__qualname__}_parallel"
    copied.__doc__ = function.__doc__
    return copied


PARALLEL_FROM = 400_000
"""Values in the first array from which a sized kernel runs on several threads."""


def sized_kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile a loop over independent slabs both ways; small arrays are not worth a second thread.

    The size of the first argument, an array, decides. Only Python can call it, no other kernel.
    """
    return make_sized()(function)


def make_sized[F: Callable[..., Any]](least: int | None = None) -> Callable[[F], F]:
    """Return a :func:`sized_kernel` that runs in parallel from `least` values on.

    Without `least` it is PARALLEL_FROM when the kernel is called. The kernel's attribute `halves`
    holds the serial and the parallel one.
    """

    def compile_both(function: F) -> F:
        serial, parallel = kernel(function), parallel_kernel(function)

        @wraps(function)
        def run(first: Any, *rest: Any) -> Any:
            limit = PARALLEL_FROM if least is None else least
            chosen = parallel if first.size >= limit else serial
            return chosen(first, *rest)

        cast("Any", run).halves = (serial, parallel)
        return cast("F", run)

    return compile_both


def set_threads(count: int) -> None:
    """Use `count` threads in parallel kernels from here on.

    Raises
    ------
    ValueError
        If `count` is less than 1 or more than numba was started with.
    """
    numba.set_num_threads(count)


def get_threads() -> int:
    """Return the number of threads in use."""
    return int(numba.get_num_threads())


def get_max_threads() -> int:
    """Return the number of threads numba was started with."""
    return int(cast("Any", numba).config.NUMBA_NUM_THREADS)


def get_numba_version() -> str:
    """Return numba's version for provenance."""
    return str(numba.__version__)


class Compilation(NamedTuple):
    """What a kernel's compilation is told as when it begins.

    Parameters
    ----------
    name
        Module and name of the kernel.
    done
        Kernels compiled before it since the watch began.
    seconds
        Wall time since the first of them began (s).
    """

    name: str
    done: int
    seconds: float


class _Listener(event.Listener):
    """Counts compilations; a kernel that is found in the cache is none."""

    def __init__(self, tell: Callable[[Compilation], None]) -> None:
        self._tell, self._done, self._begun = tell, 0, time.monotonic()

    def on_start(self, event: Any) -> None:
        function = event.data["dispatcher"].py_func
        if self._done == 0:
            self._begun = time.monotonic()
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        self._tell(Compilation(name, self._done, time.monotonic() - self._begun))

    def on_end(self, event: Any) -> None:
        self._done += 1


@contextmanager
def watch_compilation(tell: Callable[[Compilation], None]) -> Iterator[None]:
    """Call `tell` whenever a kernel begins to be compiled, as long as the context lasts."""
    with event.install_listener("numba:compile", _Listener(tell)):
        yield
