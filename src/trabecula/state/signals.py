"""What hormones tell the tissue: multipliers on targets, blockades, and circulating binders."""

from dataclasses import dataclass, field

import numpy as np

from trabecula.base.codes import Population, Species, Target
from trabecula.base.columns import Array

TARGETS = tuple(Target)
BINDERS = ("denosumab", "opg_fc")


def _ones() -> Array:
    return np.ones((len(TARGETS), len(Population)))


@dataclass
class Signals:
    """Scalar drives, the same everywhere in the tissue.

    Parameters
    ----------
    multiplier
        Shape (target, population), 1; order of :data:`TARGETS` and :class:`Population`.
    lagged
        State of each rule's lagged arm by rule name, 1; and ``local_estradiol.*``, what bone makes
        of estradiol.
    levels
        Serum levels by name, in the assay's unit.
    blockade
        Neutralised fraction of each species, 0..1.
    binders
        Concentration in marrow (pM) of denosumab and OPG-Fc.
    doses
        Amounts in the compartments of each drug's kinetics.
    local_estradiol
        Mean over the bone surface of the estradiol made in bone by aromatase (pM); fields write it.
    """

    multiplier: Array = field(default_factory=_ones)
    lagged: dict[str, float] = field(default_factory=dict)
    levels: dict[str, float] = field(default_factory=dict)
    blockade: dict[str, float] = field(default_factory=lambda: {str(s): 0.0 for s in Species})
    binders: dict[str, float] = field(default_factory=lambda: dict.fromkeys(BINDERS, 0.0))
    doses: dict[str, list[float]] = field(default_factory=dict)
    local_estradiol: float = 0.0

    def get(self, target: Target, population: Population) -> float:
        """Return the multiplier on `target` in cells of `population`."""
        return float(self.multiplier[TARGETS.index(target), population])
