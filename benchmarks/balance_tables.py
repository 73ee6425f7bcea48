"""Windows, means and rows of the tables that ``balance_report.py`` prints."""

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from runs_read import YEAR, Run, weigh
from trabecula.base.codes import FULL
from trabecula.config import load_parameters

LEAST_AREA = 2e4
"""Mouth (um^2) from which a site counts: smaller ones are single bites of short-lived teams."""

WINDOWS = (
    (0, 30), (30, 90), (90, 182), (182, 365), (30, 365), (365, 730), (730, 1095), (1826, 2191),
)  # fmt: skip
"""Days over which rates are averaged."""

type Number = Callable[[Run], float]
type Pairs = dict[int, Run]


class Verdicts:
    """What was judged so far: rows outside their band by more than two errors, and rows within."""

    title = ""
    bones = 0
    missed: ClassVar[list[str]] = []
    reached: ClassVar[list[str]] = []


def put(name: str, found: tuple[float, float], band: str, digits: int = 2) -> None:
    """Print a row of a table: what, mean and standard error, band, verdict."""
    mean, error = found
    band = band or find_band(Verdicts.title, name)
    verdict = judge(mean, error if Verdicts.bones > 1 else math.inf, band)
    print(f"| {name} | {tell(found, digits, Verdicts.bones)} | {band} | {verdict} |")
    if verdict in ("reached", "MISSED"):
        place = Verdicts.missed if verdict == "MISSED" else Verdicts.reached
        place.append(f"{Verdicts.title}: {name}")


def tell(found: tuple[float, float], digits: int, bones: int) -> str:
    """Return a mean and its standard error in words; one bone has none."""
    mean, error = found
    if mean == 0.0 == error and bones > 1:
        return "0, exactly"
    return f"{mean:.{digits}f} ± {error:.{digits}f}" if bones > 1 else f"{mean:.{digits}f}"


def judge(mean: float, error: float, band: str) -> str:
    """Return a verdict: two errors on one side decide; one bone decides nothing."""
    limits = parse_band(band)
    if limits is None or not math.isfinite(mean):
        return ""
    low, high = limits
    if low <= mean <= high:
        return "reached" if low <= mean - 2 * error and mean + 2 * error <= high else "inside"
    away = low - mean if mean < low else mean - high
    return "MISSED" if away > 2 * error else "outside, undecided"


def parse_band(band: str) -> tuple[float, float] | None:
    """Return the limits of ``0.98-1.02``, ``-9 to -4``, ``within 0.5``, ``<= 0.5``; None for words."""
    number = r"([-+]?\d*\.?\d+(?:e[-+]?\d+)?)"
    if found := re.fullmatch(f"{number} to {number}", band) or re.fullmatch(
        f"{number}-{number}", band
    ):
        low, high = sorted((float(found[1]), float(found[2])))
        return low, high
    if found := re.fullmatch(f"within {number}", band):
        return -float(found[1]), float(found[1])
    if found := re.fullmatch(f"(?:<= )?{number}", band):
        return -math.inf, float(found[1])
    return None


def find_band(title: str, name: str) -> str:
    """Return the band that ``balance_bands.yaml`` gives a row of a table; empty if none."""
    return str(_read_bands().get(title, {}).get(name, ""))


@cache
def _read_bands() -> dict[str, dict[str, str]]:
    from ruamel.yaml import YAML

    path = Path(__file__).with_name("balance_bands.yaml")
    bands: dict[str, dict[str, str]] = YAML(typ="safe").load(path.read_text())["bands"]
    return bands


def find_surprises(known: Mapping[str, str]) -> list[str]:
    """Return what the list of known misses does not say: new misses, and misses that are none.

    Parameters
    ----------
    known
        Row -> why it is missed; a row is named by its table and the beginning of its words.
    """
    new = [row for row in Verdicts.missed if not any(row.startswith(key) for key in known)]
    mended = [key for key in known if any(row.startswith(key) for row in Verdicts.reached)]
    return [f"missed: {row}" for row in new] + [f"no longer missed: {key}" for key in mended]


def have(runs: list[Run], key: str) -> bool:
    """Whether all runs have a series; earlier ones lack some."""
    return all(f"series_{key}" in run.data for run in runs)


def head(title: str, runs: list[Run]) -> None:
    """Print a title and the head of a table."""
    volume = sum(float(run.data["volume"]) for run in runs)
    Verdicts.title, Verdicts.bones = title, len(runs)
    print(f"\n**{title}**: {len(runs)} bones, {volume:.0f} mm^3\n")
    print("| what | mean ± SE | to reach | verdict |\n|---|---|---|---|")


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
    """Return activation frequency (1/yr): surface opened per bone surface."""
    surface = run.series("bs_tv", start, end) * float(run.data["volume"])
    opened = run.gain("opened", start, end) * 1e-6
    return opened * YEAR / surface


def measure_depth(run: Run, start: float, end: float, what: str = "resorbed") -> float:
    """Return all matrix removed (or laid down) over all surface opened (um), finished sites or not.

    NaN where none was opened.
    """
    voxel, opened = float(run.data["voxel"]), run.gain("opened", start, end)
    return run.gain(what, start, end) * voxel**3 / FULL / opened if opened else math.nan


def measure_places(run: Run, start: float, end: float) -> dict[str, float]:
    """Return periods at a place (d), as a histologist derives them: surface over activation.

    Reversal ends where formation begins. It begins with the last bite, or, as biopsies count (Eriksen
    1984, doi:10.1016/0221-8747(84)90065-1), where preosteoblasts come to lie: mononuclear cells before
    them count as resorption.
    """
    rate = measure_opening(run, start, end) / YEAR
    eroded = run.series("es_bs", start, end) / rate
    waited = find_site_mean(run, "rv_p", start, end)
    area = load_parameters()["cells.osteoblast.area"] * 1e-6  # mm^2
    surface = run.series("bs_tv", start, end) * float(run.data["volume"])
    lain = run.series("n_preosteoblasts", start, end) * area / surface / rate
    return {
        "eroded": eroded,
        "resorption": eroded - waited,
        "reversal": waited,
        "resorption with mononuclear cells": eroded - lain,
        "preosteoblasts": lain,
        "formation": run.series("os_bs", start, end) / rate,
    }


def find_sites(run: Run, name: str, start: float, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a column of the completed sites that count, and their areas.

    `name` may be ``span``, the days from the first bite to the last.
    """
    rows = run.sites(start, end)
    rows["span"] = rows["last_resorbed"] - rows["first_resorbed"]
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


def compare_series(run: Run, control: Run, key: str, end: float, days: float = 190) -> float:
    """Return the difference (%) from control of a series in the `days` (half a year) before `end`."""
    start = end - days
    return 100.0 * (run.series(key, start, end + 1) / control.series(key, start, end + 1) - 1)


def compare_plate_number(run: Run, control: Run, end: float, days: float = 190) -> float:
    """Return the difference (%) from control of Tb.N as biopsies count it, BV/TV over Tb.Th as scanned.

    The plate model of Parfitt et al. 1983 (doi:10.1172/JCI111096); over the `days` before `end`.
    """
    numbers = []
    for life in (run, control):
        known = np.isfinite(life.data["series_tb_th_imaged"])
        known &= (life.series_day > end - days) & (life.series_day <= end + 1)
        number = life.data["series_bv_tv"][known] / life.data["series_tb_th_imaged"][known]
        numbers.append(float(number.mean()))
    return 100.0 * (numbers[0] / numbers[1] - 1)


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
