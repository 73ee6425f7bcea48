"""Read the arms that ``study.py`` left, and average them over windows and seeds."""

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from trabecula.base.codes import Phase

YEAR = 365.25


@dataclass(frozen=True)
class Run:
    """One arm of one bone."""

    path: Path

    @property
    def arm(self) -> str:
        """Name of the arm."""
        return self.path.stem.rpartition("-")[0]

    @property
    def seed(self) -> int:
        """Seed of the bone."""
        return int(self.path.stem.rpartition("-")[2])

    @cached_property
    def data(self) -> dict[str, np.ndarray]:
        """All arrays of the file."""
        with np.load(self.path) as file:
            return dict(file)

    @cached_property
    def day(self) -> np.ndarray:
        """Days of the daily rows."""
        return self.count("day")

    def count(self, name: str) -> np.ndarray:
        """Return a daily column."""
        names = self.data["columns"].tolist()
        column: np.ndarray = self.data["daily"][:, names.index(name)]
        return column

    def at(self, name: str, day: float) -> float:
        """Return a daily column at `day`, or at the last day before."""
        row = max(0, int(np.searchsorted(self.day, day, side="right")) - 1)
        return float(self.count(name)[row])

    def mean(self, name: str, start: float, end: float) -> float:
        """Return the mean of a daily column over start < day <= end."""
        chosen = (self.day > start) & (self.day <= end)
        return float(self.count(name)[chosen].mean())

    def gain(self, name: str, start: float, end: float) -> float:
        """Return what a cumulative column grew by, per day."""
        return (self.at(name, end) - self.at(name, start)) / (end - start)

    @cached_property
    def series_day(self) -> np.ndarray:
        """Days of the fortnightly series."""
        return self.data["series_day"]

    def series(self, name: str, start: float = -math.inf, end: float = math.inf) -> float:
        """Return the mean of a fortnightly series over start < day <= end; NaN if none."""
        values = self.data[f"series_{name}"]
        chosen = values[(self.series_day > start) & (self.series_day <= end)]
        chosen = chosen[np.isfinite(chosen)]
        return float(chosen.mean()) if chosen.size else math.nan

    def bv_percent(self, day: float, start: float = 0.0) -> float:
        """Return the change (%) of BV/TV from `start` to `day`."""
        return 100.0 * (self.at("bone", day) / self.at("bone", start) - 1.0)

    def turnover(self, start: float, end: float) -> float:
        """Return turnover (%/yr): mean of formed and resorbed over bone."""
        rate = 0.5 * (self.gain("formed", start, end) + self.gain("resorbed", start, end))
        return 100.0 * YEAR * rate / self.mean("bone", start, end)

    def effective_gain(self, start: float, end: float) -> float:
        """Return matrix formed per factor released or granted."""
        came = self.gain("released", start, end) + self.gain("granted", start, end)
        return self.gain("formed", start, end) / came

    def theory_gain(self, start: float, end: float) -> float:
        """Return matrix formed per factor released: the g of dB/dt = T (g - 1) B."""
        return self.gain("formed", start, end) / self.gain("released", start, end)

    def sites(self, start: float, end: float) -> dict[str, np.ndarray]:
        """Return the rows of sites completed in start < day <= end."""
        table = {key[6:]: v for key, v in self.data.items() if key.startswith("sites_")}
        done = (
            (table["phase"] == Phase.COMPLETE) & (table["ended"] > start) & (table["ended"] <= end)
        )
        return {key: values[done] for key, values in table.items()}


def read_runs(folder: Path, arm: str) -> list[Run]:
    """Return the runs of an arm, by seed."""
    runs = [Run(path) for path in folder.glob(f"{arm}-*.npz")]
    return sorted((run for run in runs if run.arm == arm), key=lambda run: run.seed)


def summarise(values: Iterable[float]) -> tuple[float, float]:
    """Return mean and standard error (0 for one value)."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return math.nan, math.nan
    error = statistics.stdev(known) / math.sqrt(len(known)) if len(known) > 1 else 0.0
    return statistics.mean(known), error


def average(runs: list[Run], what: Callable[[Run], float]) -> tuple[float, float]:
    """Return mean and standard error of a number over runs."""
    return summarise(what(run) for run in runs)


def weigh(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return weighted mean and standard deviation of the finite values."""
    known = np.isfinite(values)
    if not known.any():
        return math.nan, math.nan
    v, w = values[known], weights[known]
    mean = float(np.average(v, weights=w))
    return mean, float(np.sqrt(np.average((v - mean) ** 2, weights=w)))
