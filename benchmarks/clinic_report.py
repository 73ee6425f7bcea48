"""Say what the prescriptions of ``clinic.yaml`` do to bone, and draw bone against estradiol.

``python benchmarks/clinic_report.py [--runs runs/balance] [--figures docs/figures]`` prints Markdown
tables: levels that the prescription gives, and contrasts with the untreated arm of the same bones.
"""

import argparse
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from balance_tables import compare_pooled, tell
from runs_read import Run, read_runs, summarise
from study import make_config, make_jobs, read_parts
from trabecula.hormones import compute_series, make_course
from trabecula.viz.style import BLUE, GREY, VERMILION, WIDTH, apply_style

HERE = Path(__file__).parent
PLAN = HERE / "clinic.yaml"
LATE, EARLY = (182, 365), (30, 182)
WINDOWS = {"secretagogues": EARLY, "factorial": EARLY}
"""Days over which rates and levels are averaged; what IGF-1 does to rates fades within a year."""
LEVELS = ("estradiol", "testosterone", "igf1")
MEN = {
    "untreated": "untreated",
    "testosterone": "T 100 mg a week",
    "gonadorelin": "T, gonadorelin",
    "titrated": "T, anastrozole titrated",
    "anastrozole_half": "T, anastrozole 0.5 mg twice a week",
    "overdone": "T, anastrozole 1 mg daily",
    "letrozole": "T, letrozole 2.5 mg daily",
    "double": "T 200 mg a week",
}
"""What the arms of men get, as the figure says it."""
PAIRS = (("overdone", "testosterone"), ("overdone", "titrated"), ("double", "testosterone"))
"""Arms of men that are compared with each other on the same bones."""


@dataclass(frozen=True)
class Contrast:
    """An arm against the untreated arm of the same bones: mean and standard error of each."""

    arm: str
    bones: int
    levels: dict[str, float]
    resorption: tuple[float, float]
    formation: tuple[float, float]
    bone: tuple[float, float]


@cache
def find_levels(part: str, arm: str) -> dict[str, float]:
    """Return mean serum levels of an arm over the window of its part."""
    jobs = make_jobs(part, read_parts(PLAN)[part], Path())
    job = next(job for job in jobs if job.arm == arm)
    config = make_config(job.bone, job.settings)
    window = WINDOWS.get(part, LATE)
    course, given = make_course(config), config.hormones.levels.model_dump(exclude_none=True)
    found = {name: course.average(course.levels[name], *window) for name in LEVELS}
    middle = 0.5 * sum(window)
    return found | {n: compute_series(given[n], middle) for n in LEVELS if n in given}


def find_control(part: str) -> str:
    """Return the first arm of a part, with which the others are compared."""
    return next(iter(read_parts(PLAN)[part]["arms"]))


def compare(runs: list[Run], pairs: dict[int, Run], part: str) -> Contrast:
    """Return the contrast of an arm with its controls `pairs` (by seed)."""
    runs = [run for run in runs if run.seed in pairs]
    end = min(float(run.day[-1]) for run in runs)
    window = WINDOWS.get(part, LATE)
    gaps = [run.bv_percent(end) - pairs[run.seed].bv_percent(end) for run in runs]
    return Contrast(
        runs[0].arm,
        len(runs),
        find_levels(part, runs[0].arm),
        compare_pooled(runs, pairs, "resorbed", *window),
        compare_pooled(runs, pairs, "formed", *window),
        summarise(gaps),
    )


def compare_part(folder: Path, part: str) -> list[Contrast]:
    """Return the contrasts of all arms of a part that were lived."""
    arms = read_parts(PLAN)[part]["arms"]
    pairs = {run.seed: run for run in read_runs(folder / part, find_control(part))}
    lived = [(arm, read_runs(folder / part, arm)) for arm in arms]
    return [
        compare(runs, pairs, part) for _, runs in lived if any(run.seed in pairs for run in runs)
    ]


