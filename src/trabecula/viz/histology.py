"""Sections drawn as a pathologist sees them: bone, osteoid seams, eroded surface, cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.viz.pictures import choose_bar, to_length_name
from trabecula.viz.plate import ABOVE, BESIDE, INCH, ROW, ROWS_FROM, TYPE, split_width, to_day
from trabecula.viz.section import Section
from trabecula.viz.sectioncells import SHAPES, draw_cells, make_handles
from trabecula.viz.style import BLACK, ORANGE, apply_style

FINER = 6
"""Points of a contour per voxel."""

BELOW = 0.3
"""Height of the strip of the scale bar (inch)."""

EDGE = 0.015
"""Room for the line of the frame at both sides of the figure (inch)."""

COVERED = 0.1
"""Osteoid before and behind an outline (voxels of matrix) from which on it covers the surface."""

REACH = 0.75
"""An outline is eroded where a voxel that resorption opened lies so near in front of it (voxel)."""


@dataclass(frozen=True)
class Stain:
    """Colours of a stain.

    Parameters
    ----------
    young, old
        Bone of little and of full mineral.
    osteoid, marrow, line
        Osteoid, marrow, and the cement lines between packets of bone.
    """

    young: str
    old: str
    osteoid: str
    marrow: str
    line: str


STAINS = {
    "goldner": Stain("#a9d3c6", "#5fa79a", "#c8412b", "#fbf5ea", "#2f6f66"),
    "kossa": Stain("#55504c", "#1f1c1a", "#e79aa6", "#fbf3f1", "#8d8580"),
}
"""Goldner: bone green, osteoid red; von Kossa: bone black, osteoid rose. Told apart by lightness too."""


def draw_histology(sections: Sequence[Section], width: float, stain: str = "goldner") -> Any:
    """Draw sections side by side.

    Parameters
    ----------
    width
        Width of the figure (mm).
    stain
        Of :data:`STAINS`.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    wide = width / INCH
    each = split_width(wide - 2 * EDGE, len(sections))
    rows, columns = sections[0].fraction.shape
    tall = each * rows / columns
    colours = STAINS[stain]
    handles = make_handles(sections, colours)
    per_row = max(1, int(ROWS_FROM * width / 85.0))
    legend = ROW * -(-len(handles) // per_row)
    height = ABOVE + tall + BELOW + legend
    with apply_style() as make_figure:
        figure = make_figure(figsize=(wide, height))
        for number, section in enumerate(sections):
            left = (EDGE + number * (each + BESIDE)) / wide
            box = (left, (BELOW + legend) / height, each / wide, tall / height)
            axis = figure.add_axes(box)
            _draw_section(axis, section, colours, each)
            words = f"{to_day(section.time)}, {section.place}"
            figure.text(
                left + 0.005, 1 - 0.5 * ABOVE / height, words, va="center", fontsize=TYPE,
                fontweight="bold",
            )  # fmt: skip
        seen = columns * sections[0].voxel
        length = choose_bar(seen)
        axis = figure.add_axes((EDGE / wide, legend / height, each / wide, BELOW / height))
        axis.set_xlim(0, seen)
        axis.set_ylim(0, 1)
        axis.set_axis_off()
        axis.plot([0, length], [0.6, 0.6], color=BLACK, lw=1.8, solid_capstyle="butt")
        axis.text(length + 0.02 * seen, 0.6, to_length_name(length), va="center", fontsize=TYPE)
        figure.legend(
            handles=handles, loc="lower center", ncols=per_row, fontsize=TYPE, handletextpad=0.4,
            columnspacing=1.0, borderpad=0.1, labelspacing=0.3, borderaxespad=0.1,
            bbox_to_anchor=(0.5, 0.0),
        )  # fmt: skip
    return figure


def _draw_section(axis: Any, section: Section, stain: Stain, inches: float) -> None:
    rows, columns = section.fraction.shape
    wide, tall = columns * section.voxel, rows * section.voxel
    axis.set_xlim(0, wide)
    axis.set_ylim(0, tall)
    axis.set_xticks([])
    axis.set_yticks([])
    for side in axis.spines.values():
        side.set_visible(True)
        side.set_linewidth(0.4)
    axis.set_facecolor(stain.marrow)
    x, y = _make_ticks(columns, section.voxel), _make_ticks(rows, section.voxel)
    matrix = refine(section.fraction)
    mineralised = np.minimum(refine(section.mineralised), matrix)
    axis.contourf(x, y, matrix, [0.5, 2.0], colors=[stain.osteoid])
    hard = axis.contourf(x, y, mineralised, [0.5, 2.0], colors=[stain.old])
    _shade_mineral(axis, section, stain, hard, (wide, tall))
    _draw_cement_lines(axis, section, stain)
    outline = find_outline(x, y, matrix)
    for line in outline:
        axis.plot(line[:, 0], line[:, 1], color=BLACK, lw=0.5, zorder=3)
    _draw_eroded(axis, section, outline)
    draw_cells(axis, section, outline, inches * 72.0 / wide)


def _make_ticks(count: int, voxel: float) -> Array:
    return np.linspace(0.0, count * voxel, count * FINER + 1)


def refine(values: Array) -> Array:
    """Return `values` (row, column) at FINER points per voxel, smooth between, out to the edges."""
    from scipy.ndimage import map_coordinates

    rows, columns = (np.arange(n * FINER + 1) / FINER - 0.5 for n in values.shape)
    places = np.meshgrid(rows, columns, indexing="ij")
    fine: Array = map_coordinates(values, places, order=3, prefilter=False, mode="nearest")
    return fine


def find_outline(x: Array, y: Array, matrix: Array) -> list[Array]:
    """Return the lines where matrix fills half of space, bone on the left.

    Parameters
    ----------
    x, y
        Places of the columns and of the rows, shapes (column,) and (row,), um.
    matrix
        Shape (row, column), 0..1.

    Returns
    -------
    list
        Lines of points x, y, each of shape (point, 2), um.
    """
    from contourpy import contour_generator

    generator: Any = contour_generator(x, y, matrix)
    lines: list[Array] = generator.lines(0.5)
    return lines


def _shade_mineral(
    axis: Any, section: Section, stain: Stain, hard: Any, size: tuple[float, float]
) -> None:
    """Let young packets look paler, inside the mineralised bone."""
    from matplotlib.colors import LinearSegmentedColormap

    known = section.mineralised > 0.3
    if not known.any() or not hard.get_paths():
        return
    values = np.where(section.mineral > 0, section.mineral, section.mineral[known].max())
    image = axis.imshow(
        refine(values), origin="lower", extent=(0, size[0], 0, size[1]), vmin=0.6, vmax=1.0,
        cmap=LinearSegmentedColormap.from_list("bone", [stain.young, stain.old]),
        interpolation="bilinear", zorder=1.5, aspect="auto",
    )  # fmt: skip
    image.set_clip_path(hard.get_paths()[0], transform=axis.transData)


def _draw_cement_lines(axis: Any, section: Section, stain: Stain) -> None:
    """Draw the borders of packets, where the site that last worked on a voxel changes, inside bone."""
    from matplotlib.collections import LineCollection

    sites = np.where(section.mineralised > 0.5, section.site, 0)
    rows, columns = sites.shape
    segments: list[Array] = []
    for site in np.unique(sites[sites > 0]):
        at = np.argwhere(sites == site)
        if len(at) < 4:
            continue
        (r0, c0), (r1, c1) = np.maximum(at.min(axis=0) - 2, 0), at.max(axis=0) + 3
        r1, c1 = min(r1, rows), min(c1, columns)
        x = (c0 + np.arange((c1 - c0) * FINER + 1) / FINER) * section.voxel
        y = (r0 + np.arange((r1 - r0) * FINER + 1) / FINER) * section.voxel
        inside = refine((sites[r0:r1, c0:c1] == site).astype(np.float32))
        segments += find_outline(x, y, inside)
    kept = []
    for line in segments:
        deep = _look_up(section.mineralised, line, section.voxel) > 0.75
        kept += [line[k : k + 2] for k in np.flatnonzero(deep[:-1] & deep[1:])]
    axis.add_collection(LineCollection(kept, colors=stain.line, linewidths=0.35, zorder=2))


def _draw_eroded(axis: Any, section: Section, outline: Sequence[Array]) -> None:
    """Draw the outline thick where resorption opened the voxels in front of it."""
    from matplotlib.collections import LineCollection

    kept: list[Array] = []
    for line in outline:
        eroded = find_eroded(section, line)
        kept += [line[k : k + 2] for k in np.flatnonzero(eroded[:-1] & eroded[1:])]
    axis.add_collection(
        LineCollection(kept, colors=ORANGE, linewidths=1.6, zorder=3.5, capstyle="round")
    )


def find_eroded(section: Section, line: Array) -> Array:
    """Return where a line of the outline is eroded surface.

    Parameters
    ----------
    line
        Points x, y, bone on the left, shape (point, 2), um.

    Returns
    -------
    ndarray
        Shape (point,), bool.
    """
    ahead = np.gradient(line, axis=0) if len(line) > 1 else np.zeros_like(line)
    length = np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    # bone lies on the left of the line, the open side on the right
    outward = np.column_stack([ahead[:, 1], -ahead[:, 0]]) / length
    front = line + REACH * section.voxel * outward
    opened: Array = _look_up(section.eroded, front, section.voxel) > 0
    # eroded surface is what osteoid does not yet cover (Dempster et al. 2013)
    behind = line - REACH * section.voxel * outward
    seam = (section.fraction - section.mineralised).clip(0.0)
    covered = sum(_look_up(seam, there, section.voxel) for there in (front, behind)) > COVERED
    return opened & ~covered


def _look_up(values: Array, points: Array, voxel: float) -> Array:
    """Return the voxels of `values` in which `points` (column, row; um) lie."""
    rows, columns = values.shape
    row = np.clip((points[:, 1] / voxel).astype(int), 0, rows - 1)
    column = np.clip((points[:, 0] / voxel).astype(int), 0, columns - 1)
    found: Array = values[row, column]
    return found


__all__ = ["SHAPES", "STAINS", "Stain", "draw_histology", "find_eroded", "find_outline", "refine"]
