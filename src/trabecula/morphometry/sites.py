"""What follows from the rows of the BMU ledger: footprint, depth, wall, periods."""

import numpy as np

from trabecula.base.codes import FULL
from trabecula.base.columns import Array
from trabecula.state import State

EVEN = 12.0
"""Square of the length of an even course over the variance of its times: stragglers count little."""

DERIVED: dict[str, tuple[str, str]] = {
    "footprint": ("um^2", "area of the mouth: the surface that it opened"),
    "e_de": ("um", "erosion depth: matrix removed per area of the mouth"),
    "e_de_max": ("um", "greatest erosion depth: deepest layer opened"),
    "w_th": ("um", "wall thickness: matrix laid down per area of the mouth"),
    "rs_p": ("d", "resorption period: an even course with the spread in time of the real one"),
    "rv_p": ("d", "reversal period: last resorption to first apposition, mean over its places"),
    "fp": ("d", "formation period: an even course with the spread in time of the real one"),
}
"""Unit and description of each derived column."""


def compute_site_measures(state: State) -> dict[str, Array]:
    """Compute the columns of :data:`DERIVED`, one number per site.

    Returns
    -------
    dict
        Arrays of shape (sites,), float64, in the units of :data:`DERIVED`; NaN where a site
        has not come so far.
    """
    rows, voxel = state.sites.rows, state.grid.voxel
    area = rows.opened
    divisor = np.where(area > 0, area, np.nan)
    return {
        "footprint": area.astype(np.float64),
        "e_de": rows.resorbed * (voxel**3 / FULL) / divisor,
        "e_de_max": rows.deepest * voxel,
        "w_th": rows.formed * (voxel**3 / FULL) / divisor,
        "rs_p": np.where(rows.resorbed > 0, np.sqrt(EVEN * rows.resorbed_spread), np.nan),
        "rv_p": rows.reversal / np.where(rows.reversed > 0, rows.reversed, np.nan),
        "fp": np.where(rows.formed > 0, np.sqrt(EVEN * rows.formed_spread), np.nan),
    }
