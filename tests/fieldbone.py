"""A small bone for the tests of the fields: a cut random field with cells at human densities."""

import numpy as np
from scipy import ndimage

from trabecula.base.codes import FULL, Sides
from trabecula.base.columns import make_arrays
from trabecula.base.layouts import (
    Lattice,
    LiningCells,
    Osteoblasts,
    Osteoclasts,
    Osteocytes,
    Precursors,
    Sites,
)
from trabecula.fields import make_fields
from trabecula.state import (
    Cells,
    Clock,
    CouplingLedger,
    Grid,
    Signals,
    State,
    Table,
    VolumeLedger,
)

PER_MM3 = {"osteocytes": 3300, "active": 1500, "pre": 150, "precursors": 465, "osteoclasts": 10}
LINING_AREA = 350.0


def make_mask(shape, bv_tv=0.18, seed=0, sides=Sides.PERIODIC, voxel=20.0):
    """Bone mask: band-passed Gaussian field of 450 um wavelength, cut to bv_tv."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(shape)
    k = np.sqrt(
        sum(f**2 for f in np.meshgrid(*(np.fft.fftfreq(n, voxel) for n in shape), indexing="ij"))
    )
    band = np.exp(-((k - 1 / 450.0) ** 2) / (2 * (0.3 / 450.0) ** 2))
    field = np.fft.ifftn(np.fft.fftn(noise) * band).real
    return field > np.quantile(field, 1 - bv_tv)


def find_surface(mask, periodic):
    mode = "wrap" if periodic else "nearest"
    near = (
        ndimage.binary_dilation(mask, ndimage.generate_binary_structure(3, 1))
        if not periodic
        else None
    )
    if periodic:
        padded = np.pad(mask, 1, mode=mode)
        near = ndimage.binary_dilation(padded, ndimage.generate_binary_structure(3, 1))[
            1:-1, 1:-1, 1:-1
        ]
    return near & ~mask


def _uids(count, start):
    return np.arange(start, start + count, dtype=np.uint64)


def make_cells(mask, grid, rng):
    periodic = grid.periodic
    surface = np.flatnonzero(find_surface(mask, periodic))
    marrow, bone = np.flatnonzero(~mask), np.flatnonzero(mask)
    per = {k: round(v * grid.volume) for k, v in PER_MM3.items()}
    born = -500.0
    tables = Cells(
        *(Table(t) for t in (Precursors, Osteoclasts, Osteoblasts, LiningCells, Osteocytes))
    )
    n = per["precursors"]
    tables.precursors.append(uid=_uids(n, 1), voxel=rng.choice(marrow, n), born=born)
    n = max(1, per["osteoclasts"])
    tables.osteoclasts.append(
        uid=_uids(n, 10**6), voxel=rng.choice(surface, n), born=born, nuclei=7, work=10500.0
    )
    n = per["active"] + per["pre"]
    stage = np.r_[np.ones(per["active"], np.uint8), np.zeros(per["pre"], np.uint8)]
    tables.osteoblasts.append(
        uid=_uids(n, 2 * 10**6), voxel=rng.choice(surface, n), born=born, stage=stage
    )
    n = round(grid.volume * 9000)
    tables.lining.append(uid=_uids(n, 3 * 10**6), voxel=rng.choice(surface, n), born=born)
    n = min(per["osteocytes"], len(bone))
    voxel = rng.choice(bone, n, replace=False)
    reach, nearest = ndimage.distance_transform_edt(mask, return_indices=True)
    at = np.unravel_index(voxel, grid.shape)
    outlet = np.ravel_multi_index(tuple(i[at] for i in nearest), grid.shape)
    tables.osteocytes.append(
        uid=_uids(n, 4 * 10**6),
        voxel=voxel,
        born=born,
        outlet=outlet,
        reach=(reach[at] * grid.voxel).astype(np.float32),
    )
    for name in ("precursors", "osteoclasts", "osteoblasts", "lining", "osteocytes"):
        getattr(tables, name).sort()
    return tables


def make_state(parameters, shape=(32, 32, 32), seed=0, sides=Sides.PERIODIC, mask=None):
    """A living bone of `shape` at 20 um."""
    grid = Grid(shape, 20.0, sides)
    rng = np.random.default_rng(seed + 1)
    mask = make_mask(shape, seed=seed, sides=sides) if mask is None else mask
    lattice = make_arrays(Lattice, shape)
    lattice.matrix[mask] = FULL
    cells = make_cells(mask, grid, rng)
    signals = Signals(levels={"testosterone": 30.0})
    return State(
        seed,
        grid,
        Clock(),
        lattice,
        make_fields(grid, parameters),
        cells,
        Table(Sites),
        signals,
        VolumeLedger(),
        CouplingLedger(),
    )


def apply_stress(state, stress=20.0, count=30, radius=200.0, depth=40.0):
    """Stress `count` osteocytes of the cap with the most cells; returns its centre (z, y, x) in um."""
    rows = state.cells.osteocytes.rows
    voxel = np.array(np.unravel_index(rows.voxel, state.grid.shape)).T * state.grid.voxel
    outlet = np.array(np.unravel_index(rows.outlet, state.grid.shape)).T * state.grid.voxel
    shallow = rows.reach <= depth + 1
    extent = np.array(state.grid.shape) * state.grid.voxel
    best, chosen = None, None
    for centre in outlet[shallow][:: max(1, shallow.sum() // 60)]:
        away = np.abs(voxel - centre)
        away = np.minimum(away, extent - away) if state.grid.periodic else away
        near = np.flatnonzero(shallow & (np.linalg.norm(away, axis=1) < radius))
        # the cap that holds just enough cells is the densest that thirty of them make
        if chosen is None or abs(len(near) - 100) < abs(len(chosen) - 100):
            best, chosen = centre, near
    picked = np.random.default_rng(5).permutation(chosen)[:count]
    rows.stress[picked] = stress
    return best
