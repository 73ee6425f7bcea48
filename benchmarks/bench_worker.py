"""One case of ``bench.py`` in a process of its own: prepares once, then repeats whenever it is told to.

Lines of JSON go out on what was the standard output; whatever else a library prints goes to the
standard error. Nothing but the standard library is imported here, so that any interpreter that has a
peer can run its case.
"""

import ctypes
import gc
import importlib
import json
import os
import platform
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """What a case is prepared from.

    Parameters
    ----------
    folder
        Scratch folder that all cases of a run share: a case leaves there what its peers read.
    quick
        Whether sizes are to be tiny: to see that the harness runs, not to measure.
    edge
        Edge of the large lattices (voxels).
    days
        Days of one repeat of the whole engine.
    warm_up
        Days lived before the engine is timed.
    """

    folder: Path
    quick: bool = False
    edge: int = 200
    days: int = 30
    warm_up: int = 60


def read_memory(name: str) -> int:
    """Return a line of the process's memory (bytes), such as VmRSS or VmHWM; 0 where there is none."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    found = [1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:")]
    return found[0] if found else 0


def reset_peak() -> int:
    """Forget the peak so far; return what the process holds now (bytes).

    What has been freed is given back first, or what comes next would seem to take less.
    """
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return 0
    return read_memory("VmRSS")


class Watch:
    """Seconds of processor and wall since it was made; processor time of all threads."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Return processor and wall time (s)."""
        return time.process_time() - self._cpu, time.perf_counter() - self._wall


def time_call(function, *arguments) -> tuple[float, float]:
    """Return processor and wall time (s) of one call."""
    watch = Watch()
    function(*arguments)
    return watch.read()


def find_versions() -> dict[str, str]:
    """Return the versions of Python and of what has been imported."""
    names = (
        "numpy",
        "numba",
        "scipy",
        "mesa",
        "pyamg",
        "bone_microarchitecture",
        "pde",
        "trabecula",
    )
    found = {"python": platform.python_version()}
    for name in names:
        if name in sys.modules:
            found[name] = str(getattr(sys.modules[name], "__version__", "?"))
    return found


def main() -> int:
    """Serve one case until the standard input ends."""
    told = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    name, text = sys.argv[1:3]
    given = json.loads(text)
    setting = Setting(Path(given.pop("folder")), **given)

    def tell(**values) -> None:
        told.write(json.dumps(values) + "\n")

    begun = Watch()
    repeat = importlib.import_module(f"cases.{name}").prepare(setting)
    cpu, wall = begun.read()
    tell(prepared={"cpu": cpu, "wall": wall}, versions=find_versions())
    for line in sys.stdin:
        if line.strip() != "go":
            break
        tell(found=repeat())
    tell(peak=read_memory("VmHWM"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
