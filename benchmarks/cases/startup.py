"""How long a user waits: for help, for the first result of a small bone, for the first compilation."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_worker import Setting

SMOKE = Path(__file__).parents[2] / "configs" / "smoke.yaml"
SMALL = ("lattice.shape=[24,24,24]", "spin_up=0", "settle=0", "duration=20")
TIMES = 7


def prepare(setting: Setting):
    """Compile every kernel the small run needs, once, in a cache of this case: cold, timed."""
    caches = setting.folder / "caches"
    cold = run_small(setting, caches / "cold") if not setting.quick else None

    def repeat() -> dict[str, float]:
        found = time_command(["--help"], os.environ, TIMES, "help_")
        if cold is not None:
            found |= {"cold_cpu": cold["run_cpu"], "cold_wall": cold["run_wall"]}
            found |= run_small(setting, caches / "cold")
        return found

    return repeat


def run_small(setting: Setting, cache: Path) -> dict[str, float]:
    """Live the small bone with the kernels of `cache`."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache), "NUMBA_NUM_THREADS": "1"}
    environment.pop("NUMBA_CACHE_DIR", None)
    settings = [part for text in SMALL for part in ("--set", text)]
    with tempfile.TemporaryDirectory(dir=setting.folder) as out:
        command = ["run", str(SMOKE), *settings, "--out", f"{out}/run"]
        return time_command(command, environment, 1, "run_")


def time_command(arguments, environment, times: int, prefix: str) -> dict[str, float]:
    """Return the median processor and wall time (s) of a command of Trabecula."""
    cpu, wall = [], []
    for _ in range(times):
        before, begun = read_children(), time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "trabecula", *arguments], env=dict(environment), check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wall.append(time.perf_counter() - begun)
        cpu.append(read_children() - before)
    return {f"{prefix}cpu": statistics.median(cpu), f"{prefix}wall": statistics.median(wall)}


def read_children() -> float:
    """Return the processor time (s) of children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
