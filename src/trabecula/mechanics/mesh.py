"""The meshes of one lattice: the voxels that carry load, and blocks of 2, 4, 8 ... of them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.hexahedra import LANES, press, press_elements
from trabecula.kernels.voxelmesh import (
    fill_places,
    fix_nodes,
    link_nodes,
    list_elements,
    mark_blocks,
    merge_moduli,
    number_nodes,
    sum_moduli,
)

Shape = tuple[int, int, int]
COARSEST_NODES = 64
"""Nodes of the mesh that is solved directly, at most."""

SOFTER = 0.8
"""Factor on the stiffness of blocks at each coarsening: trilinear blocks that glue struts together
are too stiff, and a correction that is too small costs iterations (docs/adr/0008)."""


@dataclass
class Mesh:
    """One level: its nodes and elements in scan order.

    Parameters
    ----------
    shape
        Elements along z, y, x.
    corners
        Shape (element, 4): lower x node of the four edges along x.
    layers
        Shape (z + 1): first element of every layer.
    planes
        Shape (z + 2): first node of every plane.
    moduli
        Shape (element): modulus of every element times its edge (MPa voxel).
    lame
        Shape (2): lambda and mu of unit modulus.
    free
        Flat (node, component): 0 where a side holds the component.
    inverse
        Flat (node, component): inverse of the stiffness matrix' diagonal (1/(MPa voxel)), 0 where
        held.
    links
        Shape (node, 4): nodes of the next coarser mesh; empty on the coarsest.
    places
        Shape (element): flat place (z, y, x).
    """

    shape: Shape
    corners: Array
    layers: Array
    planes: Array
    moduli: Array
    lame: Array
    free: Array
    inverse: Array
    links: Array
    places: Array

    @property
    def size(self) -> int:
        """Number of displacement components."""
        return len(self.free)

    def press(self, u: Array, out: Array) -> None:
        """Write the forces of the displacements `u` into `out`, both flat (node, component).

        Parameters
        ----------
        u
            Flat (node, component), edges of a voxel.
        out
            The same shape, MPa face, written.
        """
        lame = self.lame.astype(u.dtype)
        press_elements(u, self.corners, self.moduli, self.layers, lame, out)


def compute_lame(poisson: float) -> Array:
    """Return lambda and mu of unit modulus (1), shape (2,), for Poisson's ratio `poisson` (1)."""
    return np.array([poisson / ((1 + poisson) * (1 - 2 * poisson)), 0.5 / (1 + poisson)])


@lru_cache(maxsize=8)
def make_element_matrix(poisson: float) -> Array:
    """Return the stiffness matrix of a unit cube of unit modulus, shape (24, 24), float64.

    Parameters
    ----------
    poisson
        Poisson's ratio (1).

    Returns
    -------
    numpy.ndarray
        Entries (MPa edge) for a modulus of 1 MPa and an edge of 1.
    """
    lame, columns = compute_lame(poisson), []
    for j in range(24):
        u, f = np.zeros((24, LANES)), np.zeros((24, LANES))
        u[j] = 1.0
        press(u.reshape(-1), f.reshape(-1), np.full(LANES, 0.0625), lame)
        columns.append(f[:, 0])
    return np.stack(columns, axis=1)


class Numbering:
    """Nodes and elements of one mask (z, y, x) in scan order."""

    def __init__(self, elements: Array) -> None:
        nz, ny, nx = elements.shape
        self.elements = elements
        self.numbers = np.empty((nz + 1, ny + 1, nx + 1), np.int32)
        self.planes = np.zeros(nz + 2, np.int64)
        number_nodes(elements, self.numbers, self.planes)
        counts = elements.reshape(nz, -1).sum(axis=1, dtype=np.int64)
        self.layers = np.concatenate([[0], np.cumsum(counts)])
        self.corners = np.empty((int(self.layers[-1]), 4), np.int32)
        self.places = np.empty(len(self.corners), np.int32)
        list_elements(elements, self.numbers, self.layers, self.corners, self.places)

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return int(self.planes[-1])

    def make_rows(self) -> Array:
        """Return the row (index) of every element, shape (z, y, x); meaningless where there is none."""
        rows = np.cumsum(self.elements.reshape(-1), dtype=np.int32) - np.int32(1)
        return rows.reshape(self.elements.shape)

    def list_node_places(self) -> Array:
        """Return the flat index (z, y, x) of every node."""
        places = np.empty(self.nodes, np.int64)
        fill_places(self.numbers, places)
        return places


