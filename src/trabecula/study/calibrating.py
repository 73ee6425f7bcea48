"""A fit in stages: many parameter sets on little bone, the better share of them on more.

Every stage begins with the start (the table's values), so that before and after are compared on the
same bones; then come the sets that the stage before sends on, then proposals of its own. Each
evaluation is in the journal with what it showed; a stop costs the lives since their last commit.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trabecula.base.errors import InputError, TrabeculaError
from trabecula.config.calibrations import Calibration
from trabecula.config.fits import compute_fit_digest
from trabecula.records.atomic import write_text_whole
from trabecula.runner.digest import compute_code_digest
from trabecula.study.evaluating import EvaluationError, Evaluator
from trabecula.study.fitplan import FEWEST, FINAL, StagePlan, count_kept
from trabecula.study.fitting import Dimension, Proposal, Search, open_journal
from trabecula.study.loss import Target, compute_loss, read_target
from trabecula.study.trials import make_first_config

JOURNAL = "journal.log"
"""File with all evaluations, as optuna keeps them."""

LINES = "evaluations.jsonl"
"""The same for people and other programs: a line an evaluation."""

MADE_FROM = "calibration.json"
"""File that says what the evaluations of a folder are of."""

EVEN = 3
"""Proposals of a round that fill the box evenly, for each row and for the whole."""

FAILED = "its start failed"
"""Why a round ended that has nothing to compare with."""

IN_A_ROW = 8
"""Failed evaluations one after the other that end a fit: then it is not the parameters."""


@dataclass(frozen=True)
class Evaluated:
    """One evaluation of the journal.

    Parameters
    ----------
    stage
        Its round.
    number
        Its place in it; 0 is the start.
    values
        By key, in each row's unit.
    loss, loss_error
        The loss and how far noise moves it (1); NaN if it failed.
    score
        The panel's (0..1).
    core_hours
        Time of cores that it took (h).
    why
        Why it failed; empty if it did not.
    """

    stage: str
    number: int
    values: Mapping[str, float]
    loss: float
    loss_error: float
    score: float
    core_hours: float
    targets: tuple[Target, ...]
    why: str = ""

    @property
    def is_done(self) -> bool:
        """Whether it has a loss."""
        return math.isfinite(self.loss)


def read_evaluated(record: Mapping[str, Any]) -> Evaluated:
    """Return the evaluation of a record of the journal."""

    def number(key: str) -> float:
        return math.nan if record.get(key) is None else float(record[key])

    return Evaluated(
        str(record["stage"]), int(record["number"]), dict(record["values"]), number("loss"),
        number("loss_error"), number("score"), float(record["core_hours"]),
        tuple(read_target(one) for one in record["targets"]), str(record.get("why", "")),
    )  # fmt: skip


@dataclass
class Fitted:
    """What a calibration came to.

    Parameters
    ----------
    stages
        All evaluations by round, in their order.
    ended
        Why a round ended: ``planned``, ``budget`` or :data:`FAILED`.
    judged_in
        The round in which the chosen set was best.
    start, best
        Before and after, of that round.
    final
        Before and after on the whole panel; empty if that was not asked for or not affordable.
    optimiser
        What made the proposals.
    """

    stages: dict[str, list[Evaluated]]
    ended: dict[str, str]
    judged_in: str
    start: Evaluated
    best: Evaluated
    final: tuple[Evaluated, ...] = ()
    optimiser: str = ""

    @property
    def core_hours(self) -> float:
        """Time of cores that all evaluations took (h)."""
        return sum(one.core_hours for found in self.stages.values() for one in found)

    @property
    def failed(self) -> list[Evaluated]:
        """Evaluations without a loss."""
        return [one for found in self.stages.values() for one in found if not one.is_done]


@dataclass
class Calibrator:
    """Carries a calibration through its rounds.

    Parameters
    ----------
    evaluator
        Judges parameter sets.
    out
        Folder of the calibration.
    report
        Told of every evaluation.
    """

    calibration: Calibration
    plans: Sequence[StagePlan]
    evaluator: Evaluator
    out: Path
    report: Callable[[Evaluated], None] | None = None
    _storage: Any = None
    _ended: dict[str, str] = field(default_factory=dict)
    _searches: dict[str, Search] = field(default_factory=dict)

    def fit(self) -> Fitted:
        """Evaluate what is planned and not there yet, and choose.

        Raises
        ------
        InputError
            If the folder holds another calibration, or optuna is not installed.
        TrabeculaError
            If the start cannot be judged, or so many evaluations fail one after the other that it is
            not the parameters.
        """
        self._storage = open_journal(self.out / JOURNAL)
        self._insist_on_folder()
        for plan in self.plans:
            if plan.name != FINAL:
                self._searches[plan.name] = self._open_search(plan.name)
        sent: list[Mapping[str, float]] = []
        first = self.plans[0].name
        settings = {stage.name: stage for stage in self.calibration.settings.stages}
        for plan in self.plans:
            if plan.name == FINAL:
                break
            self._fill(plan, [self._start, *sent][: plan.evaluations])
            if self._ended[plan.name] != FAILED:
                sent = self._choose(plan.name, settings[plan.name].keep)
            elif plan.name == first:
                why = self._list(first)[0].why
                msg = f"{first}: the start itself could not be judged: {why}"
                msg += "; mend that, and name another --out"
                raise TrabeculaError(msg)
        return self._conclude()

    def _open_search(self, name: str) -> Search:
        rows = self.calibration.rows
        space = {row.key: Dimension(row.low, row.high, row.is_log) for row in rows}
        seed = self.calibration.settings.seed
        return Search(self._storage, space, name, seed, EVEN * len(rows) + EVEN)

    @property
    def _start(self) -> dict[str, float]:
        return {row.key: row.start for row in self.calibration.rows}

    def _insist_on_folder(self) -> None:
        """Insist that the evaluations of the folder are of this calibration, and of this program."""
        now = {
            "calibration": self.calibration.describe(), "program": compute_code_digest(),
            "panel": compute_panel_digest(self.plans[0]),
            "configurations": compute_trial_digests(self.plans),
        }  # fmt: skip
        now = json.loads(json.dumps(now, default=str))
        path, before = self.out / MADE_FROM, None
        with suppress(OSError, ValueError):
            before = json.loads(path.read_text(encoding="utf-8"))
        if before is None:
            write_text_whole(path, json.dumps(now, indent=1, ensure_ascii=False) + "\n")
            return
        other = [name for name in now if now[name] != before.get(name)]
        if "calibration" in other:
            plain, kept = now["calibration"], before.get("calibration") or {}
            other = [key for key in plain if plain[key] != kept.get(key)]
        elif other == ["configurations"]:
            plain, kept = now["configurations"], before.get("configurations") or {}
            other = [f"configuration of {key}" for key in plain if plain[key] != kept.get(key)]
        if other:
            msg = (
                f"{self.out}: found evaluations made with another {', '.join(other)}; allowed: the "
                "same calibration (budget, workers and evaluations may change); name another --out"
            )
            raise InputError(msg)

    def _fill(self, plan: StagePlan, given: Sequence[Mapping[str, float]]) -> None:
        """Evaluate until a round has all that is given and as many as planned, its start fails, or the
        budget ends.

        A round before this one may have been extended since: what it sends on now is given by what is
        not there yet, whatever its place.
        """
        search = self._searches[plan.name]
        while True:
            if any(not one.is_done for one in self._list(plan.name)[:1]):
                self._ended[plan.name] = FAILED  # nothing can be compared with it
                return
            proposal = search.find_open()
            if proposal is None:
                made = search.list_values()
                fresh = next((values for values in given if dict(values) not in made), None)
                if fresh is None and len(made) >= plan.evaluations:
                    self._ended[plan.name] = "planned"
                    return
                if not self._is_affordable(plan):
                    self._ended[plan.name] = "budget"
                    return
                proposal = search.propose(fresh)
            self._evaluate(plan, search, proposal)

    def _evaluate(self, plan: StagePlan, search: Search, proposal: Proposal) -> None:
        record: dict[str, Any] = {
            "stage": plan.name, "number": proposal.number, "values": dict(proposal.values),
            "bones": plan.fidelity.bones, "edge": plan.fidelity.edge, "settle": plan.fidelity.settle,
            "loss": None, "loss_error": None, "score": None, "targets": [],
        }  # fmt: skip
        try:
            found = self.evaluator.evaluate(proposal.values, plan.fidelity, plan.name)
        except EvaluationError as error:
            record |= {"core_hours": error.core_hours, "why": str(error)}
        else:
            errors = self._find_errors(search)
            weight = self.calibration.settings.drift.weight
            loss = compute_loss(found.targets, errors, weight)
            record |= {
                "loss": loss.value if math.isfinite(loss.value) else None, "loss_error": loss.error,
                "score": found.score if math.isfinite(found.score) else None,
                "core_hours": found.core_hours,
                "targets": [target.to_mapping() for target in found.targets],
            }  # fmt: skip
        search.tell(proposal.number, record)
        self._write_lines()
        if self.report is not None:
            self.report(read_evaluated(record))
        self._insist_on_success(plan.name)

    def _find_errors(self, search: Search) -> dict[str, float]:
        """Return the standard errors of the start of this round, by target; none if it failed."""
        records = [record for record in search.list_records() if record["number"] == 0]
        found = [read_target(one) for record in records for one in record["targets"]]
        return {target.name: target.error for target in found}

    def _insist_on_success(self, name: str) -> None:
        last = self._list(name)[-IN_A_ROW:]
        if len(last) == IN_A_ROW and not any(one.is_done for one in last):
            msg = f"{IN_A_ROW} evaluations of {name} failed in a row; the last: {last[-1].why}"
            raise TrabeculaError(msg)

    def _list(self, name: str) -> list[Evaluated]:
        return [read_evaluated(record) for record in self._searches[name].list_records()]

    def _write_lines(self) -> None:
        records = [r for search in self._searches.values() for r in search.list_records()]
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        write_text_whole(self.out / LINES, text)

    def _is_affordable(self, plan: StagePlan) -> bool:
        """Whether one more evaluation leaves enough for the rounds that follow."""
        spent = sum(one.core_hours for name in self._searches for one in self._list(name))
        here = self._list(plan.name)
        measured = [one.core_hours for one in here if one.core_hours > 0]
        each = sum(measured) / len(measured) if measured else plan.each + plan.once
        later = self.plans[list(self._searches).index(plan.name) + 1 :]
        slower = max(1.0, each / plan.each) if measured and plan.each > 0 else 1.0
        reserve = slower * sum(one.least for one in later) if len(here) >= FEWEST else 0.0
        return spent + each + reserve <= self.calibration.settings.budget

    def _choose(self, name: str, keep: float) -> list[Mapping[str, float]]:
        """Return the sets that go on: the best share of a round, the start left out."""
        done = [one for one in self._list(name) if one.is_done and one.number > 0]
        ranked = sorted(done, key=lambda one: (one.loss, one.number))
        return [one.values for one in ranked[: count_kept(keep, len(done))]] if done else []

    def _conclude(self) -> Fitted:
        """Choose the best set of the last round that compares any, and live it on the whole panel."""
        stages = {plan.name: self._list(plan.name) for plan in self.plans if plan.name != FINAL}
        chosen = ""
        for name, found in stages.items():
            numbers = [one.number for one in found if one.is_done]
            if not chosen or (0 in numbers and len(numbers) >= FEWEST):
                chosen = name
        done = [one for one in stages[chosen] if one.is_done]
        best = min(done, key=lambda one: (one.loss, one.number))
        optimiser = self._searches[chosen].optimiser
        fitted = Fitted(stages, self._ended, chosen, done[0], best, (), optimiser)
        plan = next((plan for plan in self.plans if plan.name == FINAL), None)
        if plan is not None:
            self._live_final(plan, fitted)
        return fitted

    def _live_final(self, plan: StagePlan, fitted: Fitted) -> None:
        """Live the start and the chosen set on the whole panel; another choice is another search."""
        given = [self._start]
        if fitted.best.number > 0:
            given.append(dict(fitted.best.values))
        digest = compute_fit_digest(fitted.best.values)[:16]
        self._searches[FINAL] = self._open_search(f"{FINAL} {digest}")
        self._fill(replace(plan, evaluations=len(given)), given)
        found = fitted.stages[FINAL] = self._list(FINAL)
        fitted.final = tuple(found)


def compute_panel_digest(plan: StagePlan) -> str:
    """Return the digest of the file of a plan's panel."""
    return hashlib.sha256(plan.subject.panel.path.read_bytes()).hexdigest()


def compute_trial_digests(plans: Sequence[StagePlan]) -> dict[str, str]:
    """Return the digest of what all arms of each trial are lived from, by its name.

    Files that a trial names count by what they hold: its base, fits, images, sheets.
    """
    found: dict[str, str] = {}
    for plan in plans:
        for trial in plan.subject.panel.trials:
            if trial.id not in found:
                configs = [
                    make_first_config(trial, arm, plan.subject.sampling) for arm in trial.used_arms
                ]
                text = " ".join(config.compute_digest() for config in configs)
                found[trial.id] = hashlib.sha256(text.encode()).hexdigest()
    return found
