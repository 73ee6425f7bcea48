"""What cells release, laid on the fine or the coarse grid."""

import numpy as np

from trabecula.kernels.compile import kernel


@kernel
def deposit_fine(voxel, amount, coupling, bits, out):
    """Add amount (pM/d per fine voxel) times the local coupling; walled-in cells release nothing."""
    ny, nx = out.shape[1:]
    for i in range(len(voxel)):
        if voxel[i] < 0:
            continue
        z = voxel[i] // (ny * nx)
        y = voxel[i] // nx % ny
        x = voxel[i] % nx
        if bits[z, y, x]:
            out[z, y, x] += np.float32(amount[i] * coupling[z >> 1, y >> 1, x >> 1])


@kernel
def deposit_coarse(voxel, amount, coupling, bits, out):
    """Add amount (pM/d per coarse voxel) times the local coupling; voxels are those of `bits`."""
    ny, nx = bits.shape[1:]
    for i in range(len(voxel)):
        if voxel[i] < 0:
            continue
        z = voxel[i] // (ny * nx)
        y = voxel[i] // nx % ny
        x = voxel[i] % nx
        if bits[z, y, x]:
            j, k, m = z >> 1, y >> 1, x >> 1
            out[j, k, m] += np.float32(amount[i] * coupling[j, k, m])


@kernel
def fill_open(bits, rate, coupling, out):
    """Write the diffuse source rate (pM/d) times the local coupling into open voxels, else 0."""
    nz, ny, nx = bits.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                f = np.float32(0)
                if bits[z, y, x]:
                    f = np.float32(rate * coupling[z >> 1, y >> 1, x >> 1])
                out[z, y, x] = f
