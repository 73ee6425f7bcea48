"""Painting of the largest inscribed spheres (Hildebrand & Rueegsegger 1997, J Microsc 185:67).

Sphere centres lie on the half-voxel grid: with centres on voxels alone, a wall of an even number of
voxels would read one voxel thin.
"""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.compile import kernel, parallel_kernel, prange

BLOCK = 8
"""Planes painted by one task."""

GAIN = 0.4
"""Voxels by which a sphere between two voxels must exceed theirs."""


AROUND = np.array(sorted(
    (step for step in np.ndindex(3, 3, 3) if step != (1, 1, 1)),
    key=lambda step: sum((i - 1) ** 2 for i in step),
)) - 1  # fmt: skip
"""Steps to the 26 neighbours, those of a face first: they decide most often."""

AWAY = np.sqrt((AROUND**2).sum(1))
"""How far these are (voxels)."""


@kernel
def _lies_inside(distance: Array, z: int, y: int, x: int, slack: float, periodic: bool) -> bool:
    """Whether the sphere of a voxel lies in that of one of its 26 neighbours, but for `slack`."""
    nz, ny, nx = distance.shape
    r = distance[z, y, x]
    is_inner = 0 < z < nz - 1 and 0 < y < ny - 1 and 0 < x < nx - 1
    for i in range(len(AROUND)):
        a, b, c = z + AROUND[i, 0], y + AROUND[i, 1], x + AROUND[i, 2]
        if not is_inner and periodic:
            a, b, c = a % nz, b % ny, c % nx
        elif not is_inner and not (0 <= a < nz and 0 <= b < ny and 0 <= c < nx):
            continue
        if distance[a, b, c] >= r + AWAY[i] - slack:
            return True
    return False


@kernel
def find_ridge(distance: Array, slack: float, periodic: bool, centres: Array) -> int:
    """Write the centres of spheres that lie in no neighbour's sphere; return their number.

    `distance` (z, y, x) in voxels; a sphere is dropped if a neighbour at distance s has a radius of
    at least its own + s - `slack`. `centres` (n, 4): z, y, x in voxels, radius.
    """
    nz, ny, nx = distance.shape
    count = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                r = distance[z, y, x]
                if r <= 0 or _lies_inside(distance, z, y, x, slack, periodic):
                    continue
                centres[count, 0], centres[count, 1], centres[count, 2] = z, y, x
                centres[count, 3] = r
                count += 1
    return count


@kernel
def _compute_half_distance(
    distance: Array, feature: Array, z: float, y: float, x: float, reach: int
) -> float:
    """Distance from a point between voxels to the nearest opposite voxel that voxels around know.

    Looks at voxels up to `reach` beyond those that touch the point.
    """
    nz, ny, nx = distance.shape
    best = np.inf
    for a in range(max(int(np.floor(z)) - reach, 0), min(int(np.ceil(z)) + reach + 1, nz)):
        for b in range(max(int(np.floor(y)) - reach, 0), min(int(np.ceil(y)) + reach + 1, ny)):
            for c in range(max(int(np.floor(x)) - reach, 0), min(int(np.ceil(x)) + reach + 1, nx)):
                if distance[a, b, c] <= 0:
                    d2 = (a - z) ** 2 + (b - y) ** 2 + (c - x) ** 2
                else:
                    d2 = (feature[0, a, b, c] - z) ** 2
                    d2 += (feature[1, a, b, c] - y) ** 2
                    d2 += (feature[2, a, b, c] - x) ** 2
                best = min(best, d2)
    return np.sqrt(best)


@kernel
def _compute_feature_distance(
    feature: Array, z: int, y: int, x: int, point: tuple[float, float, float]
) -> float:
    """Distance from a point to the opposite voxel that is nearest to voxel (z, y, x)."""
    d2 = (feature[0, z, y, x] - point[0]) ** 2
    d2 += (feature[1, z, y, x] - point[1]) ** 2
    d2 += (feature[2, z, y, x] - point[2]) ** 2
    return np.sqrt(d2)


