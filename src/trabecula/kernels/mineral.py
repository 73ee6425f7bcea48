"""Mineralisation of every voxel."""

import numpy as np

from trabecula.base.codes import HALF
from trabecula.kernels.compile import kernel, prange, sized_kernel
from trabecula.kernels.gather import SPAN, is_blank
from trabecula.kernels.keyed import draw

MATRIX, OSTEOID, MINERAL, BONE = 0, 1, 2, 3
MINERAL_FATE = 20
HALF_QUANTA = HALF


@sized_kernel
def mineralise(matrix, osteoid, mineral, degrees, moment):
    """Mineralise a share of the osteoid to the degree `primary`; shrink the lack of mineral by `keep`.

    Arrays of shape (z, y, x); `degrees` are (share, primary, keep). Whole quanta, the fraction settled
    by a draw: seams last as long whatever the step, and end.
    """
    share, primary, keep = degrees
    size = matrix.shape[1] * matrix.shape[2]
    for z in prange(matrix.shape[0]):
        m = matrix[z].reshape(-1)
        o = osteoid[z].reshape(-1)
        d = mineral[z].reshape(-1)
        age_mineral(m, d, keep)
        for first in range(0, len(m), SPAN):
            last = min(first + SPAN, len(m))
            if is_blank(o, first, last):
                continue
            for i in range(first, last):
                if m[i] == 0 or o[i] == 0:
                    continue
                old = int(m[i]) - int(o[i])
                chance = draw(moment.seed, MINERAL_FATE, moment.step, z * size + i, 0)
                fresh = int(share * o[i] + chance)
                if fresh == 0:
                    continue
                d[i] = (d[i] * old + primary * fresh) / (old + fresh)
                o[i] -= fresh


@kernel
def age_mineral(m, d, keep):
    """Shrink the lack of mineral by `keep` where there is matrix; there is none elsewhere."""
    one, none = np.float64(1.0), np.float32(0.0)
    if keep < 1.0:
        for i in range(np.uint64(len(m))):
            more = np.float32(one - (one - np.float64(d[i])) * keep)
            d[i] = more if m[i] != 0 else none
    else:
        for i in range(np.uint64(len(m))):
            d[i] = d[i] if m[i] != 0 else none


@sized_kernel
def sum_tissue(matrix, osteoid, mineral, sums):
    """Write per slab the quanta of matrix and osteoid, the mineral, and the voxels of bone.

    Mineral is the degree of mineralisation times the quanta that are not osteoid; `sums` has shape
    (z, 4) in the order of the codes of this module.
    """
    for z in prange(matrix.shape[0]):
        m = matrix[z].reshape(-1)
        o = osteoid[z].reshape(-1)
        d = mineral[z].reshape(-1)
        quanta = seams = bone = 0
        held = 0.0
        for i in range(len(m)):
            if m[i] > 0:
                quanta += int(m[i])
                seams += int(o[i])
                bone += m[i] >= HALF_QUANTA
                held += (int(m[i]) - int(o[i])) * np.float64(d[i])
        sums[z, MATRIX] = quanta
        sums[z, OSTEOID] = seams
        sums[z, MINERAL] = held
        sums[z, BONE] = bone


@sized_kernel
def sum_quanta(values):
    """Sum a quantum array exactly."""
    sums = np.zeros(values.shape[0], np.int64)
    for z in prange(values.shape[0]):
        total = 0
        flat = values[z].reshape(-1)
        for i in range(np.uint64(len(flat))):
            total += np.int64(flat[i])
        sums[z] = total
    return sums.sum()
