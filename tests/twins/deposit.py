"""What cells release, cell by cell in float64."""

import numpy as np

from twins.space import half


def _deposit(voxel, amount, coupling, bits, out, place_of):
    for flat, released in zip(voxel, amount, strict=True):
        place = tuple(int(i) for i in np.unravel_index(max(int(flat), 0), bits.shape))
        if flat >= 0 and bits[place]:
            out[place_of(place)] += float(released) * float(coupling[half(place)])


def deposit_fine(voxel, amount, coupling, bits, out):
    _deposit(voxel, amount, coupling, bits, out, lambda place: place)


def deposit_coarse(voxel, amount, coupling, bits, out):
    _deposit(voxel, amount, coupling, bits, out, half)


def fill_open(bits, rate, coupling, out):
    for place in np.ndindex(bits.shape):
        out[place] = rate * float(coupling[half(place)]) if bits[place] else 0
