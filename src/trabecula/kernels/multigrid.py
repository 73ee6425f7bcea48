"""Coarse levels of the masked multigrid: face shares, smoothing, transfers, and the whole cycle.

Cell-centred, with piecewise-constant transfers; a face between blocks carries the mean of its four
faces, and g falls by 4 a level because distance and block both double (rediscretised flux, which is
the Galerkin operator with faces halved). The cycle is a sawtooth: restrict to the bottom, then
correct and smooth on the way up, by weighted Jacobi steps whose weights are Chebyshev's.
"""

import numpy as np

from trabecula.kernels.compile import kernel, parallel_kernel, prange, sized_kernel
from trabecula.kernels.stencil import add_sums, widen


@sized_kernel
def coarsen_bits(bits, v, a):
    """Pore share v of 2^3 blocks and open share a (axis, z, y, x) of their upper faces."""
    nz, ny, nx = bits.shape
    mz, my, mx = v.shape
    for cz in prange(mz):
        flat = bits.reshape(-1)
        sums = np.zeros((4, 2 * mx), np.uint8)
        for cy in range(my):
            sums[:] = 0
            for z in range(2 * cz, min(2 * cz + 2, nz)):
                for y in range(2 * cy, min(2 * cy + 2, ny)):
                    top = z == 2 * cz + 1 or z == nz - 1
                    right = y == 2 * cy + 1 or y == ny - 1
                    add_bits(flat, (z * ny + y) * nx, nx, top, right, sums)
            fill_shares(sums, nx, v[cz, cy], a[:, cz, cy])


@kernel
def add_bits(bits, o, nx, top, right, sums):
    """Add the marrow and the upper faces along z, y, x of one row of voxels; `bits` is flat."""
    start = np.uint64(o)
    p, q = np.uint8(top), np.uint8(right)
    pore, az, ay, ax = sums[0], sums[1], sums[2], sums[3]
    for x in range(np.uint64(nx)):
        b = bits[start + x]
        pore[x] += b >> 6
        az[x] += (b >> 1 & 1) & p
        ay[x] += (b >> 3 & 1) & q
        ax[x] += b >> 5 & 1


@kernel
def fill_shares(sums, nx, v, a):
    """Turn the sums of four rows of voxels into the shares of one row of blocks."""
    eighth = np.float32(0.125)
    quarter = np.float32(0.25)
    for x in range(len(v)):
        i = 2 * x
        upper = min(i + 1, nx - 1)
        v[x] = eighth * np.float32(sums[0, i] + sums[0, i + 1])
        a[0, x] = quarter * np.float32(sums[1, i] + sums[1, i + 1])
        a[1, x] = quarter * np.float32(sums[2, i] + sums[2, i + 1])
        a[2, x] = quarter * np.float32(sums[3, upper])


@kernel
def coarsen_faces(a, out):
    """Face shares of the next level from those of this one."""
    _, nz, ny, nx = a.shape
    quarter = np.float32(0.25)
    out[:] = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                i, j, k = z >> 1, y >> 1, x >> 1
                if (z & 1) == 1 or z == nz - 1:
                    out[0, i, j, k] += quarter * a[0, z, y, x]
                if (y & 1) == 1 or y == ny - 1:
                    out[1, i, j, k] += quarter * a[1, z, y, x]
                if (x & 1) == 1 or x == nx - 1:
                    out[2, i, j, k] += quarter * a[2, z, y, x]


@kernel
def stretch_faces(a, odd_z, odd_y, odd_x):
    """Widen the faces of a last half block, whose centre lies 3/4 of a block from its neighbours'.

    Along an axis of one block there is no neighbour: its faces are closed.
    """
    stretch = np.float32(4.0 / 3.0)
    _, nz, ny, nx = a.shape
    if nz == 1:
        a[0] = 0
    elif odd_z:
        a[0, nz - 1] *= stretch
        a[0, nz - 2] *= stretch
    if ny == 1:
        a[1] = 0
    elif odd_y:
        a[1, :, ny - 1] *= stretch
        a[1, :, ny - 2] *= stretch
    if nx == 1:
        a[2] = 0
    elif odd_x:
        a[2, :, :, nx - 1] *= stretch
        a[2, :, :, nx - 2] *= stretch


