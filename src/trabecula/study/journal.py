"""What was tried in one run folder, line by line; nothing in it is ever rewritten.

One line each when a worker begins a run and when the run ends. A worker that is killed leaves a
beginning without an end.
"""

import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "attempts.jsonl"


def append_line(path: Path, content: dict[str, Any]) -> None:
    """Append one line to a file of JSON lines and force it to disk.

    A line that a kill has torn is closed first, so that it does not spoil this one.
    """
    text = json.dumps(content, ensure_ascii=False) + "\n"
    with path.open("ab+") as handle:
        if handle.tell():
            handle.seek(-1, os.SEEK_END)
            text = text if handle.read(1) == b"\n" else f"\n{text}"
        handle.write(text.encode())
        handle.flush()
        os.fsync(handle.fileno())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file of JSON lines; torn ones are passed over."""
    try:
        raw = path.read_bytes()
    except OSError:
        return []
    lines = []
    for line in raw.decode("utf-8", "replace").splitlines():
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, dict):
            lines.append(content)
    return lines


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
