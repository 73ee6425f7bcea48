"""What a calibration came to, written down: the frozen fit, and a summary that can be committed."""

import math
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from trabecula.base.version import VERSION
from trabecula.config.calibrations import Calibration
from trabecula.config.fits import FrozenFit
from trabecula.runner.digest import compute_code_digest
from trabecula.study.calibrating import Evaluated, Fitted, compute_panel_digest
from trabecula.study.determination import Determination, list_findings
from trabecula.study.evaluating import is_shared
from trabecula.study.fitplan import StagePlan
from trabecula.study.loss import Target


def freeze(calibration: Calibration, fitted: Fitted, plans: Sequence[StagePlan]) -> FrozenFit:
    """Return the chosen rows with what they were fitted to, and by what."""
    plan = next(plan for plan in plans if plan.name == fitted.judged_in)
    fidelity = plan.fidelity
    made_from = {
        "calibration": calibration.compute_digest(),
        "panel": plan.subject.panel.path.name, "panel_digest": compute_panel_digest(plan),
        "trials": [trial.id for trial in plan.subject.panel.trials],
        "stage": plan.name, "bones": fidelity.bones, "edge": fidelity.edge, "settle": fidelity.settle,
        "settings": list(calibration.sets),
        "loss_before": round(fitted.start.loss, 6), "loss": round(fitted.best.loss, 6),
        "loss_error": round(fitted.best.loss_error, 6),
        "evaluations": sum(len(found) for found in fitted.stages.values()),
        "core_hours": round(fitted.core_hours, 3), "optimiser": fitted.optimiser,
        "program": compute_code_digest(),
        "versions": {
            "trabecula": VERSION, "python": platform.python_version(), "numpy": version("numpy"),
            "numba": version("numba"),
        },
    }  # fmt: skip
    return FrozenFit(calibration.name, dict(fitted.best.values), made_from)


def pair_targets(before: Evaluated, after: Evaluated) -> list[tuple[Target, Target | None]]:
    """Return every target after the fit with the same before it."""
    was = {target.name: target for target in before.targets}
    return [(target, was.get(target.name)) for target in after.targets]


def list_comparisons(fitted: Fitted) -> list[tuple[str, Evaluated, Evaluated]]:
    """Return before and after: of the round that decided, and of the whole panel if it was lived."""
    found = [(fitted.judged_in, fitted.start, fitted.best)]
    done = {one.number: one for one in fitted.final if one.is_done}
    last = 1 if fitted.best.number else 0  # the start may be the best
    if 0 in done and last in done:
        found.append(("final: the whole panel", done[0], done[last]))
    return found


def say_number(value: float, digits: int = 4) -> str:
    """Return a `value` of any unit in a few digits; a dash where there is none."""
    return f"{value:.{digits}g}" if math.isfinite(value) else "-"


def say_target(target: Target | None) -> str:
    """Return a value with its standard error, in the target's unit."""
    if target is None or not math.isfinite(target.value):
        return "-"
    error = f" ± {target.error:.2g}" if math.isfinite(target.error) else ""
    return f"{target.value:.3g}{error}"


def say_place(target: Target) -> str:
    """Return where a target lies: in its band, or how many half-widths from the middle."""
    if not math.isfinite(target.value):
        return "no value"
    return "in" if abs(target.distance) <= 1.0 else f"{abs(target.distance):.1f} half-widths"


def say_interval(low: float, high: float) -> str:
    """Return an interval in words.

    Parameters
    ----------
    low, high
        Its ends, in the unit of the row.
    """
    return f"{low:.4g} to {high:.4g}" if math.isfinite(low) else "-"