@kernel
def sum_faces(a, out):
    """Write the sum of the six face shares of every block into out, shape (z, y, x)."""
    _, nz, ny, nx = a.shape
    for z in range(nz):
        zm = z - 1 if z > 0 else nz - 1
        for y in range(ny):
            ym = y - 1 if y > 0 else ny - 1
            for x in range(nx):
                xm = x - 1 if x > 0 else nx - 1
                v = a[0, zm, y, x] + a[0, z, y, x] + a[1, z, ym, x] + a[1, z, y, x]
                out[z, y, x] = v + a[2, z, y, xm] + a[2, z, y, x]


@kernel
def invert_levels(offsets, faces, kappa, g, first, inverse):
    """Write 1 / (g * faces + kappa) of the levels from `first` on, 0 where nothing leaves a block.

    All buffers are flat; `faces` holds the sums of the six shares, `g` belongs to level 0.
    """
    zero = np.float32(0)
    one = np.float32(1)
    for i in range(first, len(offsets) - 1):
        scale = np.float32(g * 0.25**i)
        for x in range(np.uint64(offsets[i]), np.uint64(offsets[i + 1])):
            v = scale * faces[x] + kappa[x]
            inverse[x] = one / v if v > zero else zero


@kernel
def sum_level_row(c, a, z, y, shape, t):
    """Write the weighted sum of the neighbours of row (z, y) into t; c and a are flat.

    Short loops over few arrays vectorise, one long loop does not.
    """
    nz, ny, nx = shape
    m = np.uint64(nx)
    one = np.uint64(1)
    size = np.uint64(nz * ny * nx)
    o = np.uint64((z * ny + y) * nx)
    up = np.uint64(((z + 1 if z < nz - 1 else 0) * ny + y) * nx)
    down = np.uint64(((z - 1 if z > 0 else nz - 1) * ny + y) * nx)
    north = np.uint64((z * ny + (y + 1 if y < ny - 1 else 0)) * nx)
    south = np.uint64((z * ny + (y - 1 if y > 0 else ny - 1)) * nx)
    ay = size + o
    as_ = size + south
    ax = size + size + o
    for x in range(m):
        v = a[down + x] * c[down + x] + a[o + x] * c[up + x]
        t[x] = v + a[as_ + x] * c[south + x] + a[ay + x] * c[north + x]
    for x in range(one, m):
        t[x] += a[ax + x - one] * c[o + x - one]
    for x in range(m - one):
        t[x] += a[ax + x] * c[o + x + one]
    last = a[ax + m - one]
    t[0] += last * c[o + m - one]
    t[m - one] += last * c[o]


def _relax_level(c, s, inverse, a, g, weight, out):
    """Go `weight` of the way from c to what balances every block, into out."""
    shape = c.shape
    ny, nx = c.shape[1:]
    for z in prange(shape[0]):
        cf, sf, vf, af = c.reshape(-1), s.reshape(-1), inverse.reshape(-1), a.reshape(-1)
        of = out.reshape(-1)
        t = np.empty(nx, np.float32)
        for y in range(ny):
            sum_level_row(cf, af, z, y, shape, t)
            o = np.uint64((z * ny + y) * nx)
            for x in range(np.uint64(nx)):
                v = cf[o + x]
                of[o + x] = v + weight * ((sf[o + x] + g * t[x]) * vf[o + x] - v)


relax_level = kernel(_relax_level)
relax_level_parallel = parallel_kernel(_relax_level)


