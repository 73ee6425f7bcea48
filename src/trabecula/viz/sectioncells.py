"""Cells in a section: where they touch bone, and what they look like under a microscope."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.viz.cellglyphs import LOOKS
from trabecula.viz.section import Section
from trabecula.viz.style import BLACK, ORANGE

REACH = 1.8
"""A cell is drawn on the outline if that is no farther than this from its voxel (voxel)."""

GOLDEN = np.pi * (3.0 - np.sqrt(5.0))


@dataclass(frozen=True)
class Shape:
    """A cell's outline, an ellipse.

    Parameters
    ----------
    length, height
        Semi-axes along and across the surface (um); an osteoclast's per square root of its nuclei.
    nucleus
        Share of the cell's height that a nucleus takes.
    pale
        Share of white in its body, so that the nucleus is seen.
    attached
        Whether it sits on bone.
    """

    length: float
    height: float
    nucleus: float
    pale: float
    attached: bool = True


SHAPES = {
    "precursors": Shape(5.5, 5.5, 0.7, 0.45, attached=False),
    "osteocytes": Shape(7.0, 3.6, 0.0, 0.0, attached=False),
    "lining": Shape(13.0, 1.9, 0.9, 0.2),
    "preosteoblasts": Shape(9.5, 4.0, 0.6, 0.2),
    "osteoblasts": Shape(9.5, 8.0, 0.5, 0.3),
    "osteoclasts": Shape(12.0, 8.0, 0.0, 0.35),
}
"""In the order in which they are drawn."""

NUCLEUS = 3.0
"""Radius of an osteoclast's nucleus (um)."""


def draw_cells(axis: Any, section: Section, outline: Sequence[Array], scale: float) -> None:
    """Draw the cells of a section.

    Parameters
    ----------
    outline
        Lines around bone, bone on the left, each of shape (point, 2), um.
    scale
        Points of the page per um, for line widths.
    """
    for order, (kind, shape) in enumerate(SHAPES.items()):
        across, up, nuclei = section.cells.get(kind, (np.zeros(0),) * 3)
        if not len(across):
            continue
        centres = np.column_stack([across, up])
        places, tangents, outward, _ = place_on_outline(centres, outline, section.voxel)
        found = (places if shape.attached else centres, tangents, outward)
        _draw_kind(axis, kind, shape, found, nuclei, 4.0 + 0.1 * order, scale)


def place_on_outline(
    centres: Array, outline: Sequence[Array], voxel: float
) -> tuple[Array, Array, Array, Array]:
    """Find where cells meet bone.

    Parameters
    ----------
    centres
        Places of the cells x, y, shape (cell, 2), um.
    outline
        Lines around bone, bone on the left, each of shape (point, 2), um.
    voxel
        Edge of a voxel (um).

    Returns
    -------
    places, tangents
        Nearest points of the outline (um) and directions along it, shape (cell, 2); the cell's own
        place where none is near.
    outward
        Directions away from bone, shape (cell, 2).
    is_near
        Whether the outline is within reach, shape (cell,).
    """
    from scipy.spatial import cKDTree

    tangents = np.tile([1.0, 0.0], (len(centres), 1))
    places = centres.copy()
    is_near = np.zeros(len(centres), bool)
    lines = [line for line in outline if len(line) > 2]
    if lines:
        points = np.concatenate(lines)
        along = np.concatenate([np.gradient(line, axis=0) for line in lines])
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        tree: Any = cKDTree(points)
        distance, nearest = tree.query(centres)
        tangents = along[nearest]
        is_near = distance <= REACH * voxel
        places[is_near] = points[nearest[is_near]]
    outward = np.column_stack([tangents[:, 1], -tangents[:, 0]])
    return places, tangents, outward, is_near


