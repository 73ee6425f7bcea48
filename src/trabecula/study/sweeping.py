"""A sweep from its file to its tables: done runs are skipped, begun ones gone on with."""

import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from trabecula.base.errors import InputError
from trabecula.base.files import make_folder
from trabecula.base.version import VERSION
from trabecula.kernels.compile import PARALLEL_FROM
from trabecula.runner.digest import compute_code_digest
from trabecula.runner.lock import lock_folder
from trabecula.runner.warming import warm_kernels
from trabecula.study import journal
from trabecula.study.cluster import open_workers
from trabecula.study.cohort import describe_population, list_roles, load_cohort
from trabecula.study.crew import connect
from trabecula.study.design import POPULATION
from trabecula.study.dispatch import Dispatch, Note
from trabecula.study.forecasttables import write_forecast
from trabecula.study.indices import describe_design
from trabecula.study.manifest import NAME, Entry, Manifest, read_manifest
from trabecula.study.merged import write_tables
from trabecula.study.sigterm import answer_sigterm
from trabecula.study.sweepplan import Planned, find_folders, plan_sweep
from trabecula.study.worker import Order, Outcome, is_done

if TYPE_CHECKING:
    from trabecula.config.sweeps import Sweep

ATTEMPTS = 3
"""Workers that a run may take with it before it is given up."""

STATUSES = {"done": "done", "kept": "done", "failed": "failed", "interrupted": "interrupted"}
"""Outcome of a worker -> status in the manifest."""


class SweepProgress(NamedTuple):
    """How far a sweep is.

    Parameters
    ----------
    done, failed, total
        Runs.
    share
        Share of the work that is done (0..1), that of runs under way with it.
    seconds_left
        Wall time that is left (s); infinite while it is not known.
    """

    done: int
    failed: int
    total: int
    share: float
    seconds_left: float


type Report = Callable[[SweepProgress], None] | None


def run_sweep(
    sweep: "Sweep",
    out: Path,
    jobs: int = 1,
    scheduler: str | None = None,
    report: Report = None,
    say: Callable[[str], None] = lambda _: None,
    attempts: int = ATTEMPTS,
    planned: list[Planned] | None = None,
) -> Manifest:
    """Live every run of a sweep that is not done, and write the merged tables.

    Parameters
    ----------
    out
        Folder of the sweep.
    jobs
        Worker processes of this machine, of one thread each; not used with `scheduler`.
    scheduler
        Address of a Dask scheduler whose workers live the runs.
    report
        Told of progress a few times a second.
    say
        Told what happens, in a line.
    attempts
        Workers that one run may take with it before it is given up.
    planned
        The checked points, if they have been made already.

    Raises
    ------
    ConfigError
        If no point is valid.
    InputError
        If another sweep writes to the folder, it holds something else, or no scheduler answers.
    KeyboardInterrupt
        If Ctrl-C or SIGTERM asked to stop; runs under way are saved first.
    """
    chosen = plan_sweep(sweep) if planned is None else planned
    if scheduler is not None:
        connect(scheduler).close()  # before a folder is made
    _insist_on_folder(out)
    with lock_folder(out), answer_sigterm():
        manifest, orders = _begin(sweep, chosen, out, attempts)
        try:
            if orders:
                if scheduler is None:
                    _warm(chosen, say)
                with open_workers(min(jobs, len(orders)), scheduler, out) as workers:
                    _live(manifest, orders, chosen, Dispatch(workers, orders, attempts), report)
        finally:
            manifest.compact()
            population = describe_population(sweep, [one.point for one in chosen])
            entries, roles = list(manifest.entries.values()), list_roles(population)
            for note in write_tables(out, entries, sweep.table, roles):
                say(note)
            if population:
                write_forecast(load_cohort(out))
    return manifest


def _insist_on_folder(out: Path) -> None:
    """Make the folder of a sweep.

    Raises
    ------
    InputError
        If it cannot be made, or holds something else than a sweep.
    """
    make_folder(out, "the sweep")
    others = [path.name for path in out.iterdir() if not path.name.startswith(".")]
    if others and not (out / NAME).is_file():
        msg = (
            f"{out}: found {', '.join(sorted(others)[:3])}; allowed: an empty folder, or a sweep's;"
            " name another with --out"
        )
        raise InputError(msg)


