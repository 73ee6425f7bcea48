"""Draw what patients and drugs do in serum, beside the figures of the literature.

``python benchmarks/pk_rows.py [--figures docs/figures]`` draws ``pk_rows.png``: a panel for each row
of published kinetics (evidence rows PK-01 to PK-11). Bands are those that the tests hold.
"""

import argparse
from pathlib import Path

import numpy as np

from trabecula.config import load_parameters
from trabecula.config.load import make_config
from trabecula.config.marks import parse_yaml
from trabecula.config.pharmacopoeia import find_drug
from trabecula.hormones import make_course
from trabecula.hormones.pharmacy import make_kinetics
from trabecula.viz.style import BLUE, GREEN, GREY, VERMILION, WIDTH, apply_style

MAN = "patient: {sex: male, age: 35 y, stage: adult}"
LOW = "patient: {sex: male, age: 35 y, labs: [{day: -1, testosterone: 370}]}"
WOMAN = "patient: {sex: female, age: 60 y, stage: natural_menopause, last_period: 50}"


def follow(patient: str, protocol: str, duration: str = "120 d"):
    text = f"duration: {duration}\n{patient}\nprotocol: {protocol}\n"
    return make_course(make_config(parse_yaml(text, "row.yaml"), Path("row.yaml")))


def get(course, name: str):
    """Return days and levels from ten days before day 0 on."""
    time = 0.5 * (course.edges[1:] + course.edges[:-1])
    late = time > -10
    return time[late], course.levels[name][late]


def draw_cypionate(axis) -> None:
    for drug, colour in (("testosterone cypionate", BLUE), ("testosterone cypionate label", GREY)):
        course = follow(LOW, f"[{drug} 200 mg im once]", "40 d")
        time, level = get(course, "testosterone")
        axis.plot(time, level / 370, color=colour, label=drug.removeprefix("testosterone "))
    axis.axhspan(2.2, 4.0, xmin=0.2, xmax=0.35, color=GREEN, alpha=0.2, lw=0)
    axis.axhspan(0.9, 1.6, xmin=0.45, xmax=0.5, color=GREEN, alpha=0.2, lw=0)
    axis.set_ylabel("T, fold of base")
    axis.set_title("PK-01 cypionate 200 mg")
    axis.legend()


def draw_pellets(axis) -> None:
    table = load_parameters()
    time = np.arange(0, 240.0)
    level = make_kinetics(find_drug("testosterone_pellets"), table, "male").compute(
        time, [(0, 200)]
    )
    axis.plot(time, level / 1e5 * table["drugs.testosterone_pellets.clearance"], color=BLUE)
    axis.axhspan(1.1, 1.6, color=GREEN, alpha=0.2, lw=0)
    axis.set_ylabel("release (mg/d)")
    axis.set_title("PK-02 pellet of 200 mg")


def draw_anastrozole(axis) -> None:
    for patient, colour, label in ((MAN, BLUE, "men"), (WOMAN, VERMILION, "women")):
        course = follow(patient, "[anastrozole 1 mg daily]")
        time, level = get(course, "estradiol")
        axis.plot(time, level / level[0], color=colour, label=f"E2, {label}")
    time, level = get(follow(MAN, "[anastrozole 1 mg daily]"), "testosterone")
    axis.plot(time, level / level[0], color=GREY, label="T, men")
    axis.axhspan(0.05, 0.20, color=GREEN, alpha=0.2, lw=0)
    axis.set_ylabel("fold of base")
    axis.set_title("PK-03 anastrozole 1 mg")
    axis.set_ylim(0, 2.9)
    axis.legend(loc="upper right")


def draw_aromatisation(axis) -> None:
    for dose in (25, 50, 100, 150, 200):
        course = follow(MAN, f"[testosterone cypionate {dose} mg im weekly]", "300 d")
        means = [course.average(course.levels[n], 200, 298) for n in ("testosterone", "estradiol")]
        axis.plot(*means, "o", color=BLUE, ms=3)
    levels = np.array([300, 1500])
    axis.fill_between(levels, 0.03 * levels, 0.06 * levels, color=GREEN, alpha=0.2, lw=0)
    axis.set_xlabel("T (ng/dL)")
    axis.set_ylabel("E2 (pg/mL)")
    axis.set_title("PK-04 aromatisation, men")


def draw_estradiol(axis) -> None:
    for protocol, colour, label in (
        ("[estradiol 50 ug patch twice a week]", BLUE, "patch 50 µg/d"),
        ("[estradiol 1 mg po daily]", VERMILION, "1 mg by mouth"),
    ):
        time, level = get(follow(WOMAN, protocol, "40 d"), "estradiol")
        axis.plot(time, level - 9, color=colour, label=label)
    axis.axhspan(30, 55, color=GREEN, alpha=0.2, lw=0)
    axis.set_ylabel("E2 gained (pg/mL)")
    axis.set_title("PK-05, 06 estradiol")
    axis.legend()


