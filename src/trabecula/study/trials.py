"""The runs that a trial asks for: one configuration for each arm and bone."""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.errors import ConfigError
from trabecula.config.advice import find_early_doses
from trabecula.config.load import apply_setting, make_config
from trabecula.config.marks import Document, load_yaml
from trabecula.config.names import replace_odd
from trabecula.runner.digest import compute_state_digest
from trabecula.runner.spinup import count_phases
from trabecula.study.held import is_steady
from trabecula.study.onsets import GAP, measure_needs
from trabecula.study.panel import Arm, Panel, Trial
from trabecula.study.patients import Patients
from trabecula.study.terms import LEAD

if TYPE_CHECKING:
    from trabecula.config import Config

YEAR = 365.25
"""Length of a year (d)."""

DECIDED = ("seed", "lattice.seed", "lattice.shape", "duration")
"""Keys that a trial sets itself, for each bone or for all."""

TRIED = 8
"""Patients of whom one must have a configuration, or an arm cannot be lived."""

MADE = 2.0
"""Times that a structure is spun up, as a plan counts: again from a corrected one if BV/TV is missed."""

OUTPUT = {"every": 1.0, "snapshots": 36525.0, "costly": 36525.0}
"""What is written (d) where a trial does not say: what endpoints read, daily."""


@dataclass(frozen=True)
class Sampling:
    """How much bone a panel gets; fixed before it is run.

    Parameters
    ----------
    bones
        Bones of every arm; bone n has structure and life of seed n.
    edge
        Edge of a bone (voxels of 20 um).
    settle
        Days under the levels of day 0, where these are not a young adult's; more where an arm is given
        something before (:func:`find_settle`).
    sets
        Changes of every configuration, ``PATH=VALUE``.
    starts
        Days 0 of a bone at most, for endpoints of the first months that are too noisy with fewer.
    """

    bones: int = 2
    edge: int = 64
    settle: float = 730.0
    sets: tuple[str, ...] = ()
    starts: int = 1

    @property
    def volume(self) -> float:
        """Volume of a bone (mm^3)."""
        return (self.edge * 0.02) ** 3


@dataclass(frozen=True)
class Task:
    """One run of one arm.

    Parameters
    ----------
    folder
        Its run folder, relative to that of the study.
    onset
        Which day 0 of the bone it begins with: 0 for the first, n for that n times ``GAP`` d later.
    source
        Folder of the held arm that it begins from, if `onset` is no first one.
    days
        How long it is lived (d), if that is not its arm's length.
    """

    trial: str
    arm: str
    bone: int
    folder: Path
    onset: int = 0
    source: Path | None = None
    days: float | None = None


def make_name(text: str) -> str:
    """Return a name that a folder can have."""
    return replace_odd(text).strip(".-") or "unnamed"


def make_names(texts: Sequence[str]) -> dict[str, str]:
    """Return a name that a folder can have for each text, no two alike."""
    names: dict[str, str] = {}
    for text in texts:
        name, number = make_name(text), 2
        while name.lower() in {other.lower() for other in names.values()}:
            name, number = f"{make_name(text)}-{number}", number + 1
        names[text] = name
    return names


def list_tasks(
    panel: Panel, sampling: Sampling, bones: Mapping[str, int] | None = None
) -> list[Task]:
    """List the runs of a panel, the first bone of every arm before the second of any.

    Parameters
    ----------
    bones
        Bones of each trial, where they are not those of the sampling.
    """
    counts = {t.id: sampling.bones if bones is None else bones.get(t.id, 0) for t in panel.trials}
    folders = make_names([t.id for t in panel.trials])
    arms = {t.id: make_names([arm.name for arm in t.arms]) for t in panel.trials}
    return [
        Task(t.id, arm.name, bone, Path(folders[t.id]) / arms[t.id][arm.name] / f"bone-{bone}")
        for bone in range(1, max(counts.values(), default=0) + 1)
        for t in panel.trials
        if bone <= counts[t.id]
        for arm in t.used_arms
    ]


