"""Another therapy from the same bone at the same moment."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.errors import InputError, ResultsError
from trabecula.kernels.compile import set_threads
from trabecula.model import TrabeculaModel
from trabecula.model.sampling import Sampler
from trabecula.model.timeline import is_due
from trabecula.records import read_state, write_state
from trabecula.records.reader import read_results
from trabecula.records.results import NAME, verify_content
from trabecula.records.statefile import read_day
from trabecula.runner.cache import StateCache
from trabecula.runner.digest import compute_code_digest, compute_resume_digest
from trabecula.runner.folder import BRANCH, RunFolder
from trabecula.runner.job import Job, Report
from trabecula.runner.lock import lock_folder
from trabecula.runner.recorder import make_meta, publish_past
from trabecula.runner.stop import watch_signals
from trabecula.runner.summary import RunSummary
from trabecula.state import State

if TYPE_CHECKING:
    from trabecula.config import Config

FIXED = ("seed", "spin_up", "settle", "step", "lattice", "patient")
"""What a branch shares with its run: the bone and the patient up to the moment."""

NEAR = 1e-3
"""Days (d) by which the name of a state may be rounded."""


def branch(
    place: Path,
    at: float,
    out: Path,
    sets: Sequence[str] = (),
    threads: int | None = None,
    progress: Report = None,
) -> RunSummary:
    """Live on from day `at` of the run in the folder `place` under other settings, into `out`.

    The nearest kept state before that day is lived on to it exactly; what the run had sampled until then
    comes first in the new results.

    Parameters
    ----------
    at
        Day of the run (d), one that it has lived.
    sets
        Changes of its configuration, ``PATH=VALUE``; bone and patient stay.
    threads
        Threads of the kernels; as they are if None. They change no result.

    Raises
    ------
    InputError
        If there is no run, no state before `at` that can be read, or the changes touch the bone itself
        or what was given before `at`.
    TrabeculaError
        If a file is damaged, a ledger does not close, a solver fails, or nothing can be written.
    """
    if threads is not None:
        set_threads(threads)
    parent, child = _load_configs(place, sets)
    if out.resolve() == place.resolve():
        msg = f"--out {out}: found the folder of the run itself; allowed: another one"
        raise InputError(msg)
    if abs(at / parent.step - round(at / parent.step)) > 1e-6:
        before = int(at / parent.step) * parent.step
        msg = (
            f"--at: found day {at:g}; allowed: a day on which a step of {parent.step:g} d ends, such "
            f"as {before:g} or {before + parent.step:g}"
        )
        raise InputError(msg)
    _check_past(parent, child, at)
    verify_content(place / NAME)
    time = read_results(place).time
    if len(time) == 0 or time[-1] < at - 1e-9 or child.duration <= at:
        lived = f"up to {time[-1]:g}" if len(time) else "of which nothing is committed yet"
        msg = (
            f"--at: found day {at:g}; allowed: a day that the run has lived, {lived}, and "
            f"before the end of the branch, day {child.duration:g}"
        )
        raise InputError(msg)
    state, meta, damaged = find_state(place, parent, at)
    folder = RunFolder(out)
    with lock_folder(out), watch_signals():
        aside = folder.set_aside()  # of the same configuration too: its day may be another
        folder.empty()
        memory = replay(parent, state, meta["sampler"], at)
        kept = [f"what another run had left in {out} is in {aside}"] if aside else []
        origin = f"{BRANCH} {place} at day {at:g}"
        for note in [origin, *kept, *damaged]:
            folder.add_log(note)
        # the configuration comes last: a folder that has one can be resumed, and goes on from here
        publish_past(child, folder, place / NAME, state, origin)
        write_state(folder.checkpoint, state, make_meta(child, state, memory))
        folder.write_config(child.to_yaml())
        job = Job(child, folder, progress, StateCache())
        job.summary.notes += [*kept, *damaged]
        job.carry_out(lambda: job.go_on(state, memory))
    return job.summary


def _load_configs(place: Path, sets: Sequence[str]) -> tuple["Config", "Config"]:
    from trabecula.config import load_config

    path = place / "config.yaml"
    if not path.is_file():
        msg = f"{place}: found no config.yaml; allowed: the folder of a run"
        raise InputError(msg)
    parent, child = load_config(path, lived=True), load_config(path, sets, lived=True)
    changed = [name for name in FIXED if getattr(parent, name) != getattr(child, name)]
    if changed:
        msg = (
            f"--set: found another {', '.join(changed)}; allowed: changes of hormones, protocol, "
            "fields, mechanics, cells, output, duration and name; the bone is that of the run"
        )
        raise InputError(msg)
    meshes = [config.mechanics.mesh for config in (parent, child)]
    if meshes[0] != meshes[1]:
        msg = (
            f"--set: found mechanics.mesh={meshes[1]}; allowed: {meshes[0]}, as in the run: what its "
            "results hold of strain energy goes on in the same blocks"
        )
        raise InputError(msg)
    return parent, child


def _check_past(parent: "Config", child: "Config", at: float) -> None:
    """Refuse doses of which others would have been given before day `at` (d).

    Levels follow from all prescribed doses, so that others in the past would change them at once on the
    day of the branch; and what was not given must not stand in the configuration as if it had been.
    """
    pasts = [_list_past(config, at) for config in (parent, child)]
    lost, added = pasts[0] - pasts[1], pasts[1] - pasts[0]
    if not lost and not added:
        return
    day, name, dose = min([*lost, *added])
    which = "and not in the branch" if (day, name, dose) in lost else "only in the branch"
    msg = (
        f"--set: found another past: {name} ({dose:g}) on day {day:g}, {which}; allowed: the doses of "
        f"the run until day {at:g}, and any from there on; in a protocol what ends there takes 'until "
        f"day {at:g}', what begins there 'from day {at:g}'"
    )
    raise InputError(msg)


def _list_past(config: "Config", at: float) -> Counter[tuple[float, str, float]]:
    """Return the doses before day `at` (d), prescribed or given as doses: day, drug, amount."""
    from trabecula.hormones.course import find_course

    given = [
        (day, drug, dose) for drug, points in config.hormones.doses for day, dose in points or ()
    ]
    course = find_course(config)
    prescribed = [] if course is None else course.given
    given += [(day, name, dose) for name, day, dose in prescribed]
    return Counter(one for one in given if one[0] < at - 1e-9 and one[2] != 0.0)


def find_state(place: Path, parent: "Config", at: float) -> tuple[State, dict[str, Any], list[str]]:
    """Return the last full state at or before day `at` (d) that this program and configuration made.

    The latest is read first, and none after one that fits. Its meta values come with it, and what is to
    be known of later ones that could not be read.

    Raises
    ------
    InputError
        If there is none; the message names the days of those that are there, and what is wrong with
        the last one.
    """
    folder = RunFolder(place)
    days, damaged = _list_states(folder)
    reason = ""
    for path in sorted(days, key=lambda one: days[one], reverse=True):
        if days[path] > at + NEAR:
            continue
        try:
            state, meta = read_state(path)
        except ResultsError as error:
            damaged.append(f"passed over: {error}")
            continue
        if state.clock.time > at + 1e-9:
            continue
        wrong = _find_stranger(parent, meta)
        if not wrong:
            return state, meta, damaged
        reason = reason or wrong
    known = ", ".join(f"{day:g}" for day in sorted(days.values())) or "none"
    msg = f"{place}: found no full state at or before day {at:g} to go on from (states on days: {known})"
    way = reason or "allowed: a later day; output.states: 1 y keeps states to branch from"
    raise InputError("; ".join([msg, way, *damaged]))


def _find_stranger(parent: "Config", meta: dict[str, Any]) -> str:
    """Return why nothing may go on from a state, and what is allowed; nothing if it may."""
    if meta.get("code_digest") != compute_code_digest():
        return (
            "those are of another version of the program or its tables; allowed: the same one, so that "
            "no file mixes two; branch with that version, or make the run again"
        )
    if meta.get("config_digest") != compute_resume_digest(parent):
        return (
            "those are of another configuration than config.yaml holds; allowed: the same, save its "
            "duration; put it back, or make the run again"
        )
    return ""


def _list_states(folder: RunFolder) -> tuple[dict[Path, float], list[str]]:
    """Return the day (d) of every full state of a run, and why the checkpoint is none, if so."""
    days = folder.list_states()
    if folder.checkpoint.is_file():
        try:
            days[folder.checkpoint] = read_day(folder.checkpoint)
        except ResultsError as error:
            return days, [f"passed over: {error}"]
    return days, []


def replay(config: "Config", state: State, memory: dict[str, Any], at: float) -> dict[str, Any]:
    """Live `state` on to day `at` (d) as the run did; returns what its samples would have remembered."""
    sampler = Sampler(config.parameters, memory)
    model = TrabeculaModel(config, state)
    while True:
        # a state may have been kept before the sample of the same moment was taken
        if is_due(state.clock, state.clock.time, config.output.every):
            sampler.history.add(state)
        if state.clock.time >= at - 1e-9:
            return sampler.to_memory()
        model.run_steps(1)
