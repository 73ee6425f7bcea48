"""Captions in the figure itself, so that a picture that travels alone still says what it shows."""

import textwrap
from typing import Any

from trabecula.viz.style import GREY, WIDTH

SIZE = 6.5
LETTERS_PER_INCH = 21.5
"""Letters of this size on an inch of width."""


def add_caption(figure: Any, text: str, width: float = WIDTH) -> None:
    """Write `text` small below the figure, broken to fit.

    Parameters
    ----------
    width
        Width of the text, in the unit of figures (inch).
    """
    lines = textwrap.fill(text, int(width * LETTERS_PER_INCH))
    figure.supxlabel(lines, fontsize=SIZE, color=GREY, x=0.005, ha="left", linespacing=1.35)
