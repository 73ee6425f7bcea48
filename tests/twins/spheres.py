"""Inscribed spheres by comparing everything with everything."""

import math

import numpy as np

from twins.space import AROUND, squared

GAIN = 0.4
EDGE = 0.01


def find_ridge(distance, slack, periodic, centres):
    """Spheres that no neighbour's sphere holds, up to `slack`."""
    sizes = distance.shape
    found = []
    for place in np.argwhere(distance > 0):
        radius = float(distance[tuple(place)])
        is_held = False
        for offset in AROUND:
            there = place + offset
            if periodic:
                there %= sizes
            if all(0 <= i < n for i, n in zip(there, sizes, strict=True)):
                needed = radius + math.sqrt(squared(offset)) - slack
                is_held |= float(distance[tuple(there)]) >= needed
        if not is_held:
            found.append((*place, radius))
    centres[: len(found)] = found
    return len(found)


def find_half_ridge(distance, feature, centres, count):
    """Midpoints of face neighbours that lie clearly deeper than both, by what voxels around know."""
    sizes = distance.shape
    for place in np.ndindex(*(n - 1 for n in sizes)):
        for axis in range(3):
            other = tuple(i + (k == axis) for k, i in enumerate(place))
            if distance[place] <= 0 or distance[other] <= 0:
                continue
            middle = (np.array(place) + other) / 2
            low = [max(i - 1, 0) for i in place]
            high = [min(i + 2, n) for i, n in zip(other, sizes, strict=True)]
            gaps = []
            for step in np.ndindex(*(b - a for a, b in zip(low, high, strict=True))):
                near = tuple(a + i for a, i in zip(low, step, strict=True))
                known = near if distance[near] <= 0 else feature[(slice(None), *near)]
                gaps.append(math.sqrt(((known - middle) ** 2).sum()))
            deepest = max(float(distance[place]), float(distance[other]))
            if min(gaps) > deepest + GAIN and count < len(centres):
                centres[count] = (*middle, min(gaps))
                count += 1
    return count


def paint_spheres(centres, periodic, painted):
    """Every voxel against every sphere, the nearest image of it if the lattice repeats."""
    sizes = painted.shape
    for place in np.ndindex(sizes):
        for *centre, radius in centres.astype(float):
            gaps = [abs(i - c) for i, c in zip(place, centre, strict=True)]
            if periodic:
                gaps = [min(g % n, -g % n) for g, n in zip(gaps, sizes, strict=True)]
            if sum(g * g for g in gaps) < radius**2 - EDGE:
                painted[place] = max(painted[place], radius)


def mark_mid_axes(distance, slope, axes):
    """1 where no neighbour lies deeper by `slope` per voxel; 0 beside the phase is left."""
    for place in np.ndindex(axes.shape):
        here = tuple(i + 1 for i in place)
        rises = [
            (distance[tuple(i + d for i, d in zip(here, offset, strict=True))] - distance[here])
            / math.sqrt(squared(offset))
            for offset in AROUND
        ]
        if distance[here] > 0:
            axes[place] = max(rises) < slope
