"""What a run came to."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class RunSummary:
    """What a run came to.

    Parameters
    ----------
    folder
        Its folder.
    name
        Its name.
    days
        Days lived after day 0 (d).
    volume
        Tissue volume (mm^3).
    bv_tv_specimen
        Bone volume fraction of the specimen before it lived.
    bv_tv_start
        Bone volume fraction on day 0.
    bv_tv_end
        Bone volume fraction at the end.
    seconds
        Wall time by phase (s): specimen, spin-up, settle, run.
    from_cache
        Phases that were read from the cache of states.
    notes
        What is to be known: changes of the specimen, misses.
    """

    folder: Path
    name: str
    days: float = 0.0
    volume: float = 0.0
    bv_tv_specimen: float = 0.0
    bv_tv_start: float = 0.0
    bv_tv_end: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    from_cache: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def days_per_second(self) -> float:
        """Simulated days per second of wall time after day 0."""
        return self.days / max(self.seconds.get("run", 0.0), 1e-9)

    @property
    def volume_years_per_hour(self) -> float:
        """Speed after day 0 (mm^3 yr per hour of wall time)."""
        return self.volume * self.days / 365.25 / max(self.seconds.get("run", 0.0), 1e-9) * 3600.0
