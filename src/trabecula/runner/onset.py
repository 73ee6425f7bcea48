"""A run whose day 0 is a later day of another run of the same bone.

Lives of a bone in which nothing changes are a stock of days 0: what begins weeks apart meets other
sites, and costs no spin-up.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.errors import InputError
from trabecula.model.timeline import count_steps, shift_zero
from trabecula.runner.branching import find_state, replay
from trabecula.runner.cache import StateCache
from trabecula.runner.folder import LATER, RunFolder
from trabecula.runner.job import Job
from trabecula.runner.lock import lock_folder
from trabecula.runner.stop import watch_signals
from trabecula.runner.summary import RunSummary

if TYPE_CHECKING:
    from trabecula.config import Config

SHARED = ("seed", "spin_up", "step", "lattice")
"""What a run has in common with that from which it begins: the bone, and what keys its chance."""


def begin_from(config: "Config", place: Path, at: float, out: Path) -> RunSummary:
    """Live `config` into `out`; its day 0 is day `at` of the run in the folder `place`.

    What that run had sampled before is remembered, so that rates have their windows from day 0 on.

    Parameters
    ----------
    at
        Day of that run (d), to the nearest step.

    Raises
    ------
    InputError
        If there is no run, no state at or before `at`, its bone is another one, or `out` is its folder.
    TrabeculaError
        If a file is damaged, a ledger does not close, a solver fails, or nothing can be written.
    """
    if out.resolve() == place.resolve():
        msg = f"{out}: found the folder of the run itself; allowed: another one"
        raise InputError(msg)
    config = config.pin_specimen()
    parent = _load_parent(config, place)
    steps = count_steps(at, config.step)
    at = steps * config.step
    state, meta, damaged = find_state(place, parent, at)
    folder = RunFolder(out)
    with lock_folder(out) as stale, watch_signals():
        memory = _move(replay(parent, state, meta["sampler"], at), at)
        shift_zero(state, steps)
        folder.begin(config.to_yaml())
        for note in [stale, f"{LATER} {at:g} of {place}", *damaged]:
            if note:
                folder.add_log(note)
        job = Job(config, folder, None, StateCache())
        job.summary.notes += damaged
        job.carry_out(lambda: job.begin(state, memory))
    return job.summary


def _load_parent(config: "Config", place: Path) -> "Config":
    from trabecula.config import load_config

    path = place / "config.yaml"
    if not path.is_file():
        msg = f"{place}: found no config.yaml; allowed: the folder of a run"
        raise InputError(msg)
    parent = load_config(path, lived=True).pin_specimen()
    other = [name for name in SHARED if getattr(parent, name) != getattr(config, name)]
    if parent.mechanics.mesh != config.mechanics.mesh:
        other.append("mechanics.mesh")
    if other:
        msg = f"{path}: found another {', '.join(other)}; allowed: those of the run that begins from it"
        raise InputError(msg)
    return parent


def _move(memory: Mapping[str, Any], days: float) -> dict[str, Any]:
    """Return what samples remember, with day 0 `days` (d) later."""
    rows = [[row[0] - days, *row[1:]] for row in memory["history"]]
    return {**memory, "history": rows}
