"""Serum levels and doses over a protocol, before anything is simulated."""

import math
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.config import Config
from trabecula.config.advice import find_reference
from trabecula.hormones import Course
from trabecula.model.metrics import describe_level
from trabecula.viz.captions import add_caption
from trabecula.viz.style import BLUE, GREEN, GREY, VERMILION, WIDTH, apply_style

ALWAYS = ("estradiol", "testosterone", "fsh", "igf1")
"""Levels that are always drawn; others where they move."""

HIDDEN = ("own_testosterone", "shbg", "lh_drive")
MOVES = 0.02
"""Share of its mean by which a level must vary to be drawn."""

COLUMNS, ROW_HEIGHT = 2, 1.5
PEAKS, BINS = 100, 200
"""Peaks from which a level is drawn as a band, and stretches of time of which that consists at most."""

SWING = 0.02
"""Share of its highest value by which a level must go up and down for a peak."""

HEADROOM = 1.1
"""Top of an axis relative to the highest value, at least: a level that hardly moves lies below it."""

YEARS_FROM = 3 * 365.25

RANGE = "Green: reference range for sex and age."
OWN = "Grey: testosterone of the own glands."
SWINGS = (
    "Shaded: from trough to peak of what swings faster than a line can show; the line is its mean."
)
LABS = "Dots: measured labs."
DOSES = "Bars below: doses, as high as their share of the drug's largest."
CAPTION = (RANGE, OWN, SWINGS, LABS, DOSES)
"""Lines of the caption, in their order."""


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
        told = set[str]()
        for axis, name in zip(axes, names, strict=True):
            told |= _draw_level(axis, name, course.levels[name][late], time, config, length)
            if name == "testosterone":
                own = course.levels["own_testosterone"][late]
                axis.plot(time, own, color=GREY, lw=0.8)
                told.add(OWN)
        figure.align_ylabels(axes)
        if drugs:
            axes.append(figure.add_subplot(grid[rows, :]))
            _draw_doses(axes[-1], course, length)
        for axis in axes:
            axis.set_xlim(time[0], time[-1])
        for axis in axes[-1:] if drugs else axes[-COLUMNS:]:
            axis.set_xlabel(f"time ({word})")
        if drugs:
            told.add(DOSES)
        add_caption(figure, " ".join(line for line in CAPTION if line in told))
    return figure


def _is_drawn(name: str, course: Course) -> bool:
    values = course.levels[name]
    moves = float(np.ptp(values)) > MOVES * max(float(np.abs(values).mean()), 1e-12)
    return name in ALWAYS or (moves and name not in HIDDEN)


def _draw_level(
    axis: Any, name: str, values: Array, time: Array, config: Config, length: float
) -> set[str]:
    """Draw a level; returns the lines of the caption that it asks for."""
    metric, told = describe_level(name), set[str]()
    patient = config.patient
    limits = find_reference(name, patient.sex, patient.age)
    if limits and name not in ("igf1", "pth"):
        top = max(float(values.max()), limits[1] if limits[1] < 2 * values.max() else 0.0)
        axis.axhspan(limits[0], min(limits[1], 1.1 * top), color=GREEN, alpha=0.10, lw=0)
        told.add(RANGE)
    swings = gather_swings(time, values)
    if swings is None:
        axis.plot(time, values, color=BLUE, lw=0.9)
    else:
        axis.fill_between(swings[0], swings[1], swings[2], color=BLUE, alpha=0.25, lw=0)
        axis.plot(swings[0], swings[3], color=BLUE, lw=0.9)
        told.add(SWINGS)
    labs = [(lab.day, getattr(lab, name, None)) for lab in patient.labs]
    if name not in ("igf1", "pth"):
        for day, value in labs:
            if value is not None:
                axis.plot(day / length, value, "o", color=VERMILION, ms=4)
                told.add(LABS)
    axis.set_ylim(0, max(axis.get_ylim()[1], HEADROOM * float(values.max())))
    unit = "relative" if metric.unit == "1" else metric.unit
    axis.set_ylabel(f"{metric.symbol} ({unit})")
    words = metric.long_name.partition(",")[0]
    axis.set_title(words[:1].upper() + words[1:])
    return told


def gather_swings(time: Array, values: Array) -> tuple[Array, Array, Array, Array] | None:
    """Return trough, peak and mean of a level that swings faster than a line can show; else None.

    Parameters
    ----------
    time
        Shape (moment,), middles of the intervals for which the values hold, ascending (d or years).
    values
        Shape (moment,), the level (its own unit).

    Returns
    -------
    tuple or None
        Middles of the stretches (d or years), lowest, highest and mean values there (the level's own
        unit), each of shape (stretch,).
    """
    steps = np.diff(values)
    large = np.flatnonzero(np.abs(steps) > SWING * float(values.max(initial=0.0)))
    peaks = time[large[1:][np.diff(np.sign(steps[large])) < 0]]
    if len(peaks) < PEAKS:
        return None
    # stretches of whole periods: of others each would hold another share of a swing
    period = float(np.median(np.diff(peaks)))
    width = period * max(1, math.ceil((time[-1] - time[0]) / BINS / period))
    edges = np.arange(time[0], time[-1] + 0.001 * width, width)
    starts = np.unique(np.searchsorted(time, edges))
    end = starts[-1]  # what is left beyond the last whole one would have a mean of its own
    time, values, starts = time[:end], values[:end], starts[:-1]
    lengths = np.gradient(time)
    held = np.add.reduceat(lengths, starts)
    middles = np.add.reduceat(lengths * time, starts) / held
    means = np.add.reduceat(lengths * values, starts) / held
    return middles, np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts), means


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
