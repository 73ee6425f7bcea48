"""Draw what the runs of ``balance.yaml`` show, into ``docs/figures``.

``python benchmarks/balance_figures.py [--runs runs/balance] [--figures docs/figures]``.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np

from balance_parts import find_arms, find_pairs, fit_doses, jackknife, read_doses, respond
from balance_tables import (
    LEAST_AREA,
    compare_plate_number,
    compare_series,
    find_sites,
    measure_slope,
)
from runs_read import YEAR, Run, read_runs
from trabecula.viz.style import BLACK, BLUE, CYCLE, GREEN, GREY, VERMILION, WIDTH, apply_style

SMOOTH = 91
"""Days over which a rate is averaged."""


def draw_balance(folder: Path, place: Path) -> None:
    """BV/TV of every bone over the years, structure, and how pushed bones come back."""
    runs, end = read_runs(folder / "balance", "control"), 0.0
    panels = 3 if find_arms(folder / "pushed") else 2
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 2.4), layout="constrained")
        left, middle, *others = figure.subplots(1, panels)
        for run, colour in zip(runs, CYCLE, strict=False):
            late = run.day >= 0
            years, end = run.day[late] / YEAR, max(end, run.day[-1] / YEAR)
            start = run.at("bone", 0)
            left.plot(years, 100 * (run.count("bone")[late] / start - 1), color=colour, lw=1)
            holes = run.data["series_conn_d_imaged"]
            known = np.isfinite(holes)
            middle.plot(run.series_day[known] / YEAR, holes[known], color=colour)
        for right in others:
            draw_pushed(right, folder, runs)
        for axis in (left, *others):
            axis.axhline(0, color=GREY, lw=0.5)
            axis.set_xlabel("years")
        left.set_ylabel("BV/TV (% from day 0)")
        left.axline((0, 0), slope=0.5, color=GREY, ls=":", lw=0.8)
        left.axline((0, 0), slope=-0.5, color=GREY, ls=":", lw=0.8)
        left.set_xlim(0, round(end, 1))
        middle.set_xlabel("years")
        middle.set_ylabel("Conn.D as scanned (/mm³)")
        middle.set_ylim(0)
    figure.savefig(place / "balance.png", dpi=200)


def draw_pushed(axis, folder: Path, runs: list[Run]) -> None:
    """Bones that were made 10 % larger or smaller, against their controls."""
    for arm, colour in (("more", BLUE), ("less", VERMILION)):
        for run in read_runs(folder / "pushed", arm):
            pair = next((r for r in runs if r.seed == run.seed), None)
            if pair is not None:
                days = np.arange(0, min(run.day[-1], pair.day[-1]) + 1, 14)
                gap = [100 * (run.at("bone", d) / pair.at("bone", d) - 1) for d in days]
                axis.plot(days / YEAR, gap, color=colour, lw=1)
    axis.set_ylabel("BV/TV of pushed bones\n(% from their controls)")


def draw_sites(folder: Path, place: Path) -> None:
    """Distribution over completed sites, by area, with the bands of evidence."""
    runs = read_runs(folder / "balance", "control")
    panels = {
        "e_de": ("erosion depth (µm)", (40, 62), (0, 80)),
        "w_th": ("wall thickness (µm)", (38, 60), (0, 80)),
        "footprint": ("eroded area (mm²)", (0.05, 0.3), (0, 0.6)),
        "rs_p": ("resorption (d)", (25, 50), (0, 150)),
        "rv_p": ("reversal (d)", (5, 40), (0, 80)),
        "fp": ("formation (d)", (69, 180), (0, 300)),
    }
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 3.4), layout="constrained")
        for axis, (key, (words, band, limits)) in zip(
            figure.subplots(2, 3).flat, panels.items(), strict=True
        ):
            pairs = [find_sites(run, key, 0, np.inf) for run in runs]
            values = np.concatenate([value for value, _ in pairs])
            values = values * (1e-6 if key == "footprint" else 1)
            axis.axvspan(*band, color=GREEN, alpha=0.15, lw=0)
            axis.hist(np.clip(values, *limits), bins=30, range=limits, color=BLUE)
            axis.axvline(np.median(values), color=BLACK, lw=0.8)
            axis.set_xlabel(words)
            if (values > limits[1]).any():
                mark_open_end(axis, limits[1])
        figure.supylabel(f"sites of at least {LEAST_AREA * 1e-6:.2f} mm²", fontsize=8)
    figure.savefig(place / "sites_ledger.png", dpi=200)


def mark_open_end(axis, limit: float) -> None:
    """Say at the last tick that its bin holds all that lies beyond."""
    ticks = [tick for tick in axis.get_xticks() if 0 <= tick < 0.95 * limit]
    axis.set_xticks([*ticks, limit], [*(f"{tick:g}" for tick in ticks), f"≥{limit:g}"])


def smooth_rate(runs: list[Run], name: str, days: np.ndarray) -> np.ndarray:
    """Return a rate pooled over bones, averaged over a window about each day."""
    half = SMOOTH / 2
    last = min(run.day[-1] for run in runs)
    ends = [(max(-365.0, day - half), min(last, day + half)) for day in days]
    return np.array([sum(run.gain(name, *pair) for run in runs) for pair in ends])


def draw_estrogen(folder: Path, place: Path) -> None:
    """Resorption, formation and BV/TV after estrogen is lost, against the controls."""
    arms = {"fifth": BLUE, "surgical": VERMILION, "returned": GREEN}
    names = {"fifth": "20 pg/mL", "surgical": "surgery", "returned": "given back"}
    controls = find_pairs(folder, "estrogen")
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 2.4), layout="constrained")
        axes = figure.subplots(1, 3)
        for arm, colour in arms.items():
            runs = [run for run in read_runs(folder / "estrogen", arm) if run.seed in controls]
            if not runs:
                continue
            pairs = [controls[run.seed] for run in runs]
            first = YEAR if arm == "returned" else 0
            days = np.arange(first, min(run.day[-1] for run in runs) - SMOOTH / 2, 14)
            for axis, name in zip(axes, ("resorbed", "formed"), strict=False):
                draw_band(axis, days, *compare_rates(runs, pairs, name, days), colour, names[arm])
            gaps = np.array([
                [run.bv_percent(d) - pair.bv_percent(d) for d in days]
                for run, pair in zip(runs, pairs, strict=True)
            ])  # fmt: skip
            error = gaps.std(0, ddof=1) / len(gaps) ** 0.5 if len(gaps) > 1 else 0 * days
            draw_band(axes[2], days, gaps.mean(0), error, colour, names[arm])
        words = ("resorption (% of control)", "formation (% of control)", "BV/TV (% from control)")
        for axis, label in zip(axes, words, strict=True):
            axis.set_xlabel("days")
            axis.set_ylabel(label)
            axis.axhline(100 if "of" in label else 0, color=GREY, lw=0.5)
            axis.axvline(YEAR, color=GREY, ls=":", lw=0.8)
        axes[2].legend(loc="lower left")
    figure.savefig(place / "estrogen.png", dpi=200)


def compare_rates(
    runs: list[Run], pairs: list[Run], name: str, days: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a rate of all bones in % of their controls', and its error: a bone left out at a time."""

    def divide(kept: list[int]) -> np.ndarray:
        made = smooth_rate([runs[k] for k in kept], name, days)
        return 100 * made / smooth_rate([pairs[k] for k in kept], name, days)

    every = list(range(len(runs)))
    left = np.array([divide([k for k in every if k != out]) for out in every if len(every) > 1])
    error = left.std(0) * (len(runs) - 1) ** 0.5 if len(left) else 0 * days
    return divide(every), error


