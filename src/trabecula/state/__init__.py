"""Floor 2: the arrays of one living bone, written and read whole."""

from trabecula.state.clock import Clock
from trabecula.state.fieldstack import FieldStack
from trabecula.state.grid import Grid
from trabecula.state.ledgers import CouplingLedger, VolumeLedger
from trabecula.state.loading import Loading
from trabecula.state.signals import Signals
from trabecula.state.state import Cells, State
from trabecula.state.table import Table

__all__ = [
    "Cells",
    "Clock",
    "CouplingLedger",
    "FieldStack",
    "Grid",
    "Loading",
    "Signals",
    "State",
    "Table",
    "VolumeLedger",
]
