"""From doses on days to concentrations, in closed form; and what each drug then does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from trabecula.base.columns import Array
from trabecula.config.parameters import Parameters
from trabecula.config.pharmacopoeia import Drug
from trabecula.hormones.shapes import average_course, compute_density

PER_MG_L = {
    "testosterone": 1e5,  # ng/dL
    "estradiol": 1e6,  # pg/mL
    "progesterone": 1e3,  # ng/mL
    "aromatase": 1e3,  # ng/mL
    "sclerostin": 1.0,  # ug/mL
}
"""Serum level, in its unit, of 1 mg/L of the drug that acts on it."""

MONTH = 28.0
"""Days that a depot of a month's dose is meant to last."""

IN_MG = {"mg": 1.0, "ug": 1e-3, "g": 1e3}


@dataclass(frozen=True)
class Kinetics:
    """A drug with its numbers.

    Parameters
    ----------
    drug
        The preparation.
    rates
        Rates of its chain (1/d).
    wear
        Days over which a dose is let go.
    area
        Area under the curve (unit of the level, times d) of one unit of dose let go so.
    worn
        Days over which single doses are let go instead, by their day.
    half
        Concentration, or dose a day, of half effect; 0 where a drug has none.
    month
        Dose of a depot that lasts a month, in the drug's unit: what is given beyond it is let go evenly,
        28 d for each month more; 0 where strength does not lengthen it.
    """

    drug: Drug
    rates: tuple[float, ...]
    wear: float
    area: float
    half: float
    worn: Mapping[float, float] = field(default_factory=dict)
    month: float = 0.0

    def average(self, edges: Array, doses: Sequence[tuple[float, float]]) -> Array:
        """Return the mean concentration of `doses` in every bin between `edges` (d): exact.

        Zero for a drug whose kinetics are stepped with the run (denosumab, bisphosphonates).
        """
        if not self.rates:
            return np.zeros(len(edges) - 1)
        total = np.zeros(len(edges) - 1)
        for wear, group in self._group(doses).items():
            total += average_course(edges, group, self.rates, wear)
        return self.area * total

    def compute(self, time: Array, doses: Sequence[tuple[float, float]]) -> Array:
        """Return the concentration at `time` (d, any shape).

        Parameters
        ----------
        doses
            Days (d) and amounts, in the drug's unit.
        """
        total = np.zeros_like(np.asarray(time, dtype=float))
        for wear, group in self._group(doses).items():
            for day, dose in group:
                total += dose * compute_density(time - day, self.rates, wear)
        return self.area * total

    def _group(
        self, doses: Sequence[tuple[float, float]]
    ) -> dict[float, list[tuple[float, float]]]:
        """Return days and amounts by days over which they are let go.

        What is let go by the day is more if worn longer, a depot lasts longer if there is more of it.
        """
        groups: dict[float, list[tuple[float, float]]] = {}
        for day, dose in doses:
            wear = self.worn.get(day, self.wear)
            if 0.0 < self.month < dose:
                wear = (dose / self.month - 1.0) * MONTH
            amount = dose * wear / self.wear if self.drug.per_day else dose
            groups.setdefault(wear, []).append((day, amount))
        return groups


def make_kinetics(
    drug: Drug, parameters: Parameters, sex: str, worn: Mapping[float, float] | None = None
) -> Kinetics:
    """Return the kinetics of a preparation in a patient of `sex`; a drug of the user's has its own.

    Parameters
    ----------
    worn
        Days for which doses are worn, by their day; as in the table where that is not said.
    """
    own = dict(drug.own)

    def get(name: str) -> float:
        if own:
            return own.get(name, 0.0)
        return parameters.get(f"drugs.{drug.name}.{name}", 0.0)

    rates = tuple(get(n) for n in ("absorption", "release", "elimination") if get(n) > 0.0)
    wear, clearance = get("wear"), get(f"clearance_{sex}") or get("clearance")
    area = 1.0
    amount = IN_MG.get(drug.unit, 1.0) * get("content") * get("bioavailability")
    if own and drug.on == "glucocorticoid":
        area = amount  # as prednisone: mg a day
    elif clearance > 0.0:
        area = PER_MG_L[drug.on] * amount * (wear if drug.per_day else 1.0) / clearance
    return Kinetics(drug, rates, wear, area, get("half"), dict(worn or {}), get("month"))


def compute_saturation(level: Array, half: float) -> Array:
    """Return level / (half + level), 0..1.

    Parameters
    ----------
    level
        Any shape, in the unit of `half`.

    Returns
    -------
    numpy.ndarray
        That shape, 0..1.
    """
    return np.asarray(level / (half + level)) if half > 0.0 else np.zeros_like(level)
