"""The runs that a trial asks for: one configuration for each arm and bone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.config.load import apply_setting, make_config
from trabecula.config.marks import Document
from trabecula.config.names import replace_odd
from trabecula.study.panel import Arm, Panel, Trial

if TYPE_CHECKING:
    from trabecula.config import Config


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
        Days under the levels of day 0, where these are not a young adult's.
    sets
        Changes of every configuration, ``PATH=VALUE``.
    """

    bones: int = 2
    edge: int = 64
    settle: float = 730.0
    sets: tuple[str, ...] = ()

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
    """

    trial: str
    arm: str
    bone: int
    folder: Path


def make_name(text: str) -> str:
    """Return a name that a folder can have."""
    return replace_odd(text).strip(".-") or "unnamed"


def list_tasks(panel: Panel, sampling: Sampling) -> list[Task]:
    """List the runs of a panel, the first bone of every arm before the second of any."""
    return [
        Task(t.id, arm.name, bone, Path(make_name(t.id)) / make_name(arm.name) / f"bone-{bone}")
        for bone in range(1, sampling.bones + 1)
        for t in panel.trials
        for arm in t.used_arms
    ]


def make_arm_config(trial: Trial, arm: Arm, bone: int, sampling: Sampling) -> "Config":
    """Return the configuration of one run: all arms of a trial begin from the same bones.

    Raises
    ------
    ConfigError
        If the arm asks for what a configuration cannot have.
    """
    document = Document(f"{trial.id}, arm {arm.name}")
    data: dict[str, Any] = {
        "name": make_name(f"{trial.id}-{arm.name}-{bone}"),
        "seed": bone,
        "settle": sampling.settle,
        "duration": trial.days,
        "lattice": {"shape": [sampling.edge] * 3, "seed": bone},
        "patient": {"sex": trial.sex, "age": trial.age},
        "hormones": arm.to_hormones(),
        "output": {"every": 1.0, "snapshots": 36525.0, "costly": 36525.0},
    }
    document.data = data
    for text in sampling.sets:
        apply_setting(document, text)
    return make_config(document, Path(f"{make_name(trial.id)}.yaml"))


def compute_cost(panel: Panel, tasks: Sequence[Task], sampling: Sampling) -> float:
    """Return how much is to be lived, days before day 0 left out (mm^3-years)."""
    days = {trial.id: trial.days for trial in panel.trials}
    return sum(days[task.trial] for task in tasks) / 365.25 * sampling.volume
