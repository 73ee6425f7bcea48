"""Seven-point stencil on the fine grid, masked by one byte of open faces per voxel.

Normal form of every level: g * sum_f a_f (c_nb - c) - kappa c + s = 0 with g = D/h^2 (1/d), a_f the
open share of a face, kappa the decay (1/d) times the pore share and s the source (pM/d) per whole
voxel. On the fine grid 1 / (g * (open faces) + kappa) stands for geometry and decay together:
it is 0 in bone, where c is kept 0, so a closed face adds nothing to the neighbours' sum.
"""

import numpy as np

from trabecula.kernels.compile import kernel, prange, sized_kernel

OPEN = 64
ALL_OPEN = 127


@sized_kernel
def mark_open(matrix, half, periodic, bits):
    """Write the byte of every voxel: bits 0-5 open faces z- z+ y- y+ x- x+, bit 6 marrow."""
    nz, ny, nx = matrix.shape
    shape = matrix.shape
    wrap_z, wrap_y, wrap_x = periodic and nz > 1, periodic and ny > 1, periodic and nx > 1
    for z in prange(nz):
        flat, out = matrix.reshape(-1), bits.reshape(-1)
        low_z, high_z = wrap_z or z > 0, wrap_z or z < nz - 1
        for y in range(ny):
            keep = OPEN | int(low_z) | int(high_z) << 1
            keep |= int(wrap_y or y > 0) << 2 | int(wrap_y or y < ny - 1) << 3
            mark_row(flat, half, z, y, shape, np.uint8(keep | 48), out)
            o = (z * ny + y) * nx
            if not wrap_x:
                out[o] &= 111
                out[o + nx - 1] &= 95


@kernel
def mark_row(m, half, z, y, shape, keep, bits):
    """Write the bytes of row (z, y) as if it repeated itself, masked by `keep`; m and bits flat."""
    nx = shape[2]
    o = np.uint64((z * shape[1] + y) * nx)
    look_row(m, half, z, y, shape, bits, o)
    h = np.uint16(half)
    for x in range(np.uint64(nx)):
        bits[o + x] = np.uint8(bits[o + x] | OPEN) & keep if m[o + x] < h else np.uint8(0)


@kernel
def look_row(m, half, z, y, shape, out, at):
    """Write which face neighbours of the voxels of row (z, y) are marrow, as if it repeated itself.

    Bits 0-5 are z- z+ y- y+ x- x+. The row is written to `out` from `at` on; m and out are flat.
    """
    nz, ny, nx = shape
    n = np.uint64(nx)
    one = np.uint64(1)
    o = np.uint64((z * ny + y) * nx)
    up = np.uint64(((z + 1 if z < nz - 1 else 0) * ny + y) * nx)
    down = np.uint64(((z - 1 if z > 0 else nz - 1) * ny + y) * nx)
    north = np.uint64((z * ny + (y + 1 if y < ny - 1 else 0)) * nx)
    south = np.uint64((z * ny + (y - 1 if y > 0 else ny - 1)) * nx)
    h = np.uint16(half)
    for x in range(n):
        b = np.uint8(m[down + x] < h) | np.uint8(m[up + x] < h) << 1
        out[at + x] = b | np.uint8(m[south + x] < h) << 2 | np.uint8(m[north + x] < h) << 3
    for x in range(one, n):
        out[at + x] |= np.uint8(np.uint8(m[o + x - one] < h) << 4)
    for x in range(n - one):
        out[at + x] |= np.uint8(np.uint8(m[o + x + one] < h) << 5)
    out[at] |= np.uint8(np.uint8(m[o + n - one] < h) << 4)
    out[at + n - one] |= np.uint8(np.uint8(m[o] < h) << 5)


@sized_kernel
def invert_diagonal(bits, g, kappa):
    """Turn the decay kappa into 1 / d, d = g * (open faces) + kappa; 0 in bone."""
    nz, ny, nx = bits.shape
    for z in prange(nz):
        for y in range(ny):
            for x in range(nx):
                b = bits[z, y, x]
                n = (b & 1) + (b >> 1 & 1) + (b >> 2 & 1) + (b >> 3 & 1) + (b >> 4 & 1)
                n += b >> 5 & 1
                v = g * np.float32(n) + kappa[z, y, x]
                kappa[z, y, x] = np.float32(1) / v if b else np.float32(0)


