"""The life of one remodelling site: its phases, its figures, the bone in its place over time."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trabecula.base.codes import Phase
from trabecula.base.columns import Array
from trabecula.records.moments import read_matrix_course

NOT_YET = -1

FIGURES = (
    ("e_de", "erosion depth", "µm"),
    ("e_de_max", "deepest layer", "µm"),
    ("w_th", "wall thickness", "µm"),
    ("footprint", "footprint", "µm²"),
    ("rs_p", "resorption period", "d"),
    ("rv_p", "reversal period", "d"),
    ("fp", "formation period", "d"),
    ("nuclei_peak", "most nuclei in one osteoclast", ""),
)
"""Columns of the ledger that a reader wants first: key, name, unit."""


class Span(NamedTuple):
    """A phase of a site.

    Parameters
    ----------
    phase
        Resorption, reversal or formation.
    start, end
        Its first and last day (d).
    """

    phase: Phase
    start: float
    end: float


def compute_phases(bmus: Mapping[str, Array], time: float) -> Array:
    """Return the phase of each site at `time` (d), shape (site,); -1 before it began.

    Resorption and formation overlap within a site: it counts as forming from its first apposition.

    Parameters
    ----------
    bmus
        Columns of the site ledger, each of shape (site,), in the units of ``/bmus`` (d, um, 1).
    """
    if "activated" not in bmus:
        return np.zeros(0, dtype=np.int64)
    end = np.where(bmus["phase"] == Phase.ABANDONED, Phase.ABANDONED, Phase.COMPLETE)
    phases = np.full(len(end), int(Phase.RESORPTION), dtype=np.int64)
    phases[time > bmus["last_resorbed"]] = Phase.REVERSAL
    phases[time >= bmus["first_formed"]] = Phase.FORMATION
    over = time >= bmus["ended"]
    phases[over] = end[over]
    phases[time < bmus["activated"]] = NOT_YET
    return phases


def list_spans(bmus: Mapping[str, Array], row: int) -> list[Span]:
    """List the phases that the site in `row` of the ledger went through, in order.

    Parameters
    ----------
    bmus
        Columns of the site ledger, each of shape (site,), in the units of ``/bmus`` (d, um, 1).
    """
    begun = float(bmus["activated"][row])
    dug = [float(bmus[name][row]) for name in ("first_resorbed", "last_resorbed")]
    laid = [float(bmus[name][row]) for name in ("first_formed", "last_formed")]
    spans = [Span(Phase.RESORPTION, begun, dug[1] if np.isfinite(dug[1]) else begun)]
    if np.isfinite(laid[0]):
        if laid[0] > spans[0].end:
            spans.append(Span(Phase.REVERSAL, spans[0].end, laid[0]))
        spans.append(Span(Phase.FORMATION, laid[0], laid[1]))
    return spans


def describe_site(bmus: Mapping[str, Array], row: int) -> list[tuple[str, str]]:
    """Return name and value of what the ledger says about a site, for people.

    Parameters
    ----------
    bmus
        Columns of the site ledger, each of shape (site,), in the units of ``/bmus`` (d, um, 1).
    """
    ended = float(bmus["ended"][row])
    found = [
        ("state", Phase(int(bmus["phase"][row])).name.lower()),
        ("activated", f"day {float(bmus['activated'][row]):.0f}"),
        ("quiescent again", f"day {ended:.0f}" if np.isfinite(ended) else "not yet"),
    ]
    for key, name, unit in FIGURES:
        value = float(bmus[key][row]) if key in bmus else np.nan
        if np.isfinite(value):
            found.append(
                (name, f"{value:.3g} {unit}".strip() if value < 1000 else f"{value:.0f} {unit}")
            )
    return found


def list_present(bmus: Mapping[str, Array], time: float) -> list[int]:
    """List the identities of the sites that had begun at `time` (d): open ones first, latest first.

    Parameters
    ----------
    bmus
        Columns of the site ledger, each of shape (site,), in the units of ``/bmus`` (d, um, 1).
    """
    phases = compute_phases(bmus, time)
    begun = np.flatnonzero(phases != NOT_YET)
    is_open = phases[begun] < Phase.COMPLETE
    order = np.lexsort((-bmus["activated"][begun], ~is_open)) if len(begun) else begun
    return [int(row) + 1 for row in begun[order]]


def measure_course(place: Path, sites: Array, site: int, voxel: float) -> Array | None:
    """Measure the bone in the place of a site at every snapshot.

    Parameters
    ----------
    sites
        Identity of the last site of each voxel, shape (z, y, x), at a moment when `site` is there.
    voxel
        Edge of a voxel (um).

    Returns
    -------
    ndarray
        Volume of bone in the voxels that it worked on (um^3), shape (snapshot,); None if it has none.

    Raises
    ------
    ResultsError
        If the file cannot be read.
    """
    mask = sites == site
    if not mask.any():
        return None
    ends = [np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != n))) for n in range(3)]
    z, y, x = (slice(int(e[0]), int(e[-1]) + 1) for e in ends)
    stack = read_matrix_course(place, (z, y, x))
    course: Array = stack[:, mask[z, y, x]].sum(axis=1, dtype=np.float64) * voxel**3
    return course
