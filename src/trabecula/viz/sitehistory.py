"""The history of one remodelling site as a small figure for a page."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trabecula.analysis.sitelife import Span
from trabecula.base.columns import Array
from trabecula.viz.marks import PHASES
from trabecula.viz.style import BLACK, GREY, apply_style

SIZE = (3.5, 2.2)
"""Width and height (inch)."""


def draw_site_history(spans: Sequence[Span], times: Array, course: Array | None, now: float) -> Any:
    """Draw the phases of a site above the volume of bone in its place.

    Parameters
    ----------
    times
        Times of the snapshots (d), shape (snapshot,).
    course
        Bone in its place at these times, shape (snapshot,), um^3; or None.
    now
        The moment that is on show (d).

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    with apply_style() as make_figure:
        figure = make_figure(figsize=SIZE, layout="constrained")
        top, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.0, 2.4])
        for number, span in enumerate(spans):
            name, colour = PHASES[span.phase]
            long = max(span.end - span.start, 1.0)
            top.barh(-number, long, left=span.start, height=0.72, color=colour)
            label = name.removeprefix("site in ")
            top.annotate(
                label, (span.start + long, -number), (3, 0), textcoords="offset points",
                va="center", fontsize=7,
            )  # fmt: skip
        top.set_ylim(-2.6, 0.6)
        top.set_yticks([])
        for side in ("left", "bottom"):
            top.spines[side].set_visible(False)
        top.tick_params(bottom=False)
        if course is not None:
            below.plot(times, np.asarray(course) / 1e6, color=BLACK, marker="o", markersize=2.5)
            below.margins(y=0.15)
        below.set_ylabel("bone in its place\n($10^6$ µm³)")
        below.set_xlabel("time (d)")
        for axis in (top, below):
            axis.axvline(now, color=GREY, linewidth=0.8, linestyle=":")
        ends = [*times[[0, -1]], *(t for span in spans for t in span[1:])]
        wide = max(ends) - min(ends) or 1.0
        below.set_xlim(min(ends) - 0.02 * wide, max(ends) + 0.25 * wide)
    return figure
