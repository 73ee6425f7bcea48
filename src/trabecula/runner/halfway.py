"""A state on its way to day 0, kept now and then: a stop or a crash in a spin-up costs little."""

import hashlib

from trabecula.model import TrabeculaModel
from trabecula.runner.cache import StateCache
from trabecula.runner.pace import Pace
from trabecula.state import State


class Halfway:
    """Keeps a state of a phase in the cache while it is lived, as often as that costs little time.

    Parameters
    ----------
    digest
        Of the state that the phase ends with.
    made_from
        What else decides the state, such as the structure that was asked for.
    """

    def __init__(self, cache: StateCache, digest: str, made_from: str = "") -> None:
        self._cache, self._pace = cache, Pace()
        self.notes: list[str] = []
        self._digest = hashlib.sha256(f"{digest} halfway {made_from}".encode()).hexdigest()

    def find(self) -> tuple[State, list[str]] | None:
        """Return the state that was kept last and its notes; None if there is none."""
        return self._cache.load(self._digest)

    def keep_in_time(self, model: TrabeculaModel) -> None:
        """Keep the state if enough time has passed since the last one."""
        if self._pace.is_due:
            self.keep(model)

    def keep(self, model: TrabeculaModel) -> None:
        """Keep the state."""
        with self._pace.time():
            self._cache.store(self._digest, model.state, self.notes)

    def drop(self) -> None:
        """Forget it: the phase has come to its end."""
        self._cache.find_entry(self._digest).unlink(missing_ok=True)
