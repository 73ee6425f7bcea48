"""Who sits where: the occupancy of the surface, rebuilt from the tables at each step."""

from typing import NamedTuple

import numpy as np

from trabecula.base.codes import Ground
from trabecula.kernels.compile import kernel, prange, sized_kernel
from trabecula.kernels.space import HALF_QUANTA

BONE, BARE = int(Ground.BONE), int(Ground.BARE)


class Scene(NamedTuple):
    """Scratch arrays of one step, each of shape (z, y, x) unless said otherwise.

    ``matrix, osteoid`` are the lattice's own arrays; ``contact`` counts bony face neighbours of open
    voxels; ``ground`` is what a precursor meets (a code of Ground) as the step began; ``lining``,
    ``osteoblasts``, ``osteoclasts`` count cells; ``closed`` holds the osteocytes that voxels which
    became bone in this step still want; ``settled`` (per precursor) marks adhesion.
    """

    matrix: np.ndarray
    osteoid: np.ndarray
    contact: np.ndarray
    ground: np.ndarray
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
def fill_ground(ground, matrix, contact, lining, osteoblasts, osteoid, seam):
    """Write what every voxel is to a precursor; `seam` is the thinnest osteoid (quanta)."""
    h = np.uint16(HALF_QUANTA)
    for z in prange(ground.shape[0]):
        out, touch, cover = ground[z].reshape(-1), contact[z].reshape(-1), lining[z].reshape(-1)
        makers, fresh, whole = (
            osteoblasts[z].reshape(-1),
            osteoid[z].reshape(-1),
            matrix[z].reshape(-1),
        )
        for i in range(np.uint64(len(out))):
            free = (touch[i] > 0) & (cover[i] == 0) & (makers[i] == 0) & (fresh[i] <= seam)
            out[i] = np.uint8(whole[i] < h) + np.uint8(free)  # bone, marrow, bare
