"""Exact Euclidean distance in a closed box, and the voxel it is measured to.

Axis by axis, as Saito and Toriwaki 1994 (Pattern Recognit 27:1551): nearest voxel outside along x, then
along y and z the best of all lines that are nearer than what is known. Walls and pores are some voxels
wide, so that few lines are looked at. What lies beyond the box is outside. Of voxels that are equally
near the one with the least x, then y, then z is named, as scipy does: spheres between two voxels look
there.
"""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.compile import kernel, parallel_kernel, prange


@parallel_kernel
def find_borders(inside: Array, near: Array) -> None:
    """Write where along x the nearest voxel outside is; -1 and n are beyond the box.

    Parameters
    ----------
    inside
        Shape (z, y, x), bool.
    near
        Shape (z, y, x), voxels, written.
    """
    nz, ny, nx = inside.shape
    for z in prange(nz):
        for y in range(ny):
            last = -1
            for x in range(nx):
                if not inside[z, y, x]:
                    last = x
                near[z, y, x] = last
            last = nx
            for x in range(nx - 1, -1, -1):
                if not inside[z, y, x]:
                    last = x
                if last - x < x - near[z, y, x]:
                    near[z, y, x] = last


@parallel_kernel
def search_slabs(near: Array, squared: Array, row: Array) -> None:
    """Write the squared distance within every slab z, and the row y it is measured to.

    Parameters
    ----------
    near
        Shape (z, y, x), voxels, from :func:`find_borders`.
    squared
        Shape (z, y, x), voxels^2, written.
    row
        Shape (z, y, x), voxels, written.
    """
    nz, ny, nx = near.shape
    for z in prange(nz):
        for y in range(ny):
            for x in range(nx):
                found, x_found = y, near[z, y, x]
                best = (x_found - x) * (x_found - x)
                step = 1
                while step * step <= best and best > 0:
                    for there in (y - step, y + step):
                        x_there = near[z, there, x] if 0 <= there < ny else x
                        square = (x_there - x) * (x_there - x) + step * step
                        is_first = x_there < x_found or (x_there == x_found and there < found)
                        if square < best or (square == best and is_first):
                            best, found, x_found = square, there, x_there
                    step += 1
                squared[z, y, x], row[z, y, x] = best, found


@kernel
def _look_up(near: Array, row: Array, z: int, y: int, x: int) -> tuple[int, int]:
    """Return x and y of the nearest voxel outside in slab z, which may lie beyond the box."""
    nz, ny, _ = near.shape
    if not 0 <= z < nz:
        return x, y
    found = row[z, y, x]
    return (near[z, found, x] if 0 <= found < ny else x), found


@parallel_kernel
def search_columns(
    near: Array, slabs: Array, row: Array, first: int, distance: Array, place: Array
) -> None:
    """Write the distance and the nearest voxel outside from what the others wrote.

    Parameters
    ----------
    near, slabs, row
        Shape (z, y, x), voxels, voxels^2 and voxels.
    first
        Voxels by which the answers begin before the box.
    distance
        Shape (z, y, x), voxels, written within the box.
    place
        Shape (3, z, y, x), voxels, written within the box; an empty one is left.
    """
    nz, ny, nx = near.shape
    for plane in prange(nz):
        z = int(np.int64(plane))  # prange counts without a sign
        for y in range(ny):
            for x in range(nx):
                best, found = slabs[z, y, x], z
                step = 1
                while step * step <= best and best > 0:
                    for there in (z - step, z + step):
                        square = slabs[there, y, x] if 0 <= there < nz else 0
                        square += step * step
                        if square < best:
                            best, found = square, there
                        elif square == best:
                            ours = _look_up(near, row, found, y, x)
                            theirs = _look_up(near, row, there, y, x)
                            if theirs < ours or (theirs == ours and there < found):
                                found = there
                    step += 1
                distance[z + first, y + first, x + first] = np.sqrt(np.float32(best))
                if place.size == 0:
                    continue
                b, a = _look_up(near, row, found, y, x)
                place[0, z + first, y + first, x + first] = found
                place[1, z + first, y + first, x + first] = a
                place[2, z + first, y + first, x + first] = b


def compute_box_distance(
    mask: Array, before: int, after: int, is_placed: bool = True
) -> tuple[Array, Array]:
    """Return distance (voxels) to the nearest voxel outside `mask`, and that voxel.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool; all that lies beyond it is outside.
    before, after
        Voxels beyond the box that the answer has on either side of every axis; 0 there.
    is_placed
        Whether the voxel is asked for, too.

    Returns
    -------
    tuple
        float32 (z, y, x) and int32 (3, z, y, x), both wider than the box; coordinates are those of the
        box, and -1 and n lie beyond it. The second is empty if it was not asked for.
    """
    near, row = np.empty(mask.shape, np.int32), np.empty(mask.shape, np.int32)
    slabs = np.empty(mask.shape, np.int32)
    find_borders(np.ascontiguousarray(mask), near)
    search_slabs(near, slabs, row)
    shape = tuple(n + before + after for n in mask.shape)
    distance = np.zeros(shape, np.float32)
    place = np.zeros((3, *shape) if is_placed else (3, 0, 0, 0), np.int32)
    search_columns(near, slabs, row, before, distance, place)
    return distance, place
