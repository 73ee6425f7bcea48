"""Sweeps under fire: workers and the sweep itself killed at random, one run that cannot be lived.

``python benchmarks/sweeps.py [--runs 200] [--scheduler] [--kills 20] [--seed 1] [--folder runs/sweeps]``

Lives a sweep of tiny runs with two workers. ``--kills`` times, spread over the sweep, a worker is
killed with SIGKILL at a random moment; after a third of the runs the sweep itself is, after two thirds
it is sent SIGINT; each time it is started again. One run is poisoned: without ``--scheduler`` its
configuration is not valid, with it every worker that begins it is killed at once. With ``--scheduler``
the workers belong to a scheduler in other processes, which outlive the sweep.

Prints what became of the runs, how many completions each journal holds, whether a run that was done was
touched again, and whether runs that were killed on the way equal runs that were not.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import h5py
import numpy as np

BASE = """
spin_up: 0 d
settle: 0 d
duration: {days} d
lattice: {{specimen: bone.h5, voxel: 20 um}}
mechanics: off
output: {{every: 1 d, snapshots: {days} d, costly: {days} d, checkpoint: 2 d}}
"""
LAB = (sys.executable, "-m")
LONGEST = 6.0
"""A shot falls within this time after its number of runs has ended (s)."""


def write_bone(path: Path, edge: int = 16) -> None:
    """Write a gyroid: a bone that takes no time to make."""
    from trabecula.base.codes import Sides
    from trabecula.records import SpecimenFile, write_specimen

    z, y, x = np.meshgrid(*[np.arange(edge) * 2 * np.pi / edge] * 3, indexing="ij")
    wave = np.sin(z) * np.cos(y) + np.sin(y) * np.cos(x) + np.sin(x) * np.cos(z)
    fraction = (wave > 0.5).astype(np.float32)
    write_specimen(path, SpecimenFile(fraction, 20.0, Sides.PERIODIC, (), "gyroid", {}))


def write_sweep(folder: Path, runs: int, days: int, poison: int, is_invalid: bool) -> Path:
    """Write bone, base configuration and sweep; run number `poison` is the poisoned one."""
    write_bone(folder / "bone.h5")
    (folder / "base.yaml").write_text(BASE.format(days=days))
    levels = [round(10.0 + 100.0 * k / runs, 3) for k in range(runs)]
    if is_invalid:
        levels[poison] = -1.0
    text = f"config: base.yaml\nzip:\n  hormones.levels.estradiol: {levels}\n"
    path = folder / "fire.yaml"
    path.write_text(text)
    return path


def list_children(parent: int) -> list[int]:
    """Return the processes that `parent` has begun, and theirs, that are Dask workers."""
    found, parents = [], {parent}
    table = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        table.append((int(path.name), int(fields[1]), command))
    for _ in range(3):
        parents |= {pid for pid, above, _ in table if above in parents}
    for pid, _, command in table:
        if pid in parents and b"multiprocessing.spawn" in command and pid != parent:
            found.append(pid)
    return found


def read_lines(path: Path) -> list[dict]:
    """Return the whole lines of a file of JSON lines."""
    lines = []
    for line in path.read_text().splitlines() if path.is_file() else ():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines


def count_ended(out: Path) -> int:
    """Return how many runs have a completion in their journal."""
    return sum(
        any(line["event"] == "done" for line in read_lines(path))
        for path in out.glob("*/attempts.jsonl")
    )


def find_victim(out: Path, poison: int) -> int | None:
    """Return the process that lives the poisoned run at this moment."""
    for path in out.glob(f"{poison:04d}-*/attempts.jsonl"):
        lines = read_lines(path)
        if lines and lines[-1]["event"] == "begun":
            return int(lines[-1]["process"])
    return None


def kill(pid: int) -> bool:
    """Kill a process; tells whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


class Fire:
    """Starts the sweep again and again, and shoots.

    Parameters
    ----------
    farm
        Workers of a scheduler; None for the sweep's own.
    """

    def __init__(self, command, environment, out, poison, shots, rng, farm=None) -> None:
        self.command, self.environment, self.out = command, environment, out
        self.poison, self.shots, self.rng, self.farm = poison, sorted(shots), rng, farm
        self.tally = Counter()
        self.shot = set()

    def live(self, until: int | None, end: int) -> int:
        """Start the sweep, shoot at its workers, and end it by signal `end` at `until` runs."""
        errors = (self.out.parent / "stderr.txt").open("a")
        process = subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.DEVNULL, stderr=errors
        )
        self.tally["starts"] += 1
        due = float("inf")
        while process.poll() is None:
            time.sleep(0.2)
            if self.farm is not None:
                self.farm.tend()
            self.shoot_poison()
            ended = count_ended(self.out)
            if until is not None and ended >= until:
                process.send_signal(end)
                until = None
            if self.shots and ended >= self.shots[0]:
                self.shots.pop(0)
                due = time.monotonic() + self.rng.uniform(0.0, LONGEST)
            if time.monotonic() >= due:
                due = float("inf")
                there = (
                    list_children(process.pid) if self.farm is None
                    else [worker.pid for worker in self.farm.workers]
                )  # fmt: skip
                if there:
                    self.tally["worker kills"] += kill(self.rng.choice(there))
        return process.returncode

    def shoot_poison(self) -> None:
        """Kill the worker that has begun the poisoned run."""
        victim = find_victim(self.out, self.poison) if self.poison >= 0 else None
        if victim is not None and victim not in self.shot:
            self.shot.add(victim)
            self.tally["poison kills"] += kill(victim)


