"""Numbers of the site (BMU) ledger."""

from collections.abc import Mapping

import numpy as np

from trabecula.base.codes import Phase
from trabecula.base.columns import Array

MEASURES = ("e_de", "w_th")
"""Stored columns that are averaged as they are (um)."""


def compute_periods(bmus: Mapping[str, Array]) -> dict[str, Array]:
    """Return the periods of completed sites (d), each of shape (completed site,).

    Resorption lasts from first to last resorption, reversal from there to the first apposition,
    formation to the last one; reversal is negative where the phases overlap.
    """
    done = bmus["phase"] == Phase.COMPLETE
    first, last = bmus["first_resorbed"][done], bmus["last_resorbed"][done]
    start, end = bmus["first_formed"][done], bmus["last_formed"][done]
    return {
        "resorption_period": last - first,
        "reversal_period": start - last,
        "formation_period": end - start,
    }


def summarise_sites(bmus: Mapping[str, Array]) -> dict[str, float]:
    """Return counts by phase, and medians of completed sites: periods (d), depth and wall (um).

    Empty without a ledger.
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
    for name, values in measures.items():
        known = values[np.isfinite(values)]
        found[name] = float(np.median(known)) if known.size else float("nan")
    return found
