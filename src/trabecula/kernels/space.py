"""Neighbourhoods: what lies beside a voxel when the lattice repeats or is mirrored."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from trabecula.base.codes import HALF
from trabecula.kernels.compile import kernel, prange, sized_kernel

HALF_QUANTA = HALF
FACES = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]], np.int64)


class Space(NamedTuple):
    """Geometry as kernels take it: voxels along z, y, x; 1 if periodic; voxel edge (um)."""

    nz: int
    ny: int
    nx: int
    periodic: int
    voxel: float


class Moment(NamedTuple):
    """What keys a draw and dates an event: seed, step, time (d), length of the step (d)."""

    seed: int
    step: int
    time: float
    dt: float


@kernel
def shift(i, n, periodic):
    """Bring an index that left 0 .. n-1 back: around if periodic, reflected at the face if not."""
    if 0 <= i < n:
        return i
    if periodic:
        return i % n
    i = i % (2 * n)
    if i >= n:
        i = 2 * n - 1 - i
    return i


@kernel
def split(flat, space):
    """Return (z, y, x) of a flat index."""
    plane = space.ny * space.nx
    z = flat // plane
    rest = flat - z * plane
    y = rest // space.nx
    return z, y, rest - y * space.nx


@kernel
def neighbour(z, y, x, dz, dy, dx, space):
    """Return the (z, y, x) that lies at an offset."""
    return (
        shift(z + dz, space.nz, space.periodic),
        shift(y + dy, space.ny, space.periodic),
        shift(x + dx, space.nx, space.periodic),
    )


@kernel
def join(z, y, x, space):
    """Return the flat index of (z, y, x)."""
    return (z * space.ny + y) * space.nx + x


@sized_kernel
def fill_contact(matrix, space, contact):
    """Write the number of bony face neighbours of every open voxel, 0 in bone; shape (z, y, x)."""
    nz, ny, nx = matrix.shape
    for z in prange(nz):
        m, out = matrix.reshape(-1), contact.reshape(-1)
        zm = shift(z - 1, nz, space.periodic)
        zp = shift(z + 1, nz, space.periodic)
        for y in range(ny):
            ym = shift(y - 1, ny, space.periodic)
            yp = shift(y + 1, ny, space.periodic)
            rows = (zm * ny + y, zp * ny + y, z * ny + ym, z * ny + yp)
            count_row(m, z * ny + y, rows, nx, space.periodic, out)


@kernel
def count_row(m, row, rows, nx, periodic, out):
    """Write the contact of one row of voxels beside four others; m and out are flat."""
    h = np.uint16(HALF_QUANTA)
    n = np.uint64(nx)
    one = np.uint64(1)
    o = np.uint64(row * nx)
    a, b = np.uint64(rows[0] * nx), np.uint64(rows[1] * nx)
    c, d = np.uint64(rows[2] * nx), np.uint64(rows[3] * nx)
    for x in range(n):
        k = np.uint8(m[a + x] >= h) + np.uint8(m[b + x] >= h)
        out[o + x] = k + np.uint8(m[c + x] >= h) + np.uint8(m[d + x] >= h)
    for x in range(one, n):
        out[o + x] += np.uint8(m[o + x - one] >= h)
    for x in range(n - one):
        out[o + x] += np.uint8(m[o + x + one] >= h)
    first, last = o + np.uint64(shift(-1, nx, periodic)), o + np.uint64(shift(nx, nx, periodic))
    out[o] += np.uint8(m[first] >= h)
    out[o + n - one] += np.uint8(m[last] >= h)
    for x in range(n):
        out[o + x] = out[o + x] if m[o + x] < h else np.uint8(0)


@kernel
def refresh_contact(matrix, z, y, x, space, contact):
    """Bring `contact` up to date after voxel (z, y, x) opened or closed."""
    for k in range(7):
        cz, cy, cx = z, y, x
        if k < 6:
            cz, cy, cx = neighbour(z, y, x, FACES[k, 0], FACES[k, 1], FACES[k, 2], space)
        n = 0
        if matrix[cz, cy, cx] < HALF_QUANTA:
            for j in range(6):
                a, b, c = neighbour(cz, cy, cx, FACES[j, 0], FACES[j, 1], FACES[j, 2], space)
                n += matrix[a, b, c] >= HALF_QUANTA
        contact[cz, cy, cx] = n


@kernel
def count_bone26(matrix, z, y, x, space):
    """Count bony voxels among the 26 neighbours: 9 on a flat surface, more in a hollow."""
    n = 0
    if 0 < z < space.nz - 1 and 0 < y < space.ny - 1 and 0 < x < space.nx - 1:
        for a in range(z - 1, z + 2):
            for b in range(y - 1, y + 2):
                for c in range(x - 1, x + 2):
                    n += matrix[a, b, c] >= HALF_QUANTA
        return n - (matrix[z, y, x] >= HALF_QUANTA)
    for dz in range(-1, 2):
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                a, b, c = neighbour(z, y, x, dz, dy, dx, space)
                n += matrix[a, b, c] >= HALF_QUANTA
    return n - (matrix[z, y, x] >= HALF_QUANTA)


@lru_cache(maxsize=64)
def make_ball(radius: float) -> np.ndarray:
    """Return the offsets (dz, dy, dx) within `radius` (voxels), nearest first, shape (n, 3)."""
    r = int(np.ceil(radius))
    axis = np.arange(-r, r + 1)
    offsets = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    squared = (offsets**2).sum(1)
    inside = squared <= radius**2 + 1e-9
    order = np.lexsort((*offsets[inside].T[::-1], squared[inside]))
    return np.ascontiguousarray(offsets[inside][order])


@lru_cache(maxsize=64)
def make_ways(radius: float) -> np.ndarray:
    """Return through which offsets the way to each of :func:`make_ball` leads, shape (n, 3).

    Of each the indices of those one face nearer to the middle, up to three, the first repeated where
    there are fewer; the middle's is itself. The ball has the same `radius` (voxels).
    """
    ball = [tuple(offset) for offset in make_ball(radius).tolist()]
    index = {offset: k for k, offset in enumerate(ball)}
    ways = np.zeros((len(ball), 3), np.int64)
    for k, offset in enumerate(ball):
        nearer = [
            index[tuple(d - (d > 0) + (d < 0) if i == axis else d for i, d in enumerate(offset))]
            for axis in range(3)
            if offset[axis]
        ]
        ways[k] = [*nearer, *[nearer[0] if nearer else 0] * (3 - len(nearer))]
    return ways