def print_part(part: str, contrasts: list[Contrast]) -> None:
    """Print a table."""
    start, end = WINDOWS.get(part, LATE)
    print(f"\n**{part}**, against {find_control(part)}; levels and rates of days {start}-{end}\n")
    print(
        "| arm | bones | E2 (pg/mL) | T (ng/dL) | IGF-1 | resorption (%) | formation (%) | BV/TV (%) |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for c in contrasts:
        e2, t, igf1 = (c.levels[name] for name in LEVELS)
        rates = " | ".join(tell(found, 0, c.bones) for found in (c.resorption, c.formation))
        bone = tell(c.bone, 1, c.bones)
        print(f"| {c.arm} | {c.bones} | {e2:.1f} | {t:.0f} | {igf1:.2f} | {rates} | {bone} |")


def print_interaction(folder: Path) -> None:
    """Print estradiol x IGF-1: effect of both less the sum of each, per bone."""
    arms = {
        name: {run.seed: run for run in read_runs(folder / "factorial", name)}
        for name in ("neither", "estradiol", "igf1", "both")
    }
    seeds = sorted(set.intersection(*(set(runs) for runs in arms.values())))
    if not seeds:
        return
    print("\n| estradiol x IGF-1 | both - estradiol - IGF-1 + neither |\n|---|---|")
    end = min(float(run.day[-1]) for runs in arms.values() for run in runs.values())
    signs = {"both": 1, "estradiol": -1, "igf1": -1, "neither": 1}
    terms = [sum(s * arms[a][k].bv_percent(end) for a, s in signs.items()) for k in seeds]
    print(f"| BV/TV (points of %) | {tell(summarise(terms), 1, len(terms))} |")
    for what in ("resorbed", "formed"):
        logs = [
            sum(s * math.log(arms[a][k].gain(what, *EARLY)) for a, s in signs.items())
            for k in seeds
        ]
        print(f"| {what}, months 2-6 (log ratio) | {tell(summarise(logs), 2, len(logs))} |")


def print_pairs(folder: Path) -> None:
    """Print the difference in bone between prescriptions of men, on the same bones."""
    print("\n| BV/TV after a year, points of % | difference |\n|---|---|")
    for arm, other in PAIRS:
        runs, others = (
            {run.seed: run for run in read_runs(folder / "hypogonadal", name)}
            for name in (arm, other)
        )
        seeds = sorted(set(runs) & set(others))
        if not seeds:
            continue
        end = min(float(run.day[-1]) for run in (*runs.values(), *others.values()))
        gaps = [runs[k].bv_percent(end) - others[k].bv_percent(end) for k in seeds]
        print(f"| {arm} - {other} | {tell(summarise(gaps), 1, len(gaps))} |")


def draw(folder: Path, place: Path) -> None:
    """Draw bone, resorption and formation of men against the estradiol that they have."""
    found = sorted(compare_part(folder, "hypogonadal"), key=lambda c: c.levels["estradiol"])
    if not found:
        return
    estradiol = np.array([c.levels["estradiol"] for c in found])
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH - 1.8, 2.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.axhline(0, color=GREY, lw=0.5)
        bone, error = np.array([c.bone for c in found]).T
        left.errorbar(estradiol, bone, error, fmt="o", color=BLUE, lw=1, ms=4, capsize=2)
        letters = "abcdefghijkl"[: len(found)]
        for letter, c in zip(letters, found, strict=True):
            where = (c.levels["estradiol"], sum(c.bone))  # above its bar, where no neighbour lies
            left.annotate(
                letter, where, (0, 3), fontsize=7, textcoords="offset points", ha="center"
            )
        words = [f"{k}  {MEN[c.arm]}" for k, c in zip(letters, found, strict=True)]
        figure.text(0.99, 0.5, "\n".join(words), fontsize=7, va="center", ha="left")
        left.set_ylabel("BV/TV after a year (% from untreated)")
        left.margins(y=0.15)
        for name, colour in (("resorption", VERMILION), ("formation", BLUE)):
            mean, error = np.array([getattr(c, name) for c in found]).T
            right.errorbar(estradiol, mean, error, fmt="o", color=colour, lw=1, ms=4, capsize=2,
                           label=name)  # fmt: skip
        right.axhline(100, color=GREY, lw=0.5)
        right.set_ylabel("months 6-12 (% of untreated)")
        right.legend(frameon=False)
        for axis in (left, right):
            axis.set_xscale("log")
            axis.set_xlabel("serum estradiol (pg/mL)")
            axis.set_xlim(2, 100)
            axis.set_xticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
            axis.minorticks_off()
    figure.savefig(place / "clinic.png", dpi=200, bbox_inches="tight")


def main() -> None:
    """Print the tables, draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    root = HERE.parent
    parser.add_argument("--runs", type=Path, default=root / "runs" / "balance")
    parser.add_argument("--figures", type=Path, default=root / "docs" / "figures")
    options = parser.parse_args()
    for part in read_parts(PLAN):
        if contrasts := compare_part(options.runs, part):
            print_part(part, contrasts)
    print_interaction(options.runs)
    print_pairs(options.runs)
    draw(options.runs, options.figures)


if __name__ == "__main__":
    main()
