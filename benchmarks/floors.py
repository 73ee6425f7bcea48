"""Lengths on the lattice, measured as on a section: across the surface, place by place.

A volume per mouth reads low where the surface bulges (a layer of 40 um off a rod of 70 um radius is
28 um^3 per um^2), so depth and wall are measured across, as histologists do.
"""

from dataclasses import dataclass

import numpy as np

from trabecula.base.codes import FULL, HALF

MARGIN = 8
"""Voxels by which periodic lattices are continued, so that distances see across the sides."""

SETTLED = 14.0
"""Days since the last bite after which a floor counts as final."""

DONE = 60.0
"""Days since the last apposition after which a wall counts as complete."""


@dataclass(frozen=True)
class Reference:
    """Bone as it stood at a time (d): what came later is measured from it."""

    time: float
    bone: np.ndarray
    distance: np.ndarray


def keep_reference(state) -> Reference:
    """Return the bone of now with the distance (um, positive inside) of every voxel to its marrow."""
    bone = state.lattice.matrix >= HALF
    return Reference(float(state.clock.time), bone, measure_distance(state, bone))


def measure_distance(state, mask) -> np.ndarray:
    """Return the distance (um) of every voxel of `mask` to the nearest voxel outside of it."""
    from scipy.ndimage import distance_transform_edt

    mode = "wrap" if state.grid.periodic else "edge"
    inside = distance_transform_edt(np.pad(mask, MARGIN, mode=mode))
    distance = inside[(slice(MARGIN, -MARGIN),) * 3] * state.grid.voxel
    return distance.astype(np.float32)


def find_faces(mask) -> np.ndarray:
    """Return which voxels share a face with `mask`."""
    near = np.zeros_like(mask)
    for axis in range(3):
        for way in (-1, 1):
            near |= np.roll(mask, way, axis)
    return near


def measure_depths(reference: Reference, state) -> np.ndarray:
    """Return erosion depth (um) where formation is awaited: from the old surface to the floor.

    Places of sites that began after the reference, not bitten for a fortnight and not refilled.
    """
    lattice, now = state.lattice, state.clock.time
    bone = lattice.matrix >= HALF
    began_late = np.append(False, state.sites.rows.activated > reference.time)[lattice.site]
    chosen = find_faces(bone) & ~bone & reference.bone & lattice.eroded.astype(bool) & began_late
    chosen &= (lattice.resorbed < now - SETTLED) & (lattice.formed < reference.time)
    left = lattice.matrix[chosen] / np.float32(FULL) * state.grid.voxel
    return reference.distance[chosen] - left


def measure_walls(reference: Reference, state) -> np.ndarray:
    """Return wall thickness (um) at places completed since: new bone between surface and old bone."""
    lattice, now = state.lattice, state.clock.time
    bone = lattice.matrix >= HALF
    old = bone & (lattice.formed <= reference.time)
    done = bone & find_faces(~bone)
    done &= (lattice.formed > reference.time) & (lattice.formed < now - DONE)
    return measure_distance(state, ~old)[done]


def measure_shift(before: Reference, after) -> np.ndarray:
    """Return how far (um) the surface lies outside of that of `before`, where sites have come and gone.

    One value for every quiet surface voxel whose matrix was laid down in between: what remodelling
    changed at a place, with the noise of a voxelled surface.
    """
    bone = after.lattice.matrix >= HALF
    outside = measure_distance(after, ~before.bone) - before.distance
    done = bone & find_faces(~bone) & (after.lattice.formed > before.time)
    done &= after.lattice.formed < after.clock.time - DONE
    shift = outside[done]
    return np.where(
        shift < 0, shift + after.grid.voxel, shift
    )  # the old bone's outermost layer is 0
