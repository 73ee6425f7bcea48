"""The whole state of one living bone, nothing outside it."""

from dataclasses import dataclass, field

from trabecula.base.layouts import (
    Lattice,
    LiningCells,
    Osteoblasts,
    Osteoclasts,
    Osteocytes,
    Precursors,
    Sites,
)
from trabecula.state.clock import Clock
from trabecula.state.fieldstack import FieldStack
from trabecula.state.grid import Grid
from trabecula.state.ledgers import CouplingLedger, VolumeLedger
from trabecula.state.loading import Loading
from trabecula.state.signals import Signals
from trabecula.state.table import Table


@dataclass
class Cells:
    """The five populations."""

    precursors: Table[Precursors]
    osteoclasts: Table[Osteoclasts]
    osteoblasts: Table[Osteoblasts]
    lining: Table[LiningCells]
    osteocytes: Table[Osteocytes]

    def sort(self) -> None:
        """Drop the dead and order every population by place, so that no sum depends on row order."""
        for table in (
            self.precursors,
            self.osteoclasts,
            self.osteoblasts,
            self.lining,
            self.osteocytes,
        ):
            table.compact()
            table.sort()


@dataclass
class State:
    """Everything that the next step depends on, besides configuration and seed.

    Parameters
    ----------
    seed
        Key of all random draws of this run.
    events
        Cumulative counts since the beginning of spin-up, by name (triggers, births, deaths ...).
    """

    seed: int
    grid: Grid
    clock: Clock
    lattice: Lattice
    fields: FieldStack
    cells: Cells
    sites: Table[Sites]
    signals: Signals
    volume: VolumeLedger
    coupling: CouplingLedger
    loading: Loading = field(default_factory=Loading)
    events: dict[str, int] = field(default_factory=dict)
