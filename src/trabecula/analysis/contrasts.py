"""Two arms compared bone by bone: what seeds have in common cancels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trabecula.analysis.arms import Arm, get_seeds
from trabecula.analysis.results import Results
from trabecula.analysis.sampling import compute_percent_change
from trabecula.analysis.windows import BASELINE, compute_window_mean
from trabecula.base.errors import InputError

LEVEL = 0.95
"""Confidence of an interval."""

SHOWN = 6
"""Names that a message lists."""


@dataclass(frozen=True)
class Contrast:
    """The mean over pairs of one arm minus the other.

    Parameters
    ----------
    key
        Series that is compared.
    unit
        Unit of the numbers.
    arms
        Labels of the two arms, the second subtracted from the first.
    window
        First and last day (d).
    value, error
        Mean difference and its standard error.
    low, high
        The 95 % interval after Student; NaN, as is `error`, with a single pair.
    pairs
        Seeds (of structure, of chance) that both arms have lived.
    differences
        One per pair.
    """

    key: str
    unit: str
    arms: tuple[str, str]
    window: tuple[float, float]
    value: float
    error: float
    low: float
    high: float
    pairs: tuple[tuple[int | None, int | None], ...]
    differences: tuple[float, ...]

    def __str__(self) -> str:
        first, second = self.arms
        start, end = self.window
        count = len(self.pairs)
        spread = f" (95 % {self.low:.3g} to {self.high:.3g})" if math.isfinite(self.low) else ""
        return (
            f"{first} - {second}, {self.key}, day {start:g} to {end:g}: {self.value:.3g} "
            f"{self.unit}{spread}, {count} pair{'s' if count > 1 else ''}"
        )


def measure_window(results: Results, key: str, window: tuple[float, float], percent: bool) -> float:
    """Return the mean of a series over a window, or its change (%) against the baseline."""
    if percent:
        return compute_percent_change(results, key, *window)
    return compute_window_mean(results.time, results.get(key).values, *window)


def compare_arms(
    first: Arm, second: Arm, key: str, window: tuple[float, float], percent: bool = True
) -> Contrast:
    """Compare two arms over the bones that both have lived: pairs of the same seeds.

    Parameters
    ----------
    window
        First and last day (d).
    percent
        Whether changes (%) against each run's baseline are compared, rather than means.

    Raises
    ------
    InputError
        If the window is empty or outside the runs, or no two runs have the same seeds.
    """
    start, end = float(window[0]), float(window[1])
    bones = [{get_seeds(run): run for run in arm.runs} for arm in (first, second)]
    pairs = [seeds for seeds in bones[0] if seeds in bones[1]]
    if not pairs:
        msg = (
            f"{first.label} and {second.label}: found no two runs with the same seeds (they have "
            f"{_list(bones[0])} and {_list(bones[1])}); allowed: arms that lived the same bones"
        )
        raise InputError(msg)
    last = min(run.duration for bone in bones for seeds, run in bone.items() if seeds in pairs)
    if not start < end or start < BASELINE[0] or start >= last:
        msg = (
            f"window: found {start:g} to {end:g} d; allowed: a first day before the last, between "
            f"{BASELINE[0]:g} and {last:g} d"
        )
        raise InputError(msg)
    differences = np.array([
        measure_window(bones[0][seeds], key, (start, end), percent)
        - measure_window(bones[1][seeds], key, (start, end), percent)
        for seeds in pairs
    ])  # fmt: skip
    unit = "%" if percent else bones[0][pairs[0]].get(key).unit
    labels = (first.label, second.label)
    found = summarise_pairs(differences)
    return Contrast(
        key, unit, labels, (start, end), *found, tuple(pairs), tuple(differences.tolist())
    )


def summarise_pairs(differences: np.ndarray) -> tuple[float, float, float, float]:
    """Return mean, standard error, and the ends of the 95 % interval after Student.

    Parameters
    ----------
    differences
        One for each pair, shape (pair,), in any unit, which the results share; NaN are left out.
    """
    known = differences[np.isfinite(differences)]
    count = len(known)
    if not count:
        return (math.nan,) * 4
    mean = float(known.mean())
    if count < 2:
        return mean, math.nan, math.nan, math.nan
    from scipy.stats import t

    error = float(known.std(ddof=1)) / math.sqrt(count)
    reach = float(t.ppf(0.5 + LEVEL / 2.0, count - 1)) * error
    return mean, error, mean - reach, mean + reach


def _list(seeds: Sequence[tuple[int | None, int | None]] | dict) -> str:  # type: ignore[type-arg]
    names = [f"{structure}/{seed}" for structure, seed in seeds]
    more = ", ..." if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def get_arm(arms: Sequence[Arm], label: str) -> Arm:
    """Return the arm of that label.

    Raises
    ------
    InputError
        If there is none; the message lists those that exist.
    """
    for arm in arms:
        if arm.label == label:
            return arm
    msg = f"found no arm {label!r}; allowed: {', '.join(arm.label for arm in arms)}"
    raise InputError(msg)
