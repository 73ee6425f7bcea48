"""Seven-point stencil on the fine grid, masked by one byte of open faces per voxel.

Normal form of every level: g * sum_f a_f (c_nb - c) - kappa c + s = 0 with g = D/h^2 (1/d), a_f the
open share of a face, kappa the decay (1/d) times the pore share and s the source (pM/d) per whole
voxel. On the fine grid 1 / (g * (open faces) + kappa) stands for geometry and decay together:
it is 0 in bone, where c is kept 0, so a closed face adds nothing to the neighbours' sum.
"""

import numpy as np

from trabecula.kernels.compile import kernel, parallel_kernel, prange

OPEN = 64
ALL_OPEN = 127


@parallel_kernel
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
        b |= np.uint8(m[south + x] < h) << 2 | np.uint8(m[north + x] < h) << 3
        bits[o + x] = np.uint8(b | OPEN)
    for x in range(one, n):
        bits[o + x] |= np.uint8(np.uint8(m[o + x - one] < h) << 4)
    for x in range(n - one):
        bits[o + x] |= np.uint8(np.uint8(m[o + x + one] < h) << 5)
    bits[o] |= np.uint8(np.uint8(m[o + n - one] < h) << 4)
    bits[o + n - one] |= np.uint8(np.uint8(m[o] < h) << 5)
    for x in range(n):
        bits[o + x] = bits[o + x] & keep if m[o + x] < h else np.uint8(0)


@parallel_kernel
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


@parallel_kernel
def restrict_decay(bits, g, inverse, out):
    """Write the mean over 2^3 blocks of the decay that invert_diagonal was given."""
    nz, ny, nx = bits.shape
    eighth = np.float32(0.125)
    for cz in prange(out.shape[0]):
        out[cz] = 0
        for z in range(2 * cz, min(2 * cz + 2, nz)):
            for y in range(ny):
                for x in range(nx):
                    b = bits[z, y, x]
                    if b == 0:
                        continue
                    n = (b & 1) + (b >> 1 & 1) + (b >> 2 & 1) + (b >> 3 & 1) + (b >> 4 & 1)
                    n += b >> 5 & 1
                    k = np.float32(1) / inverse[z, y, x] - g * np.float32(n)
                    out[cz, y >> 1, x >> 1] += eighth * max(k, np.float32(0))


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


@parallel_kernel
def smooth_fine(c, s, d, bits, g, colour, first, last):
    """Gauss-Seidel on the voxels of one colour in slabs first .. last-1; d is 1 / diagonal.

    Colours repeat across a periodic side of odd length, so the last slab is then a call of its
    own; within a slab rows follow one another in order.
    """
    ny, nx = c.shape[1:]
    shape = c.shape
    for z in prange(first, last):
        cf, sf, df, bf = c.reshape(-1), s.reshape(-1), d.reshape(-1), bits.reshape(-1)
        t = np.empty(nx, np.float32)
        n = np.uint64(nx)
        two = np.uint64(2)
        for y in range(ny):
            sum_row(cf, bf, z, y, shape, t)
            o = np.uint64((z * ny + y) * nx)
            for x in range(n):
                t[x] = (sf[o + x] + g * t[x]) * df[o + x]
            for x in range(np.uint64((z + y + colour) & 1), n, two):
                cf[o + x] = t[x]


@parallel_kernel
def restrict_residual_fine(c, s, d, bits, g, r, sums):
    """Write the residual's mean over 2^3 blocks into r, and sums (coarse z, 4) in float64.

    The four sums are those of residual^2, residual, source^2 and source; d is 1 / diagonal.
    """
    nz, ny, nx = c.shape
    shape = c.shape
    mz, my, mx = r.shape
    eighth = np.float32(0.125)
    for cz in prange(mz):
        cf, sf, df, bf = c.reshape(-1), s.reshape(-1), d.reshape(-1), bits.reshape(-1)
        t = np.empty(nx, np.float32)
        row = np.empty(2 * mx, np.float32)
        q = np.zeros(4)
        for cy in range(my):
            row[:] = 0
            for z in range(2 * cz, min(2 * cz + 2, nz)):
                for y in range(2 * cy, min(2 * cy + 2, ny)):
                    sum_row(cf, bf, z, y, shape, t)
                    o = np.uint64((z * ny + y) * nx)
                    subtract_row(t, sf, df, cf, g, o)
                    add_sums(t, sf, o, q)
                    for x in range(nx):
                        row[x] += t[x]
            for x in range(mx):
                r[cz, cy, x] = eighth * (row[2 * x] + row[2 * x + 1])
        sums[cz] = q


@kernel
def subtract_row(t, s, d, c, g, o):
    """Turn the neighbours' sum t of one row into its residual; 0 in bone."""
    zero = np.float32(0)
    for x in range(np.uint64(len(t))):
        w = d[o + x]
        v = s[o + x] + g * t[x] - c[o + x] / w
        t[x] = v if w > zero else zero


@kernel
def add_sums(v, s, o, q):
    """Add to q the sums of v^2, v, s^2 and s of one row; two lanes, so that order is fixed."""
    a0 = a1 = b0 = b1 = 0.0
    e0 = e1 = h0 = h1 = 0.0
    two = np.uint64(2)
    one = np.uint64(1)
    n = np.uint64(len(v))
    m = n - n % two
    for x in range(np.uint64(0), m, two):
        v0 = float(v[x])
        v1 = float(v[x + one])
        s0 = float(s[o + x])
        s1 = float(s[o + x + one])
        a0 += v0 * v0
        a1 += v1 * v1
        b0 += v0
        b1 += v1
        e0 += s0 * s0
        e1 += s1 * s1
        h0 += s0
        h1 += s1
    if m < n:
        v0 = float(v[m])
        s0 = float(s[o + m])
        a0 += v0 * v0
        b0 += v0
        e0 += s0 * s0
        h0 += s0
    q[0] += a0 + a1
    q[1] += b0 + b1
    q[2] += e0 + e1
    q[3] += h0 + h1


@parallel_kernel
def prolong_fine(e, bits, c):
    """Add the coarse correction e to every open voxel of c."""
    nz, ny, nx = c.shape
    for z in prange(nz):
        for y in range(ny):
            for x in range(nx):
                if bits[z, y, x]:
                    c[z, y, x] += e[z >> 1, y >> 1, x >> 1]


@parallel_kernel
def restrict_fine(c, bits, out):
    """Write the mean of c over 2^3 blocks, bone counting as zero, into out."""
    nz, ny, nx = c.shape
    eighth = np.float32(0.125)
    for cz in prange(out.shape[0]):
        out[cz] = 0
        for z in range(2 * cz, min(2 * cz + 2, nz)):
            for y in range(ny):
                for x in range(nx):
                    if bits[z, y, x]:
                        out[cz, y >> 1, x >> 1] += eighth * c[z, y, x]
