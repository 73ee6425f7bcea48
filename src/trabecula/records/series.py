"""Time series in a results file: all as long as the clock, NaN where nothing was measured."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

CHUNK = 1024


@dataclass(frozen=True)
class Metric:
    """What a series means.

    Parameters
    ----------
    symbol
        Symbol for plots, ASBMR's where there is one.
    long_name
        Words for it.
    unit
        Unit of the stored numbers.
    interval
        Time between measurements (d); NaN stands between.
    """

    symbol: str
    long_name: str
    unit: str
    interval: float


@dataclass
class Rows:
    """Rows that wait for the next commit.

    Parameters
    ----------
    times
        Times (d).
    values
        One mapping per row, metric to number.
    hormones
        One mapping per row, hormone to level.
    events
        One mapping per row, event to cumulative count.
    """

    times: list[float] = field(default_factory=list)
    values: list[Mapping[str, float]] = field(default_factory=list)
    hormones: list[Mapping[str, float]] = field(default_factory=list)
    events: list[Mapping[str, int]] = field(default_factory=list)

    def clear(self) -> None:
        """Forget the rows."""
        for part in (self.times, self.values, self.hormones, self.events):
            part.clear()


def insist_on_one_length(group: Any) -> None:
    """Insist that the columns of a table are as long as one another.

    Raises
    ------
    ValueError
        If they are not; whoever opened the file says that it is damaged.
    """
    lengths = {key: column.shape[0] for key, column in group.items()}
    if len(set(lengths.values())) > 1:
        msg = f"{group.name}: columns of unequal length: {lengths}"
        raise ValueError(msg)


def make_series(group: Any, metrics: Mapping[str, Metric]) -> None:
    """Make a group of empty series on a clock of its own, as netCDF readers expect."""
    _make_clock(group)
    for key, metric in metrics.items():
        dataset = _make_column(group, key, "f8", 0)
        dataset.attrs["unit"] = metric.unit
        dataset.attrs["symbol"] = metric.symbol
        dataset.attrs["long_name"] = metric.long_name
    set_intervals(group, metrics)


def set_intervals(group: Any, metrics: Mapping[str, Metric]) -> None:
    """Say how far apart series are measured from here on: a branch may measure more seldom.

    The clock's own is that of what is measured most often.
    """
    for key, metric in metrics.items():
        group[key].attrs["interval"] = float(metric.interval)
    if metrics:
        group["time"].attrs["interval"] = min(float(one.interval) for one in metrics.values())


def _make_clock(group: Any) -> None:
    clock = group.create_dataset(
        "time", (0,), "f8", chunks=(CHUNK,), maxshape=(None,), fletcher32=True
    )
    clock.make_scale("time")
    clock.attrs["unit"] = "d"
    clock.attrs["symbol"] = "t"
    clock.attrs["long_name"] = "time since day 0"


def _make_column(group: Any, key: str, dtype: str, length: int) -> Any:
    dataset = group.create_dataset(
        key, (length,), dtype, chunks=(CHUNK,), maxshape=(None,), fletcher32=True
    )
    dataset.dims[0].attach_scale(group["time"])
    return dataset


def make_events(group: Any) -> None:
    """Make the group of cumulative counts; a count gets its column when it first appears."""
    _make_clock(group)


def append(dataset: Any, values: Any) -> None:
    """Add rows at the end of a resizable dataset."""
    count = len(values)
    dataset.resize(dataset.shape[0] + count, axis=0)
    if count:
        dataset[-count:] = values


def append_series(group: Any, times: list[float], rows: list[Mapping[str, float]]) -> None:
    """Add one number per row to every series of `group`; NaN where a row lacks the metric.

    Parameters
    ----------
    times
        Days (d), one for each row.
    rows
        Numbers by metric, in its unit.

    Raises
    ------
    KeyError
        If a row names a metric that the group does not have.
    """
    columns = [key for key in group if key != "time"]
    strange = {key for row in rows for key in row} - set(columns)
    if strange:
        msg = f"{group.name}: no such series: {', '.join(sorted(strange))}"
        raise KeyError(msg)
    append(group["time"], times)
    for key in columns:
        append(group[key], np.array([float(row.get(key, math.nan)) for row in rows]))


def append_events(group: Any, times: list[float], rows: list[Mapping[str, int]]) -> None:
    """Add one cumulative count per row to every event; an event unheard of before counts 0.

    Parameters
    ----------
    times
        Days (d), one for each row.
    """
    before = group["time"].shape[0]
    for name in sorted({key for row in rows for key in row} - set(group)):
        dataset = _make_column(group, name, "i8", before)
        dataset.attrs["unit"] = "1"
        dataset.attrs["long_name"] = f"{name.replace('_', ' ')}, cumulative since spin-up began"
    append(group["time"], times)
    for name in [key for key in group if key != "time"]:
        append(group[name], np.array([row.get(name, 0) for row in rows], dtype=np.int64))
