"""Where runs live: processes of this machine, or the workers of a Dask scheduler."""

import logging
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.errors import InputError, TrabeculaError
from trabecula.study.crew import connect

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

SCRATCH = ".workers"
"""Folder of a sweep in which the workers of this machine keep what Dask needs."""

ENVIRONMENT = {
    "NUMBA_NUM_THREADS": "1",  # Dask sets OMP_NUM_THREADS, which numba does not read
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
}

SETTINGS = {
    "distributed.worker.profile.enabled": False,  # a sampler of stacks, ten times a second
    "distributed.comm.timeouts.connect": "60s",  # a machine whose cores are all busy answers late
    "distributed.scheduler.worker-ttl": None,  # a worker that compiles holds its event loop up
    "distributed.admin.log-format": "%(message)s",
}

RESTART = 5.0
"""Time that Dask gets to restart a worker before it is replaced (s)."""

MOST_REPLACED = 20
"""Workers that may be replaced, for each there is to be, before one does something."""


class WorkersError(TrabeculaError):
    """Worker processes cannot be started, or their scheduler went away."""


class Workers:
    """The workers of a sweep, and the client that speaks to them.

    Parameters
    ----------
    client
        Gives orders to them.
    address
        Where their scheduler is.
    cluster
        Their processes, if they are this machine's.
    count
        How many there are to be, if so.
    """

    def __init__(
        self,
        client: "Client",
        address: str,
        cluster: "LocalCluster | None" = None,
        count: int = 0,
    ) -> None:
        self.client, self._cluster, self._count = client, cluster, count
        self._address = address
        self._dead: dict[Any, float] = {}
        self._replaced = 0

    def count_threads(self) -> int:
        """Return how many runs they can live at once."""
        return sum(self.client.nthreads().values())

    def note_outcome(self) -> None:
        """Some worker works: deaths from here on are counted anew."""
        self._replaced = 0

    @property
    def is_here(self) -> bool:
        """Whether their scheduler answers; while Dask tries to reach it again, it does not."""
        return bool(self.client.status == "running")

    def tend(self) -> None:
        """Replace what died; Dask itself gives up a worker that dies while it starts.

        Raises
        ------
        WorkersError
            If again and again no worker lives to do anything, or the scheduler is gone.
        """
        if self.client.status == "closed":
            self._return_to_scheduler()
        cluster = self._cluster
        if cluster is None:
            return
        now = time.monotonic()
        for name, nanny in list(cluster.workers.items()):
            if nanny.is_alive():
                self._dead.pop(name, None)
            elif now - self._dead.setdefault(name, now) > RESTART:
                del self._dead[name]
                cluster.worker_spec.pop(name, None)
                self._replaced += 1
        if self._replaced > MOST_REPLACED * self._count:
            msg = (
                f"workers died {self._replaced} times before any of them did something; look for a "
                "limit on memory or processes, then start the sweep again"
            )
            raise WorkersError(msg)
        if len(cluster.worker_spec) < self._count:
            cluster.scale(self._count)

    def _return_to_scheduler(self) -> None:
        """Speak to the scheduler anew after Dask has given it up: a busy one answers late."""
        try:
            self.client = connect(self._address)
        except InputError:
            msg = "the scheduler went away; done runs stand, start the sweep again to go on"
            raise WorkersError(msg) from None

    def close(self) -> None:
        """Leave the scheduler."""
        self.client.close()


@contextmanager
def _silence_dask() -> Iterator[None]:
    """Keep what Dask logs of workers that die off the terminal: the sweep says what matters."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def open_workers(jobs: int, scheduler: str | None, out: Path) -> "Iterator[Workers]":
    """Give `jobs` worker processes of one thread each, or those of an existing scheduler.

    Workers of this machine end with this process, however it ends.

    Parameters
    ----------
    scheduler
        Address of a Dask scheduler, such as tcp://10.0.0.1:8786; its workers must see `out` under the
        same path.

    Raises
    ------
    InputError
        If the scheduler does not answer.
    """
    import dask
    import distributed  # noqa: F401 - its defaults, read while ours hold, would go when ours do

    with dask.config.set(SETTINGS), _silence_dask():
        if scheduler is None:
            with _open_local(jobs, out) as workers:
                yield workers
            return
        workers = Workers(connect(scheduler), scheduler)
        try:
            yield workers
        finally:
            workers.close()


@contextmanager
def _open_local(jobs: int, out: Path) -> "Iterator[Workers]":
    from distributed import Client, LocalCluster

    scratch = out / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)  # of a sweep that was killed
    try:
        with LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            memory_limit=0,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # its port is opened all the same
            silence_logs=logging.CRITICAL,
            local_directory=str(scratch),
            env=ENVIRONMENT,
        ) as cluster, Client(cluster, set_as_default=False) as client:  # fmt: skip
            client.register_plugin(_make_plugin())
            workers = Workers(client, cluster.scheduler_address, cluster, jobs)
            workers.tend()
            try:
                yield workers
            finally:
                workers.close()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _make_plugin() -> "object":
    from distributed import WorkerPlugin

    class LeaveSignals(WorkerPlugin):  # type: ignore[misc, unused-ignore]
        """Ctrl-C goes to every process of a terminal; workers wait to be asked by the sweep."""

        name = "trabecula-signals"

        def setup(self, worker: object) -> None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    return LeaveSignals()
