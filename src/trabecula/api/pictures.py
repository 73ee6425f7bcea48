"""A figure that a notebook shows by itself and that can be saved."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trabecula.base.extras import check_extra
from trabecula.viz.save import FORMATS, save_figure
from trabecula.viz.style import apply_style

SHOWN = 110
"""Dots per inch in a notebook."""


class Picture:
    """A figure.

    Attributes
    ----------
    figure
        The ``matplotlib.figure.Figure``, to be changed as one likes.
    """

    def __init__(self, figure: Any) -> None:
        self.figure = figure

    def save(self, path: str | Path) -> Path:
        """Save the figure; the ending says as what (png, svg, pdf). Returns the path.

        Raises
        ------
        ResultsError
            If it cannot be written.
        """
        target = Path(path)
        ending = target.suffix.removeprefix(".") or FORMATS[0]
        return save_figure(self.figure, target.parent, target.stem, (ending,))[0]

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with apply_style():
            self.figure.savefig(
                buffer, format="png", dpi=SHOWN, bbox_inches="tight", pad_inches=0.05
            )
        return buffer.getvalue()

    def __repr__(self) -> str:
        width, height = self.figure.get_size_inches()
        return f"Picture({width:.1f} x {height:.1f} inch, {len(self.figure.axes)} axes)"


def make_picture(draw: Callable[[], Any]) -> Picture:
    """Return what `draw` draws.

    Raises
    ------
    MissingError
        If the extra ``plot`` is not installed.
    """
    check_extra(("matplotlib",), "plot", "a figure")
    return Picture(draw())
