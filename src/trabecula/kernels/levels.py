"""Means of the concentrations over the marrow and over the bone surface, as sums per slab."""

import numpy as np

from trabecula.kernels.compile import kernel, prange, sized_kernel
from trabecula.kernels.stencil import ALL_OPEN


@kernel
def is_surface(b, z, y, x, shape, periodic):
    """Whether marrow whose byte of open faces is b has a face on bone; the lattice's end is not."""
    if b == 0 or b == ALL_OPEN:
        return False
    nz, ny, nx = shape
    b |= int(z == 0 and (nz == 1 or not periodic))
    b |= int(z == nz - 1 and (nz == 1 or not periodic)) << 1
    b |= int(y == 0 and (ny == 1 or not periodic)) << 2
    b |= int(y == ny - 1 and (ny == 1 or not periodic)) << 3
    b |= int(x == 0 and (nx == 1 or not periodic)) << 4
    b |= int(x == nx - 1 and (nx == 1 or not periodic)) << 5
    return b != ALL_OPEN


@sized_kernel
def sum_surface(bits, periodic, fine, coarse, sums):
    """Write per slab the number of surface voxels and the sums there of every species.

    `fine` and `coarse` have shape (species, z, y, x) on their own grids; `sums` has shape
    (z, 1 + fine species + coarse species).
    """
    nz, ny, nx = bits.shape
    shape = bits.shape
    nf, nc = len(fine), len(coarse)
    for z in prange(nz):
        q, found = np.zeros(1 + nf + nc), np.empty(nx, np.int64)
        for y in range(ny):
            n = 0  # surface voxels of the row first, then species by species: rows lie far apart
            for x in range(nx):
                if is_surface(bits[z, y, x], z, y, x, shape, periodic):
                    found[n] = x
                    n += 1
            q[0] += n
            for s in range(nf):
                for i in range(n):
                    q[1 + s] += fine[s, z, y, found[i]]
            for s in range(nc):
                for i in range(n):
                    q[1 + nf + s] += coarse[s, z >> 1, y >> 1, found[i] >> 1]
        sums[z] = q


@sized_kernel
def fill_occupancy(bits, periodic, membrane, soluble, kd, starts, out):
    """Write RANK occupancy R / (kd + R) of every surface voxel; slab z begins at starts[z]."""
    nz, ny, nx = bits.shape
    shape = bits.shape
    for z in prange(nz):
        n = starts[z]
        for y in range(ny):
            for x in range(nx):
                if is_surface(bits[z, y, x], z, y, x, shape, periodic):
                    free = np.float64(membrane[z, y, x]) + np.float64(
                        soluble[z >> 1, y >> 1, x >> 1]
                    )
                    out[n] = free / (kd + free)
                    n += 1


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