def draw_band(axis, days: np.ndarray, mean: np.ndarray, error: np.ndarray, colour, label) -> None:
    """Draw a course with a band of one standard error to both sides."""
    axis.plot(days, mean, color=colour, label=label)
    axis.fill_between(days, mean - error, mean + error, color=colour, alpha=0.2, lw=0)


def draw_lived(folder: Path, place: Path) -> None:
    """What surgery takes from the net of bones lived in for twenty years, against their controls."""
    pairs = find_pairs(folder, "lived")
    runs = [run for run in read_runs(folder / "lived", "surgical") if run.seed in pairs]
    if not runs:
        return
    days = np.arange(YEAR, runs[0].day[-1] + 1, YEAR)
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 2.3), layout="constrained")
        axes = figure.subplots(1, 3)
        for axis, measure, colour, name in (
            (axes[0], partial(compare_series, key="bv_tv"), VERMILION, "BV/TV"),
            (axes[1], partial(compare_series, key="conn_d_imaged"), VERMILION, "Conn.D as scanned"),
            (axes[2], partial(compare_series, key="tb_n_imaged"), GREEN, "Tb.N between mid-axes"),
            (axes[2], compare_plate_number, VERMILION, "Tb.N, plate model"),
            (axes[2], partial(compare_series, key="tb_th_imaged"), BLUE, "Tb.Th as scanned"),
        ):
            gaps = np.array([
                [measure(run, pairs[run.seed], end=day, days=YEAR) for day in days] for run in runs
            ])  # fmt: skip
            error = gaps.std(0, ddof=1) / len(gaps) ** 0.5
            years = days / YEAR - 0.5
            axis.errorbar(years, gaps.mean(0), error, color=colour, marker="o", ms=3, label=name)
            axis.set_ylabel(f"{name}\n(% from control)")
            axis.set_xlabel("years after surgery")
            axis.axhline(0, color=GREY, lw=0.5)
            axis.set_xlim(0)
        axes[2].set_ylabel("Tb.N, Tb.Th (% from control)")
        axes[2].set_ylim(-16)
        axes[2].legend(loc="lower left")
    figure.savefig(place / "perforation.png", dpi=200)


