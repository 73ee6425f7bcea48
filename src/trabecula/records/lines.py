"""Files of JSON lines: appended to by programs that may be killed, read past what is torn."""

import json
import os
from pathlib import Path
from typing import Any

from trabecula.base.files import guard_writing


def append_line(path: Path, content: dict[str, Any]) -> None:
    """Append one line to a file of JSON lines and force it to disk.

    A line that a kill has torn is closed first, so that it does not spoil this one.

    Raises
    ------
    ResultsError
        If it cannot be written.
    """
    text = json.dumps(content, ensure_ascii=False) + "\n"
    with guard_writing(path), path.open("ab+") as handle:
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
