"""One run of a sweep, in whatever process it is given to: begun, gone on with, or there already."""

import fcntl
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.analysis import load_results, summarise
from trabecula.base.errors import ResultsError, TrabeculaError
from trabecula.config.load import load_config, make_config
from trabecula.config.marks import parse_yaml
from trabecula.records.atomic import write_text_whole
from trabecula.records.seals import KEY, make_seals
from trabecula.records.statusfile import has_ended
from trabecula.runner import stop
from trabecula.runner.continuation import resume
from trabecula.runner.digest import compute_code_digest
from trabecula.runner.folder import RunFolder
from trabecula.runner.job import run
from trabecula.runner.progress import Progress
from trabecula.study import journal

if TYPE_CHECKING:
    from trabecula.config import Config

RECORD = "sweep.json"
"""File in a run folder that tells what it was made from."""

SUMMARY = "summary.json"
"""File in a run folder with the row of the merged table."""

CLAIMS = ".claims"
PAUSE = 0.2


@dataclass(frozen=True)
class Order:
    """What a worker is asked for.

    Parameters
    ----------
    out
        Folder of the sweep, the same for every worker.
    folder
        Name of the run's folder in it.
    digest
        What the run is made from: configuration and program.
    code
        The program alone.
    config
        The resolved configuration, as YAML.
    session
        One start of the sweep.
    deaths
        Workers that a run may take with it in one session.
    """

    out: Path
    folder: str
    digest: str
    code: str
    config: str
    session: str
    deaths: int

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.out / self.folder

    @property
    def stop_file(self) -> Path:
        """A file that asks every worker of the session to stop."""
        return self.out / f".stop-{self.session}"


@dataclass(frozen=True)
class Outcome:
    """What became of a run: ``done``, ``kept`` (done before), ``failed`` or ``interrupted``.

    Parameters
    ----------
    seconds
        Wall time of the last attempt (s).
    error
        Why it failed.
    """

    status: str
    seconds: float = 0.0
    error: str = ""


def live_point(order: Order, threads: int | None = 1) -> Outcome:
    """Live one run unless it is done; a failure is an outcome, so that the others go on.

    What is nobody's error but a bug is raised: the sweep records it with its place.
    """
    begun = time.monotonic()
    try:
        if compute_code_digest() != order.code:
            msg = "found another version of the program on this worker; allowed: that of the sweep"
            return Outcome("failed", 0.0, msg)
        with hold_claim(order):
            return _live_claimed(order, threads, begun)
    except KeyboardInterrupt:
        return Outcome("interrupted", time.monotonic() - begun)
    except (TrabeculaError, OSError) as error:
        return Outcome("failed", time.monotonic() - begun, describe_error(error))


def _live_claimed(order: Order, threads: int | None, begun: float) -> Outcome:
    folder, session = order.path, order.session
    state = find_state(order)
    if state == "done":
        return Outcome("kept", 0.0)
    deaths = journal.read_attempts(folder, session).deaths
    if deaths >= order.deaths:
        msg = f"the worker died {deaths} times while it lived this run; see {folder / 'log.txt'}"
        return Outcome("failed", 0.0, msg)
    folder.mkdir(parents=True, exist_ok=True)
    write_text_whole(folder / RECORD, json.dumps({"digest": order.digest}) + "\n")
    journal.note(folder, "begun", session)
    ended, message = "failed", ""
    try:
        _live(order, state, threads)
        ended = "done"
    except KeyboardInterrupt:
        ended = "interrupted"
        raise
    except (TrabeculaError, OSError, MemoryError) as error:
        message = describe_error(error)
    finally:
        seconds = time.monotonic() - begun
        journal.note(folder, ended, session, seconds=round(seconds, 3), error=message)
    return Outcome(ended, seconds, message)


def describe_error(error: BaseException) -> str:
    """Return an error as text; one that is not ours with the place that raised it."""
    if isinstance(error, TrabeculaError):
        return str(error)
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error}{place}"


