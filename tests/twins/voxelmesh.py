"""Nodes and elements with whole-array operations."""

import numpy as np

from twins.elasticity import CORNERS, find_nodes, list_nodes


def number_nodes(elements, numbers, planes):
    _, numbers[...] = find_nodes(elements)
    planes[:] = np.r_[0, np.cumsum((numbers >= 0).sum((1, 2)))]


def list_elements(elements, numbers, layers, corners, places):
    """`layers` follows from the elements."""
    places[:] = np.flatnonzero(elements)
    for e, place in enumerate(np.argwhere(elements)):
        corners[e] = [numbers[tuple(place + c)] for c in CORNERS if c[2] == 0]


def mark_blocks(elements, blocks):
    blocks[...] = 0
    for place in np.argwhere(elements):
        blocks[tuple(place // 2)] = 1


def fix_nodes(numbers, edge, shape, rules, fixed):
    for place in np.argwhere(numbers >= 0):
        for axis in range(3):
            if place[axis] == 0:
                fixed[numbers[tuple(place)]] |= rules[axis, 0]
            if edge * place[axis] >= shape[axis]:
                fixed[numbers[tuple(place)]] |= rules[axis, 1]


def link_nodes(numbers, coarse, links):
    """The coarse nodes at floor and ceiling of half the place, along z and y."""
    for place in np.argwhere(numbers >= 0):
        z, y, x = place
        ends = [(k, j) for k in (z // 2, -(-z // 2)) for j in (y // 2, -(-y // 2))]
        links[numbers[z, y, x]] = [2 * coarse[k, j, x // 2] + x % 2 for k, j in ends]


def fill_places(numbers, places):
    places[:] = np.flatnonzero(numbers >= 0)


def merge_moduli(moduli, places, layers, shape, rows, merged):
    """The modulus times the edge: mean of eight (holes are 0), times 2."""
    lattice = np.zeros((len(layers) - 1, *shape))
    lattice.reshape(-1)[places] = moduli
    merged[:] = 0
    for place in np.ndindex(lattice.shape):
        if lattice[place] > 0:
            merged[rows[tuple(i // 2 for i in place)]] += 2 * lattice[place] / 8


def sum_moduli(corners, moduli, layers, sums):
    sums[:] = 0
    for e in range(layers[-1]):
        sums[list_nodes(corners, e)] += moduli[e]
