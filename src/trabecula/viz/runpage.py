"""One run as one page: what was asked, what happened, pictures, tables, provenance, how to repeat it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.analysis import Results, describe, load_results, summarise
from trabecula.analysis.arms import Arm, read_config
from trabecula.analysis.closure import check_closure
from trabecula.analysis.expectation import compute_noise
from trabecula.analysis.interventions import Intervention, find_interventions
from trabecula.analysis.sampling import TOTALS, compute_percent_change, compute_rate
from trabecula.analysis.summary import choose_last_window
from trabecula.analysis.windows import compute_baseline, compute_end, compute_start, find_given
from trabecula.records.moments import read_moment
from trabecula.records.statusfile import read_status
from trabecula.viz.figures import KINDS, draw_all
from trabecula.viz.page import (
    Html,
    embed_figure,
    make_details,
    make_document,
    make_heading,
    make_links,
    make_list,
    make_paragraph,
    make_section,
    make_table,
    make_text_block,
    to_number,
)
from trabecula.viz.panels import to_unit_name
from trabecula.viz.series import name_baseline

STRUCTURE = (
    "bv_tv", "tb_th", "tb_sp", "tb_n", "tb_n_imaged", "conn_d", "conn_d_imaged", "bs_bv", "stiffness",
    "failure_load", "abmd",
)  # fmt: skip
"""Series that are compared between day 0 and the end."""

RATES = (
    "resorption_rate", "formation_rate", "n_oc_bs", "n_ob_bs", "es_bs", "os_bs", "ms_bs", "mar",
    "rankl_opg",
)  # fmt: skip
"""Series whose last window is compared with the baseline."""

RATE_NAMES = {
    "resorption_rate": "matrix resorbed per day", "formation_rate": "matrix laid down per day",
}  # fmt: skip
"""Names of rates that are read from totals, over other windows than the series' own."""

SITES = ("ac_f", "e_de", "w_th", "rs_p", "rv_p", "fp", "turnover", "g_eff")
"""Series of the site ledger, over a year each."""

WORDS = {
    "series": (
        "Time series",
        "What happened on one clock: levels above, then markers of remodelling, then structure.",
    ),
    "lattice": ("Lattice", "Middle slices of the first and the last snapshot."),
    "sites": ("Remodelling sites", "The ledger of remodelling sites, and where they worked."),
    "fields": ("Fields", "What cells meet in the marrow, on the first and the last snapshot."),
}
"""Alternative text and caption of each figure."""

PART = 2**20


def make_run_page(place: Path) -> str:
    """Return the page of a run folder, or of a results file, as HTML.

    Raises
    ------
    ResultsError
        If there are no results, or they cannot be read.
    """
    results = load_results(place)
    folder = results.path.parent
    config = read_config(results)
    name = str(config.get("name") or folder.name)
    status = read_status(folder)
    links = (
        ("happened", "What happened"), ("pictures", "Pictures"), ("asked", "What was asked"),
        ("ledgers", "Sites and ledgers"), ("numbers", "Numbers of biology"),
        ("provenance", "Provenance"), ("repeat", "How to repeat it"),
    )  # fmt: skip
    return make_document(
        f"{name}: report",
        make_heading(name),
        make_paragraph(_make_lead(results, config, status), "lead"),
        make_links(links),
        make_section("happened", "What happened", *_tell(results)),
        make_section("pictures", "Pictures", *draw_pictures(Arm(name, (results,)))),
        make_section("asked", "What was asked", *tell_asked(results)),
        make_section("ledgers", "Sites and ledgers", *_tell_ledgers(results)),
        make_section("numbers", "Numbers of biology", *tell_numbers(results)),
        make_section("provenance", "Provenance", *_tell_provenance(results, status)),
        make_section("repeat", "How to repeat it", *_tell_repeat(results, name)),
    )


def find_volume(results: Results) -> float | None:
    """Return the tissue volume (um^3) from the lattice of a snapshot; None without one."""
    if not len(results.snapshots):
        return None
    moment = read_moment(results.path, 0, ())
    return float(np.prod(moment.shape)) * moment.voxel**3


