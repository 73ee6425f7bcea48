"""What a cell feels at its place."""

import numpy as np

from twins.space import half


def occupancy(ligands, kd, z, y, x):
    """R / (kd + R); membrane RANKL is on the lattice, soluble RANKL on the coarse grid."""
    rankl = float(ligands.rankl_membrane[z, y, x]) + float(ligands.rankl_soluble[half((z, y, x))])
    return rankl / (kd + rankl)


def hill(value, half_value, power):
    """v^n / (h^n + v^n)."""
    if value <= 0:
        return 0.0
    return value**power / (half_value**power + value**power)


def boost(value, half_value, maximum):
    """1 without ligand, 1 + maximum with very much of it."""
    return 1 + maximum * float(value) / (half_value + float(value))


def couple(level, strength, reference, factor):
    """A factor between 1 - strength, without ligand, and 1 + strength; 1 at the reference."""
    x = level.astype(float) / float(reference)
    factor *= (1 + float(strength) * (x - 1) / (x + 1)).astype(np.float32)


def feel(ligands, rates, place):
    """The response of RANK at a place: a Hill function of its occupancy."""
    return hill(occupancy(ligands, rates.kd, *place), rates.half, rates.power)


def rouse(ligands, rates, z, y, x):
    """The response to alarmin, half of its most at the level that halves it."""
    level = float(ligands.alarmin[half((z, y, x))])
    return rates.alarmin_max * level / (level + rates.alarmin_half)


def call(ligands, rates, place):
    """The response of RANK and of what needs no RANKL, together."""
    return feel(ligands, rates, place) + rouse(ligands, rates, *place)
