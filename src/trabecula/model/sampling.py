"""One row of every series from one state."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from trabecula.base.codes import FULL, HALF
from trabecula.fields import measure_fields
from trabecula.mechanics import measure_loading
from trabecula.model.metrics import METRICS
from trabecula.morphometry import compute_largest_component_share, measure_structure
from trabecula.morphometry.histomorphometry import Table, measure_histomorphometry
from trabecula.morphometry.history import History
from trabecula.state import State

BASELINE_SPAN = 90.0
"""Days before day 0 that are the baseline of every percent."""


class Sampler:
    """Measures states one after another; remembers ledger totals, for rates, and the baseline.

    Parameters
    ----------
    parameters
        The parameter table.
    memory
        What :meth:`to_memory` of an earlier sampler gave, to go on from there.
    """

    def __init__(self, parameters: Table, memory: Mapping[str, Any] | None = None) -> None:
        self._parameters = parameters
        known = memory or {}
        self.history = History(known.get("history"))
        self.baseline: dict[str, float] = dict(known.get("baseline", {}))

    def to_memory(self) -> dict[str, Any]:
        """Return what the next sample depends on, besides the state, as plain numbers."""
        return {"history": self.history.to_rows(), "baseline": self.baseline}

    def sample(self, state: State, costly: bool) -> dict[str, float]:
        """Measure `state`, each metric in its unit; the `costly` ones too if asked for."""
        self.history.add(state)
        if state.clock.time <= 0:
            self._set_baseline(state)
        row = measure_histomorphometry(state, self.history, self._parameters)
        if costly:
            row |= sample_structure(state)
        row |= measure_fields(state, self._parameters)
        row |= measure_loading(state, self._parameters)
        for name in ("resorption", "formation"):
            base = self.baseline.get(name, 0.0)
            after = state.clock.time > 0 and base > 0
            row[f"{name}_percent"] = 100.0 * row[f"{name}_rate"] / base if after else math.nan
        return row

    def _set_baseline(self, state: State) -> None:
        window = self.history.compute_window(BASELINE_SPAN)
        if window is not None:
            quantum = state.grid.voxel_volume / FULL
            self.baseline = {
                "resorption": window.resorbed * quantum / window.time,
                "formation": window.formed * quantum / window.time,
            }


def sample_structure(state: State) -> dict[str, float]:
    """Measure thickness, connectivity and the like, and the largest component's share."""
    grid = state.grid
    fraction = state.lattice.matrix.astype(np.float32) / np.float32(FULL)
    row = measure_structure(fraction, grid.voxel, grid.periodic, True)
    mask = state.lattice.matrix >= HALF
    row["component_share"] = compute_largest_component_share(mask, grid.periodic)
    return {key: row[key] for key in row if METRICS[key].costly}
