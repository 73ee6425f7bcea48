"""From estimates to verdicts, from verdicts to scores."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from trabecula.study.panel import Endpoint
from trabecula.study.pool import LEVELS, Estimate
from trabecula.study.terms import Observer, When

ZERO = 1e-9
"""Value below which nothing has changed."""

STILL = 0.01
"""Share of a band's half-width below which nothing has changed either."""

DEPTH = 47.0
"""Erosion depth (um) of every site of rivals without space (doi:10.1359/jbmr.1999.14.7.1217)."""


class Verdict(StrEnum):
    """What becomes of an endpoint."""

    HIT = "hit"
    NEAR = "near"
    MISS = "miss"
    WRONG_SIGN = "wrong sign"
    UNDETERMINED = "undetermined"
    MEASURED = "measured"
    NOT_SCORABLE = "not scorable"
    NOT_LIVED = "not lived"


SCORES = {
    Verdict.HIT: 1.0,
    Verdict.NEAR: 0.5,
    Verdict.UNDETERMINED: 0.5,
    Verdict.NOT_LIVED: 0.5,
    Verdict.MISS: 0.0,
    Verdict.WRONG_SIGN: 0.0,
}
"""Score of a verdict; the others do not count."""


@dataclass(frozen=True)
class Judged:
    """An endpoint with what was found."""

    endpoint: Endpoint
    found: Estimate
    verdict: Verdict

    @property
    def counts(self) -> bool:
        """Whether it is in the score, lived or not: it is required, and has a band to be judged by."""
        return self.endpoint.required and self.endpoint.has_band and self.verdict in SCORES

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values."""
        end = self.endpoint
        band = [value if math.isfinite(value) else None for value in end.band]
        return {
            "what": end.title, "term": end.term.text if end.term else None, "reason": end.reason,
            "published": end.published, "band": band, "required": end.required,
            **self.found.to_mapping(), "verdict": str(self.verdict),
        }  # fmt: skip


def judge(endpoint: Endpoint, found: Estimate) -> Verdict:
    """Compare an estimate with its band.

    In the band: hit. Outside by less than half the band's half-width, on the right side of zero: near.
    What has not changed by a hundredth of the half-width is on no side of it.
    With a standard error above half the half-width, or that is not known (one bone), or without a
    value, nothing is said. Without a band it is only measured.
    """
    if endpoint.term is None:
        return Verdict.NOT_SCORABLE
    if found.count == 0:
        return Verdict.NOT_LIVED
    if not endpoint.has_band:
        return Verdict.MEASURED
    low, high = endpoint.band
    half = (high - low) / 2.0
    is_known = math.isfinite(found.value)  # bones too small may have nothing to compare with
    if not is_known or not found.error <= endpoint.goal:
        return Verdict.UNDETERMINED
    if low <= found.value <= high:
        return Verdict.HIT
    middle = (low + high) / 2.0
    is_signed = low >= 0 or high <= 0  # a fold or a ratio has no wrong side: it is never negative
    if is_signed and abs(found.value) < max(ZERO, STILL * half):
        return Verdict.MISS  # no change at all is on no side
    if is_signed and found.value * middle < 0:
        return Verdict.WRONG_SIGN
    beyond = low - found.value if found.value < low else found.value - high
    return Verdict.NEAR if beyond < half / 2.0 else Verdict.MISS


def judge_exact(endpoint: Endpoint, observer: Observer) -> Judged:
    """Judge what a model without chance shows; what it cannot say is missed."""
    if endpoint.term is None:
        return Judged(endpoint, Estimate(math.nan, math.nan, 0), Verdict.NOT_SCORABLE)
    found = Estimate(endpoint.term.compute(observer), 0.0, 1)
    verdict = judge(endpoint, found)
    is_known = math.isfinite(found.value) or verdict == Verdict.MEASURED
    return Judged(endpoint, found, verdict if is_known else Verdict.MISS)


class Nothing:
    """An observer to whom nothing changes: no per cent, every ratio one, sites as they are."""

    def observe(self, observable: str, arm: str, when: When) -> float:
        """Return 0 for a change, 1 for a ratio, the middle of evidence for a depth (um)."""
        if observable.endswith(("_fold", "_ratio")) or when.is_raw:
            return 1.0
        if observable in LEVELS:
            return math.nan  # no model of bone says what is in serum
        return DEPTH if observable.endswith("_um") else 0.0

    def find_first_day(self, observable: str, arm: str, level: float, when: When) -> float:
        """Return NaN (d): nothing is ever beyond a `level`, whatever its unit."""
        return math.nan


def score_trial(judged: Sequence[Judged]) -> float:
    """Return the mean score of the required entries that count, NaN if none does.

    An entry that names several arms scores the mean of theirs.
    """
    counted = [(j.endpoint.weight, SCORES[j.verdict]) for j in judged if j.counts]
    weight = sum(one for one, _ in counted)
    return sum(one * score for one, score in counted) / weight if weight else math.nan


class Hits(NamedTuple):
    """How many endpoints are required and can be scored, are determined, hit, and were not lived."""

    required: int
    determined: int
    hit: int
    not_lived: int

    def __str__(self) -> str:
        """Return the count in words."""
        missing = (
            f", {self.not_lived} of them not lived (each counts half)" if self.not_lived else ""
        )
        return (
            f"{self.hit} of {self.determined} determined endpoints hit, of {self.required} required"
            f"{missing}"
        )


def count_hits(trials: Mapping[str, Sequence[Judged]]) -> Hits:
    """Count the required endpoints of a panel.

    Undetermined ones and those that were not lived score half, whatever the model is.
    """
    found = [one.verdict for judged in trials.values() for one in judged if one.counts]
    missing = found.count(Verdict.NOT_LIVED)
    determined = len(found) - missing - found.count(Verdict.UNDETERMINED)
    return Hits(len(found), determined, found.count(Verdict.HIT), missing)


def score_panel(trials: Mapping[str, Sequence[Judged]]) -> float:
    """Return the mean score (0..1) of the trials that have one; NaN if none has."""
    scores = [score for score in map(score_trial, trials.values()) if math.isfinite(score)]
    return sum(scores) / len(scores) if scores else math.nan
