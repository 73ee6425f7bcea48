"""Who sits where, by counting."""

import numpy as np


def count_cells(uid, voxel, count, counts):
    alive = uid[:count] != 0
    np.add.at(counts.reshape(-1), voxel[:count][alive], 1)


def fill_bare(scene, seam):
    covered = (scene.lining > 0) | (scene.osteoblasts > 0) | (scene.osteoid > seam)
    scene.bare[...] = (scene.contact > 0) & ~covered
