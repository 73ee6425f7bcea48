"""The picture of lattice snapshots: middle slices with osteoid and cells."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.viz.captions import add_caption
from trabecula.viz.pictures import add_bar, show_slice, to_length_name
from trabecula.viz.style import BLUE, GREEN, VERMILION, WIDTH, apply_style

POPULATIONS = (("osteoclasts", VERMILION, "o"), ("osteoblasts", BLUE, "s"))
OSTEOID = tuple(int(GREEN[i : i + 2], 16) / 255 for i in (1, 3, 5))
MARROW, MINERAL = 0.96, 0.68
LETTERS_PER_INCH = 16.0
"""Letters of a title on an inch of width."""

AROUND, LINE = 0.95, 0.16
"""Heights (inch) of what stands around the pictures, and of each further line of the titles."""

MARKER = 110.0
"""Width of a cell's marker (point) times the voxels along x."""


@dataclass(frozen=True)
class Snapshot:
    """What is drawn of one moment.

    Parameters
    ----------
    time
        Time (d).
    voxel
        Edge of a voxel (um).
    fraction, osteoid
        Matrix and its unmineralised part, shape (z, y, x), 0..1.
    cells
        Flat voxel indices of the cells, by population.
    label
        Which run it is, where several are drawn.
    """

    time: float
    voxel: float
    fraction: Array
    osteoid: Array
    cells: Mapping[str, Array] = field(default_factory=dict)
    label: str = ""


def draw_lattice(snapshots: Sequence[Snapshot]) -> Any:
    """Draw the middle z slice of each snapshot: bone grey, osteoid green, cells as dots.

    Lattices of one width share a scale bar; else each has its own.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    count = len(snapshots)
    width = WIDTH * min(1.0, 0.5 * count)
    each = width / count
    titles = [textwrap.fill(_make_title(one), int(each * LETTERS_PER_INCH)) for one in snapshots]
    height = max(each * one.fraction.shape[1] / one.fraction.shape[2] for one in snapshots)
    lines = max(title.count("\n") for title in titles)
    scales = {round(one.fraction.shape[2] * one.voxel, 3) for one in snapshots}
    with apply_style() as make_figure:
        size = (width, height + AROUND + LINE * lines)
        figure = make_figure(figsize=size, layout="constrained")
        axes = figure.subplots(1, count, squeeze=False)[0]
        for axis, snapshot, title in zip(axes, snapshots, titles, strict=True):
            _draw_slice(axis, snapshot)
            axis.set_title(title, fontweight="normal")
            if axis is axes[0] or len(scales) > 1:
                add_bar(axis, snapshot.fraction.shape[1:], snapshot.voxel)
        add_caption(figure, _name_planes(snapshots), width)
        figure.legend(
            handles=_make_handles(), loc="outside upper center", ncols=4, handletextpad=0.4
        )
    return figure


def _make_handles() -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(color=str(MINERAL), label="mineralised bone")]
    handles.append(Patch(color=GREEN, label="osteoid"))
    for name, colour, marker in POPULATIONS:
        handles.append(
            Line2D([], [], color=colour, marker=marker, linestyle="", markersize=3, label=name)
        )
    return handles


def _make_title(snapshot: Snapshot) -> str:
    day = f"day {snapshot.time:g}"
    return f"{snapshot.label}, {day}" if snapshot.label else day


def _name_planes(snapshots: Sequence[Snapshot]) -> str:
    """Return which layer is shown, at the height of its middle, and which way it lies."""
    heights = [(one.fraction.shape[0] // 2 + 0.5) * one.voxel for one in snapshots]
    names = dict.fromkeys(to_length_name(height) for height in heights)
    return f"The middle layer across z (z = {', '.join(names)}): x to the right, y downwards."


def _draw_slice(axis: Any, snapshot: Snapshot) -> None:
    middle = snapshot.fraction.shape[0] // 2
    show_slice(axis, to_colours(snapshot.fraction[middle], snapshot.osteoid[middle]), 0.0, 1.0)
    size = float(np.clip(MARKER / snapshot.fraction.shape[2], 0.8, 3.0)) ** 2
    for name, colour, marker in POPULATIONS:
        rows, columns = _find_on_slice(snapshot, snapshot.cells.get(name, np.zeros(0, int)), middle)
        axis.scatter(columns, rows, s=size, c=colour, marker=marker, linewidths=0)


def _find_on_slice(snapshot: Snapshot, voxels: Array, middle: int) -> tuple[Array, Array]:
    z, y, x = np.unravel_index(np.asarray(voxels, dtype=np.int64), snapshot.fraction.shape)
    return y[z == middle], x[z == middle]


def to_colours(fraction: Array, osteoid: Array) -> Array:
    """Return an RGB picture, shape (row, column, 3), 0..1: mineralised grey, osteoid green.

    Parameters
    ----------
    fraction, osteoid
        Shape (row, column), 0..1: share of a voxel that is matrix, and that is osteoid.
    """
    mineralised = np.clip(fraction - osteoid, 0.0, 1.0)[..., None]
    unmineralised = np.clip(osteoid, 0.0, 1.0)[..., None]
    marrow = np.clip(1.0 - mineralised - unmineralised, 0.0, 1.0)
    mixed: Array = marrow * MARROW + mineralised * MINERAL + unmineralised * np.array(OSTEOID)
    return np.clip(mixed, 0.0, 1.0)
