"""The scene of a step: who sits where, and the scratch arrays that are reused from step to step."""

import numpy as np

from trabecula.base.codes import Species
from trabecula.cells.seeding import make_space
from trabecula.kernels.keyed import order_by_draw
from trabecula.kernels.ligands import Ligands
from trabecula.kernels.scene import Scene, count_cells, fill_ground
from trabecula.kernels.space import Moment, fill_contact
from trabecula.state import State, Table


class Stage:
    """Scratch that depends on the lattice's shape alone; no state survives in it between steps."""

    def __init__(self, state: State) -> None:
        shape = state.grid.shape
        self.space = make_space(state.grid)
        self.scene = Scene(
            matrix=state.lattice.matrix,
            osteoid=state.lattice.osteoid,
            contact=np.zeros(shape, np.uint8),
            ground=np.zeros(shape, np.uint8),
            lining=np.zeros(shape, np.int16),
            osteoblasts=np.zeros(shape, np.int16),
            osteoclasts=np.zeros(shape, np.int16),
            closed=np.zeros(shape, np.int16),
            settled=np.zeros(64, np.uint8),
        )

    def set_up(self, state: State, seam: int) -> None:
        """Sort the tables and rebuild the occupancy of the surface."""
        cells, scene = state.cells, self.scene
        cells.sort()
        fill_contact(state.lattice.matrix, self.space, scene.contact)
        for counts, table in (
            (scene.lining, cells.lining),
            (scene.osteoblasts, cells.osteoblasts),
            (scene.osteoclasts, cells.osteoclasts),
        ):
            counts[...] = 0
            rows = table.rows
            count_cells(rows.uid, rows.voxel, table.count, counts)
        fill_ground(
            scene.ground,
            scene.matrix,
            scene.contact,
            scene.lining,
            scene.osteoblasts,
            scene.osteoid,
            seam,
        )


def make_moment(state: State) -> Moment:
    """Return what keys the step's draws and dates its events."""
    clock = state.clock
    return Moment(int(state.seed), int(clock.step), float(clock.time), float(clock.length))


def make_ligands(state: State) -> Ligands:
    """Return views of the concentrations that cells read."""
    fields = state.fields
    return Ligands(
        rankl_membrane=fields.get(Species.RANKL_MEMBRANE),
        rankl_soluble=fields.get(Species.RANKL_SOLUBLE),
        tgfb=fields.get(Species.TGFB),
        igf1=fields.get(Species.IGF1),
        il1=fields.get(Species.IL1),
        tnf=fields.get(Species.TNF),
        mcsf=fields.get(Species.MCSF),
        sclerostin=fields.get(Species.SCLEROSTIN),
        alarmin=fields.get(Species.ALARMIN),
    )


def make_order(state: State, table: Table) -> np.ndarray:  # type: ignore[type-arg]
    """Return the rows of `table` in this step's order of precedence, drawn by identity."""
    keys = np.empty(table.count, np.uint64)
    order_by_draw(int(state.seed), int(state.clock.step), table.rows.uid, keys)
    return np.argsort(keys, kind="stable")
