"""Numbers of the site (BMU) ledger."""

from collections.abc import Mapping

import numpy as np

from trabecula.base.codes import Phase
from trabecula.base.columns import Array

MEASURES = ("e_de", "w_th")
"""Stored columns that are averaged as they are (um)."""

PERIODS = {"resorption_period": "rs_p", "reversal_period": "rv_p", "formation_period": "fp"}


def compute_periods(bmus: Mapping[str, Array]) -> dict[str, Array]:
    """Return the periods of completed sites (d), each of shape (completed site,).

    As the ledger holds them: resorption and formation last as an even course of the same spread in
    time would, reversal is the mean over a site's places.

    Parameters
    ----------
    bmus
        Columns of the ledger by name, each of shape (site,), in the units of `Sites`.
    """
    done = bmus["phase"] == Phase.COMPLETE
    return {name: bmus[key][done] for name, key in PERIODS.items()}


def summarise_sites(bmus: Mapping[str, Array]) -> dict[str, float]:
    """Return counts by phase, and means of completed sites: periods (d), depth and wall (um).

    Means are over the surface that sites opened, as a section meets them: half of all sites are
    the bites of a few cells, which have hardly any of it. Empty without a ledger.

    Parameters
    ----------
    bmus
        Columns of the ledger by name, each of shape (site,), in the units of `Sites`.
    """
    if "phase" not in bmus:
        return {}
    phase = np.asarray(bmus["phase"])
    completed = int((phase == Phase.COMPLETE).sum())
    abandoned = int((phase == Phase.ABANDONED).sum())
    found: dict[str, float] = {
        "count": len(phase),
        "completed": completed,
        "abandoned": abandoned,
        "open": len(phase) - completed - abandoned,
    }
    done = phase == Phase.COMPLETE
    measures = compute_periods(bmus)
    measures |= {name: bmus[name][done] for name in MEASURES if name in bmus}
    area = next(
        (bmus[name][done] for name in ("opened", "mouth") if name in bmus), np.ones(completed)
    )
    for name, values in measures.items():
        known = np.isfinite(values) & (area > 0)
        found[name] = (
            float(np.average(values[known], weights=area[known])) if known.any() else float("nan")
        )
    return found
