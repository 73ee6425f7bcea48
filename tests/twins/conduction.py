"""Conduction by a dense solve."""

import numpy as np

from twins.space import FACES


def link_voxels(fraction, floor, places, links):
    listed = [place for place in np.ndindex(fraction.shape) if fraction[place] >= floor]
    for row, place in enumerate(listed):
        places[row] = np.ravel_multi_index(place, fraction.shape)
        for face, offset in enumerate(FACES):
            there = tuple((np.array(place) + offset) % fraction.shape)
            links[row, face] = listed.index(there) if there in listed else -1
    return len(listed)


def weigh_links(bone, links, weights):
    """Harmonic mean of the two bone fractions; a face without neighbour conducts nothing."""
    for row, face in np.ndindex(links.shape):
        pair = np.array([bone[row], bone[links[row, face]]])
        weights[row, face] = 2 / (1 / pair).sum() if links[row, face] >= 0 else 0


def solve_conduction(links, weights, axis, u, tolerance, most):
    """Least squares of the whole system from Kirchhoff's law; potentials of mean 0."""
    n = len(links)
    matrix, right = np.zeros((n, n)), np.zeros(n)
    for row, face in np.ndindex(links.shape):
        if links[row, face] >= 0:
            matrix[row, row] += weights[row, face]
            matrix[row, links[row, face]] -= weights[row, face]
            right[row] += weights[row, face] * FACES[face][axis]
    u[:] = np.linalg.lstsq(matrix, right, rcond=None)[0]


def add_power(links, weights, axis, u, bone, share, power):
    """Conductance times drop squared, half of it for the voxel on either side of the face."""
    for row, face in np.ndindex(links.shape):
        if links[row, face] >= 0:
            drop = u[links[row, face]] - u[row] + FACES[face][axis]
            power[row] += share * weights[row, face] * drop**2 / 2 / bone[row]
