"""What each panel of the time-series figure shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from trabecula.analysis import Results, Series, compute_baseline, find_given
from trabecula.analysis.windows import DERIVED
from trabecula.viz.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION

UNIT_NAMES = {
    "um": "µm",
    "mm^3": "mm³",
    "um^2": "µm²",
    "um^3": "µm³",
    "um/d": "µm/d",
    "um^3/d": "µm³/d",
    "um^3/um^2/yr": "µm³/µm²/yr",
    "g/cm^2": "g/cm²",
    "mg/cm^3": "mg/cm³",
    "1": "ratio",
    "": "ratio",
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
    """One line: series key, label in the legend, colour, symbol on the axis."""

    key: str
    label: str
    colour: str
    symbol: str


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Parameters
    ----------
    title
        Words above.
    curves
        Lines, drawn where the series exists.
    scale
        How numbers are shown.
    unit
        Unit on the value axis; that of the series where it is empty.
    hormone
        Whether keys name hormones rather than series.
    zero
        Whether the value axis begins at zero.
    single
        Whether it is left out where arms are compared.
    """

    title: str
    curves: tuple[Curve, ...]
    scale: Scale = Scale.RAW
    unit: str = ""
    hormone: bool = False
    zero: bool = True
    single: bool = False


PANELS = (
    Panel(
        "Remodelling",
        (
            Curve("resorption_rate", "resorption", VERMILION, "BRs.R"),
            Curve("formation_rate", "formation", BLUE, "BF.R"),
        ),
        Scale.OF_BASELINE,
    ),
    Panel(
        "Cells on the surface",
        (
            Curve("n_oc_bs", "osteoclasts", VERMILION, "N.Oc/BS"),
            Curve("n_ob_bs", "osteoblasts", BLUE, "N.Ob/BS"),
        ),
        Scale.OF_BASELINE,
    ),
    Panel("RANKL to OPG", (Curve("rankl_opg", "RANKL/OPG", PURPLE, "RANKL/OPG"),)),
    Panel(
        "Surface",
        (Curve("es_bs", "eroded", ORANGE, "ES/BS"), Curve("os_bs", "osteoid", GREEN, "OS/BS")),
        Scale.PERCENT,
    ),
    Panel(
        "Strain felt by osteocytes",
        (
            Curve("disuse", "below the reference", BLUE, "Ot disuse"),
            Curve("strained", "above it", VERMILION, "Ot strained"),
        ),
        Scale.PERCENT,
        single=True,
    ),
    Panel("Bone volume", (Curve("bv_tv", "BV/TV", BLACK, "BV/TV"),), Scale.PERCENT, zero=False),
    Panel("Trabecular thickness", (Curve("tb_th", "Tb.Th", BLACK, "Tb.Th"),), zero=False),
    Panel(
        "Connectivity as scanned",
        (Curve("conn_d_imaged", "Conn.D", BLACK, "Conn.D"),),
        zero=False,
    ),
    Panel(
        "Stiffness and strength",
        (
            Curve("stiffness", "stiffness", BLACK, "K"),
            Curve("failure_load", "failure load", ORANGE, "F.fail"),
        ),
        Scale.OF_BASELINE,
        zero=False,
    ),
)
"""Markers, then structure; the levels that change are drawn above them."""

MOST_HORMONES = 3
LONGEST_LABEL = 16
"""Letters beyond which the unit stands on a line of its own."""

SAME_LEVEL = 1e-3
"""Share by which the mean level of two runs must differ to be worth a panel."""

SPLIT_TITLES = {
    "es_bs": "Eroded surface", "os_bs": "Osteoid surface", "disuse": "Osteocytes in disuse",
    "strained": "Osteocytes under much strain",
}  # fmt: skip
"""Titles of curves that have a panel of their own."""

MOLECULES = {"rankl": "RANKL", "tnf": "TNF", "tgfb": "TGF-β", "il1": "IL-1", "il6": "IL-6"}
"""Short names of molecules as papers write them."""

UNCHANGED = ("estradiol", "testosterone")
"""Levels of which one is shown where none changes."""


