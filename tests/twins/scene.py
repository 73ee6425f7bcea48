"""Who sits where, by counting."""

import numpy as np


def count_cells(uid, voxel, count, counts):
    alive = uid[:count] != 0
    np.add.at(counts.reshape(-1), voxel[:count][alive], 1)


def fill_bare(bare, contact, lining, osteoblasts, osteoid, seam):
    covered = (lining > 0) | (osteoblasts > 0) | (osteoid > seam)
    bare[...] = (contact > 0) & ~covered
