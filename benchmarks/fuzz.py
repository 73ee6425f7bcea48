"""Feed mutated inputs to the loaders, keep those that reach new lines, and report what breaks.

``python benchmarks/fuzz.py [--inputs 30000] [--target config] [--seed 1] [--folder runs/fuzz]``.
A loader may accept an input or refuse it with an InputError; anything else, five seconds or a gigabyte
is a finding and kept in the folder. Coverage is that of the interpreter's own monitoring.
"""

import argparse
import multiprocessing
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from fuzz_mutators import mutate_bytes, mutate_document, mutate_table
from fuzz_targets import TARGETS, Target

SECONDS = 5.0
GIBIBYTE = 2**30
TOOL = sys.monitoring.COVERAGE_ID


class Overdue(BaseException):
    """An input that took too long."""


@dataclass
class Coverage:
    """Lines of the watched files that any input has reached."""

    files: tuple[str, ...]
    lines: set[tuple[str, int]] = field(default_factory=set)

    def start(self) -> None:
        """Watch from here on; every line is reported once."""
        sys.monitoring.use_tool_id(TOOL, "fuzz")
        sys.monitoring.register_callback(TOOL, sys.monitoring.events.LINE, self._note)
        sys.monitoring.set_events(TOOL, sys.monitoring.events.LINE)

    def stop(self) -> None:
        """Stop watching."""
        sys.monitoring.set_events(TOOL, 0)
        sys.monitoring.free_tool_id(TOOL)

    def _note(self, code: CodeType, line: int) -> Any:
        if code.co_filename.endswith(self.files):
            self.lines.add((code.co_filename, line))
        return sys.monitoring.DISABLE

    def count_all(self) -> int:
        """Return how many lines inside functions the watched files have."""
        import trabecula

        root = Path(trabecula.__file__).parents[1]
        return sum(_count_lines(root / name) for name in self.files)


def _count_lines(path: Path) -> int:
    """Count the lines of functions of a file; those of its top level run when it is imported."""

    def walk(code: CodeType, lines: set[int]) -> set[int]:
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                if constant.co_flags & 2:  # a function, not the body of a class
                    lines |= {line for _, _, line in constant.co_lines() if line}
                    lines.discard(constant.co_firstlineno)
                walk(constant, lines)
        return lines

    return len(walk(compile(path.read_text(encoding="utf-8"), str(path), "exec"), set()))


@dataclass
class Tally:
    """What became of the inputs of one target."""

    inputs: int = 0
    validated: int = 0
    accepted: int = 0
    refused: int = 0
    kept: int = 0
    slowest: float = 0.0
    peak: int = 0
    lines: int = 0
    all_lines: int = 0
    findings: list[tuple[str, bytes]] = field(default_factory=list)


def watch_time(_signal: int, _frame: FrameType | None) -> None:
    """Break off what takes too long."""
    raise Overdue


def try_one(target: Target, data: bytes, place: Path, tally: Tally) -> None:
    """Give one input to the loader and note what it did."""
    from trabecula.base.errors import InputError

    path = place / target.file
    path.write_bytes(data)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    begun = time.perf_counter()
    reached = target.count_validated()
    try:
        target.load(path)
        tally.accepted += 1
    except InputError:
        tally.refused += 1
    except Overdue:
        tally.findings.append((f"more than {SECONDS:g} s", data))
    except BaseException as error:
        tally.findings.append((f"{type(error).__name__}: {error}"[:300], data))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    tally.inputs += 1
    tally.validated += target.count_validated() > reached
    tally.slowest = max(tally.slowest, time.perf_counter() - begun)


def fuzz(target: Target, inputs: int, seed: int, place: Path, wanted: int = 0) -> Tally:
    """Try `inputs` inputs, or more until `wanted` of them have reached validation."""
    rng, tally = random.Random(seed), Tally()
    corpus = target.make_seeds(place)
    coverage = Coverage(target.watched)
    signal.signal(signal.SIGALRM, watch_time)
    # what an unwary loader asks for must fail here, not take the machine down
    most = _read_virtual() + 2 * GIBIBYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
    target.prepare()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    coverage.start()
    try:
        for data in corpus:
            try_one(target, data, place, tally)
        while tally.inputs < inputs or tally.validated < wanted:
            known = len(coverage.lines)
            # inputs that reached something new are tried twice as often as the first ones
            recent = corpus[-max(1, len(corpus) // 3) :]
            parent = rng.choice(recent if rng.random() < 0.5 else corpus)
            data = MUTATORS[target.kind](parent, corpus, rng)
            try_one(target, data, place, tally)
            if len(coverage.lines) > known:
                corpus.append(data)
                tally.kept += 1
    finally:
        coverage.stop()
    tally.peak = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    tally.lines, tally.all_lines = len(coverage.lines), coverage.count_all()
    if tally.peak > GIBIBYTE:
        tally.findings.append((f"{tally.peak / GIBIBYTE:.2f} GiB of memory", b""))
    return tally


def _read_virtual() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


MUTATORS: dict[str, Callable[[bytes, list[bytes], random.Random], bytes]] = {
    "document": mutate_document,
    "table": mutate_table,
    "bytes": mutate_bytes,
}


def _work(name: str, inputs: int, seed: int, place: str, wanted: int, answers: Any) -> None:
    """Body of a process: a loader that dies takes only it along."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # libraries complain of every input
    answers.put(fuzz(TARGETS[name], inputs, seed, Path(place), wanted))


def fuzz_apart(name: str, inputs: int, seed: int, place: Path, wanted: int = 0) -> Tally:
    """Fuzz in a process of its own; its death is a finding with the input that it was reading."""
    place.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    arguments = (name, inputs, seed, str(place), wanted, answers)
    process = context.Process(target=_work, args=arguments)
    process.start()
    tally = None
    while tally is None:
        with suppress(Exception):
            tally = answers.get(timeout=1.0)
        if tally is None and not process.is_alive():
            last = place / TARGETS[name].file
            data = last.read_bytes() if last.is_file() else b""
            tally = Tally(findings=[(f"the process died: {process.exitcode}", data)])
    process.join()
    return tally


def report(name: str, tally: Tally, folder: Path) -> None:
    """Print a line, and keep what was found."""
    share = 100.0 * tally.lines / max(1, tally.all_lines)
    print(
        f"{name}: {tally.inputs} inputs, {tally.validated} reached validation, {tally.accepted} "
        f"accepted, {tally.refused} refused; {tally.lines} of {tally.all_lines} lines ({share:.0f} %) "
        f"reached, {tally.kept} inputs kept for new ones; slowest {tally.slowest:.2f} s, "
        f"{tally.peak / 2**20:.0f} MiB more; {len(tally.findings)} findings",
        flush=True,
    )
    for index, (what, data) in enumerate(tally.findings):
        (folder / f"found-{name}-{index}").write_bytes(data)
        if index < 10:
            print(f"  {what}")


def main() -> int:
    """Fuzz one or all targets; status 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=30_000, help="inputs a target, at least")
    parser.add_argument("--validated", type=int, default=0, help="of which reach validation")
    parser.add_argument("--target", choices=[*TARGETS, "all"], default="all")
    parser.add_argument("--seed", type=int, default=1)
    root = Path(__file__).parents[1]
    parser.add_argument("--folder", type=Path, default=root / "runs" / "fuzz")
    options = parser.parse_args()
    names = list(TARGETS) if options.target == "all" else [options.target]
    found = 0
    for name in names:
        place = options.folder / name
        tally = fuzz_apart(name, options.inputs, options.seed, place, options.validated)
        report(name, tally, place)
        found += len(tally.findings)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
