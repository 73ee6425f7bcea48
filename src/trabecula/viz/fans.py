"""Fan charts: medians of a virtual population with their predictive intervals, and what these are of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trabecula.model.metrics import METRICS
from trabecula.study.cohort import CHANGE, LEVEL
from trabecula.study.forecast import BOTH, PATIENTS, Course
from trabecula.study.predictive import SHARES
from trabecula.viz.captions import add_caption
from trabecula.viz.style import (
    BLUE,
    CYCLE,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    WIDTH,
    apply_style,
)

ROW_HEIGHT = 2.1
BAR_HEIGHT = 0.24
MOST_POINTS = len(CYCLE)
"""Points that one chart can tell apart."""

COLOURS = {
    "parameters": VERMILION, "patients": BLUE, "interaction": PURPLE, "chance": ORANGE,
    "together": SKY,
}  # fmt: skip
"""Of the parts of a variance."""

WORDS = {
    "parameters": "uncertain parameters", "patients": "patients",
    "interaction": "patients x parameters", "chance": "chance of a life",
    "together": "not told apart",
}  # fmt: skip


def draw_fans(courses: Sequence[Course], variance: Sequence[Mapping[str, Any]] = ()) -> Any:
    """Draw every series as a fan for each point, differences beside it, and bars of the variance.

    Parameters
    ----------
    courses
        Predictive intervals of series.
    variance
        Rows of the table of variance; no bars if none.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    rows = _choose_rows(courses)
    has_pairs = any(course.side.against for course in courses)
    shown = [row for row in variance if row["sd"]]
    heights = [ROW_HEIGHT] * len(rows)
    heights += [BAR_HEIGHT * len(shown) + 0.7] if shown else []
    columns = 2 if has_pairs else 1
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, sum(heights) + 0.6), layout="constrained")
        grid = figure.add_gridspec(len(heights), columns, height_ratios=heights)
        for number, (key, kind) in enumerate(rows):
            mine = [one for one in courses if (one.key, one.kind) == (key, kind)]
            for column in range(columns):
                axis = figure.add_subplot(grid[number, column])
                side = [one for one in mine if bool(one.side.against) == bool(column)]
                _draw_panel(axis, side, number == len(rows) - 1)
        if shown:
            _draw_parts(figure.add_subplot(grid[len(rows), :]), shown)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=2)
        add_caption(figure, make_caption(courses))
    return figure


def _choose_rows(courses: Sequence[Course]) -> list[tuple[str, str]]:
    """Return series and what they are read as: changes where there are some, else as they are."""
    found = list(dict.fromkeys((course.key, course.kind) for course in courses))
    changes = {key for key, kind in found if kind == CHANGE}
    return [one for one in found if one[1] != LEVEL or one[0] not in changes]


def _draw_panel(axis: Any, courses: Sequence[Course], is_last: bool) -> None:
    first = courses[0]
    metric = METRICS[first.key]
    symbol = metric.symbol or first.key
    words = {LEVEL: "", CHANGE: "change of "}.get(first.kind, "")
    title = f"{words}{metric.long_name}"
    unit = first.unit if first.kind in (LEVEL, CHANGE) else "% of baseline"
    if first.side.against:
        title += ",\npatient by patient"
        symbol = f"difference in\n{symbol}"
        unit = "% points" if unit.startswith("%") else unit
    axis.set_title(title)
    axis.set_ylabel(f"{symbol} ({unit})")
    if first.kind == CHANGE or first.side.against:
        axis.axhline(0.0, color=GREY, lw=0.6)
    for course in courses:
        _draw_fan(axis, course, CYCLE[course.side.point % MOST_POINTS])
    axis.tick_params(labelbottom=is_last)
    if is_last:
        axis.set_xlabel("time t (d)")


def _draw_fan(axis: Any, course: Course, color: str) -> None:
    """Draw bands over patients; where parameters are uncertain too, the outer interval as dashes."""
    low90, low50, middle, high50, high90 = course.prediction.quantiles
    known = np.isfinite(middle)
    time = course.time[known]
    if course.spread == BOTH:
        label = "90 %, with uncertain parameters" if not course.side.point else None
        for edge, words in ((low90, label), (high90, None)):
            axis.plot(time, edge[known], color=color, lw=0.9, ls=(0, (3, 2)), label=words)
        return
    axis.plot(time, middle[known], color=color, label=_shorten(course.side.label))
    for low, high, alpha in ((low90, high90, 0.15), (low50, high50, 0.25)):
        axis.fill_between(time, low[known], high[known], color=color, alpha=alpha, linewidth=0)


def _draw_parts(axis: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw the shares of the variance of every outcome as bars from 0 to 1."""
    seen = set()
    for at, row in enumerate(reversed(rows)):
        left = 0.0
        for part, color in COLOURS.items():
            share = row[part] or 0.0
            if share > 0:
                label = None if part in seen else WORDS[part]
                axis.barh(at, share, left=left, height=0.7, color=color, label=label)
                seen.add(part)
                left += share
    names = [
        f"{row['outcome']}: {_shorten(row['label'])}{' (paired)' if row['against'] else ''}"
        for row in reversed(rows)
    ]
    axis.set_yticks(range(len(rows)), names)
    axis.set_xlim(0.0, 1.0)
    axis.set_xlabel("share of the variance of a new life of a new patient")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5)


def make_caption(courses: Sequence[Course]) -> str:
    """Return what lines and bands are."""
    counts = {int(n) for one in courses if one.spread == PATIENTS for n in one.prediction.patients}
    number = "-".join(
        str(n) for n in dict.fromkeys((min(counts, default=0), max(counts, default=0)))
    )
    outer, inner = (round(100 * (SHARES[-1 - i] - SHARES[i])) for i in (0, 1))
    return (
        f"Lines: medians of {number} patients; bands: predictive intervals of a new patient, {inner} % "
        f"and {outer} %. Differences are taken patient by patient."
    )


def _shorten(text: str, most: int = 48) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
