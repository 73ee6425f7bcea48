"""Speed of Trabecula beside what a user would pick instead: all cases, in turn, over several rounds.

Every case is a process of this one's group that prepares once, waits, and repeats when it is told
to; only one works at a time. Ratios are formed within a round, so that a machine that others use too
changes both sides; single-threaded times are processor time.

    python benchmarks/bench.py [--peers PYTHON] [--cases NAME ...] [--rounds N] [--out FILE]
    python benchmarks/bench.py --quick            tiny sizes: does the harness run?

Peers that are not installed beside Trabecula (extra `peers`: parosol-py, pyamg; and
bone-microarchitecture) live in another environment, whose interpreter `--peers` names.
`bench_figures.py` turns the result into figures and tables of docs/performance.md.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_table import print_marks, print_measures

HERE = Path(__file__).parent
OWN = {
    "startup": 3, "stencil": 9, "solve": 5, "solve_scipy": 2, "cells": 5, "cells_numpy": 5,
    "cells_mesa": 3, "morphometry": 3, "mechanics_own": 3, "pair": 3, "scale": 2, "engine": 3,
}  # fmt: skip
"""Cases in their order, and the most rounds each takes part in."""

PEERS = {"solve_pyamg": 2, "morphometry_bonemicro": 1, "mechanics_parosol": 2, "mechanics_pyamg": 1}
AFTER = {
    "solve_pyamg": "solve_scipy", "morphometry_bonemicro": "morphometry",
    "mechanics_parosol": "mechanics_own", "mechanics_pyamg": "mechanics_own",
}  # fmt: skip
"""The case behind which a peer comes: its own side of the comparison is measured just before."""

NEEDS = {
    "solve_scipy": "solve", "solve_pyamg": "solve", "cells_numpy": "cells", "cells_mesa": "cells",
    "morphometry_bonemicro": "morphometry", "mechanics_parosol": "mechanics_own",
    "mechanics_pyamg": "mechanics_own",
}  # fmt: skip
"""Whose preparation leaves the file that a case reads."""

MECHANICS = 30
"""Days between two solves of mechanics by default."""

UNTHREADED = {"pair": "1", "startup": "1"}
"""Threads that numba starts with where it is not two."""


class Case:
    """One case's process."""

    def __init__(self, name: str, python: str, setting: dict, rounds: int) -> None:
        self.name, self.rounds = name, rounds
        self.record: dict = {"rounds": []}
        threads = UNTHREADED.get(name, str(min(2, os.cpu_count() or 1)))
        one = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        environment = os.environ | one | {"NUMBA_NUM_THREADS": threads}
        command = [python, str(HERE / "bench_worker.py"), name, json.dumps(setting)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )
        self.record |= self._read("prepared")

    def _read(self, key: str) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            msg = f"{self.name}: ended with status {self._process.wait()}; what it said is above"
            raise RuntimeError(msg)
        said = json.loads(line)
        assert key in said, said
        return said

    def repeat(self, number: int) -> None:
        """Let it work once."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        self.record["rounds"].append({"round": number, **self._read("found")["found"]})

    def end(self) -> None:
        """Let it go, and note its peak of memory."""
        if self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self.record |= self._read("peak")
            self._process.wait()

    def kill(self) -> None:
        """Stop it, whatever it does."""
        self._process.kill()
        self._process.wait()


def order_cases(asked: list[str] | None, peers: bool) -> dict[str, int]:
    """Return the cases in their order with the most rounds of each."""
    order: list[str] = []
    for name in OWN:
        order.append(name)
        order += [peer for peer, before in AFTER.items() if before == name and peers]
    wanted = set(order if asked is None else asked)
    wanted |= {NEEDS[name] for name in wanted if name in NEEDS}
    return {name: (OWN | PEERS)[name] for name in order if name in wanted}


def run_cases(chosen: dict[str, int], options: argparse.Namespace) -> tuple[dict, list[str]]:
    """Prepare all cases, let them work in turn, return what they found and what failed."""
    cases: list[Case] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="trabecula-bench-") as folder:
        setting = {
            "folder": folder, "quick": options.quick, "edge": options.edge, "days": options.days,
            "warm_up": options.warm_up,
        }  # fmt: skip
        try:
            for name, most in chosen.items():
                python = options.peers if name in PEERS else sys.executable
                if NEEDS.get(name) in failed:
                    say(f"left out {name}: {NEEDS[name]} failed")
                    failed.append(name)
                    continue
                say(f"preparing {name}")
                try:
                    cases.append(Case(name, python, setting, min(most, options.rounds)))
                except RuntimeError as error:
                    say(f"FAILED {error}")
                    failed.append(name)
            for number in range(max((case.rounds for case in cases), default=0)):
                for case in list(cases):
                    if number >= case.rounds:
                        continue
                    begun = time.monotonic()
                    try:
                        case.repeat(number)
                    except RuntimeError as error:
                        say(f"FAILED {error}")
                        failed.append(case.name)
                        cases.remove(case)
                        continue
                    say(f"round {number + 1}: {case.name} {time.monotonic() - begun:.1f} s")
                    if number + 1 == case.rounds:
                        case.end()  # its memory is free for the others
        finally:
            for case in cases:
                case.kill()
    return {case.name: case.record for case in cases}, failed


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


def describe_machine() -> dict:
    """Return what the figures depend on besides the code."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "processor": model, "cores": os.cpu_count(), "system": platform.system(),
        "load_at_start": os.getloadavg()[0], "revision": revision,
        "date": datetime.date.today().isoformat(),
    }  # fmt: skip


def main() -> int:
    """Command line of the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", choices=[*OWN, *PEERS], metavar="NAME")
    parser.add_argument("--rounds", type=int, default=9, help="most rounds of a case")
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter that has the peers")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round")
    parser.add_argument("--edge", type=int, default=200, help="edge of the large lattices (voxels)")
    parser.add_argument("--days", type=int, default=30, help="days of one repeat of the engine")
    parser.add_argument("--warm-up", type=int, default=60, help="days lived before")
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.days, options.warm_up = 1, 3, 1
    elif options.days % MECHANICS:
        allowed = f"multiples of {MECHANICS}, so that mechanics has its part"
        parser.error(f"--days: found {options.days}; allowed: {allowed}")
    asked = options.cases or []
    if not options.peers and set(asked) & set(PEERS):
        parser.error(f"cases {', '.join(sorted(set(asked) & set(PEERS)))} need --peers PYTHON")
    machine = describe_machine()
    found, failed = run_cases(order_cases(options.cases, bool(options.peers)), options)
    machine["load_at_end"] = os.getloadavg()[0]
    said = {
        name: str(value) for name, value in vars(options).items() if name not in ("out", "peers")
    }
    result = {"machine": machine, "options": said, "failed": failed, "cases": found}
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    print_measures(result)
    print_marks(result)
    if not options.peers:
        say("without --peers: nothing compared with pyamg, ParOSol, bone-microarchitecture")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
