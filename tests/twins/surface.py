"""Surface weights by counting open faces per axis, one voxel at a time."""

import numpy as np

AREA = {
    (0, 0): 0.0, (1, 0): 0.894, (2, 0): 1.3409, (3, 0): 1.5879, (2, 1): 1.79, (3, 1): 2.0,
    (4, 1): 8 / 3, (4, 2): 2.68, (5, 2): 10 / 3, (6, 3): 4.08,
}  # fmt: skip
"""Area by open faces, and by axes along which both faces are open."""


def compute_surface_weights(mask, periodic):
    out = np.zeros(mask.shape)
    for place in np.argwhere(mask):
        pairs = count = 0
        for axis in range(3):
            opened = 0
            for step in (-1, 1):
                other = place.copy()
                other[axis] += step
                if not periodic and not 0 <= other[axis] < mask.shape[axis]:
                    continue
                other[axis] %= mask.shape[axis]
                opened += not mask[tuple(other)]
            count += opened
            pairs += opened == 2
        out[tuple(place)] = AREA[count, pairs]
    return out
