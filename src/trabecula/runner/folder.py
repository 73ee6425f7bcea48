"""The folder of a run: its files, its status and its log."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.errors import ResultsError
from trabecula.base.files import FORMER, RUN_FILES, find_leftovers, guard_writing, make_folder
from trabecula.records.atomic import write_text_whole
from trabecula.records.reader import read_results
from trabecula.records.results import LINK, WORKING
from trabecula.records.results import NAME as RESULTS
from trabecula.records.statefile import read_meta
from trabecula.records.statusfile import NAME as STATUS
from trabecula.records.statusfile import read_status, tell_time, write_status
from trabecula.runner.digest import compute_code_digest
from trabecula.runner.pruning import choose_superfluous

if TYPE_CHECKING:
    from trabecula.config import Config

FIGURES, STATES, EXPORT, REPORT = "figures", "states", "export", "report.html"
"""What a run folder has below it, and the page that is made of it."""

BRANCH, LATER = "branch of", "day 0 is day"
"""How the log of a run that goes on from another one says so; its configuration does not."""


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

    def set_aside(self, config: "Config | None" = None) -> Path | None:
        """Move what another run has left to a folder below this one, and name it.

        Parameters
        ----------
        config
            Of the run that is to begin here; what would come out again bit by bit is left to be
            replaced. Whatever is there is moved if None.

        Raises
        ------
        ResultsError
            If something cannot be moved.
        """
        names = (*RUN_FILES, REPORT)
        left = [self.path / name for name in names if (self.path / name).is_file()]
        left += [
            place for name in (STATES, FIGURES, EXPORT) if _holds_any(place := self.path / name)
        ]
        if not left or (config is not None and self._is_of(config)):
            return None
        number = 1
        while (aside := self.path / f"{FORMER}{number}").exists():
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

    def _is_of(self, config: "Config") -> bool:
        """Whether `config` and this program would write here what is here; if in doubt, not.

        The text alone does not say so: a specimen may be another one under the same name, the program
        may have changed, and a branch comes from another run.
        """
        if not _holds(self.config, config.to_yaml()) or self._goes_on():
            return False
        if not any((self.path / name).exists() for name in (RESULTS, self.checkpoint.name, STATES)):
            return True
        try:
            digest = read_results(self.path).provenance.get("config_digest")
            program = read_meta(self.checkpoint).get("code_digest")
        except ResultsError:
            return False
        return bool(digest == config.compute_digest() and program == compute_code_digest())

    def _goes_on(self) -> bool:
        """Whether the log says that another run comes before this one, or cannot be asked."""
        try:
            lines = self.log.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return True
        return any(line.partition(" ")[2].startswith((BRANCH, LATER)) for line in lines)

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
