"""A thin section of a moment, as a microscope sees it: arrays of one plane and the cells in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trabecula.analysis.moments import StoredMoment, split_stages
from trabecula.base.columns import Array
from trabecula.viz.cuts import AXES, Cut, choose_block
from trabecula.viz.surface import blur_fraction

VOLUMES = ("fraction", "osteoid", "mineral", "eroded", "site")
POPULATIONS = ("osteoclasts", "osteoblasts", "lining", "osteocytes", "precursors")
THICK = {"osteoclasts": 1}
"""Layers on either side of the plane from which a kind of cell still reaches into it."""

MARGIN = 4
"""Layers on either side that the blur of the plane needs."""


@dataclass(frozen=True)
class Section:
    """One plane; rows go up the picture, columns to the right.

    Parameters
    ----------
    time
        Time (d).
    place
        Where the plane lies, in words.
    voxel
        Edge of a voxel (um).
    fraction, mineralised
        Matrix and its mineralised part, blurred, shape (row, column), 0..1.
    mineral, eroded, site
        As stored, shape (row, column).
    cells
        By kind: column and row (um), and nuclei, each of shape (cell,).
    """

    time: float
    place: str
    voxel: float
    fraction: Array
    mineralised: Array
    mineral: Array
    eroded: Array
    site: Array
    cells: Mapping[str, tuple[Array, Array, Array]]


def find_busiest(moment: StoredMoment, axis: int) -> int:
    """Return the layer across `axis` where most osteoclasts, osteoblasts and osteoid are."""
    others = tuple(n for n in range(3) if n != axis)
    osteoid = moment.volumes["osteoid"].values.sum(axis=others)
    score = osteoid / max(float(osteoid.max()), 1e-9)
    for kind in ("osteoclasts", "osteoblasts"):
        layers = np.unravel_index(moment.cells[kind]["voxel"].astype(np.int64), moment.shape)[axis]
        counts = np.bincount(layers, minlength=moment.shape[axis]).astype(float)
        score = score + counts / max(counts.max(), 1.0)
    return int(np.argmax(score))


def take_section(moment: StoredMoment, cut: Cut) -> Section:
    """Cut a section of a moment that holds :data:`VOLUMES` and :data:`POPULATIONS`.

    Raises
    ------
    InputError
        If the cut lies outside the lattice.
    """
    axis, voxel = cut.axis, moment.voxel
    if cut.position is None:
        layer = find_busiest(moment, axis)
    else:
        choose_block(cut, moment.shape, voxel, "--slice")
        layer = min(int(cut.position / voxel), moment.shape[axis] - 1)
    first = max(0, layer - MARGIN)
    near = [slice(None)] * 3
    near[axis] = slice(first, layer + MARGIN + 1)
    volumes = {name: v.values[tuple(near)] for name, v in moment.volumes.items()}

    def pick(values: Array) -> Array:
        plane: Array = np.take(values, layer - first, axis=axis)
        return plane

    fraction, osteoid = volumes["fraction"], volumes["osteoid"]
    middle = (layer + 0.5) * voxel
    return Section(
        time=moment.time,
        place=f"{AXES[axis]} = {middle:g} µm",
        voxel=voxel,
        fraction=pick(blur_fraction(fraction)),
        mineralised=pick(blur_fraction(fraction - osteoid)),
        mineral=pick(volumes["mineral"]),
        eroded=pick(volumes["eroded"]),
        site=pick(volumes["site"]),
        cells=_find_cells(moment, axis, layer),
    )


def _find_cells(
    moment: StoredMoment, axis: int, layer: int
) -> dict[str, tuple[Array, Array, Array]]:
    rows, columns = (n for n in range(3) if n != axis)
    found = {}
    for kind, values in split_stages(moment).items():
        places = np.unravel_index(values["voxel"].astype(np.int64), moment.shape)
        near = np.abs(places[axis] - layer) <= THICK.get(kind, 0)
        nuclei = values["nuclei"][near] if "nuclei" in values else np.ones(near.sum(), int)
        across, up = ((places[n][near] + 0.5) * moment.voxel for n in (columns, rows))
        found[kind] = (across, up, nuclei)
    return found
