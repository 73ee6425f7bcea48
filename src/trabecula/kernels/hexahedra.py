"""Trilinear cubes: forces of nodal displacements, element by element, nothing assembled.

On a cube the eight corner values of a displacement are a sum of the eight products of coordinates
1, x, y, z, xy, yz, zx, xyz (a Walsh-Hadamard transform). Gradients of different products are
orthogonal over the cube, so that the stiffness matrix has 45 entries in that basis instead of 576:

    energy = 1/2 E V sum_q 3^-|q| (lambda tr(g_q)^2 + mu g_q : (g_q + g_q^T)),

g_q the gradient's part that varies as product q; rows along the axes of q do not exist. The edge is
1 and the modulus is in each element's factor; lambda and mu are those of unit modulus.

Corners and products are numbered 4 z + 2 y + x; components are z, y, x. Nodes that follow each other
along x follow each other in the arrays, so that an element is known by four nodes.
"""

import numpy as np

from trabecula.kernels.compile import kernel, make_sized, prange

LANES = 16
"""Elements worked on side by side."""


@kernel
def spread(a, b, c, d, e, f, g, h):
    """From eight corners to the eight products (corner 0 low, 1 high)."""
    s0, d0, s1, d1 = a + b, b - a, c + d, d - c
    s2, d2, s3, d3 = e + f, f - e, g + h, h - g
    ss0, ds0, sd0, dd0 = s0 + s1, s1 - s0, d0 + d1, d1 - d0
    ss1, ds1, sd1, dd1 = s2 + s3, s3 - s2, d2 + d3, d3 - d2
    return (
        ss0 + ss1, sd0 + sd1, ds0 + ds1, dd0 + dd1,
        ss1 - ss0, sd1 - sd0, ds1 - ds0, dd1 - dd0,
    )  # fmt: skip


@kernel
def gather_products(a, b, c, d, e, f, g, h):
    """From the eight products to the eight corners: the transpose of `spread`."""
    s0, s1, s2, s3 = a - e, b - f, c - g, d - h
    t0, t1, t2, t3 = a + e, b + f, c + g, d + h
    u0, u1, u2, u3 = s0 - s2, s1 - s3, s0 + s2, s1 + s3
    v0, v1, v2, v3 = t0 - t2, t1 - t3, t0 + t2, t1 + t3
    return u0 - u1, u0 + u1, u2 - u3, u2 + u3, v0 - v1, v0 + v1, v2 - v3, v2 + v3


@kernel
def pick(u, at, n):
    """Read one component at the eight corners of the element in lane `at`."""
    return (
        u[at], u[at + 3 * n], u[at + 6 * n], u[at + 9 * n],
        u[at + 12 * n], u[at + 15 * n], u[at + 18 * n], u[at + 21 * n],
    )  # fmt: skip


@kernel
def put(f, at, n, v):
    """Write one component at the eight corners of the element in lane `at`."""
    f[at], f[at + 3 * n], f[at + 6 * n], f[at + 9 * n] = v[0], v[1], v[2], v[3]
    f[at + 12 * n], f[at + 15 * n], f[at + 18 * n], f[at + 21 * n] = v[4], v[5], v[6], v[7]


@kernel
def press(u, f, scale, lame):
    """Forces f of the displacements u of elements side by side, both flat (corner component, lane).

    `scale` is the modulus / 16 of each; `lame` holds lambda and mu of unit modulus.
    """
    n = LANES  # a constant: only then do the lanes become vectors
    la, mu = lame[0], lame[1]
    third = scale.dtype.type(1.0 / 3.0)
    two = scale.dtype.type(2.0)
    w1, w2 = (la + mu + two * mu) * third, (la + two * two * mu) * third * third
    l3, m3 = la * third, mu * third
    for k in range(n):
        # products of the z, y and x component: z1 is the one that varies as x, z2 as y, z4 as z
        _, z1, z2, z3, z4, z5, z6, z7 = spread(*pick(u, k, n))
        _, y1, y2, y3, y4, y5, y6, y7 = spread(*pick(u, n + k, n))
        _, x1, x2, x3, x4, x5, x6, x7 = spread(*pick(u, 2 * n + k, n))
        e = scale[k]
        zero = e * 0
        trace = la * (z4 + y2 + x1)
        zy, zx, yx = e * mu * (z2 + y4), e * mu * (z1 + x4), e * mu * (y1 + x2)
        a = gather_products(
            zero, zx, zy, e * m3 * (two * z3 + x6 + y5), e * (trace + two * mu * z4),
            e * (w1 * z5 + l3 * y3), e * (w1 * z6 + l3 * x3), e * w2 * z7,
        )  # fmt: skip
        b = gather_products(
            zero, yx, e * (trace + two * mu * y2), e * (w1 * y3 + l3 * z5),
            zy, e * m3 * (two * y5 + z3 + x6), e * (w1 * y6 + l3 * x5), e * w2 * y7,
        )  # fmt: skip
        c = gather_products(
            zero, e * (trace + two * mu * x1), yx, e * (w1 * x3 + l3 * z6),
            zx, e * (w1 * x5 + l3 * y6), e * m3 * (two * x6 + z3 + y5), e * w2 * x7,
        )  # fmt: skip
        put(f, k, n, a)
        put(f, n + k, n, b)
        put(f, 2 * n + k, n, c)


@kernel
def take_corners(values, corners, first, count, n, lanes):
    """Copy the corner values (flat, node by node) of `count` elements from `first` on into n lanes."""
    for k in range(count):
        for row in range(4):
            start = np.uint64(3 * corners[first + k, row])
            out = np.uint64(6 * row * n + k)
            for j in range(np.uint64(6)):
                lanes[out + j * np.uint64(n)] = values[start + j]


@kernel
def add_corners(lanes, corners, first, count, n, values):
    """Add n lanes to the corner values of `count` elements from `first` on."""
    for k in range(count):
        for row in range(4):
            start = np.uint64(3 * corners[first + k, row])
            out = np.uint64(6 * row * n + k)
            for j in range(np.uint64(6)):
                values[start + j] += lanes[out + j * np.uint64(n)]


@kernel
def press_layer(u, corners, modulus, lame, span, out):
    """Add the forces of the elements span[0] .. span[1] - 1, which form one layer, to `out`."""
    a = np.zeros(24 * LANES, u.dtype)
    b = np.zeros(24 * LANES, u.dtype)
    scale = np.zeros(LANES, u.dtype)
    sixteenth = u.dtype.type(0.0625)
    for first in range(span[0], span[1], LANES):
        count = min(LANES, span[1] - first)
        take_corners(u, corners, first, count, LANES, a)
        for k in range(count):
            scale[k] = sixteenth * modulus[first + k]
        press(a, b, scale, lame)
        add_corners(b, corners, first, count, LANES, out)


@make_sized(15_000)
def press_elements(u, corners, modulus, layers, lame, out):
    """Write the forces of the displacements `u` into `out`, both flat (node, component).

    Layers of elements that share no node run side by side: first the even ones, then the odd ones,
    so that the sum at a node has one order whatever the number of threads.
    """
    n = len(layers) - 1
    planes = 1024
    for i in prange((len(out) + planes - 1) // planes):
        out[i * planes : (i + 1) * planes] = 0
    for i in prange((n + 1) // 2):
        press_layer(u, corners, modulus, lame, layers[2 * i : 2 * i + 2], out)
    for i in prange(n // 2):
        press_layer(u, corners, modulus, lame, layers[2 * i + 1 : 2 * i + 3], out)