def _live(order: Order, state: str, threads: int | None) -> None:
    report = _make_report(order)
    folder = order.path
    if state == "begun":
        try:
            resume(folder, threads=threads, progress=report)
        except ResultsError:  # a checkpoint that cannot be read is not worth the run
            state = "new"
    if state == "new":
        document = parse_yaml(order.config, "config.yaml")
        run(make_config(document, folder / "config.yaml"), folder, threads, report, keep=False)
    write_summary(folder)


def _make_report(order: Order) -> Callable[[Progress], None]:
    """Return what a run calls a few times a second: it leaves when the session is asked to stop.

    A process that lives one run at a time saves it first; in one of several, the days since the last
    commit are lost.
    """
    is_alone = _count_threads() == 1

    def report(progress: Progress) -> None:
        if order.stop_file.exists():
            if not is_alone:
                raise KeyboardInterrupt
            stop.ask()

    return report


def _count_threads() -> int:
    from distributed import get_worker

    try:
        return int(get_worker().state.nthreads)
    except ValueError:
        return 1


@contextmanager
def hold_claim(order: Order) -> Iterator[None]:
    """Hold a run for this worker alone, and wait while another one lives it.

    A worker whose sweep was killed may still be at it; its claim goes with it. The file stays, or
    two could hold it.

    Raises
    ------
    KeyboardInterrupt
        If the session is asked to stop while it waits.
    """
    path = order.out / CLAIMS / order.digest[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if order.stop_file.exists():
                    raise KeyboardInterrupt from None
                time.sleep(PAUSE)
        yield


def read_json(path: Path) -> dict[str, Any]:
    """Return the values of a JSON file; none if it is not there or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_done(order: Order) -> bool:
    """Whether a run was lived to its end and has its row for the table."""
    return _is_lived(order) and (order.path / SUMMARY).is_file()


def _is_lived(order: Order) -> bool:
    folder = order.path
    if read_json(folder / RECORD).get("digest") != order.digest:
        return False
    return has_ended(folder) and (folder / "results.h5").is_file()


def find_state(order: Order) -> str:
    """Return ``done``, ``begun`` (a checkpoint is there) or ``new``; complete what lacks its end."""
    folder = order.path
    if _is_lived(order):
        if not (folder / SUMMARY).is_file():
            write_summary(folder)
        return "done"
    if read_json(folder / RECORD).get("digest") != order.digest:
        return "new"
    if not (folder / "checkpoint.h5").is_file():
        return "new"
    return _find_end(folder, load_config(folder / "config.yaml", lived=True))


def _find_end(folder: Path, config: "Config") -> str:
    """Tell a run that was killed on its last day from one that is to be gone on with."""
    try:
        results = load_results(folder)
    except ResultsError:
        return "begun"
    end = config.duration - 1e-6
    if not len(results.time) or results.time[-1] < end:
        return "begun"
    if not len(results.snapshots) or results.snapshots[-1] < end:
        return "new"  # a commit on the last day, before its snapshot: there is no day left to live
    values = {"name": config.name, "time": float(results.time[-1]), "until": config.duration}
    seals = {KEY: make_seals(folder)}
    RunFolder(folder).write_status("done", {**values, "note": "completed after a kill", **seals})
    write_summary(folder)
    return "done"


def write_summary(folder: Path) -> None:
    """Write the row of a run in the merged table."""
    row = flatten_summary(summarise(load_results(folder)))
    write_text_whole(folder / SUMMARY, json.dumps(row) + "\n")


def flatten_summary(summary: dict[str, Any]) -> dict[str, float | None]:
    """Return a summary as one row: ``bv_tv_start``, ``resorption_rate_peak``, ``sites_count``.

    Each number in the unit that it has in the summary; None where it is not known.
    """
    row: dict[str, float | None] = {"days": summary["days"]}
    for group in ("structure", "rates", "hormones"):
        for key, parts in summary[group].items():
            row |= {f"{key}_{part}": value for part, value in parts.items() if part != "unit"}
    row |= {f"sites_{name}": value for name, value in summary["sites"].items()}
    return {
        key: float(value) if value is not None and math.isfinite(value) else None
        for key, value in row.items()
    }
