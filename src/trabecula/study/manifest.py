"""What a sweep knows of its runs: one JSON line a change, whole after any kill.

The last line of a run counts. A line is forced to disk before the sweep goes on; a torn last line is
passed over, and the run's own folder tells what it would have said. At start and end the file is
rewritten in one step with one line a run.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from trabecula.analysis.arms import MANIFEST
from trabecula.base.errors import ResultsError
from trabecula.records.atomic import write_text_whole
from trabecula.records.lines import append_line, read_lines

NAME = MANIFEST
FORMAT_VERSION = 1
STATUSES = ("waiting", "begun", "interrupted", "done", "failed")


@dataclass(frozen=True)
class Entry:
    """One run.

    Parameters
    ----------
    run
        Its number.
    folder
        Name of its folder; empty if its configuration is not valid.
    digest
        What it is made from: configuration and program.
    parameters
        Changed keys and their values.
    seed
        Seed of its chance after day 0; None if its configuration is not valid.
    status
        One of :data:`STATUSES`.
    attempts
        How often it was begun or gone on with.
    seconds
        Wall time of the last attempt (s).
    error
        Why it failed.
    who
        In a virtual population the numbers of point, draw, patient and life; else empty.
    """

    run: int
    folder: str
    digest: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    status: str = "waiting"
    attempts: int = 0
    seconds: float = 0.0
    error: str = ""
    who: Mapping[str, int] = field(default_factory=dict)


class Manifest:
    """The manifest in the folder of a sweep; only the holder of the folder's lock may write it."""

    def __init__(self, out: Path) -> None:
        self.path = out / NAME
        self.entries: dict[int, Entry] = {}

    def begin(self, header: Mapping[str, Any], entries: list[Entry]) -> None:
        """Replace the file in one step: `header`, then a line a run."""
        self.entries = {entry.run: entry for entry in entries}
        self._header = dict(header)
        self.compact()

    def compact(self) -> None:
        """Rewrite the file with one line a run."""
        head = {"format_version": FORMAT_VERSION, **self._header}
        lines = [head, *(asdict(entry) for entry in self.entries.values())]
        text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        write_text_whole(self.path, text + "\n")

    def change(self, run: int, **values: Any) -> Entry:
        """Change what is known of a run; on disk when this returns."""
        entry = replace(self.entries[run], **values)
        self.entries[run] = entry
        append_line(self.path, asdict(entry))
        return entry

    def count(self) -> dict[str, int]:
        """Return how many runs there are of each status."""
        counts = dict.fromkeys(STATUSES, 0)
        for entry in self.entries.values():
            counts[entry.status] += 1
        return {status: count for status, count in counts.items() if count}


def read_header(out: Path) -> dict[str, Any]:
    """Return the header of a sweep's folder; nothing if there is none.

    Raises
    ------
    ResultsError
        If it is of another format version.
    """
    path = out / NAME
    if not path.is_file():
        return {}
    lines = read_lines(path)
    header = lines[0] if lines else {}
    version = header.get("format_version")
    if version != FORMAT_VERSION:
        msg = f"{path}: found manifest format {version}; this version reads format {FORMAT_VERSION}"
        raise ResultsError(msg)
    return header


def read_manifest(out: Path) -> tuple[dict[str, Any], list[Entry]]:
    """Return the header and the runs of a sweep's folder; nothing of either if there is none.

    Raises
    ------
    ResultsError
        If it is of another format version.
    """
    header = read_header(out)
    if not header:
        return {}, []
    entries: dict[int, Entry] = {}
    for line in read_lines(out / NAME)[1:]:
        entries[line["run"]] = Entry(**line)
    return header, list(entries.values())
