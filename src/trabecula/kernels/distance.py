"""Exact Euclidean distance on a lattice that repeats itself, and the voxel it is measured to.

Axis by axis: nearest voxel outside along x, then the lower envelope of parabolas along y and z
(Felzenszwalb and Huttenlocher 2012, Theory of Computing 8:415), each line continued by one period on
either side instead of padding the lattice by the widest pore.
"""

import numpy as np

from trabecula.kernels.compile import kernel, parallel_kernel, prange

NONE = np.int64(1) << np.int64(40)


@kernel
def find_nearest(inside, near):
    """Write the coordinate of the nearest voxel outside along a periodic line, NONE without one.

    Coordinates go on beyond the ends: -1 is the last voxel of the line, n its first.
    """
    n = len(inside)
    last = -NONE
    for x in range(-n, n):
        if not inside[x % n]:
            last = x
        if x >= 0:
            near[x] = last
    last = NONE
    for x in range(2 * n - 1, -1, -1):
        if not inside[x % n]:
            last = x
        if x < n and last - x < x - near[x]:
            near[x] = last


@kernel
def find_envelope(height, nearest, bounds, source):
    """Write to `source` whose parabola (q - y)^2 + height[q] is lowest at each y of a periodic line.

    `nearest` and `bounds` are scratch of three lines and one more; heights of NONE have no parabola.
    """
    n = len(height)
    k = -1
    for q in range(-n, 2 * n):
        h = height[q % n]
        if h >= NONE:
            continue
        while k >= 0:
            p = nearest[k]
            cross = ((h + q * q) - (height[p % n] + p * p)) / (2.0 * (q - p))
            if cross > bounds[k]:
                break
            k -= 1
        k += 1
        nearest[k] = q
        bounds[k] = cross if k > 0 else -np.inf
    k_last, k = k, 0
    for y in range(n):
        while k < k_last and bounds[k + 1] < y:
            k += 1
        source[y] = nearest[k] if k_last >= 0 else NONE


@parallel_kernel
def measure_slabs(inside, squared, place):
    """Distance squared (voxels^2) and nearest voxel outside within every slab z.

    Arrays of shape (z, y, x); `place` has a leading axis of 3 (z, y, x), written for y and x.
    """
    nz, ny, nx = inside.shape
    for z in prange(nz):
        near = np.empty((ny, nx), np.int64)
        height, source = np.empty(ny, np.int64), np.empty(ny, np.int64)
        nearest, bounds = np.empty(3 * ny, np.int64), np.empty(3 * ny)
        for y in range(ny):
            find_nearest(inside[z, y], near[y])
        for x in range(nx):
            for y in range(ny):
                gap = near[y, x] - x
                height[y] = gap * gap if abs(gap) < NONE // 2 else NONE
            find_envelope(height, nearest, bounds, source)
            for y in range(ny):
                q = source[y]
                if q == NONE:
                    squared[z, y, x] = NONE
                    continue
                squared[z, y, x] = height[q % ny] + (q - y) * (q - y)
                place[1, z, y, x] = q
                place[2, z, y, x] = near[q % ny, x]


@parallel_kernel
def measure_columns(slabs, within, distance, place):
    """Distance (voxels) and nearest voxel outside from what :func:`measure_slabs` wrote.

    `within` is its `place`; infinite where nothing lies outside.
    """
    nz, ny, nx = slabs.shape
    for y in prange(ny):
        height, source = np.empty(nz, np.int64), np.empty(nz, np.int64)
        nearest, bounds = np.empty(3 * nz, np.int64), np.empty(3 * nz)
        for x in range(nx):
            for z in range(nz):
                height[z] = slabs[z, y, x]
            find_envelope(height, nearest, bounds, source)
            for z in range(nz):
                q = source[z]
                if q == NONE:
                    distance[z, y, x] = np.inf
                    continue
                distance[z, y, x] = np.sqrt(float(height[q % nz] + (q - z) * (q - z)))
                place[0, z, y, x] = q
                place[1, z, y, x] = within[1, q % nz, y, x]
                place[2, z, y, x] = within[2, q % nz, y, x]


def compute_distance(mask):
    """Return distance (voxels, float64) to the nearest voxel outside `mask`, and that voxel.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool; repeats itself.

    Returns
    -------
    tuple
        Shape (z, y, x); and shape (3, z, y, x), int32, whose coordinates go on beyond the lattice.
    """
    squared = np.empty(mask.shape, np.int64)
    within = np.zeros((3, *mask.shape), np.int32)
    distance, place = np.empty(mask.shape), np.zeros((3, *mask.shape), np.int32)
    measure_slabs(np.ascontiguousarray(mask), squared, within)
    measure_columns(squared, within, distance, place)
    return distance, place
