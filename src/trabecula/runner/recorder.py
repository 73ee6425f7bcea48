"""What a run writes while it lives: samples, snapshots, full states, commits."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.codes import FULL
from trabecula.base.version import VERSION
from trabecula.config.names import BLOCKADES
from trabecula.config.rules import load_rules
from trabecula.hormones import (
    compute_age,
    compute_present_blockade,
    compute_present_levels,
    make_exposure,
    make_signals,
)
from trabecula.kernels.compile import get_numba_version
from trabecula.model import TrabeculaModel
from trabecula.model.metrics import METRICS, describe_level
from trabecula.model.sampling import Sampler
from trabecula.model.soundness import check_state
from trabecula.model.timeline import is_due, is_passed
from trabecula.records import Metric, Provenance, ResultsWriter, write_state
from trabecula.records.seals import KEY, make_seals
from trabecula.runner.digest import compute_code_digest, compute_resume_digest
from trabecula.runner.folder import RunFolder
from trabecula.runner.pace import Pace
from trabecula.state import Grid, Signals, State

if TYPE_CHECKING:
    from trabecula.config import Config


def make_provenance(config: "Config") -> Provenance:
    """Gather what the results come from."""
    rules, parameters = [], config.parameters
    for rule in load_rules():
        row = {"name": rule.name, "level": rule.level, "target": str(rule.target)}
        row["cells"] = " ".join(cell.name.lower() for cell in rule.cells)
        row |= {"direction": str(rule.direction), "arm": rule.arm}
        row["receptor"] = " ".join(f"{c.name.lower()}:{r}" for c, r in rule.receptor.items())
        numbers = {part.key.rpartition(".")[2]: parameters[part.key] for part in rule.rows}
        grades = {"grade": rule.rows[0].grade, "source": rule.rows[0].source}
        rules.append({**row, **numbers, **grades})
    return Provenance(
        seed=config.seed,
        config_text=config.to_yaml(),
        config_digest=config.compute_digest(),
        versions={
            "trabecula": VERSION,
            "numba": get_numba_version(),
            "mesa": version("mesa"),
        },
        parameters=parameters.to_rows(),
        rules=rules,
        parameters_digest=parameters.compute_digest(),
        fit=("", "") if config.fit is None else (config.fit.name, config.fit.digest),
    )


def collect_levels(signals: Signals) -> dict[str, float]:
    """Return what acts from outside: serum levels, drugs in the marrow (pM), shares neutralised."""
    blocked = {
        f"{name}_blockade": signals.blockade[str(species[0])] for name, species in BLOCKADES.items()
    }
    return {**signals.levels, **signals.binders, **blocked}


def _describe(config: "Config") -> tuple[dict[str, Metric], dict[str, Metric]]:
    output = config.output
    metrics = {}
    for key, metric in METRICS.items():
        interval = max(output.costly, output.every) if metric.costly else output.every
        metrics[key] = Metric(metric.symbol, metric.long_name, metric.unit, interval)
    hormones = {}
    for name in collect_levels(make_signals(config)):
        metric = describe_level(name)
        hormones[name] = Metric(metric.symbol, metric.long_name, metric.unit, output.every)
    return metrics, hormones


def make_kept(
    config: "Config", since: State
) -> tuple[Callable[[float], bool], Callable[[float], bool]]:
    """Return which rows and which snapshots a run that goes on from `since` has already written.

    What the end of an earlier, shorter run added off its intervals is dropped.
    """
    clock, now = since.clock, since.clock.time + 1e-6

    def make(interval: float) -> Callable[[float], bool]:
        return lambda time: time <= now and is_due(clock, time, interval)

    return make(config.output.every), make(config.output.snapshots)


def make_meta(config: "Config", state: State, memory: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a full state: what made it, and what its samples remember."""
    return {
        "time": state.clock.time,
        "config_digest": compute_resume_digest(config),
        "code_digest": compute_code_digest(),
        "sampler": memory,
    }


def publish_past(
    config: "Config", folder: RunFolder, source: Path, state: State, origin: str
) -> None:
    """Publish what the results `source` of another run hold up to `state` as those of a branch.

    What that run saw later is not the branch's, which may be killed before its first commit. `origin`
    says in the provenance what it is a branch of.

    Raises
    ------
    ResultsError
        If `source` is missing or damaged, or nothing can be written.
    """
    metrics, hormones = _describe(config)
    writer = ResultsWriter(
        folder.path, state.grid, metrics, hormones,
        replace(make_provenance(config), origin=(origin,)), make_kept(config, state), source,
    )  # fmt: skip
    try:
        writer.commit(state)
    finally:
        writer.close()


