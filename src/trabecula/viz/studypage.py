"""Many runs as one page: a sweep, arms of a trial, or a judged panel."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.analysis import Results
from trabecula.analysis.arms import Arm, find_parameters, get_seeds, group_runs, load_runs
from trabecula.analysis.contrasts import average_units, compare_arms, summarise_pairs
from trabecula.analysis.sampling import WINDOW, compute_percent_change
from trabecula.analysis.windows import BASELINE, SLACK, compute_baseline
from trabecula.base.errors import InputError, ResultsError
from trabecula.records.lines import read_lines
from trabecula.records.statusfile import read_status
from trabecula.study.cohort import group_patients
from trabecula.study.manifest import NAME as MANIFEST
from trabecula.viz.page import (
    Html,
    embed_figure,
    escape,
    make_details,
    make_document,
    make_heading,
    make_links,
    make_paragraph,
    make_section,
    make_table,
    make_text_block,
    to_number,
)
from trabecula.viz.runpage import draw_pictures, tell_asked, tell_numbers, to_change
from trabecula.viz.series import draw_arms
from trabecula.viz.verdicttable import make_verdict_table

VERDICTS = "verdicts.json"
MEASURES = (
    ("bv_tv", "BV/TV"), ("resorption_rate", "BRs.R"), ("formation_rate", "BF.R"),
    ("n_oc_bs", "N.Oc/BS"),
)  # fmt: skip
"""Series whose change at the end is tabulated: key, symbol."""

COURSE = ("bv_tv", "resorption_rate", "formation_rate")
"""Series that are drawn for a trial."""


def make_study_page(place: Path) -> str:
    """Return the page of a folder of runs as HTML.

    Raises
    ------
    ResultsError
        If it holds none, or one cannot be read.
    """
    runs = [run for run in load_runs([place]) if len(run.time)]
    if not runs:
        msg = f"{place}: no run in it has stored a moment yet"
        raise ResultsError(msg)
    arms = group_patients([place], runs)
    name = place.resolve().name
    failed = list_failed(place)
    links = (
        ("happened", "What happened"), ("pictures", "Pictures"), ("contrasts", "Contrasts"),
        ("runs", "Runs"), ("asked", "What was asked"), ("numbers", "Numbers of biology"),
        ("provenance", "Provenance"), ("repeat", "How to repeat it"),
    )  # fmt: skip
    plural = "s" if len(arms) > 1 else ""
    lead = f"{len(runs)} runs in {len(arms)} arm{plural}"
    lead += f"; {len(failed)} failed, and are listed below." if failed else "."
    return make_document(
        f"{name}: report",
        make_heading(name),
        make_paragraph(lead, "lead"),
        make_links(links),
        make_section("happened", "What happened", *_tell_arms(arms)),
        make_section("pictures", "Pictures", *draw_pictures(*arms)),
        make_section("contrasts", "Contrasts", *_tell_contrasts(arms)),
        make_section("runs", "Runs", *_tell_runs(place, arms, failed)),
        make_section("asked", "What was asked (first run)", *tell_asked(runs[0])),
        make_section("numbers", "Numbers of biology (first run)", *tell_numbers(runs[0])),
        make_section("provenance", "Provenance", _tell_versions(runs)),
        make_section("repeat", "How to repeat it", *_tell_repeat(place)),
    )


def _tell_versions(runs: Sequence[Results]) -> Html:
    """Return the versions of programs, all that occur."""
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, version in run.provenance.get("versions", {}).items():
            found.setdefault(name, {})[str(version)] = None
    return make_table(
        ("program", "versions"), ((n, ", ".join(v)) for n, v in sorted(found.items()))
    )


def list_failed(place: Path) -> list[tuple[str, str, str]]:
    """Return runs that failed: folder, what was changed, why; from statuses and a sweep's manifest."""
    failed: dict[str, tuple[str, str, str]] = {}
    for path in sorted(place.glob("**/status.json")):
        status = read_status(path.parent)
        if status.get("state") == "failed":
            folder = str(path.parent.relative_to(place))
            failed[folder] = (folder, "", str(status.get("error", "see log.txt")))
    for line in read_lines(place / MANIFEST):
        if line.get("status") == "failed":
            folder = str(line.get("folder") or f"run {line.get('run')}")
            changes = line.get("parameters") or {}
            words = ", ".join(f"{key}={value}" for key, value in changes.items())
            failed[folder] = (folder, words, str(line.get("error", "")))
        elif line.get("folder") in failed:  # it failed once, and then went on
            del failed[str(line["folder"])]
    return list(failed.values())


