r"""Menopause over ten years, natural and surgical, beside courses of spine mineral in people.

    trabecula validate --only CAL-05 --bones 6 --edge 64 --out runs/menopause
    trabecula validate --panel benchmarks/menopause.yaml --bones 8 --edge 64 --no-held \
        --out runs/menopause
    python benchmarks/menopause.py runs/menopause [--figures docs/figures]

Every course of people is compared with the model's BV/TV against the control of the same bones,
and with a straight line, both through zero at the first point and with one factor fitted by least
squares: what is judged is the shape. Prints root-mean-square errors.
"""

import argparse
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from trabecula.analysis import load_results
from trabecula.viz.style import BLUE, CYCLE, GREY, WIDTH, apply_style

HERE = Path(__file__).parent
YEAR = 365.25
ARMS = {
    "natural": ("CAL-05/natural", "CAL-05/replete", -1825.0),
    "surgical": ("SURGICAL/surgical", "SURGICAL/replete", 0.0),
}
"""Arm, its control, and day 0 on the clock of the courses (d)."""

SMOOTH = 181
"""Days over which the model's course is averaged: four small bones are noisy from month to month."""


def read_course(study: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return years, and BV/TV of each bone in per cent of its start minus that of its control."""
    arm, control, start = ARMS[name]
    pairs = []
    for folder in sorted((study / arm).glob("bone-*")):
        rows = []
        for place in (folder, study / control / folder.name):
            results = load_results(place)
            bone = results.get("bv_tv").values[results.time >= 0]
            days = results.time[results.time >= 0]
            rows.append(100.0 * (bone / bone[0] - 1.0))
        count = min(row.size for row in rows)
        pairs.append(rows[0][:count] - rows[1][:count])
    if not pairs:
        raise SystemExit(
            f"{study / arm}: no bones; live the panel first (see the head of this file)"
        )
    shortest = min(p.size for p in pairs)
    return (days[:shortest] + start) / YEAR, np.array([p[:shortest] for p in pairs])


def smooth(course: np.ndarray) -> np.ndarray:
    """Return the running mean of a daily course, shape (day,), over SMOOTH days, fewer at its ends."""
    whole = np.concatenate([[0.0], np.cumsum(course)])
    at = np.arange(course.size)
    first = np.maximum(at - SMOOTH // 2, 0)
    last = np.minimum(at + SMOOTH // 2 + 1, course.size)
    return (whole[last] - whole[first]) / (last - first)


def fit_factor(course: np.ndarray, people: np.ndarray) -> tuple[float, float]:
    """Return the least-squares factor of `course`, and the error that it leaves.

    Both of shape (point,), in per cent, zero at the first point, which is not counted.
    """
    x, y = course[1:], people[1:]
    factor = float(x @ y / (x @ x))
    return factor, float(np.sqrt(np.mean((y - factor * x) ** 2)))


def main() -> None:
    """Command line of the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path)
    parser.add_argument("--figures", type=Path, default=HERE.parent / "docs" / "figures")
    options = parser.parse_args()
    people = YAML(typ="safe").load((HERE / "menopause_courses.yaml").read_text("utf-8"))
    print("| course | factor | error of the model | error of a straight line (% of mineral) |")
    print("|---|---|---|---|")
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 2.6), layout="constrained")
        axes = figure.subplots(1, 2)
        for axis, (name, courses) in zip(axes, people.items(), strict=True):
            years, bones = read_course(options.study, name)
            mean = smooth(bones.mean(axis=0))
            mean[0] = 0.0  # a running mean of the first day holds what comes after it
            axis.plot(years, bones.T, color=GREY, lw=0.5)
            axis.plot(years, mean, color=BLUE, lw=1.5, label="model, BV/TV")
            for (author, course), colour in zip(courses.items(), CYCLE[1:], strict=False):
                at, lost = np.array(course["points"], float).T
                modelled = np.interp(at, years, mean)
                shape = modelled - modelled[0]
                factor, error = fit_factor(shape, lost)
                _, straight = fit_factor(at - at[0], lost)
                print(f"| {name}: {author} | {factor:.2f} | {error:.2f} | {straight:.2f} |")
                label = f"{author}, spine (x {1 / factor:.2f})"
                level = np.interp(at[0], years, mean)
                axis.plot(at, lost / factor + level, "o", color=colour, ms=4, label=label)
            axis.axhline(0, color=GREY, lw=0.5)
            axis.set_xlabel(
                "years from the last menses" if name == "natural" else "years from surgery"
            )
            axis.set_ylabel("BV/TV (% from control)")
            axis.legend(fontsize=6, loc="lower left")
    figure.savefig(options.figures / "menopause.png", dpi=200)


if __name__ == "__main__":
    main()
