"""A virtual population that was never lived: manifest and summaries as a sweep would leave them."""

import json
from collections.abc import Callable
from pathlib import Path

from trabecula.config.sweeps import Sweep, load_sweep
from trabecula.study.cohort import describe_population
from trabecula.study.design import Who, list_points
from trabecula.study.manifest import Entry, Manifest

DRAWN = """
population:
  patients: 4
  varies:
    patient.age: {distribution: normal, mean: 60, sd: 5}
    hormones.levels.estradiol: {distribution: lognormal, median: 9, gsd: 1.5}
  correlation: [{between: [patient.age, hormones.levels.estradiol], r: -0.5}]
  uncertain:
    draws: 3
    rows: {cells.parameters.osteoclast.work: range}
"""


def load(folder: Path, text: str) -> Sweep:
    """Load a sweep of a plain base."""
    (folder / "base.yaml").write_text("duration: 30 d\n")
    path = folder / "sweep.yaml"
    path.write_text(f"config: base.yaml\n{text}")
    return load_sweep(path)


def pretend(
    sweep: Sweep,
    out: Path,
    outcome: Callable[[Who], float | None],
    lost: frozenset[Who] = frozenset(),
) -> None:
    """Leave what a sweep would; `lost` runs have failed."""
    points, entries = list_points(sweep), []
    for point in points:
        assert point.who is not None
        status = "failed" if point.who in lost else "done"
        who, folder = point.who._asdict(), f"{point.index:04d}-d"
        entries.append(
            Entry(point.index, folder, "d", point.parameters, point.seed, status, who=who)
        )
        (out / folder).mkdir(parents=True)
        summary = {"days": 30.0, "bv_tv_change": outcome(point.who)}
        (out / folder / "summary.json").write_text(json.dumps(summary))
    header = {"sweep": "s", "population": describe_population(sweep, points)}
    Manifest(out).begin(header, entries)
