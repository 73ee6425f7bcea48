"""Names that a configuration may use: switchable rules, levels, drugs, blockades."""

from trabecula.base.codes import Species

LONGEST_NAME = 100
"""Characters of a name: folders are called by it, with a little more, and systems allow 255."""

VOXEL_RANGE = (10.0, 60.0)
"""Edges of voxels (um) that a bone can live on."""

BV_TV_RANGE = (0.05, 0.6)
"""Bone volume fractions (1) that a structure can be generated with."""

ANISOTROPY_RANGE = (0.7, 2.5)
"""Ratios of lengths along z and across it (1) that a structure can be generated with."""

RULES = (
    "triggering",
    "supply",
    "motion",
    "opening",
    "differentiation",
    "fusion",
    "nuclear_turnover",
    "resorption",
    "recruitment",
    "activation",
    "apposition",
    "embedding",
    "covering",
    "mineralisation",
    "osteocyte_ageing",
    "coupling",
    "modelling",
    "clearing",
)
"""Rules of cells and lattice that `cells.rules.<name>: off` takes out."""

SOURCES = tuple(str(s) for s in Species)
"""Species whose source `fields.sources.<name>: off` takes out."""

BLOCKADES: dict[str, tuple[Species, ...]] = {
    "rankl": (Species.RANKL_MEMBRANE, Species.RANKL_SOLUBLE),
    "il1": (Species.IL1,),
    "il6": (Species.IL6,),
    "tnf": (Species.TNF,),
    "tgfb": (Species.TGFB,),
    "sclerostin": (Species.SCLEROSTIN,),
}
"""What each blockade neutralises."""

LEVELS = (
    "estradiol",
    "testosterone",
    "progesterone",
    "igf1",
    "glucocorticoid",
    "fsh",
    "inflammation",
    "pth",
)
"""Serum levels that a configuration can give as series."""

DERIVED_LEVELS = (
    "age",
    "oxidative_stress",
    "sex_steroid_loss",
    "bisphosphonate",
    "pth_pulsed",
    "sclerostin_blockade",
    "tnf_excess",
)
"""Levels that hormones compute from the others, from age, and from doses."""

STAGES = ("premenopausal", "perimenopausal", "natural_menopause", "surgical_menopause", "adult")
"""Stages of a patient; `adult` is that of men."""

MENOPAUSE_TYPES = ("typical", "flat", "slow_decline", "rise_slow_decline", "rise_steep_decline")
"""Courses of estradiol across the natural menopause."""

DRUGS = ("denosumab", "opg_fc", "bisphosphonate")
"""Drugs that `hormones.doses` takes."""


def replace_odd(text: str) -> str:
    """Return `text` with a dash for every character that a name may not have, as long as one may be."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in text)
    return plain[:LONGEST_NAME]


SYNONYMS = {
    "estrogen": "estradiol", "oestrogen": "estradiol", "oestradiol": "estradiol", "e2": "estradiol",
    "t": "testosterone", "androgen": "testosterone", "progestogen": "progesterone",
    "prednisone": "glucocorticoid", "cortisol": "glucocorticoid", "gh": "igf1", "igf": "igf1",
    "zoledronate": "bisphosphonate", "alendronate": "bisphosphonate",
}  # fmt: skip
"""Other words for names, by which no spelling is near."""


def find_nearest(name: str, valid: list[str]) -> str:
    """Return a hint with the valid name nearest to `name`, or an empty text."""
    from difflib import get_close_matches

    if (meant := SYNONYMS.get(name.lower())) in valid and name not in valid:
        return f"did you mean {meant}?"
    near = get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else ""
