"""Covers of the surface, open face by open face."""

import numpy as np

from trabecula.base.codes import HALF
from twins.space import faces_of, is_bone, places_of
from twins.surface import compute_surface_weights


def sum_covers(lattice, table, space, seam, sums):
    """Every bone voxel shares its area out among its open faces; each face is asked two things."""
    weights = compute_surface_weights(lattice.matrix >= HALF, bool(space.periodic))
    sums[:] = 0
    for place in places_of(space):
        faces = [p for p in faces_of(place, space) if not is_bone(lattice.matrix, p)]
        if weights[place] <= 0:
            continue
        for face in faces:
            both = int(lattice.osteoid[place]) + int(lattice.osteoid[face])
            bare = lattice.eroded[face] > 0 and both < seam
            asked = (both >= seam, bare, True)
            sums[place[0]] += float(weights[place]) / len(faces) * np.array(asked)
