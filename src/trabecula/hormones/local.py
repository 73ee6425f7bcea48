"""Estradiol that cells see: serum and what bone makes itself.

Aromatase in bone makes estradiol in proportion to its substrate, testosterone with its adrenal
equivalent. The fields report the mean of that local estradiol; here its yield per substrate gives
both the present local level and that of the replete young adult, so their ratio is exactly 1 in
the replete whatever the number of aromatising cells.
"""

from trabecula.config.parameters import Parameters
from trabecula.state.signals import Signals

PM_PER_PG_ML = 1000.0 / 272.38
"""1 pg/mL of estradiol (272.38 g/mol) in pM."""

YIELD = "local_estradiol.yield"
SEEN = "local_estradiol.seen"


def update_yield(signals: Signals, parameters: Parameters) -> float:
    """Return local estradiol per substrate (pg/mL per ng/dL), renewed if fields were solved.

    Reads the testosterone level that the last field solve saw, so it must run before the levels
    are renewed. Yield and last reading are kept among the lagged arms, which states store.
    """
    if signals.lagged.get(SEEN) != signals.local_estradiol:
        substrate = compute_substrate(signals.levels["testosterone"], parameters)
        local = signals.local_estradiol / PM_PER_PG_ML
        signals.lagged[YIELD] = local / substrate if substrate > 0.0 else 0.0
        signals.lagged[SEEN] = signals.local_estradiol
    return signals.lagged.get(YIELD, 0.0)


def compute_substrate(testosterone: float, parameters: Parameters) -> float:
    """Return testosterone with its adrenal equivalent (ng/dL)."""
    return testosterone + parameters["fields.estradiol.adrenal_substrate"]


def compute_effective_estradiol(
    levels: dict[str, float], reference: dict[str, float], share: float, parameters: Parameters
) -> float:
    """Return the estradiol that cells see, on the serum scale of the replete (pg/mL).

    Parameters
    ----------
    levels, reference
        Serum levels now and in the replete young adult, in their assays' units.
    share
        Local estradiol per substrate (pg/mL per ng/dL).
    """
    local = share * compute_substrate(levels["testosterone"], parameters)
    local_reference = share * compute_substrate(reference["testosterone"], parameters)
    now = levels["estradiol"] + local
    return reference["estradiol"] * (now / (reference["estradiol"] + local_reference))
