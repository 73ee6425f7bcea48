"""The time-series figure of one run."""

from typing import Any

import numpy as np

from trabecula.analysis import (
    Results,
    compute_percent_of_baseline,
    compute_running_mean,
)
from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError
from trabecula.viz.panels import Curve, Panel, Scale, choose_panels, fit_scale
from trabecula.viz.style import GREY, PALE, WIDTH, apply_style

COLUMNS = 2
ROW_HEIGHT = 1.65
SMOOTHING = 30.0
"""Width of the running mean that is drawn over the daily values (d)."""

YEARS_FROM = 3 * 365.25
"""Duration from which the time axis is in years (d)."""


def draw_series(results: Results) -> Any:
    """Draw bone volume, remodelling, cells, RANKL/OPG, surfaces and hormones over time.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.

    Raises
    ------
    ResultsError
        If the results hold nothing that can be drawn.
    """
    panels = choose_panels(results)
    if not panels or len(results.time) < 2:
        msg = f"{results.path}: fewer than two moments are stored; there is nothing to draw yet"
        raise ResultsError(msg)
    rows = -(-len(panels) // COLUMNS)
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, ROW_HEIGHT * rows + 0.3), layout="constrained")
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axis, panel in zip(axes, panels, strict=False):
            _draw_panel(axis, panel, results)
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        _label_time(axes, len(panels), results)
        figure.align_ylabels()
    return figure


def _label_time(axes: Any, count: int, results: Results) -> None:
    _, name = _time_scale(results)
    for axis in axes[max(0, count - COLUMNS) : count]:
        axis.set_xlabel(f"time ({name})")


def _time_scale(results: Results) -> tuple[float, str]:
    return (365.25, "years") if results.duration >= YEARS_FROM else (1.0, "d")


def _draw_panel(axis: Any, panel: Panel, results: Results) -> None:
    length, _ = _time_scale(results)
    time = results.time / length
    panel = fit_scale(panel, results)
    axis.set_title(panel.title)
    axis.set_ylabel(panel.ylabel)
    if time[0] < 0 < time[-1]:
        axis.axvspan(time[0], 0.0, color=PALE, linewidth=0, zorder=0)
    if panel.scale is Scale.OF_BASELINE:
        axis.axhline(100.0, color=GREY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
    tops = [_draw_curve(axis, panel, curve, results, time) for curve in panel.curves]
    drawn = [top for top in tops if top is not None]
    if len(drawn) > 1:
        axis.legend(loc="best", ncols=len(drawn))
    axis.set_xlim(time[0], time[-1])
    _set_value_axis(axis, panel, max(drawn, default=0.0))


def _set_value_axis(axis: Any, panel: Panel, top: float) -> None:
    low, high = axis.get_ylim()
    if panel.zero:
        axis.set_ylim(0.0, 1.15 * top if top > 0 else 1.0)
    elif high - low < 0.02 * abs(high):
        middle = 0.5 * (high + low)
        axis.set_ylim(middle * 0.99, middle * 1.01)
    axis.locator_params(axis="y", nbins=5)
    axis.ticklabel_format(axis="y", useOffset=False, style="plain")


def _draw_curve(
    axis: Any, panel: Panel, curve: Curve, results: Results, time: Array
) -> float | None:
    """Draw a curve if the run has it; returns the value up to which it should be seen."""
    source = results.hormones if panel.hormone else results.series
    if curve.key not in source:
        return None
    values = source[curve.key].values
    if panel.scale is Scale.PERCENT:
        values = 100.0 * values
    elif panel.scale is Scale.OF_BASELINE:
        values = compute_percent_of_baseline(results, curve.key)
    measured = np.isfinite(values)
    top = float(np.max(values[measured], initial=0.0))
    if panel.hormone or not panel.zero:
        axis.plot(time[measured], values[measured], color=curve.colour, label=curve.label)
        return top
    smooth = compute_running_mean(results.time, values, SMOOTHING)
    axis.plot(time[measured], values[measured], color=curve.colour, linewidth=0.4, alpha=0.3)
    axis.plot(time[measured], smooth[measured], color=curve.colour, label=curve.label)
    # the peaks of single days would squeeze what the running mean has to say
    return min(top, 1.6 * float(np.max(smooth[measured], initial=0.0)))
