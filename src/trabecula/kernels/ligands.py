"""Reading concentrations where a cell sits."""

from typing import NamedTuple

import numpy as np

from trabecula.kernels.compile import kernel


class Ligands(NamedTuple):
    """Concentrations (pM): membrane RANKL on the lattice, the rest on the grid twice as coarse."""

    rankl_membrane: np.ndarray
    rankl_soluble: np.ndarray
    tgfb: np.ndarray
    igf1: np.ndarray
    il1: np.ndarray
    tnf: np.ndarray
    mcsf: np.ndarray
    sclerostin: np.ndarray
    alarmin: np.ndarray


class Felt(NamedTuple):
    """The concentrations (pM) that a precursor reads; few arrays are quickly handed on."""

    rankl_membrane: np.ndarray
    rankl_soluble: np.ndarray
    tnf: np.ndarray
    alarmin: np.ndarray


@kernel
def occupancy(ligands, kd, z, y, x):
    """Fraction of RANK that is bound: R / (kd + R) with R the free membrane and soluble RANKL."""
    r = ligands.rankl_membrane[z, y, x] + ligands.rankl_soluble[z // 2, y // 2, x // 2]
    return r / (kd + r)


@kernel
def hill(value, half, power):
    """Return value^power / (half^power + value^power); 0 at 0."""
    if value <= 0.0:
        return 0.0
    return 1.0 / (1.0 + (half / value) ** power)


@kernel
def boost(value, half, maximum):
    """Return 1 + maximum * value / (half + value): exactly 1 without ligand."""
    return 1.0 + maximum * value / (half + value)


@kernel
def couple(level, strength, reference, factor):
    """Multiply `factor` by 1 + strength (x - 1)/(x + 1), x = level / reference; flat float32 arrays."""
    one = np.float32(1)
    for i in range(np.uint64(len(factor))):
        v = level[i]
        factor[i] *= one + strength * (v - reference) / (v + reference)


@kernel
def rouse(ligands, rates, z, y, x):
    """Response to what dying osteocytes release, in units of the full response to RANKL.

    Neither OPG nor an antibody to RANKL stops it; it is linear while RANK's is steep.
    """
    a = ligands.alarmin[z // 2, y // 2, x // 2]
    return rates.alarmin_max * a / (rates.alarmin_half + a)
