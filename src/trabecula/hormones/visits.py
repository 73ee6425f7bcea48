"""Titration: doses fitted to a lab at visits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trabecula.base.columns import Array
from trabecula.config.deeds import find_answers
from trabecula.config.phrases import ANALYTES
from trabecula.config.regimens import Regimen

LOOK_BACK = 7.0
"""Days over which a visit's lab is averaged."""


def find_visits(regimen: Regimen, edges: Array, measured: Mapping[str, float]) -> set[int]:
    """Return the bins at which doses of one prescription are fitted, none of them after its last dose.

    What a patient's own labs were drawn on is what is prescribed: fitting begins after the last of them.

    Parameters
    ----------
    edges
        Shape (bins + 1,), d, ascending.
    measured
        By level, day of its last lab (d).
    """
    target = regimen.target
    if target is None:
        return set()
    start, end = regimen.doses[0][0], regimen.doses[-1][0]
    days = np.arange(start + target.every, end, target.every)
    days = days[days > measured.get(target.analyte, -np.inf)]
    return {int(k) for k in np.searchsorted(edges, days) if 0 < k < len(edges) - 1}


@dataclass(frozen=True)
class Visit:
    """What a lab said of a titrated dose.

    Parameters
    ----------
    day
        Day of the visit (d).
    level
        The lab, in the unit of the target.
    before, after
        Dose until the visit and from it on, in the drug's unit.
    """

    day: float
    level: float
    before: float
    after: float


def titrate(
    regimen: Regimen,
    doses: list[tuple[float, float]],
    levels: Mapping[str, Array],
    edges: Array,
    visit: int,
    sex: str,
) -> tuple[list[tuple[float, float]], Visit]:
    """Return the doses with those after the visit fitted to the lab, and what the visit saw.

    A dose changes by at most a factor of two, towards the side to which the drug moves the lab, and only
    when one was given since the visit before: a lab tells nothing of a dose that is still to come.

    Parameters
    ----------
    doses
        Days (d) and doses, in the drug's unit.
    levels
        By name, shape (bins,), in the unit of the lab.
    edges
        Shape (bins + 1,), d, evenly spaced.
    visit
        Bin of one of the visits of the prescription, which has a target.
    """
    target = regimen.target
    now, width = float(edges[visit]), float(edges[1] - edges[0])
    assert target is not None
    level = float(levels[target.analyte][visit - round(LOOK_BACK / width) : visit].mean())
    is_new = any(now - target.every - width <= day < now for day, _ in doses)
    last = next(dose for day, dose in reversed(doses) if day < now)
    if target.low <= level <= target.high or not is_new:
        return doses, Visit(now, level, last, last)
    middle = 0.5 * (target.low + target.high)
    factor = min(max(middle / max(level, 1e-9), 0.5), 2.0)
    factor **= find_answers(regimen.drug, sex).get(target.analyte, 0)
    most = max(regimen.drug.high, *(dose for _, dose in regimen.doses))
    fitted = [(day, dose if day < now else min(dose * factor, most)) for day, dose in doses]
    return fitted, Visit(now, level, last, min(last * factor, most))


def describe_visits(regimen: Regimen, visits: Sequence[Visit]) -> str:
    """Return how a prescription was fitted to its lab, in words; empty if it was not."""
    target, drug = regimen.target, regimen.drug
    if target is None or not visits:
        return ""
    last = visits[-1]
    return (
        f"fitted to {target.analyte} {target.low:g}-{target.high:g} {ANALYTES[target.analyte][0]}: "
        f"{last.level:.3g} at the last of {len(visits)} visits, with {last.before:.3g} {drug.unit}"
    )


def find_unmet(regimens: Sequence[Regimen], visits: Mapping[int, Sequence[Visit]]) -> list[str]:
    """Return a sentence for every prescription whose lab lies out of its range at the last visit.

    Parameters
    ----------
    visits
        By index of the prescription.
    """
    unmet = []
    for index, regimen in enumerate(regimens):
        target, seen = regimen.target, visits.get(index, ())
        if target is not None and seen and not target.low <= seen[-1].level <= target.high:
            what = describe_visits(regimen, seen)
            unmet.append(
                f"protocol[{index}]: {regimen.drug.name}, {what}: the range is not reached; another "
                "first dose, interval or drug may reach it"
            )
    return unmet
