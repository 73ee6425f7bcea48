"""Pieces of bone, by the places that each can be reached from."""

from trabecula.base.codes import FULL
from twins.space import AROUND, is_bone, neighbour, places_of


def around(place, space):
    return {neighbour(place, offset, space) for offset in AROUND}


def label_pieces(matrix, space, labels):
    """Spread each label from the first place that has none until nothing is added."""
    count = 0
    for start in places_of(space):
        if not is_bone(matrix, start) or labels[start] > 0:
            continue
        count += 1
        piece, rim = {start}, {start}
        while rim:
            rim = {p for q in rim for p in around(q, space) if is_bone(matrix, p)} - piece
            piece |= rim
        for place in piece:
            labels[place] = count
    return count


def take_pieces(lattice, labels, goes, space):
    """Empty what goes, and open voxels beside it that no bone that stays touches."""
    going = {place for place in places_of(space) if labels[place] > 0 and goes[labels[place]]}
    staying = {place for place in places_of(space) if labels[place] > 0} - going
    fringe = {p for q in going for p in around(q, space) if labels[p] == 0}
    fringe = {place for place in fringe if not around(place, space) & staying}
    quanta = 0
    for place in going | fringe:
        assert lattice.matrix[place] <= FULL
        quanta += int(lattice.matrix[place])
        lattice.matrix[place] = 0
        lattice.osteoid[place] = 0
    return quanta
