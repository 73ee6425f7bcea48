"""A run's results in memory: series with their attributes, sites, counts, provenance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError


@dataclass(frozen=True)
class Series:
    """One quantity over time.

    Parameters
    ----------
    values
        Shape (time,), in `unit`; NaN where a costly metric was not measured.
    unit
        Unit of the values, ``1`` for none.
    symbol
        Symbol of the quantity, ASBMR's where there is one.
    long_name
        The quantity in words.
    interval
        Interval at which it is measured (d).
    """

    values: Array
    unit: str = "1"
    symbol: str = ""
    long_name: str = ""
    interval: float = 1.0


@dataclass(frozen=True)
class Results:
    """What one ``results.h5`` holds, without its snapshots.

    Parameters
    ----------
    path
        The file.
    time
        Shape (time,), d; negative in the last days of spin-up, which are the baseline.
    series, hormones
        Series by key, all as long as `time`.
    bmus
        The site ledger, column by column, each of shape (site,).
    events
        Cumulative counts by name since spin-up began, each as long as `time`.
    snapshots
        Times of the snapshots, shape (snapshot,), d.
    provenance
        Versions, seed, configuration and whatever else the writer stored, as text or numbers.
    """

    path: Path
    time: Array
    series: Mapping[str, Series]
    hormones: Mapping[str, Series] = field(default_factory=dict)
    bmus: Mapping[str, Array] = field(default_factory=dict)
    events: Mapping[str, Array] = field(default_factory=dict)
    snapshots: Array = field(default_factory=lambda: np.zeros(0))
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def get(self, key: str) -> Series:
        """Return a series.

        Raises
        ------
        ResultsError
            If there is no such series; the message lists those that exist.
        """
        if key in self.series:
            return self.series[key]
        msg = f"{self.path}: no series {key!r}; it has {', '.join(sorted(self.series))}"
        raise ResultsError(msg)

    @property
    def duration(self) -> float:
        """Last time in the series (d)."""
        return float(self.time[-1]) if len(self.time) else 0.0
