"""Between a mesh and the next coarser one: trilinear interpolation of nodes and its transpose."""

import numpy as np

from trabecula.kernels.compile import kernel, make_sized, prange

ONE, TWO = np.uint64(1), np.uint64(2)


@kernel
def refine_span(first, last, links, coarse, active, fine):
    """Interpolate the nodes first .. last - 1."""
    eighth = fine.dtype.type(0.125)
    zero = fine.dtype.type(0)
    for i in range(first, last):
        a, b, c = zero, zero, zero
        for row in range(4):
            link = links[i, row]
            low = np.uint64(3 * (link >> 1))
            high = low + np.uint64(3 * (link & 1))
            a += coarse[low] + coarse[high]
            b += coarse[low + ONE] + coarse[high + ONE]
            c += coarse[low + TWO] + coarse[high + TWO]
        at = np.uint64(3 * i)
        fine[at] += eighth * a if active[at] != 0 else zero
        fine[at + ONE] += eighth * b if active[at + ONE] != 0 else zero
        fine[at + TWO] += eighth * c if active[at + TWO] != 0 else zero


@make_sized(15_000)
def refine_nodes(links, coarse, active, fine):
    """Add the interpolated `coarse` displacements to `fine` where `active` is not 0.

    All but `links` are flat (node, component).
    """
    n = len(links)
    block = 2048
    for i in prange((n + block - 1) // block):
        refine_span(i * block, min((i + 1) * block, n), links, coarse, active, fine)


@kernel
def collect_span(span, weight, links, row, fine, coarse):
    """Add the share of the nodes span[0] .. span[1] - 1 to the coarse plane of links row, row + 1."""
    share = weight * fine.dtype.type(0.5)
    for i in range(span[0], span[1]):
        at = np.uint64(3 * i)
        a, b, c = share * fine[at], share * fine[at + ONE], share * fine[at + TWO]
        for side in range(2):
            link = links[i, row + side]
            low = np.uint64(3 * (link >> 1))
            high = low + np.uint64(3 * (link & 1))
            coarse[low] += a
            coarse[low + ONE] += b
            coarse[low + TWO] += c
            coarse[high] += a
            coarse[high + ONE] += b
            coarse[high + TWO] += c


@kernel
def collect_plane(c, planes, links, fine, coarse):
    """Add up what the fine nodes give to the nodes of coarse plane c."""
    n = len(planes) - 1
    half = fine.dtype.type(0.5)
    z = 2 * c
    if z < n:
        collect_span(planes[z : z + 2], half, links, 0, fine, coarse)
    if z > 0:
        collect_span(planes[z - 1 : z + 1], half * half, links, 2, fine, coarse)
    if z + 1 < n:
        collect_span(planes[z + 1 : z + 3], half * half, links, 0, fine, coarse)


@make_sized(15_000)
def collect_nodes(fine, planes, links, active, coarse):
    """Write the transpose of `refine_nodes` applied to `fine` into `coarse`, 0 where not `active`.

    `planes` holds the first fine node of every plane; `active` is that of the coarse nodes.
    """
    coarse[:] = 0
    for c in prange((len(planes) - 1) // 2 + 1):
        collect_plane(c, planes, links, fine, coarse)
    for i in prange(len(coarse)):
        coarse[i] = coarse[i] if active[i] != 0 else coarse.dtype.type(0)
