"""Titration: doses fitted to a lab at visits."""

from collections.abc import Mapping, Sequence

import numpy as np

from trabecula.base.columns import Array
from trabecula.config.regimens import Regimen, Target

LOOK_BACK = 7.0
"""Days over which a visit's lab is averaged."""


def list_visits(regimens: Sequence[Regimen], edges: Array) -> list[int]:
    """Return the bins at which a dose may be fitted to a lab, ascending.

    Parameters
    ----------
    edges
        Shape (bins + 1,), d, ascending.
    """
    bins: set[int] = set()
    for regimen in regimens:
        if regimen.target is not None:
            start, end = regimen.doses[0][0], regimen.doses[-1][0]
            days = np.arange(start + regimen.target.every, end, regimen.target.every)
            bins.update(int(k) for k in np.searchsorted(edges, days))
    return sorted(k for k in bins if 0 < k < len(edges) - 1)


def titrate(
    regimen: Regimen,
    doses: list[tuple[float, float]],
    levels: Mapping[str, Array],
    edges: Array,
    visit: int,
) -> list[tuple[float, float]]:
    """Return the doses with those after the visit fitted to the lab, by at most a factor of two.

    Parameters
    ----------
    doses
        Days (d) and doses, in the drug's unit.
    levels
        By name, shape (bins,), in the unit of the lab.
    edges
        Shape (bins + 1,), d, evenly spaced.
    visit
        Bin of the visit.
    """
    target = regimen.target
    now, width = float(edges[visit]), float(edges[1] - edges[0])
    if target is None or not _is_visit(regimen, target, now, width):
        return doses
    level = float(levels[target.analyte][visit - round(LOOK_BACK / width) : visit].mean())
    if target.low <= level <= target.high:
        return doses
    middle = 0.5 * (target.low + target.high)
    factor = min(max(middle / max(level, 1e-9), 0.5), 2.0)
    if regimen.drug.deed in ("inhibits", "silences"):
        factor = 1.0 / factor
    most = max(regimen.drug.high, *(dose for _, dose in regimen.doses))
    return [(day, dose if day < now else min(dose * factor, most)) for day, dose in doses]


def _is_visit(regimen: Regimen, target: Target, now: float, width: float) -> bool:
    since = (now - regimen.doses[0][0]) / target.every
    return since > 0.5 and abs(since - round(since)) * target.every <= width
