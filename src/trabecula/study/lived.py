"""What of a trial has been lived: runs from the first day 0, and from later ones of the same bones."""

from collections.abc import Collection, Sequence
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
    """The runs of a trial; a bone counts for an endpoint if all arms that it needs have lived it.

    Attributes
    ----------
    pool
        The bones that every arm has lived, from the first day 0.

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
        self._runs = {
            (task.arm, task.bone, task.onset): load_results(out / task.folder) for task in mine
        }
        self.pool = self._gather([arm.name for arm in trial.used_arms])

    def _list_bones(self, arms: Collection[str]) -> list[int]:
        """Return the bones that all of the arms have lived from their first day 0."""
        bones = sorted({bone for _, bone, _ in self._runs})
        return [bone for bone in bones if all((arm, bone, 0) in self._runs for arm in arms)]

    def _gather(self, arms: Collection[str]) -> Pool:
        """Return the runs of some arms from the first day 0, of the bones that all have lived."""
        bones = self._list_bones(arms)
        runs = {arm: [self._runs[arm, bone, 0] for bone in bones] for arm in arms}
        held = {arm.name: arm.held for arm in self._trial.arms if arm.held}
        steady = [name for name in held if is_steady(self._trial.get_arm(name))]
        return Pool(runs, held, steady)

    def get_pool(self, endpoint: Endpoint) -> Pool:
        """Return the runs that tell an endpoint: of every day 0 that all of its arms have lived."""
        needs = find_needs(endpoint, self._trial)
        lived = {onset for arm, _, onset in self._runs if onset and arm in needs}
        if not lived:
            read = endpoint.term.arms if endpoint.term is not None else ()
            others = [name for arm in read if (name := self._trial.get_arm(arm).held)]
            return self._gather(dict.fromkeys([*read, *others]))
        held = {arm: self._trial.get_arm(arm).held for arm in needs}
        runs: dict[str, list[Results]] = {name: [] for name in (*needs, *held.values())}
        bones = []
        for bone in self._list_bones(runs):
            for onset in (0, *sorted(lived)):
                found = {arm: self._find(arm, bone, onset) for arm in needs}
                if any(
                    one is None or one.time[-1] < needs[arm] - 1.0 for arm, one in found.items()
                ):
                    continue
                bones.append(bone)
                for arm, one in found.items():
                    runs[arm].append(one)  # type: ignore[arg-type]
                for name in set(held.values()):
                    runs[name].append(self._move(name, bone, onset))
        steady = [arm for arm in needs if is_steady(self._trial.get_arm(arm))]
        return Pool(runs, held, steady, bones)

    def _find(self, arm: str, bone: int, onset: int) -> Results | None:
        """Return the run of an arm from a day 0 of a bone; None if it was not lived."""
        if onset and is_steady(self._trial.get_arm(arm)):
            return self._move(self._trial.get_arm(arm).held, bone, onset)
        return self._runs.get((arm, bone, onset))

    def _move(self, held: str, bone: int, onset: int) -> Results:
        """Return the run of a held arm as seen from a later day 0."""
        return move_zero(self._runs[held, bone, 0], onset * GAP)


def move_zero(run: Results, days: float) -> Results:
    """Return a run with day 0 `days` (d) later."""
    if not days:
        return run
    sites = {
        key: column - days if key in SITE_TIMES else column for key, column in run.bmus.items()
    }
    return replace(run, time=run.time - days, bmus=sites, snapshots=run.snapshots - days)
