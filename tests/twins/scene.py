"""Who sits where, by counting."""

import numpy as np

from trabecula.base.codes import HALF, Ground


def count_cells(uid, voxel, count, counts):
    alive = uid[:count] != 0
    np.add.at(counts.reshape(-1), voxel[:count][alive], 1)


def fill_ground(ground, matrix, contact, lining, osteoblasts, osteoid, seam):
    covered = (lining > 0) | (osteoblasts > 0) | (osteoid > seam)
    ground[...] = np.where((contact > 0) & ~covered, Ground.BARE, Ground.MARROW)
    ground[matrix >= HALF] = Ground.BONE
