"""Say what the runs of ``balance.yaml`` show, each figure with its standard error and its band.

``python benchmarks/balance_report.py [--runs runs/balance] [--out docs/balance_tables.md]`` prints
Markdown tables, part by part, keeps them as a page if asked to, and fails if they hold a miss that
``balance_bands.yaml`` does not know, or lack one that it knows.
"""

import argparse
import contextlib
import io
import math
import re
from pathlib import Path

import numpy as np

from balance_drugs import report_let_go, report_men
from balance_parts import (
    find_arms,
    find_pairs,
    report_ablation,
    report_ageing,
    report_arms_of_estrogen,
    report_doses,
    report_pushed,
    report_robust,
    report_sites_of_arms,
    report_space,
    report_voxels,
)
from balance_tables import (
    WINDOWS,
    Pairs,
    compare_plate_number,
    compare_pooled,
    compare_series,
    find_site_mean,
    find_spread,
    find_surprises,
    have,
    head,
    measure_depth,
    measure_opening,
    measure_places,
    measure_residue,
    measure_slope,
    put,
)
from runs_read import YEAR, Run, average, read_runs, summarise


def report_balance(folder: Path) -> None:
    """Drift, gain, ledger and structure of the control bones."""
    runs = read_runs(folder / "balance", "control")
    if not runs:
        return
    end = min(float(run.day[-1]) for run in runs)
    head(f"Balance, {end / YEAR:.0f} years", runs)
    slopes = [measure_slope(run, 0, end) for run in runs]
    put("drift of BV/TV (%/yr)", summarise(slopes), "within 0.5")
    put("its size, mean of five (%/yr)", summarise([abs(s) for s in slopes]), "<= 0.5")
    worst = max(abs(s) for s in slopes)
    told = ", ".join(f"{s:+.2f}" for s in slopes)
    print(f"| each (%/yr) | {told} | | |")
    put("the farthest of them (%/yr)", (worst, 0.0), "<= 1" if end > 9 * YEAR else "")
    put("gain, by factor set free", average(runs, lambda r: r.theory_gain(0, end)), "0.98-1.02", 3)
    put("... or granted as well", average(runs, lambda r: r.effective_gain(0, end)), "0.98-1.02", 3)
    put("ledger misses", average(runs, measure_residue), "<= 1e-9", 12)
    for key, words in (
        ("tb_th_imaged", "Tb.Th as scanned, last year over first (%)"),
        ("tb_n", "Tb.N, last year over first (%)"),
        ("tb_n_imaged", "Tb.N as scanned, last year over first (%)"),
        ("conn_d_imaged", "Conn.D as scanned, last year over first (%)"),
        ("bs_bv", "BS/BV, last year over first (%)"),
    ):
        if have(runs, key):
            put(words, average(runs, lambda run, key=key: compare_ends(run, key, end)), "", 1)
    report_sites(runs, 0, end)


def compare_ends(run: Run, key: str, end: float) -> float:
    """Return the change (%) of a series from its first to its last year."""
    return 100.0 * (run.series(key, end - YEAR, end + 1) / run.series(key, -1, YEAR) - 1.0)


def report_sites(runs: list[Run], start: float, end: float) -> None:
    """Turnover, surfaces, cells, and the sites of the BMU ledger."""
    head("Sites", runs)
    series = {
        "es_bs": ("ES/BS (%)", "2-8", 100), "os_bs": ("OS/BS (%)", "6-22", 100),
        "ms_bs": ("MS/BS (%)", "1.5-10", 100), "mar": ("MAR (um/d)", "0.5-0.75", 1),
        "n_ot_bv": ("osteocytes (1000/mm^3)", "10-30", 1e-3),
        "n_oc_bs_2d": ("N.Oc/BS in a section (/mm)", "0.05-0.2", 1),
        "oc_s_bs": ("Oc.S/BS (%)", "0.3-1", 100),
    }  # fmt: skip
    put("turnover (%/yr)", average(runs, lambda run: run.turnover(start, end)), "11-30", 1)
    put("Ac.f (/yr)", average(runs, lambda run: measure_opening(run, start, end)), "0.1-0.4")
    for key, (words, band, factor) in series.items():
        put(words, average(runs, lambda r, k=key, f=factor: f * r.series(k, start, end)), band)
    columns = {
        "e_de": ("erosion depth (um)", "40-62"), "w_th": ("wall thickness (um)", "38-60"),
        "footprint": ("eroded area (mm^2)", "0.05-0.3"),
        "span": ("first to last bite of a site (d)", ""),
        "rs_p": ("resorption of a site (d)", "25-50"), "rv_p": ("reversal (d)", "5-40"),
        "fp": ("formation of a site (d)", "69-180"),
        "nuclei_peak": ("most nuclei of a cell", "3-20"),
    }  # fmt: skip
    for key, (words, band) in columns.items():
        scale = 1e-6 if key == "footprint" else 1.0
        found = average(runs, lambda r, k=key, f=scale: f * find_site_mean(r, k, start, end))
        put(f"{words}, by area; {find_spread(runs, key, start, end)}", found, band)
    places = {run.path: measure_places(run, start, end) for run in runs}
    for key, band in (
        ("eroded", ""), ("resorption", "25-50"), ("resorption with mononuclear cells", "25-50"),
        ("preosteoblasts", "5-40"), ("formation", "69-180"),
    ):  # fmt: skip
        found = average(runs, lambda run, k=key: places[run.path][k])
        put(f"{key} at a place (d)", found, band, 0)
    put("nuclei of a multinucleate cell", average(runs, count_nuclei), "5-10", 1)
    for what, words, band in (
        ("resorbed", "erosion depth, all matrix removed over all surface opened (um)", "40-62"),
        ("formed", "wall thickness, all matrix formed over all surface opened (um)", "38-60"),
    ):
        found = average(runs, lambda run, w=what: measure_depth(run, start, end, w))
        put(words, found, band, 1)
    for name, words in (
        ("depths", "floors that await formation, below the old surface (um)"),
        ("walls", "walls across, new bone to the nearest old bone (um)"),
        ("shift", "surface after refill against the surface of day 0 (um)"),
    ):
        values = np.concatenate([run.data[name] for run in runs])
        spread = ", ".join(f"{v:.0f}" for v in np.percentile(values, [10, 25, 50, 75, 90]))
        print(f"| {words}, mean {values.mean():.1f} | 10-25-50-75-90 %: {spread} | | |")


