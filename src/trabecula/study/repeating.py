"""Later days 0 asked for while an endpoint is noisy: twice as many each time, for its arms alone."""

from collections.abc import Sequence
from pathlib import Path

from trabecula.study.lived import Lived
from trabecula.study.onsets import find_needs, measure_needs
from trabecula.study.panel import Panel, Trial
from trabecula.study.scoring import Judged
from trabecula.study.trials import Sampling, Task, list_onset_tasks
from trabecula.study.validation import judge_trial

FACTOR = 2
"""By which the days 0 of an arm grow at a time."""


class Repeats:
    """How many days 0 each arm of a panel has been asked for.

    Parameters
    ----------
    sampling
        Its ``starts`` are the most that an arm gets.
    """

    def __init__(self, panel: Panel, sampling: Sampling, out: Path) -> None:
        self._trials = [trial for trial in panel.trials if trial.used_arms]
        self._most, self._out = sampling.starts, out
        self.counts: dict[str, dict[str, int]] = {}

    def list_tasks(self, tasks: Sequence[Task], only: str = "") -> list[Task]:
        """List what has been asked for, for every bone among the `tasks`; of one trial, or of all."""
        return [
            task
            for trial in self._trials if not only or trial.id == only
            for arm, count in self.counts.get(trial.id, {}).items()
            for task in list_onset_tasks(trial, tasks, [arm], count)
        ]  # fmt: skip

    def list_fresh(
        self, tasks: Sequence[Task], later: Sequence[Task], only: str = ""
    ) -> list[Task]:
        """List what has been asked for and is not among the `later` runs; of one trial, or of all."""
        asked = {task.folder for task in later}
        return [task for task in self.list_tasks(tasks, only) if task.folder not in asked]

    def grow(self, tasks: Sequence[Task], only: str = "") -> bool:
        """Ask for more where the runs of `tasks` leave an endpoint noisy; False if nowhere.

        Parameters
        ----------
        tasks
            The runs that are looked at, without those that have failed.
        """
        grown = False
        for trial in self._trials:
            if self._most < FACTOR or (only and trial.id != only) or not measure_needs(trial):
                continue  # what can ask for nothing is not read
            noisy = self._find_noisy(trial, judge_trial(trial, Lived(trial, tasks, self._out)))
            counts = self.counts.setdefault(trial.id, {})
            for arm in noisy:
                wanted = min(self._most, FACTOR * counts.get(arm, 1))
                grown |= wanted > counts.get(arm, 1)
                counts[arm] = wanted
        return grown

    def _find_noisy(self, trial: Trial, judged: Sequence[Judged]) -> list[str]:
        """Return the arms of endpoints that have runs, and errors larger than asked for."""
        names: dict[str, None] = {}
        for one in judged:
            if (
                one.endpoint.goal > 0
                and one.found.count
                and not one.found.error <= one.endpoint.goal
            ):
                names |= dict.fromkeys(find_needs(one.endpoint, trial))
        return list(names)
