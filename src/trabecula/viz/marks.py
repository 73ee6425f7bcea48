"""What is painted over the colour of bone on a page: osteoid, eroded surface, remodelling sites."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trabecula.analysis.moments import StoredMoment
from trabecula.analysis.sitelife import compute_phases
from trabecula.base.codes import Phase
from trabecula.base.columns import Array
from trabecula.viz.colouring import find_eroded_points, find_osteoid_points, paint
from trabecula.viz.style import BLUE, GREEN, ORANGE, PURPLE, VERMILION

OSTEOID, ERODED, SITES = "osteoid", "eroded", "sites"
MARKS = {OSTEOID: ("osteoid", GREEN), ERODED: ("eroded surface", ORANGE)}
"""Names and colours of what the lattice marks."""

YELLOW = "#f0e442"
PHASES = {
    Phase.RESORPTION: ("site in resorption", VERMILION),
    Phase.REVERSAL: ("site in reversal", YELLOW),
    Phase.FORMATION: ("site in formation", BLUE),
}
PICKED = PURPLE
NEEDED = {OSTEOID: "osteoid", ERODED: "eroded", SITES: "site"}
"""Volumes that each mark is read from."""

REACH = 0.75
"""How far about the surface a voxel of a site is looked for (voxel)."""


def paint_marks(
    rgb: Array, mesh: Any, moment: StoredMoment, marks: Sequence[str], bmus: Mapping[str, Array]
) -> None:
    """Paint `marks` over the colours of a bone surface, in place.

    Parameters
    ----------
    rgb
        Colour of each point, shape (point, 3), uint8, in units of 1/255.
    marks
        Of osteoid, eroded and sites.
    bmus
        Columns of the site ledger, each of shape (site,), in the units of ``/bmus`` (d, um, 1).
    """
    if ERODED in marks:
        paint(rgb, find_eroded_points(mesh, moment), ORANGE)
    if OSTEOID in marks:
        paint(rgb, find_osteoid_points(mesh, moment), GREEN)
    if SITES in marks and len(phases := compute_phases(bmus, moment.time)):
        sites = find_sites(mesh, moment)
        known = (sites > 0) & (sites <= len(phases))
        at = np.where(known, phases[np.clip(sites, 1, len(phases)) - 1], int(Phase.COMPLETE))
        for phase, (_, colour) in PHASES.items():
            paint(rgb, at == int(phase), colour)


def paint_picked(rgb: Array, mesh: Any, moment: StoredMoment, site: int) -> None:
    """Paint the surface of one site over the colours of bone, in place.

    Parameters
    ----------
    rgb
        Colour of each point, shape (point, 3), uint8, in units of 1/255.
    """
    paint(rgb, find_sites(mesh, moment) == site, PICKED)


def find_sites(mesh: Any, moment: StoredMoment) -> Array:
    """Return the identity of the last site at each point of a surface, shape (point,); 0 for none."""
    points, normals = np.asarray(mesh.points), np.asarray(mesh["Normals"])
    sites = moment.volumes["site"]
    # the bone under the surface tells who built it; where nobody did, the open voxel who dug it
    under, above = (
        look_up(sites.values, (points + side * REACH * sites.voxel * normals) / sites.voxel)
        for side in (-1.0, 1.0)
    )
    eroded = look_up(
        moment.volumes["eroded"].values, (points + REACH * sites.voxel * normals) / sites.voxel
    )
    # a pit that is open now belongs to whom it was dug by, whoever built the bone beneath
    found = np.where((eroded > 0) & (above > 0), above, np.where(under > 0, under, 0))
    return np.where(np.asarray(mesh["cut"]) > 0, 0, found)


def look_up(values: Array, places: Array) -> Array:
    """Return `values` (z, y, x) of the voxels where `places` (x, y, z in voxels) lie, shape (place,)."""
    index = np.floor(np.asarray(places)[:, ::-1]).astype(np.int64)
    z, y, x = np.clip(index, 0, np.array(values.shape) - 1).T
    found: Array = values[z, y, x]
    return found
