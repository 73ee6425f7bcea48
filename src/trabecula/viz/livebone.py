"""The living bone as figures for a page: a slice with a field, and what happened so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.viz.cellglyphs import LOOKS
from trabecula.viz.colouring import BONE, SEQUENTIAL, make_colouring
from trabecula.viz.pictures import add_bar
from trabecula.viz.plate import to_day
from trabecula.viz.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    apply_style,
    label_steps,
)  # fmt: skip

HALF = 0.5
SIZES = {
    "osteoclasts": 46.0,
    "osteoblasts": 14.0,
    "preosteoblasts": 9.0,
    "precursors": 7.0,
    "osteocytes": 5.0,
}
"""Areas of the dots (point^2)."""


@dataclass(frozen=True)
class LiveSlice:
    """One plane of a living bone.

    Parameters
    ----------
    time
        Time (d).
    voxel
        Edge of a voxel (um).
    fraction, osteoid, eroded
        Shape (row, column), 0..1: matrix, its unmineralised part, and the mark of resorption.
    field
        Concentration on the same plane, in `unit`; None for none.
    label
        What the field is, with its unit.
    cells
        Rows and columns of the cells in the plane, shape (2, cell), by kind.
    axes
        Names of the axes along rows and columns.
    """

    time: float
    voxel: float
    fraction: Array
    osteoid: Array
    eroded: Array
    field: Any
    label: str
    cells: Mapping[str, Array]
    axes: str


def draw_live_slice(plane: LiveSlice) -> Any:
    """Draw bone, osteoid, eroded surface and cells of a plane over a field in the marrow.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    from matplotlib.colors import LogNorm, Normalize, to_rgb
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    rows, columns = plane.fraction.shape
    with apply_style() as make_figure:
        figure = make_figure(figsize=(5.2, 5.2 * rows / columns + 0.9), layout="constrained")
        axis = figure.subplots()
        marrow = plane.fraction < HALF
        if plane.field is not None and plane.field[marrow].size and plane.field[marrow].max() > 0:
            scale = make_colouring(_Named("", plane.label), plane.field[marrow], None)  # type: ignore[arg-type]
            norm = (LogNorm if scale.is_log else Normalize)(*scale.limits, clip=True)
            shown = axis.imshow(plane.field, cmap=SEQUENTIAL, norm=norm, interpolation="bilinear")
            bar = figure.colorbar(shown, ax=axis, label=plane.label, shrink=0.7, pad=0.02)
            if scale.is_log:
                label_steps(bar.ax.yaxis)
        paint = np.zeros((rows, columns, 4))
        for mask, colour in (
            (marrow & (plane.eroded > 0) & _is_beside(~marrow), ORANGE),
            (~marrow, BONE),
            (~marrow & (plane.osteoid > 0.25), GREEN),
        ):
            paint[mask] = (*to_rgb(colour), 1.0)
        axis.imshow(paint, interpolation="nearest")
        handles: list[Any] = [Patch(color=c, label=n) for n, c in
                              (("bone", BONE), ("osteoid", GREEN), ("eroded", ORANGE))]  # fmt: skip
        shrink = min(1.0, 64.0 / max(rows, columns))
        for kind, (y, x) in plane.cells.items():
            look = LOOKS[kind]
            axis.scatter(
                x, y, s=SIZES[kind] * shrink, c=look.colour, linewidths=0.3, edgecolors="white"
            )
            dot: Any = {"marker": "o", "linestyle": "", "markersize": 4}
            handles.append(Line2D([], [], color=look.colour, label=look.label, **dot))
        axis.set_title(f"{to_day(plane.time)}, plane {plane.axes}")
        axis.set_axis_off()
        axis.set_xlim(-0.5, columns - 0.5)
        axis.set_ylim(rows * 1.06, -0.5)
        add_bar(axis, (rows, columns), plane.voxel)
        figure.legend(handles=handles, loc="outside lower center", ncols=4, handletextpad=0.4)
    return figure


@dataclass(frozen=True)
class _Named:
    """The words of a scale."""

    unit: str
    long_name: str


def _is_beside(bone: Array) -> Array:
    """Return a mask of the pixels that touch bone."""
    from scipy.ndimage import binary_dilation

    beside: Array = binary_dilation(bone)
    return beside


CURVES = (
    ("BV/TV\n(%)", (("bv_tv", "", BLACK, 100.0),)),
    (
        "rate over 30 d\n(% of BV per year)",
        (("resorption", "resorption", VERMILION, 1.0), ("formation", "formation", BLUE, 1.0)),
    ),
    (
        "cells on bone\n(mm$^{-2}$)",
        (("n_oc_bs", "osteoclasts ×10", VERMILION, 10.0), ("n_ob_bs", "osteoblasts", BLUE, 1.0)),
    ),
    ("RANKL/OPG", (("rankl_opg", "", PURPLE, 1.0),)),
)
"""Panels: label, and key, name, colour and factor of each curve."""


LEAST = 0.05
"""Least span of a curve's axis, relative to its value."""


def draw_live_series(
    series: Mapping[str, Sequence[float]], changes: Sequence[tuple[float, str]]
) -> Any:
    """Draw what was measured since the bone came up, and when something was changed.

    Parameters
    ----------
    series
        ``time`` (d) and the keys of :data:`CURVES`.
    changes
        Times (d) and words of what was changed by hand.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    time = np.asarray(series["time"], dtype=float)
    with apply_style() as make_figure:
        figure = make_figure(figsize=(5.2, 5.6), layout="constrained")
        axes = figure.subplots(len(CURVES), 1, sharex=True)
        for axis, (label, curves) in zip(axes, CURVES, strict=True):
            for key, name, colour, factor in curves:
                values = factor * np.asarray(series[key], dtype=float)
                axis.plot(time, values, color=colour, label=name or None)
            axis.set_ylabel(label)
            axis.margins(x=0.02, y=0.15)
            low, high = axis.get_ylim()
            if high - low < LEAST * max(abs(high), 1e-9):  # what hardly moves is drawn so
                middle = 0.5 * (low + high)
                axis.set_ylim(
                    middle - 0.5 * LEAST * abs(middle), middle + 0.5 * LEAST * abs(middle)
                )
            axis.ticklabel_format(useOffset=False, axis="y")
            for day, _ in changes:
                axis.axvline(day, color=GREY, linewidth=0.8, linestyle=":")
            if curves[0][1]:
                axis.legend(loc="upper left", ncols=2)
        for number, (day, words) in enumerate(changes[-4:]):
            axes[0].annotate(
                words, (day, 1.0), (2, 2 + 10 * number), xycoords=("data", "axes fraction"),
                textcoords="offset points", fontsize=7, color=GREY,
            )  # fmt: skip
        axes[-1].set_xlabel("time (d)")
        low, high = (float(time[0]), float(time[-1])) if len(time) else (0.0, 1.0)
        axes[-1].set_xlim(low, max(high, low + 10.0))
    return figure