@sized_kernel
def restrict_decay(bits, g, inverse, out):
    """Write the mean over 2^3 blocks of the decay that invert_diagonal was given."""
    nz, ny, nx = bits.shape
    mz, my, mx = out.shape
    eighth = np.float32(0.125)
    for cz in prange(mz):
        bf, df = bits.reshape(-1), inverse.reshape(-1)
        row = np.zeros(2 * mx, np.float32)
        for cy in range(my):
            row[:] = 0
            for z in range(2 * cz, min(2 * cz + 2, nz)):
                for y in range(2 * cy, min(2 * cy + 2, ny)):
                    add_decay(bf, df, g, np.uint64((z * ny + y) * nx), nx, row)
            for x in range(mx):
                out[cz, cy, x] = eighth * (row[2 * x] + row[2 * x + 1])


@kernel
def add_decay(bits, inverse, g, o, nx, row):
    """Add the decay that 1 / diagonal holds beside the open faces, of one row of voxels."""
    zero = np.float32(0)
    one = np.float32(1)
    for x in range(np.uint64(nx)):
        b = bits[o + x]
        n = (b & 1) + (b >> 1 & 1) + (b >> 2 & 1) + (b >> 3 & 1) + (b >> 4 & 1) + (b >> 5 & 1)
        k = one / inverse[o + x] - g * np.float32(n)
        row[x] += max(k, zero) if b else zero


@kernel
def sum_row(c, bits, z, y, shape, t):
    """Write the sum of the open neighbours of row (z, y) into t; c is flat, and 0 in bone.

    Indices are unsigned: numba then needs no test for negative ones, and the loops vectorise.
    """
    nz, ny, nx = shape
    n = np.uint64(nx)
    one = np.uint64(1)
    o = np.uint64((z * ny + y) * nx)
    up = np.uint64(((z + 1 if z < nz - 1 else 0) * ny + y) * nx)
    down = np.uint64(((z - 1 if z > 0 else nz - 1) * ny + y) * nx)
    north = np.uint64((z * ny + (y + 1 if y < ny - 1 else 0)) * nx)
    south = np.uint64((z * ny + (y - 1 if y > 0 else ny - 1)) * nx)
    if 0 < z < nz - 1 and 0 < y < ny - 1:
        for x in range(n):
            t[x] = c[up + x] + c[down + x] + c[north + x] + c[south + x]
    else:
        zero = np.float32(0)
        for x in range(n):
            b = bits[o + x]
            v = c[down + x] if b & 1 else zero
            v += c[up + x] if b & 2 else zero
            v += c[south + x] if b & 4 else zero
            v += c[north + x] if b & 8 else zero
            t[x] = v
    for x in range(one, n):
        t[x] += c[o + x - one]
    for x in range(n - one):
        t[x] += c[o + x + one]
    if bits[o] & 16:
        t[0] += c[o + n - one]
    if bits[o + n - one] & 32:
        t[n - one] += c[o]


@sized_kernel
def relax_fine(c, s, d, bits, g, weight, out):
    """Go `weight` of the way from c to what balances every voxel, into out; d is 1 / diagonal."""
    nz, ny, nx = c.shape
    shape = c.shape
    for z in prange(nz):
        cf, sf, df, bf = c.reshape(-1), s.reshape(-1), d.reshape(-1), bits.reshape(-1)
        of = out.reshape(-1)
        t = np.empty(nx, np.float32)
        for y in range(ny):
            sum_row(cf, bf, z, y, shape, t)
            o = np.uint64((z * ny + y) * nx)
            for x in range(np.uint64(nx)):
                v = cf[o + x]
                of[o + x] = v + weight * ((sf[o + x] + g * t[x]) * df[o + x] - v)