def make_meshes(modulus: Array, poisson: float, rules: Array) -> tuple[list[Mesh], Array]:
    """Build the mesh of a lattice and all coarser ones.

    Parameters
    ----------
    modulus
        Shape (z, y, x), MPa; voxels of 0 are no elements.
    poisson
        Poisson's ratio (1).
    rules
        Shape (axis, low or high side, component): 1 where a side holds a component.

    Returns
    -------
    list of Mesh
        From the finest to the coarsest.
    numpy.ndarray
        Flat index of every node of the finest, shape (node,).
    """
    shape = np.array(modulus.shape)
    moduli: Array = modulus[modulus > 0].astype(np.float32)
    level = Numbering((modulus > 0).astype(np.uint8))
    places, meshes = level.list_node_places(), list[Mesh]()
    while True:
        mesh = _make_mesh(level, moduli, poisson, 2 ** len(meshes), shape, rules)
        meshes.append(mesh)
        if level.nodes <= COARSEST_NODES or max(mesh.shape) == 1:
            return meshes, places
        coarse = Numbering(_halve(level.elements))
        mesh.links = np.empty((level.nodes, 4), np.int32)
        link_nodes(level.numbers, coarse.numbers, mesh.links)
        moduli = np.empty(len(coarse.corners), np.float32)
        size, rows = np.array(mesh.shape[1:]), coarse.make_rows()
        merge_moduli(mesh.moduli, level.places, level.layers, size, rows, moduli)
        moduli *= np.float32(SOFTER)
        _stiffen_cut_blocks(moduli, coarse, mesh.shape, rules)
        level = coarse


def _make_mesh(
    level: Numbering, moduli: Array, poisson: float, edge: int, shape: Array, rules: Array
) -> Mesh:
    fixed = np.zeros((level.nodes, 3), np.uint8)
    fix_nodes(level.numbers, edge, shape, rules, fixed)
    free = 1 - fixed
    sums = np.empty(level.nodes)
    sum_moduli(level.corners, moduli, level.layers, sums)
    inverse = (free / (make_element_matrix(poisson)[0, 0] * sums[:, None])).astype(np.float32)
    nz, ny, nx = level.elements.shape
    return Mesh(
        (nz, ny, nx), level.corners, level.layers, level.planes, moduli, compute_lame(poisson),
        free.reshape(-1), inverse.reshape(-1), np.empty((0, 4), np.int32), level.places,
    )  # fmt: skip


def _halve(elements: Array) -> Array:
    nz, ny, nx = elements.shape
    blocks = np.empty(((nz + 1) // 2, (ny + 1) // 2, (nx + 1) // 2), np.uint8)
    mark_blocks(elements, blocks)
    return blocks


def _stiffen_cut_blocks(moduli: Array, coarse: Numbering, shape: Shape, rules: Array) -> None:
    """Stiffen blocks that reach half beyond a side that holds displacements.

    A coarse displacement falls to zero within half of such a block, at the side: twice the gradient,
    four times the energy. Without it the correction there would be four times too large.
    """
    places = np.unravel_index(coarse.places, coarse.elements.shape)
    for axis, at in enumerate(places):
        if shape[axis] % 2 and rules[axis, 1].any():
            moduli[at == coarse.elements.shape[axis] - 1] *= np.float32(4.0)
