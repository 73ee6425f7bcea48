"""Which levels a drug moves, and to which side: what titration and labs have to know of it."""

from collections.abc import Mapping

from trabecula.config.pharmacopoeia import Drug

BOTH, WOMEN = ("female", "male"), ("female",)

type Answer = tuple[int, tuple[str, ...]]

ANSWERS: Mapping[tuple[str, str], Mapping[str, Answer]] = {
    ("adds", "testosterone"): {
        "testosterone": (1, BOTH), "estradiol": (1, BOTH), "fsh": (-1, BOTH), "lh": (-1, BOTH),
    },
    ("adds", "estradiol"): {
        "estradiol": (1, BOTH), "testosterone": (-1, BOTH), "fsh": (-1, BOTH), "lh": (-1, BOTH),
    },
    ("adds", "progesterone"): {
        "progesterone": (1, BOTH), "testosterone": (-1, BOTH), "estradiol": (-1, BOTH),
        "fsh": (-1, BOTH), "lh": (-1, BOTH),
    },
    ("inhibits", "aromatase"): {
        "estradiol": (-1, BOTH), "testosterone": (1, BOTH), "fsh": (1, BOTH), "lh": (1, BOTH),
    },
    ("drives", "gonads"): {
        "testosterone": (1, BOTH), "estradiol": (1, BOTH), "progesterone": (1, WOMEN),
        "fsh": (1, BOTH), "lh": (1, BOTH),
    },
    ("silences", "gonads"): {
        "testosterone": (-1, BOTH), "estradiol": (-1, BOTH), "progesterone": (-1, WOMEN),
        "fsh": (-1, BOTH), "lh": (-1, BOTH),
    },
    ("drives", "growth"): {"igf1": (1, BOTH)},
    ("adds", "glucocorticoid"): {"glucocorticoid": (1, BOTH)},
    ("pulses", "pth"): {"pth_pulsed": (1, BOTH)},
}  # fmt: skip
"""By deed: levels that a larger dose moves, to which side, in whom."""

SWALLOWED = {"igf1": (-1, BOTH)}
"""What estrogen does besides where the liver meets it first."""


def find_answers(drug: Drug, sex: str = "") -> dict[str, int]:
    """Return the levels that more of `drug` raises (+1) or lowers (-1) in `sex`, or in either sex."""
    answers = dict(ANSWERS.get((drug.deed, drug.on), {}))
    if drug.on == "estradiol" and drug.routes == ("oral",):
        answers |= SWALLOWED
    return {level: sign for level, (sign, who) in answers.items() if not sex or sex in who}
