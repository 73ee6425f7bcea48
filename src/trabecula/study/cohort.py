"""The runs of a virtual population, read back by point, draw, patient and life."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trabecula.analysis import Results, load_results
from trabecula.analysis.arms import DRAW, PATIENT, Arm, group_runs
from trabecula.analysis.sampling import TOTALS, choose_window, compute_rate
from trabecula.analysis.windows import compute_start
from trabecula.base.columns import Array
from trabecula.base.errors import InputError, ResultsError
from trabecula.config.marginals import describe_distribution
from trabecula.config.sweeps import describe_changes
from trabecula.study.design import POPULATION, Point
from trabecula.study.manifest import Entry, read_header, read_manifest
from trabecula.study.merged import UNCERTAIN, VARIES
from trabecula.study.worker import SUMMARY, read_json

if TYPE_CHECKING:
    from trabecula.config.sweeps import Sweep

LEVEL, CHANGE, OF_BASELINE = "level", "change", "of_baseline"
"""What a series is read as: itself, its change since day 0 (%), or % of its baseline."""

SAME = 1e-6
"""Times closer than this (d) are the same."""


def describe_population(sweep: "Sweep", points: Sequence[Point]) -> dict[str, Any]:
    """Return what whoever reads a sweep must know of its population; nothing if it has none."""
    settings = sweep.settings.population
    if settings is None:
        return {}
    own = {*settings.varies, "lattice.seed"}
    rows = settings.uncertain.rows if settings.uncertain is not None else {}
    labels: dict[int, str] = {}
    for point in points:
        if point.who is not None and point.who.point not in labels:
            given = {k: v for k, v in point.parameters.items() if k not in own and k not in rows}
            labels[point.who.point] = describe_changes(given)
    return {
        "patients": settings.patients, "lives": settings.lives,
        "draws": 0 if settings.uncertain is None else settings.uncertain.draws,
        "seed": settings.seed, "structures": settings.structures,
        "varies": {key: describe_distribution(one) for key, one in settings.varies.items()},
        "uncertain": {key: describe_distribution(one) for key, one in rows.items()},
        "points": list(labels.values()),
        "series": list(sweep.table.series) if sweep.table is not None else [],
        "every": sweep.table.every if sweep.table is not None else 30.0,
    }  # fmt: skip


def list_roles(population: dict[str, Any]) -> dict[str, str]:
    """Return what each drawn key is, for the merged table."""
    roles = dict.fromkeys(population.get("varies", ()), VARIES)
    roles |= dict.fromkeys(population.get("uncertain", ()), UNCERTAIN)
    if population:
        is_own = population["structures"] == "own"
        words = (
            "seed of the patient's structure" if is_own else "seed of the structure that all share"
        )
        roles["lattice.seed"] = words
    return roles


@dataclass(frozen=True)
class Cohort:
    """The runs of a virtual population.

    Parameters
    ----------
    out
        Folder of the sweep.
    about
        What :func:`describe_population` wrote.
    entries
        Runs, shape (point, draw, patient, life); None where there is none. Draw 0 has the table's own
        parameters.
    """

    out: Path
    about: dict[str, Any]
    entries: Array

    @property
    def labels(self) -> list[str]:
        """Points of the design in words."""
        return list(self.about["points"])

    @property
    def series(self) -> list[str]:
        """Series that the sweep tabulates; bone volume if it names none."""
        return list(self.about["series"]) or ["bv_tv"]

    @property
    def every(self) -> float:
        """Interval (d) of its tables of series."""
        return float(self.about["every"])

    def read_outcomes(self) -> dict[str, Array]:
        """Return every outcome of ``runs.csv``, in its own unit, shape (point, draw, patient, life)."""
        found: dict[str, Array] = {}
        for place, entry in np.ndenumerate(self.entries):
            if entry is None or entry.status != "done":
                continue
            for name, value in read_json(self.out / entry.folder / SUMMARY).items():
                if isinstance(value, int | float) and name != "days":
                    blank = np.full(self.entries.shape, np.nan)
                    found.setdefault(name, blank)[place] = value
        return found

    def read_series(self, key: str, every: float) -> tuple[Array, dict[str, Array]]:
        """Return a series of every run after day 0, each moment the first of an interval.

        Parameters
        ----------
        every
            The interval (d).

        Returns
        -------
        tuple
            Times (d), shape (time,); and by what it is read as (:data:`LEVEL`, :data:`CHANGE` or
            :data:`OF_BASELINE`) the values in the unit of the series or %, shape (point, draw,
            patient, life, time), NaN where nothing was measured.

        Raises
        ------
        ResultsError
            If a run has no such series.
        """
        courses: dict[tuple[int, ...], dict[str, Array]] = {}
        last = 0.0
        for place, entry in np.ndenumerate(self.entries):
            if entry is None or entry.status != "done":
                continue
            try:
                results = load_results(self.out / entry.folder)
            except ResultsError:  # taken away since
                continue
            last = max(last, float(results.time[-1]))
            courses[place] = {"time": results.time, **_read_course(results, key)}
        grid = np.arange(0.0, last + SAME, every) if courses else np.zeros(0)
        kinds = [OF_BASELINE] if key in TOTALS else [LEVEL, CHANGE]
        values = {kind: np.full((*self.entries.shape, len(grid)), np.nan) for kind in kinds}
        for place, course in courses.items():
            rows = np.searchsorted(course["time"], grid - SAME)
            there = rows < len(course["time"])
            there[there] = course["time"][rows[there]] < grid[there] + every - SAME
            for kind in kinds:
                values[kind][place][there] = course[kind][rows[there]]
        return grid, values


def _read_course(results: Results, key: str) -> dict[str, Array]:
    """Return a series by what it is read as, each of shape (time,)."""
    if key in TOTALS:
        return {OF_BASELINE: compute_rate(results, key, choose_window(results)).percent}
    values = results.get(key).values
    start = compute_start(results, key)
    return {LEVEL: values, CHANGE: 100.0 * (values / start - 1.0) if start else values * np.nan}


def load_cohort(out: Path) -> Cohort:
    """Read the folder of a sweep with a virtual population.

    Raises
    ------
    InputError
        If it is none.
    """
    header, entries = read_manifest(out)
    about = header.get(POPULATION) or {}
    if not about:
        what = f"a sweep {header['sweep']!r} without a population" if header else "no sweep"
        msg = f"{out}: found {what}; allowed: the folder of a sweep with a block population"
        raise InputError(msg)
    shape = (len(about["points"]), about["draws"] + 1, about["patients"], about["lives"])
    grid = np.full(shape, None, dtype=object)
    for entry in entries:
        who = entry.who
        grid[who["point"], who["draw"], who["patient"] - 1, who["life"] - 1] = entry
    return Cohort(out, about, grid)


def is_population(out: Path) -> bool:
    """Whether a folder is that of a sweep with a virtual population."""
    return out.is_dir() and bool(read_header(out).get(POPULATION))


def group_patients(places: Sequence[Path], runs: Sequence[Results]) -> list[Arm]:
    """Return runs by arm: those of a virtual population by the point of its design.

    Runs under draws of the uncertain parameters are arms of their own.

    Parameters
    ----------
    places
        Where the runs were looked for.
    """
    if len(places) != 1 or not is_population(places[0]):
        return group_runs(runs)
    cohort = load_cohort(places[0])
    known: dict[str, Entry] = {one.folder: one for one in cohort.entries.flat if one is not None}
    arms: dict[tuple[str, str], list[tuple[Results, int]]] = {}
    for run in runs:
        entry = known.get(run.path.parent.name)
        if entry is not None:
            label, kind = cohort.labels[entry.who["point"]], PATIENT
            if entry.who["draw"]:
                label, kind = f"{label}, uncertain parameters", DRAW
            arms.setdefault((label, kind), []).append((run, entry.who[kind]))
    return [
        Arm(label, tuple(run for run, _ in found), kind, tuple(number for _, number in found))
        for (label, kind), found in arms.items()
    ]
