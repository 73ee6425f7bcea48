"""The tables of a virtual population: predictive intervals, courses, and parts of the variance."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.study.cohort import Cohort
from trabecula.study.forecast import (
    BOTH,
    PATIENTS,
    Course,
    list_sides,
    list_spreads,
    predict_series,
)
from trabecula.study.merged import Column, describe_column, write_table
from trabecula.study.predictive import SHARES, Prediction, find_cover, predict
from trabecula.study.variance import Parts, estimate_shares, split_variance

INTERVALS, COURSES, VARIANCE = "predictive", "predictive_series", "variance"
"""Names of the tables."""


def tabulate_intervals(cohort: Cohort, outcomes: dict[str, Array]) -> list[dict[str, Any]]:
    """Return a mapping for each outcome, side and spread: the rows of ``predictive.csv``.

    Parameters
    ----------
    outcomes
        Each of shape (point, draw, patient, life), in its own unit.
    """
    rows = []
    for name, values in outcomes.items():
        unit = describe_column(name).unit
        for side in list_sides(cohort):
            for spread, part in list_spreads(side.take(values)):
                found = predict(part)
                rows.append({
                    **side._asdict(), "outcome": name, "unit": unit, "spread": spread,
                    **_to_numbers(found, ()),
                    **_to_cover(found, len(part) if spread == BOTH else None),
                })  # fmt: skip
    return rows


def _to_numbers(found: Prediction, at: tuple[int, ...]) -> dict[str, Any]:
    names = (f"q{round(100 * share):02d}" for share in SHARES)
    numbers = (_to_plain(float(part[at])) for part in found.quantiles)
    return {
        "patients": int(found.patients[at]), "left_out": int(found.left_out[at]),
        **dict(zip(names, numbers, strict=True)),
    }  # fmt: skip


def _to_cover(found: Prediction, draws: int | None) -> dict[str, float]:
    count = int(found.patients)
    return {f"covers_{asked}": find_cover(asked / 100, count, draws) for asked in (50, 90)}


def tabulate_variance(cohort: Cohort, outcomes: dict[str, Array]) -> list[dict[str, Any]]:
    """Return a mapping for each outcome and side: the rows of ``variance.csv``.

    Parameters
    ----------
    outcomes
        Each of shape (point, draw, patient, life), in its own unit.
    """
    rows = []
    for name, values in outcomes.items():
        unit = describe_column(name).unit
        for side in list_sides(cohort):
            part = list(list_spreads(side.take(values)))[-1][1]
            whole = np.isfinite(part).all(axis=(0, 2))
            kept = part[:, whole]
            shares, errors = estimate_shares(kept)
            total = split_variance(kept).total
            rows.append({
                **side._asdict(), "outcome": name, "unit": unit, "n_patients": int(whole.sum()),
                "n_draws": len(part) if len(cohort.entries[0]) > 1 else 0, "n_lives": part.shape[2],
                "sd": _to_plain(np.sqrt(total)),
                **{n: _to_plain(value) for n, value in shares._asdict().items()},
                **{f"{n}_error": _to_plain(value) for n, value in errors._asdict().items()},
            })  # fmt: skip
    return rows


def _to_plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


SIDE = (
    Column("point", int, "1", "point of the design, from 0"),
    Column("label", str, "", "the point in words"),
    Column("against", str, "", "the point that is subtracted, patient by patient"),
)
SPREAD = Column(
    "spread", str, "", f"{PATIENTS}: with the table's parameters; {BOTH}: over draws too"
)
COUNTED = (
    Column("patients", int, "1", "patients that were counted"),
    Column("left_out", int, "1", "patients without it, or with a run that is missing"),
    *(Column(f"q{round(100 * share):02d}", float, "as the row says", f"quantile {share:g}")
      for share in SHARES),
)  # fmt: skip
COVER = tuple(
    Column(f"covers_{n}", float, "1", f"share of new patients that the {n} % interval should hold")
    for n in (50, 90)
)
OUTCOME = (Column("outcome", str, "", "column of runs.csv"), Column("unit", str, "", "its unit"))
LAID = tuple(
    Column(f"n_{n}", int, "1", f"{n} that were counted") for n in ("patients", "draws", "lives")
)
SHARED = tuple(
    Column(f"{part}{ending}", float, "1", f"{words}{part}")
    for ending, words in (
        ("", "share of the variance: "),
        ("_error", "standard error of the share: "),
    )
    for part in Parts._fields
)
TABLES: dict[str, tuple[Column, ...]] = {
    INTERVALS: (*SIDE, *OUTCOME, SPREAD, *COUNTED, *COVER),
    VARIANCE: (*SIDE, *OUTCOME, *LAID,
        Column("sd", float, "as the row says", "of a new life of a new patient"), *SHARED,
    ),
    COURSES: (
        *SIDE, Column("series", str, "", "key of /series"),
        Column("kind", str, "", "as it is, change since day 0 (%), or % of the baseline"),
        OUTCOME[1], SPREAD, Column("time", float, "d", "days after day 0"), *COUNTED,
    ),
}  # fmt: skip
"""Columns of the tables."""


def write_forecast(cohort: Cohort, courses: Sequence[Course] | None = None) -> list[str]:
    """Write ``predictive``, ``variance`` and ``predictive_series`` as CSV, and Parquet if it can be had.

    Parameters
    ----------
    courses
        Of which series; those that the sweep tabulates if None.

    Returns
    -------
    list of str
        Names of the files.
    """
    outcomes = cohort.read_outcomes()
    if not outcomes:
        return []
    if courses is None:
        courses = predict_series(cohort, cohort.series, cohort.every)
    tables: dict[str, list[dict[str, Any]]] = {
        INTERVALS: tabulate_intervals(cohort, outcomes),
        VARIANCE: tabulate_variance(cohort, outcomes),
        COURSES: tabulate_courses(courses),
    }
    written = []
    for name, rows in tables.items():
        columns = TABLES[name]
        for ending in ("csv", "parquet") if find_spec("pyarrow") else ("csv",):
            path = cohort.out / f"{name}.{ending}"
            write_table(path, columns, ([row[c.name] for c in columns] for row in rows))
            written.append(path.name)
    return written


def tabulate_courses(courses: Sequence[Course]) -> list[dict[str, Any]]:
    """Return a mapping for each moment: the rows of ``predictive_series.csv``."""
    return [
        {
            **course.side._asdict(), "series": course.key, "kind": course.kind,
            "unit": course.unit, "spread": course.spread, "time": float(time),
            **_to_numbers(course.prediction, (index,)),
        }
        for course in courses
        for index, time in enumerate(course.time)
    ]  # fmt: skip