def _begin(
    sweep: "Sweep", planned: list[Planned], out: Path, attempts: int
) -> tuple[Manifest, list[Order]]:
    """Bring the manifest up to what lies in the folders; return the runs that are to be lived."""
    _, earlier = read_manifest(out)
    seconds = {entry.digest: entry.seconds for entry in earlier if entry.digest}
    for left in out.glob(".stop-*"):
        left.unlink(missing_ok=True)
    folders = find_folders(planned, out)
    session = uuid.uuid4().hex[:12]
    entries, orders = [], dict[str, Order]()
    for one in planned:
        point, digest = one.point, one.digest
        who = {} if point.who is None else point.who._asdict()
        if one.config is None:
            parameters, seed = point.parameters, point.seed
            entries.append(
                Entry(point.index, "", "", parameters, seed, "failed", 0, 0.0, one.error, who)
            )
            continue
        text = one.config.to_yaml()
        order = Order(
            out.resolve(), folders[digest], digest, compute_code_digest(), text, session, attempts
        )
        count = journal.read_attempts(order.path).count
        status = "done" if is_done(order) else "begun" if count else "waiting"
        entries.append(
            Entry(
                point.index, order.folder, digest, point.parameters, one.config.seed, status, count,
                seconds.get(digest, 0.0), who=who,
            )
        )  # fmt: skip
        if status != "done":
            orders.setdefault(digest, order)
    manifest = Manifest(out)
    header = {
        "sweep": sweep.name, "file": str(sweep.path), "base": str(sweep.base_path),
        "version": VERSION, "code": compute_code_digest(),
        "design": describe_design(sweep),
        POPULATION: describe_population(sweep, [one.point for one in planned]),
    }  # fmt: skip
    manifest.begin(header, entries)
    return manifest, list(orders.values())


def _warm(planned: list[Planned], say: Callable[[str], None]) -> None:
    configs = [one for one in planned if one.config is not None]
    largest = max(one.volume / one.config.lattice.voxel**3 * 1e9 for one in configs if one.config)
    config = configs[0].config
    assert config is not None
    if warm_kernels(config, largest >= PARALLEL_FROM):
        say("the loops were compiled, once for this version")


def _live(
    manifest: Manifest,
    orders: list[Order],
    planned: list[Planned],
    dispatch: Dispatch,
    report: Report,
) -> None:
    """Live the runs; what becomes of each is on disk before the next is looked at."""
    runs: dict[str, list[int]] = {}
    for entry in manifest.entries.values():
        if entry.digest and entry.status != "done":
            runs.setdefault(entry.digest, []).append(entry.run)
    meter = Meter(manifest, {one.digest: one.hours for one in planned}, orders)

    def note(order: Order, outcome: Outcome) -> None:
        seconds = outcome.seconds or journal.read_seconds(order.path)
        for run in runs[order.digest]:
            manifest.change(
                run,
                status=STATUSES[outcome.status],
                attempts=journal.read_attempts(order.path).count,
                seconds=round(seconds, 3),
                error=outcome.error,
            )
        meter.end(order)

    def tick(shares: Mapping[str, float]) -> None:
        if report is not None:
            report(meter.measure(shares))

    dispatch.live(Note(note, tick))


class Meter:
    """How far a sweep is, by the expected cost of its runs."""

    def __init__(self, manifest: Manifest, hours: Mapping[str, float], orders: list[Order]) -> None:
        self._manifest, self._begun = manifest, time.monotonic()
        self._left = {order.digest: max(hours[order.digest], 1e-12) for order in orders}
        self._total = sum(self._left.values())
        self._first: float | None = None

    def end(self, order: Order) -> None:
        """Count a run as lived."""
        self._left.pop(order.digest, None)

    def measure(self, shares: Mapping[str, float]) -> SweepProgress:
        """Return the present progress.

        Parameters
        ----------
        shares
            How much of each run under way has been lived (0..1), by digest.
        """
        left = sum(hours * (1.0 - shares.get(key, 0.0)) for key, hours in self._left.items())
        done = self._total - left
        if self._first is None:
            self._first = done  # lived in an earlier session
        spent, lived = time.monotonic() - self._begun, done - self._first
        seconds = left / lived * spent if lived > 0 else float("inf")
        counts = self._manifest.count()
        total = len(self._manifest.entries)
        return SweepProgress(
            counts.get("done", 0), counts.get("failed", 0), total, done / self._total, seconds
        )
