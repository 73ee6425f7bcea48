"""How many bones of what size a trial will need: what its endpoints ask for, what chance does to them.

What chance does was measured on bones (``benchmarks/pairing.py``): the standard deviation of every
observable of 1 mm^3 of bone, by day and window, and how much of it two arms share that branch from
one bone. How an endpoint follows its observables is found by moving each a little around what the
ledger without space expects of the arms. It is a plan: the error that counts is that of the bones.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.analysis.expectation import THROUGHPUT
from trabecula.study.adaptive import LEAST, MOST
from trabecula.study.held import LEAST as LEAST_HELD
from trabecula.study.held import MOST as MOST_HELD
from trabecula.study.held import is_steady
from trabecula.study.ledger import Ledger, load_frozen
from trabecula.study.onsets import find_needs, measure_needs
from trabecula.study.panel import Endpoint, Trial
from trabecula.study.pool import SITE_WINDOW, SITES, WINDOW, Pool, find_width
from trabecula.study.repeating import FACTOR
from trabecula.study.terms import Observer, When
from trabecula.study.trials import Sampling, compute_prelude, compute_unit_cost

MEASURED = Path(__file__).parent / "noise.json"
"""What was measured."""

EDGES = (48, 128)
"""Least and largest edge (voxels) that a plan proposes."""

FEW = 6
"""Bones that a plan takes at least, so that their spread is known: larger ones rather than fewer."""

NUDGE = 1e-3
"""How far an observable is moved, relative to its size or to 1."""

type Seen = tuple[str, str, When]


@dataclass(frozen=True)
class Foreseen:
    """What is expected of one endpoint.

    Parameters
    ----------
    volume
        Bone of every arm (mm^3) with which its error is as small as asked for; NaN if not known.
    error
        Standard error (unit of the observable) with the bones of the plan; NaN if not known.
    starts
        Days 0 of each bone that it will be read from.
    """

    endpoint: Endpoint
    volume: float
    error: float
    starts: int = 1


@dataclass(frozen=True)
class Plan:
    """Bones and edge of one trial, what they cost, and what to expect."""

    trial: Trial
    bones: int
    edge: int
    core_hours: float
    endpoints: tuple[Foreseen, ...]


@lru_cache(maxsize=1)
def load_noise() -> dict[str, Any]:
    """Return what was measured: rows of day, window, deviation and correlation by observable."""
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found


def look_up(observable: str, when: When) -> tuple[float, float]:
    """Return deviation (of 1 mm^3, unit of the observable) and correlation between arms.

    The nearest that was measured, by ratios of days and windows; noise of a window that is shorter or
    longer goes with the root of its width. NaN where nothing was measured.
    """
    rows = load_noise()["observables"].get(observable, ())
    if not rows:
        return math.nan, 0.0
    usual = SITE_WINDOW if observable in SITES or observable == "acf_ratio" else WINDOW
    width = find_width(when, usual)
    day = max(when.day - (when.since or 0.0), 1.0)

    def distance(row: Mapping[str, float]) -> float:
        near = abs(math.log(row["day"] / day))
        return near + (abs(math.log(row["window"] / width)) if row["window"] else 0.0)

    row = min(rows, key=distance)
    is_change = observable == "bvtv_pct"
    scale = math.sqrt(day / row["day"]) if is_change else math.sqrt(row["window"] / width)
    return row["sd"] * scale, row["correlation"]


class _Nudged:
    """An observer that notes what it was asked, and moves one of the answers."""

    def __init__(self, inner: Observer, target: Seen | None = None) -> None:
        self._inner, self._target = inner, target
        self.seen: dict[Seen, float] = {}

    def observe(self, observable: str, arm: str, when: When) -> float:
        """Return an observable, moved if it is the one."""
        value = self._inner.observe(observable, arm, when)
        key = (observable, arm, when)
        self.seen[key] = value
        return value + NUDGE * max(1.0, abs(value)) if key == self._target else value

    def find_first_day(self, observable: str, arm: str, level: float, when: When) -> float:
        """Return the first day; it is not moved."""
        return self._inner.find_first_day(observable, arm, level, when)


def find_left(trial: Trial, seen: Seen) -> float:
    """Return the share (0..1) of an observable's deviation that is left beside a held arm.

    It was measured within a year (``benchmarks/plan_errors.py``) and is taken to fade in the second, as
    what held arms share does; 1 where none is held, and 0 where nothing changes.
    """
    observable, name, when = seen
    arm = trial.get_arm(name)
    left = load_noise()["left_beside_held"].get(observable)
    if left is None or not arm.held or when.is_raw or when.since is not None or when.reference:
        return 1.0
    if is_steady(arm):
        return 0.0
    return float(np.interp(when.day, (LEAST_HELD, MOST_HELD), (left, 1.0)))


def compute_deviation(endpoint: Endpoint, expected: Observer, trial: Trial) -> float:
    """Return the standard deviation of an endpoint of 1 mm^3 of bone an arm; NaN if not known."""
    term = endpoint.term
    if term is None or not term.is_smooth:
        return math.nan
    plain = _Nudged(expected)
    value = term.compute(plain)
    parts: list[tuple[Seen, float, float]] = []
    for key, at in plain.seen.items():
        slope = (term.compute(_Nudged(expected, key)) - value) / (NUDGE * max(1.0, abs(at)))
        deviation, shared = look_up(key[0], key[2])
        deviation *= find_left(trial, key)
        if key[2].is_raw and key[0].endswith("_pct"):  # a rate as it is, its noise in percent of it
            deviation *= abs(at) / 100.0
        if key[0] == "bvtv_pct" and key[2].day <= 0:
            deviation = 0.0
        parts.append((key, slope * deviation, shared))
    variance = sum(part * part for _, part, _ in parts)
    for index, (key, part, shared) in enumerate(parts):
        for other, theirs, _ in parts[:index]:
            if (other[0], other[2]) == (key[0], key[2]):  # the same of another arm
                variance += 2.0 * part * theirs * shared
    return math.sqrt(max(variance, 0.0)) if math.isfinite(variance) else math.nan


def make_plan(
    trial: Trial, sampling: Sampling, bones: int | None = None, edge: int | None = None
) -> Plan:
    """Choose bones and edge of a trial, and foresee how many days 0 of each its endpoints will need.

    Parameters
    ----------
    bones, edge
        Where they are fixed; chosen if None.
    """
    parameters, _ = load_frozen()
    ledger = Ledger(parameters)
    expected = Pool({arm.name: [ledger.live(trial, arm)] for arm in trial.used_arms})
    deviations = [compute_deviation(end, expected, trial) for end in trial.endpoints]
    volumes = [
        (deviation / end.goal) ** 2 if end.goal > 0 else math.nan
        for deviation, end in zip(deviations, trial.endpoints, strict=True)
    ]
    shared = [
        volume / (sampling.starts if find_needs(end, trial) else 1)
        for volume, end in zip(volumes, trial.endpoints, strict=True)
    ]
    most = max((volume for volume in shared if math.isfinite(volume)), default=0.0)
    chosen_edge = edge or _choose_edge(most / (bones or FEW))
    one = (chosen_edge * 0.02) ** 3
    count = bones or min(MOST, max(LEAST, math.ceil(most / one)))
    size = Sampling(count, chosen_edge, sampling.settle, sampling.sets, sampling.starts)
    foreseen = tuple(
        _foresee(trial, end, volume, deviation, size)
        for end, volume, deviation in zip(trial.endpoints, volumes, deviations, strict=True)
    )
    years = compute_prelude(trial, size) + compute_unit_cost(trial, size)
    years += _count_later(trial, foreseen) / 365.25 * one
    return Plan(trial, count, chosen_edge, years * count / THROUGHPUT, foreseen)


def _foresee(
    trial: Trial, end: Endpoint, volume: float, deviation: float, size: Sampling
) -> Foreseen:
    """Return what is expected of an endpoint, with as many days 0 as it will be given."""
    whole, starts = size.bones * size.volume, 1
    if find_needs(end, trial):
        while starts < size.starts and whole * starts < volume:
            starts = min(size.starts, FACTOR * starts)
    return Foreseen(end, volume, deviation / math.sqrt(whole * starts), starts)


def _count_later(trial: Trial, foreseen: Sequence[Foreseen]) -> float:
    """Return how long the arms of one bone are lived from later days 0 (d)."""
    counts: dict[str, int] = {}
    for one in foreseen:
        for name in find_needs(one.endpoint, trial):
            counts[name] = max(counts.get(name, 1), one.starts)
    needs = measure_needs(trial)
    moved = [name for name in counts if not is_steady(trial.get_arm(name))]
    return sum((counts[name] - 1) * needs[name] for name in moved)


def _choose_edge(volume: float) -> int:
    """Return the edge (voxels of 20 um) of a bone of about this volume (mm^3), a multiple of 8."""
    edge = 8 * math.ceil(max(volume, 1e-9) ** (1.0 / 3.0) / 0.02 / 8.0)
    return int(min(max(edge, EDGES[0]), EDGES[1]))
