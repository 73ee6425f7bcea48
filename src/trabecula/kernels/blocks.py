"""Blocks of the lattice in which cells are looked up: who is near is found without asking all."""

import numpy as np

from trabecula.kernels.compile import kernel
from trabecula.kernels.space import split

NONE = -1


@kernel
def count_blocks(space, reach):
    """Return the blocks along z, y, x: as many as fit that are nowhere thinner than `reach` (um)."""
    edge = int(reach / space.voxel) + 1
    return max(1, space.nz // edge), max(1, space.ny // edge), max(1, space.nx // edge)


@kernel
def find_block(voxel, space, blocks):
    """Return the block (z, y, x) in which a flat voxel lies."""
    z, y, x = split(voxel, space)
    return z * blocks[0] // space.nz, y * blocks[1] // space.ny, x * blocks[2] // space.nx


@kernel
def chain_cells(voxels, order, space, blocks, heads, following):
    """Chain the cells of every block by their rank in `order`.

    `heads` has the lowest rank of each block, flat, `following` (rank,) the next one of the same block;
    NONE where there is none.
    """
    heads[:] = NONE
    for p in range(len(order) - 1, -1, -1):
        z, y, x = find_block(voxels[order[p]], space, blocks)
        b = (z * blocks[1] + y) * blocks[2] + x
        following[p] = heads[b]
        heads[b] = p


@kernel
def list_beside(at, count, periodic, out):
    """Write a block of one axis and those beside it to `out`, each once; returns how many they are."""
    n = 0
    for k in range(at - 1, at + 2):
        b = k % count if periodic else k
        if b < 0 or b >= count or (n > 0 and out[0] == b) or (n > 1 and out[1] == b):
            continue
        out[n] = b
        n += 1
    return n


@kernel
def list_near(voxel, space, blocks, heads, following, near):
    """Write the ranks of all cells in the block of a flat voxel and those around, ascending, to `near`.

    Returns how many they are; every cell within the `reach` of the blocks is among them.
    """
    around = np.empty((3, 3), np.int64)
    z, y, x = find_block(voxel, space, blocks)
    nz = list_beside(z, blocks[0], space.periodic, around[0])
    ny = list_beside(y, blocks[1], space.periodic, around[1])
    nx = list_beside(x, blocks[2], space.periodic, around[2])
    n = 0
    for i in range(nz):
        for j in range(ny):
            for k in range(nx):
                p = heads[(around[0, i] * blocks[1] + around[1, j]) * blocks[2] + around[2, k]]
                while p != NONE:
                    near[n] = p
                    n += 1
                    p = following[p]
    near[:n].sort()
    return n
