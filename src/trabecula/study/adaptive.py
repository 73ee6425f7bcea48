"""Bones added to a trial until its endpoints are determined, or until the time allowed for it ends."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trabecula.analysis.expectation import THROUGHPUT
from trabecula.base.errors import ConfigError, InputError
from trabecula.study.crew import Crew
from trabecula.study.lived import Lived
from trabecula.study.living import Outcome, is_lived, live_all
from trabecula.study.panel import Panel, Trial
from trabecula.study.repeating import Repeats
from trabecula.study.scoring import Judged
from trabecula.study.trials import (
    Sampling,
    Task,
    compute_prelude,
    compute_unit_cost,
    list_tasks,
    make_task_config,
)
from trabecula.study.validation import judge_trial

LEAST = 4
"""Bones with which a spread can be trusted enough to stop by: with fewer, stopping by a spread that is
small by luck makes intervals too narrow (docs/validation.md)."""

MOST = 400
"""Bones of a trial, whatever the time."""

GROWTH = 2.0
"""Factor by which the bones of a trial may grow before their spread is looked at again."""

HOUR = 3600.0

type Report = Callable[[Outcome, int], None] | None


@dataclass
class Work:
    """What one call lived.

    Parameters
    ----------
    bones
        Bones asked for, by trial.
    ended
        Why no more were added: ``precise``, ``budget``, ``failed`` or ``fixed``, by trial.
    later
        Runs from later days 0 that were asked for.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    bones: dict[str, int] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    later: list[Task] = field(default_factory=list)

    @property
    def starts(self) -> dict[str, dict[str, int]]:
        """Days 0 of a bone, by trial and arm, where they are more than the first."""
        found: dict[str, dict[str, int]] = {}
        for task in self.later:
            arms = found.setdefault(task.trial, {})
            arms[task.arm] = max(arms.get(task.arm, 1), task.onset + 1)
        return found

    @property
    def core_hours(self) -> float:
        """Time of cores that was spent (h)."""
        return sum(outcome.seconds for outcome in self.outcomes) / HOUR

    def leave_out_failed(self, tasks: Sequence[Task]) -> list[Task]:
        """Return the tasks without those that have failed in this call.

        A folder of one may still hold the whole run of another configuration, which is not to be judged.
        """
        failed = {outcome.task.folder for outcome in self.outcomes if outcome.status == "failed"}
        return [task for task in tasks if task.folder not in failed]

    def to_mapping(self) -> dict[str, object]:
        """Return plain values."""
        failed = [o for o in self.outcomes if o.status == "failed"]
        return {
            "core_hours": round(self.core_hours, 3), "bones": self.bones, "ended": self.ended,
            "starts": self.starts,
            "again": [str(o.task.folder) for o in self.outcomes if o.attempts > 1],
            "failed": [{"run": str(o.task.folder), "why": o.message} for o in failed],
        }  # fmt: skip


def is_determined(judged: Sequence[Judged]) -> bool:
    """Whether every endpoint has the standard error that it asks for."""
    goals = [(one.found.error, one.endpoint.goal) for one in judged if one.endpoint.goal > 0]
    return all(error <= goal for error, goal in goals)


def count_wanted(judged: Sequence[Judged], have: int) -> int:
    """Return how many bones the noisiest endpoint asks for, by the spread that is known now."""
    ratios = [
        one.found.error / one.endpoint.goal
        for one in judged
        if one.endpoint.goal > 0 and math.isfinite(one.found.error)
    ]
    factor = min(max(ratios, default=GROWTH) ** 2, GROWTH)
    return min(MOST, max(have + 1, math.ceil(have * factor)))


