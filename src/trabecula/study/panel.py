"""Panels of published trials: arms with levels and doses, endpoints with bands."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trabecula.base.errors import ConfigError, Problem
from trabecula.config.populationschema import Variation
from trabecula.study.terms import Term

type Points = tuple[tuple[float, float], ...]

PANELS = Path(__file__).parent / "panels"

PRECISE = 0.5
"""Standard error, relative to half the band, above which an endpoint is undetermined."""


def list_panels() -> list[str]:
    """Return the names of the panels that come with the program."""
    return sorted(path.stem for path in PANELS.glob("*.yaml"))


@dataclass(frozen=True)
class Arm:
    """What one group of a trial got.

    Parameters
    ----------
    levels, doses, blockade
        Series by the names of a configuration: (day, value), in the units of the panel's keys.
    settings
        Any other keys of a configuration, by dotted path.
    reason
        Why it cannot be lived, if so.
    held
        Name of the arm that shows the same bones with nothing done to them; empty if there is none.
    days
        How long it is lived (d); None: as long as the trial.
    is_held
        Whether it is such an arm, added to those of the panel.
    reference
        First and last day of a baseline of its own (d); None for that of the trial.
    """

    name: str
    levels: Mapping[str, Points]
    doses: Mapping[str, Points]
    blockade: Mapping[str, Points]
    settings: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    held: str = ""
    days: float | None = None
    is_held: bool = False
    reference: tuple[float, float] | None = None

    def to_hormones(self) -> dict[str, Any]:
        """Return the block ``hormones`` of a configuration."""
        blocks = {"levels": self.levels, "doses": self.doses, "blockade": self.blockade}
        return {
            name: {key: [list(point) for point in points] for key, points in block.items()}
            for name, block in blocks.items()
            if block
        }


@dataclass(frozen=True)
class Endpoint:
    """What was measured, and between what limits the simulated mean must lie.

    Parameters
    ----------
    label
        What is measured of which arm, in the panel's words.
    term
        The same as a term that can be computed; None if it cannot.
    reason
        Why it cannot be scored, if so.
    band
        Limits of the mean, in the unit of the observable; NaN where it is only measured.
    required
        Whether it counts in the score of its trial.
    published
        The published value, in words.
    precision
        Standard error that is asked for where there is no band, in the unit of the observable.
    day
        Centre of its window (d), NaN where its own words tell the days.
    weight
        Part of the entry that it is in the panel: 1, or less where the entry names several arms.
    """

    label: str
    term: Term | None
    reason: str
    band: tuple[float, float]
    required: bool
    published: str
    precision: float = math.nan
    day: float = math.nan
    weight: float = 1.0

    @property
    def title(self) -> str:
        """What is measured of which arm, and when."""
        return f"{self.label}, day {self.day:g}" if math.isfinite(self.day) else self.label

    @property
    def has_band(self) -> bool:
        """Whether there is something to be judged by."""
        return math.isfinite(self.band[0])

    @property
    def goal(self) -> float:
        """Largest standard error with which it counts as determined; NaN if none is asked for."""
        if self.term is None:
            return math.nan
        return PRECISE * (self.band[1] - self.band[0]) / 2.0 if self.has_band else self.precision


@dataclass(frozen=True)
class Trial:
    """One row of a panel.

    Parameters
    ----------
    age
        Of the patients on day 0 (y).
    days
        Duration from day 0 on (d).
    notes
        What had to be assumed, and what was not read.
    config
        Configuration from which every arm begins, if one is named.
    settings
        Keys of a configuration that all arms share, by dotted path.
    variation
        What differs between patients, of whom each bone is one; None if bones differ by chance alone.
    """

    id: str
    title: str
    source: str
    sex: str
    age: float
    days: float
    arms: tuple[Arm, ...]
    endpoints: tuple[Endpoint, ...]
    notes: tuple[str, ...]
    config: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    variation: Variation | None = None

    def get_arm(self, name: str) -> Arm:
        """Return an arm by name."""
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def used_arms(self) -> tuple[Arm, ...]:
        """Arms that some endpoint reads, and those that are held beside them."""
        read = {name for end in self.endpoints if end.term for name in end.term.arms}
        read |= {arm.held for arm in self.arms if arm.name in read}
        return tuple(arm for arm in self.arms if arm.name in read)

    @property
    def shown_arms(self) -> tuple[Arm, ...]:
        """Arms of the panel that some endpoint reads."""
        return tuple(arm for arm in self.used_arms if not arm.is_held)

    def get_days(self, name: str) -> float:
        """Return how long an arm is lived (d)."""
        days = self.get_arm(name).days
        return self.days if days is None else days

    def give_up(self, reasons: Mapping[str, str]) -> "Trial":
        """Return the trial with arms that cannot be lived, and why; who reads them is not scorable."""
        arms = tuple(
            replace(arm, reason=reasons[arm.name]) if arm.name in reasons else arm
            for arm in self.arms
        )
        return replace(self, arms=arms, endpoints=drop_unlived(self.endpoints, arms))


def drop_unlived(endpoints: Sequence[Endpoint], arms: Sequence[Arm]) -> tuple[Endpoint, ...]:
    """Return the endpoints; those that read an arm which cannot be lived are not scorable."""
    reasons = {arm.name: arm.reason for arm in arms if arm.reason}

    def drop(end: Endpoint) -> Endpoint:
        bad = [name for name in end.term.arms if name in reasons] if end.term else []
        if not bad:
            return end
        return replace(end, term=None, reason=f"arm {bad[0]} cannot be lived: {reasons[bad[0]]}")

    return tuple(map(drop, endpoints))


@dataclass(frozen=True)
class Panel:
    """Published trials, in the order of their file."""

    path: Path
    trials: tuple[Trial, ...]

    def choose(self, only: Sequence[str]) -> "Panel":
        """Return the panel of the trials named, or of all if none is.

        Raises
        ------
        ConfigError
            If there is no such trial.
        """
        known = [trial.id for trial in self.trials]
        unknown = [name for name in only if name not in known]
        if unknown:
            problem = Problem("--only", "trial", ", ".join(unknown), ", ".join(known))
            raise ConfigError([problem])
        return Panel(self.path, tuple(t for t in self.trials if not only or t.id in only))
