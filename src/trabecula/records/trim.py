"""Taking a results file back to a moment, as if nothing had been written after it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from trabecula.base.columns import Array

type IsKept = Callable[[float], bool]


def trim_results(file: Any, is_row: IsKept, is_snapshot: IsKept) -> None:
    """Drop rows and snapshots of an open results file.

    Parameters
    ----------
    file
        An HDF5 file open for writing.
    is_row, is_snapshot
        Whether the row, or the snapshot, at a time (d) stays.
    """
    for name in ("series", "hormones", "events"):
        group = file[name]
        kept = _find_kept(group["time"], is_row)
        for key in group:
            _keep(group[key], kept)
    _trim_snapshots(file, is_snapshot)


def _find_kept(time: Any, is_kept: IsKept) -> Array:
    return np.array([bool(is_kept(float(t))) for t in time[...]], dtype=bool)


def _keep(dataset: Any, kept: Array) -> None:
    if kept.all():
        return
    values = dataset[...][kept]
    dataset.resize(len(values), axis=0)
    dataset[...] = values


def _trim_snapshots(file: Any, is_snapshot: IsKept) -> None:
    """Drop snapshots; those to be dropped are the last ones, so the rows of cells are cut off."""
    group = file["snapshots"]
    kept = _find_kept(group["time"], is_snapshot)
    if kept.all():
        return
    if not kept.any() and "cells" in group:
        for name in [name for name in ("cells", "fields", "sed") if name in group]:
            del group[name]
    for name in list(group):
        if name == "cells":
            _trim_cells(group[name], kept)
        elif name == "fields":
            for key in group[name]:
                _keep(group[name][key], kept)
        else:
            _keep(group[name], kept)
    file["VTKHDF/Steps"].attrs["NSteps"] = int(kept.sum())


def _trim_cells(group: Any, kept: Array) -> None:
    for population in group.values():
        first, count = population["first"][...], population["count"][...]
        rows = [np.arange(a, a + n) for a, n in zip(first[kept], count[kept], strict=True)]
        chosen = np.concatenate([np.zeros(0, int), *rows]).astype(int)
        for name in population:
            if name not in ("first", "count"):
                values = population[name][...][chosen]
                population[name].resize(len(values), axis=0)
                population[name][...] = values
        lengths = count[kept]
        _keep(population["count"], kept)
        _keep(population["first"], kept)
        population["first"][...] = np.concatenate([[0], np.cumsum(lengths)[:-1]])[: len(lengths)]
