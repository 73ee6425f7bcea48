"""Where an osteoblast works."""

from trabecula.base.codes import FULL, Stream
from twins.keyed import happens
from twins.reach import count_around
from twins.space import BLOCK, is_bone, join, neighbour, split


def value_place(matrix, osteoblasts, eroded, space, choice, z, y, x):
    """Bony neighbours, begun matrix and old pits count for a place, cells in it against."""
    value = count_around(matrix, z, y, x, choice.reach, space)
    value += choice.begun * int(matrix[z, y, x]) / FULL + choice.eroded * (eroded[z, y, x] > 0)
    return value - choice.crowd * int(osteoblasts[z, y, x])


def is_free(scene, lattice, rates, place):
    """Surface without an osteoclast, not full; in a pit of 4 bony faces lining does not count."""
    is_pit = scene.contact[place] >= 4
    room = max(rates.places, rates.pit_places) if is_pit else rates.places
    return (
        scene.contact[place] > 0
        and not is_bone(lattice.matrix, place)
        and scene.osteoblasts[place] < room
        and scene.osteoclasts[place] == 0
        and (scene.lining[place] == 0 or is_pit)
    )


def move_out(table, i, scene, lattice, space, rates, least):
    """To the best free place around, if it is worth more than `least`; distance counts a little."""
    here = split(table.voxel[i], space)
    best, choice = least, None
    for offset in BLOCK:
        there = neighbour(here, offset, space)
        if offset == (0, 0, 0) or not is_free(scene, lattice, rates, there):
            continue
        arrays = (lattice.matrix, scene.osteoblasts, lattice.eroded)
        value = value_place(*arrays, space, rates.choice, *there)
        value -= rates.choice.step * sum(map(abs, offset))
        if value > best:
            best, choice = value, there
    if choice is None:
        return False
    scene.osteoblasts[here] -= 1
    scene.osteoblasts[choice] += 1
    table.voxel[i] = join(choice, space)
    return True


def crawl(table, order, scene, lattice, space, moment, rates):
    """Active cells in open voxels leave for a place that is better, their own weight apart."""
    moved = 0
    for i in order:
        place = split(table.voxel[i], space)
        if table.uid[i] == 0 or table.stage[i] == 0 or is_bone(lattice.matrix, place):
            continue
        if happens(moment, Stream.APPOSITION, table.uid[i], 1, rates.crawl):
            arrays = (lattice.matrix, scene.osteoblasts, lattice.eroded)
            least = value_place(*arrays, space, rates.choice, *place) + rates.choice.crowd
            moved += move_out(table, i, scene, lattice, space, rates, least)
    return moved
