"""Time two revisions of the engine in turn, in pairs, and print the ratio with its spread.

    python benchmarks/compare.py REV_A REV_B [--edge 64] [--warm-up 60] [--days 30] [--pairs 5]

Each revision is checked out into a temporary worktree and lives the same young adult's bone in a
process of its own, one thread; a pair is timed one right after the other, the order changing from
pair to pair. Kernels are compiled before the clock starts. Above 1, REV_B is the faster one.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


class Revision:
    """One revision in a worktree of its own, with a process that lives days when told to."""

    def __init__(self, name: str, folder: Path, options: argparse.Namespace) -> None:
        self.name = name
        self.commit = read_commit(name)
        self._tree = folder / f"{self.commit}-{len(list(folder.iterdir()))}"
        command = ["git", "worktree", "add", "--detach", str(self._tree), self.commit]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        ways = os.pathsep.join((str(self._tree / "src"), str(self._tree / "benchmarks")))
        numbers = [str(value) for value in (options.edge, options.warm_up, options.days)]
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", *numbers], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": ways, "NUMBA_NUM_THREADS": "1"},
        )  # fmt: skip
        self.bone = self._read()["bone"]

    def _read(self) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            msg = f"{self.name}: ended with status {self._process.wait()}; what it said is above"
            raise RuntimeError(msg)
        return json.loads(line)

    def live(self) -> dict[str, float]:
        """Let it live its days; seconds of processor by stage."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self._read()

    def end(self) -> None:
        """Stop the process and take the worktree away."""
        self._process.kill()
        self._process.wait()
        command = ["git", "worktree", "remove", "--force", str(self._tree)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def read_commit(name: str) -> str:
    """Return the short commit of a revision; ends with status 2 if there is none."""
    command = ["git", "rev-parse", "--verify", "--short", f"{name}^{{commit}}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: found no such revision; allowed: what git rev-parse knows", file=sys.stderr)
        raise SystemExit(2)
    return done.stdout.strip()


def serve(edge: int, warm_up: int, days: int) -> None:
    """Live the bone of whatever revision is on the path, some days for every line that comes in."""
    from replete import make_model

    told = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    _, model = make_model(edge)
    for _ in range(warm_up):
        for entry in model.plan:
            entry.apply(model.state)
        model.state.clock.step += 1
    matrix = model.state.lattice.matrix
    told.write(json.dumps({"bone": int(matrix.sum(dtype=int))}) + "\n")
    for _ in sys.stdin:
        told.write(json.dumps(time_days(model, days)) + "\n")


def time_days(model, days: int) -> dict[str, float]:
    """Return seconds of processor by stage over some days."""
    spent = dict.fromkeys([entry.name for entry in model.plan], 0.0)
    for _ in range(days):
        for entry in model.plan:
            begun = time.process_time()
            entry.apply(model.state)
            spent[entry.name] += time.process_time() - begun
        model.state.clock.step += 1
    return spent


def tabulate(pairs: list[tuple[dict[str, float], dict[str, float]]]) -> list[tuple[str, ...]]:
    """Return a row for the whole and for each stage: medians of both, ratio a / b with its range.

    The slowest stages come first; a stage that one revision lacks has no ratio.
    """
    whole = [({"all": sum(a.values()), **a}, {"all": sum(b.values()), **b}) for a, b in pairs]
    names = dict.fromkeys(name for pair in whole for side in pair for name in side)
    rows = []
    for name in names:
        sides = [[pair[i][name] for pair in whole if name in pair[i]] for i in (0, 1)]
        both = [(a[name], b[name]) for a, b in whole if name in a and name in b and b[name] > 0]
        ratios = [a / b for a, b in both]
        middle = [statistics.median(side) if side else float("nan") for side in sides]
        cells = [f"{seconds:.3f}" if seconds == seconds else "-" for seconds in middle]  # noqa: PLR0124
        said = f"{statistics.median(ratios):.2f}" if ratios else "-"
        between = f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else ""
        rows.append((max(s for s in middle if s == s), (name, *cells, said, between)))  # noqa: PLR0124
    return [row for _, row in sorted(rows, key=lambda row: (row[1][0] != "all", -row[0]))]


def main() -> int:
    """Command line of the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revisions", nargs="*", metavar="REV_A REV_B")
    parser.add_argument("--edge", type=int, default=64, help="edge of the lattice (voxels)")
    parser.add_argument("--warm-up", type=int, default=60, help="days lived before timing")
    parser.add_argument("--days", type=int, default=30, help="days timed at once")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--serve", type=int, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(*options.serve)
        return 0
    if len(options.revisions) != 2:
        parser.error(f"found {len(options.revisions)} revisions; allowed: two")
    for name in options.revisions:
        read_commit(name)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # worktrees are taken away all the same
    sides: list[Revision] = []
    with tempfile.TemporaryDirectory(prefix="trabecula-compare-") as folder:
        try:
            for name in options.revisions:
                sides.append(Revision(name, Path(folder), options))
            a, b = sides
            pairs = []
            for number in range(options.pairs):
                found = {side: side.live() for side in (sides if number % 2 == 0 else sides[::-1])}
                pairs.append((found[a], found[b]))
        finally:
            for side in sides:
                side.end()
    print(f"A {a.name} ({a.commit}), B {b.name} ({b.commit}): {options.edge}^3 voxels,")
    print(f"{options.pairs} pairs of {options.days} d, seconds of processor on one thread")
    if a.bone != b.bone:
        print("the two do not live the same life: after the warm-up their matrix differs")
    rows = [("stage", "A (s)", "B (s)", "A / B", "range"), *tabulate(pairs)]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        print(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
