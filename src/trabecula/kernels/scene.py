"""Who sits where: the occupancy of the surface, rebuilt from the tables at each step."""

from typing import NamedTuple

import numpy as np

from trabecula.kernels.compile import kernel


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


@kernel
def fill_bare(scene, seam):
    """Mark open surface voxels that nothing covers; `seam` is the thinnest osteoid (quanta)."""
    contact = scene.contact.reshape(-1)
    bare = scene.bare.reshape(-1)
    lining = scene.lining.reshape(-1)
    osteoblasts = scene.osteoblasts.reshape(-1)
    osteoid = scene.osteoid.reshape(-1)
    for i in range(len(contact)):
        bare[i] = contact[i] > 0 and lining[i] == 0 and osteoblasts[i] == 0 and osteoid[i] <= seam
