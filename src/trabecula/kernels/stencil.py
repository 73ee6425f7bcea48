"""Seven-point stencil on the fine grid, masked by one byte of open faces per voxel.

Normal form of every level: g * sum_f a_f (c_nb - c) - kappa c + s = 0 with g = D/h^2 (1/d), a_f the
open share of a face, kappa the decay (1/d) times the pore share and s the source (pM/d) per whole
voxel. Sides need no case of their own: indices wrap, and the byte closes mirrored sides.
"""

import numpy as np

from trabecula.kernels.compile import kernel, parallel_kernel, prange

OPEN = 64
ALL_OPEN = 127


@parallel_kernel
def mark_open(matrix, half, periodic, bits):
    """Write the byte of every voxel: bits 0-5 open faces z- z+ y- y+ x- x+, bit 6 marrow."""
    nz, ny, nx = matrix.shape
    for z in prange(nz):
        zm = z - 1 if z > 0 else nz - 1
        zp = z + 1 if z < nz - 1 else 0
        low_z = periodic or z > 0
        high_z = periodic or z < nz - 1
        for y in range(ny):
            ym = y - 1 if y > 0 else ny - 1
            yp = y + 1 if y < ny - 1 else 0
            low_y = periodic or y > 0
            high_y = periodic or y < ny - 1
            for x in range(nx):
                b = 0
                if matrix[z, y, x] < half:
                    xm = x - 1 if x > 0 else nx - 1
                    xp = x + 1 if x < nx - 1 else 0
                    b = OPEN
                    b |= int(low_z and matrix[zm, y, x] < half)
                    b |= int(high_z and matrix[zp, y, x] < half) << 1
                    b |= int(low_y and matrix[z, ym, x] < half) << 2
                    b |= int(high_y and matrix[z, yp, x] < half) << 3
                    b |= int((periodic or x > 0) and matrix[z, y, xm] < half) << 4
                    b |= int((periodic or x < nx - 1) and matrix[z, y, xp] < half) << 5
                bits[z, y, x] = b


@parallel_kernel
def mark_surface(bits, periodic, surface):
    """Write 1 into marrow voxels with a face on bone, else 0; the lattice's end is not bone."""
    nz, ny, nx = bits.shape
    for z in prange(nz):
        for y in range(ny):
            for x in range(nx):
                b = bits[z, y, x]
                if b and not periodic:
                    b |= int(z == 0) | int(z == nz - 1) << 1
                    b |= int(y == 0) << 2 | int(y == ny - 1) << 3
                    b |= int(x == 0) << 4 | int(x == nx - 1) << 5
                surface[z, y, x] = b != 0 and b != ALL_OPEN


@kernel
def gather(c, bits, z, y, x):
    """Sum of the open neighbours of one voxel and their number."""
    nz, ny, nx = c.shape
    b = bits[z, y, x]
    s = np.float32(0)
    n = np.float32(0)
    one = np.float32(1)
    if b & 1:
        s += c[z - 1 if z > 0 else nz - 1, y, x]
        n += one
    if b & 2:
        s += c[z + 1 if z < nz - 1 else 0, y, x]
        n += one
    if b & 4:
        s += c[z, y - 1 if y > 0 else ny - 1, x]
        n += one
    if b & 8:
        s += c[z, y + 1 if y < ny - 1 else 0, x]
        n += one
    if b & 16:
        s += c[z, y, x - 1 if x > 0 else nx - 1]
        n += one
    if b & 32:
        s += c[z, y, x + 1 if x < nx - 1 else 0]
        n += one
    return s, n


def _smooth_fine(c, s, kappa, bits, g, colour, first, last):
    """Gauss-Seidel on the voxels of one colour in slabs first .. last-1.

    Colours repeat across a periodic side of odd length, so the last slab is then a call of its own.
    """
    ny, nx = c.shape[1:]
    six = np.float32(6)
    for z in prange(first, last):
        for y in range(ny):
            for x in range((z + y + colour) & 1, nx, 2):
                b = bits[z, y, x]
                if b == 0:
                    continue
                if b == ALL_OPEN and 0 < x < nx - 1 and 0 < y < ny - 1 and 0 < z < c.shape[0] - 1:
                    t = c[z - 1, y, x] + c[z + 1, y, x] + c[z, y - 1, x]
                    t += c[z, y + 1, x] + c[z, y, x - 1] + c[z, y, x + 1]
                    c[z, y, x] = (s[z, y, x] + g * t) / (g * six + kappa[z, y, x])
                else:
                    t, n = gather(c, bits, z, y, x)
                    c[z, y, x] = (s[z, y, x] + g * t) / (g * n + kappa[z, y, x])


smooth_fine = parallel_kernel(_smooth_fine)


@parallel_kernel
def restrict_residual_fine(c, s, kappa, bits, g, r, sums):
    """Write the residual's mean over 2^3 blocks into r, and sums (coarse z, 4) in float64.

    The four sums are those of residual^2, residual, source^2 and source.
    """
    nz, ny, nx = c.shape
    mz, my, mx = r.shape
    eighth = np.float32(0.125)
    for cz in prange(mz):
        r[cz] = 0
        q0 = 0.0
        q1 = 0.0
        q2 = 0.0
        q3 = 0.0
        for z in range(2 * cz, min(2 * cz + 2, nz)):
            for y in range(ny):
                for x in range(nx):
                    if bits[z, y, x] == 0:
                        continue
                    t, n = gather(c, bits, z, y, x)
                    f = s[z, y, x]
                    v = f + g * (t - n * c[z, y, x]) - kappa[z, y, x] * c[z, y, x]
                    r[cz, y >> 1, x >> 1] += eighth * v
                    q0 += float(v) * float(v)
                    q1 += float(v)
                    q2 += float(f) * float(f)
                    q3 += float(f)
        sums[cz, 0] = q0
        sums[cz, 1] = q1
        sums[cz, 2] = q2
        sums[cz, 3] = q3


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
