"""The folder of a run: its files, its status and its log."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from trabecula.base.errors import ResultsError
from trabecula.base.files import find_leftovers, guard_writing, make_folder
from trabecula.records.atomic import write_text_whole
from trabecula.records.results import LINK, WORKING
from trabecula.records.results import NAME as RESULTS
from trabecula.records.statusfile import NAME as STATUS
from trabecula.records.statusfile import read_status, tell_time, write_status
from trabecula.runner.pruning import choose_superfluous

FIGURES, STATES, EXPORT, REPORT = "figures", "states", "export", "report.html"
"""What a run folder has below it, and the page that is made of it."""


def find_rubbish(folder: Path) -> list[Path]:
    """Return what was written to before it was published: rubbish once its writer no longer lives."""
    places = (folder, *(folder / name for name in (FIGURES, STATES, EXPORT)))
    left = [path for place in places for path in find_leftovers(place)]
    return left + sorted(folder.glob(WORKING))


def _remove(path: Path) -> None:
    """Remove a file if it is there.

    Raises
    ------
    ResultsError
        If it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        msg = f"{path}: cannot be removed: {error}; remove it, or name another folder with --out"
        raise ResultsError(msg) from error


def _holds_any(place: Path) -> bool:
    return place.is_dir() and any(place.iterdir())


def _holds(file: Path, text: str) -> bool:
    """Whether a text file says just that; what cannot be read says something else."""
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


class RunFolder:
    """Where one run writes; what cannot be written or removed there is a ResultsError.

    Parameters
    ----------
    path
        The folder; made if it does not exist.

    Raises
    ------
    ResultsError
        If it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.log = path / "log.txt"
        self.checkpoint = path / "checkpoint.h5"
        self.states = path / STATES
        make_folder(path, "the run")
        make_folder(path / FIGURES, "the figures")

    def begin(self, text: str) -> None:
        """Forget what another run has left, store the resolved configuration, begin a new log."""
        self.empty()
        self.write_config(text)

    def set_aside(self, text: str) -> Path | None:
        """Move what a run of another configuration has left to a folder below this one, and name it.

        Parameters
        ----------
        text
            The resolved configuration of the run that is to begin here; what has the same is that run,
            begun once more.

        Raises
        ------
        ResultsError
            If something cannot be moved.
        """
        names = (RESULTS, LINK, STATUS, self.config.name, self.log.name, self.checkpoint.name)
        left = [self.path / name for name in (*names, REPORT) if (self.path / name).is_file()]
        left += [
            place for name in (STATES, FIGURES, EXPORT) if _holds_any(place := self.path / name)
        ]
        if not left or _holds(self.config, text):
            return None
        number = 1
        while (aside := self.path / f"earlier-{number}").exists():
            number += 1
        make_folder(aside, "what another run left")
        try:
            for old in left:
                old.rename(aside / old.name)
        except OSError as error:
            msg = f"{self.path}: what another run left cannot be moved to {aside}: {error}"
            raise ResultsError(f"{msg}; move it, or name another folder with --out") from error
        make_folder(self.path / FIGURES, "the figures")
        return aside

    def empty(self) -> None:
        """Forget another run: results, configuration, checkpoint and states; begin a new log.

        Its results would stand beside the new configuration until the first of this run are there.
        """
        results = (self.path / RESULTS, self.path / LINK, self.path / STATUS)
        for old in (*results, self.config, self.checkpoint, *self.states.glob("day*.h5")):
            _remove(old)
        self.clear()
        with guard_writing(self.log):
            self.log.write_text("", encoding="utf-8")

    def write_config(self, text: str) -> None:
        """Store the resolved configuration."""
        write_text_whole(self.config, text)

    def clear(self) -> None:
        """Remove what a killed run was writing when it died; only who holds the lock may do so."""
        for rubbish in find_rubbish(self.path):
            _remove(rubbish)

    def name_state(self, day: float) -> Path:
        """Return the path of the full state of a day (d)."""
        return self.states / f"day{day:012.4f}.h5"

    def list_states(self) -> dict[Path, float]:
        """Return the full states that are kept, and the day (d) that the name of each says."""
        found = {}
        for path in self.states.glob("day*.h5"):
            with suppress(ValueError):  # somebody else's
                found[path] = float(path.stem[3:])
        return found

    def drop_states(self, day: float, most: int) -> None:
        """Give up full states up to `day` (d), so that `most` of them are left."""
        days = {day: path for path, day in self.list_states().items()}
        for gone in choose_superfluous([d for d in days if d <= day + 1e-3], most):
            _remove(days[gone])

    def write_status(self, state: str, values: Mapping[str, Any]) -> None:
        """Replace ``status.json``: running, done, interrupted or failed, with plain values."""
        write_status(self.path, state, values)

    def read_status(self) -> Mapping[str, Any]:
        """Return what ``status.json`` says; nothing where there is none, or none that can be read."""
        return read_status(self.path)

    def add_log(self, text: str) -> None:
        """Add a line to the log."""
        with guard_writing(self.log), self.log.open("a", encoding="utf-8") as handle:
            handle.write(f"{tell_time()} {text}\n")
