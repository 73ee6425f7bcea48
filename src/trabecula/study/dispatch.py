"""Orders to workers and outcomes back, whatever becomes of the workers."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from trabecula.records.statusfile import read_status
from trabecula.study.cluster import Workers
from trabecula.study.worker import Order, Outcome, describe_error, live_point

if TYPE_CHECKING:
    from distributed import Future

WINDOW = 64
"""Orders that are with the scheduler at least, if there are so many."""

PAUSE = 0.05
"""Time between two looks at what has come back (s)."""

LOOK = 5.0
"""Time between two looks at the folders of runs under way (s)."""

GRACE = 20.0
"""Time that runs get to be saved when the sweep is asked to stop (s)."""

FRUITLESS = 10
"""Workers that may die with an order before it was begun, for each that may die after."""


class Note(NamedTuple):
    """Who is told: of an outcome when it comes, and of shares lived a few times a second."""

    outcome: Callable[[Order, Outcome], None]
    tick: Callable[[Mapping[str, float]], None]


class Dispatch:
    """Gives orders to workers until each has an outcome.

    Parameters
    ----------
    deaths
        Workers that one run may take with it.
    """

    def __init__(self, workers: Workers, orders: list[Order], deaths: int) -> None:
        self._workers, self._deaths = workers, deaths
        self._waiting = deque(orders)
        self._flying: dict[Future[Outcome], Order] = {}
        self._sent: dict[str, int] = {}
        self._shares: dict[str, float] = {}
        self._looked = 0.0

    def live(self, note: Note) -> None:
        """Live all orders.

        Raises
        ------
        WorkersError
            If the scheduler goes away for good, or no worker can be started.
        KeyboardInterrupt
            If asked to stop; runs under way are told to leave, and waited for a while.
        """
        try:
            while self._waiting or self._flying:
                self._workers.tend()
                if self._workers.is_here:
                    self._send()
                    self._collect(note)
                note.tick(self._look())
                time.sleep(PAUSE)
        except KeyboardInterrupt:
            self._stop(note)
            raise

    def _send(self) -> None:
        room = max(WINDOW, 2 * self._workers.count_threads()) - len(self._flying)
        for _ in range(min(room, len(self._waiting))):
            order = self._waiting.popleft()
            sent = self._sent[order.digest] = self._sent.get(order.digest, 0) + 1
            key = f"trabecula-{order.digest[:16]}-{order.session}-{sent}"
            future = self._workers.client.submit(live_point, order, key=key, pure=False)
            self._flying[future] = order

    def _collect(self, note: Note) -> None:
        """Take in what has come back; an order whose worker died goes out again."""
        for future in [future for future in self._flying if future.done()]:
            order = self._flying.pop(future)
            outcome = self._read(future, order)
            if outcome is None:
                self._waiting.append(order)
            else:
                self._workers.note_outcome()
                note.outcome(order, outcome)

    def _read(self, future: "Future[Outcome]", order: Order) -> Outcome | None:
        from distributed import KilledWorker

        if future.status in ("cancelled", "lost"):
            return None  # the scheduler was away for a while
        if future.status == "finished":
            outcome: Outcome = future.result()
            return outcome
        error = future.exception()
        if not isinstance(error, KilledWorker):
            return Outcome("failed", 0.0, describe_error(error))
        if self._sent[order.digest] > FRUITLESS * self._deaths:
            return Outcome("failed", 0.0, f"workers died before this run began: {error}")
        return None  # the journal of the run tells the next worker how many died of it

    def _look(self) -> Mapping[str, float]:
        """Return how much has been lived of the runs under way, as their last commits say."""
        now = time.monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            self._shares = {order.digest: _read_share(order) for order in self._flying.values()}
        return self._shares

    def _stop(self, note: Note) -> None:
        """Take back what was not begun, and give what was a while to be saved."""
        self._waiting.clear()
        if not self._flying:
            return
        stop_file = next(iter(self._flying.values())).stop_file
        stop_file.touch()
        try:
            end = time.monotonic() + GRACE
            while self._flying and time.monotonic() < end and self._workers.is_here:
                self._waiting.clear()  # what a dying worker lets go of is not sent again
                self._collect(note)
                time.sleep(PAUSE)
            if self._workers.is_here:
                self._workers.client.cancel(list(self._flying))
        finally:
            stop_file.unlink(missing_ok=True)


def _read_share(order: Order) -> float:
    status = read_status(order.path)
    day, until = status.get("time", 0.0), status.get("until", 0.0)
    return min(1.0, max(0.0, day / until)) if until else 0.0
