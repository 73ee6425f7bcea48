"""Small bones for tests: empty ones, ones peopled by hand, and ones that live.

`make_empty` has no cells and no bone until `add_slab`, so that every number is known. `make_peopled`
scatters cells at human densities, for the fields. `make_living` begins as a run does, for `live`.
"""

import numpy as np
from scipy import ndimage

from trabecula.base.codes import FULL, Sides, Species
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
from trabecula.cells import make_stages
from trabecula.config import load_parameters
from trabecula.fields import make_fields, step_fields
from trabecula.lattice import check_ledgers, step_mineralisation
from trabecula.model.genesis import make_state
from trabecula.records import SpecimenFile, write_specimen
from trabecula.state import (
    Cells,
    Clock,
    CouplingLedger,
    FieldStack,
    Grid,
    Signals,
    State,
    Table,
    VolumeLedger,
)

PER_MM3 = {
    "osteocytes": 3300, "active": 1500, "pre": 150, "precursors": 465, "osteoclasts": 10,
    "lining": 9000,
}  # fmt: skip
BORN = -500.0
TESTOSTERONE = 30.0
LIVELY = {"cells.osteocyte.trigger": 1.0e-4, "cells.bone.young": 60.0}


def make_empty(shape=(8, 8, 8), voxel=20.0, sides=Sides.PERIODIC, length=1.0):
    """A lattice without bone and cells; its fields hold two species, at zero."""
    half = tuple(-(-n // 2) for n in shape)
    layouts = (Precursors, Osteoclasts, Osteoblasts, LiningCells, Osteocytes)
    return State(
        seed=1,
        grid=Grid(shape, voxel, sides),
        clock=Clock(length=length),
        lattice=make_arrays(Lattice, shape),
        fields=FieldStack(
            (Species.RANKL_SOLUBLE,),
            (Species.IL6,),
            np.zeros((1, *shape), np.float32),
            np.zeros((1, *half), np.float32),
        ),
        cells=Cells(*(Table(layout) for layout in layouts)),
        sites=Table(Sites),
        signals=Signals(),
        volume=VolumeLedger(),
        coupling=CouplingLedger(),
    )


def add_slab(state, first, last, mineral=1.0):
    """Fill the layers z = first .. last - 1 with mature bone."""
    state.lattice.matrix[first:last] = FULL
    state.lattice.mineral[first:last] = mineral
    state.volume.start = int(state.lattice.matrix.sum(dtype=np.int64))


def make_mask(shape, bv_tv=0.18, seed=0, voxel=20.0):
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
    """Marrow with a face on bone."""
    padded = np.pad(mask, 1, mode="wrap" if periodic else "edge")
    near = ndimage.binary_dilation(padded, ndimage.generate_binary_structure(3, 1))
    return near[1:-1, 1:-1, 1:-1] & ~mask


def scatter_cells(cells, mask, grid, rng):
    """Fill the tables at the densities of PER_MM3, each kind of cell where it belongs."""
    surface = np.flatnonzero(find_surface(mask, grid.periodic))
    marrow, bone = np.flatnonzero(~mask), np.flatnonzero(mask)
    per = {kind: round(density * grid.volume) for kind, density in PER_MM3.items()}

    def add(name, first_uid, voxel, **columns):
        uid = np.arange(first_uid, first_uid + len(voxel), dtype=np.uint64)
        table = getattr(cells, name)
        table.append(uid=uid, voxel=voxel, born=BORN, **columns)
        table.sort()

    add("precursors", 1, rng.choice(marrow, per["precursors"]))
    clasts = rng.choice(surface, max(1, per["osteoclasts"]))
    add("osteoclasts", 10**6, clasts, nuclei=7, work=10500.0)
    stage = np.r_[np.ones(per["active"], np.uint8), np.zeros(per["pre"], np.uint8)]
    add("osteoblasts", 2 * 10**6, rng.choice(surface, len(stage)), stage=stage)
    add("lining", 3 * 10**6, rng.choice(surface, per["lining"]))
    voxel = rng.choice(bone, min(per["osteocytes"], len(bone)), replace=False)
    reach, nearest = ndimage.distance_transform_edt(mask, return_indices=True)
    at = np.unravel_index(voxel, grid.shape)
    outlet = np.ravel_multi_index(tuple(i[at] for i in nearest), grid.shape)
    reach = (reach[at] * grid.voxel).astype(np.float32)
    add("osteocytes", 4 * 10**6, voxel, outlet=outlet, reach=reach)


def make_peopled(parameters, shape=(32, 32, 32), seed=0, sides=Sides.PERIODIC, mask=None):
    """A bone of `shape` at 20 um, of make_mask or of `mask`, with cells and all species."""
    state = make_empty(shape, sides=sides)
    mask = make_mask(shape, seed=seed) if mask is None else mask
    state.seed = seed
    state.lattice.matrix[mask] = FULL
    state.fields = make_fields(state.grid, parameters)
    state.signals.levels["testosterone"] = TESTOSTERONE
    scatter_cells(state.cells, mask, state.grid, np.random.default_rng(seed + 1))
    return state


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


def make_plate(shape=(16, 20, 18), thickness=8):
    """Bone fraction of a plate across the lattice, marrow on both sides, with a quarter-full skin."""
    fraction = np.zeros(shape, np.float32)
    low = (shape[0] - thickness) // 2
    fraction[low : low + thickness] = 1.0
    fraction[low + thickness] = 0.25
    return fraction


def make_living(seed=1, sides=Sides.PERIODIC, **overrides):
    """The plate as a run begins it, lively parameters first; returns (state, parameters)."""
    parameters = load_parameters({**LIVELY, **overrides})
    signals = Signals()
    signals.levels["testosterone"] = TESTOSTERONE
    state = make_state(make_plate(), 20.0, sides, seed, 1.0, parameters, signals)
    return state, parameters


def live(state, parameters, days, rules=None, sources=None, watch=None):
    """Live on for some days, ledgers checked daily."""
    stages = make_stages(state, parameters, rules or {})
    for _ in range(days):
        step_fields(state, parameters, sources or {})
        for stage in stages:
            stage.step(state)
        step_mineralisation(
            state,
            parameters["lattice.mineral.lag"],
            parameters["lattice.mineral.primary"],
            parameters["lattice.mineral.secondary_time"],
        )
        check_ledgers(state)
        if watch is not None:
            watch(state)
        state.clock.step += 1
    return state


def write_gyroid(path, edge):
    """Write a specimen file of a gyroid: a bone that takes no time to make."""
    z, y, x = np.meshgrid(*[np.arange(edge) * 2 * np.pi / edge] * 3, indexing="ij")
    wave = np.sin(z) * np.cos(y) + np.sin(y) * np.cos(x) + np.sin(x) * np.cos(z)
    fraction = (wave > 0.5).astype(np.float32)
    write_specimen(path, SpecimenFile(fraction, 20.0, Sides.PERIODIC, (), "gyroid", {}))


def flip_chunk(path, name: str, bits: int = 1) -> None:
    """Flip `bits` of the byte in the middle of the first stored piece of an array in an HDF5 file."""
    import h5py

    with h5py.File(path) as file:
        chunk = file[name].id.get_chunk_info(0)
    data = bytearray(path.read_bytes())
    data[chunk.byte_offset + chunk.size // 2] ^= bits
    path.write_bytes(bytes(data))
