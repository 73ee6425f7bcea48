"""Small helpers for pictures of voxels."""

from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.viz.style import BLACK, GREY

AXES = ("z", "y", "x")
ROUND_LENGTHS = (50, 100, 200, 250, 500, 1000, 2000, 5000)
"""Lengths that a scale bar may have (um)."""


def choose_bar(width: float) -> int:
    """Return the longest round length (um) of at most a third of `width` (um)."""
    fitting = [length for length in ROUND_LENGTHS if length <= width / 3]
    return fitting[-1] if fitting else ROUND_LENGTHS[0]


def to_length_name(length: float) -> str:
    """Return a length (um) as it is printed."""
    return f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm"


def add_bar(axis: Any, shape: tuple[int, int], voxel: float) -> None:
    """Draw a scale bar under the picture of `shape` (rows, columns) voxels of edge `voxel` (um)."""
    length = choose_bar(shape[1] * voxel)
    axis.autoscale(False)  # or the axis would grow by the bar, and with it the scale of the picture
    left, right, height = -0.5, length / voxel - 0.5, shape[0] * 1.04
    look: Any = {"color": BLACK, "linewidth": 1.6, "solid_capstyle": "butt"}
    axis.plot([left, right], [height, height], clip_on=False, **look)
    axis.text(right + 0.02 * shape[1], height, to_length_name(length), va="center", fontsize=7)


def add_frame(axis: Any, shape: tuple[int, int]) -> None:
    """Draw a thin frame around the picture of `shape` (rows, columns): white bone has no edge."""
    rows, columns = (size - 0.5 for size in shape)
    around = ([-0.5, columns, columns, -0.5, -0.5], [-0.5, -0.5, rows, rows, -0.5])
    axis.plot(*around, color=GREY, linewidth=0.6, clip_on=False)


def show_slice(axis: Any, picture: Array, low: float, high: float, colours: str = "gray") -> Any:
    """Show a 2-D array as it is, voxel by voxel, between `low` and `high`.

    Parameters
    ----------
    picture
        Shape (row, column), any unit.
    low, high
        Black and white, in that unit.
    """
    axis.set_axis_off()
    axis.set_anchor("N")
    return axis.imshow(picture, cmap=colours, vmin=low, vmax=high, interpolation="nearest")


def take_middle(volume: Array, axis: int) -> Array:
    """Return the middle slice of a (z, y, x) array across `axis`, in its unit.

    Parameters
    ----------
    volume
        Shape (z, y, x), any unit.
    """
    middle: Array = np.take(volume, volume.shape[axis] // 2, axis=axis)
    return middle


def to_plane(axis: int) -> str:
    """Return the name of the plane across `axis`, rows first."""
    first, second = (name for number, name in enumerate(AXES) if number != axis)
    return f"{first}{second}"
