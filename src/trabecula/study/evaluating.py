"""One parameter set judged: lived as arms of trials, or by whatever else can say what it would show."""

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from trabecula.base.errors import ConfigError, Problem, TrabeculaError
from trabecula.config.calibrations import Calibration
from trabecula.config.calibrationschema import Fidelity
from trabecula.config.fits import compute_fit_digest, get_setting
from trabecula.config.marks import Key, to_dotted
from trabecula.hormones import is_idle_when_replete
from trabecula.study.crew import Crew
from trabecula.study.held import add_held
from trabecula.study.living import Outcome, live_all
from trabecula.study.loss import DRIFT, Target
from trabecula.study.panel import Endpoint, Panel, Trial
from trabecula.study.reader import load_panel
from trabecula.study.scoring import Judged, score_panel
from trabecula.study.steady import ANCHORS, STEADY, make_steady_trial, read_anchors
from trabecula.study.trials import Sampling, Task, list_tasks, screen
from trabecula.study.validation import judge_panel

HOUR = 3600.0


class EvaluationError(TrabeculaError):
    """A parameter set under which a life could not be lived to its end."""

    def __init__(self, message: str, core_hours: float = 0.0) -> None:
        self.core_hours = core_hours
        super().__init__(message)


@dataclass(frozen=True)
class Evaluation:
    """What one parameter set showed.

    Parameters
    ----------
    targets
        Everything that has a band, with its standard error.
    score
        Of the panel, as `validate` counts it (0..1); NaN if nothing counts.
    core_hours
        Time of cores that it took (h).
    """

    targets: Sequence[Target]
    score: float = math.nan
    core_hours: float = 0.0


class Evaluator(Protocol):
    """Whoever can judge a parameter set."""

    def evaluate(self, values: Mapping[str, float], fidelity: Fidelity, name: str) -> Evaluation:
        """Judge `values` (each in its row's unit); raises EvaluationError where they cannot be lived."""
        ...


