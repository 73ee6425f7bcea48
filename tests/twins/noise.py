"""Normal numbers from pairs of keyed draws (Box & Muller 1958)."""

import math

from twins.keyed import draw


def fill_normal(seed, stream, step, out):
    for i in range(len(out)):
        u, v = (draw(seed, stream, step, i, k) for k in (0, 1))
        out[i] = math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v)
