"""Before a sweep begins: every point a checked configuration, a folder and a price."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.analysis.expectation import compute_hours
from trabecula.base.errors import ConfigError, InputError, Problem
from trabecula.config.names import find_nearest
from trabecula.model.metrics import METRICS
from trabecula.runner.digest import compute_code_digest, compute_state_digest
from trabecula.runner.specimens import insist_on_specimen
from trabecula.runner.spinup import LEAD, count_phases
from trabecula.study.design import Point, list_points
from trabecula.study.trials import MADE

if TYPE_CHECKING:
    from trabecula.config import Config
    from trabecula.config.sweeps import Sweep

DIGITS = 12
"""Digits of the digest in the name of a folder."""


@dataclass(frozen=True)
class Planned:
    """One run that is to be.

    Parameters
    ----------
    config
        Its configuration; None if it is not valid.
    digest
        What it is made from: configuration and program.
    volume
        Tissue (mm^3).
    error
        Why the configuration is not valid.
    """

    point: Point
    config: "Config | None" = None
    digest: str = ""
    volume: float = 0.0
    error: str = ""

    @property
    def hours(self) -> float:
        """Core-hours (h) it will take if its bone has been spun up before."""
        if self.config is None:
            return 0.0
        lead = min(LEAD, self.config.spin_up + self.config.settle)
        return compute_hours(self.volume, self.config.duration + lead)


def plan_sweep(sweep: "Sweep") -> list[Planned]:
    """Check every point of a sweep.

    Raises
    ------
    ConfigError
        If a series of the table does not exist, or no point at all is valid.
    """
    _check_table(sweep)
    known: dict[str, float] = {}
    planned, problems = [], dict[str, Problem]()
    others: list[InputError] = []
    for point in list_points(sweep):
        try:
            config = point.configure(sweep)
            planned.append(
                Planned(point, config, compute_run_digest(config), _measure(config, known))
            )
        except ConfigError as error:
            problems |= {str(problem): problem for problem in error.problems}
            planned.append(Planned(point, error=str(error)))
        except InputError as error:
            others.append(error)
            planned.append(Planned(point, error=str(error)))
    if all(one.config is None for one in planned):
        if problems:
            raise ConfigError(list(problems.values()))
        raise others[0]
    return planned


def _check_table(sweep: "Sweep") -> None:
    names = sweep.table.series if sweep.table is not None else ()
    problems = [
        Problem(
            sweep.find("table", "series", index), f"table.series[{index}]", f"no series {name!r}",
            "a key of /series in results.h5", find_nearest(name, list(METRICS)),
        )
        for index, name in enumerate(names) if name not in METRICS
    ]  # fmt: skip
    if problems:
        raise ConfigError(problems)


def _measure(config: "Config", known: dict[str, float]) -> float:
    """Return the tissue volume (mm^3); insists on a specimen that can be had, an image read once."""
    lattice = config.lattice
    key = lattice.model_copy(update={"seed": None}).model_dump_json()
    if key not in known or lattice.specimen is None:
        specimen = insist_on_specimen(config)
        shape = lattice.shape if specimen is None else specimen.fraction.shape
        assert shape is not None
        known[key] = shape[0] * shape[1] * shape[2] * lattice.voxel**3 * 1e-9
    return known[key]


def compute_run_digest(config: "Config") -> str:
    """Digest of what a run is made from: its configuration but its name, and the program."""
    own = config.model_copy(update={"name": "run"}).compute_digest()
    return hashlib.sha256(f"{own} {compute_code_digest()}".encode()).hexdigest()


def find_folders(planned: list[Planned], out: Path) -> dict[str, str]:
    """Return the folder of each digest: one that is there already, or number and digest."""
    there = {path.name.rpartition("-")[2]: path.name for path in sorted(out.glob("[0-9]*-*"))}
    width = max(4, len(str(len(planned))))
    folders: dict[str, str] = {}
    for one in planned:
        short = one.digest[:DIGITS]
        if short and one.digest not in folders:
            folders[one.digest] = there.get(short, f"{one.point.index:0{width}d}-{short}")
    return folders


def estimate_sweep(planned: list[Planned]) -> dict[str, Any]:
    """Return what a sweep will cost: runs, bones to be spun up, core-hours.

    A bone is spun up once for all runs that begin from it, and settles once for each set of levels of
    day 0. A generated one whose BV/TV is missed is made once more, so that its spin-up counts twice, as
    in the plan of a trial. Bones that other sweeps have spun up before, and runs that are done, are not
    taken off.
    """
    spun: dict[str, float] = {}
    settled: dict[str, float] = {}
    runs: dict[str, float] = {}
    for one in planned:
        config = one.config
        if config is None:
            continue
        runs[one.digest] = one.hours
        phases = count_phases(config)
        spin = min(phases.spin, phases.begin)
        if spin:
            digest = compute_state_digest(config, spin, False)
            times = MADE if config.lattice.specimen is None else 1.0
            spun[digest] = times * compute_hours(one.volume, spin * config.step)
        if phases.begin > phases.spin:
            digest = compute_state_digest(config, phases.begin, True)
            left = (phases.begin - phases.spin) * config.step
            settled[digest] = compute_hours(one.volume, left)
    bones = sum(spun.values()) + sum(settled.values())
    return {
        "runs": len(planned),
        "invalid": sum(one.config is None for one in planned),
        "twins": sum(one.config is not None for one in planned) - len(runs),
        "bones": len(spun),
        "core_hours_bones": bones,
        "core_hours_runs": sum(runs.values()),
        "core_hours": bones + sum(runs.values()),
    }


def to_cell(value: Any) -> Any:
    """Return a changed value for a table: numbers and texts as they are, others as JSON."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return json.dumps(value)
    return value
