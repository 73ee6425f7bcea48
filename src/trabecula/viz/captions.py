"""Captions in the figure itself, so that a picture that travels alone still says what it shows."""

import textwrap
from collections.abc import Sequence
from typing import Any

from trabecula.viz.style import GREY, WIDTH

SIZE = 6.5
LETTERS_PER_INCH = 21.5
"""Letters of this size on an inch of width."""


LEGEND_LETTERS = 20.0
"""Letters of a legend on an inch of width."""

HANDLE = 7
"""Letters whose room the mark of an entry and the gap to the next one take."""


def count_columns(labels: Sequence[str], most: int = 4, width: float = WIDTH) -> int:
    """Return how many of a legend's labels stand side by side.

    Parameters
    ----------
    width
        Width of the legend, in the unit of figures (inch).
    """
    letters = max(map(len, labels), default=0) + HANDLE
    return max(1, min(most, len(labels), int(width * LEGEND_LETTERS / letters)))


def add_caption(figure: Any, text: str, width: float = WIDTH) -> None:
    """Write `text` small below the figure, broken to fit.

    Parameters
    ----------
    width
        Width of the text, in the unit of figures (inch).
    """
    lines = textwrap.fill(text, int(width * LETTERS_PER_INCH))
    figure.supxlabel(lines, fontsize=SIZE, color=GREY, x=0.005, ha="left", linespacing=1.35)