def draw_doses(axis, folder: Path) -> None:
    """Resorption at levels of estradiol, beside the curve through the trials of evidence."""
    levels = np.geomspace(1, 100, 50)
    curve = respond(levels, 1.45, 11.7) / respond(80.0, 1.45, 11.7)
    axis.plot(levels, 100 * curve, color=GREY, lw=1, label="women's trials (80 pg/mL: 100 %)")
    _, doses, gains = read_doses(folder)
    for place, dose in enumerate(doses[1:], start=1):
        mean, error = jackknife(gains, lambda mean, at=place: 100.0 * mean[at] / mean[0])
        axis.errorbar(dose, mean, error, color=VERMILION, marker="o", ms=3)
    if len(doses) > 4:
        rates = 100.0 * gains.mean(0) / gains.mean(0)[0]
        fit = {key: value for key, (value, _) in fit_doses(doses, rates).items()}
        curve = fit["scale"] * respond(levels, fit["size"], fit["half"])
        axis.plot(levels, curve, color=VERMILION, lw=1, label="curve through the points")
    axis.set_xscale("log")
    ticks = (1, 2, 5, 10, 20, 50, 100)
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.set_xticks([], minor=True)
    axis.set_xlabel("estradiol (pg/mL)")
    axis.set_ylabel("resorption (% of control)")
    axis.set_ylim(40)  # room for the legend under the curves
    axis.legend(loc="lower left")


def draw_blockade(axis, folder: Path) -> None:
    """Bone volume with RANKL blocked for a year and let go, against the controls."""
    pairs = find_pairs(folder, "denosumab")
    for run in read_runs(folder / "denosumab", "blocked"):
        if run.seed in pairs:
            days = np.arange(0, run.day[-1], 14)
            gap = [run.bv_percent(d) - pairs[run.seed].bv_percent(d) for d in days]
            axis.plot(days, gap, color=BLUE, lw=1)
    axis.axvspan(0, 365, color=GREY, alpha=0.15, lw=0)
    axis.axhline(0, color=GREY, lw=0.5)
    axis.set_xlabel("days; RANKL blocked in the shade")
    axis.set_ylabel("BV/TV (% from control)")


def draw_ageing(folder: Path, place: Path) -> None:
    """Bone volume, turnover and connectivity from 20 to 90 years."""
    if not find_arms(folder / "ageing"):
        return
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 2.4), layout="constrained")
        axes = figure.subplots(1, 3)
        for arm, colour, words in (
            ("kept", GREY, "levels and load of youth"),
            ("women", VERMILION, "women"),
            ("men", BLUE, "men"),
        ):
            for k, run in enumerate(read_runs(folder / "ageing", arm)):
                draw_life(axes, run, colour, words if k == 0 else None)
        axes[0].axhspan(60, 85, color=GREEN, alpha=0.15, lw=0)
        axes[1].axhspan(11, 30, color=GREEN, alpha=0.15, lw=0)
        labels = ("BV/TV (% of 20 years)", "turnover (%/yr)", "Conn.D as scanned (mm⁻³)")
        for axis, label in zip(axes, labels, strict=True):
            axis.set_xlabel("age (years)")
            axis.set_ylabel(label)
            axis.set_ylim(0)
        axes[0].legend(loc="lower left")
    figure.savefig(place / "ageing.png", dpi=200)


