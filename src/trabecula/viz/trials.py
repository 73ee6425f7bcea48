"""A published trial beside what the model says: courses of its arms, endpoints in their bands."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from trabecula.analysis import compute_running_mean
from trabecula.base.columns import Array
from trabecula.study import Trial, Verdict
from trabecula.study.pool import SERIES, Pool, read_daily
from trabecula.study.scoring import Judged
from trabecula.viz.style import BLACK, CYCLE, GREY, PALE, WIDTH, apply_style

SMOOTH, OF_LONG, OF_SHORT = 30.0, 1.0 / 15.0, 0.25
"""Width of the running mean of the rates (d): a month, or shares of a long and of a short trial."""

YEARS = 1500.0
"""Length of a trial (d) from which its axis counts years."""

YEAR = 365.25

COURSES = (("bvtv_pct", "BV/TV"), ("res_pct", "resorption"), ("form_pct", "formation"))
"""Observables whose courses are drawn, in words."""

MARKS = {Verdict.HIT: "o", Verdict.NEAR: "s", Verdict.UNDETERMINED: "D"}


def draw_trial(trial: Trial, pool: Pool, judged: Sequence[Judged]) -> Any:
    """Draw the courses of the arms that were lived, and every endpoint with its band.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    shown = [one for one in judged if one.endpoint.term is not None and one.endpoint.has_band]
    name, unit = ("y", YEAR) if trial.days >= YEARS else ("d", 1.0)
    with apply_style() as make_figure:
        heights = (2.0, 0.26 * max(1, len(shown)) + 0.6)
        figure = make_figure(figsize=(WIDTH, sum(heights)), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=heights)
        for column, (observable, label) in enumerate(COURSES):
            axis = above.add_subplot(1, 3, column + 1)
            for color, arm in zip(CYCLE * 3, trial.shown_arms, strict=False):
                runs = pool.get_runs(arm.name)
                if runs:
                    time, values = compute_course(pool, arm.name, observable, trial.days)
                    axis.plot(time / unit, values, color=color, label=arm.name)
            axis.axhline(0.0, color=GREY, lw=0.6)
            axis.set_xlabel(f"time ({name})")
            axis.set_ylabel(f"change of\n{label} (%)")
            if column == 0 and pool.count:
                above.legend(loc="outside upper left", ncols=4, frameon=False)
        _draw_endpoints(below.add_subplot(), shown)
    return figure


def compute_course(pool: Pool, arm: str, observable: str, days: float) -> tuple[Array, Array]:
    """Return days (d) and changes (%) of an observable against what its endpoints are compared with.

    Both of shape (day,), all bones as one; `days` is the length of the trial (d).
    """
    runs = pool.get_runs(arm)
    time = runs[0].time
    key = SERIES.get(observable, "bv_tv")
    total: Array = np.mean([read_daily(run, key) for run in runs], axis=0)
    if key == "bv_tv":
        base = np.full(len(time), total[np.flatnonzero(time <= 0)[-1]])
    else:
        width = min(max(SMOOTH, OF_LONG * days), OF_SHORT * days)
        base = pool.follow_base(arm, observable, width)
        total = compute_running_mean(time, total, width)
    shown = (time >= max(-90.0, -days / 4.0)) & (base > 0.0)
    change: Array = 100.0 * (total[shown] / base[shown] - 1.0)
    return time[shown], change


def _draw_endpoints(axis: Any, shown: Sequence[Judged]) -> None:
    """Draw bands as bars and what was found as marks; each row in units of its half-band."""
    for row, one in enumerate(reversed(shown)):
        low, high = one.endpoint.band
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        axis.barh(row, 2.0, left=-1.0, height=0.6, color=PALE, zorder=0)
        if math.isfinite(one.found.value):
            at = (one.found.value - middle) / half
            reach = one.found.reach / half if math.isfinite(one.found.reach) else 0.0
            mark, color = MARKS.get(one.verdict, "X"), BLACK if one.endpoint.required else GREY
            axis.errorbar(
                np.clip(at, -3.9, 3.9), row, xerr=reach, fmt=mark, color=color, ms=4, lw=0.8
            )
        end = one.endpoint
        published = _shorten(f" (published {end.published})", 34) if end.published else ""
        words = f"{one.verdict}: {low:g} to {high:g}{published}"
        place = ("axes fraction", "data")
        axis.annotate(words, (1.01, row), xycoords=place, fontsize=7, va="center")
    axis.set_yticks(range(len(shown)), [_shorten(one.endpoint.title) for one in reversed(shown)])
    axis.set_xlim(-4.0, 4.0)
    axis.set_ylim(-0.6, max(1, len(shown)) - 0.4)
    axis.set_xlabel("found, with 95 % interval (half-widths of the published band, shaded)")
    axis.axvline(0.0, color=GREY, lw=0.6)


def _shorten(text: str, most: int = 44) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
