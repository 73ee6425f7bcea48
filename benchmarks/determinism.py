"""The same bits everywhere: one small run on one and two threads, with a cold, a warm and a stale cache.

``python benchmarks/determinism.py [--folder runs/determinism]``. Every row is a process of its own. The
stale cache is that of a copy of the program in which one helper, used by kernels of other modules, has
been edited: its run must differ, and differ no more once the edit is taken back. Takes some minutes,
most of them for compiling the kernels three times.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from kills import CONFIG, read_all

ROOT = Path(__file__).parents[1]
HELPER, OLD, NEW = "kernels/ligands.py", "(half / value) ** power", "(1.01 * half / value) ** power"


def compute_digest(path: Path) -> str:
    """Return the digest of every dataset of a results file but its provenance."""
    digest = hashlib.sha256()
    for name, (shape, kind, data) in sorted(read_all(path).items()):
        digest.update(f"{name} {shape} {kind}".encode())
        digest.update(data)
    return digest.hexdigest()[:16]


def run(source: Path, cache: Path, out: Path, threads: int) -> str:
    """Run the configuration with the program in `source`; returns the digest of its results."""
    config = out.parent / "one.yaml"
    config.write_text(CONFIG)
    environment = {
        **os.environ,
        "PYTHONPATH": str(source),
        "XDG_CACHE_HOME": str(cache),
        "NUMBA_NUM_THREADS": str(threads),
    }
    environment.pop("NUMBA_CACHE_DIR", None)
    shutil.rmtree(
        cache / "trabecula" / "states", ignore_errors=True
    )  # spun-up bones are lived anew
    command = [sys.executable, "-m", "trabecula", "run", str(config), "--out", str(out)]
    subprocess.run([*command, "--threads", str(threads)], env=environment, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    return compute_digest(out / "results.h5")


def main() -> int:
    """Print a digest a row; status 1 if any is not what it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "determinism")
    folder = parser.parse_args().folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    copy, cache = folder / "src", folder / "cache"
    shutil.copytree(ROOT / "src", copy)
    helper = copy / "trabecula" / HELPER
    whole = helper.read_text()
    if OLD not in whole:
        parser.error(f"{HELPER} has changed: choose another edit")
    rows = []

    def add(what: str, threads: int, place: Path = cache) -> None:
        rows.append((what, run(copy, place, folder / f"run-{len(rows)}", threads)))
        print(f"{rows[-1][1]}  {what}", flush=True)

    add("one thread, cold cache of kernels", 1)
    add("one thread, warm cache", 1)
    add("two threads, warm cache", 2)
    add("two threads, another cold cache", 2, folder / "second")
    helper.write_text(whole.replace(OLD, NEW))
    add("a helper edited, the caches of before", 1)
    helper.write_text(whole)
    add("the edit taken back", 1)
    digests = [digest for _, digest in rows]
    same = {*digests[:4], digests[5]}
    is_right = len(same) == 1 and digests[4] not in same
    print("as it must be" if is_right else "NOT as it must be")
    return 0 if is_right else 1


if __name__ == "__main__":
    raise SystemExit(main())
