"""Time in whole steps: a float that is added up drifts, an integer does not."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Counts steps; negative time is spin-up.

    Parameters
    ----------
    step
        Steps lived since the beginning of spin-up; also the word that keys random draws.
    zero
        Step at which day 0 lies.
    length
        Length of a step (d).
    """

    step: int = 0
    zero: int = 0
    length: float = 1.0

    @property
    def time(self) -> float:
        """Time relative to day 0 (d)."""
        return (self.step - self.zero) * self.length

    def is_due(self, interval: float) -> bool:
        """Whether a process with this interval (d) runs in the present step."""
        return self.step % max(1, round(interval / self.length)) == 0
