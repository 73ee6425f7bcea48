"""Mineralisation of every voxel."""

from trabecula.kernels.compile import kernel


@kernel
def mineralise(matrix, osteoid, mineral, share, primary, keep):
    """Mineralise `share` of the osteoid to degree `primary`; shrink the lack of mineral by `keep`.

    Arrays of shape (z, y, x); osteoid of a quantum or two goes at once, so that seams end.
    """
    m = matrix.reshape(-1)
    o = osteoid.reshape(-1)
    d = mineral.reshape(-1)
    for i in range(len(m)):
        if m[i] == 0:
            d[i] = 0.0
            continue
        if keep < 1.0:
            d[i] = 1.0 - (1.0 - d[i]) * keep
        if o[i] > 0:
            old = int(m[i]) - int(o[i])
            fresh = int(share * o[i] + 0.5)
            if fresh == 0:
                fresh = int(o[i])
            d[i] = (d[i] * old + primary * fresh) / (old + fresh)
            o[i] -= fresh


@kernel
def sum_quanta(values):
    """Sum a quantum array exactly."""
    total = 0
    flat = values.reshape(-1)
    for i in range(len(flat)):
        total += int(flat[i])
    return total
