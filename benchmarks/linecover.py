"""Which lines of ``src`` the tests reach with the JIT off, where those of kernels count too.

``python benchmarks/linecover.py [--limit 20] [--out runs/coverage] [--more] [FILE ...]`` runs the test
files one after the other, each in a process of its own under coverage, and prints the share of lines.
A test that takes longer than the limit is given up (whole small lives, marked ``plain``, have
longer), and what it reached until then counts; so do those that fail because they look at compiled
code. Files that start many processes, live larger bones or measure time are left out.
With ``--more`` what is in the folder
already counts as well: files that were given up on a busy machine, or need extras, can be run again.

It takes most of an hour on one core; the compiled suite is what says whether tests pass.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {
    f"test_{name}.py"
    for name in (
        "balance", "bench", "crew", "fuzz", "crashes", "memory", "mutants", "resume", "runner",
        "threads", "tutorials", "twins", "mechanics_solver", "mechanics_specimen",
    )
}  # fmt: skip
BUDGET = 300.0
"""Longest time of a file (s)."""

PLAIN = 120
"""Longest time of a test that is marked ``plain`` (s)."""

SETTINGS = """
[run]
source = {source}
parallel = true
patch = subprocess
data_file = {folder}/part
"""


class TooSlowError(BaseException):
    """A test went beyond its limit; no handler of errors is to catch it."""


class Limit:
    """A plugin of pytest: gives up on a test that takes too long.

    Parameters
    ----------
    seconds
        Longest time of a test (s).
    """

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        signal.signal(signal.SIGALRM, self._give_up)

    @staticmethod
    def _give_up(*_) -> None:
        raise TooSlowError

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """Run one test under the alarm."""
        signal.alarm(PLAIN if item.get_closest_marker("plain") else self._seconds)
        try:
            return (yield)
        finally:
            signal.alarm(0)


def run_file(path: Path, limit: int) -> int:
    """Run one file in this process."""
    options = ["-q", "-m", "not slow", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    return pytest.main([*options, str(path)], plugins=[Limit(limit)])


def cover(files: list[Path], limit: int, folder: Path, more: bool = False) -> None:
    """Run every file under coverage, and report; with `more` what was found before counts as well."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in () if more else folder.glob("part*"):
        old.unlink()
    settings = folder / "settings.ini"
    settings.write_text(SETTINGS.format(folder=folder, source=ROOT / "src" / "trabecula"))
    coverage = [sys.executable, "-m", "coverage"]
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1", "NUMBA_NUM_THREADS": "1", "COVERAGE_CORE": "sysmon",
    }  # fmt: skip
    for path in files:
        print(path.name, flush=True)
        command = [*coverage, "run", f"--rcfile={settings}", __file__, "--one", str(path)]
        try:
            subprocess.run(
                [*command, "--limit", str(limit)], env=environment, cwd=ROOT, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=BUDGET,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            print(f"  not within {BUDGET:.0f} s: nothing of it counts", flush=True)
    joined = ["combine", "-q", *(["--append"] if more else []), f"--rcfile={settings}"]
    subprocess.run([*coverage, *joined], cwd=ROOT, check=True)
    subprocess.run(
        [*coverage, "report", f"--rcfile={settings}", "--skip-covered", "--sort=miss"],
        cwd=ROOT, check=True,
    )  # fmt: skip


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="test files [default: all]"
    )
    parser.add_argument("--limit", type=int, default=20, help="longest time of a test (s)")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "coverage")
    parser.add_argument("--more", action="store_true", help="add to what is in the folder")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        return run_file(options.one, options.limit)
    found = sorted(path for path in (ROOT / "tests").glob("test_*.py") if path.name not in LEFT_OUT)
    cover(
        [path.resolve() for path in options.files] or found,
        options.limit,
        options.out.resolve(),
        options.more,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
