"""What lies within some voxels of a place, along each axis."""

from itertools import product

from twins.space import is_bone, neighbour


def cube(place, reach, space):
    """All places within `reach` voxels, this one included, by z, y, x; small lattices repeat some."""
    steps = range(-reach, reach + 1)
    return [neighbour(place, offset, space) for offset in product(steps, repeat=3)]


def measure_hollow(matrix, z, y, x, reach, space):
    """Share of bone beside that of a flat surface, of which `reach` layers are bone; 9/11 there."""
    bone = sum(is_bone(matrix, there) for there in cube((z, y, x), reach, space))
    bone -= is_bone(matrix, (z, y, x))
    flat = reach * (2 * reach + 1) ** 2
    return bone / (flat * 11 / 9)


def count_bone(matrix, z, y, x, reach, space):
    """All of the cube but its middle."""
    places = cube((z, y, x), reach, space)
    del places[len(places) // 2]
    return sum(is_bone(matrix, there) for there in places)


def count_around(matrix, z, y, x, reach, space):
    """As many as 26 neighbours of the same lengths would be: 9 on a flat surface."""
    return measure_hollow(matrix, z, y, x, reach, space) * 11


def share_bony(matrix, z, y, x, reach, space):
    """Share of the cube without its middle."""
    return count_bone(matrix, z, y, x, reach, space) / (len(cube((z, y, x), reach, space)) - 1)


def take_near(bound, z, y, x, reach, wish, space, first):
    """Own voxel first, then the others in order from one of them on, until the wish is fulfilled."""
    left, around = wish, list(cube((z, y, x), reach, space))
    for there in [(z, y, x), *around[first:], *around[:first]]:
        take = min(left, int(bound[there]))
        bound[there] -= take
        left -= take
    return wish - left


def holds(values, z, y, x, reach, least, space):
    """Whether all of it together, debts apart, is at least `least`."""
    return sum(max(int(values[there]), 0) for there in cube((z, y, x), reach, space)) >= least


def is_held(counts, z, y, x, reach):
    """The lattice cut into blocks from its corner; the last ones may be smaller."""
    block = tuple(slice(i // reach * reach, (i // reach + 1) * reach) for i in (z, y, x))
    return bool((counts[block] > 0).any())