class Adaptive:
    """Lives a panel bone by bone.

    Parameters
    ----------
    budget
        Time of cores that may be spent (h).
    """

    def __init__(
        self, panel: Panel, sampling: Sampling, out: Path, crew: Crew, budget: float,
        report: Report = None,
    ) -> None:  # fmt: skip
        self._panel, self._sampling, self._out = panel, sampling, out
        self._crew, self._budget, self._report = crew, budget, report
        self._trials = {t.id: t for t in panel.trials if t.used_arms}
        self._foreseen = {
            name: self._count_volume_years(trial) / THROUGHPUT
            for name, trial in self._trials.items()
        }
        self._work = Work(bones=dict.fromkeys(self._trials, 0))
        self._repeats = Repeats(panel, sampling, out)

    def _count_volume_years(self, trial: Trial) -> float:
        return compute_prelude(trial, self._sampling) + compute_unit_cost(trial, self._sampling)

    def live(self) -> Work:
        """Add bones until every trial is determined or given up, or the time ends.

        Raises
        ------
        InputError
            If the time is not even enough for one bone of every arm of one trial.
        """
        work, wanted = self._work, dict.fromkeys(self._trials, max(LEAST, self._sampling.bones))
        self._insist_on_time()
        while set(work.ended) < set(self._trials):
            batch = self._choose(wanted)
            if not batch:
                break
            if not self._live_batch(batch):
                for name in self._trials:
                    work.ended.setdefault(name, "budget")
            for name in {name for name, _ in batch}:
                if name not in work.ended and work.bones[name] >= wanted[name]:
                    wanted[name] = self._look(name)
        return work

    def _insist_on_time(self) -> None:
        least = min(self._foreseen.values(), default=0.0)
        done = [t for t in list_tasks(self._panel, self._sampling) if self._is_there(t)]
        if not done and least > self._budget:
            msg = (
                f"--core-hours: found {self._budget:g}; allowed: {least:.2g} or more, what one bone of "
                "every arm takes; or smaller bones, by --edge"
            )
            raise InputError(msg)

    def _is_there(self, task: Task) -> bool:
        """Whether a run would be kept: it is whole, and made from what the panel asks for today."""
        if not (self._out / task.folder / "results.h5").is_file():
            return False
        trial = self._trials[task.trial]
        try:
            config = make_task_config(trial, task, self._sampling)
        except ConfigError:  # what is there is of another patient
            return False
        return is_lived(config, task, self._out)

    def _choose(self, wanted: dict[str, int]) -> list[tuple[str, int]]:
        """Return the next bones: those of the trials that have fewest first, one for each worker."""
        work, size = self._work, max(1, self._crew.size)
        counts, batch = dict(work.bones), []
        for _ in range(size):
            left = [n for n in self._trials if n not in work.ended and counts[n] < wanted[n]]
            if not left:
                break
            name = min(left, key=counts.__getitem__)
            counts[name] += 1
            batch.append((name, counts[name]))
        return batch

    def _live_batch(self, batch: list[tuple[str, int]]) -> bool:
        """Live one bone of all arms for each of the batch; False if there is no time for it."""
        while not self._is_affordable(batch):
            batch = batch[:-1]  # fewer at once
        if not batch:
            return False
        tasks = self._list_batch(batch)
        for name, bone in batch:
            self._work.bones[name] = bone
        found = live_all(self._panel, tasks, self._sampling, self._out, self._crew, self._report)
        self._work.outcomes += found
        for name in {o.task.trial for o in found if o.status == "failed"}:
            if self._is_hopeless(name):
                self._work.ended[name] = "failed"
        return True

    def _is_hopeless(self, name: str) -> bool:
        """Whether an arm of a trial has failed on every bone so far, and these are two or more."""
        arms: dict[str, list[bool]] = {}
        for one in self._work.outcomes:
            if one.task.trial == name and not one.task.onset:
                arms.setdefault(one.task.arm, []).append(one.status == "failed")
        return any(len(failed) > 1 and all(failed) for failed in arms.values())

    def _is_affordable(self, batch: list[tuple[str, int]]) -> bool:
        tasks = self._list_batch(batch)
        fresh = {(t.trial, t.bone) for t in tasks if not self._is_there(t)}
        cost = sum(self._foresee(name) for name, _ in fresh)
        return not fresh or self._work.core_hours + cost <= self._budget

    def _list_batch(self, batch: list[tuple[str, int]]) -> list[Task]:
        """Return the runs of a batch, one arm of every bone first: the others find it spun up."""
        every = list_tasks(self._panel, self._sampling, dict(batch))
        chosen = [task for task in every if (task.trial, task.bone) in set(batch)]
        order = {
            (name, arm.name): index
            for name, trial in self._trials.items()
            for index, arm in enumerate(trial.used_arms)
        }
        return sorted(chosen, key=lambda task: order[task.trial, task.arm])

    def _foresee(self, name: str) -> float:
        """Return what one more bone of all arms takes (h): as those lived, or as foreseen."""
        lived = [o for o in self._work.outcomes if o.task.trial == name and o.status == "done"]
        bones = {o.task.bone for o in lived}
        if not bones:
            return self._foreseen[name]
        return sum(o.seconds for o in lived) / HOUR / len(bones)

    def _live_later(self, name: str, tasks: Sequence[Task]) -> None:
        """Live later days 0 of the bones of a trial, while it is noisy and there is time for them."""
        work = self._work
        while True:
            fresh = self._repeats.list_fresh(tasks, work.later, name)
            years = sum(task.days or 0.0 for task in fresh if not self._is_there(task)) / 365.25
            cost = years * self._sampling.volume / THROUGHPUT
            if work.core_hours + cost > self._budget:
                return
            work.outcomes += live_all(
                self._panel, fresh, self._sampling, self._out, self._crew, self._report
            )
            work.later += fresh
            if not self._repeats.grow(work.leave_out_failed([*tasks, *work.later]), name):
                return

    def _look(self, name: str) -> int:
        """Return how many bones a trial shall have, and note if it needs no more."""
        trial, have = self._trials[name], self._work.bones[name]
        tasks = list_tasks(self._panel, self._sampling, {name: have})
        self._live_later(name, tasks)
        there = self._work.leave_out_failed([*tasks, *self._work.later])
        judged = judge_trial(trial, Lived(trial, there, self._out))
        if is_determined(judged):
            self._work.ended[name] = "precise"
            return have
        if have >= MOST:
            self._work.ended[name] = "budget"
            return have
        return count_wanted(judged, have)


def live_fixed(
    panel: Panel, sampling: Sampling, out: Path, crew: Crew, report: Report = None
) -> Work:
    """Live the bones of the sampling, no more and no fewer, and later days 0 of them where it helps."""
    tasks = list_tasks(panel, sampling)
    names = [trial.id for trial in panel.trials if trial.used_arms]
    work = Work(bones=dict.fromkeys(names, sampling.bones), ended=dict.fromkeys(names, "fixed"))
    work.outcomes += live_all(panel, tasks, sampling, out, crew, report)
    repeats = Repeats(panel, sampling, out)
    while repeats.grow(work.leave_out_failed([*tasks, *work.later])):
        fresh = repeats.list_fresh(tasks, work.later)
        work.outcomes += live_all(panel, fresh, sampling, out, crew, report)
        work.later += fresh
    return work
