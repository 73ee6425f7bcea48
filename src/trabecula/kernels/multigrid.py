"""Coarse levels of the masked multigrid: face shares, smoothing, transfers, and the whole cycle.

Cell-centred, with piecewise-constant transfers; a face between blocks carries the mean of its four
faces, and g falls by 4 a level because distance and block both double (rediscretised flux, which is
the Galerkin operator with faces halved). The cycle is a sawtooth: restrict to the bottom, then
correct and smooth on the way up.
"""

import numpy as np

from trabecula.kernels.compile import kernel, parallel_kernel, prange
from trabecula.kernels.stencil import OPEN


@parallel_kernel
def coarsen_bits(bits, v, a):
    """Pore share v of 2^3 blocks and open share a (axis, z, y, x) of their upper faces."""
    nz, ny, nx = bits.shape
    mz, my, mx = v.shape
    eighth = np.float32(0.125)
    quarter = np.float32(0.25)
    for cz in prange(mz):
        v[cz] = 0
        a[:, cz] = 0
        for z in range(2 * cz, min(2 * cz + 2, nz)):
            top = z == 2 * cz + 1 or z == nz - 1
            for y in range(ny):
                ry = (y & 1) == 1 or y == ny - 1
                for x in range(nx):
                    b = bits[z, y, x]
                    if b == 0:
                        continue
                    cy = y >> 1
                    cx = x >> 1
                    v[cz, cy, cx] += eighth * np.float32((b & OPEN) >> 6)
                    if top and b & 2:
                        a[0, cz, cy, cx] += quarter
                    if ry and b & 8:
                        a[1, cz, cy, cx] += quarter
                    if ((x & 1) == 1 or x == nx - 1) and b & 32:
                        a[2, cz, cy, cx] += quarter


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
    """Widen the faces of a last half block: its centre lies 3/4 of a block from the next one."""
    stretch = np.float32(4.0 / 3.0)
    _, nz, ny, nx = a.shape
    if odd_z and nz > 1:
        a[0, nz - 1] *= stretch
        a[0, nz - 2] *= stretch
    if odd_y and ny > 1:
        a[1, :, ny - 1] *= stretch
        a[1, :, ny - 2] *= stretch
    if odd_x and nx > 1:
        a[2, :, :, nx - 1] *= stretch
        a[2, :, :, nx - 2] *= stretch


@kernel
def gather_level(c, a, z, y, x):
    """Weighted sum of the neighbours of one block and the sum of the weights."""
    nz, ny, nx = c.shape
    zm = z - 1 if z > 0 else nz - 1
    zp = z + 1 if z < nz - 1 else 0
    ym = y - 1 if y > 0 else ny - 1
    yp = y + 1 if y < ny - 1 else 0
    xm = x - 1 if x > 0 else nx - 1
    xp = x + 1 if x < nx - 1 else 0
    w0 = a[0, zm, y, x]
    w1 = a[0, z, y, x]
    w2 = a[1, z, ym, x]
    w3 = a[1, z, y, x]
    w4 = a[2, z, y, xm]
    w5 = a[2, z, y, x]
    t = w0 * c[zm, y, x] + w1 * c[zp, y, x] + w2 * c[z, ym, x]
    t += w3 * c[z, yp, x] + w4 * c[z, y, xm] + w5 * c[z, y, xp]
    return t, w0 + w1 + w2 + w3 + w4 + w5


def _smooth_level(c, s, kappa, a, g, colour, first, last):
    """Gauss-Seidel on the blocks of one colour in slabs first .. last-1."""
    ny, nx = c.shape[1:]
    for z in prange(first, last):
        for y in range(ny):
            for x in range((z + y + colour) & 1, nx, 2):
                t, n = gather_level(c, a, z, y, x)
                d = g * n + kappa[z, y, x]
                if d > 0:
                    c[z, y, x] = (s[z, y, x] + g * t) / d


smooth_level = kernel(_smooth_level)
smooth_level_parallel = parallel_kernel(_smooth_level)


@parallel_kernel
def compute_residual_level(c, s, kappa, a, g, r, sums):
    """Write the residual r and, per slab, the sums of r^2, r, s^2 and s in float64."""
    nz, ny, nx = c.shape
    for z in prange(nz):
        q0 = 0.0
        q1 = 0.0
        q2 = 0.0
        q3 = 0.0
        for y in range(ny):
            for x in range(nx):
                t, n = gather_level(c, a, z, y, x)
                f = s[z, y, x]
                v = f + g * (t - n * c[z, y, x]) - kappa[z, y, x] * c[z, y, x]
                r[z, y, x] = v
                q0 += float(v) * float(v)
                q1 += float(v)
                q2 += float(f) * float(f)
                q3 += float(f)
        sums[z, 0] = q0
        sums[z, 1] = q1
        sums[z, 2] = q2
        sums[z, 3] = q3


@kernel
def restrict_mean(r, out):
    """Write the sum over 2^3 blocks divided by 8 into out."""
    nz, ny, nx = r.shape
    eighth = np.float32(0.125)
    out[:] = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                out[z >> 1, y >> 1, x >> 1] += eighth * r[z, y, x]


@kernel
def prolong_level(e, c):
    """Write the coarse correction e into c."""
    nz, ny, nx = c.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                c[z, y, x] = e[z >> 1, y >> 1, x >> 1]


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
def smooth_twice(c, s, kappa, a, g, sweeps):
    """Red-black sweeps over one whole level."""
    nz = c.shape[0]
    for _ in range(sweeps):
        smooth_level(c, s, kappa, a, g, 0, 0, nz)
        smooth_level(c, s, kappa, a, g, 1, 0, nz)


@kernel
def sawtooth(shapes, offsets, e, r, kappa, faces, g, first):
    """Solve the levels first .. bottom of the correction equation once; r and kappa are restricted.

    `g` belongs to level 0 of the buffer. The bottom level is one block, or smoothed hard.
    """
    bottom = len(offsets) - 2
    for i in range(bottom, first - 1, -1):
        lo, hi = offsets[i], offsets[i + 1]
        shape = (shapes[i, 0], shapes[i, 1], shapes[i, 2])
        c = e[lo:hi].reshape(shape)
        if i == bottom:
            c[:] = 0
        else:
            nxt = (shapes[i + 1, 0], shapes[i + 1, 1], shapes[i + 1, 2])
            prolong_level(e[offsets[i + 1] : offsets[i + 2]].reshape(nxt), c)
        a = faces[3 * lo : 3 * hi].reshape((3, shape[0], shape[1], shape[2]))
        scale = np.float32(g * 0.25**i)
        sweeps = 4 if i == bottom else 2
        smooth_twice(c, r[lo:hi].reshape(shape), kappa[lo:hi].reshape(shape), a, scale, sweeps)
