"""Results as xarray and pandas know them: units, symbols and names with every number."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trabecula.analysis.arms import Arm, find_parameters, get_seeds
from trabecula.analysis.bands import SAME, merge_times
from trabecula.analysis.results import Results, Series
from trabecula.base.columns import columns_of
from trabecula.base.extras import check_extra
from trabecula.base.layouts import Sites
from trabecula.records.moments import read_moment

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

EXTRA = "analysis"
CLOCK = {"unit": "d", "units": "d", "symbol": "t", "long_name": "time since day 0"}


def _check() -> None:
    check_extra(("xarray", "pandas"), EXTRA, "a table of results")


def _describe(series: Series) -> dict[str, Any]:
    """Return attributes; ``units`` is the name by which xarray's plots find the unit."""
    return {
        "unit": series.unit, "units": series.unit, "symbol": series.symbol,
        "long_name": series.long_name, "interval": series.interval,
    }  # fmt: skip


def to_dataset(results: Results, part: str = "series") -> "xr.Dataset":
    """Return the series of a run over ``time`` (d).

    Parameters
    ----------
    part
        ``series``, ``hormones`` or ``events``.

    Raises
    ------
    MissingError
        If the extra ``analysis`` is not installed.
    """
    _check()
    import xarray as xr

    if part == "events":
        words = {"unit": "1", "units": "1"}
        found = {
            name: ("time", values, {**words, "long_name": name.replace("_", " ")})
            for name, values in results.events.items()
        }
    else:
        source: Mapping[str, Series] = getattr(results, part)
        found = {key: ("time", one.values, _describe(one)) for key, one in source.items()}
    made = xr.Dataset(found, {"time": ("time", results.time, CLOCK)})
    provenance = results.provenance
    made.attrs = {"source": str(results.path)} | {
        key: provenance[key] for key in ("seed", "config_digest") if key in provenance
    }
    return made


def to_site_table(results: Results) -> "pd.DataFrame":
    """Return the site ledger, a row a remodelling site; ``attrs["units"]`` has the unit of each column.

    Raises
    ------
    MissingError
        If the extra ``analysis`` is not installed.
    """
    _check()
    import pandas as pd

    rows = len(next(iter(results.bmus.values()), ()))
    table = pd.DataFrame(dict(results.bmus), index=pd.RangeIndex(1, rows + 1, name="site"))
    table.attrs["units"] = {name: SITE_UNITS[name] for name in table if name in SITE_UNITS}
    table.attrs["source"] = str(results.path)
    return table


SITE_UNITS: dict[str, str] = {
    **{name: spec.unit for name, spec in columns_of(Sites).items()},
    "footprint": "um^2", "e_de": "um", "e_de_max": "um", "w_th": "um",
    "rs_p": "d", "rv_p": "d", "fp": "d",
}  # fmt: skip
"""Unit of every column of the ledger."""


def to_volumes(place: Path, row: int, names: Sequence[str]) -> "xr.Dataset":
    """Return volumes of one snapshot, with the centres of voxels as coordinates (um).

    Fields are stored on blocks of 2 x 2 x 2 voxels, and have coordinates of their own: ``z2, y2, x2``.

    Raises
    ------
    InputError
        If the file has no volume of such a name; the message lists what it has.
    ResultsError
        If the file cannot be read.
    MissingError
        If the extra ``analysis`` is not installed.
    """
    _check()
    import xarray as xr

    moment = read_moment(place, row, names)
    found, axes = {}, {}
    for name, volume in moment.volumes.items():
        ending = "" if volume.values.shape == moment.shape else "2"
        dims = tuple(f"{axis}{ending}" for axis in ("z", "y", "x"))
        words = {"unit": volume.unit, "units": volume.unit, "long_name": volume.long_name}
        found[name] = (dims, volume.values, words)
        for dim, count in zip(dims, volume.values.shape, strict=True):
            centres = (np.arange(count) + 0.5) * volume.voxel
            axes[dim] = (dim, centres, {"unit": "um", "units": "um", "long_name": f"{dim[0]}"})
    made = xr.Dataset(found, {**axes, "time": ((), moment.time, CLOCK)})
    made.attrs = {"voxel_um": moment.voxel, "source": str(place)}
    return made


def to_study_dataset(
    arms: Sequence[Arm], runs: Sequence[Results], keys: Sequence[str] | None = None
) -> "xr.Dataset":
    """Return the series of many runs over ``run`` and ``time`` (d), NaN where a run has no such moment.

    Parameters
    ----------
    arms
        The same runs by arm.
    keys
        Series to take; those that any run has if None.

    Returns
    -------
    xarray.Dataset
        Coordinates of ``run``: ``arm``, ``seed``, ``structure`` (the seed of the bone), ``folder``, and
        every configured key that differs, under its dotted name.

    Raises
    ------
    MissingError
        If the extra ``analysis`` is not installed.
    ResultsError
        If none of the runs has a series of that name.
    """
    _check()
    import xarray as xr

    if keys is None:
        keys = list(dict.fromkeys(key for run in runs for key in run.series))
    time = merge_times([run.time for run in runs])
    found = {}
    for key in keys:
        values = np.full((len(runs), len(time)), np.nan)
        holders = [run for run in runs if key in run.series]
        words = _describe((holders[0] if holders else runs[0]).get(key))
        for row, run in enumerate(runs):
            if key in run.series:
                values[row, np.searchsorted(time, run.time - SAME)] = run.series[key].values
        found[key] = (("run", "time"), values, words)
    labels = {id(run): arm.label for arm in arms for run in arm.runs}
    seeds = [get_seeds(run) for run in runs]
    coordinates: dict[str, Any] = {
        "time": ("time", time, CLOCK),
        "run": ("run", np.arange(len(runs))),
        "arm": ("run", [labels[id(run)] for run in runs]),
        "seed": ("run", [-1 if seed is None else seed for _, seed in seeds]),
        "structure": ("run", [-1 if bone is None else bone for bone, _ in seeds]),
        "folder": ("run", [str(run.path.parent) for run in runs]),
    }
    for key, column in find_parameters(runs).items():
        coordinates[key] = ("run", _to_column(column))
    return xr.Dataset(found, coordinates)


def _to_column(values: Sequence[Any]) -> Any:
    """Return numbers as numbers, anything else as text."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return np.array(values, dtype=float)
    return [str(value) for value in values]
