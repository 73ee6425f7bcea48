"""Compiling the loops once, before several processes want them at the same moment."""

import hashlib
import platform
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from trabecula.kernels import compile as compiled
from trabecula.runner.cache import StateCache
from trabecula.runner.job import run

if TYPE_CHECKING:
    from trabecula.config import Config

EDGE = 16
DAYS = 2.0
MARK = "warm"


def find_mark(is_large: bool) -> Path:
    """Return the file that says that the kernels of this version were compiled here.

    Numba keeps what it compiled by place and age of the sources and by processor, so these count too.
    """
    digest = hashlib.sha256(platform.node().encode())
    for file in sorted(Path(compiled.__file__).parent.glob("*.py")):
        digest.update(f"{file} {file.stat().st_mtime_ns}".encode())
    kind = "parallel" if is_large else "serial"
    return compiled.find_cache_folder() / f"{MARK}-{kind}-{digest.hexdigest()[:12]}"


def warm_kernels(config: "Config", is_large: bool) -> bool:
    """Live two days of a tiny bone under the rules of `config`, so that all its loops are compiled.

    Parameters
    ----------
    is_large
        Whether bones are so large that loops run on several threads; these are compiled apart.

    Returns
    -------
    bool
        Whether there was anything to do.
    """
    mark = find_mark(is_large)
    if mark.is_file():
        return False
    before = compiled.PARALLEL_FROM
    try:
        for limit in (before, 0) if is_large else (before,):
            compiled.PARALLEL_FROM = limit
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder)
                run(shrink(config), place / "run", cache=StateCache(place / "states"))
    finally:
        compiled.PARALLEL_FROM = before
    with suppress(OSError):  # without a mark they are warmed again
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    return True


def shrink(config: "Config") -> "Config":
    """Return `config` on a tiny generated bone for two days."""
    voxel = config.lattice.voxel
    lattice = config.lattice.model_copy(
        update={
            "specimen": None, "specimen_digest": None, "threshold": None, "labels": None,
            "crop": None, "sides": None,
            "shape": (EDGE,) * 3, "bv_tv": 0.25, "tb_th": 5.0 * voxel, "anisotropy": 1.3, "seed": 1,
        }
    )  # fmt: skip
    output = config.output.model_copy(update={"every": config.step, "costly": config.step})
    return config.model_copy(
        update={
            "lattice": lattice, "output": output, "spin_up": 0.0, "settle": 0.0, "seed": 1,
            "duration": max(DAYS, 2.0 * config.step),
        }
    )  # fmt: skip
