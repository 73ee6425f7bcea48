"""What the crew of a test is given to do: a module that imports nothing, so that workers start fast."""

import os
import signal
from pathlib import Path


def work(folder: str, number: int, manner: str) -> int:
    """Leave a mark for every attempt; die the first time, or always, or fail."""
    path = Path(folder) / str(number)
    with path.open("a") as file:
        file.write("x")
    tries = len(path.read_text())
    if manner == "kills" or (manner == "dies once" and tries == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if manner == "fails":
        msg = f"number {number}"
        raise ValueError(msg)
    return number * 10
