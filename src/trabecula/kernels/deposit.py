"""What cells release, laid on the fine or the coarse grid."""

import numpy as np

from trabecula.kernels.compile import kernel, prange, sized_kernel
from trabecula.kernels.space import FACES, neighbour, split

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
def is_surface(bits, z, y, x, space):
    """Whether an open voxel has a bony face; a mirrored side is none."""
    if bits[z, y, x] == 0:
        return False
    for k in range(6):
        a, b, c = neighbour(z, y, x, FACES[k, 0], FACES[k, 1], FACES[k, 2], space)
        if bits[a, b, c] == 0:
            return True
    return False


@kernel
def deposit_discs(voxel, amount, radius, ball, bits, space, out):
    """Spread each amount evenly over the surface within `radius` (voxels) of its voxel.

    A cell that touches no surface keeps it where it is; `ball` are the offsets of the widest disc,
    nearest first. Walled-in cells release nothing.
    """
    for i in range(len(voxel)):
        if voxel[i] < 0:
            continue
        z, y, x = split(voxel[i], space)
        if bits[z, y, x] == 0:
            continue
        places, within = 0, 0
        for k in range(len(ball)):
            dz, dy, dx = ball[k, 0], ball[k, 1], ball[k, 2]
            if dz * dz + dy * dy + dx * dx > radius[i] * radius[i]:
                break
            a, b, c = neighbour(z, y, x, dz, dy, dx, space)
            places += is_surface(bits, a, b, c, space)
            within += 1
        if places == 0:
            out[z, y, x] += np.float32(amount[i])
            continue
        share = np.float32(amount[i] / places)
        for k in range(within):
            a, b, c = neighbour(z, y, x, ball[k, 0], ball[k, 1], ball[k, 2], space)
            if is_surface(bits, a, b, c, space):
                out[a, b, c] += share


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
