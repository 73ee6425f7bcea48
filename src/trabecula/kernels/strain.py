"""Strain energy at the centre of every element."""

import numpy as np

from trabecula.kernels.compile import kernel, parallel_kernel, prange
from trabecula.kernels.hexahedra import spread


@kernel
def gradient(u, corners, e, j):
    """Gradient (along z, y, x) of component j at the centre of element e, per edge."""
    a, b = 3 * corners[e, 0] + j, 3 * corners[e, 1] + j
    c, d = 3 * corners[e, 2] + j, 3 * corners[e, 3] + j
    p = spread(u[a], u[a + 3], u[b], u[b + 3], u[c], u[c + 3], u[d], u[d + 3])
    return 0.25 * p[4], 0.25 * p[2], 0.25 * p[1]


@kernel
def strain_energy(u, corners, e, lame):
    """Strain energy density at the centre of element e, for unit modulus."""
    zz, zy, zx = gradient(u, corners, e, 0)
    yz, yy, yx = gradient(u, corners, e, 1)
    xz, xy, xx = gradient(u, corners, e, 2)
    trace = zz + yy + xx
    shear = (zy + yz) ** 2 + (zx + xz) ** 2 + (yx + xy) ** 2
    normal = zz * zz + yy * yy + xx * xx
    return 0.5 * lame[0] * trace * trace + lame[1] * (normal + 0.5 * shear)


@parallel_kernel
def fill_energy(u, corners, modulus, lame, energy):
    """Write the strain energy density at the centre of every element (unit of the modulus)."""
    block = 4096
    for i in prange((len(energy) + block - 1) // block):
        for e in range(i * block, min((i + 1) * block, len(energy))):
            energy[e] = np.float64(modulus[e]) * strain_energy(u, corners, e, lame)
