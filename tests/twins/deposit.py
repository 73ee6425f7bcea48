"""What cells release, cell by cell in float64."""

import numpy as np

from twins.space import faces_of, half, nearest_first, neighbour, places_of, split, squared


def _deposit(voxel, amount, coupling, bits, out, place_of):
    for flat, released in zip(voxel, amount, strict=True):
        place = tuple(int(i) for i in np.unravel_index(max(int(flat), 0), bits.shape))
        if flat >= 0 and bits[place]:
            out[place_of(place)] += float(released) * float(coupling[half(place)])


def deposit_fine(voxel, amount, coupling, bits, out):
    _deposit(voxel, amount, coupling, bits, out, lambda place: place)


def deposit_coarse(voxel, amount, coupling, bits, out):
    _deposit(voxel, amount, coupling, bits, out, half)


def deposit_discs(voxel, amount, radius, ball, bits, space, out):
    """Even shares for the surface in reach, a place once for every offset that leads there."""
    surface = {
        place
        for place in places_of(space)
        if bits[place] and any(not bits[there] for there in faces_of(place, space))
    }
    for flat, sites, reach in zip(voxel, amount, radius, strict=True):
        if flat < 0 or not bits[split(flat, space)]:
            continue
        near = [offset for offset in nearest_first(ball) if squared(offset) <= reach**2]
        under = [neighbour(split(flat, space), offset, space) for offset in near]
        under = [place for place in under if place in surface] or [split(flat, space)]
        for place in under:
            out[place] += sites / len(under)


def fill_open(bits, rate, coupling, out):
    for place in np.ndindex(bits.shape):
        out[place] = rate * float(coupling[half(place)]) if bits[place] else 0
