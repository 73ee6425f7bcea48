"""What was tried in one run folder, line by line; nothing in it is ever rewritten.

One line each when a worker begins a run and when the run ends. A worker that is killed leaves a
beginning without an end.
"""

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trabecula.records.lines import append_line, read_lines

NAME = "attempts.jsonl"


@dataclass(frozen=True)
class Attempts:
    """What a journal says.

    Parameters
    ----------
    count
        How often the run was begun or gone on with.
    deaths
        How often that ended with its worker, in the present session.
    """

    count: int
    deaths: int


def note(folder: Path, event: str, session: str, **values: Any) -> None:
    """Write an event: begun, done, failed, interrupted."""
    content = {"event": event, "session": session, "time": round(time.time(), 3)}
    append_line(
        folder / NAME, {**content, "process": os.getpid(), "host": socket.gethostname(), **values}
    )


def read_attempts(folder: Path, session: str = "") -> Attempts:
    """Return what was tried in a run folder; only the holder of its claim can count deaths."""
    count = deaths = 0
    is_open = False
    for line in [*read_lines(folder / NAME), {}]:
        if line.get("event") == "begun" or not line:
            deaths += is_open
            is_open = bool(line) and line.get("session") == session
            count += bool(line)
        else:
            is_open = False
    return Attempts(count, deaths)


def read_seconds(folder: Path) -> float:
    """Return the wall time of the last attempt that ended (s); 0 if none did."""
    ends = [line["seconds"] for line in read_lines(folder / NAME) if "seconds" in line]
    return float(ends[-1]) if ends else 0.0
