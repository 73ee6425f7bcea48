"""From a moment of a run to meshes with colours: bone, cells, the field on a slice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trabecula.analysis.moments import StoredMoment, Volume
from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError
from trabecula.viz.cellglyphs import MOST_TRIANGLES, USUAL, make_bodies, place_cells
from trabecula.viz.colouring import (
    OF_BONE,
    Colouring,
    compute_values,
    find_volume,
    make_colouring,
    paint_tissue,
    to_rgb,
)
from trabecula.viz.cuts import Block, Cut, choose_block
from trabecula.viz.opengl import load_pyvista
from trabecula.viz.surface import (
    HALF,
    blur_fraction,
    join_voxels,
    make_surface,
    sample_volume,
)

FINER = 2
"""Points of a slice per voxel and axis."""

CONTOURS = 7
SUNK, UNDER = 0.5, 0.9
"""How deep the plane lies below the cut (voxel), and how much bone still stands on it."""


@dataclass(frozen=True)
class Request:
    """What is to be seen.

    Parameters
    ----------
    colour
        plain, tissue, resorbed, or a volume that the file holds.
    cut
        Slice or slab; None for the whole lattice.
    populations
        Cells that are drawn.
    limits
        Values at the ends of the colour map; None: chosen from the data.
    view
        Name of the camera's place; empty: what suits the cut.
    triangles
        Triangles above which cells are drawn more coarsely.
    joined
        Voxels an edge that the surface of a whole lattice takes as one: rough, and soon there.
    """

    colour: str = "plain"
    cut: Cut | None = None
    populations: Sequence[str] = USUAL
    limits: tuple[float, float] | None = None
    view: str = ""
    triangles: int = MOST_TRIANGLES
    joined: int = 1


@dataclass(frozen=True)
class Scene:
    """Meshes, ready to be drawn.

    Parameters
    ----------
    bone
        Surface with the point array ``rgb``.
    bodies
        Meshes of the cells by kind.
    low, high
        Corners x, y, z (um) of what is seen.
    colouring
        What the colours say; None if they have no scale.
    plane, lines
        The field on a slice with ``rgb``, and its contours; None without.
    is_tissue
        Whether the colours tell mineralised bone, osteoid and eroded surface apart.
    """

    time: float
    bone: Any
    bodies: dict[str, Any]
    low: Array
    high: Array
    colouring: Colouring | None = None
    plane: Any = None
    lines: Any = None
    is_tissue: bool = False

    @property
    def points(self) -> Array:
        """Points x, y, z (um) that a picture has to show, shape (point, 3)."""
        return np.asarray(self.bone.points if self.plane is None else self.plane.points)


def make_scene(
    moment: StoredMoment, request: Request, earlier: StoredMoment | None = None
) -> Scene:
    """Build what `request` asks for.

    Parameters
    ----------
    earlier
        The moment since which bone was resorbed and formed, for the colour ``resorbed``.

    Raises
    ------
    ResultsError
        If there is no bone in what is to be seen.
    MissingError
        If the extra is not installed.
    """
    voxel = moment.voxel
    option = "--slice" if request.cut is None or request.cut.is_slice else "--slab"
    block = choose_block(request.cut, moment.shape, voxel, option)
    joined = request.joined if request.cut is None else 1
    bone = build_bone(moment, block, joined)
    if not bone.n_points:
        msg = f"day {moment.time:g}: no bone in what is to be seen; try another time, slice or slab"
        raise ResultsError(msg)
    before = None if earlier is None else build_bone(earlier, block, joined)
    low = np.array(block.first[::-1]) * voxel
    high = np.array(block.last[::-1]) * voxel
    plane = lines = colouring = None
    volume = find_volume(moment, request.colour)
    if block.face is not None and volume is not None and request.colour not in OF_BONE:
        plane, lines, colouring = _make_plane(moment, block, request, volume)
        bone["rgb"] = to_rgb(bone, np.zeros(bone.n_points), None)
    elif request.colour == "tissue":
        bone["rgb"] = paint_tissue(bone, moment)
    else:
        values, colouring = compute_values(bone, moment, request.colour, before, request.limits)
        bone["rgb"] = to_rgb(bone, values, colouring)
    placed = place_cells(moment, bone, low, high, request.cut is not None)
    bodies = make_bodies(placed, request.triangles) if placed else {}
    return Scene(
        moment.time, bone, bodies, low, high, colouring, plane, lines, request.colour == "tissue"
    )


def build_bone(moment: StoredMoment, block: Block, joined: int = 1) -> Any:
    """Build the surface of the bone in a block of the lattice; of the whole one, by `joined` voxels."""
    fraction = moment.volumes["fraction"].values[block.slices]
    if joined > 1:
        return make_surface(join_voxels(fraction, joined), joined * moment.voxel)
    return make_surface(fraction, moment.voxel, block.first)


def _make_plane(
    moment: StoredMoment, block: Block, request: Request, volume: Volume
) -> tuple[Any, Any, Colouring]:
    """Build the marrow on a slice, coloured by a field, and the field's contours."""
    from matplotlib import colormaps

    pv = load_pyvista()
    fraction, values, points, shape = _sample_face(moment, block, volume)
    colouring = make_colouring(volume, values[fraction < HALF], request.limits)
    grid = pv.StructuredGrid()
    grid.points = points.astype(np.float32)
    grid.dimensions = (shape[1], shape[0], 1)
    grid["fraction"], grid["share"] = fraction, colouring.to_share(values)
    plane = grid.clip_scalar(scalars="fraction", invert=True, value=UNDER)
    rgb = colormaps[colouring.colours](np.asarray(plane["share"]))[:, :3]
    plane["rgb"] = np.rint(255.0 * rgb).astype(np.uint8)
    lines = plane.contour(np.linspace(0.0, 1.0, CONTOURS + 2)[1:-1], scalars="share")
    return plane, lines if lines.n_points else None, colouring


def _sample_face(
    moment: StoredMoment, block: Block, volume: Volume
) -> tuple[Array, Array, Array, tuple[int, int]]:
    """Return bone fraction and `volume` at points of the open face, their places, and rows, columns."""
    axis, layer = block.face or (0, 0)
    voxel = moment.voxel
    blurred = blur_fraction(moment.volumes["fraction"].values[block.slices])
    others = [n for n in range(3) if n != axis]
    ticks = [
        np.linspace(block.first[n], block.last[n], FINER * (block.last[n] - block.first[n]) + 1)
        for n in others
    ]
    rows, columns = np.meshgrid(*ticks, indexing="ij")
    places = np.zeros((rows.size, 3))  # z, y, x in voxels
    places[:, others[0]], places[:, others[1]] = rows.ravel(), columns.ravel()
    places[:, axis] = layer + 0.5
    fraction = sample_volume(blurred, 1.0, (places - block.first)[:, ::-1])
    values = sample_volume(volume.values, volume.voxel, places[:, ::-1] * voxel, smooth=True)
    # the plane lies a little below the cut, so that the rounded rim of bone stands in it
    is_top = layer == block.last[axis] - 1
    places[:, axis] = layer + 1 - SUNK if is_top else layer + SUNK
    return fraction, values, places[:, ::-1] * voxel, (int(rows.shape[0]), int(rows.shape[1]))
