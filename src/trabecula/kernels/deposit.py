"""What cells release, laid on the fine or the coarse grid."""

import numpy as np

from trabecula.kernels.compile import kernel, prange, sized_kernel

ONE = np.uint64(1)


@kernel
def split_voxel(flat, ny, nx):
    """Return (z, y, x) of a flat index that is not negative."""
    v, m = np.uint64(flat), np.uint64(nx)
    row = v // m
    z = row // np.uint64(ny)
    return z, row - z * np.uint64(ny), v - row * m


@kernel
def deposit_fine(voxel, amount, coupling, bits, out):
    """Add amount (pM/d per fine voxel) times the local coupling; walled-in cells release nothing."""
    ny, nx = out.shape[1:]
    for i in range(len(voxel)):
        if voxel[i] < 0:
            continue
        z, y, x = split_voxel(voxel[i], ny, nx)
        if bits[z, y, x]:
            out[z, y, x] += np.float32(amount[i] * coupling[z >> ONE, y >> ONE, x >> ONE])


@kernel
def deposit_coarse(voxel, amount, coupling, bits, out):
    """Add amount (pM/d per coarse voxel) times the local coupling; voxels are those of `bits`."""
    ny, nx = bits.shape[1:]
    for i in range(len(voxel)):
        if voxel[i] < 0:
            continue
        z, y, x = split_voxel(voxel[i], ny, nx)
        if bits[z, y, x]:
            j, k, m = z >> ONE, y >> ONE, x >> ONE
            out[j, k, m] += np.float32(amount[i] * coupling[j, k, m])


@sized_kernel
def fill_open(bits, rate, coupling, out):
    """Write the diffuse source rate (pM/d) times the local coupling into open voxels, else 0."""
    nz, ny, nx = bits.shape
    for z in prange(nz):
        zero = np.float32(0)
        for y in range(ny):
            for x in range(nx):
                f = np.float32(rate * coupling[z >> 1, y >> 1, x >> 1])
                out[z, y, x] = f if bits[z, y, x] else zero
