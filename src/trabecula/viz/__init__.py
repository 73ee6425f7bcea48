"""Floor 7: figures; matplotlib and pyvista are imported only here, and only when something is drawn."""

from trabecula.viz.hormones import draw_hormones
from trabecula.viz.lattice import Snapshot, draw_lattice
from trabecula.viz.save import save_figure
from trabecula.viz.series import draw_series
from trabecula.viz.specimen import draw_specimen

__all__ = [
    "Snapshot",
    "draw_hormones",
    "draw_lattice",
    "draw_series",
    "draw_specimen",
    "save_figure",
]
