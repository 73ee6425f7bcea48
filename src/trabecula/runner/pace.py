"""How often a run makes itself safe: as often as that costs a small share of its time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHARE = 0.02
"""Share of the time that commits may take, 1; one that lasts longer than the last one did costs more."""


FIRST = 0.02
"""What the first commit is taken to cost (s): none is due in a life that is over within a second."""


class Pace:
    """Tells when the next commit is worth its time, from what the last one took.

    Parameters
    ----------
    share
        Largest share of the run's time for commits, 1.
    now
        Clock (s).
    """

    def __init__(self, share: float = SHARE, now: Callable[[], float] = time.monotonic) -> None:
        self._share, self._now = share, now
        self._begun = self._ended = now()
        self._cost = FIRST
        self.count = 0
        self.spent = 0.0

    @property
    def is_due(self) -> bool:
        """Whether so much time has passed since the last commit that another is a small share of it."""
        return (self._now() - self._ended) * self._share >= self._cost * (1.0 - self._share)

    @contextmanager
    def time(self) -> Iterator[None]:
        """Time a commit."""
        begun = self._now()
        yield
        self._ended = self._now()
        self._cost = self._ended - begun
        self.count += 1
        self.spent += self._cost

    def describe(self) -> str:
        """Say what safety has cost so far."""
        whole = self._now() - self._begun
        share = 100.0 * self.spent / whole if whole > 0 else 0.0
        return f"{self.count} commits on the way took {self.spent:.1f} s, {share:.1f} % of the time"
