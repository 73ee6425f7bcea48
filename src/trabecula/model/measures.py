"""The measurements as a data set that any of Mesa's recorders can record."""

from collections.abc import Callable
from typing import Any


class MeasureSet:
    """All series of the present state, in the protocol of ``mesa.experimental.data_collection``.

    Parameters
    ----------
    name
        Name in the model's data registry.
    measure
        Gives the present row.
    """

    def __init__(self, name: str, measure: Callable[[], dict[str, float]]) -> None:
        self.name = name
        self._measure: Callable[[], dict[str, float]] | None = measure

    @property
    def data(self) -> dict[str, float]:
        """The present row: numbers by key, in the unit of the metric.

        Raises
        ------
        RuntimeError
            If the data set was closed.
        """
        if self._measure is None:
            msg = f"data set {self.name!r} has been closed"
            raise RuntimeError(msg)
        return self._measure()

    def close(self) -> None:
        """Let go of the model."""
        self._measure = None

    def record(self, recorder: Any, configuration: Any = None) -> "MeasureSet":
        """Have `recorder` record this set."""
        recorder.add_dataset(self, configuration=configuration)
        return self
