"""Floor 7: figures and pages; matplotlib and pyvista are imported only here, and only to draw."""

from trabecula.viz.fieldfigure import draw_fields
from trabecula.viz.hormones import draw_hormones
from trabecula.viz.lattice import Snapshot, draw_lattice
from trabecula.viz.save import FORMATS, KNOWN_FORMATS, save_figure
from trabecula.viz.series import draw_arms, draw_series
from trabecula.viz.sitefigure import draw_sites
from trabecula.viz.specimen import draw_specimen

__all__ = [
    "FORMATS",
    "KNOWN_FORMATS",
    "Snapshot",
    "draw_arms",
    "draw_fields",
    "draw_hormones",
    "draw_lattice",
    "draw_series",
    "draw_sites",
    "draw_specimen",
    "save_figure",
]
