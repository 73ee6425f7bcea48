"""Strain energy at the centre of cubes from differences between opposite faces."""

import numpy as np

from twins.elasticity import (
    CORNERS,
    list_components,
    list_nodes,
    make_stiffness,
    make_strain_matrix,
)


def gradient(u, corners, e, j):
    values = u.reshape(-1, 3)[list_nodes(corners, e), j]
    high = CORNERS == 1
    return tuple(values[high[:, i]].mean() - values[~high[:, i]].mean() for i in range(3))


def strain_energy(u, corners, e, lame):
    strain = make_strain_matrix((0.5, 0.5, 0.5)) @ u[list_components(list_nodes(corners, e))]
    return 0.5 * strain @ make_stiffness(lame) @ strain


def fill_energy(u, corners, modulus, lame, energy):
    energy[:] = [
        np.float64(modulus[e]) * strain_energy(u, corners, e, lame) for e in range(len(energy))
    ]