def _compute_residual_level(c, s, kappa, a, faces, g, r, sums):
    """Write the residual r and, per slab, the sums of r^2, r, s^2 and s in float64."""
    shape = c.shape
    nz, ny, nx = c.shape
    for z in prange(nz):
        cf, sf, kf, af = c.reshape(-1), s.reshape(-1), kappa.reshape(-1), a.reshape(-1)
        rf, nf = r.reshape(-1), faces.reshape(-1)
        t = np.empty(nx, np.float32)
        lanes = np.zeros((4, nx))
        left, made = lanes[:2], lanes[2:]
        for y in range(ny):
            sum_level_row(cf, af, z, y, shape, t)
            o = np.uint64((z * ny + y) * nx)
            for x in range(np.uint64(nx)):
                v = sf[o + x] + g * t[x] - (g * nf[o + x] + kf[o + x]) * cf[o + x]
                t[x] = v
                rf[o + x] = v
            add_sums(t, np.uint64(0), left)
            add_sums(sf, o, made)
        for k in range(4):
            sums[z, k] = lanes[k].sum()


compute_residual_level = kernel(_compute_residual_level)
compute_residual_level_parallel = parallel_kernel(_compute_residual_level)


@kernel
def restrict_mean(r, out):
    """Write the sum over 2^3 blocks divided by 8 into out."""
    nz, ny, nx = r.shape
    mz, my, mx = out.shape
    eighth = np.float32(0.125)
    t = np.zeros(2 * mx, np.float32)
    for cz in range(mz):
        for cy in range(my):
            t[:] = 0
            for z in range(2 * cz, min(2 * cz + 2, nz)):
                for y in range(2 * cy, min(2 * cy + 2, ny)):
                    for x in range(nx):
                        t[x] += r[z, y, x]
            for x in range(mx):
                out[cz, cy, x] = eighth * (t[2 * x] + t[2 * x + 1])


@kernel
def prolong_level(e, c):
    """Write the coarse correction e into c."""
    nz, ny, nx = c.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                c[z, y, x] = e[z >> 1, y >> 1, x >> 1]


@sized_kernel
def correct_level(c, e, pore):
    """Add the coarse correction e to every block of c that has pores."""
    nz, ny, nx = c.shape
    for z in prange(nz):
        cf, pf = c.reshape(-1), pore.reshape(-1)
        zero = np.float32(0)
        row = np.empty(2 * e.shape[2], np.float32)
        for y in range(ny):
            widen(e[z >> 1, y >> 1], row)
            o = np.uint64((z * ny + y) * nx)
            for x in range(np.uint64(nx)):
                cf[o + x] += row[x] if pf[o + x] > zero else zero


@kernel
def restrict_all(shapes, offsets, values):
    """Restrict `values` of the first level down to every other level of a flat buffer."""
    for i in range(len(offsets) - 2):
        fine = values[offsets[i] : offsets[i + 1]].reshape(
            (shapes[i, 0], shapes[i, 1], shapes[i, 2])
        )
        coarse = values[offsets[i + 1] : offsets[i + 2]].reshape(
            (shapes[i + 1, 0], shapes[i + 1, 1], shapes[i + 1, 2])
        )
        restrict_mean(fine, coarse)


@kernel
def sawtooth(shapes, offsets, buffers, faces, g, first, weights):
    """Solve the levels first .. bottom of the correction equation once; residuals are restricted.

    `buffers` are error, its scratch, residual and inverse diagonal, flat; `g` belongs to level 0.
    The bottom level is one block. An even number of weights leaves the error in its own buffer.
    """
    error, spare, r, inverse = buffers
    bottom = len(offsets) - 2
    for i in range(bottom, first - 1, -1):
        lo, hi = offsets[i], offsets[i + 1]
        if i == bottom:
            error[lo] = r[lo] * inverse[lo]
            continue
        shape = (shapes[i, 0], shapes[i, 1], shapes[i, 2])
        nxt = (shapes[i + 1, 0], shapes[i + 1, 1], shapes[i + 1, 2])
        c, d = error[lo:hi].reshape(shape), spare[lo:hi].reshape(shape)
        prolong_level(error[offsets[i + 1] : offsets[i + 2]].reshape(nxt), c)
        a = faces[3 * lo : 3 * hi].reshape((3, shape[0], shape[1], shape[2]))
        scale = np.float32(g * 0.25**i)
        s, v = r[lo:hi].reshape(shape), inverse[lo:hi].reshape(shape)
        for k in range(0, len(weights), 2):
            relax_level(c, s, v, a, scale, weights[k], d)
            relax_level(d, s, v, a, scale, weights[k + 1], c)
