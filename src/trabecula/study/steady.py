"""An untouched bone as a trial of its own: does it keep its volume, is its remodelling lifelike?"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from trabecula.analysis import compute_window_mean
from trabecula.base.errors import ConfigError, Problem
from trabecula.config.calibrations import Calibration
from trabecula.config.marks import to_dotted
from trabecula.config.names import find_nearest
from trabecula.config.shipped import PACKAGE, load_shipped
from trabecula.model.metrics import METRICS
from trabecula.study.complaints import is_window
from trabecula.study.loss import DRIFT
from trabecula.study.panel import Arm, Endpoint, Trial
from trabecula.study.pool import SITES, Pool
from trabecula.study.terms import Observer, Term, When

STEADY, ARM = "steady", "untouched"
ANCHORS = "anchors"
TABLE = PACKAGE / "study" / "anchors.yaml"
"""Bands of a healthy adult's bone, with their sources."""

YEAR = 365.25


def load_anchor_table() -> dict[str, dict[str, Any]]:
    """Return the program's anchors by name: band, source."""
    found: dict[str, dict[str, Any]] = load_shipped(TABLE).data
    return found


def read_anchors(calibration: Calibration) -> dict[str, tuple[float, float]]:
    """Return the bands of the anchors that a calibration asks for, each in its metric's unit.

    Raises
    ------
    ConfigError
        If one is not measured, or its band is none; all mistakes at once.
    """
    given = calibration.settings.anchors
    table = load_anchor_table()
    if given is None:
        return {}
    if given == "table":
        return {name: tuple(row["band"]) for name, row in table.items()}
    known = [*SITES, *(key for key, metric in METRICS.items() if not metric.costly)]
    problems, found = [], {}

    def refuse(path: tuple[str, ...], what: str, allowed: str, hint: str = "") -> None:
        where = calibration.find(*path)
        problems.append(Problem(where, to_dotted(path), what, allowed, hint))

    if not isinstance(given, dict) or not given:
        refuse(
            (ANCHORS,),
            repr(given),
            "table, or metrics with their bands, such as {turnover: [11, 30]}",
        )
    for name, band in given.items() if isinstance(given, dict) else ():
        if name not in known:
            refuse(
                (ANCHORS, name),
                f"unknown metric '{name}'",
                ", ".join(known),
                find_nearest(name, known),
            )
        elif band == "table" and name in table:
            found[name] = tuple(table[name]["band"])
        elif not is_window(band):
            refuse((ANCHORS, name), repr(band), f"[low, high], or table for {', '.join(table)}")
        else:
            found[name] = (float(band[0]), float(band[1]))
    if problems:
        raise ConfigError(problems)
    return found


def make_steady_trial(
    anchors: Mapping[str, tuple[float, float]], limit: float, days: float
) -> Trial:
    """Return the trial in which nothing is done to a replete young woman's bone.

    Parameters
    ----------
    anchors
        Bands by metric, in the metric's unit.
    limit
        Drift of bone volume that is allowed (%/yr).
    days
        How long it is lived (d).
    """
    ends = [
        Endpoint(name, Term(_make_mean(name, days), (ARM,), name), "", band, False, "")
        for name, band in anchors.items()
    ]
    drift = Term(_make_drift(days), (ARM,), "drift of BV/TV (%/yr)")
    ends.append(Endpoint(DRIFT, drift, "", (-limit, limit), False, ""))
    arm = Arm(ARM, {}, {}, {})
    title = "An untouched young adult's bone"
    return Trial(STEADY, title, "", "female", 30.0, days, (arm,), tuple(ends), ())


def _make_mean(name: str, days: float) -> Any:
    """Return a function of the runs: a metric's mean over all days and bones, in its unit."""
    if name in SITES:
        return lambda observer: observer.observe(name, ARM, When(days / 2.0, days))

    def compute(observer: Observer) -> float:
        runs = cast("Pool", observer).get_runs(ARM)
        means = [compute_window_mean(run.time, run.get(name).values, 0.0, days) for run in runs]
        return float(np.mean(means)) if means else float("nan")

    return compute


def _make_drift(days: float) -> Any:
    """Return a function of the runs: the change of bone volume, all bones as one (%/yr)."""

    def compute(observer: Observer) -> float:
        gain = observer.observe("bvtv_pct", ARM, When(days))
        return gain * YEAR / days

    return compute
