"""Who sits where: the occupancy of the surface, rebuilt from the tables at each step."""

from typing import NamedTuple

import numpy as np

from trabecula.kernels.compile import kernel, prange, sized_kernel


class Scene(NamedTuple):
    """Scratch arrays of one step, each of shape (z, y, x) unless said otherwise.

    ``matrix, osteoid`` are the lattice's own arrays; ``contact`` counts bony face neighbours of open
    voxels; ``bare`` is 1 where no lining cell, osteoblast or osteoid covers the surface; ``lining``,
    ``osteoblasts``, ``osteoclasts`` count cells; ``closed`` holds the osteocytes that voxels which
    became bone in this step still want; ``settled`` (per precursor) marks adhesion.
    """

    matrix: np.ndarray
    osteoid: np.ndarray
    contact: np.ndarray
    bare: np.ndarray
    lining: np.ndarray
    osteoblasts: np.ndarray
    osteoclasts: np.ndarray
    closed: np.ndarray
    settled: np.ndarray


@kernel
def count_cells(uid, voxel, count, counts):
    """Add one to `counts` at the voxel of every living cell."""
    flat = counts.reshape(-1)
    for i in range(count):
        if uid[i] != 0:
            flat[voxel[i]] += 1


@sized_kernel
def fill_bare(bare, contact, lining, osteoblasts, osteoid, seam):
    """Mark open surface voxels that nothing covers; `seam` is the thinnest osteoid (quanta)."""
    for z in prange(bare.shape[0]):
        out, touch, cover = bare[z].reshape(-1), contact[z].reshape(-1), lining[z].reshape(-1)
        makers, fresh = osteoblasts[z].reshape(-1), osteoid[z].reshape(-1)
        for i in range(np.uint64(len(out))):
            free = (touch[i] > 0) & (cover[i] == 0) & (makers[i] == 0) & (fresh[i] <= seam)
            out[i] = np.uint8(free)
