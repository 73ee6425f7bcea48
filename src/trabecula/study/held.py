"""Arms held as they were on day 0: what the same bones show when nothing is done to them.

A small bone resorbs at one or two places at a time, so that its rates before day 0 and in any window
are mostly chance. A bone to which nothing is done draws the same chances (draws are keyed), begins
with the same sites, and its expected change is known: none. A held arm gives an endpoint a long
baseline, and in every window tells how far chance has gone from it: a ratio estimator with a control
variate (Lavenberg and Welch 1981, doi:10.1287/mnsc.27.3.322).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trabecula.study.panel import Arm, Panel, Points, Trial

LEAST, MOST = 365.0, 730.0
"""Days that a held arm lives: a year for a baseline, two if the trial is as long."""

SHARES = {
    "res_pct": (30.0, 60.0, 0.8), "acf_ratio": (60.0, 90.0, 0.9),
    "form_pct": (60.0, 90.0, 0.9), "ms_bs_pct": (60.0, 90.0, 0.9),
}  # fmt: skip
"""How much of a held arm's deviation other arms of the same bone have, by observable: all of it up to a
day, from another day on a share. What resorbs in the first weeks and forms in the first months began
before day 0; later shares are slopes over the lives of the panel `calibration`, which hardly fall within
a year (docs/validation.md)."""


def compute_share(observable: str, start: float, end: float) -> float:
    """Return the share (0..1) of a held arm's deviation that an arm has in a window (d).

    It is that of SHARES for a year and fades in the second, about which little is known.

    Parameters
    ----------
    start, end
        Days of the window (d).
    """
    middle = (start + end) / 2.0
    whole, parted, share = SHARES[observable]
    return float(np.interp(middle, (whole, parted, LEAST, MOST), (1.0, share, share, 0.0)))


def hold(arm: Arm, name: str, days: float) -> Arm:
    """Return the arm with the levels of day 0, without what is given or blocked from then on.

    Parameters
    ----------
    days
        How long it is lived (d).
    """
    levels: dict[str, Points] = {}
    for key, points in arm.levels.items():
        at, values = zip(*points, strict=True)
        levels[key] = ((0.0, float(np.interp(0.0, at, values))),)
    return Arm(name, levels, {}, {}, days=days, is_held=True)


def is_steady(arm: Arm) -> bool:
    """Whether nothing changes in an arm from day 0 on."""
    is_level = all(len({value for _, value in points}) == 1 for points in arm.levels.values())
    is_free = not any(share for points in arm.blockade.values() for _, share in points)
    return is_level and is_free and not any(arm.doses.values())


def has_past(arm: Arm) -> bool:
    """Whether something is given before day 0, which wears off whatever is done from then on."""
    return any(day < 0 for points in arm.doses.values() for day, _ in points)


def add_held(panel: Panel) -> Panel:
    """Return the panel with held arms for those whose endpoints they steady.

    Arms with settings of their own or with doses before day 0 have none, nor has a trial with settings
    or a configuration: these may hold prescriptions and courses of any kind, so that nobody knows what
    the bone was before.
    """
    return replace(panel, trials=tuple(map(_add_to_trial, panel.trials)))


def _add_to_trial(trial: Trial) -> Trial:
    if trial.config is not None or trial.settings:
        return trial
    helped = {
        name
        for end in trial.endpoints
        if end.term is not None and SHARES.keys() & set(end.term.observables)
        for name in end.term.arms
    }
    helped -= _find_apart(trial)
    days = max(LEAST, min(MOST, trial.days))
    held: list[Arm] = []
    arms = []
    for arm in trial.arms:
        if arm.name not in helped or arm.reason or arm.settings:
            arms.append(arm)
            continue
        if is_steady(arm) and trial.days >= LEAST:
            arms.append(replace(arm, held=arm.name))
            continue
        fresh = hold(arm, _find_name(trial.arms, held), days)
        same = next((h for h in held if replace(h, name=fresh.name) == fresh), None)
        if same is None:
            held.append(fresh)
        arms.append(replace(arm, held=(same or fresh).name))
    return replace(trial, arms=(*arms, *held))


def _find_apart(trial: Trial) -> set[str]:
    """Return the arms that cannot be held, or not as they were, and all that a term compares with them.

    The chance that two arms share cancels between them; it would not if one had it taken out.
    """
    apart = {arm.name for arm in trial.arms if arm.reason or arm.settings or has_past(arm)}
    terms = [set(end.term.arms) for end in trial.endpoints if end.term is not None]
    while True:
        grown = apart.union(*(arms for arms in terms if arms & apart))
        if grown == apart:
            return apart
        apart = grown


def _find_name(arms: Sequence[Arm], held: Sequence[Arm]) -> str:
    """Return a name that no arm has yet."""
    known = {arm.name for arm in (*arms, *held)}
    number = len(held) + 1
    while f"held {number}" in known:
        number += 1
    return f"held {number}"