def fingerprint(out: Path) -> dict[str, tuple]:
    """Return what tells whether a done run was written again."""
    found = {}
    for path in out.glob("*/summary.json"):
        results = path.with_name("results.h5")
        stat = results.stat()
        digest = hashlib.sha256(results.read_bytes()).hexdigest()
        found[path.parent.name] = (stat.st_ino, stat.st_mtime_ns, digest)
    return found


def read_data(path: Path) -> dict[str, bytes]:
    """Return every dataset of a results file but its provenance."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.__setitem__(name, np.asarray(item[()]).tobytes())
                if isinstance(item, h5py.Dataset) and not name.startswith("provenance")
                else None
            )
        )
    return found


class Farm:
    """A scheduler and two workers in processes of their own; a worker that dies is started again."""

    def __init__(self, folder: Path, environment) -> None:
        place = folder / "scheduler.json"
        self.folder, self.log = folder, (folder / "scheduler.txt").open("w")
        self.common = {"env": environment, "stdout": self.log, "stderr": self.log}
        self.scheduler = subprocess.Popen(
            [*LAB, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
             "--no-dashboard", "--scheduler-file", str(place)], **self.common,
        )  # fmt: skip
        while not place.is_file():
            time.sleep(0.2)
        time.sleep(0.5)
        self.address = json.loads(place.read_text())["address"]
        self.workers: list[subprocess.Popen] = []

    def tend(self) -> None:
        """Start what is missing."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < 2:
            command = [*LAB, "distributed.cli.dask_worker", self.address, "--host", "127.0.0.1"]
            command += ["--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--no-dashboard"]
            command += ["--local-directory", str(self.folder / "scratch")]
            self.workers.append(subprocess.Popen(command, **self.common))

    def close(self) -> None:
        """End all processes."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def compare(out: Path, folder: Path, entries, environment, count: int, rng) -> int:
    """Return how many of `count` runs that were killed on the way equal the run in one go."""
    often = [entry for entry in entries if entry["status"] == "done" and entry["attempts"] > 1]
    same = 0
    for entry in rng.sample(often, min(count, len(often))):
        target = folder / "direct"
        subprocess.run(
            [*LAB, "trabecula", "run", str(out / entry["folder"] / "config.yaml"), "--out", str(target)],
            env=environment, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        same += read_data(target / "results.h5") == read_data(out / entry["folder"] / "results.h5")
        shutil.rmtree(target)
    print(
        f"killed on the way and compared with a run in one go: {min(count, len(often))}, equal {same}"
    )
    return same


def main() -> None:
    """Live, shoot, start again, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--scheduler", action="store_true")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    root = Path(__file__).parents[1]
    parser.add_argument("--folder", type=Path, default=root / "runs" / "sweeps")
    options = parser.parse_args()
    folder = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng, begun = random.Random(options.seed), time.monotonic()
    poison = options.runs // 5
    file = write_sweep(folder, options.runs, options.days, poison, not options.scheduler)
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1"}
    out = folder / "out"
    command = [*LAB, "trabecula", "sweep", str(file), "--out", str(out)]
    farm = Farm(folder, environment) if options.scheduler else None
    command += ["--jobs", "2"] if farm is None else ["--scheduler", farm.address]
    shots = [rng.randrange(options.runs) for _ in range(options.kills)]
    fire = Fire(command, environment, out, -1 if farm is None else poison, shots, rng, farm)
    touched, statuses = 0, []
    before: dict[str, tuple] = {}
    try:
        for share, end in ((1 / 3, signal.SIGKILL), (2 / 3, signal.SIGINT), (None, 0)):
            until = None if share is None else int(share * options.runs)
            statuses.append(fire.live(until, end))
            while until is not None and statuses[-1] not in (-signal.SIGKILL, 130):
                statuses.append(fire.live(until, end))  # it ended by itself
            after = fingerprint(out)
            touched += sum(after.get(name) != value for name, value in before.items())
            before = after
    finally:
        if farm is not None:
            farm.close()
    entries = read_lines(out / "manifest.jsonl")[1:]
    completions = Counter(
        sum(line["event"] == "done" for line in read_lines(out / entry["folder"] / "attempts.jsonl"))
        for entry in entries if entry["status"] == "done"
    )  # fmt: skip
    print(f"{options.runs} runs in {time.monotonic() - begun:.0f} s; {dict(fire.tally)}")
    print(f"exit statuses of the starts: {statuses}")
    print(f"manifest: {dict(Counter(entry['status'] for entry in entries))}")
    print(f"completions in the journal of each done run: {dict(completions)}")
    print(
        f"attempts of the done runs: {sum(e['attempts'] for e in entries if e['status'] == 'done')}"
    )
    print(f"runs that were done and written again: {touched}")
    print(f"rows of runs.csv: {len((out / 'runs.csv').read_text().splitlines()) - 1}")
    for entry in entries:
        if entry["status"] == "failed":
            print(f"failed: run {entry['run']}, attempts {entry['attempts']}: {entry['error']}")
    compare(out, folder, entries, environment, 5, rng)


if __name__ == "__main__":
    main()
