"""What the last solve of mechanics says about the living bone, for its series."""

import math

import numpy as np

from trabecula.base.codes import FULL
from trabecula.mechanics.numbers import Table
from trabecula.state import State


def measure_loading(state: State, p: Table) -> dict[str, float]:
    """Return stiffness (N/mm), failure load (N), strains, and what osteocytes feel; NaN if never loaded.

    Values hold from one solve of mechanics to the next.

    Parameters
    ----------
    p
        Parameter table.
    """
    loading, grid = state.loading, state.grid
    keys = (
        "stiffness",
        "failure_load",
        "sed_mean",
        "load_strain",
        "stimulus",
        "disuse",
        "strained",
    )
    granted = state.coupling.granted * grid.voxel_volume / FULL
    if not loading.is_known:
        return dict.fromkeys(keys, math.nan) | {"granted": granted}
    edge = grid.voxel * 1e-3
    nz, ny, nx = grid.shape
    stiffness = float(loading.modulus[0]) * ny * nx * edge / nz
    found = {
        "stiffness": stiffness,
        "failure_load": stiffness * loading.failure_strain * nz * edge,
        "sed_mean": loading.sed_mean,
        "load_strain": float(loading.strain[0]),
        "granted": granted,
    }
    felt = np.sqrt(state.cells.osteocytes.rows.stimulus)
    limits = (p["mechanics.sensing.lazy_low"], p["mechanics.sensing.lazy_high"])
    some = len(felt) > 0
    found["stimulus"] = float(np.mean(felt**2, dtype=float)) if some else math.nan
    found["disuse"] = float(np.mean(felt < limits[0])) if some else math.nan
    found["strained"] = float(np.mean(felt > limits[1])) if some else math.nan
    return found
