"""What the crew of a test is given to do, and how it is waited for: few imports, for a fast start."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

from trabecula.runner.stop import is_asked, watch_signals


def work(folder: str, number: int, manner: str) -> int:
    """Leave a mark for every attempt; die the first time, or always, fail, rest, or keep itself."""
    path = Path(folder) / str(number)
    with path.open("a") as file:
        file.write("x")
    tries = len(path.read_text())
    if manner == "kills" or (manner == "dies once" and tries == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if manner == "rests":
        path.write_text(str(os.getpid()))
        time.sleep(120.0)
    if manner == "keeps":
        with watch_signals():
            path.write_text(str(os.getpid()))
            wait_for(is_asked, 120.0)
        path.write_text("kept")
        raise KeyboardInterrupt  # as a run does
    if manner == "fails":
        msg = f"number {number}"
        raise ValueError(msg)
    return number * 10


def wait_for(is_so: Callable[[], bool], seconds: float, process: Popen | None = None) -> bool:
    """Wait until it `is_so`, for some time (s) or until a process ends that makes it so."""
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end and (process is None or process.poll() is None):
        time.sleep(0.02)
    return is_so()
