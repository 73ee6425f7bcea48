"""From the folder of a sweep to what each key of its design does to an outcome."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import InputError
from trabecula.config.names import find_nearest
from trabecula.study.manifest import Entry, read_manifest
from trabecula.study.sensitivity import (
    compute_effects,
    compute_shares,
    draw_blocks,
    draw_trajectories,
)
from trabecula.study.worker import SUMMARY, read_json

if TYPE_CHECKING:
    from trabecula.config.sweeps import Sweep


@dataclass(frozen=True)
class Sensitivity:
    """What each key does to an outcome.

    Parameters
    ----------
    kind
        ``morris`` or ``sobol_indices``.
    metric
        The outcome: a column of ``runs.csv``.
    keys
        Keys of the configuration, with the range of each.
    indices
        Each of shape (key,): see :func:`compute_effects` and :func:`compute_shares`.
    runs
        Runs that were counted, replicates with them.
    noise
        Standard error of a point's mean over its replicates (unit of the outcome); NaN with one seed.
    """

    kind: str
    metric: str
    keys: dict[str, tuple[float, float]]
    indices: dict[str, Array]
    runs: int
    noise: float

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a mapping for each key, the strongest first."""
        main = "mu_star" if self.kind == "morris" else "total"
        order = np.argsort(-np.nan_to_num(self.indices[main]), kind="stable")
        keys = list(self.keys.items())
        return [
            {
                "key": keys[i][0], "low": keys[i][1][0], "high": keys[i][1][1],
                **{name: float(values[i]) for name, values in self.indices.items()},
            }
            for i in order
        ]  # fmt: skip


def describe_design(sweep: "Sweep") -> dict[str, Any]:
    """Return what an analysis must know of a design of sensitivity; nothing of another."""
    settings = sweep.settings
    for kind in ("morris", "sobol_indices"):
        box = getattr(settings, kind)
        if box is not None:
            return {
                "kind": kind, "seeds": max(1, len(settings.seeds)),
                **box.model_dump(mode="json"),
            }  # fmt: skip
    return {}


def compute_sensitivity(out: Path, metric: str) -> Sensitivity:
    """Compute what each key of a sweep does to an outcome.

    Parameters
    ----------
    out
        Folder of a sweep with a design ``morris`` or ``sobol_indices``.
    metric
        Column of its ``runs.csv``, such as bv_tv_change.

    Raises
    ------
    InputError
        If there is no such sweep, design or column, or too few runs are done.
    """
    header, entries = read_manifest(out)
    design = header.get("design") or {}
    if not design:
        what = f"a sweep {header['sweep']!r} without" if header else "no sweep with"
        msg = f"{out}: found {what} a design of sensitivity; allowed: one with morris or sobol_indices"
        raise InputError(msg)
    replicates = _read_values(out, entries, metric).reshape(-1, design["seeds"])
    known = np.isfinite(replicates)
    counts = known.sum(axis=1)
    sums = np.where(known, replicates, 0.0).sum(axis=1)
    whole = counts == design["seeds"]  # a mean over other seeds than the rest would be an effect
    values = np.where(whole, sums / np.maximum(counts, 1), np.nan)
    dimensions = len(design["ranges"])
    if design["kind"] == "morris":
        points = draw_trajectories(
            dimensions, design["trajectories"], design["levels"], design["seed"]
        )
        indices = compute_effects(points, values, design["levels"])
    else:
        points = draw_blocks(dimensions, design["blocks"], design["seed"])
        indices = compute_shares(points, values)
    keys = {key: (limits["low"], limits["high"]) for key, limits in design["ranges"].items()}
    noise = float("nan")
    if design["seeds"] > 1 and whole.any():
        spread = replicates[whole].var(axis=1, ddof=1).mean()
        noise = float(np.sqrt(spread / design["seeds"]))
    return Sensitivity(design["kind"], metric, keys, indices, int(known.sum()), noise)


def _read_values(out: Path, entries: list[Entry], metric: str) -> Array:
    """Return an outcome of every run; NaN where it is not known."""
    names: dict[str, None] = {}
    values = np.full(len(entries), np.nan)
    for index, entry in enumerate(sorted(entries, key=lambda entry: entry.run)):
        row = read_json(out / entry.folder / SUMMARY) if entry.status == "done" else {}
        names |= dict.fromkeys(row)
        value = row.get(metric)
        values[index] = np.nan if value is None else value
    if metric not in names:
        hint = find_nearest(metric, list(names)) or f"columns of {out / 'runs.csv'}"
        msg = f"--metric: found {metric!r}; allowed: an outcome of the runs that are done; {hint}"
        raise InputError(msg)
    return values
