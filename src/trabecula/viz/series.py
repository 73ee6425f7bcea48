"""Time series of one run, or of several runs and arms laid over one another, on one clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trabecula.analysis import Results, compute_percent_of_baseline, compute_running_mean
from trabecula.analysis.arms import Arm
from trabecula.analysis.bands import Band, compute_band
from trabecula.analysis.interventions import find_interventions
from trabecula.analysis.sampling import TOTALS, choose_window, compute_rate
from trabecula.analysis.windows import BASELINE, covers
from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError
from trabecula.viz.captions import add_caption, count_columns
from trabecula.viz.panels import (
    Curve,
    Panel,
    Scale,
    choose_panels,
    fit_scale,
    make_ylabel,
    name_series,
    split_panels,
    to_words,
)
from trabecula.viz.strips import Strip, draw_strip, shade_interventions
from trabecula.viz.style import CYCLE, GREEN, GREY, ORANGE, PALE, PURPLE, SKY, WIDTH, apply_style

GIVEN = (SKY, PURPLE, ORANGE, GREEN)
"""Colours of what was given in a figure of one arm."""

COLUMNS, COLUMNS_OF_ARMS = 2, 3
ROW_HEIGHT = 1.5
STRIP_HEIGHT = 0.2
SMOOTHING = 30.0
"""Width of the running mean of what is counted daily (d)."""

SPARSE = 1.5
"""Interval (samples) from which a costly series is drawn with its moments as dots."""

ROOM = 1.32
"""Height of a panel over its highest value where a legend stands above."""

CUT = 1.8
"""A band is seen up to this multiple of the highest point of its line."""

YEARS_FROM = 3 * 365.25
"""Duration from which the time axis is in years (d)."""


@dataclass(frozen=True)
class Clock:
    """The common time axis.

    Parameters
    ----------
    start, end
        First and last moment (d).
    """

    start: float
    end: float

    @property
    def length(self) -> float:
        """Days of a unit of the axis."""
        return 365.25 if self.end >= YEARS_FROM else 1.0

    @property
    def word(self) -> str:
        """Label of the axis."""
        return "time t (years)" if self.end >= YEARS_FROM else "time t (d)"


def draw_series(results: Results) -> Any:
    """Draw the levels that change, remodelling, cells, surfaces, structure of one run over time.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.

    Raises
    ------
    ResultsError
        If the results hold nothing that can be drawn.
    """
    return draw_arms([Arm("", (results,))])


def draw_arms(arms: Sequence[Arm], keys: Sequence[str] = ()) -> Any:
    """Draw arms over one another: one run as a line, several as their median and 5-95 % band.

    Parameters
    ----------
    keys
        Series to which the figure is confined; all that are usually drawn if none.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.

    Raises
    ------
    ResultsError
        If the results hold nothing that can be drawn.
    """
    runs = [run for arm in arms for run in arm.runs]
    panels = choose_panels(runs)
    if keys:
        panels = choose_named(runs, panels, keys)
    if len(arms) > 1:
        panels = split_panels(panels)
    if not panels or max(len(run.time) for run in runs) < 2:
        msg = f"{runs[0].path}: fewer than two moments are stored; there is nothing to draw yet"
        raise ResultsError(msg)
    runs_with_time = [run for run in runs if len(run.time)]
    first = min(float(run.time[0]) for run in runs_with_time)
    clock = Clock(first, max(float(run.time[-1]) for run in runs_with_time))
    panels = tuple(fit_scale(panel, runs) for panel in panels)
    strips = make_strips(arms)
    with apply_style() as make_figure:
        return _compose(make_figure, arms, panels, strips, clock)


def make_strips(arms: Sequence[Arm]) -> list[Strip]:
    """Return what was given or blocked, a row an arm and drug."""
    strips: list[Strip] = []
    for color, arm in zip(CYCLE * (len(arms) // len(CYCLE) + 1), arms, strict=False):
        for number, one in enumerate(find_interventions(arm.runs[0])):
            own = color if len(arms) > 1 else GIVEN[number % len(GIVEN)]
            strips.append(Strip(to_words(one.name), one, own))
    return strips


def choose_named(
    runs: Sequence[Results], panels: Sequence[Panel], keys: Sequence[str]
) -> tuple[Panel, ...]:
    """Return a panel for each named series or level: the usual one where there is one.

    Raises
    ------
    ResultsError
        If no run has such a series or level; the message lists those that exist.
    """
    chosen = []
    usual = {panel.curves[0].key: panel for panel in split_panels(panels)}
    for key in keys:
        if key in usual:
            chosen.append(usual[key])
            continue
        holder = next((run for run in runs if key in run.hormones), None)
        hormone = holder is not None and not any(key in run.series for run in runs)
        if hormone and holder is not None:
            level = holder.hormones[key]
        else:
            level = next((run for run in runs if key in run.series), runs[0]).get(key)
        words, symbol = name_series(key, level)
        title = words[:1].upper() + words[1:]
        curve = Curve(key, symbol, CYCLE[0], symbol)
        chosen.append(Panel(title, (curve,), unit=level.unit, hormone=hormone, zero=False))
    return tuple(chosen)


def _compose(
    make_figure: Any,
    arms: Sequence[Arm],
    panels: Sequence[Panel],
    strips: Sequence[Strip],
    clock: Clock,
) -> Any:
    columns = min(COLUMNS if len(arms) == 1 else COLUMNS_OF_ARMS, len(panels))
    rows = -(-len(panels) // columns)
    heights = [STRIP_HEIGHT * len(strips) + 0.25] if strips else []
    heights += [ROW_HEIGHT if columns > 1 else 2 * ROW_HEIGHT] * rows
    figure = make_figure(figsize=(WIDTH, sum(heights) + 0.55), layout="constrained")
    grid = figure.add_gridspec(len(heights), columns, height_ratios=heights)
    top = 1 if strips else 0
    axes = []
    for number, panel in enumerate(panels):
        axis = figure.add_subplot(grid[top + number // columns, number % columns])
        draw_panel(axis, panel, arms, clock)
        shade_interventions(axis, strips, clock.length)
        is_last = number + columns >= len(panels)
        axis.tick_params(labelbottom=is_last)
        if is_last:
            axis.set_xlabel(clock.word)
        axes.append(axis)
    if len(arms) > 1:
        handles, labels = _get_handles(axes, len(arms))
        figure.legend(handles, labels, loc="outside upper center", ncols=count_columns(labels))
    for column in range(columns if strips else 0):
        strip = figure.add_subplot(grid[0, column])
        draw_strip(strip, strips, clock, with_names=column == 0)
    figure.align_ylabels(axes)
    caption = make_caption(arms, panels)
    if strips and len(arms) > 1:
        caption = f"Rows above have the colours of their arms. {caption}"
    add_caption(figure, caption)
    return figure


def _get_handles(axes: Sequence[Any], count: int) -> tuple[list[Any], list[str]]:
    """Return the legend of the first panel in which every arm is drawn, or of the fullest."""
    fullest = max(axes, key=lambda axis: min(count, len(axis.get_legend_handles_labels()[1])))
    handles, labels = fullest.get_legend_handles_labels()
    return handles, labels


def make_caption(arms: Sequence[Arm], panels: Sequence[Panel]) -> str:
    """Return what lines, bands and windows of a figure are."""
    runs = [run for arm in arms for run in arm.runs]
    keys = {curve.key for panel in panels for curve in panel.curves}
    parts = []
    counts = [len(arm.runs) for arm in arms]
    if max(counts) > 1:
        number = f"{counts[0]}" if len(set(counts)) == 1 else f"{min(counts)}-{max(counts)}"
        parts.append(
            f"Lines: median of {number} runs; bands: 5-95 % of runs, cut where they leave the axis."
        )
    relative = [panel for panel in panels if panel.scale is Scale.OF_BASELINE]
    if relative:
        parts.append(f"Baseline: {name_baseline(runs, ' (grey)')} of the same run.")
    if any(curve.key in TOTALS for panel in relative for curve in panel.curves):
        width = min(choose_window(run) for run in runs)
        text = f"Rates are means over {width:.3g} d (half of it at both ends), from the totals of matrix"
        if 1 in counts:
            whose = "band" if max(counts) == 1 else "band of a single run"
            text += f"; {whose}: one standard error, expected from the few sites at work"
        parts.append(f"{text}.")
    if keys & {"n_oc_bs", "rankl_opg", "es_bs", "disuse"}:
        parts.append(f"Counts and levels at the surface are running means over {SMOOTHING:g} d.")
    return " ".join(parts)


def name_baseline(runs: Sequence[Results], mark: str = "") -> str:
    """Return the days that are the baseline, as far as the runs have stored them, and their mark."""
    times = [run.time for run in runs if len(run.time)]
    whole = -BASELINE[0]
    days = {whole if covers(t, *BASELINE) else min(whole, max(0.0, -float(t[0]))) for t in times}
    if days == {0.0}:
        return "the first value"
    held = sorted(days - {0.0})
    number = "-".join(f"{day:.3g}" for day in dict.fromkeys((held[0], held[-1])))
    words = f"the {number} d before day 0{mark}"
    return f"{words}, or else the first value," if 0.0 in days else words


def draw_panel(axis: Any, panel: Panel, arms: Sequence[Arm], clock: Clock) -> None:
    """Draw one panel of all arms."""
    runs = [run for arm in arms for run in arm.runs]
    axis.set_title(panel.title)
    axis.set_ylabel(make_ylabel(panel, runs))
    if clock.start < 0 < clock.end:
        first = max(BASELINE[0], clock.start)
        axis.axvspan(first / clock.length, 0.0, color=PALE, linewidth=0, zorder=0)
    if panel.scale is Scale.OF_BASELINE:
        axis.axhline(100.0, color=GREY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
    drawn: list[float] = []
    for number, arm in enumerate(arms):
        for curve in panel.curves:
            color = CYCLE[number % len(CYCLE)] if len(arms) > 1 else curve.colour
            label = arm.label if len(arms) > 1 else curve.label
            top = _draw_curve(axis, panel, curve.key, arm, clock, color, label)
            drawn += [] if top is None else [top]
    axis.set_xlim(clock.start / clock.length, clock.end / clock.length)
    has_legend = len(drawn) > 1 and len(arms) == 1
    _set_value_axis(axis, panel, max(drawn, default=0.0), ROOM if has_legend else 1.15)
    if has_legend:
        axis.legend(loc="best", ncols=len(drawn))


def _set_value_axis(axis: Any, panel: Panel, top: float, room: float) -> None:
    low, high = axis.get_ylim()
    if panel.zero:
        axis.set_ylim(0.0, room * top if top > 0 else 1.0)
    elif high - low < 0.02 * abs(high):
        middle = 0.5 * (high + low)
        axis.set_ylim(middle * 0.99, middle * 1.01)
    axis.locator_params(axis="y", nbins=5)
    axis.ticklabel_format(axis="y", useOffset=False, style="plain")


def measure(results: Results, panel: Panel, key: str) -> Array:
    """Return what a panel shows of a run: scaled, rates over their window, smoothed.

    Returns
    -------
    ndarray
        Shape (time,), in the unit of the series, or % where the panel is scaled; NaN where not measured.
    """
    source = results.hormones if panel.hormone else results.series
    if key not in source:
        return np.full(len(results.time), np.nan)
    if panel.scale is Scale.OF_BASELINE and key in TOTALS:
        return compute_rate(results, key, choose_window(results)).percent
    values = source[key].values
    if panel.scale is Scale.PERCENT:
        values = 100.0 * values
    elif panel.scale is Scale.OF_BASELINE:
        values = compute_percent_of_baseline(results, key)
    if panel.hormone or not panel.zero:
        return values
    smooth = compute_running_mean(results.time, values, SMOOTHING)
    return np.where(np.isfinite(values), smooth, np.nan)


def _draw_curve(
    axis: Any, panel: Panel, key: str, arm: Arm, clock: Clock, color: str, label: str
) -> float | None:
    """Draw a curve if a run of the arm has it; returns the value up to which it should be seen."""
    holders = [run for run in arm.runs if key in (run.hormones if panel.hormone else run.series)]
    if not holders:
        return None
    band = compute_band(holders, lambda run: measure(run, panel, key))
    known = np.isfinite(band.median)
    if not known.any():
        return None
    time = band.time[known] / clock.length
    few = known.sum() * SPARSE < len(band.time)
    axis.plot(
        time, band.median[known], color=color, label=label, marker="o" if few else None, ms=2.2
    )
    if band.runs > 1:
        low, high = band.low[known], band.high[known]
    else:
        low, high = _find_error(holders[0], panel, key, band, known)
    axis.fill_between(time, low, high, color=color, alpha=0.18, linewidth=0)
    # a band that reaches far up must not squeeze what the line has to say
    line, above = float(np.max(band.median[known])), float(np.nanmax(high))
    return min(above, CUT * line)


def _find_error(
    results: Results, panel: Panel, key: str, band: Band, known: Array
) -> tuple[Array, Array]:
    """Return the expected error about the rate of a single run; nothing about other series."""
    middle = band.median[known]
    if panel.scale is not Scale.OF_BASELINE or key not in TOTALS:
        return middle, middle
    error = np.nan_to_num(compute_rate(results, key, choose_window(results)).error[known])
    return np.maximum(middle - error, 0.0), middle + error
