"""What a histologist counts and a scanner reads: surfaces, cells, rates, periods, density.

Nomenclature of ASBMR (Dempster et al. 2013, doi:10.1002/jbmr.1805). Cell numbers per surface and
volume are true 3-D numbers; keys that end in ``_2d`` are what a section shows.
"""

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from trabecula.base.codes import FULL, Phase, Stage
from trabecula.kernels.histology import ERODED, OSTEOID, SURFACE, sum_covers
from trabecula.kernels.mineral import BONE, MATRIX, MINERAL, sum_tissue
from trabecula.kernels.mineral import OSTEOID as OSTEOID_QUANTA
from trabecula.kernels.space import Space
from trabecula.kernels.surface import WEIGHTS
from trabecula.morphometry.history import History
from trabecula.morphometry.sites import compute_site_measures
from trabecula.state import Grid, State

LABEL_INTERVAL = 14.0
"""Time between two labels (d): the window of ``bfr_bs`` and ``mar``."""

RATE_WINDOW = 30.0
"""Window of the rates of resorption and formation (d), when samples are closer than that."""

DAYS_PER_YEAR = 365.25

YEAR = 365.25
"""Window of turnover, gain, activation frequency, and of the sites that are averaged (d)."""


class Table(Protocol):
    """Parameters by key, in canonical units."""

    def __getitem__(self, key: str, /) -> float: ...


def measure_histomorphometry(state: State, history: History, parameters: Table) -> dict[str, float]:
    """Measure every metric of :data:`trabecula.morphometry.histometrics.HISTOMETRICS`, in its unit."""
    grid = state.grid
    covers = sum_surface_covers(state, parameters)
    surface = covers[SURFACE] * grid.voxel**2 * 1e-6
    tissue = sum_lattice(state)
    bone = tissue[MATRIX] / FULL * grid.voxel_volume * 1e-9
    numbers = measure_cells(state, parameters)
    surfaces = measure_surfaces(state, covers, parameters)
    rates = measure_rates(state, history, surface, bone)
    rates["mar"] = _divide(rates["bfr_bs"] / DAYS_PER_YEAR, surfaces["ms_bs"])
    return {
        **surfaces,
        **numbers,
        **measure_densities(numbers, surface, bone, grid.volume),
        **measure_profiles(state, surface, parameters),
        **rates,
        **measure_sites(state, surface),
        **measure_mineral(state.grid, tissue, parameters),
        "bs_tv": surface / grid.volume,
        "bs_bv": _divide(surface, tissue[BONE] * grid.voxel_volume * 1e-9),
    }


def sum_lattice(state: State) -> list[float]:
    """Sum the lattice: quanta of matrix, of osteoid, mineral times quanta, voxels of bone."""
    lattice = state.lattice
    sums = np.empty((state.grid.shape[0], 4))
    sum_tissue(lattice.matrix, lattice.osteoid, lattice.mineral, sums)
    return [float(total) for total in sums.sum(axis=0)]


def _divide(a: float, b: float) -> float:
    return a / b if b else math.nan


def sum_surface_covers(state: State, parameters: Table) -> list[float]:
    """Sum the surface under osteoid, eroded, and in all (voxel faces).

    The area of a voxel is that of its open faces' arrangement (:mod:`trabecula.kernels.surface`).
    """
    grid = state.grid
    space = Space(*grid.shape, int(grid.periodic), grid.voxel)
    seam = max(1, round(parameters["lattice.osteoid.seam"] / grid.voxel * FULL))
    slabs = np.empty((grid.shape[0], 3))
    sum_covers(state.lattice, WEIGHTS, space, seam, slabs)
    return [*map(float, slabs[:, :SURFACE].sum(axis=0)), float(slabs[:, SURFACE].sum())]


def measure_surfaces(state: State, covers: list[float], parameters: Table) -> dict[str, float]:
    """Measure the share of the surface under osteoid, eroded, under cells, and mineralising.

    Cells cover their own area, not that of the voxels they sit in: a voxel of 20 um has room for
    four osteoblasts, and one that works there alone takes up a label of its own width. Surface
    mineralises where an active osteoblast has factor to spend, which is what MS/BS of two labels
    estimates (double-labelled and half of the single-labelled surface).

    Parameters
    ----------
    covers
        The sums of :func:`sum_surface_covers` (voxel faces).
    """
    grid, blasts = state.grid, state.cells.osteoblasts.rows
    faces = covers[SURFACE]
    active = blasts.stage == Stage.ACTIVE
    blast = parameters["cells.osteoblast.area"] / grid.voxel**2
    clast = parameters["cells.osteoclast.area"] / grid.voxel**2
    nuclei = int(state.cells.osteoclasts.rows.nuclei.sum())
    return {
        "os_bs": _divide(covers[OSTEOID], faces),
        "es_bs": _divide(covers[ERODED], faces),
        "ob_s_bs": _divide(int(active.sum()) * blast, faces),
        "ms_bs": _divide(int((active & (blasts.dose > 0)).sum()) * blast, faces),
        "oc_s_bs": _divide(nuclei * clast, faces),
    }


def measure_cells(state: State, parameters: Table) -> dict[str, float]:
    """Return the number of living cells of each kind."""
    cells = state.cells
    active = int((cells.osteoblasts.rows.stage == Stage.ACTIVE).sum())
    nuclei = cells.osteoclasts.rows.nuclei
    large = nuclei >= parameters["cells.osteoclast.fewest_nuclei"]
    return {
        "n_precursors": float(cells.precursors.count),
        "n_osteoclasts": float(cells.osteoclasts.count),
        "n_multinucleate": float(large.sum()),
        "n_nuclei": float(nuclei.sum()),
        "n_preosteoblasts": float(cells.osteoblasts.count - active),
        "n_osteoblasts": float(active),
        "n_lining": float(cells.lining.count),
        "n_osteocytes": float(cells.osteocytes.count),
    }


