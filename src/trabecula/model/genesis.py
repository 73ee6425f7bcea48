"""The first moment of a bone: a specimen becomes a living lattice."""

from trabecula.base.codes import Sides
from trabecula.base.columns import Array
from trabecula.base.layouts import Sites
from trabecula.cells import make_cells
from trabecula.config import Parameters
from trabecula.fields import make_fields
from trabecula.lattice import count_matrix, make_lattice, settle_mineral
from trabecula.state import (
    Clock,
    CouplingLedger,
    Grid,
    Signals,
    State,
    Table,
    VolumeLedger,
)


def compute_osteocyte_loss(parameters: Parameters) -> float:
    """Return the rate (1/d) of death that leaves `cells.osteocyte.adult` of those once buried.

    Ages are exponential with mean a, so that the living share is 1 / (1 + rate a).
    """
    buried, alive = parameters["cells.osteocyte.density"], parameters["cells.osteocyte.adult"]
    return max(0.0, buried / alive - 1.0) / parameters["lattice.age.mean"]


def make_state(
    fraction: Array,
    voxel: float,
    sides: Sides,
    seed: int,
    step: float,
    parameters: Parameters,
    signals: Signals,
) -> State:
    """Build the state of a specimen at rest: lining everywhere, no site open, nothing in flow.

    Parameters
    ----------
    fraction
        Shape (z, y, x), 0..1, bone fraction.
    voxel
        Edge of a voxel (um).
    step
        Length of a step (d).
    signals
        Hormonal signals at this moment.
    """
    shape = (int(fraction.shape[0]), int(fraction.shape[1]), int(fraction.shape[2]))
    grid = Grid(shape, float(voxel), sides)
    age, patch = parameters["lattice.age.mean"], parameters["lattice.age.patch"]
    lattice = make_lattice(fraction, grid, seed, age, patch, 0.0)
    settle_mineral(
        lattice,
        parameters["lattice.mineral.primary"],
        parameters["lattice.mineral.secondary_time"],
        0.0,
    )
    cells = make_cells(
        lattice,
        grid,
        seed,
        parameters["cells.osteocyte.density"],
        parameters["cells.precursor.density"],
        compute_osteocyte_loss(parameters),
    )
    state = State(
        seed=seed,
        grid=grid,
        clock=Clock(length=step),
        lattice=lattice,
        fields=make_fields(grid, parameters),
        cells=cells,
        sites=Table(Sites),
        signals=signals,
        volume=VolumeLedger(),
        coupling=CouplingLedger(),
    )
    state.volume.start = count_matrix(state)
    return state
