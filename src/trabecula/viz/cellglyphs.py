"""Cells as small bodies on the bone surface; no picture is drawn here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trabecula.analysis.moments import StoredMoment, compute_centres, split_stages
from trabecula.base.columns import Array
from trabecula.viz.opengl import load_pyvista
from trabecula.viz.style import BLACK, BLUE, GREY, PURPLE, SKY, VERMILION


@dataclass(frozen=True)
class Look:
    """How a kind of cell is drawn.

    Parameters
    ----------
    label
        Its name in the legend.
    colour
        Colour.
    radius
        Radius along the surface (um); of an osteoclast, per cube root of its nuclei.
    flatness
        Height over width.
    attached
        Whether it sits on the surface.
    """

    label: str
    colour: str
    radius: float
    flatness: float = 1.0
    attached: bool = True


LOOKS = {
    "osteoclasts": Look("osteoclasts", VERMILION, 12.0, 0.65),
    "osteoblasts": Look("osteoblasts", BLUE, 10.0, 0.8),
    "preosteoblasts": Look("preosteoblasts", SKY, 8.0, 0.6),
    "lining": Look("lining cells", GREY, 10.0, 0.15),
    "precursors": Look("osteoclast precursors", PURPLE, 5.0, 1.0, attached=False),
    "osteocytes": Look("osteocytes", BLACK, 5.0, 0.6, attached=False),
}
USUAL = ("osteoclasts", "osteoblasts")
"""Populations that are drawn unless others are asked for."""

MOST_TRIANGLES = 4_000_000
REACH = 2.5
"""A cell is drawn on the surface if that is no farther than this from its voxel (voxel)."""


def place_cells(
    moment: StoredMoment, surface: Any, low: Array, high: Array, is_cut: bool = False
) -> dict[str, tuple[Array, Array, Array]]:
    """Return places, normals and radii of the cells between two corners, by kind.

    Parameters
    ----------
    low, high
        Corners x, y, z (um) of the block that is drawn, shape (3,).
    is_cut
        Whether cells on bone outside the block are left out.

    Returns
    -------
    dict
        By kind: centres (cell, 3), directions away from bone (cell, 3), radii (cell,), um. Cells that
        sit on bone are moved from the middle of their voxel onto `surface`.
    """
    from scipy.spatial import cKDTree

    free = np.asarray(surface["cut"]) == 0
    points, normals = np.asarray(surface.points)[free], np.asarray(surface["Normals"])[free]
    tree: Any = cKDTree(points) if len(points) else None
    placed = {}
    for kind, columns in split_stages(moment).items():
        look = LOOKS[kind]
        centres = compute_centres(columns["voxel"], moment.shape, moment.voxel)
        inside = ((centres >= low) & (centres <= high)).all(axis=1)
        centres = centres[inside]
        radii = np.full(len(centres), look.radius)
        if kind == "osteoclasts":
            radii *= np.cbrt(np.maximum(columns["nuclei"][inside], 1))
        up = np.tile([0.0, 0.0, 1.0], (len(centres), 1))
        if look.attached and tree is not None and len(centres):
            distance, nearest = tree.query(centres, distance_upper_bound=REACH * moment.voxel)
            found = np.isfinite(distance)
            up[found] = normals[nearest[found]]
            lift = (0.6 * look.flatness * radii[found])[:, None]
            centres[found] = points[nearest[found]] + lift * up[found]
            if is_cut:  # the bone that the others sit on is not in the picture
                centres, up, radii = centres[found], up[found], radii[found]
        placed[kind] = (centres, up, radii)
    return placed


def make_bodies(
    placed: Mapping[str, tuple[Array, Array, Array]], most: int = MOST_TRIANGLES
) -> dict[str, Any]:
    """Build one mesh of ellipsoids for each kind of cell that is there.

    Parameters
    ----------
    placed
        By kind: centres (cell, 3) and radii (cell,), um, with directions (cell, 3) between them.
    most
        Triangles above which a crowd is drawn more coarsely.

    Raises
    ------
    MissingError
        If the extra is not installed.
    """
    pv = load_pyvista()
    count = sum(len(radii) for _, _, radii in placed.values())
    # an icosphere has 20 x 4^n triangles; a crowd is seen from farther away than a few
    detail = 3 if count * 1280 < most / 4 else 2 if count * 320 < most else 1
    bodies = {}
    for kind, (centres, up, radii) in placed.items():
        if not len(centres):
            continue
        body = pv.Icosphere(radius=1.0, nsub=detail)
        # glyphs turn their x axis along the vector
        body.points = np.asarray(body.points) * [LOOKS[kind].flatness, 1.0, 1.0]
        cloud = pv.PolyData(np.ascontiguousarray(centres, dtype=np.float32))
        cloud["up"], cloud["radius"] = up, radii
        mesh = cloud.glyph(geom=body, orient="up", scale="radius", factor=1.0)
        bodies[kind] = mesh.compute_normals(cell_normals=False, split_vertices=False)
    return bodies
