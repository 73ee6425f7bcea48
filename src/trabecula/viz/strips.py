"""What was given or blocked, as rows above a figure and as marks in its panels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trabecula.analysis.interventions import Intervention
from trabecula.viz.style import GREY

if TYPE_CHECKING:
    from trabecula.viz.series import Clock

MOST_TICKS = 120
"""Doses of a row that are drawn one by one; of more, the span alone is."""

MOST_LINES = 8
"""Doses that are marked in every panel as well."""

MOST_SHADES = 2
"""Rows whose spans are shaded in every panel."""


class Strip(NamedTuple):
    """One row: its name, what was given, its colour."""

    name: str
    intervention: Intervention
    colour: str


def draw_strip(axis: Any, strips: Sequence[Strip], clock: "Clock", with_names: bool) -> None:
    """Draw spans as bars, doses as ticks as high as their amount."""
    length = clock.length
    for row, (_, one, colour) in enumerate(reversed(strips)):
        bars = [(start / length, (end - start) / length) for start, end in one.spans]
        axis.broken_barh(bars, (row + 0.12, 0.76), color=colour, alpha=0.35, linewidth=0)
        if 0 < len(one.doses) <= MOST_TICKS:
            days, amounts = np.array(one.doses).T
            top = row + 0.12 + 0.76 * amounts / max(amounts.max(), 1e-12)
            axis.vlines(days / length, row + 0.12, top, color=colour, linewidth=0.9)
    names = [strip.name for strip in reversed(strips)] if with_names else []
    axis.set_yticks([row + 0.5 for row in range(len(names))], names)
    if not with_names:
        axis.set_yticks([])
    axis.tick_params(length=0, labelbottom=False)
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
    axis.set_ylim(0, len(strips))
    axis.set_xlim(clock.start / length, clock.end / length)
    axis.set_title("Given" if with_names else " ")


def shade_interventions(axis: Any, strips: Sequence[Strip], length: float) -> None:
    """Shade spans, and mark doses that are few, in a panel; `length` is the axis' unit (d)."""
    for strip in strips:
        one = strip.intervention
        if len(strips) <= MOST_SHADES:
            for start, end in one.spans:
                axis.axvspan(
                    start / length, end / length, color=strip.colour, alpha=0.1, lw=0, zorder=0
                )
        if 0 < len(one.doses) <= MOST_LINES:
            for day, _ in one.doses:
                style = {"color": strip.colour or GREY, "linewidth": 0.7, "alpha": 0.7}
                axis.axvline(day / length, linestyle=(0, (1, 1.5)), zorder=1, **style)