def draw_life(axes, run: Run, colour: str, label: str | None) -> None:
    """Means of a year of bone volume, of five years of what is noisier, from 20 years on."""
    for axis, key, years in (
        (axes[0], "bv_tv", 1), (axes[1], "turnover", 5), (axes[2], "conn_d_imaged", 5),
    ):  # fmt: skip
        days = np.arange(years * YEAR, run.day[-1] + 1, years * YEAR)
        means = np.array([run.series(key, day - years * YEAR, day + 1) for day in days])
        if key == "bv_tv":
            means *= 100 / means[0]
        axis.plot(20 + (days - years * YEAR / 2) / YEAR, means, color=colour, lw=1, label=label)


ROWS = {
    "gain": "matrix per factor", "sclerostin": "sclerostin per osteocyte",
    "disuse": "sclerostin by disuse", "opg": "OPG of all cells", "rankl": "RANKL of all cells",
    "work": "work of a nucleus", "nuclei": "life of a nucleus", "emission": "call of a dying osteocyte",
    "osteoblasts": "life of osteoblasts", "stress": "habitual load",
}  # fmt: skip
"""What the arms of the part ``sensitivity`` move, in words."""


def draw_sensitivity(folder: Path, place: Path) -> None:
    """Drift with ten rows moved by 10 % up and down."""
    arms = find_arms(folder / "sensitivity")
    if not arms:
        return
    drifts = {}
    for name in sorted({arm.rpartition("_")[0] for arm in arms}):
        runs = [read_runs(folder / "sensitivity", f"{name}_{way}") for way in ("up", "down")]
        drifts[name] = [measure_slope(r[0], 0, r[0].day[-1]) if r else np.nan for r in runs]
    names = sorted(drifts, key=lambda name: abs(np.nan_to_num(np.diff(drifts[name])[0])))
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH / 2, 2.5), layout="constrained")
        axis = figure.subplots()
        for k, (way, colour) in enumerate((("up", VERMILION), ("down", BLUE))):
            drift = [drifts[name][k] for name in names]
            axis.plot(drift, range(len(names)), "o", ms=3, color=colour, label=f"10 % {way}")
        axis.axvline(0, color="0.6", lw=0.5)
        axis.axvspan(-1.5, 1.5, color=GREEN, alpha=0.15, lw=0)
        axis.set_yticks(range(len(names)), [ROWS[name] for name in names])
        axis.set_xlabel("drift of BV/TV (%/yr)")
        figure.legend(loc="outside upper center", ncols=2)
    figure.savefig(place / "sensitivity.png", dpi=200)


def draw_responses(folder: Path, place: Path) -> None:
    """Doses of estradiol, blockade of RANKL: what has been lived of them."""
    parts = {"doses": draw_doses, "denosumab": draw_blockade}
    draws = [draw for part, draw in parts.items() if find_arms(folder / part)]
    if not draws:
        return
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH / 2 * len(draws), 2.3), layout="constrained")
        axes = figure.subplots(1, len(draws), squeeze=False).ravel()
        for axis, draw in zip(axes, draws, strict=True):
            draw(axis, folder)
    figure.savefig(place / "responses.png", dpi=200)


def main() -> None:
    """Draw all figures for which there are runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    root = Path(__file__).parents[1]
    parser.add_argument("--runs", type=Path, default=root / "runs" / "balance")
    parser.add_argument("--figures", type=Path, default=root / "docs" / "figures")
    options = parser.parse_args()
    draw_balance(options.runs, options.figures)
    draw_sites(options.runs, options.figures)
    draw_estrogen(options.runs, options.figures)
    draw_lived(options.runs, options.figures)
    draw_responses(options.runs, options.figures)
    draw_sensitivity(options.runs, options.figures)
    draw_ageing(options.runs, options.figures)


if __name__ == "__main__":
    main()