def _draw_kind(
    axis: Any,
    kind: str,
    shape: Shape,
    found: tuple[Array, Array, Array],
    nuclei: Array,
    order: float,
    scale: float,
) -> None:
    places, tangents, outward = found
    colour = LOOKS[kind].colour
    size = np.sqrt(np.maximum(nuclei, 1)) if kind == "osteoclasts" else np.ones(len(places))
    size = np.minimum(size, 3.2)
    length, height = shape.length * size, shape.height * size**0.7
    lift = 0.85 * height if shape.attached else np.zeros(len(places))
    centres = places + lift[:, None] * outward
    angle = np.degrees(np.arctan2(tangents[:, 1], tangents[:, 0]))
    if kind == "osteocytes":  # the lacuna around the cell
        _add_ellipses(axis, centres, length + 2.2, height + 2.0, angle, ("white", "none"), order)
    body = _mix(colour, shape.pale)
    edge = colour if shape.pale else "none"
    _add_ellipses(axis, centres, length, height, angle, (body, edge), order, 0.7 * scale)
    if shape.nucleus:
        inner = shape.nucleus * height
        wide = np.maximum(inner, 0.35 * length) if shape.length > 2 * shape.height else inner
        away = centres + 0.2 * height[:, None] * outward if shape.attached else centres
        _add_ellipses(axis, away, wide, inner, angle, (_mix(colour, -0.45), "none"), order + 0.05)
    if kind == "osteoclasts":
        spots = _spread_nuclei(centres, tangents, outward, length, height, nuclei)
        radius = np.full(len(spots), NUCLEUS)
        dark = (_mix(colour, -0.5), "none")
        _add_ellipses(axis, spots, radius, radius, np.zeros(len(spots)), dark, order + 0.05)


def _spread_nuclei(
    centres: Array, tangents: Array, outward: Array, length: Array, height: Array, nuclei: Array
) -> Array:
    """Return places of all nuclei, on a spiral in each cell, shape (nucleus, 2)."""
    spots = [np.zeros((0, 2))]
    for k, count in enumerate(np.asarray(nuclei, dtype=int)):
        turn = np.arange(max(count, 1))
        radius = 0.72 * np.sqrt((turn + 0.5) / max(count, 1)) if count > 1 else np.zeros(1)
        u = radius * np.cos(turn * GOLDEN) * length[k]
        v = radius * np.sin(turn * GOLDEN) * height[k]
        spots.append(centres[k] + u[:, None] * tangents[k] + v[:, None] * outward[k])
    return np.concatenate(spots)


def _add_ellipses(
    axis: Any,
    centres: Array,
    length: Array,
    height: Array,
    angle: Array,
    colours: tuple[Any, Any],
    order: float,
    line: float = 0.0,
) -> None:
    from matplotlib.collections import EllipseCollection

    axis.add_collection(
        EllipseCollection(
            2.0 * length, 2.0 * height, angle, units="xy", offsets=centres,
            offset_transform=axis.transData, facecolors=[colours[0]], edgecolors=[colours[1]],
            linewidths=line, zorder=order,
        )
    )  # fmt: skip


def _mix(colour: str, pale: float) -> tuple[float, float, float]:
    """Return `colour` with a share of white, or of black if negative."""
    from matplotlib.colors import to_rgb

    end = 1.0 if pale > 0 else 0.0
    red, green, blue = (c + abs(pale) * (end - c) for c in to_rgb(colour))
    return red, green, blue


def make_handles(sections: Sequence[Section], stain: Any) -> list[Any]:
    """Return the entries of the legend: tissues, and the kinds of cells that are there."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(facecolor=stain.old, label="mineralised bone"),
        Patch(facecolor=stain.osteoid, label="osteoid"),
        Line2D([], [], color=ORANGE, lw=1.8, label="eroded surface"),
        Line2D([], [], color=stain.line, lw=0.7, label="cement line"),
    ]
    for kind in reversed(SHAPES):
        if any(len(section.cells.get(kind, ((),))[0]) for section in sections):
            colour = BLACK if kind == "osteocytes" else LOOKS[kind].colour
            flat = SHAPES[kind].length > 2 * SHAPES[kind].height
            handles.append(
                Line2D(
                    [], [], color=_mix(colour, 0.2 * (kind != "osteocytes")), ls="",
                    marker="_" if flat else "o", markeredgewidth=1.8 if flat else 0.6,
                    markeredgecolor=colour, markersize=5, label=LOOKS[kind].label,
                )
            )  # fmt: skip
    return handles
