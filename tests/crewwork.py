"""What the crew of a test is given to do: a module that imports nothing, so that workers start fast."""

import os
import signal
import time
from pathlib import Path


def work(folder: str, number: int, manner: str) -> int:
    """Leave a mark for every attempt; die the first time, or always, fail, or rest."""
    path = Path(folder) / str(number)
    with path.open("a") as file:
        file.write("x")
    tries = len(path.read_text())
    if manner == "kills" or (manner == "dies once" and tries == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if manner == "rests":
        path.write_text(str(os.getpid()))
        time.sleep(120.0)
    if manner == "fails":
        msg = f"number {number}"
        raise ValueError(msg)
    return number * 10
