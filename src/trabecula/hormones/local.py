"""Estradiol that cells see: serum and what bone makes itself.

Aromatase in bone makes estradiol in proportion to its substrate, testosterone with its adrenal
equivalent. The fields report the mean of that local estradiol; here its yield per substrate gives
both the present local level and that of the replete young adult, so their ratio is exactly 1 in
the replete whatever the number of aromatising cells.

What stops aromatase elsewhere stops it in bone: the share that stands still is that of the drugs that
a protocol gives, or what serum says where estradiol is less than any healthy person makes of so much
testosterone. It is the blockade of the local source, for the present alone, not for the reference.
"""

from trabecula.base.codes import Species
from trabecula.config.parameters import Parameters
from trabecula.state.signals import Signals

PM_PER_PG_ML = 1000.0 / 272.38
"""1 pg/mL of estradiol (272.38 g/mol) in pM."""

YIELD = "local_estradiol.yield"
SEEN = "local_estradiol.seen"

TELLING = 0.05
"""Share of aromatase that has to work for the field to tell its yield; below, the last one holds."""


def update_yield(signals: Signals, parameters: Parameters) -> float:
    """Return local estradiol per substrate (pg/mL per ng/dL) of free aromatase, renewed after a solve.

    Reads the testosterone level and the blockade that the last field solve saw, so it must run before
    these are renewed. Yield and last reading are kept among the lagged arms, which states store.
    """
    if signals.lagged.get(SEEN) != signals.local_estradiol:
        works = 1.0 - signals.blockade.get(str(Species.ESTRADIOL), 0.0)
        substrate = compute_substrate(signals.levels["testosterone"], parameters) * works
        local = signals.local_estradiol / PM_PER_PG_ML
        if works > TELLING:
            signals.lagged[YIELD] = local / substrate if substrate > 0.0 else 0.0
        signals.lagged[SEEN] = signals.local_estradiol
    return signals.lagged.get(YIELD, 0.0)


def compute_substrate(testosterone: float, parameters: Parameters) -> float:
    """Return testosterone with its adrenal equivalent (ng/dL)."""
    return testosterone + parameters["fields.estradiol.adrenal_substrate"]


def infer_inhibition(
    levels: dict[str, float], reference: dict[str, float], sex: str, parameters: Parameters
) -> float:
    """Return the share of aromatase (0..1) that stands still by what serum shows.

    1 - E / (f E0 (T + A) / (T0 + A)), at least 0: E0 is what is made of androgens outside the ovaries
    (men: all), f what of the mean the lowest of healthy people make (`hormones.aromatase.least`).

    Parameters
    ----------
    levels, reference
        Serum levels now and in the replete young adult, in their assays' units.
    """
    p = parameters
    is_male = sex == "male"
    made = reference["estradiol"] if is_male else p["glands.menopause.estradiol"]
    adrenal = p["glands.testis.adrenal"] if is_male else p["glands.ovary.substrate"]
    made *= (levels["testosterone"] + adrenal) / (reference["testosterone"] + adrenal)
    least = p["hormones.aromatase.least"] * made
    return max(0.0, 1.0 - levels["estradiol"] / least) if least > 0.0 else 0.0


def compute_effective_estradiol(
    levels: dict[str, float],
    reference: dict[str, float],
    share: float,
    still: float,
    parameters: Parameters,
) -> float:
    """Return the estradiol that cells see, on the serum scale of the replete (pg/mL).

    Parameters
    ----------
    levels, reference
        Serum levels now and in the replete young adult, in their assays' units.
    share
        Local estradiol per substrate (pg/mL per ng/dL).
    still
        Share of aromatase that stands still, 0..1.
    """
    local = share * compute_substrate(levels["testosterone"], parameters) * (1.0 - still)
    local_reference = share * compute_substrate(reference["testosterone"], parameters)
    now = levels["estradiol"] + local
    return reference["estradiol"] * (now / (reference["estradiol"] + local_reference))