@kernel
def find_half_ridge(distance: Array, feature: Array, centres: Array, count: int) -> int:
    """Append centres halfway between face neighbours whose sphere is clearly larger than theirs.

    `distance` (z, y, x) and `feature` (3, z, y, x), the nearest opposite voxel, reach one voxel
    beyond the lattice. Between planes the gain is half a voxel; a gain under :data:`GAIN` comes
    from the gaps between voxel centres and is left out.
    """
    nz, ny, nx = distance.shape
    for z in range(nz - 1):
        for y in range(ny - 1):
            for x in range(nx - 1):
                if distance[z, y, x] <= 0:
                    continue
                for half in (4, 2, 1):
                    hz, hy, hx = half >> 2 & 1, half >> 1 & 1, half & 1
                    if distance[z + hz, y + hy, x + hx] <= 0:
                        continue
                    top = max(distance[z, y, x], distance[z + hz, y + hy, x + hx])
                    cz, cy, cx = z + 0.5 * hz, y + 0.5 * hy, x + 0.5 * hx
                    # what its own two voxels know decides nearly always
                    best = _compute_feature_distance(feature, z, y, x, (cz, cy, cx))
                    if best <= top + GAIN:
                        continue
                    best = _compute_feature_distance(feature, z + hz, y + hy, x + hx, (cz, cy, cx))
                    if best <= top + GAIN:
                        continue
                    for reach in range(2):
                        best = _compute_half_distance(distance, feature, cz, cy, cx, reach)
                        if best <= top + GAIN:
                            break
                    if best > top + GAIN and count < len(centres):
                        centres[count, 0], centres[count, 1], centres[count, 2] = cz, cy, cx
                        centres[count, 3] = best
                        count += 1
    return count


@kernel
def _fill_free(row: Array, free: Array, low: int, high: int, value: float) -> None:
    """Give `value` to what is still free of row[low:high]; free[x] leads to the next free place."""
    x, root = low, free[low]
    while True:
        if free[root] != root:
            while free[root] != root:
                root = free[root]
            while free[x] != root:  # shorten the way for those who come after
                free[x], x = root, free[x]
        if root >= high:
            return
        row[root] = value
        x = root
        root = free[x] = x + 1


@kernel
def _paint_across(row: Array, free: Array, low: int, high: int, value: float) -> None:
    """Give `value` to what is free of row[low:high], which reaches beyond the sides."""
    nx = len(row)
    while low < high:
        start = low % nx
        part = min(high - low, nx - start)
        _fill_free(row, free, start, start + part, value)
        low += part


@kernel
def _paint_planes(
    painted: Array, free: Array, window: tuple[int, int, int],
    sphere: tuple[int, int, int, int], roots: Array, value: float, periodic: bool,
) -> None:  # fmt: skip
    """Give `value` to what is free of the planes of a window within one sphere.

    `window`: its first plane, the one after its last, and what is to be taken off z as the sphere
    counts it; `sphere`: twice z, y, x and the most that twice the distance of a voxel, squared, may be.
    Most rows have been painted before: they are told apart before anything is cut out.
    """
    _, ny, nx = painted.shape
    first, last, away = window
    twice_z, twice_y, twice_x, within = sphere
    low_z, high_z = (twice_z - roots[within] + 1) >> 1, (twice_z + roots[within]) >> 1
    for z in range(max(low_z - away, first), min(high_z - away + 1, last)):
        off = 2 * (z + away) - twice_z
        left = within - off * off
        reach = roots[left]
        for y in range((twice_y - reach + 1) >> 1, ((twice_y + reach) >> 1) + 1):
            there = y
            if there < 0 or there >= ny:  # seldom: a remainder costs more than the rest of a row
                if not periodic:
                    continue
                there = y % ny
            off = 2 * y - twice_y
            half = roots[left - off * off]
            low, high = (twice_x - half + 1) >> 1, ((twice_x + half) >> 1) + 1
            if periodic and (low < 0 or high > nx):
                high = min(high, low + nx)
                _paint_across(painted[z, there], free[z - first, there], low, high, value)
                continue
            low, high = max(low, 0), min(high, nx)
            if low < high and free[z - first, there, low] < high:
                _fill_free(painted[z, there], free[z - first, there], low, high, value)


