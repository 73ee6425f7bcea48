"""What an osteoblast reaches from its place: factor, bone and cells in a cube around it."""

from trabecula.kernels.compile import kernel
from trabecula.kernels.space import HALF_QUANTA, count_bone26, shift


@kernel
def count_bone(matrix, z, y, x, reach, space):
    """Count the bony voxels within `reach` of a place along each axis, itself left out."""
    if reach == 1:
        return count_bone26(matrix, z, y, x, space)
    bone = 0
    for dz in range(-reach, reach + 1):
        a = shift(z + dz, space.nz, space.periodic)
        for dy in range(-reach, reach + 1):
            b = shift(y + dy, space.ny, space.periodic)
            for dx in range(-reach, reach + 1):
                c = shift(x + dx, space.nx, space.periodic)
                bone += matrix[a, b, c] >= HALF_QUANTA
    return bone - (matrix[z, y, x] >= HALF_QUANTA)


@kernel
def count_around(matrix, z, y, x, reach, space):
    """Bony neighbours: of 26 with a reach of 1, and of smaller voxels on the same scale.

    9 on a flat surface, of which `reach` layers lie in the cube of (2 reach + 1)^3; more in a hollow.
    """
    bone = count_bone(matrix, z, y, x, reach, space)
    return 9.0 * bone / (reach * (2 * reach + 1) ** 2)


@kernel
def share_bony(matrix, z, y, x, reach, space):
    """Bony share of the voxels within `reach` of a place along each axis, itself left out."""
    return count_bone(matrix, z, y, x, reach, space) / ((2 * reach + 1) ** 3 - 1)


@kernel
def measure_hollow(matrix, z, y, x, reach, space):
    """Bony voxels within `reach` (voxels), over 11/9 of those on a flat surface: 9/11 there.

    More than 1 in a hollow, whatever the voxel.
    """
    return count_around(matrix, z, y, x, reach, space) / 11.0


@kernel
def take_near(bound, z, y, x, reach, wish, space, first):
    """Take up to `wish` quanta of bound factor within `reach`, the own voxel's first.

    The others of the cube follow in its order, from its voxel `first` (0 .. (2 reach + 1)^3 - 1) on and
    around, so that no side is always emptied first. Returns what was taken.
    """
    taken = min(wish, bound[z, y, x])
    bound[z, y, x] -= taken
    side = 2 * reach + 1
    for j in range(side**3):
        if taken >= wish:
            return taken
        k = (j + first) % side**3
        a = shift(z + k // (side * side) - reach, space.nz, space.periodic)
        b = shift(y + k // side % side - reach, space.ny, space.periodic)
        c = shift(x + k % side - reach, space.nx, space.periodic)
        part = min(wish - taken, bound[a, b, c])
        bound[a, b, c] -= part
        taken += part
    return taken


@kernel
def holds(values, z, y, x, reach, least, space):
    """Whether there are `least` quanta or cells within `reach`; what is negative does not count."""
    found = 0
    for dz in range(-reach, reach + 1):
        a = shift(z + dz, space.nz, space.periodic)
        for dy in range(-reach, reach + 1):
            b = shift(y + dy, space.ny, space.periodic)
            for dx in range(-reach, reach + 1):
                if found >= least:
                    return True
                c = shift(x + dx, space.nx, space.periodic)
                found += max(0, values[a, b, c])
    return found >= least


@kernel
def is_held(counts, z, y, x, reach):
    """Whether there is a cell in the block of `reach` voxels a side that the place belongs to."""
    nz, ny, nx = counts.shape
    for a in range(z - z % reach, min(z - z % reach + reach, nz)):
        for b in range(y - y % reach, min(y - y % reach + reach, ny)):
            for c in range(x - x % reach, min(x - x % reach + reach, nx)):
                if counts[a, b, c] > 0:
                    return True
    return False
