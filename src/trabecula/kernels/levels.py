"""Means of the concentrations over the marrow and over the bone surface, as sums per slab."""

import numpy as np

from trabecula.kernels.compile import kernel, prange, sized_kernel
from trabecula.kernels.gather import gather, make_marks, sum_marks
from trabecula.kernels.stencil import ALL_OPEN

FULL_BYTE = np.uint8(ALL_OPEN)


@kernel
def mark_surface(bits, z, y, shape, periodic, marks):
    """Mark where along x row (z, y) has marrow with a face on bone; `bits` is flat.

    The lattice's end is no bone.
    """
    nz, ny, nx = shape
    n, zero = np.uint64(nx), np.uint8(0)
    o = np.uint64((z * ny + y) * nx)
    ends = np.uint8(0)
    if nz == 1 or not periodic:
        ends |= np.uint8(int(z == 0) | int(z == nz - 1) << 1)
    if ny == 1 or not periodic:
        ends |= np.uint8(int(y == 0) << 2 | int(y == ny - 1) << 3)
    for x in range(n):
        b = bits[o + x]
        marks[x] = np.uint8(b != zero) & np.uint8((b | ends) != FULL_BYTE)
    if nx == 1 or not periodic:
        last = n - np.uint64(1)
        left = np.uint8(ends | 16 | int(nx == 1) << 5)
        right = np.uint8(ends | 32 | int(nx == 1) << 4)
        marks[0] = np.uint8(bits[o] != zero) & np.uint8((bits[o] | left) != FULL_BYTE)
        marks[last] = np.uint8(bits[o + last] != zero) & np.uint8(
            (bits[o + last] | right) != FULL_BYTE
        )


@sized_kernel
def count_surface(bits, periodic, counts):
    """Write per slab the number of surface voxels."""
    nz, ny, nx = bits.shape
    for z in prange(nz):
        flat = bits.reshape(-1)
        marks, _ = make_marks(nx)
        n = 0
        for y in range(ny):
            mark_surface(flat, z, y, bits.shape, periodic, marks)
            n += sum_marks(marks)
        counts[z] = n


@sized_kernel
def list_surface(bits, periodic, starts, voxels, blocks):
    """Write the surface voxels and their blocks, flat on either grid; slab z begins at starts[z]."""
    nz, ny, nx = bits.shape
    my, mx = (ny + 1) // 2, (nx + 1) // 2
    for z in prange(nz):
        flat = bits.reshape(-1)
        marks, words = make_marks(nx)
        found = np.empty(nx + 8, np.int64)
        n = starts[z]
        for y in range(ny):
            mark_surface(flat, z, y, bits.shape, periodic, marks)
            count = gather(marks, words, found)
            o, p = (z * ny + y) * nx, ((z >> 1) * my + (y >> 1)) * mx
            for i in range(count):
                voxels[n + i] = o + found[i]
                blocks[n + i] = p + (found[i] >> 1)
            n += count


@kernel
def add_listed(stack, s, at, first, last, q):
    """Add species s to s + 3 of a stack (species, place) at the places `at` to four sums of q.

    Four sums grow side by side: one alone waits for each addition to end.
    """
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for i in range(first, last):
        j = at[i]
        a += stack[s, j]
        b += stack[s + 1, j]
        c += stack[s + 2, j]
        d += stack[s + 3, j]
    q[0], q[1], q[2], q[3] = a, b, c, d


@kernel
def add_all(stack, at, first, last, q):
    """Write the sum of every species of a stack (species, place) over the places `at` into q."""
    s = 0
    while s + 4 <= len(stack):
        add_listed(stack, s, at, first, last, q[s:])
        s += 4
    while s < len(stack):
        total = 0.0
        for i in range(first, last):
            total += stack[s, at[i]]
        q[s] = total
        s += 1


@sized_kernel
def sum_surface(voxels, blocks, starts, fine, coarse, sums):
    """Write per slab the number of surface voxels and the sums there of every species.

    `fine` and `coarse` have shape (species, place), flat on their own grids; `sums` has shape
    (z, 1 + fine species + coarse species).
    """
    nf = len(fine)
    for z in prange(len(starts) - 1):
        first, last = starts[z], starts[z + 1]
        sums[z, 0] = last - first
        add_all(fine, voxels, first, last, sums[z, 1:])
        add_all(coarse, blocks, first, last, sums[z, 1 + nf :])


@sized_kernel
def fill_occupancy(voxels, blocks, membrane, soluble, kd, out):
    """Write RANK occupancy R / (kd + R) of every listed voxel; the fields are flat."""
    for i in prange(len(voxels)):
        free = np.float64(membrane[voxels[i]]) + np.float64(soluble[blocks[i]])
        out[i] = free / (kd + free)


@kernel
def add_products(a, b, o, t):
    """Add a * b of one row to the lanes t, one per column, so that order is fixed; a, b flat."""
    for x in range(np.uint64(len(t))):
        t[x] += np.float64(a[o + x]) * np.float64(b[o + x])


@kernel
def add_open(a, bits, o, t):
    """Add the open voxels of one row of a to the lanes t."""
    zero = np.float32(0)
    for x in range(np.uint64(len(t))):
        v = a[o + x]
        t[x] += np.float64(v if bits[o + x] else zero)


@sized_kernel
def sum_weighted(stack, weight, sums):
    """Write per slab the sum of `weight` and of every species times it; sums (z, 1 + species)."""
    nz, ny, nx = weight.shape
    count = len(stack)
    for z in prange(nz):
        w = weight.reshape(-1)
        t = np.zeros(nx)
        for y in range(ny):
            for x in range(nx):
                t[x] += weight[z, y, x]
        sums[z, 0] = t.sum()
        for s in range(count):
            t[:] = 0.0
            flat = stack[s].reshape(-1)
            for y in range(ny):
                add_products(flat, w, np.uint64((z * ny + y) * nx), t)
            sums[z, 1 + s] = t.sum()


@sized_kernel
def sum_open(stack, bits, sums):
    """Write per slab the number of open voxels and the sum there of every species."""
    nz, ny, nx = bits.shape
    count = len(stack)
    for z in prange(nz):
        b = bits.reshape(-1)
        t = np.zeros(nx)
        n = 0
        for y in range(ny):
            for x in range(nx):
                n += bits[z, y, x] >> 6
        sums[z, 0] = n
        for s in range(count):
            t[:] = 0.0
            flat = stack[s].reshape(-1)
            for y in range(ny):
                add_open(flat, b, np.uint64((z * ny + y) * nx), t)
            sums[z, 1 + s] = t.sum()
