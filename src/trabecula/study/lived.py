"""What of a trial has been lived: runs from the first day 0, and from later ones of the same bones."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trabecula.analysis import Results, load_results
from trabecula.model.timeline import SITE_TIMES
from trabecula.records.statusfile import has_ended
from trabecula.study.held import is_steady
from trabecula.study.onsets import GAP, find_needs
from trabecula.study.panel import Endpoint, Trial
from trabecula.study.pool import Pool
from trabecula.study.trials import Task


class Lived:
    """The runs of a trial; a bone counts if every arm that is used has lived it.

    Parameters
    ----------
    tasks
        The runs that were asked for, those from later days 0 among them.
    out
        Folder of the study.
    """

    def __init__(self, trial: Trial, tasks: Sequence[Task], out: Path) -> None:
        self._trial = trial
        mine = [task for task in tasks if task.trial == trial.id and has_ended(out / task.folder)]
        arms = [arm.name for arm in trial.used_arms]
        first = {(task.arm, task.bone): task for task in mine if not task.onset}
        bones = sorted({bone for _, bone in first})
        self._bones = [bone for bone in bones if all((arm, bone) in first for arm in arms)]
        runs = {
            arm: [load_results(out / first[arm, b].folder) for b in self._bones] for arm in arms
        }
        held = {arm.name: arm.held for arm in trial.arms if arm.held}
        steady = [name for name in held if is_steady(trial.get_arm(name))]
        self.pool = Pool(runs, held, steady)
        self._later = {
            (task.arm, task.bone, task.onset): load_results(out / task.folder)
            for task in mine if task.onset and task.bone in self._bones
        }  # fmt: skip

    def get_pool(self, endpoint: Endpoint) -> Pool:
        """Return the runs that tell an endpoint: of every day 0 that all of its arms have lived."""
        needs = find_needs(endpoint, self._trial)
        lived = {onset for arm, _, onset in self._later if arm in needs}
        if not lived:
            return self.pool
        held = {arm: self._trial.get_arm(arm).held for arm in needs}
        runs: dict[str, list[Results]] = {name: [] for name in (*needs, *held.values())}
        bones = []
        for place, bone in enumerate(self._bones):
            for onset in (0, *sorted(lived)):
                found = {arm: self._find(arm, place, onset) for arm in needs}
                if any(
                    one is None or one.time[-1] < needs[arm] - 1.0 for arm, one in found.items()
                ):
                    continue
                bones.append(bone)
                for arm, one in found.items():
                    runs[arm].append(one)  # type: ignore[arg-type]
                for name in set(held.values()):
                    runs[name].append(self._move(name, place, onset))
        steady = [arm for arm in needs if is_steady(self._trial.get_arm(arm))]
        return Pool(runs, held, steady, bones)

    def _find(self, arm: str, place: int, onset: int) -> Results | None:
        """Return the run of an arm from a day 0 of the bone at `place`; None if it was not lived."""
        if not onset:
            return self.pool.get_runs(arm)[place]
        if is_steady(self._trial.get_arm(arm)):
            return self._move(self._trial.get_arm(arm).held, place, onset)
        return self._later.get((arm, self._bones[place], onset))

    def _move(self, held: str, place: int, onset: int) -> Results:
        """Return the run of a held arm as seen from a later day 0."""
        return move_zero(self.pool.get_runs(held)[place], onset * GAP)


def move_zero(run: Results, days: float) -> Results:
    """Return a run with day 0 `days` (d) later."""
    if not days:
        return run
    sites = {
        key: column - days if key in SITE_TIMES else column for key, column in run.bmus.items()
    }
    return replace(run, time=run.time - days, bmus=sites, snapshots=run.snapshots - days)