def _find_window(runs: Sequence[Results]) -> tuple[float, float]:
    """Return the last window that every run has lived (d)."""
    end = min(run.duration for run in runs)
    return max(0.0, end - WINDOW), end


def tell_baseline(runs: Sequence[Results]) -> str:
    """Return what changes are held against in the run with the least before day 0."""
    usual = -BASELINE[0]
    lead = min(-float(run.time[0]) for run in runs)
    if lead >= usual - SLACK:
        return f"the {usual:g} d before day 0"
    if lead > 0:
        return f"the {lead:g} d before day 0 (all there is of the usual {usual:g})"
    return "the first measurement, since nothing was measured before day 0,"


def _change(run: Results, key: str, window: tuple[float, float]) -> float:
    if key not in run.series or not np.isfinite(run.series[key].values).any():
        return float("nan")
    return (
        compute_percent_change(run, key, *window)
        if compute_baseline(run, key) > 0
        else float("nan")
    )


def _tell_arms(arms: Sequence[Arm]) -> list[Html]:
    runs = [run for arm in arms for run in arm.runs]
    window = _find_window(runs)
    rows = []
    for arm in arms:
        cells: list[Any] = [arm.label, len(arm.runs)]
        for key, _ in MEASURES:
            changes = np.array([_change(run, key, window) for run in arm.runs])
            if arm.kind:  # lives of a patient are no patients
                seeds = map(get_seeds, arm.runs)
                changes = average_units(dict(zip(seeds, changes.tolist(), strict=True)), arm)
            mean, error, _, _ = summarise_pairs(changes)
            spread = f" ± {to_number(error, 2)}" if np.isfinite(error) else ""
            cells.append(f"{to_change(mean)}{spread}")
        rows.append(cells)
    columns = ("arm", "runs", *(f"{symbol} (%)" for _, symbol in MEASURES))
    return [
        make_table(columns, rows, range(1, len(columns))),
        make_paragraph(
            f"Change of day {window[0]:g} to {window[1]:g} against {tell_baseline(runs)} of the same "
            "run: mean over runs (in a virtual population, over patients), with its standard error.",
            "source",
        ),
    ]


def _tell_contrasts(arms: Sequence[Arm]) -> list[Html]:
    if len(arms) < 2:
        return [make_paragraph("There is one arm: nothing to compare.")]
    window = _find_window([run for arm in arms for run in arm.runs])
    rows, reasons = [], []
    for arm in arms[1:]:
        for key, symbol in MEASURES:
            if any(key not in run.series for one in (arm, arms[0]) for run in one.runs):
                continue
            try:
                found = compare_arms(arm, arms[0], key, window)
            except InputError as error:
                reasons.append(str(error))
                break
            interval = f"{to_number(found.low, 3)} to {to_number(found.high, 3)}"
            is_known = np.isfinite(found.low)
            label = f"{arm.label} - {arms[0].label}"
            rows.append(
                (
                    label,
                    symbol,
                    to_change(found.value),
                    interval if is_known else "-",
                    len(found.differences),
                )
            )
    parts: list[Html] = []
    if rows:
        columns = ("arms", "symbol", "difference of change (%)", "95 % interval", "compared")
        parts = [
            make_table(columns, rows, (2, 3, 4)),
            make_paragraph(
                f"Day {window[0]:g} to {window[1]:g}. Compared are pairs of runs with the same seeds, "
                "in a virtual population patients by the mean of their pairs; interval after Student "
                "over these. Many comparisons at once find differences by chance.",
                "source",
            ),
        ]
    return parts + [make_paragraph(f"Not compared: {reason}", "source") for reason in reasons]


