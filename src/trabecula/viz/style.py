"""One look for every figure: two-column paper width, small sans type, colours for all eyes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WIDTH = 7.2
"""Width of a figure over two columns (inch)."""

BLACK = "#222222"
GREY = "#8a8a8a"
PALE = "#eeeeee"
BLUE = "#0072b2"
VERMILION = "#d55e00"
GREEN = "#009e73"
ORANGE = "#e69f00"
PURPLE = "#cc79a7"
SKY = "#56b4e9"
"""Okabe and Ito's palette, told apart with any colour vision."""

CYCLE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)

SETTINGS: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": BLACK,
    "axes.labelcolor": BLACK,
    "xtick.color": BLACK,
    "ytick.color": BLACK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "lines.linewidth": 1.3,
    "lines.solid_capstyle": "round",
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "figure.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "trabecula",
}


@contextmanager
def apply_style() -> Iterator[Any]:
    """Draw with our settings and without a display; yields ``matplotlib.figure.Figure``.

    Figures are made as objects, never through pyplot, so nothing global is left behind.
    """
    import logging

    import matplotlib as mpl
    from matplotlib.figure import Figure

    # a missing Arial is no news: the list of fonts ends with one that matplotlib brings
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with mpl.rc_context(SETTINGS):
        yield Figure


def to_svg(figure: Any) -> str:
    """Return a figure as SVG text that can stand inside a page."""
    import io

    with apply_style():
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def make_gradient(colours: str, stops: int = 12) -> str:
    """Return a colour map as a CSS gradient from left to right."""
    import numpy as np
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    shares = np.linspace(0.0, 1.0, stops)
    return f"linear-gradient(to right, {', '.join(to_hex(colormaps[colours](s)) for s in shares)})"


def label_steps(axis: Any, steps: tuple[float, ...] = (1.0, 2.0, 5.0)) -> None:
    """Label these steps of every decade in plain numbers, for a logarithmic axis of at most two."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(10, steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
