"""Later days 0 of the same bone: what short windows need most, and where a bone has more of it.

A small bone resorbs at one or two places at a time. Which they are is mostly chance, and other ones
some weeks later: a held arm (``held.py``), in which nothing changes, is a stock of days 0 that need no
spin-up. An endpoint of the first months is read from several of them, every arm from the same ones;
they are samples of one bone, so that standard errors leave out bones, not days 0.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from trabecula.study.held import SHARES
from trabecula.study.panel import Arm, Endpoint, Panel, Trial
from trabecula.study.pool import SITE_WINDOW, WINDOW, find_width
from trabecula.study.terms import When

GAP = 45.0
"""Days from one day 0 to the next: a site resorbs for a month, so that most sites are others."""

REACH = 200.0
"""Last day of a window (d) up to which an endpoint is read from later days 0, too: beyond it another
bone costs as much and tells more."""


class _Asked:
    """An observer that notes what it is asked; its answers differ, so that no term divides by 0."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, When]] = []
        self.is_dated = True

    def observe(self, observable: str, arm: str, when: When) -> float:
        self.seen.append((observable, arm, when))
        return 1.0 + 0.1 * len(self.seen)

    def find_first_day(self, observable: str, arm: str, level: float, when: When) -> float:
        self.is_dated = False
        return when.day


def find_needs(endpoint: Endpoint, trial: Trial) -> Mapping[str, float]:
    """Return up to which day (d) an endpoint reads its arms; empty if it reads the first day 0 only.

    That is so if it reads more than rates and bone volume, a baseline of its own, or a late window, or
    if an arm has no held arm to begin from.
    """
    if endpoint.term is None:
        return {}
    asked = _Asked()
    endpoint.term.compute(asked)
    seen = asked.seen
    if not asked.is_dated or not any(observable in SHARES for observable, _, _ in seen):
        return {}
    needs: dict[str, float] = {}
    for observable, name, when in seen:
        is_own = when.reference is not None or (when.since or 0.0) > 0.0
        if is_own or observable not in (*SHARES, "bvtv_pct"):
            return {}
        if not can_repeat(trial.get_arm(name), trial):
            return {}
        needs[name] = max(needs.get(name, 0.0), _find_last(observable, when, trial.days))
    return needs if max(needs.values()) <= REACH else {}


def _find_last(observable: str, when: When, days: float) -> float:
    """Return the last day (d) of a window, at most the trial's last."""
    if observable == "bvtv_pct":
        half = 0.0 if when.width is None else when.width / 2.0
    else:
        half = find_width(when, SITE_WINDOW if observable == "acf_ratio" else WINDOW) / 2.0
    return math.ceil(min(max(when.day, 0.0) + half, days))


def can_repeat(arm: Arm, trial: Trial) -> bool:
    """Whether an arm can begin again from its held arm: it is what the bone was before day 0."""
    if not arm.held or arm.reason or arm.settings or arm.is_held:
        return False
    # One held by itself is as long as the trial, and keeps no states.
    return trial.get_arm(arm.held).is_held


def measure_needs(trial: Trial) -> dict[str, float]:
    """Return up to which day (d) later days 0 are lived, by arm, for all endpoints that read them."""
    needs: dict[str, float] = {}
    for endpoint in trial.endpoints:
        for name, day in find_needs(endpoint, trial).items():
            needs[name] = max(needs.get(name, 0.0), day)
    return needs


def lengthen_held(panel: Panel, starts: int) -> Panel:
    """Return the panel; held arms live as long as `starts` days 0 need, if their trials read them."""
    return replace(panel, trials=tuple(_lengthen(trial, starts) for trial in panel.trials))


def _lengthen(trial: Trial, starts: int) -> Trial:
    needs = measure_needs(trial)
    arms = []
    for arm in trial.arms:
        served = [day for name, day in needs.items() if trial.get_arm(name).held == arm.name]
        if arm.is_held and served and starts > 1:
            days = (starts - 1) * GAP + max(served)
            arms.append(replace(arm, days=max(days, arm.days or 0.0)))
        else:
            arms.append(arm)
    return replace(trial, arms=tuple(arms))
