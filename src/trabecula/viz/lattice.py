"""The picture of lattice snapshots: middle slices with osteoid and cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.viz.pictures import add_bar, show_slice
from trabecula.viz.style import BLUE, GREEN, VERMILION, WIDTH, apply_style

POPULATIONS = (("osteoclasts", VERMILION, "o"), ("osteoblasts", BLUE, "s"))
OSTEOID = tuple(int(GREEN[i : i + 2], 16) / 255 for i in (1, 3, 5))
MARROW, MINERAL = 0.96, 0.68
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

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    count = len(snapshots)
    first = snapshots[0].fraction
    width = WIDTH * min(1.0, 0.5 * count)
    height = width / count * first.shape[1] / first.shape[2]
    with apply_style() as make_figure:
        figure = make_figure(figsize=(width, height + 0.75), layout="constrained")
        axes = figure.subplots(1, count, squeeze=False)[0]
        for axis, snapshot in zip(axes, snapshots, strict=True):
            _draw_slice(axis, snapshot)
        add_bar(axes[0], (first.shape[1], first.shape[2]), snapshots[0].voxel)
        figure.legend(
            handles=_make_handles(), loc="outside lower center", ncols=4, handletextpad=0.4
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


def _draw_slice(axis: Any, snapshot: Snapshot) -> None:
    middle = snapshot.fraction.shape[0] // 2
    show_slice(axis, to_colours(snapshot.fraction[middle], snapshot.osteoid[middle]), 0.0, 1.0)
    day = f"day {snapshot.time:g}"
    title = f"{snapshot.label}, {day}" if snapshot.label else day
    axis.set_title(title, fontweight="normal")
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