def count_nuclei(run: Run) -> float:
    """Return mean nuclei of the multinucleate osteoclasts after day 0."""
    nuclei = run.mean("nuclei_of_multinucleate", 0, math.inf)
    return nuclei / run.mean("multinucleate", 0, math.inf)


SCLEROSTIN = "sclerostin_surface"

SHAPES = ("tb_n", "tb_n_imaged", "tb_th_imaged", "conn_d_imaged")
"""Series that are measured every half year."""

HALF_YEAR = 182

COURSES = ("estrogen", "first_year", "lived", "doses", "others", "denosumab", "men", "andropause")
"""Parts whose arms are followed against the control of the same bones."""


def report_response(folder: Path, part: str) -> None:
    """Arms against the control of the same bones: the part's own, or that of ``balance``."""
    pairs = find_pairs(folder, part)
    for arm in find_arms(folder / part):
        runs = [run for run in read_runs(folder / part, arm) if run.seed in pairs]
        if runs and arm != "control":
            head(f"{part}: {arm}", runs)
            report_arm(runs, pairs)


def report_arm(runs: list[Run], pairs: Pairs) -> None:
    """One arm against the controls `pairs` (by seed)."""
    end = min(float(run.day[-1]) for run in runs)
    for name in ("resorbed", "formed"):
        for start, stop in WINDOWS:
            if stop <= end + 1:
                found = compare_pooled(runs, pairs, name, start, stop)
                put(f"{name}, day {start}-{stop}, % of control", found, "", 0)
    for day in (182, 365, 730, 1095, 1461, 1826, 2191):
        if day <= end:
            gaps = [run.bv_percent(day) - pairs[run.seed].bv_percent(day) for run in runs]
            put(f"BV/TV at day {day}, % against control", summarise(gaps), "")
    if end >= HALF_YEAR:
        early = [compare_series(run, pairs[run.seed], SCLEROSTIN, 181, 121) for run in runs]
        put(f"{SCLEROSTIN}, day 60-182, % against control", summarise(early), "", 1)
    for key in (*SHAPES, "rankl_per_cell", SCLEROSTIN):
        if not have(runs, key) or (key in SHAPES and end < HALF_YEAR):
            continue
        found = summarise([compare_series(run, pairs[run.seed], key, end) for run in runs])
        put(f"{key} in the last half year, % against control", found, "", 1)
    if have(runs, "tb_th_imaged") and end >= HALF_YEAR:
        plates = [compare_plate_number(run, pairs[run.seed], end) for run in runs]
        put("BV/TV over Tb.Th in the last half year, % against control", summarise(plates), "", 1)


def read_known() -> dict[str, str]:
    """Return the rows that are known to miss their band, and why."""
    from ruamel.yaml import YAML

    path = Path(__file__).with_name("balance_bands.yaml")
    known: dict[str, str] = YAML(typ="safe").load(path.read_text())["known"]
    return known


HEAD = """# All rows of the balance

Written by `benchmarks/balance_report.py --out docs/balance_tables.md`; what they mean and what to make
of them is in [balance](balance.md). ± is a standard error over bones. *Reached*: two errors to both
sides lie in the band; *inside*: the mean does; *outside, undecided*: it does not, by less than two
errors; *MISSED*: by more.
"""


def report_all(folder: Path) -> None:
    """Print every part that was lived."""
    report_balance(folder)
    report_pushed(folder)
    for part in COURSES:
        report_response(folder, part)
    report_men(folder)
    report_let_go(folder)
    report_space(folder)
    report_doses(folder)
    report_sites_of_arms(folder, "triggers")
    report_sites_of_arms(folder, "sensitivity")
    report_robust(folder)
    report_voxels(folder)
    report_ageing(folder)
    report_ablation(folder)
    report_arms_of_estrogen(folder)


def main() -> None:
    """Print all tables; exits 1 if one misses its band and is not known to, or the other way round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path(__file__).parents[1] / "runs" / "balance")
    parser.add_argument("--out", type=Path, help="write the tables as a page, too")
    options = parser.parse_args()
    with contextlib.redirect_stdout(io.StringIO()) as told:
        report_all(options.runs)
    print(told.getvalue())
    if options.out:
        page = re.sub(r"^\*\*(.+?)\*\*[:,]? ?(.*)$", r"## \1\n\n\2", told.getvalue(), flags=re.M)
        options.out.write_text(re.sub(r"\n{3,}", "\n\n", HEAD + page), encoding="utf-8")
    if surprises := find_surprises(read_known()):
        raise SystemExit("\n" + "\n".join(surprises))


if __name__ == "__main__":
    main()
