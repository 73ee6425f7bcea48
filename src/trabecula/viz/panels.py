"""What each panel of the time-series figure shows."""

from dataclasses import dataclass, replace
from enum import Enum

from trabecula.analysis import Results, compute_baseline, find_given
from trabecula.viz.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION

UNIT_NAMES = {
    "um": "µm",
    "mm^3": "mm³",
    "um^3/d": "µm³/d",
    "1/mm": "mm⁻¹",
    "1/mm^2": "mm⁻²",
    "1/mm^3": "mm⁻³",
}


class Scale(Enum):
    """How a panel shows its numbers."""

    RAW = "raw"
    PERCENT = "%"
    OF_BASELINE = "% of baseline"


@dataclass(frozen=True)
class Curve:
    """One line: series key, label in the legend, colour."""

    key: str
    label: str
    colour: str


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Parameters
    ----------
    title, ylabel
        Words above and beside; an empty `ylabel` is made from the series' symbol and unit.
    curves
        Lines, drawn where the series exists.
    hormone
        Whether keys name hormones rather than series.
    zero
        Whether the value axis begins at zero.
    """

    title: str
    curves: tuple[Curve, ...]
    scale: Scale = Scale.RAW
    ylabel: str = ""
    hormone: bool = False
    zero: bool = True


PANELS = (
    Panel("Bone volume", (Curve("bv_tv", "BV/TV", BLACK),), Scale.PERCENT, "BV/TV (%)", zero=False),
    Panel(
        "Remodelling",
        (
            Curve("resorption_rate", "resorption", VERMILION),
            Curve("formation_rate", "formation", BLUE),
        ),
        Scale.OF_BASELINE,
        "rate (% of baseline)",
    ),
    Panel(
        "Cells on the surface",
        (Curve("n_oc_bs", "osteoclasts", VERMILION), Curve("n_ob_bs", "osteoblasts", BLUE)),
        Scale.OF_BASELINE,
        "N/BS (% of baseline)",
    ),
    Panel("RANKL to OPG", (Curve("rankl_opg", "RANKL/OPG", PURPLE),), ylabel="RANKL/OPG"),
    Panel(
        "Surface",
        (Curve("es_bs", "ES/BS", ORANGE), Curve("os_bs", "OS/BS", GREEN)),
        Scale.PERCENT,
        "share of bone surface (%)",
    ),
    Panel(
        "Stiffness and strength",
        (Curve("stiffness", "stiffness", BLACK), Curve("failure_load", "failure load", ORANGE)),
        Scale.OF_BASELINE,
        "% of baseline",
        zero=False,
    ),
    Panel(
        "Strain felt by osteocytes",
        (Curve("disuse", "too little", BLUE), Curve("strained", "much", VERMILION)),
        Scale.PERCENT,
        "share of osteocytes (%)",
    ),
)

MOST_HORMONES = 3
UNCHANGED = ("estradiol", "testosterone")
"""Levels of which one is shown where none changes."""


def fit_scale(panel: Panel, results: Results) -> Panel:
    """Return the panel in raw units where a series has no baseline to be compared with."""
    keys = [curve.key for curve in panel.curves if curve.key in results.series]
    if panel.scale is not Scale.OF_BASELINE or all(compute_baseline(results, k) > 0 for k in keys):
        return panel
    first = results.series[keys[0]]
    name = panel.ylabel.partition(" (")[0]
    return replace(panel, scale=Scale.RAW, ylabel=f"{name} ({to_unit_name(first.unit)})")


def to_unit_name(unit: str) -> str:
    """Return `unit` as it is printed."""
    return UNIT_NAMES.get(unit, unit)


def choose_panels(results: Results) -> tuple[Panel, ...]:
    """Return the panels with data, and one per level that changes (or estradiol if none)."""
    panels = [p for p in PANELS if any(c.key in results.series for c in p.curves)]
    quiet = [name for name in UNCHANGED if name in results.hormones][:1]
    for name in (find_given(results) or quiet)[:MOST_HORMONES]:
        level = results.hormones[name]
        words = level.long_name or name.replace("_", " ")
        unit = to_unit_name(level.unit) if level.unit not in ("", "1") else "level"
        curve = Curve(name, words, GREEN)
        title = words.partition(",")[0]
        title = title[:1].upper() + title[1:]
        panels.append(Panel(title, (curve,), ylabel=unit, hormone=True))
    return tuple(panels)
