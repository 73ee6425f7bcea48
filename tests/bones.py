"""Hand-made states for tests: a few voxels whose every number is known."""

import numpy as np

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


def make_bone(shape=(8, 8, 8), voxel=20.0, sides=Sides.PERIODIC, length=1.0):
    """An empty lattice without cells."""
    half = tuple(-(-n // 2) for n in shape)
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
        cells=Cells(
            Table(Precursors),
            Table(Osteoclasts),
            Table(Osteoblasts),
            Table(LiningCells),
            Table(Osteocytes),
        ),
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
