"""Who lives the tasks of a study: this process, processes of its own, or an existing Dask cluster.

A worker that dies costs the tasks that were on it another attempt, no more: those are lived again
one at a time, so that a task which kills its worker is found and given up, and no other with it.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from typing import Any

from trabecula.base.errors import InputError
from trabecula.study.sigterm import answer_sigterm

ATTEMPTS = 3
"""How often a task is begun before it is given up."""

PATIENCE = 20.0
"""Time (s) after which a scheduler that does not answer is not there."""

GRACE = 10.0
"""Time (s) that a run gets to be kept, once nobody waits for it, before it is interrupted."""

type Call = tuple[Any, ...]
type Note = Callable[[int, Any, int], None]
"""Told of the number of a call, its result or the error, and the attempts it took."""


@dataclass(frozen=True)
class Crew:
    """Workers of a study.

    Parameters
    ----------
    workers
        Processes of one thread each.
    scheduler
        Address of a Dask scheduler whose workers see the same files, in their place; empty for none.
    """

    workers: int = 1
    scheduler: str = ""

    @property
    def size(self) -> int:
        """How many tasks it can live at once.

        Raises
        ------
        InputError
            If no scheduler answers.
        """
        if not self.scheduler:
            return max(1, self.workers)
        with connect(self.scheduler) as client:
            return max(1, len(client.scheduler_info(n_workers=-1)["workers"]))

    def carry_out(self, work: Callable[..., Any], calls: Sequence[Call], note: Note) -> None:
        """Call `work` with each of `calls`; results come as they are done.

        Raises
        ------
        InputError
            If no scheduler answers.
        KeyboardInterrupt
            If Ctrl-C or SIGTERM asked to stop; processes of its own keep their runs first.
        """
        with answer_sigterm(passes_on=True):
            if self.scheduler:
                _send_all(self.scheduler, work, calls, note)
            elif self.workers <= 1:
                for number, call in enumerate(calls):
                    note(number, work(*call), 1)
            else:
                _live_in_processes(self.workers, work, calls, note)


def _live_in_processes(
    workers: int, work: Callable[..., Any], calls: Sequence[Call], note: Note
) -> None:
    waiting = list(range(len(calls)))
    while waiting:
        for number in _live_until_death(workers, work, calls, waiting, note, 1):
            _live_alone(work, calls, number, note)


def _live_alone(work: Callable[..., Any], calls: Sequence[Call], number: int, note: Note) -> None:
    """Begin a task again whose worker died, alone, so that its death is its own."""
    for attempt in range(2, ATTEMPTS + 1):
        if not _live_until_death(1, work, calls, [number], note, attempt):
            return
    error = RuntimeError(f"its worker died in each of {ATTEMPTS} attempts")
    note(number, error, ATTEMPTS)


def _live_until_death(
    workers: int,
    work: Callable[..., Any],
    calls: Sequence[Call],
    waiting: list[int],
    note: Note,
    attempt: int,
) -> list[int]:
    """Live what is in `waiting`, taking out what is begun; returns what was on a worker that died."""
    running: dict[Future[Any], int] = {}
    context = get_context("spawn")
    with _one_thread(), ProcessPoolExecutor(workers, context, follow_parent) as pool:
        while waiting or running:
            try:
                while waiting and len(running) < workers:
                    running[pool.submit(work, *calls[waiting[0]])] = waiting[0]
                    waiting.pop(0)
            except BrokenProcessPool:
                return list(running.values())
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            dead = [f for f in done if isinstance(f.exception(), BrokenProcessPool)]
            for future in [f for f in done if f not in dead]:
                error = future.exception()
                note(running.pop(future), future.result() if error is None else error, attempt)
            if dead:
                return list(running.values())
    return []


def follow_parent() -> None:
    """Let this worker end once its parent has, however that ended; a run under way is kept first.

    A worker whose parent was killed would wait for its next task for ever.
    """
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    connection.wait([sentinel])
    while True:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let children that start meanwhile have one thread of compiled loops each."""
    name = "NUMBA_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def connect(address: str) -> Any:
    """Return a client of the scheduler at an address.

    Raises
    ------
    InputError
        If none answers.
    """
    from distributed import Client

    try:
        with ThreadPoolExecutor(1) as aside:  # a notebook has a loop in its own thread
            aside.submit(lambda: asyncio.run(_knock(address))).result()
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # a TypeError if encryption is not set up
        reason = str(error).partition("\n")[0]
        msg = (
            f"--scheduler: found no Dask scheduler at {address} ({reason}); allowed: the address of "
            "one that runs, such as tcp://127.0.0.1:8786"
        )
        raise InputError(msg) from None


async def _knock(address: str) -> None:
    """Insist that somebody can be spoken to; a client that cannot tries for a while to say goodbye."""
    from distributed.comm.core import connect as open_line
    from distributed.security import Security

    line = await open_line(address, timeout=PATIENCE, **Security().get_connection_args("client"))
    line.abort()


def _send_all(address: str, work: Callable[..., Any], calls: Sequence[Call], note: Note) -> None:
    """Live on a cluster; its scheduler begins tasks of dead workers again by itself."""
    from distributed import as_completed

    with connect(address) as client:
        futures = {client.submit(work, *call, pure=False): n for n, call in enumerate(calls)}
        for future in as_completed(futures, loop=client.loop):
            error = future.exception()
            note(futures[future], future.result() if error is None else error, 1)
