"""Pictures of bone as a plate for a paper: time stamps, scale bar, colour bar, legend."""

from collections.abc import Sequence
from typing import Any

from trabecula.viz.cellglyphs import LOOKS
from trabecula.viz.colouring import BONE, Colouring
from trabecula.viz.pictures import choose_bar, to_length_name
from trabecula.viz.shot import Shot
from trabecula.viz.style import BLACK, GREEN, ORANGE, apply_style

INCH = 25.4
ABOVE, BESIDE, BELOW, ROW = 0.2, 0.08, 0.4, 0.16
"""Heights (inch) of the time stamp, the gap between pictures, the strip of scales, a row of legend."""

ROWS_FROM = 3
"""Entries of the legend in a row of one column of a page (85 mm)."""

TYPE = 7.0
"""Size of all type (point)."""


def split_width(width: float, count: int) -> float:
    """Return the width of each of `count` pictures side by side on a plate (inch)."""
    return (width - BESIDE * (count - 1)) / count


def make_plate(shots: Sequence[Shot], width: float, since: float | None = None) -> Any:
    """Put shots of one camera side by side.

    Parameters
    ----------
    width
        Width of the plate, in the unit of figures (inch).
    since
        Day to which the colour ``resorbed`` is compared; None for other colours.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    each = split_width(width, len(shots))
    rows, columns, _ = shots[0].picture.shape
    tall = each * rows / columns
    handles = _make_handles(shots)
    per_row = max(1, int(ROWS_FROM * width * INCH / 85.0))
    legend = ROW * -(-len(handles) // per_row)
    height = ABOVE + tall + BELOW + legend
    with apply_style() as make_figure:
        figure = make_figure(figsize=(width, height))
        for number, shot in enumerate(shots):
            left = number * (each + BESIDE) / width
            box = (left, (legend + BELOW) / height, each / width, tall / height)
            axis = figure.add_axes(box)
            axis.imshow(shot.picture, interpolation="none", aspect="auto")
            axis.set_axis_off()
            figure.text(
                left + 0.01, 1.0 - 0.5 * ABOVE / height, to_day(shot.time), fontsize=TYPE,
                va="center", fontweight="bold",
            )  # fmt: skip
        strip = (legend / height, BELOW / height)
        _add_scale(figure, shots[0], each / width, strip)
        if shots[0].colouring is not None:
            _add_colours(figure, shots[0].colouring, strip, since)
        if handles:
            figure.legend(
                handles=handles, loc="lower center", ncols=min(per_row, len(handles)), fontsize=TYPE,
                handletextpad=0.3, columnspacing=1.0, borderpad=0.1, labelspacing=0.3,
                bbox_to_anchor=(0.5, 0.0), borderaxespad=0.1,
            )  # fmt: skip
    return figure


def to_day(time: float) -> str:
    """Return a time (d) as a time stamp."""
    years = f" ({time / 365.25:.1f} y)" if abs(time) >= 365.25 else ""
    return f"day {time:g}{years}"


def _add_scale(figure: Any, shot: Shot, share: float, strip: tuple[float, float]) -> None:
    """Draw a scale bar under the first picture, which takes `share` of the width."""
    seen = shot.picture.shape[1] * shot.pixel
    length = choose_bar(seen)
    bottom, high = strip
    axis = figure.add_axes((0.01, bottom + 0.25 * high, share, 0.5 * high))
    axis.set_xlim(0.0, seen)
    axis.set_ylim(0.0, 1.0)
    axis.set_axis_off()
    axis.plot([0.0, length], [0.85, 0.85], color=BLACK, lw=1.8, solid_capstyle="butt")
    axis.text(length / 2.0, 0.55, to_length_name(length), ha="center", va="top", fontsize=TYPE)


def _add_colours(
    figure: Any, colouring: Colouring, strip: tuple[float, float], since: float | None
) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.ticker import FuncFormatter, LogLocator

    bottom, high = strip
    axis = figure.add_axes((0.45, bottom + 0.62 * high, 0.5, 0.2 * high))
    norm = (LogNorm if colouring.is_log else Normalize)(*colouring.limits)
    bar = figure.colorbar(
        ScalarMappable(norm, colormaps[colouring.colours]), cax=axis, orientation="horizontal"
    )
    if colouring.is_log:
        bar.ax.xaxis.set_major_locator(LogLocator(10, (1.0, 3.0)))
        bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        bar.ax.xaxis.set_minor_locator(LogLocator(10, ()))
    else:
        bar.locator = _choose_ticks()
        bar.update_ticks()
    bar.ax.tick_params(labelsize=TYPE - 0.5, length=2, pad=1.5)
    bar.outline.set_linewidth(0.4)
    bar.set_label(
        colouring.label.format(since=f"day {since or 0.0:g}"), fontsize=TYPE, labelpad=1.0
    )


def _choose_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5, steps=[1, 2, 3, 5, 10])


def _make_handles(shots: Sequence[Shot]) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    if any(shot.is_tissue for shot in shots):
        for colour, label in (
            (BONE, "mineralised"),
            (GREEN, "osteoid"),
            (ORANGE, "eroded surface"),
        ):
            handles.append(Patch(facecolor=colour, label=label))
    for kind, look in LOOKS.items():
        if any(kind in shot.kinds for shot in shots):
            handles.append(
                Line2D([], [], color=look.colour, marker="o", ls="", ms=4, label=look.label)
            )
    return handles
