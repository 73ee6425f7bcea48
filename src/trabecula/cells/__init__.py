"""Floor 3: the rules by which the five cell populations live."""

from trabecula.cells.events import EVENTS
from trabecula.cells.life import CellStage, make_stages
from trabecula.cells.seeding import make_cells

__all__ = ["EVENTS", "CellStage", "make_cells", "make_stages"]