def _make_lead(results: Results, config: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    patient = config.get("patient") or {}
    volume = find_volume(results)
    parts = [f"{results.duration:g} d of life after day 0"]
    if volume:
        parts.append(f"{volume / 1e9:.3g} mm³ of bone and marrow")
    if patient:
        parts.append(f"{patient.get('sex', '')}, {patient.get('age', '?')} years".strip(", "))
    state = str(status.get("state", "")) or "state unknown"
    if state == "running":
        state = "not finished: this is what has been committed so far"
    return ", ".join([*parts, state]) + "."


def _tell(results: Results) -> list[Html]:
    if not len(results.time):
        return [make_paragraph("Nothing has been stored yet.")]
    volume = find_volume(results)
    return [
        make_list(describe(summarise(results))),
        Html("<h3>Structure</h3>"),
        make_table(
            ("", "symbol", "unit", "day 0", "end", "change (%)", "by chance (%)"),
            _list_structure(results, volume), (3, 4, 5, 6),
        ),
        Html("<h3>Remodelling</h3>"),
        make_table(
            ("", "symbol", "unit", "baseline", "last window", "change (%)", "by chance (%)"),
            _list_rates(results), (3, 4, 5, 6),
        ),
        make_paragraph(
            f"Baseline: {name_baseline([results])}; last window: the last "
            f"{choose_last_window(results.duration):.3g} d. "
            "By chance: one standard deviation of what a single bone of this size shows without any "
            "cause, for BV/TV of a change over a year (measured over structures at replete levels), for "
            "resorption and formation from the number of sites at work. Smaller changes say nothing; "
            "several seeds do.",
            "source",
        ),
    ]  # fmt: skip


def _list_structure(results: Results, volume: float | None) -> list[tuple[Any, ...]]:
    rows = []
    for key in STRUCTURE:
        if key not in results.series:
            continue
        series = results.series[key]
        start, end = compute_start(results, key), compute_end(results, key)
        change = 100.0 * (end / start - 1.0) if start else float("nan")
        chance = (
            compute_noise("bv_tv_change", volume / 1e9) if key == "bv_tv" and volume else np.nan
        )
        percent = key == "bv_tv"
        factor, unit = (100.0, "%") if percent else (1.0, to_unit_name(series.unit))
        name = series.long_name or key
        numbers = (start * factor, end * factor, to_change(change), to_spread(chance))
        rows.append((name, series.symbol, unit, *numbers))
    return rows


def _list_rates(results: Results) -> list[tuple[Any, ...]]:
    rows = []
    end, width = results.duration, choose_last_window(results.duration)
    for key in RATES:
        if key not in results.series or not np.isfinite(results.series[key].values).any():
            continue
        series = results.series[key]
        base = compute_baseline(results, key)
        change = compute_percent_change(results, key, max(0.0, end - width), end)
        last = base * (1.0 + change / 100.0)
        chance = float("nan")
        if key in TOTALS:
            errors = compute_rate(results, key, width).error
            known = errors[np.isfinite(errors) & (results.time > 0)]
            chance = float(known[-1]) if known.size else chance
        factor, unit = (100.0, "%") if key.endswith("s_bs") and series.unit == "1" else (1.0, "")
        unit = unit or to_unit_name(series.unit)
        name = RATE_NAMES.get(key, series.long_name or key)
        numbers = (base * factor, last * factor, to_change(change), to_spread(chance))
        rows.append((name, series.symbol, unit, *numbers))
    return rows


def to_change(percent: float) -> str:
    """Return a change, `percent` (%), with its sign; a dash where there is none."""
    return f"{'+' if percent > 0 else ''}{to_number(percent, 3)}"


def to_spread(percent: float) -> str:
    """Return a standard deviation, `percent` (%); nothing where it is not known."""
    return f"± {to_number(percent, 2)}" if np.isfinite(percent) else ""


def draw_pictures(*arms: Arm) -> list[Html]:
    """Return every figure that the runs allow, and why others are missing."""
    figures, reasons = draw_all(KINDS, arms, insist=False)
    parts = [embed_figure(figure, *WORDS[kind]) for kind, figure in figures.items()]
    return parts + [make_paragraph(f"Left out: {reason}", "source") for reason in reasons]


def tell_asked(results: Results) -> list[Html]:
    """Return levels, what was given, and the resolved configuration."""
    rows = []
    for name in find_given(results):
        level = results.hormones[name]
        after = level.values[(results.time >= 0) & np.isfinite(level.values)]
        if after.size:
            unit = "relative" if level.unit == "1" else level.unit
            ends = (float(after[0]), float(after.min()), float(after.max()), float(after[-1]))
            rows.append((level.long_name or name, level.symbol, unit, *ends))
    columns = ("level", "symbol", "unit", "day 0", "lowest", "highest", "end")
    parts = [
        make_table(columns, rows, (3, 4, 5, 6))
        if rows
        else make_paragraph("No level changed after day 0.")
    ]
    given = find_interventions(results)
    if given:
        parts.append(make_table(("given or blocked", "when"), ((g.name, _when(g)) for g in given)))
    text = str(results.provenance.get("config", ""))
    return [*parts, make_details("The resolved configuration", make_text_block(text))]


def _when(given: Intervention) -> str:
    spans = ", ".join(
        f"day {start:g}" if end <= start else f"day {start:g} to {end:g}"
        for start, end in given.spans
    )
    count = len(given.doses)
    return f"{count} dose{'s' if count > 1 else ''}, {spans}" if count else spans


def _tell_ledgers(results: Results) -> list[Html]:
    sites = summarise(results)["sites"]
    parts: list[Html] = []
    if sites:
        counts = [(name, int(sites[name])) for name in ("count", "completed", "open", "abandoned")]
        names = {"count": "remodelling sites since spin-up began"}
        rows = [(names.get(name, f"of these {name}"), count) for name, count in counts]
        parts.append(make_table(("ledger of remodelling sites", ""), rows, (1,)))
    ends: list[tuple[Any, ...]] = []
    for key in SITES:
        value = compute_end(results, key) if key in results.series else float("nan")
        if np.isfinite(value):
            series = results.series[key]
            ends.append((series.long_name, series.symbol, to_unit_name(series.unit), value))
    if ends:
        parts.append(make_table(("at the end", "symbol", "unit", "value"), ends, (3,)))
    volume = find_volume(results)
    closure = check_closure(results, volume) if volume else None
    if closure is not None:
        said = "closed" if closure.is_closed else "NOT CLOSED"
        kind = "hit" if closure.is_closed else "bad"
        row = (closure.what, closure.formed, closure.resorbed, closure.change, closure.miss,
               Html(f"<span class={kind}>{said}</span>"))  # fmt: skip
        columns = (
            "volume ledger (µm³)", "laid down", "taken", "change of bone on the lattice", "left over", ""
        )  # fmt: skip
        parts.append(make_table(columns, [row], (1, 2, 3, 4)))
    return parts or [make_paragraph("No ledger has been stored yet.")]


def tell_numbers(results: Results) -> list[Html]:
    """Return the parameter table by grade: those that the run changed, then all."""
    rows = results.provenance.get("parameters") or []
    if not rows:
        return [make_paragraph("No parameter table is stored.")]
    grades = sorted({str(row.get("grade", "")) for row in rows})
    counts = [
        (grade, GRADES.get(grade, ""), sum(row.get("grade") == grade for row in rows))
        for grade in grades
    ]
    config = read_config(results)
    blocks = (config.get(room) or {} for room in ("hormones", "fields", "mechanics", "cells"))
    changed = {key for block in blocks for key in (block.get("parameters") or {})}
    columns = ("parameter", "value", "unit", "range", "grade", "source")
    parts = [make_table(("grade", "means", "rows"), counts, (2,))]
    mine = [_to_row(row) for row in rows if row.get("key") in changed]
    if mine:
        parts += [Html("<h3>Changed in this run</h3>"), make_table(columns, mine, (1,))]
    every = make_table(columns, (_to_row(row) for row in rows), (1,))
    return [*parts, make_details(f"All {len(rows)} rows", every)]


GRADES = {
    "A": "measured in people",
    "B": "measured elsewhere",
    "C": "derived",
    "D": "assumed",
}


def _to_row(row: Mapping[str, Any]) -> tuple[Any, ...]:
    limits = f"{row.get('low', '')} to {row.get('high', '')}"
    return (row.get("key"), row.get("value"), row.get("unit"), limits, row.get("grade"),
            row.get("source"))  # fmt: skip


def _tell_provenance(results: Results, status: Mapping[str, Any]) -> list[Html]:
    provenance = results.provenance
    size = results.path.stat().st_size
    rows: list[tuple[str, Any]] = [
        ("file", f"{results.path.parent.name}/{results.path.name}"),
        ("size", f"{size / 2**20:.2f} MiB"),
        ("SHA-256 of the file", compute_file_digest(results.path)),
        ("digest of the configuration", provenance.get("config_digest", "")),
        ("digest of the parameters", provenance.get("parameters_digest", "")),
        ("frozen fit", f"{provenance.get('fit', '')} {provenance.get('fit_digest', '')}".strip()),
        ("seed", provenance.get("seed", "")),
        ("moments", f"{len(results.time)}, {_span(results)}"),
        ("snapshots", len(results.snapshots)),
        ("status", f"{status.get('state', 'unknown')} {status.get('updated', '')}"),
    ]
    rows += [(f"version of {n}", v) for n, v in sorted(provenance.get("versions", {}).items())]
    return [make_table(("what", ""), rows)]


def _span(results: Results) -> str:
    time = results.time
    return f"day {time[0]:g} to {time[-1]:g}" if len(time) else "none yet"


def compute_file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while part := handle.read(PART):
            digest.update(part)
    return digest.hexdigest()


def _tell_repeat(results: Results, name: str) -> list[Html]:
    version = results.provenance.get("versions", {}).get("trabecula", "")
    commands = (
        f"# Trabecula {version}, and the resolved configuration above as config.yaml\n"
        f"trabecula run config.yaml --out runs/{name}\n"
        f"trabecula verify runs/{name}\n"
        f"trabecula report runs/{name}"
    )
    return [
        make_text_block(commands),
        make_paragraph(
            "The same configuration, seed and version give the same bits, on any number of threads. A "
            "branch begins with the state that it branched from; log.txt of its folder names it.",
            "source",
        ),
    ]