def list_onset_tasks(
    trial: Trial, tasks: Sequence[Task], arms: Collection[str], count: int
) -> list[Task]:
    """List the lives from later days 0 of some arms of a trial, for every bone among its `tasks`.

    An arm in which nothing changes needs none: its held arm tells what it does from any day on.

    Parameters
    ----------
    count
        Days 0 of a bone, the first included.
    """
    needs = measure_needs(trial)
    folders = {(task.arm, task.bone): task.folder for task in tasks if task.trial == trial.id}
    bones = sorted({bone for _, bone in folders})
    return [
        Task(
            trial.id, name, bone, folders[name, bone].with_name(f"bone-{bone}-onset-{onset}"), onset,
            folders[trial.get_arm(name).held, bone], needs[name],
        )
        for onset in range(1, count) for bone in bones for name in needs
        if name in arms and not is_steady(trial.get_arm(name))
    ]  # fmt: skip


def make_arm_config(
    trial: Trial, arm: Arm, bone: int, sampling: Sampling, onset: int = 0, days: float | None = None
) -> "Config":
    """Return the configuration of one run: all arms of a trial begin from the same bones.

    Later ones win: the trial's configuration, its settings, what is this patient's own, what the trial
    decides, the arm's hormones, the arm's settings, those of the sampling.

    Parameters
    ----------
    onset
        Which day 0 it begins with; the patient is older by then.
    days
        How long it is lived (d), if that is not its arm's length.

    Raises
    ------
    ConfigError
        If the arm asks for what a configuration cannot have.
    """
    where = f"{trial.id}, arm {arm.name}"
    file = trial.config or Path(f"{make_name(trial.id)}.yaml")
    document = load_yaml(trial.config) if trial.config else Document(where, {})
    _apply(document, trial.settings)
    if trial.variation is not None:
        _apply(document, Patients(trial.variation).draw_patient(bone))
    data = document.data
    if not isinstance(data, dict):
        return make_config(document, file)  # which says what is wrong with it
    length = days or arm.days or trial.days
    fresh: dict[str, Any] = {
        "name": make_name(f"{trial.id}-{arm.name}-{bone}" + (f"-onset-{onset}" if onset else "")),
        "seed": bone,
        "duration": length,
        "output": lay(OUTPUT, data.get("output")),
    }
    if arm.is_held and sampling.starts > 1:  # later days 0 begin from its states
        states = {"states": GAP, "states_kept": int(length / GAP) + 2}
        fresh["output"] = lay(fresh["output"], states)
    if "settle" not in data:
        fresh["settle"] = find_settle(trial, sampling)
    if trial.config is None:
        age = trial.age + onset * GAP / YEAR
        fresh["patient"] = lay({"sex": trial.sex, "age": age}, data.get("patient"))
    lattice = data.get("lattice")
    own = isinstance(lattice, dict) and "specimen" in lattice
    ours = {"seed": bone} if own else {"seed": bone, "shape": [sampling.edge] * 3}
    fresh["lattice"] = lay(lattice, ours)
    fresh["hormones"] = lay(data.get("hormones"), arm.to_hormones())
    document.data = {**data, **fresh}
    _apply(document, arm.settings)
    for text in sampling.sets:
        apply_setting(document, text)
    return make_config(document, file)


def find_settle(trial: Trial, sampling: Sampling) -> float:
    """Return how long bones of a trial settle (d), all of its arms alike.

    Where an arm has a dose from before the sampling's days it is that dose and a baseline before it.
    """
    given = [doses for arm in trial.used_arms for doses in arm.doses.values()]
    first = min((day for doses in given for day, _ in doses), default=0.0)
    return sampling.settle if -first <= sampling.settle else LEAD - first


def make_task_config(trial: Trial, task: Task, sampling: Sampling) -> "Config":
    """Return the configuration of a task.

    Raises
    ------
    ConfigError
        If its arm asks for what a configuration cannot have.
    """
    arm = trial.get_arm(task.arm)
    return make_arm_config(trial, arm, task.bone, sampling, task.onset, task.days)