def measure_densities(
    numbers: Mapping[str, float], surface: float, bone: float, tissue: float
) -> dict[str, float]:
    """Measure cells per surface (mm^2), per bone and tissue volume (mm^3).

    Parameters
    ----------
    numbers
        Numbers of cells, as :func:`measure_cells` counts them.
    """
    return {
        "n_oc_bs": _divide(numbers["n_osteoclasts"], surface),
        "n_ob_bs": _divide(numbers["n_osteoblasts"], surface),
        "n_ot_bv": _divide(numbers["n_osteocytes"], bone),
        "n_oc_tv": numbers["n_osteoclasts"] / tissue,
        "n_pc_tv": numbers["n_precursors"] / tissue,
    }


def measure_profiles(state: State, surface: float, parameters: Table) -> dict[str, float]:
    """Measure how many cells a section meets per perimeter of bone (1/mm).

    Parameters
    ----------
    surface
        Bone surface (mm^2).

    Notes
    -----
    A section meets ``N H`` profiles per area, H being the mean caliper of the cells, and
    ``S pi / 4`` of perimeter per area, S being surface per volume, so that the 2-D number is the
    3-D number x H x 4 / pi
    (Weibel 1979, Stereological Methods 1). Cells on the surface are discs: H = pi r / 2. Large ones
    are met more often: it is the mean of calipers that counts, not the caliper of the mean.
    """
    blasts = int((state.cells.osteoblasts.rows.stage == Stage.ACTIVE).sum())
    nuclei = state.cells.osteoclasts.rows.nuclei.astype(float)
    found = {}
    for key, areas in (
        ("n_oc_bs_2d", parameters["cells.osteoclast.area"] * nuclei),
        ("n_ob_bs_2d", np.full(blasts, parameters["cells.osteoblast.area"])),
    ):
        calipers = math.pi / 2.0 * np.sqrt(areas / math.pi) * 1e-3
        found[key] = _divide(float(calipers.sum()) * 4.0 / math.pi, surface)
    return found


def measure_rates(state: State, history: History, surface: float, bone: float) -> dict[str, float]:
    """Measure rates from the ledgers, each in its unit; NaN before there are two samples.

    Parameters
    ----------
    surface
        Bone surface (mm^2).
    bone
        Bone volume (mm^3).

    Notes
    -----
    ``bfr_bs = mar x ms_bs`` by construction.
    """
    quantum = state.grid.voxel_volume / FULL
    keys = ("resorption_rate", "formation_rate", "bfr_bs", "turnover", "g_eff")
    found = dict.fromkeys(keys, math.nan)
    found["matrix_resorbed"] = state.volume.resorbed * quantum
    found["matrix_formed"] = state.volume.formed * quantum
    found["matrix_cleared"] = state.volume.cleared * quantum
    recent = history.compute_window(RATE_WINDOW)
    label = history.compute_window(LABEL_INTERVAL)
    year = history.compute_window(YEAR)
    if recent is None or label is None or year is None:
        return found
    found["resorption_rate"] = recent.resorbed * quantum / recent.time
    found["formation_rate"] = recent.formed * quantum / recent.time
    found["bfr_bs"] = _divide(label.formed * quantum / label.time * DAYS_PER_YEAR, surface * 1e6)
    through = (year.formed + year.resorbed) / 2 * quantum * 1e-9
    found["turnover"] = _divide(100.0 * through * DAYS_PER_YEAR / year.time, bone)
    found["g_eff"] = _divide(year.formed, year.released)
    return found


def measure_sites(state: State, surface: float) -> dict[str, float]:
    """Average the sites completed in the last year, by area; count the open ones.

    Parameters
    ----------
    surface
        Bone surface (mm^2).

    Notes
    -----
    Bone that has lived for less than a year counts with the time that it has lived.
    """
    rows, now = state.sites.rows, state.clock.time
    span = min(YEAR, max(state.clock.step, 1) * state.clock.length)
    measures = compute_site_measures(state)
    area = measures["footprint"]
    chosen = (rows.phase == Phase.COMPLETE) & (rows.ended > now - YEAR) & (area > 0)
    opened = float(area[chosen].sum()) * 1e-6 * DAYS_PER_YEAR / span
    found = {"ac_f": _divide(opened, surface)}
    for key in ("e_de", "w_th", "rs_p", "rv_p", "fp"):
        known = chosen & np.isfinite(measures[key])
        share = float(area[known].sum())
        found[key] = _divide(float((area[known] * measures[key][known]).sum()), share)
    found["n_sites"] = float((rows.phase < Phase.COMPLETE).sum())
    found["n_sites_resorbing"] = float((rows.phase == Phase.RESORPTION).sum())
    return found


def measure_mineral(grid: Grid, tissue: list[float], parameters: Table) -> dict[str, float]:
    """Measure mineral per tissue volume (mg HA/cm^3) and projected along y (g/cm^2).

    Parameters
    ----------
    tissue
        The sums of :func:`sum_lattice` (quanta, and voxels of bone).
    """
    volume, osteoid = tissue[MATRIX], tissue[OSTEOID_QUANTA]
    mineral = tissue[MINERAL] / FULL / grid.size
    density = mineral * parameters["lattice.mineral.density"]
    depth = grid.shape[1] * grid.voxel * 1e-4
    return {
        "bmd": density,
        "abmd": density * 1e-3 * depth,
        "mineralisation": _divide(mineral * FULL * grid.size, volume - osteoid),
        "ov_bv": _divide(osteoid, volume),
        "bv_tv": volume / FULL / grid.size,
    }
