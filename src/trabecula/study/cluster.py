"""Where runs live: processes of this machine, or the workers of a Dask scheduler."""

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.errors import InputError, TrabeculaError

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

PATIENCE = 20.0
"""Time that a scheduler may take to answer (s)."""


class WorkersError(TrabeculaError):
    """Worker processes cannot be started, or their scheduler went away."""


class Workers:
    """The workers of a sweep, and the client that speaks to them.

    Parameters
    ----------
    client
        Gives orders to them.
    cluster
        Their processes, if they are this machine's.
    count
        How many there are to be, if so.
    """

    def __init__(
        self, client: "Client", cluster: "LocalCluster | None" = None, count: int = 0
    ) -> None:
        self.client, self._cluster, self._count = client, cluster, count
        self._dead: dict[Any, float] = {}
        self._replaced = 0

    def count_threads(self) -> int:
        """Return how many runs they can live at once."""
        return sum(self.client.nthreads().values())

    def note_outcome(self) -> None:
        """Some worker works: deaths from here on are counted anew."""
        self._replaced = 0

    def tend(self) -> None:
        """Replace what died; Dask itself gives up a worker that dies while it starts.

        Raises
        ------
        WorkersError
            If again and again no worker lives to do anything.
        """
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
    from distributed import Client

    with dask.config.set(SETTINGS):
        if scheduler is None:
            with _open_local(jobs, out) as workers:
                yield workers
            return
        try:
            client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            msg = (
                f"--scheduler: found no Dask scheduler at {scheduler} ({reason}); allowed: the address "
                "of one that runs, such as tcp://127.0.0.1:8786"
            )
            raise InputError(msg) from None
        with client:
            yield Workers(client)


@contextmanager
def _open_local(jobs: int, out: Path) -> "Iterator[Workers]":
    import logging

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
            silence_logs=logging.CRITICAL,
            local_directory=str(scratch),
            env=ENVIRONMENT,
        ) as cluster, Client(cluster, set_as_default=False) as client:  # fmt: skip
            client.register_plugin(_make_plugin())
            workers = Workers(client, cluster, jobs)
            workers.tend()
            yield workers
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
