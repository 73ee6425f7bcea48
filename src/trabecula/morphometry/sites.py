"""What follows from the rows of the BMU ledger: footprint, depth, wall, periods."""

import numpy as np

from trabecula.base.codes import FULL
from trabecula.base.columns import Array
from trabecula.state import State

DERIVED: dict[str, tuple[str, str]] = {
    "footprint": ("um^2", "area of the mouth: eroded voxels of the first layer"),
    "e_de": ("um", "erosion depth: matrix removed per area of the mouth"),
    "e_de_max": ("um", "greatest erosion depth: deepest layer opened"),
    "w_th": ("um", "wall thickness: matrix laid down per area of the mouth"),
    "rs_p": ("d", "resorption period: first to last resorption"),
    "rv_p": ("d", "reversal period: last resorption to first apposition"),
    "fp": ("d", "formation period: first to last apposition"),
}
"""Unit and description of each derived column."""


def compute_site_measures(state: State) -> dict[str, Array]:
    """Compute the columns of :data:`DERIVED`, one number per site.

    Returns
    -------
    dict
        Arrays of shape (sites,), float64; NaN where a site has not come so far.
    """
    rows, voxel = state.sites.rows, state.grid.voxel
    area = rows.mouth * voxel**2
    divisor = np.where(area > 0, area, np.nan)
    return {
        "footprint": area.astype(np.float64),
        "e_de": rows.resorbed * (voxel**3 / FULL) / divisor,
        "e_de_max": rows.deepest * voxel,
        "w_th": rows.formed * (voxel**3 / FULL) / divisor,
        "rs_p": rows.last_resorbed - rows.first_resorbed,
        "rv_p": rows.first_formed - rows.last_resorbed,
        "fp": rows.last_formed - rows.first_formed,
    }
