"""Trilinear cubes by Gauss integration, assembled into a dense matrix and solved directly.

Corners are numbered 4 z + 2 y + x, components are z, y, x, edges are 1.
"""

import numpy as np

CORNERS = np.array(list(np.ndindex(2, 2, 2)))
SHEARS = ((0, 1), (0, 2), (1, 2))


def compute_gradients(point):
    """Gradients (corner, axis) of the eight trilinear functions at a point of the unit cube."""
    gradients = np.empty((8, 3))
    for corner, axis in np.ndindex(8, 3):
        factors = np.where(CORNERS[corner] == 1, point, 1 - point)
        factors[axis] = 2 * CORNERS[corner, axis] - 1
        gradients[corner, axis] = factors.prod()
    return gradients


def make_strain_matrix(point):
    """B: from the 24 displacements to the strains zz, yy, xx and the shears zy, zx, yx."""
    b = np.zeros((6, 24))
    for corner, slope in enumerate(compute_gradients(np.asarray(point))):
        for axis in range(3):
            b[axis, 3 * corner + axis] = slope[axis]
        for row, (i, j) in enumerate(SHEARS):
            b[3 + row, 3 * corner + i] = slope[j]
            b[3 + row, 3 * corner + j] = slope[i]
    return b


def make_stiffness(lame):
    """C of unit modulus: from strains to stresses."""
    la, mu = (float(value) for value in lame)
    c = np.diag([2 * mu] * 3 + [mu] * 3)
    c[:3, :3] += la
    return c


def make_element_matrix(lame):
    """Stiffness matrix of a unit cube of unit modulus by 2 x 2 x 2 Gauss points."""
    points = 0.5 + np.array([-0.5, 0.5]) / np.sqrt(3)
    found = np.zeros((24, 24))
    for z, y, x in np.ndindex(2, 2, 2):
        b = make_strain_matrix((points[z], points[y], points[x]))
        found += b.T @ make_stiffness(lame) @ b / 8
    return found


def list_nodes(corners, e):
    """The eight nodes of an element that is known by the lower x node of four edges."""
    return np.stack([corners[e], corners[e] + 1], axis=1).reshape(-1)


def list_components(nodes):
    return (3 * nodes[:, None] + np.arange(3)).reshape(-1)


def find_nodes(solid):
    """Places (z, y, x) of the nodes in use in scan order, and the number of every place, or -1."""
    used = np.zeros([n + 1 for n in solid.shape], bool)
    for place in np.argwhere(solid):
        for corner in CORNERS:
            used[tuple(place + corner)] = True
    numbers = np.full(used.shape, -1)
    numbers[used] = np.arange(used.sum())
    return np.argwhere(used), numbers


def assemble(modulus, lame):
    """Dense stiffness matrix of a lattice (z, y, x) of moduli; 0 is a hole."""
    places, numbers = find_nodes(modulus > 0)
    matrix, element = np.zeros((3 * len(places),) * 2), make_element_matrix(lame)
    for place in np.argwhere(modulus > 0):
        nodes = np.array([numbers[tuple(place + corner)] for corner in CORNERS])
        at = list_components(nodes)
        matrix[np.ix_(at, at)] += float(modulus[tuple(place)]) * element
    return matrix


def interpolate(solid, coarse):
    """Trilinear interpolation (fine node, coarse node) from blocks of 2^3 voxels."""
    fine, _ = find_nodes(solid)
    nodes, _ = find_nodes(coarse)
    apart = np.abs(fine[:, None, :] / 2 - nodes[None, :, :])
    return np.clip(1 - apart, 0, None).prod(axis=2)


def find_held(places, shape, rules):
    """Mask (node, component) of what the six sides hold."""
    held = np.zeros((len(places), 3), bool)
    for axis in range(3):
        held |= (places[:, axis] == 0)[:, None] & (rules[axis, 0] > 0)
        held |= (places[:, axis] == shape[axis])[:, None] & (rules[axis, 1] > 0)
    return held


def solve_lattice(modulus, lame, rules, axis):
    """Displacements (node, component) at a mean strain of 1 along `axis`, energy and free motions.

    Free motions, the columns of the last result, cost no energy; the displacements have none of them.
    """
    places, _ = find_nodes(modulus > 0)
    matrix = assemble(modulus, lame)
    free = np.flatnonzero(~find_held(places, modulus.shape, rules))
    u = np.zeros(3 * len(places))
    u[axis::3] = places[:, axis]
    values, vectors = np.linalg.eigh(matrix[np.ix_(free, free)])
    idle = values < 1e-11 * values[-1]
    force = (matrix @ u)[free]
    u[free] -= vectors[:, ~idle] @ (vectors[:, ~idle].T @ force / values[~idle])
    motions = np.zeros((len(u), idle.sum()))
    motions[free] = vectors[:, idle]
    u -= motions @ (motions.T @ u)
    return u, 0.5 * u @ matrix @ u, motions


def compute_density(modulus, lame, u):
    """Strain energy density at the centre of every voxel of a lattice, shape (z, y, x)."""
    _, numbers = find_nodes(modulus > 0)
    b, c = make_strain_matrix((0.5, 0.5, 0.5)), make_stiffness(lame)
    density = np.zeros(modulus.shape)
    for place in np.argwhere(modulus > 0):
        nodes = np.array([numbers[tuple(place + corner)] for corner in CORNERS])
        strain = b @ u[list_components(nodes)]
        density[tuple(place)] = 0.5 * modulus[tuple(place)] * strain @ c @ strain
    return density
