"""Two arms compared bone by bone: what seeds have in common cancels."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trabecula.analysis.arms import DRAW, PATIENT, Arm, get_seeds
from trabecula.analysis.results import Results
from trabecula.analysis.sampling import TOTALS, compute_mean_rate, compute_percent_change
from trabecula.analysis.windows import BASELINE, compute_window_mean, covers
from trabecula.base.errors import InputError

LEVEL = 0.95
"""Confidence of an interval."""

SHOWN = 6
"""Names that a message lists."""

NO_VALUE = "without a value: nothing was measured, or the baseline is zero"
"""Why a pair that was lived is left out."""

type Seeds = tuple[int | None, int | None]


@dataclass(frozen=True)
class Contrast:
    """The mean of one arm minus the other over pairs, or over patients or draws of parameters.

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
        The 95 % interval after Student; NaN, as is `error`, with a single difference, and over draws of
        parameters: more of them make nothing surer.
    pairs
        Seeds (of structure, of chance) of the pairs that count.
    differences
        One per pair; in a virtual population one per patient, or per draw of uncertain parameters.
    kind
        What the differences are of, as the arms have it; empty for pairs.
    left_out
        Seeds of pairs that do not count, and why.
    """

    key: str
    unit: str
    arms: tuple[str, str]
    window: tuple[float, float]
    value: float
    error: float
    low: float
    high: float
    pairs: tuple[Seeds, ...]
    differences: tuple[float, ...]
    kind: str = ""
    left_out: tuple[tuple[Seeds, str], ...] = ()

    def __str__(self) -> str:
        first, second = self.arms
        start, end = self.window
        spread = f" (95 % {self.low:.3g} to {self.high:.3g})" if math.isfinite(self.low) else ""
        reasons = Counter(why for _, why in self.left_out)
        left = "".join(f"; {count} left out, {why}" for why, count in reasons.items())
        return (
            f"{first} - {second}, {self.key}, day {start:g} to {end:g}: {self.value:.3g} "
            f"{self.unit}{spread}, {self._count()}{left}"
        )

    def _count(self) -> str:
        """Return in words what was counted."""
        pairs = _say(len(self.pairs), "pair")
        of = _say(len(self.differences), self.kind)
        return {PATIENT: f"{pairs} of {of}", DRAW: f"{pairs} under {of} of parameters"}.get(
            self.kind, pairs
        )


def measure_window(results: Results, key: str, window: tuple[float, float], percent: bool) -> float:
    """Return the mean of a series over a window, or its change (%) against the baseline.

    The rates of resorption and formation are those of the window itself, from the totals of matrix: the
    stored series looks back over 30 d.
    """
    if percent:
        return compute_percent_change(results, key, *window)
    total = TOTALS.get(key)
    if total is not None and total in results.series:
        return compute_mean_rate(results, total, *window)
    return compute_window_mean(results.time, results.get(key).values, *window)


def compare_arms(
    first: Arm, second: Arm, key: str, window: tuple[float, float], percent: bool = True
) -> Contrast:
    """Compare two arms over the bones that both have lived: pairs of the same seeds.

    Lives of one virtual patient, or under one draw of parameters, are one difference: their mean.

    Parameters
    ----------
    window
        First and last day (d).
    percent
        Whether changes (%) against each run's baseline are compared, rather than means.

    Raises
    ------
    InputError
        If the window is empty, no pair was lived from its first day to its last, or no two runs have
        the same seeds.
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
    whole = [
        seeds for seeds in pairs if all(covers(bone[seeds].time, start, end) for bone in bones)
    ]
    if not start < end or start < BASELINE[0] or not whole:
        last = max(min(bone[seeds].duration for bone in bones) for seeds in pairs)
        msg = (
            f"window: found {start:g} to {end:g} d; allowed: a first day before the last, between "
            f"{BASELINE[0]:g} and {last:g} d"
        )
        raise InputError(msg)
    short = f"not lived from day {start:g} to {end:g}"
    left_out = {seeds: short for seeds in pairs if seeds not in whole}
    differences: dict[Seeds, float] = {}
    for seeds in whole:
        one, other = (measure_window(bone[seeds], key, (start, end), percent) for bone in bones)
        if math.isfinite(one - other):
            differences[seeds] = one - other
        else:
            left_out[seeds] = NO_VALUE
    means = average_units(differences, first)
    value, *spread = summarise_pairs(means)
    error, low, high = [math.nan] * 3 if first.kind == DRAW else spread
    unit = "%" if percent else bones[0][pairs[0]].get(key).unit
    return Contrast(
        key, unit, (first.label, second.label), (start, end), value, error, low, high,
        tuple(differences), tuple(means.tolist()), first.kind, tuple(left_out.items()),
    )  # fmt: skip


def average_units(values: Mapping[Seeds, float], arm: Arm) -> np.ndarray:
    """Return the values of an arm's runs, those of one patient or draw as their mean, in their unit.

    Parameters
    ----------
    values
        By the seeds of the run, in any unit.

    Returns
    -------
    numpy.ndarray
        Shape (runs, patients or draws,), in that unit.
    """
    if not arm.kind:
        return np.array(list(values.values()))
    numbers = dict(zip(map(get_seeds, arm.runs), arm.numbers, strict=True))
    found: dict[int, list[float]] = {}
    for seeds, value in values.items():
        found.setdefault(numbers[seeds], []).append(value)
    return np.array([np.mean(ones) for ones in found.values()])


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


def _say(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _list(seeds: Sequence[Seeds] | dict) -> str:  # type: ignore[type-arg]
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