@sized_kernel
def restrict_residual_fine(c, s, d, bits, g, r, sums):
    """Write the residual's mean over 2^3 blocks into r, and sums (coarse z, 4) in float64.

    The first two sums are those of residual^2 and residual; d is 1 / diagonal.
    """
    nz, ny, nx = c.shape
    shape = c.shape
    mz, my, mx = r.shape
    eighth = np.float32(0.125)
    for cz in prange(mz):
        cf, sf, df, bf = c.reshape(-1), s.reshape(-1), d.reshape(-1), bits.reshape(-1)
        t = np.empty(nx, np.float32)
        row = np.empty(2 * mx, np.float32)
        lanes = np.zeros((2, nx))
        for cy in range(my):
            row[:] = 0
            for z in range(2 * cz, min(2 * cz + 2, nz)):
                for y in range(2 * cy, min(2 * cy + 2, ny)):
                    sum_row(cf, bf, z, y, shape, t)
                    o = np.uint64((z * ny + y) * nx)
                    subtract_row(t, sf, df, cf, g, o)
                    add_sums(t, np.uint64(0), lanes)
                    for x in range(nx):
                        row[x] += t[x]
            for x in range(mx):
                r[cz, cy, x] = eighth * (row[2 * x] + row[2 * x + 1])
        sums[cz, 0] = lanes[0].sum()
        sums[cz, 1] = lanes[1].sum()


@kernel
def subtract_row(t, s, d, c, g, o):
    """Turn the neighbours' sum t of one row into its residual; 0 in bone."""
    zero = np.float32(0)
    for x in range(np.uint64(len(t))):
        w = d[o + x]
        v = s[o + x] + g * t[x] - c[o + x] / w
        t[x] = v if w > zero else zero


@kernel
def add_sums(v, o, lanes):
    """Add v^2 and v of one row of flat v to the lanes (2, x), one per column: order is fixed."""
    squares, values = lanes[0], lanes[1]
    for x in range(np.uint64(len(values))):
        w = np.float64(v[o + x])
        squares[x] += w * w
        values[x] += w


@sized_kernel
def sum_squares(values, sums):
    """Write per two slabs the sum of the squares and of the values into columns 2 and 3 of sums."""
    nz, ny, nx = values.shape
    for cz in prange(len(sums)):
        flat = values.reshape(-1)
        lanes = np.zeros((2, nx))
        for row in range(2 * cz * ny, min(2 * cz + 2, nz) * ny):
            add_sums(flat, np.uint64(row * nx), lanes)
        sums[cz, 2] = lanes[0].sum()
        sums[cz, 3] = lanes[1].sum()


@kernel
def widen(e, row):
    """Write every value of one row of blocks twice."""
    for x in range(np.uint64(len(row)) >> np.uint64(1)):
        row[2 * x] = e[x]
        row[2 * x + 1] = e[x]


@sized_kernel
def prolong_fine(e, bits, c):
    """Add the coarse correction e to every open voxel of c."""
    nz, ny, nx = c.shape
    for z in prange(nz):
        cf, bf = c.reshape(-1), bits.reshape(-1)
        zero = np.float32(0)
        row = np.empty(2 * e.shape[2], np.float32)
        for y in range(ny):
            widen(e[z >> 1, y >> 1], row)
            o = np.uint64((z * ny + y) * nx)
            for x in range(np.uint64(nx)):
                cf[o + x] += row[x] if bf[o + x] else zero


@sized_kernel
def restrict_fine(c, bits, out):
    """Write the mean of c over 2^3 blocks, bone counting as zero, into out."""
    nz, ny, nx = c.shape
    mz, my, mx = out.shape
    eighth = np.float32(0.125)
    for cz in prange(mz):
        cf, bf = c.reshape(-1), bits.reshape(-1)
        row = np.zeros(2 * mx, np.float32)
        for cy in range(my):
            row[:] = 0
            for z in range(2 * cz, min(2 * cz + 2, nz)):
                for y in range(2 * cy, min(2 * cy + 2, ny)):
                    add_open_row(cf, bf, np.uint64((z * ny + y) * nx), nx, row)
            for x in range(mx):
                out[cz, cy, x] = eighth * (row[2 * x] + row[2 * x + 1])


@kernel
def add_open_row(c, bits, o, nx, row):
    """Add one row of c to `row`, bone counting as zero."""
    zero = np.float32(0)
    for x in range(np.uint64(nx)):
        row[x] += c[o + x] if bits[o + x] else zero
