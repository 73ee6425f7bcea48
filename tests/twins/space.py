"""Where things lie on a lattice that repeats or is mirrored; places are tuples (z, y, x)."""

from itertools import product

import numpy as np

from trabecula.base.codes import HALF

FACES = [(-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)]
BLOCK = list(product((-1, 0, 1), repeat=3))
AROUND = [offset for offset in BLOCK if offset != (0, 0, 0)]


def shape_of(space):
    return (space.nz, space.ny, space.nx)


def places_of(space):
    """All places in the order of flat indices."""
    return list(np.ndindex(shape_of(space)))


def split(flat, space):
    return tuple(int(i) for i in np.unravel_index(int(flat), shape_of(space)))


def join(place, space):
    return int(np.ravel_multi_index(place, shape_of(space)))


def shift(i, n, periodic):
    """Index i of an axis that repeats, or that is read there and back for ever."""
    if periodic:
        return i % n
    there_and_back = [*range(n), *reversed(range(n))]
    return there_and_back[i % (2 * n)]


def neighbour(place, offset, space):
    """The place that lies at an offset."""
    sizes = shape_of(space)
    return tuple(
        shift(i + int(d), n, space.periodic) for i, d, n in zip(place, offset, sizes, strict=True)
    )


def faces_of(place, space):
    return [neighbour(place, face, space) for face in FACES]


def half(place):
    """The place on the grid twice as coarse."""
    return tuple(i // 2 for i in place)


def is_bone(matrix, place):
    return int(matrix[place]) >= HALF


def steps_between(a, b, space):
    """Signed steps along each axis, the short way round where the lattice repeats."""
    steps = []
    for i, j, n in zip(a, b, shape_of(space), strict=True):
        ways = [j - i, j - i - n, j - i + n] if space.periodic else [j - i]
        steps.append(min(ways, key=abs))
    return steps


def squared(offset):
    return sum(int(d) ** 2 for d in offset)


def nearest_first(ball):
    """Offsets by distance, then by z, y, x."""
    return sorted((tuple(int(d) for d in row) for row in ball), key=lambda o: (squared(o), o))


def count_bone26(matrix, z, y, x, space):
    return sum(is_bone(matrix, neighbour((z, y, x), offset, space)) for offset in AROUND)


def fill_contact(matrix, space, contact):
    """Bony faces of every open voxel, 0 in bone."""
    for place in places_of(space):
        bony = sum(is_bone(matrix, there) for there in faces_of(place, space))
        contact[place] = 0 if is_bone(matrix, place) else bony


def refresh_contact(matrix, z, y, x, space, contact):
    """All of it anew: what was right elsewhere stays as it was."""
    fill_contact(matrix, space, contact)
