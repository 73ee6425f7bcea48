"""Serum levels and doses over a protocol, before anything is simulated."""

from typing import Any

import numpy as np

from trabecula.config import Config
from trabecula.config.advice import find_reference
from trabecula.hormones import Course
from trabecula.model.metrics import describe_level
from trabecula.viz.style import BLUE, GREEN, GREY, VERMILION, WIDTH, apply_style

ALWAYS = ("estradiol", "testosterone", "fsh", "igf1")
"""Levels that are always drawn; others where they move."""

HIDDEN = ("own_testosterone", "shbg", "lh_drive")
MOVES = 0.02
"""Share of its mean by which a level must vary to be drawn."""

COLUMNS, ROW_HEIGHT = 2, 1.5
YEARS_FROM = 3 * 365.25


def draw_hormones(course: Course, config: Config) -> Any:
    """Draw every level that moves, measured labs on it, reference ranges behind, and the doses.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    names = [name for name in course.levels if _is_drawn(name, course)]
    length, word = (365.25, "years") if config.duration >= YEARS_FROM else (1.0, "d")
    rows = -(-len(names) // COLUMNS)
    late = course.edges[:-1] >= -28.0
    time = 0.5 * (course.edges[1:] + course.edges[:-1])[late] / length
    drugs = len({drug for drug, _, _ in course.given})
    with apply_style() as make_figure:
        height = ROW_HEIGHT * rows + 0.35 * drugs + 0.6
        figure = make_figure(figsize=(WIDTH, height), layout="constrained")
        heights = [ROW_HEIGHT] * rows + ([0.35 * drugs + 0.15] if drugs else [])
        grid = figure.add_gridspec(len(heights), COLUMNS, height_ratios=heights)
        axes = [figure.add_subplot(grid[k // COLUMNS, k % COLUMNS]) for k in range(len(names))]
        for axis, name in zip(axes, names, strict=True):
            _draw_level(axis, name, course.levels[name][late], time, config, length)
            if name == "testosterone":
                own = course.levels["own_testosterone"][late]
                axis.plot(time, own, color=GREY, lw=0.8, label="own glands")
                axis.legend(loc="upper right")
        figure.align_ylabels(axes)
        if drugs:
            axes.append(figure.add_subplot(grid[rows, :]))
            _draw_doses(axes[-1], course, length)
        for axis in axes:
            axis.set_xlim(time[0], time[-1])
        for axis in axes[-1:] if drugs else axes[-COLUMNS:]:
            axis.set_xlabel(f"time ({word})")
    return figure


def _is_drawn(name: str, course: Course) -> bool:
    values = course.levels[name]
    moves = float(np.ptp(values)) > MOVES * max(float(np.abs(values).mean()), 1e-12)
    return name in ALWAYS or (moves and name not in HIDDEN)


def _draw_level(
    axis: Any, name: str, values: Any, time: Any, config: Config, length: float
) -> None:
    metric = describe_level(name)
    patient = config.patient
    limits = find_reference(name, patient.sex, patient.age)
    if limits and name not in ("igf1", "pth"):
        top = max(float(values.max()), limits[1] if limits[1] < 2 * values.max() else 0.0)
        axis.axhspan(limits[0], min(limits[1], 1.1 * top), color=GREEN, alpha=0.10, lw=0)
    axis.plot(time, values, color=BLUE, lw=0.9)
    labs = [(lab.day, getattr(lab, name, None)) for lab in patient.labs]
    if name not in ("igf1", "pth"):
        for day, value in labs:
            if value is not None:
                axis.plot(day / length, value, "o", color=VERMILION, ms=4)
    axis.set_ylim(bottom=0)
    unit = "relative" if metric.unit == "1" else metric.unit
    axis.set_ylabel(f"{metric.symbol} ({unit})")


def _draw_doses(axis: Any, course: Course, length: float) -> None:
    names = sorted({drug for drug, _, _ in course.given})
    for row, name in enumerate(names):
        doses = [(day / length, dose) for drug, day, dose in course.given if drug == name]
        most = max(dose for _, dose in doses)
        days = [day for day, _ in doses]
        heights = [0.8 * dose / most for _, dose in doses]
        axis.vlines(days, row, [row + height for height in heights], color=VERMILION, lw=0.7)
    axis.set_yticks([row + 0.4 for row in range(len(names))], [n.replace("_", " ") for n in names])
    axis.set_ylabel("doses")
