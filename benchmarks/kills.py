"""Kill runs at random moments with SIGKILL, resume them, and compare with the uninterrupted file.

``python benchmarks/kills.py [--kills 200] [--seed 1] [--folder runs/kills]``. Each kill falls anywhere
in the life of a process: starting, spinning up, living, committing; a resumed one may be killed again.
A third of the processes are branches of the uninterrupted run. A third of the kills wait for a file that
is being written, so that many fall into commits, the first one among them. Prints how many files were
readable, how many committed rows were lost, how many ended bit-identical.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np

from trabecula.base.files import TEMPORARY

CONFIG = """
name: killed
seed: 3
spin_up: 60 d
settle: 30 d
duration: 150 d
lattice: {shape: [24, 24, 24], bv_tv: 0.2, seed: 1}
hormones: {levels: {estradiol: [[0, 10], [12, 60]]}}
output: {every: 1 d, snapshots: 5 d, checkpoint: 10 d, costly: 60 d, states: 30 d}
"""

SKIPPED = ("provenance",)


def read_all(path: Path) -> dict[str, object]:
    """Return every dataset of a results file but its provenance."""
    found: dict[str, object] = {}
    with h5py.File(path) as file:

        def note(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset) and not name.startswith(SKIPPED):
                value = np.asarray(item[()])
                found[name] = (value.shape, value.dtype.str, value.tobytes())

        file.visititems(note)
    return found


def count_rows(folder: Path) -> int:
    """Return the committed rows; 0 before the first file, -1 if it cannot be read."""
    path = folder / "results.h5"
    if not path.is_file():
        return 0
    try:
        with h5py.File(path) as file:
            return len(file["series/time"])
    except (OSError, KeyError):
        return -1


def start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a command quietly."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)


def wait_for_commit(process, folder: Path, longest: float) -> None:
    """Return when the process writes a file, or ends, or after `longest` (s)."""
    end = time.monotonic() + longest
    while time.monotonic() < end and process.poll() is None:
        if any(folder.glob(f"**/{TEMPORARY}*")):
            return
        time.sleep(0.0005)


def live_to_end(commands, folder, environment, wait, rng, tally) -> None:
    """Kill and resume until a process ends by itself; one in three is killed again."""
    command = commands[0]
    again = True
    while again:
        process = start(command, environment)
        if rng.random() < 1 / 3:
            wait_for_commit(process, folder, wait)
            time.sleep(rng.uniform(0.0, 0.01))
            tally["in_commits"] += any(folder.glob(f"**/{TEMPORARY}*"))
        else:
            time.sleep(rng.uniform(0.0, wait))
        process.kill()
        process.wait()
        tally["kills"] += 1
        rows = count_rows(folder)
        tally["unreadable"] += rows < 0
        tally["lost"] += rows < tally["rows"]
        tally["rows"] = max(rows, 0)
        command = commands[1] if (folder / "config.yaml").is_file() else commands[0]
        again = rng.random() < 1 / 3
    if start(command, environment).wait() not in (0, 2):  # 2: it had come to its end already
        tally["failed"] += 1


def main() -> None:
    """Kill, resume, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    root = Path(__file__).parents[1]
    parser.add_argument("--folder", type=Path, default=root / "runs" / "kills")
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    config = options.folder / "killed.yaml"
    config.write_text(CONFIG)
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(options.folder / "cache"),
        "NUMBA_NUM_THREADS": "1",
    }
    program = [sys.executable, "-m", "trabecula"]
    whole = options.folder / "whole"
    start([*program, "run", str(config), "--out", str(whole)], environment).wait()
    begun = time.monotonic()
    start([*program, "run", str(config), "--out", str(whole)], environment).wait()
    wait = 1.1 * (time.monotonic() - begun)
    other = options.folder / "other"
    part = [str(whole), "--at", "57", "--set", "hormones.blockade.rankl=[[60,0.9]]"]
    start([*program, "branch", *part, "--out", str(other)], environment).wait()
    expected = {"run": read_all(whole / "results.h5"), "branch": read_all(other / "results.h5")}
    rng = random.Random(options.seed)
    names = ("kills", "in_commits", "runs", "branches", "unreadable", "lost", "failed", "identical")
    tally = dict.fromkeys((*names, "rows"), 0)
    while tally["kills"] < options.kills:
        folder = options.folder / f"run-{tally['runs']}"
        kind = "branch" if rng.random() < 1 / 3 else "run"
        tally["runs"] += 1
        tally["branches"] += kind == "branch"
        tally["rows"] = 0
        first = ["run", str(config)] if kind == "run" else ["branch", *part]
        commands = (
            [*program, *first, "--out", str(folder)],
            [*program, "resume", str(folder)],
        )
        live_to_end(commands, folder, environment, wait, rng, tally)
        tally["identical"] += read_all(folder / "results.h5") == expected[kind]
        shutil.rmtree(folder)
        print(
            ", ".join(f"{key} {value}" for key, value in tally.items() if key != "rows"), flush=True
        )


if __name__ == "__main__":
    main()