class Recorder:
    """Writes one run; a moment that comes twice is written once.

    Parameters
    ----------
    sampler
        Measures; its memory goes into every checkpoint.
    since
        The state to go on from, whose results lie in the folder already; None for a new run.
    """

    def __init__(
        self,
        config: "Config",
        folder: RunFolder,
        grid: Grid,
        sampler: Sampler,
        since: State | None = None,
    ) -> None:
        metrics, hormones = _describe(config)
        self._config, self._folder, self._sampler = config, folder, sampler
        kept = None if since is None else make_kept(config, since)
        self._writer = ResultsWriter(
            folder.path, grid, metrics, hormones, make_provenance(config), kept
        )
        self._exposure = make_exposure(config)
        self._last: dict[str, int] = {}
        self.pace = Pace()
        if since is not None:
            intervals = {
                "sample": config.output.every, "snapshot": config.output.snapshots,
                "commit": config.output.checkpoint, "state": config.output.states,
            }  # fmt: skip
            for kind, interval in intervals.items():
                if interval is not None and is_due(since.clock, since.clock.time, interval):
                    self._last[kind] = since.clock.step

    def _is_new(self, kind: str, state: State) -> bool:
        if self._last.get(kind) == state.clock.step:
            return False
        self._last[kind] = state.clock.step
        return True

    def sample(self, model: TrabeculaModel, complete: bool = False) -> None:
        """Write a row of every series; the costly metrics too if due, or `complete`."""
        state = model.state
        if not self._is_new("sample", state):
            return
        output, clock = self._config.output, state.clock
        costly = complete or is_passed(clock, clock.time, output.costly, output.every)
        row = self._sampler.sample(state, costly)
        levels = collect_levels(state.signals)
        if not model.scenario.replete:
            levels |= self._find_given(clock.time)
        self._writer.add_row(state.clock.time, row, levels, state.events)

    def _find_given(self, time: float) -> dict[str, float]:
        """Return levels, age and blockades of the step that begins at `time` (d), as given."""
        exposure, step = self._exposure, self._config.step
        blocked = {
            f"{name}_blockade": compute_present_blockade(exposure, name, time, step)
            for name in BLOCKADES
        }
        age = {"age": compute_age(exposure, time)}
        return compute_present_levels(exposure, time, step) | age | blocked

    def add_snapshot(self, model: TrabeculaModel) -> None:
        """Write lattice, fields and cells."""
        if self._is_new("snapshot", model.state):
            self._writer.add_snapshot(model.state)

    def add_state(self, model: TrabeculaModel) -> None:
        """Write a full state under ``states/``, from which a branch can start."""
        state = model.state
        if self._is_new("state", state):
            time = state.clock.time
            write_state(self._folder.name_state(time), state, self._make_meta(state))
            self._folder.drop_states(time, self._config.output.states_kept)

    def commit_in_time(self, model: TrabeculaModel) -> None:
        """Commit if enough time has passed since the last one."""
        if self.pace.is_due:
            self.commit(model)

    def commit(self, model: TrabeculaModel, status: str = "running") -> None:
        """Publish the results so far, write the checkpoint and the status.

        The last commit is not timed as safety: a run that is done has to be written anyway.
        """
        with self.pace.time() if status == "running" else nullcontext():
            self._commit(model.state, status)

    def _commit(self, state: State, status: str) -> None:
        check_state(state)
        is_new = self._is_new("commit", state)
        if is_new or status == "done":  # the last snapshot comes after a commit due on the last day
            self._writer.commit(state)
            write_state(self._folder.checkpoint, state, self._make_meta(state))
        values: dict[str, Any] = {
            "name": self._config.name,
            "time": state.clock.time,
            "until": self._config.duration,
            "bv_tv": state.volume.expected / FULL / state.grid.size,
        }
        if status != "running":
            values |= {KEY: make_seals(self._folder.path)}
        self._folder.write_status(status, values)

    def _make_meta(self, state: State) -> dict[str, Any]:
        return make_meta(self._config, state, self._sampler.to_memory())

    def close(self) -> None:
        """Remove the working copy of the results."""
        self._writer.close()
