"""Forces of trilinear cubes by their dense stiffness matrix."""

import numpy as np

from twins.elasticity import CORNERS, list_components, list_nodes, make_element_matrix

HADAMARD = np.array([[(2 * c - 1)[q == 1].prod() for c in CORNERS] for q in CORNERS])
"""Value of the products 1, x, y, xy, z, xz, yz, xyz (rows) at the eight corners, each -1 or 1."""


def spread(*corners):
    return tuple(HADAMARD @ np.array(corners))


def gather_products(*products):
    return tuple(HADAMARD.T @ np.array(products))


def press(u, f, scale, lame):
    """Sixteen times the element matrix, as `scale` is a sixteenth of the modulus."""
    matrix = 16 * make_element_matrix(lame)
    f[:] = ((matrix @ u.reshape(24, -1)) * scale).reshape(-1)


def press_elements(u, corners, modulus, layers, lame, out):
    matrix, whole = make_element_matrix(lame), np.zeros(len(out))
    for e in range(layers[-1]):
        at = list_components(list_nodes(corners, e))
        whole[at] += float(modulus[e]) * matrix @ u[at]
    out[:] = whole
