"""Nodes and elements of the voxels that carry load, in scan order, layer by layer."""

from trabecula.kernels.compile import kernel, parallel_kernel, prange


@kernel
def touches(elements, z, y, x):
    """Whether one of the eight voxels around node (z, y, x) is an element."""
    nz, ny, nx = elements.shape
    for k in range(max(z - 1, 0), min(z + 1, nz)):
        for j in range(max(y - 1, 0), min(y + 1, ny)):
            for i in range(max(x - 1, 0), min(x + 1, nx)):
                if elements[k, j, i]:
                    return True
    return False


@kernel
def mark_plane(elements, z, numbers):
    """Write 0 at the nodes in use of plane z, -1 at the others; returns how many are in use."""
    count = 0
    for y in range(numbers.shape[1]):
        for x in range(numbers.shape[2]):
            used = touches(elements, z, y, x)
            numbers[z, y, x] = 0 if used else -1
            count += used
    return count


@kernel
def number_plane(numbers, z, first):
    """Number the nodes in use of plane z from `first` on."""
    for y in range(numbers.shape[1]):
        for x in range(numbers.shape[2]):
            if numbers[z, y, x] >= 0:
                numbers[z, y, x] = first
                first += 1


@parallel_kernel
def number_nodes(elements, numbers, planes):
    """Number the nodes of `elements` (z, y, x) in scan order into `numbers` (one longer each way).

    `planes[z]` becomes the first number of plane z; nodes that no element touches get -1.
    """
    n = numbers.shape[0]
    planes[0] = 0
    for z in prange(n):
        planes[z + 1] = mark_plane(elements, z, numbers)
    for z in range(n):
        planes[z + 1] += planes[z]
    for z in prange(n):
        number_plane(numbers, z, planes[z])


@kernel
def list_layer(elements, numbers, z, first, corners, places):
    """List the elements of layer z from row `first` on."""
    ny, nx = elements.shape[1:]
    for y in range(ny):
        for x in range(nx):
            if elements[z, y, x]:
                places[first] = (z * ny + y) * nx + x
                for row in range(4):
                    corners[first, row] = numbers[z + row // 2, y + row % 2, x]
                first += 1


@parallel_kernel
def list_elements(elements, numbers, layers, corners, places):
    """List elements in scan order: lower x node of their four edges along x, and flat place.

    `layers[z]` is the first row of layer z.
    """
    for z in prange(elements.shape[0]):
        list_layer(elements, numbers, z, layers[z], corners, places)


@parallel_kernel
def mark_blocks(elements, blocks):
    """Mark the blocks of 2^3 voxels that hold an element."""
    nz, ny, nx = elements.shape
    for z in prange(blocks.shape[0]):
        blocks[z] = 0
        for fine in range(2 * z, min(2 * z + 2, nz)):
            for y in range(ny):
                for x in range(nx):
                    if elements[fine, y, x]:
                        blocks[z, y >> 1, x >> 1] = 1


@kernel
def fix_plane(numbers, z, edge, shape, rules, fixed):
    """Mark the fixed components of the nodes of plane z."""
    for y in range(numbers.shape[1]):
        for x in range(numbers.shape[2]):
            i = numbers[z, y, x]
            if i < 0:
                continue
            for axis in range(3):
                at = edge * (z if axis == 0 else (y if axis == 1 else x))
                for j in range(3):
                    low = at == 0 and rules[axis, 0, j]
                    high = at >= shape[axis] and rules[axis, 1, j]
                    if low or high:
                        fixed[i, j] = 1


@parallel_kernel
def fix_nodes(numbers, edge, shape, rules, fixed):
    """Mark in `fixed` (node, component) what the six sides hold; `edge` is that of the elements.

    `rules` (axis, low or high side, component) is 1 where a side holds a component. A coarse node
    beyond the upper side counts as on it.
    """
    for z in prange(numbers.shape[0]):
        fix_plane(numbers, z, edge, shape, rules, fixed)


@kernel
def link_plane(numbers, coarse, z, links):
    """Link the nodes of plane z to the nodes of the next coarser mesh."""
    for y in range(numbers.shape[1]):
        for x in range(numbers.shape[2]):
            i = numbers[z, y, x]
            if i < 0:
                continue
            for row in range(4):
                up, right = row // 2, row % 2
                j = coarse[(z + up) >> 1, (y + right) >> 1, x >> 1]
                links[i, row] = 2 * j + (x & 1)


@parallel_kernel
def link_nodes(numbers, coarse, links):
    """Write for every node four numbers 2 j + (x odd): j the coarse node below in x, of the lower and
    upper coarse plane (rows 0-1, 2-3) and of the lower and upper coarse line in it.
    """
    for z in prange(numbers.shape[0]):
        link_plane(numbers, coarse, z, links)


@parallel_kernel
def fill_places(numbers, places):
    """Write the flat place of every node into `places`."""
    for z in prange(numbers.shape[0]):
        fill_plane(numbers, z, places)


@kernel
def fill_plane(numbers, z, places):
    """Write the flat place of every node of plane z into `places`."""
    ny, nx = numbers.shape[1:]
    for y in range(ny):
        for x in range(nx):
            if numbers[z, y, x] >= 0:
                places[numbers[z, y, x]] = (z * ny + y) * nx + x


@kernel
def merge_layer(z, moduli, places, span, shape, rows, merged):
    """Add a quarter of the moduli of the elements of layer z to those of their blocks."""
    ny, nx = shape
    for e in range(span[0], span[1]):
        y, x = places[e] // nx % ny, places[e] % nx
        merged[rows[z >> 1, y >> 1, x >> 1]] += moduli.dtype.type(0.25) * moduli[e]


@parallel_kernel
def merge_moduli(moduli, places, layers, shape, rows, merged):
    """Write into `merged` the mean modulus of every block of 2^3 elements times its edge, 2.

    `shape` holds the elements along y and x, `rows` (z, y, x) the row of every block in `merged`.
    """
    n = len(layers) - 1
    for i in prange(len(merged)):
        merged[i] = 0
    for c in prange((n + 1) // 2):
        for z in range(2 * c, min(2 * c + 2, n)):
            merge_layer(z, moduli, places, layers[z : z + 2], shape, rows, merged)


@kernel
def sum_layer(corners, moduli, span, sums):
    """Add the moduli of the elements span[0] .. span[1] - 1 to their eight nodes."""
    for e in range(span[0], span[1]):
        for row in range(4):
            sums[corners[e, row]] += moduli[e]
            sums[corners[e, row] + 1] += moduli[e]


@parallel_kernel
def sum_moduli(corners, moduli, layers, sums):
    """Write the sum of the moduli of the elements around every node into `sums` (float64)."""
    n = len(layers) - 1
    for i in prange(len(sums)):
        sums[i] = 0.0
    for i in prange((n + 1) // 2):
        sum_layer(corners, moduli, layers[2 * i : 2 * i + 2], sums)
    for i in prange(n // 2):
        sum_layer(corners, moduli, layers[2 * i + 1 : 2 * i + 3], sums)
