"""Say what the runs of ``balance.yaml`` show, each figure with its standard error and its band.

``python benchmarks/balance_report.py [--runs runs/balance] [--figures docs/figures]`` prints one
Markdown table a part, and draws the courses.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from runs_read import YEAR, Run, average, read_runs, summarise, weigh

LEAST_AREA = 2e4
"""Mouth (um^2) from which a site counts: smaller ones are single bites of short-lived teams."""

type Number = Callable[[Run], float]


def put(name: str, found: tuple[float, float], band: str, digits: int = 2) -> None:
    """Print a row of a table: what, mean and standard error, band."""
    mean, error = found
    print(f"| {name} | {mean:.{digits}f} ± {error:.{digits}f} | {band} |")


def head(title: str, runs: list[Run]) -> None:
    """Print a title and the head of a table."""
    volume = sum(float(run.data["volume"]) for run in runs)
    print(f"\n**{title}**: {len(runs)} bones, {volume:.0f} mm^3\n")
    print("| what | mean ± SE | to reach |\n|---|---|---|")


def measure_slope(run: Run, start: float, end: float) -> float:
    """Return the slope of BV/TV (%/yr of its mean) by least squares."""
    chosen = (run.day > start) & (run.day <= end)
    bone = run.count("bone")[chosen]
    return float(np.polyfit(run.day[chosen] / YEAR, bone, 1)[0] / bone.mean() * 100)


def measure_residue(run: Run) -> float:
    """Return what the coupling ledger misses, as a share of what was released."""
    came = run.count("released") + run.count("granted")
    went = sum(run.count(name) for name in ("bound", "carried", "spent", "lost", "faded"))
    return float(np.abs(came - went).max() / came.max())


def measure_opening(run: Run, start: float, end: float) -> float:
    """Return activation frequency (1/yr): mouth opened per bone surface."""
    surface = run.series("bs_tv", start, end) * float(run.data["volume"])
    opened = run.gain("mouth", start, end) * float(run.data["voxel"]) ** 2 * 1e-6
    return opened * YEAR / surface


def measure_places(run: Run, start: float, end: float) -> dict[str, float]:
    """Return periods at a place (d), as a histologist derives them: surface over activation."""
    rate = measure_opening(run, start, end) / YEAR
    eroded = run.series("es_bs", start, end) / rate
    waited = find_site_mean(run, "rv_p", start, end)
    return {
        "eroded": eroded,
        "resorption": eroded - waited,
        "reversal": waited,
        "formation": run.series("os_bs", start, end) / rate,
    }


def find_sites(run: Run, name: str, start: float, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a column of the completed sites that count, and their areas."""
    rows = run.sites(start, end)
    chosen = (rows["footprint"] >= LEAST_AREA) & np.isfinite(rows[name])
    return rows[name][chosen], rows["footprint"][chosen]


def find_site_mean(run: Run, name: str, start: float, end: float) -> float:
    """Return the mean by area of a column of completed sites."""
    return weigh(*find_sites(run, name, start, end))[0]


def find_spread(runs: list[Run], name: str, start: float, end: float) -> str:
    """Return quartiles over all completed sites, in words."""
    pooled = np.concatenate([find_sites(run, name, start, end)[0] for run in runs])
    low, middle, high = np.percentile(pooled, [25, 50, 75])
    return f"median {middle:.3g}, quartiles {low:.3g}-{high:.3g}, {len(pooled)} sites"


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
    print(f"| each (%/yr) | {', '.join(f'{s:+.2f}' for s in slopes)} | <= 1 |")
    put("effective gain", average(runs, lambda run: run.effective_gain(0, end)), "0.98-1.02", 3)
    put("ledger misses", average(runs, measure_residue), "1e-9", 12)
    for key, words in (
        ("tb_th_imaged", "Tb.Th as scanned, last year over first (%)"),
        ("tb_n", "Tb.N, last year over first (%)"),
        ("conn_d_imaged", "Conn.D as scanned, last year over first (%)"),
        ("bs_bv", "BS/BV, last year over first (%)"),
    ):
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
        "rs_p": ("resorption of a site (d)", "25-50"), "rv_p": ("reversal (d)", "5-40"),
        "fp": ("formation of a site (d)", "69-180"),
        "nuclei_peak": ("most nuclei of a cell", "3-20"),
    }  # fmt: skip
    for key, (words, band) in columns.items():
        scale = 1e-6 if key == "footprint" else 1.0
        found = average(runs, lambda r, k=key, f=scale: f * find_site_mean(r, k, start, end))
        put(f"{words}, by area; {find_spread(runs, key, start, end)}", found, band)
    for key, band in (("eroded", ""), ("resorption", "25-50"), ("formation", "69-180")):
        found = average(runs, lambda run, k=key: measure_places(run, start, end)[k])
        put(f"{key} at a place (d)", found, band, 0)
    put("nuclei of a multinucleate cell", average(runs, count_nuclei), "5-10", 1)
    shift = np.concatenate([run.data["shift"] for run in runs])
    words = ", ".join(f"{value:+.0f}" for value in np.percentile(shift, [10, 25, 50, 75, 90]))
    print(f"| surface after refill (um), 10-25-50-75-90 % of places | {words} | a few um |")


