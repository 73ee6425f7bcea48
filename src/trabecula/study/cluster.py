"""Where runs live: processes of this machine, or the workers of a Dask scheduler."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trabecula.base.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

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

PATIENCE = 20.0
"""Time that a scheduler may take to answer (s)."""


@contextmanager
def open_client(jobs: int, scheduler: str | None, out: Path) -> "Iterator[Client]":
    """Give a client of `jobs` worker processes of one thread each, or of an existing scheduler.

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
            with _open_local(jobs, out) as client:
                yield client
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
            yield client


@contextmanager
def _open_local(jobs: int, out: Path) -> "Iterator[Client]":
    import logging

    from distributed import Client, LocalCluster

    scratch = out / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)  # of a sweep that was killed
    try:
        with LocalCluster(
            n_workers=jobs,
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
            yield client
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


def count_threads(client: "Client") -> int:
    """Return how many runs the workers can live at once."""
    return sum(client.nthreads().values())