def make_summary(
    calibration: Calibration, fitted: Fitted, known: Determination, fit: FrozenFit
) -> str:
    """Return the summary as Markdown: what was fitted to what, how well, and what resisted."""
    made = fit.made_from
    lines = [
        f"# {calibration.name}: a calibration", "",
        f"Rows fitted to {', '.join(made['trials'])} of `{made['panel']}` "
        f"(digest `{made['panel_digest'][:12]}`), {made['bones']} bones an arm of {made['edge']} "
        f"voxels' edge. Loss {made['loss_before']:.4g} -> {made['loss']:.4g} "
        f"± {made['loss_error']:.2g}, "
        f"{made['evaluations']} evaluations ({len(fitted.failed)} failed), "
        f"{made['core_hours']:.3g} core-hours. Frozen: digest `{fit.digest}`.", "",
        say_kind(calibration), "",
        "## Rows", "",
        *_table(ROW_COLUMNS, list_row_cells(known)), "",
        say_noise(known), "",
        "## Rounds", "",
        *_table(STAGE_COLUMNS, list_stage_cells(fitted)), "",
    ]  # fmt: skip
    for title, before, after in list_comparisons(fitted):
        lines += [f"## Endpoints: {title}", "", say_scores(before, after), ""]
        lines += [*_table(TARGET_COLUMNS, list_target_cells(before, after)), ""]
    findings = list_findings(known, *list_comparisons(fitted)[-1][1:], fitted.failed)
    lines += ["## Findings", "", *(f"- {text}" for text in findings or ["none"]), ""]
    lines += ["## Made from", "", *_table(("what", ""), [(k, str(v)) for k, v in made.items()]), ""]
    return "\n".join(lines)


ROW_COLUMNS = ("row", "before", "fitted", "as good", "limits", "grade", "unit", "verdict")
STAGE_COLUMNS = ("round", "evaluations", "failed", "least loss", "core-hours", "ended")
TARGET_COLUMNS = ("target", "band", "before", "after", "place", "fitted to")


def list_row_cells(known: Determination) -> list[tuple[str, ...]]:
    """Return a line a row."""
    return [
        (
            one.row.key, say_number(one.row.start), say_number(one.best),
            say_interval(one.low, one.high),
            f"{one.row.low:g} to {one.row.high:g}{', log' if one.row.is_log else ''}",
            one.row.row.grade, one.row.row.unit,
            one.verdict + (f", at the {one.at_limit} limit" if one.at_limit else ""),
        )
        for one in known.rows
    ]  # fmt: skip


def list_stage_cells(fitted: Fitted) -> list[tuple[str, ...]]:
    """Return a line a round."""
    lines: list[tuple[str, ...]] = []
    for name, found in fitted.stages.items():
        done = [one.loss for one in found if one.is_done]
        hours = sum(one.core_hours for one in found)
        lines.append((
            name, str(len(found)), str(len(found) - len(done)), say_number(min(done, default=math.nan)),
            f"{hours:.3g}", fitted.ended.get(name, ""),
        ))  # fmt: skip
    return lines


def list_target_cells(before: Evaluated, after: Evaluated) -> list[tuple[str, ...]]:
    """Return a line a target."""
    return [
        (
            target.name, f"{target.low:g} to {target.high:g}", say_target(was), say_target(target),
            say_place(target), "yes" if target.counts else "reported only",
        )
        for target, was in pair_targets(before, after)
    ]  # fmt: skip


def say_kind(calibration: Calibration) -> str:
    """Return in words whether the untouched bone could move."""
    if is_shared(calibration):
        return (
            "All rows act from day 0 on only: they cannot move a replete bone, whose spin-up all "
            "evaluations share; its drift and anchors were not lived."
        )
    return (
        "Some rows change the bone in equilibrium: every evaluation spun its bones up anew, and an "
        "untouched bone was lived beside the arms."
    )


def say_noise(known: Determination) -> str:
    """Return in words what the intervals rest on."""
    if not math.isfinite(known.noise):
        few = f"{known.count} evaluations of {known.stage}"
        return f"{few} are too few to say how well rows are determined."
    return (
        f"As good: values at which the loss, all other rows free, is above its least by no more than "
        f"{known.noise:.2g}, the noise; by a Gaussian process through {known.count} evaluations of "
        f"{known.stage}."
    )


def say_scores(before: Evaluated, after: Evaluated) -> str:
    """Return the scores of the panel, which are not what is fitted."""
    return (
        f"Score as validate counts it {say_number(before.score, 3)} -> {say_number(after.score, 3)}; "
        f"loss {say_number(before.loss)} -> {say_number(after.loss)}."
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return the lines of a Markdown table."""
    head = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return head + [f"| {' | '.join(str(c).replace('|', '/') for c in row)} |" for row in rows]
