"""Integer codes shared by kernels, files and tables."""

from enum import IntEnum, StrEnum

FULL = 32768
"""Quanta of matrix in a voxel that is all bone: a power of two, so that fractions are exact."""

HALF = FULL // 2
"""Quanta from which a voxel counts as bone tissue (no flux, no cell inside it)."""

SURFACE_PER_VOXEL = 1.35
"""Mean surface of an open voxel beside bone, in voxel faces (Mullikin and Verbeek 1993)."""


class Ground(IntEnum):
    """What a voxel is to a wandering precursor: bare is surface that nothing covers."""

    BONE = 0
    MARROW = 1
    BARE = 2


class Sides(IntEnum):
    """What lies beyond the faces of the lattice."""

    MIRRORED = 0
    PERIODIC = 1


class Population(IntEnum):
    """The five populations, and marrow cells that are a diffuse source only."""

    PRECURSOR = 0
    OSTEOCLAST = 1
    OSTEOBLAST = 2
    LINING = 3
    OSTEOCYTE = 4
    MARROW = 5


class Stage(IntEnum):
    """Stage of an osteoblast."""

    PREOSTEOBLAST = 0
    ACTIVE = 1


class Phase(IntEnum):
    """Phase of a remodelling site (BMU)."""

    RESORPTION = 0
    REVERSAL = 1
    FORMATION = 2
    COMPLETE = 3
    ABANDONED = 4


class Stream(IntEnum):
    """Names of the independent random streams; a number, once used, is never given to another."""

    IDENTITY = 1
    STRUCTURE = 2
    SEEDING = 3
    TRIGGER = 4
    SUPPLY = 5
    MOTION = 6
    DIFFERENTIATION = 7
    FUSION = 8
    NUCLEI = 9
    RESORPTION = 10
    RECRUITMENT = 11
    ACTIVATION = 12
    APPOSITION = 13
    FATE = 14
    LINING = 15
    OSTEOCYTE = 16
    ORDER = 17
    PATIENT = 18
    PIECES = 19
    MINERAL = 20


class Target(StrEnum):
    """What a hormone may act on. Never bone volume: production, recruitment, activity, life span.

    Every target is a multiplier that equals 1 under the replete young-adult levels of the sex. No rule
    of the table acts on production of M-CSF, supply or differentiation of precursors yet: these stay 1.
    """

    RANKL_PRODUCTION = "rankl_production"
    RANKL_RETENTION = "rankl_retention"
    OPG_PRODUCTION = "opg_production"
    IL1_PRODUCTION = "il1_production"
    IL6_PRODUCTION = "il6_production"
    TNF_PRODUCTION = "tnf_production"
    SCLEROSTIN_PRODUCTION = "sclerostin_production"
    MCSF_PRODUCTION = "mcsf_production"
    TRIGGER_RATE = "trigger_rate"
    PRECURSOR_SUPPLY = "precursor_supply"
    DIFFERENTIATION = "differentiation"
    RESORPTION_ACTIVITY = "resorption_activity"
    RECRUITMENT = "recruitment"
    SYNTHESIS = "synthesis"
    GAIN = "gain"
    DEATH = "death"


class Species(StrEnum):
    """The diffusing molecules."""

    RANKL_MEMBRANE = "rankl_membrane"
    RANKL_SOLUBLE = "rankl_soluble"
    OPG = "opg"
    RANKL_OPG = "rankl_opg"
    IL1 = "il1"
    IL6 = "il6"
    TNF = "tnf"
    TGFB = "tgfb"
    IGF1 = "igf1"
    SCLEROSTIN = "sclerostin"
    MCSF = "mcsf"
    ESTRADIOL = "estradiol"
    ALARMIN = "alarmin"


class Lateral(IntEnum):
    """What holds a loaded specimen across its load."""

    FREE = 0
    FIXED = 1
    MIRRORED = 2
