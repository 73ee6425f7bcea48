"""Covers of the surface, open face by open face."""

import numpy as np

from twins.space import faces_of, is_bone, places_of


def sum_covers(lattice, weights, space, seam, sums):
    """Every bone voxel shares its area out among its open faces; each face is asked two things."""
    sums[:] = 0
    for place in places_of(space):
        faces = [p for p in faces_of(place, space) if not is_bone(lattice.matrix, p)]
        if weights[place] <= 0:
            continue
        for face in faces:
            both = int(lattice.osteoid[place]) + int(lattice.osteoid[face])
            bare = lattice.eroded[face] > 0 and both < seam
            asked = (both >= seam, bare)
            sums[place[0]] += float(weights[place]) / len(faces) * np.array(asked)