def fit_scale(panel: Panel, runs: Sequence[Results]) -> Panel:
    """Return the panel in raw units where a series of a run has no baseline to be compared with."""
    keys = [curve.key for curve in panel.curves]
    bases = [compute_baseline(run, key) for run in runs for key in keys if key in run.series]
    if panel.scale is not Scale.OF_BASELINE or all(base > 0 for base in bases):
        return panel
    return replace(panel, scale=Scale.RAW)


def make_ylabel(panel: Panel, runs: Sequence[Results]) -> str:
    """Return symbols and unit for the value axis."""
    symbols = ", ".join(curve.symbol for curve in panel.curves if _is_held(panel, curve.key, runs))
    unit = panel.unit
    if panel.scale is not Scale.RAW:
        unit = panel.scale.value
    elif not unit:
        unit = next(
            (run.series[c.key].unit for run in runs for c in panel.curves if c.key in run.series),
            "",
        )
    gap = "\n" if len(symbols) + len(unit) > LONGEST_LABEL else " "
    return f"{symbols}{gap}({to_unit_name(unit)})"


def _is_held(panel: Panel, key: str, runs: Sequence[Results]) -> bool:
    return any(key in (run.hormones if panel.hormone else run.series) for run in runs)


def to_unit_name(unit: str) -> str:
    """Return `unit` as it is printed."""
    return UNIT_NAMES.get(unit, unit)


def choose_panels(runs: Sequence[Results]) -> tuple[Panel, ...]:
    """Return one panel per level that changes (estradiol if none does), then those with data."""
    held = [panel for panel in PANELS if any(_is_followed(c.key, runs) for c in panel.curves)]
    return (*(_make_hormone_panel(name, runs) for name in _choose_levels(runs)), *held)


def _is_followed(key: str, runs: Sequence[Results]) -> bool:
    """Whether some run has measured a series twice: one moment is no course."""
    held = [run.series[key].values for run in runs if key in run.series]
    return any(np.isfinite(values).sum() > 1 for values in held)


def _choose_levels(runs: Sequence[Results]) -> list[str]:
    """Return the levels that change in a run, or differ between runs."""
    every = list(dict.fromkeys(name for run in runs for name in run.hormones))
    given = {name for run in runs for name in find_given(run)}
    given |= {name for name in every if name not in DERIVED and _differs(name, runs)}
    quiet = [name for name in UNCHANGED if name in every][:1]
    return ([name for name in every if name in given] or quiet)[:MOST_HORMONES]


def _differs(name: str, runs: Sequence[Results]) -> bool:
    levels = [run.hormones[name].values for run in runs if name in run.hormones]
    means = [float(np.nanmean(level)) for level in levels if np.isfinite(level).any()]
    return bool(means) and max(means) - min(means) > SAME_LEVEL * max(map(abs, means))


def to_words(text: str) -> str:
    """Return a key or words with molecules written as they are in papers."""
    return " ".join(MOLECULES.get(word, word) for word in text.replace("_", " ").split())


def name_series(key: str, series: Series) -> tuple[str, str]:
    """Return words and symbol of a series or level; a key is no symbol."""
    words = to_words(series.long_name or key)
    return words, words if series.symbol in ("", key) else series.symbol


def _make_hormone_panel(name: str, runs: Sequence[Results]) -> Panel:
    level = next(run.hormones[name] for run in runs if name in run.hormones)
    words, symbol = name_series(name, level)
    title = words.partition(",")[0]
    title = title[:1].upper() + title[1:]
    unit = "relative" if level.unit in ("", "1") else level.unit
    curve = Curve(name, words, GREEN, symbol)
    return Panel(title, (curve,), unit=unit, hormone=True)


def split_panels(panels: Sequence[Panel]) -> tuple[Panel, ...]:
    """Return a panel per curve, so that colours can tell arms apart."""
    return tuple(
        replace(panel, title=_make_title(panel, curve), curves=(curve,))
        for panel in panels
        if not panel.single
        for curve in panel.curves
    )


def _make_title(panel: Panel, curve: Curve) -> str:
    if len(panel.curves) == 1:
        return panel.title
    return SPLIT_TITLES.get(curve.key, curve.label[:1].upper() + curve.label[1:])
