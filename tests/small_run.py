"""The results of a made-up run, for pictures and exports: a plate that is dug on day 30 and built on."""

from pathlib import Path

import numpy as np

from bones import add_slab, make_empty
from trabecula.base.codes import FULL, Species
from trabecula.records import Metric, Provenance, ResultsWriter
from trabecula.state import FieldStack

SHAPE = (18, 20, 24)
VOXEL = 20.0
TOP = 8
"""The plate fills the layers z = 0 .. TOP - 1."""

PIT = (slice(6, 8), slice(4, 11), slice(3, 11))
MOUND = (slice(8, 10), slice(10, 17), slice(14, 22))
METRICS = {"bv_tv": Metric("BV/TV", "bone volume fraction", "1", 30.0)}
HORMONES = {"estradiol": Metric("E2", "estradiol", "pg/mL", 30.0)}
PROVENANCE = Provenance(
    1, "name: small\n", "abc", {"trabecula": "0"}, [{"key": "a"}], [{"name": "b"}]
)


def index(z, y, x):
    return np.ravel_multi_index((z, y, x), SHAPE)


def write_run(folder: Path, snapshots: bool = True) -> Path:
    """Write results.h5 with snapshots on days 0, 30 (a pit) and 60 (a mound of osteoid too)."""
    state = make_empty(SHAPE)
    half = tuple(-(-n // 2) for n in SHAPE)
    state.fields = FieldStack(
        (Species.RANKL_MEMBRANE,),
        (Species.RANKL_SOLUBLE, Species.OPG),
        np.zeros((1, *SHAPE), np.float32),
        np.zeros((2, *half), np.float32),
    )
    state.fields.fine[0, TOP:] = 1.0
    state.fields.coarse[:, half[0] // 2 :] = np.linspace(0.1, 5.0, half[2])
    state.loading.sed = np.zeros(SHAPE, np.float32)
    state.loading.sed[:TOP] = np.linspace(1e-3, 2e-2, SHAPE[2])
    add_slab(state, 0, TOP, mineral=0.9)
    state.lattice.site[: TOP // 2, 5:15, 5:15] = 3
    state.cells.osteoclasts.append(
        uid=[11, 12], voxel=index([TOP, TOP], [7, 12], [6, 2]), nuclei=[8, 1], born=[1.0, 2.0]
    )
    state.cells.osteoblasts.append(
        uid=[21, 22, 23], voxel=index([TOP] * 3, [12, 12, 13], [15, 16, 17]), stage=[1, 1, 0]
    )
    state.cells.lining.append(uid=[31], voxel=[index(TOP, 2, 20)])
    state.cells.osteocytes.append(uid=[41, 42], voxel=index([3, 4], [7, 12], [6, 15]))
    state.cells.precursors.append(uid=[51], voxel=[index(14, 7, 6)])
    state.sites.append(
        activated=[3.0], voxel=[index(TOP, 7, 6)], mouth=[10], opened=[4000.0], resorbed=[FULL]
    )
    writer = ResultsWriter(folder, state.grid, METRICS, HORMONES, PROVENANCE)
    for day in (0, 30, 60) if snapshots else ():
        state.clock.step = day
        if day >= 30:
            state.lattice.matrix[PIT] = 0
            state.lattice.mineral[PIT] = 0
            state.lattice.eroded[PIT] = 1
        if day >= 60:
            state.lattice.matrix[MOUND] = FULL
            state.lattice.osteoid[MOUND] = FULL
        writer.add_row(day, {"bv_tv": 0.4 + day}, {"estradiol": 60.0}, {"births": day})
        writer.add_snapshot(state)
    writer.commit(state)
    writer.close()
    return folder
