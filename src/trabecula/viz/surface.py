"""The surface of bone as a smooth, closed mesh; no picture is drawn here."""

from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.viz.opengl import load_pyvista

BLUR = 0.8
"""Width of the Gaussian over the bone fraction (voxel): takes the steps, leaves the struts."""

ROUNDS, PASS_BAND = 30, 0.1
"""Taubin smoothing, which does not shrink."""

HALF = 0.5

ASKED = 2000
"""Triangles that are asked on which side of them bone is."""


def blur_fraction(fraction: Array) -> Array:
    """Return `fraction` (z, y, x) without the steps of its voxels, float32."""
    from scipy.ndimage import gaussian_filter

    blurred: Array = gaussian_filter(np.asarray(fraction, np.float32), BLUR, mode="nearest")
    return blurred


def join_voxels(fraction: Array, number: int) -> Array:
    """Return the mean of `fraction` (z, y, x) in blocks of `number` voxels an edge."""
    filled = np.pad(fraction, [(0, -length % number) for length in fraction.shape], mode="edge")
    shape = [n for length in filled.shape for n in (length // number, number)]
    joined: Array = filled.reshape(shape).mean(axis=(1, 3, 5), dtype=np.float32)
    return joined


def make_surface(fraction: Array, voxel: float, first: tuple[int, int, int] = (0, 0, 0)) -> Any:
    """Build the surface on which bone fills half of space.

    Parameters
    ----------
    fraction
        Bone per voxel volume, shape (z, y, x), 0..1.
    voxel
        Edge of a voxel (um).
    first
        Place of its first voxel (z, y, x) in the lattice, where it is a part of one.

    Returns
    -------
    pyvista.PolyData
        Triangles with outward normals; points x, y, z (um) from the outer corner of the lattice's first
        voxel. Closed: where bone leaves the block it is cut flat, and the point array ``cut`` is 1.
        Empty if there is no bone.

    Raises
    ------
    MissingError
        If the extra is not installed.
    """
    pv = load_pyvista()
    padded = _pad(blur_fraction(fraction))
    nz, ny, nx = padded.shape
    origin = tuple((start - 0.5) * voxel for start in reversed(first))
    grid = pv.ImageData(dimensions=(nx, ny, nz), spacing=(voxel,) * 3, origin=origin)
    grid.point_data["fraction"] = padded.ravel()
    mesh = grid.contour([HALF], scalars="fraction", method="flying_edges", compute_normals=False)
    if not mesh.n_points:
        mesh.point_data["cut"] = np.zeros(0, np.uint8)
        return mesh
    mesh.clear_data()
    low = np.array(origin) + voxel
    high = low + np.array([nx - 3, ny - 3, nz - 3]) * voxel
    before = np.asarray(mesh.points)
    below, above = before < low - 1e-3 * voxel, before > high + 1e-3 * voxel
    mesh = mesh.smooth_taubin(n_iter=ROUNDS, pass_band=PASS_BAND)
    # a cut stays where it was made, so that it is flat up to its rim
    points = np.where(below, low - 0.5 * voxel, np.asarray(mesh.points))
    points = np.where(above, high + 0.5 * voxel, points)
    mesh.points = points.astype(np.float32)
    mesh = mesh.compute_normals(
        cell_normals=False, point_normals=True, split_vertices=False, auto_orient_normals=False,
        consistent_normals=False,
    )  # fmt: skip
    _turn_outward(mesh, padded, voxel, np.array(origin))
    mesh.point_data["cut"] = (below | above).any(axis=1).astype(np.uint8)
    return mesh


def _pad(fraction: Array) -> Array:
    """Add a layer that mirrors the value about a half, so that the cut lies on the block's face."""
    padded = np.pad(fraction, 1)
    for axis in range(3):
        inner = [slice(1, -1)] * 3
        for edge, next_to in ((0, 1), (-1, -2)):
            inner[axis] = slice(edge, edge + 1) if edge >= 0 else slice(edge, None)
            source = list(inner)
            source[axis] = slice(next_to, next_to + 1)
            padded[tuple(inner)] = np.minimum(1.0 - padded[tuple(source)], HALF - 1e-4)
    return padded


def _turn_outward(mesh: Any, fraction: Array, voxel: float, origin: Array) -> None:
    """Flip triangles and normals if there is more bone before them than behind.

    All triangles of a contour wind the same way, so that some of them tell for all.
    """
    triangles = np.asarray(mesh.regular_faces)
    chosen = triangles[:: max(1, len(triangles) // ASKED)]
    corners = np.asarray(mesh.points, dtype=np.float64)[chosen]
    ahead = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    ahead *= 0.5 * voxel / np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-12)
    centres = corners.mean(axis=1) - origin + 0.5 * voxel
    before, behind = (sample_volume(fraction, voxel, centres + step) for step in (ahead, -ahead))
    if before.sum() > behind.sum():
        mesh.regular_faces = triangles[:, ::-1]
        mesh.point_data["Normals"] = -np.asarray(mesh.point_data["Normals"])


def compute_depths(mesh: Any, earlier: Any) -> Array:
    """Return how far the surface has moved outward since `earlier`, shape (point,), um.

    Positive where bone was formed, negative where it was resorbed; along the normal of the earlier
    surface for small moves, straight to its nearest point for large ones. 0 on cuts.
    """
    from scipy.spatial import cKDTree

    if not mesh.n_points or not earlier.n_points:
        return np.zeros(mesh.n_points)
    points = np.asarray(mesh.points, dtype=np.float64)
    old = np.asarray(earlier.points, dtype=np.float64)
    distance, nearest = _query(cKDTree(old), points)
    along = np.einsum("ij,ij->i", points - old[nearest], np.asarray(earlier["Normals"])[nearest])
    edge = np.sqrt(2.0) * _measure_edge(earlier)
    moved: Array = np.where(distance < edge, along, np.sign(along) * distance)
    moved[np.asarray(mesh["cut"]) > 0] = 0.0
    return moved


def _query(tree: Any, points: Array) -> tuple[Array, Array]:
    distance, nearest = tree.query(points)
    return distance, nearest


def _measure_edge(mesh: Any) -> float:
    triangles = np.asarray(mesh.regular_faces)[:1000]
    corners = np.asarray(mesh.points)[triangles]
    return float(np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1).max())


def sample_volume(values: Array, voxel: float, points: Array, smooth: bool = False) -> Array:
    """Return `values` (z, y, x; edge `voxel` in um) at `points` (x, y, z in um).

    Linear between voxels, or `smooth`: by a cubic B-spline, which rounds peaks off but never overshoots.
    """
    from scipy.ndimage import map_coordinates

    places = (np.asarray(points, dtype=np.float64)[:, ::-1] / voxel - 0.5).T
    sampled: Array = map_coordinates(
        np.asarray(values, np.float32),
        places,
        order=3 if smooth else 1,
        prefilter=False,
        mode="nearest",
    )
    return sampled