@parallel_kernel
def paint_sorted(places: Array, radii: Array, roots: Array, periodic: bool, painted: Array) -> None:
    """Give every voxel the radius of the first sphere that covers it; largest spheres come first.

    Blocks of planes are independent: equal for any thread count. Whole numbers throughout: all that is
    asked of a row is one root from a table.

    Parameters
    ----------
    places
        Shape (n, 4), int32: twice z, y, x and the square of twice the radius (voxels), largest first.
    radii
        Shape (n,), voxels.
    roots
        Shape (largest square + 1,), half voxels: whole root of every number.
    painted
        Shape (z, y, x), voxels, written: 0 where no sphere reaches.
    """
    nz, ny, nx = painted.shape
    blocks = (nz + BLOCK - 1) // BLOCK
    for number in prange(blocks):
        first = int(np.int64(number)) * BLOCK  # prange counts without a sign
        last = min(first + BLOCK, nz)
        free = np.empty((last - first, ny, nx + 1), np.int32)
        for x in range(nx + 1):
            free[:, :, x] = x
        for index in range(len(places)):
            twice_z, within = int(places[index, 0]), int(places[index, 3]) - 1
            low, high = (twice_z - roots[within] + 1) >> 1, (twice_z + roots[within]) >> 1
            if not periodic and (high < first or low >= last):
                continue
            sphere = (twice_z, int(places[index, 1]), int(places[index, 2]), within)
            turn, turns = 0, 0
            if periodic:  # the block as often as the sphere meets it
                turn, turns = (low - last + nz) // nz, (high - first) // nz
            while turn <= turns:
                window = (first, last, turn * nz)
                _paint_planes(painted, free, window, sphere, roots, radii[index], periodic)
                turn += 1


def paint_spheres(centres: Array, periodic: bool, painted: Array) -> None:
    """Give every voxel the radius of the largest sphere that covers it.

    Parameters
    ----------
    centres
        Shape (n, 4): z, y, x and radius (voxels). Centres lie on the half-voxel grid and radii end on
        voxels, so that the squares of twice the radii are whole numbers.
    periodic
        Whether spheres cross the sides.
    painted
        Shape (z, y, x), voxels, all 0; written.
    """
    if not len(centres):
        return
    chosen = centres[np.argsort(-centres[:, 3], kind="stable")].astype(np.float64)
    places = np.rint(2.0 * chosen).astype(np.int32)
    places[:, 3] = np.rint(4.0 * chosen[:, 3] ** 2)
    roots = np.sqrt(np.arange(places[0, 3] + 1)).astype(np.int32)
    paint_sorted(places, chosen[:, 3].astype(np.float32), roots, periodic, painted)


@kernel
def mark_mid_axes(distance: Array, slope: float, axes: Array) -> None:
    """Mark voxels from which `distance` rises nowhere faster than `slope`.

    `distance` (z + 2, y + 2, x + 2) reaches one voxel beyond the lattice on every side; `axes` is
    uint8 (z, y, x).
    """
    nz, ny, nx = axes.shape
    for z in range(1, nz + 1):
        for y in range(1, ny + 1):
            for x in range(1, nx + 1):
                r = distance[z, y, x]
                if r <= 0:
                    continue
                steepest = -1.0
                for dz in range(-1, 2):
                    for dy in range(-1, 2):
                        for dx in range(-1, 2):
                            s2 = dz * dz + dy * dy + dx * dx
                            if s2 > 0:
                                rise = distance[z + dz, y + dy, x + dx] - r
                                steepest = max(steepest, rise / np.sqrt(s2))
                axes[z - 1, y - 1, x - 1] = steepest < slope