@dataclass(frozen=True)
class Subject:
    """What is lived in a stage.

    Parameters
    ----------
    panel
        Its trials, what cannot be lived given up.
    steady
        A panel of the untouched bone alone; None where no fitted row can move it.
    """

    panel: Panel
    steady: Panel | None
    sampling: Sampling

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All that is lived."""
        return (self.panel,) if self.steady is None else (self.panel, self.steady)


def is_shared(calibration: Calibration) -> bool:
    """Whether no fitted row moves a replete bone, so that one spin-up does for all evaluations."""
    return all(is_idle_when_replete(row.key) for row in calibration.rows)


def make_subject(calibration: Calibration, fidelity: Fidelity, is_final: bool = False) -> Subject:
    """Return the trials of a stage and how much bone they get; the last one has the whole panel.

    Raises
    ------
    ConfigError
        If the panel cannot be read, has no such trial, none that can be lived or nothing to fit to, or
        an anchor is wrong.
    """
    settings = calibration.settings
    panel = load_panel(calibration.panel)
    chosen = fidelity.only or (() if is_final else settings.only)
    _insist_on_trials(calibration, panel, [*settings.only, *fidelity.only])
    sampling = Sampling(fidelity.bones, fidelity.edge, fidelity.settle, calibration.sets)
    panel = add_held(screen(panel.choose(chosen), sampling))
    if not any(trial.used_arms for trial in panel.trials):
        where, names = calibration.find("panel"), ", ".join(trial.id for trial in panel.trials)
        found = f"{settings.panel}: nothing in {names} that can be lived and scored"
        raise ConfigError(
            [Problem(where, "panel", found, "a panel with an endpoint that is a term")]
        )
    anchors = read_anchors(calibration)
    drift = settings.drift
    steady = None
    if not is_shared(calibration):
        steady = Panel(panel.path, (make_steady_trial(anchors, drift.limit, drift.days),))
    subject = Subject(panel, steady, sampling)
    _insist_on_targets(calibration, fidelity, subject)
    return subject


def _insist_on_targets(calibration: Calibration, fidelity: Fidelity, subject: Subject) -> None:
    """Insist that something is fitted to: without it every set has the same loss, nothing."""
    drift = calibration.settings.drift
    only_required = fidelity.endpoints == "required"
    ends = [end for trial in subject.panel.trials for end in trial.endpoints if end.has_band]
    others = subject.steady.trials[0].endpoints if subject.steady is not None else ()
    if any(is_fitted(end, only_required) for end in ends):
        return
    if any(is_fitted(end, False) for end in others if end.label != DRIFT or drift.weight > 0):
        return
    settings = calibration.settings
    place: Key = ("final",)
    if fidelity in settings.stages:
        place = ("stages", settings.stages.index(fidelity))
    names = ", ".join(trial.id for trial in subject.panel.trials)
    kind = "required, and " if only_required else ""
    allowed = f"an endpoint with a band that is {kind}no rank and no first day"
    hint = "endpoints: all, other trials, or required: true in the panel" if only_required else ""
    where = calibration.find(*place)
    found = f"nothing in {names} to fit to"
    raise ConfigError([Problem(where, to_dotted(place), found, allowed, hint)])


def _insist_on_trials(calibration: Calibration, panel: Panel, names: Sequence[str]) -> None:
    known = [trial.id for trial in panel.trials]
    unknown = [name for name in names if name not in known]
    if unknown:
        problem = Problem(calibration.find("only"), "only", ", ".join(unknown), ", ".join(known))
        raise ConfigError([problem])


class Lives:
    """Judges parameter sets by living them.

    Parameters
    ----------
    out
        Folder of the calibration; lives go into ``lives``, spun-up bones into ``bones``.
    report
        Told of every life, and how many are left of the evaluation.
    """

    def __init__(
        self, calibration: Calibration, out: Path, crew: Crew,
        report: Callable[[Outcome, int], None] | None = None,
    ) -> None:  # fmt: skip
        self._calibration, self._out, self._crew = calibration, out, crew
        self._report = report
        self._subjects: dict[str, Subject] = {}

    def evaluate(self, values: Mapping[str, float], fidelity: Fidelity, name: str) -> Evaluation:
        """Live every arm on every bone, or go on with what is there, and judge.

        Parameters
        ----------
        values
            By full key, each in its row's unit.

        Raises
        ------
        EvaluationError
            If a life failed; what the others took is in it.
        """
        if name not in self._subjects:
            self._subjects[name] = make_subject(self._calibration, fidelity, name == "final")
        subject = self._subjects[name]
        sets = tuple(f"{get_setting(key)}={float(value)!r}" for key, value in values.items())
        sampling = replace(subject.sampling, sets=(*subject.sampling.sets, *sets))
        folder = self._out / "lives" / name / compute_fit_digest(values)[:16]
        seconds = 0.0
        judged: dict[str, list[Judged]] = {}
        for panel in subject.panels:
            tasks = order_tasks(list_tasks(panel, sampling), panel)
            outcomes = live_all(
                panel, tasks, sampling, folder, self._crew, self._report, self._out / "bones"
            )
            seconds += sum(outcome.seconds for outcome in outcomes)
            failed = [outcome for outcome in outcomes if outcome.status == "failed"]
            if failed:
                text = f"{failed[0].task.folder}: {failed[0].message}"
                raise EvaluationError(text, seconds / HOUR)
            judged |= judge_panel(panel, tasks, folder)
        if not self._calibration.settings.keep_lives and name != "final":
            shutil.rmtree(folder, ignore_errors=True)
        targets = make_targets(subject, judged, fidelity.endpoints == "required")
        own = {trial.id: judged[trial.id] for trial in subject.panel.trials}
        return Evaluation(targets, score_panel(own), seconds / HOUR)


def order_tasks(tasks: Sequence[Task], panel: Panel) -> list[Task]:
    """Return the tasks, one arm of every bone first: the others find it spun up."""
    order = {
        (trial.id, arm.name): index
        for trial in panel.trials
        for index, arm in enumerate(trial.used_arms)
    }
    return sorted(tasks, key=lambda task: (order[task.trial, task.arm], task.bone))


def make_targets(
    subject: Subject, judged: Mapping[str, Sequence[Judged]], only_required: bool
) -> list[Target]:
    """Return every endpoint that has a band; those that jump are reported and not fitted.

    Parameters
    ----------
    only_required
        Whether endpoints that a trial does not require are only reported, too.
    """
    targets = []
    for panel in subject.panels:
        for trial in panel.trials:
            names = make_labels(trial)
            for name, one in zip(names, judged[trial.id], strict=True):
                if not one.endpoint.has_band or one.endpoint.term is None:
                    continue
                is_steady = panel is subject.steady
                group = trial.id
                if is_steady:
                    group = DRIFT if one.endpoint.label == DRIFT else ANCHORS
                counts = is_fitted(one.endpoint, only_required and not is_steady)
                targets.append(Target(
                    name, group, one.found.value, one.found.error, *one.endpoint.band, counts,
                    one.endpoint.required,
                ))  # fmt: skip
    return targets


def is_fitted(end: Endpoint, only_required: bool) -> bool:
    """Whether an endpoint is part of the loss: it follows its observables without jumps."""
    is_smooth = end.term is not None and end.term.is_smooth
    return is_smooth and (end.required or not only_required)


def make_labels(trial: Trial) -> list[str]:
    """Return a name for each endpoint of a trial, no two alike."""
    found: list[str] = []
    for end in trial.endpoints:
        plain = f"{trial.id}: {end.label}" if trial.id != STEADY else end.label
        label, number = plain, 2
        while label in found:
            label, number = f"{plain} #{number}", number + 1
        found.append(label)
    return found