def _tell_runs(
    place: Path, arms: Sequence[Arm], failed: Sequence[tuple[str, str, str]]
) -> list[Html]:
    runs = [(arm.label, run) for arm in arms for run in arm.runs]
    changed = find_parameters([run for _, run in runs])
    keys = [key for key, values in changed.items() if not isinstance(values[0], list)]
    rows = []
    for number, (label, run) in enumerate(runs):
        window = _find_window([run])
        structure, seed = get_seeds(run)
        rows.append((
            _to_relative(run.path.parent, place), label, structure, seed,
            *(str(changed[key][number]) for key in keys), float(run.duration),
            to_change(_change(run, "bv_tv", window)), str(read_status(run.path.parent).get("state", "")),
            str(run.provenance.get("config_digest", ""))[:12],
        ))  # fmt: skip
    columns = ("folder", "arm", "bone", "seed", *keys, "days", "BV/TV (%)", "status", "digest")
    parts = [make_table(columns, rows)]
    if failed:
        parts += [make_heading("Failed", 3), make_table(("folder", "changed", "why"), failed)]
    return parts


def _to_relative(folder: Path, place: Path) -> str:
    return str(folder.relative_to(place)) if folder.is_relative_to(place) else str(folder)


def _tell_repeat(place: Path) -> list[Html]:
    text = (
        "# each run from the config.yaml in its folder\n"
        "trabecula run FOLDER/config.yaml --out NEW\n"
        f"trabecula report {place.resolve().name}"
    )
    return [make_text_block(text)]


def make_verdict_page(place: Path) -> str:
    """Return the page of a judged panel from its ``verdicts.json`` and the runs beside it, as HTML.

    Raises
    ------
    ResultsError
        If the verdicts cannot be read.
    """
    path = place / VERDICTS
    try:
        verdicts = json.loads(path.read_text(encoding="utf-8"))
        trials = list(verdicts["trials"])
        sections = [_make_trial_section(place, trial) for trial in trials]
        rows = [
            (Html(f"<a href='#{i}'>{escape(t.get('id', ''))}</a>"), t.get("title", ""),
             t.get("score"), t.get("score_no_change"))
            for i, t in enumerate(trials, 1)
        ]  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path}: damaged: {error!r}; `trabecula validate` writes it anew"
        raise ResultsError(msg) from error
    name = str(verdicts.get("panel", place.name))
    sampling = verdicts.get("sampling") or {}
    how = ", ".join(f"{key} {value}" for key, value in sampling.items())
    base = verdicts.get("score_no_change")
    lead = f"Score {verdicts.get('score')}, where nothing changes {base}. {how}."
    columns = ("trial", "", "score", "no change")
    digest = make_paragraph(f"Digest of the program: {verdicts.get('code', '')}", "source")
    return make_document(
        f"{name}: report",
        make_heading(name),
        make_paragraph(lead, "lead"),
        make_table(columns, rows, (2, 3)),
        *(
            make_section(str(number), f"{trial.get('id', '')}: {trial.get('title', '')}", *parts)
            for number, (trial, parts) in enumerate(zip(trials, sections, strict=True), 1)
        ),
        make_section("provenance", "Provenance", digest),
    )


def _make_trial_section(place: Path, trial: Mapping[str, Any]) -> list[Html]:
    parts = [make_paragraph(str(trial.get("source", "")), "source")]
    parts += [make_paragraph(str(note)) for note in trial.get("notes") or ()]
    folder = place / str(trial.get("id", ""))
    try:
        arms = group_runs([run for run in load_runs([folder]) if len(run.time)])
        figure = draw_arms(arms, COURSE)
        parts.append(embed_figure(figure, f"Courses of the arms of {trial.get('id')}"))
    except (ResultsError, IndexError):
        parts.append(make_paragraph("No runs of this trial are beside the verdicts.", "source"))
    endpoints = trial.get("endpoints") or ()
    return [*parts, make_verdict_table(endpoints), _tell_terms(trial)]


def _tell_terms(trial: Mapping[str, Any]) -> Html:
    """Return how the endpoints were read, folded."""
    ends = [
        (end.get("what", ""), end.get("term") or "prose") for end in trial.get("endpoints") or ()
    ]
    return make_details("How the endpoints are read", make_table(("endpoint", "term"), ends))