def count_nuclei(run: Run) -> float:
    """Return mean nuclei of the multinucleate osteoclasts after day 0."""
    nuclei = run.mean("nuclei_of_multinucleate", 0, math.inf)
    return nuclei / run.mean("multinucleate", 0, math.inf)


WINDOWS = ((0, 30), (30, 90), (90, 182), (182, 365), (365, 730), (730, 1095))


def report_response(folder: Path, part: str, arms: list[str], control: Path) -> None:
    """Arms against the control of the same bones: the part's own, or that of ``balance``."""
    own = read_runs(folder / part, "control")
    pairs = {run.seed: run for run in own or read_runs(control, "control")}
    for arm in arms:
        runs = [run for run in read_runs(folder / part, arm) if run.seed in pairs]
        if runs:
            head(f"{part}: {arm}", runs)
            report_arm(runs, pairs)


def report_arm(runs: list[Run], pairs: dict[int, Run]) -> None:
    """One arm against the controls `pairs` (by seed)."""
    end = min(float(run.day[-1]) for run in runs)
    for name in ("resorbed", "formed"):
        for start, stop in WINDOWS:
            if stop <= end + 1:
                found = compare_pooled(runs, pairs, name, start, stop)
                put(f"{name}, day {start}-{stop}, % of control", found, "", 0)
    for day in (182, 365, 730, 1095):
        if day <= end:
            gaps = [run.bv_percent(day) - pairs[run.seed].bv_percent(day) for run in runs]
            put(f"BV/TV at day {day}, % against control", summarise(gaps), "")
    for key in ("tb_n", "tb_th_imaged", "conn_d_imaged", "rankl_per_cell", "sclerostin_surface"):
        found = summarise([compare_series(run, pairs[run.seed], key, end) for run in runs])
        put(f"{key} in the last half year, % against control", found, "", 1)


def compare_series(run: Run, control: Run, key: str, end: float) -> float:
    """Return the difference (%) from control of a series in the half year before `end`."""
    return 100.0 * (
        run.series(key, end - 190, end + 1) / control.series(key, end - 190, end + 1) - 1
    )


def compare_pooled(
    runs: list[Run], pairs: dict[int, Run], name: str, start: float, end: float
) -> tuple[float, float]:
    """Return a rate pooled over bones as % of control's, with its jackknife standard error."""
    ours = np.array([run.gain(name, start, end) for run in runs])
    theirs = np.array([pairs[run.seed].gain(name, start, end) for run in runs])
    n = len(runs)
    left = (ours.sum() - ours) / (theirs.sum() - theirs) if n > 1 else np.zeros(1)
    error = math.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    return 100 * float(ours.sum() / theirs.sum()), 100 * error


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path(__file__).parents[1] / "runs" / "balance")
    options = parser.parse_args()
    report_balance(options.runs)
    control = options.runs / "balance"
    for part in sorted(path.name for path in options.runs.iterdir() if path.is_dir()):
        arms = {run.stem.rpartition("-")[0] for run in (options.runs / part).glob("*.npz")}
        if part not in ("balance", "bones"):
            report_response(options.runs, part, sorted(arms - {"control"}), control)


if __name__ == "__main__":
    main()