def make_first_config(trial: Trial, arm: Arm, sampling: Sampling) -> "Config":
    """Return the configuration of an arm's first bone; of patients, of the first who can be.

    Raises
    ------
    ConfigError
        If none of the first patients can be, or the arm asks for what a configuration cannot have.
    """
    last = TRIED if trial.variation is not None else 1
    for bone in range(1, last):
        with suppress(ConfigError):
            return make_arm_config(trial, arm, bone, sampling)
    return make_arm_config(trial, arm, last, sampling)


def _apply(document: Document, settings: Mapping[str, Any]) -> None:
    """Put settings into a document; JSON is YAML too."""
    for path, value in settings.items():
        apply_setting(document, f"{path}={json.dumps(value, ensure_ascii=False)}")


def lay(below: Any, above: Any) -> Any:
    """Return blocks of a configuration laid one on another; what is no block is left to be told of.

    They are blocks of their own, for settings are written into them.
    """
    if below is None or above is None:
        return deepcopy(above if below is None else below)
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above if isinstance(below, dict) else below
    laid = deepcopy(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(laid.get(key), dict)
        laid[key] = lay(laid[key], value) if both else deepcopy(value)
    return laid


def screen(panel: Panel, sampling: Sampling, strict: bool = False) -> Panel:
    """Return the panel; an arm that no configuration can be is given up, with the reason.

    What an arm was given too early to be lived is noted with its trial.

    Raises
    ------
    ConfigError
        If it is not the arm's fault: the sampling's own settings are wrong; or if `strict`.
    """
    plain = Trial("panel", "", "", "female", 50.0, 30.0, (), (), ())
    make_arm_config(plain, Arm("plain", {}, {}, {}), 1, sampling)
    trials = []
    for trial in panel.trials:
        reasons, early, settled = {}, [], set[float]()
        for arm in trial.used_arms:
            try:
                config = make_first_config(trial, arm, sampling)
            except ConfigError as error:
                if strict:
                    raise
                reasons[arm.name] = str(error.problems[0])
            else:
                early += [f"arm {arm.name}: {text}" for text in find_early_doses(config)]
                settled.add(config.settle)
        settle = find_settle(trial, sampling)
        if settle > sampling.settle and settle in settled:
            early.append(
                f"bones settle for {settle:g} d, since a dose is given before the usual ones"
            )
        told = replace(trial, notes=(*trial.notes, *early))
        trials.append(told.give_up(reasons) if reasons else told)
    return replace(panel, trials=tuple(trials))


def compute_unit_cost(trial: Trial, sampling: Sampling) -> float:
    """Return what one bone of every arm lives after day 0 (mm^3-years)."""
    days = sum(trial.get_days(arm.name) for arm in trial.used_arms)
    return days / YEAR * sampling.volume


def measure_prelude(trials: Sequence[Trial], sampling: Sampling) -> tuple[float, float]:
    """Return what one bone of all trials spins up, and what it settles (mm^3-years); each once.

    Spin-up is shared by all arms, and settling by those with the same levels of day 0; a bone whose
    BV/TV is missed is made once more, so that spin-up counts twice.
    """
    spun: dict[str, float] = {}
    settled: dict[str, float] = {}
    for trial in trials:
        for arm in trial.used_arms:
            config = make_first_config(trial, arm, sampling)
            phases = count_phases(config)
            spun[compute_state_digest(config, phases.spin, False)] = config.spin_up
            if phases.settle:
                digest = compute_state_digest(config, phases.begin, True)
                settled[digest] = phases.settle * config.step
    volume = sampling.volume / YEAR
    return MADE * sum(spun.values()) * volume, sum(settled.values()) * volume


def compute_prelude(trial: Trial, sampling: Sampling) -> float:
    """Return what one bone lives before day 0 for all arms of a trial (mm^3-years)."""
    return sum(measure_prelude([trial], sampling))