def draw_progesterone(axis) -> None:
    hours = np.linspace(0, 30, 200)
    kinetics = make_kinetics(find_drug("progesterone_oral"), load_parameters(), "female")
    axis.plot(hours, kinetics.compute(hours / 24, [(0.0, 200.0)]), color=BLUE)
    axis.axhspan(3, 20, xmin=0.05, xmax=0.2, color=GREEN, alpha=0.2, lw=0)
    axis.set_ylabel("progesterone (ng/mL)")
    axis.set_title("PK-07 200 mg by mouth")
    axis.set_xlabel("hours")


def draw_cjc(axis) -> None:
    time, level = get(follow(MAN, "[cjc-1295 5000 ug sc once]", "40 d"), "igf1")
    axis.plot(time, level / level[0], color=BLUE)
    axis.axhspan(1.3, 3.0, xmin=0.33, xmax=0.37, color=GREEN, alpha=0.2, lw=0)
    axis.set_ylabel("IGF-1, fold of base")
    axis.set_title("PK-08 CJC-1295 5 mg")


def draw_secretagogues(axis) -> None:
    for drug, colour in (("sermorelin", BLUE), ("ipamorelin", VERMILION)):
        time, level = get(follow(MAN, f"[{drug} 300 ug sc nightly]", "60 d"), "igf1")
        axis.plot(time, level / level[0], color=colour, label=drug)
    axis.set_ylabel("IGF-1, fold of base")
    axis.set_title("PK-09 nightly 300 µg")
    axis.legend()


def draw_prednisone(axis) -> None:
    for dose, colour in ((10, BLUE), (20, VERMILION)):
        course = follow(MAN, f"[prednisone {dose} mg daily x 20]", "40 d")
        axis.plot(*get(course, "glucocorticoid"), color=colour, label=f"{dose} mg for 20 days")
    axis.set_ylabel("prednisone (mg/d)")
    axis.set_title("PK-10 glucocorticoid")
    axis.set_ylim(0, 38)
    axis.legend(loc="upper right")


def draw_ageing(axis) -> None:
    for trend, colour in (("cross_sectional", BLUE), ("longitudinal", VERMILION)):
        patient = f"patient: {{sex: male, age: 20 y, stage: adult, andropause: {trend}}}"
        time, level = get(follow(patient, "[]", "60 y"), "testosterone")
        axis.plot(20 + time / 365.25, level, color=colour, label=trend.replace("_", "-"))
    axis.set_xlabel("age (years)")
    axis.set_ylabel("T (ng/dL)")
    axis.set_ylim(0)
    axis.set_title("PK-11 two trends of ageing")
    axis.legend()


def draw_menopause(axis) -> None:
    woman = "patient: {sex: female, age: 44 y, stage: natural_menopause, last_period: 52"
    for kind, colour in (
        ("typical", BLUE),
        ("slow_decline", GREY),
        ("rise_steep_decline", VERMILION),
    ):
        course = follow(f"{woman}, menopause_type: {kind}}}", "[]", "13 y")
        time, level = get(course, "estradiol")
        axis.plot(time / 365.25 - 8, level, color=colour, label=kind.replace("_", " "))
    axis.set_xlabel("years from last period")
    axis.set_ylabel("E2 (pg/mL)")
    axis.set_title("SWAN: menopause")
    axis.legend()


def draw_gonads(axis) -> None:
    for protocol, colour, label in (
        ("[leuprolide 7.5 mg every month x 3]", BLUE, "leuprolide x 3"),
        ("[testosterone cypionate 100 mg im weekly x 14]", VERMILION, "own T beside 14 injections"),
    ):
        course = follow(MAN, protocol, "240 d")
        axis.plot(*get(course, "own_testosterone"), color=colour, label=label, lw=0.9)
    axis.set_ylabel("own T (ng/dL)")
    axis.set_title("feedback in men")
    axis.set_ylim(0, 1150)
    axis.legend(loc="upper right")


PANELS = (
    draw_cypionate, draw_pellets, draw_anastrozole, draw_aromatisation, draw_estradiol,
    draw_progesterone, draw_cjc, draw_secretagogues, draw_prednisone, draw_ageing, draw_menopause,
    draw_gonads,
)  # fmt: skip


def main() -> None:
    """Draw all panels."""
    parser = argparse.ArgumentParser(description=__doc__)
    root = Path(__file__).parents[1]
    parser.add_argument("--figures", type=Path, default=root / "docs" / "figures")
    options = parser.parse_args()
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 7.2), layout="constrained")
        for axis, draw in zip(figure.subplots(4, 3).flat, PANELS, strict=True):
            draw(axis)
            if not axis.get_xlabel():
                axis.set_xlabel("days")
        figure.savefig(options.figures / "pk_rows.png", dpi=150)


if __name__ == "__main__":
    main()
