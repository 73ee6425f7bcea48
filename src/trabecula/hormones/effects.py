"""What given drugs bring: levels, inhibition, drives, blockades, and doses for stepped kinetics."""

from collections.abc import Sequence

import numpy as np

from trabecula.base.columns import Array
from trabecula.config.parameters import Parameters
from trabecula.hormones.axes import Inputs, make_inputs
from trabecula.hormones.pharmacy import Kinetics, compute_saturation

ADDED = ("testosterone", "estradiol", "progesterone")
"""Levels that drugs add to before the glands answer."""

type Given = Sequence[Sequence[tuple[float, float]]]
"""Days and doses of every regimen."""


def pool(
    edges: Array, kinetics: Sequence[Kinetics], doses: Given, deed: str = ""
) -> list[tuple[Kinetics, Array]]:
    """Return every preparation with its mean concentration in bins, in the unit of its level.

    All its prescriptions count together.

    What a drug does saturates with all that is there of it, in however many entries it was prescribed.

    Parameters
    ----------
    edges
        Shape (bins + 1,), d, ascending.
    deed
        What the drugs do; all of them if empty.
    """
    pooled: dict[str, tuple[Kinetics, Array]] = {}
    for one, given in zip(kinetics, doses, strict=True):
        if deed in ("", one.drug.deed):
            first, level = pooled.get(one.drug.name, (one, np.zeros(len(edges) - 1)))
            pooled[one.drug.name] = (first, level + one.average(edges, given))
    return list(pooled.values())


def compute_inputs(
    edges: Array,
    kinetics: Sequence[Kinetics],
    doses: Given,
    parameters: Parameters,
    sex: str,
) -> Inputs:
    """Return what the drugs bring to the glands, in bins between `edges` (d)."""
    inputs = make_inputs(len(edges) - 1)
    swallowed, bound = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    for one, level in pool(edges, kinetics, doses):
        drug = one.drug
        most = f"drugs.{drug.name}.maximum"
        if drug.deed == "adds" and drug.on in ADDED:
            setattr(inputs, drug.on, getattr(inputs, drug.on) + level)
            if drug.on == "estradiol" and drug.routes == ("oral",):
                swallowed += level
        elif (drug.deed, drug.on) == ("drives", "gonads"):
            inputs.bursts += parameters[most] * compute_saturation(level, one.half)
        elif drug.deed == "silences":
            bound += level / one.half
        elif drug.name == "growth_hormone":
            inputs.given_growth += level / one.half
        elif drug.on == "growth":
            inputs.growth += parameters[most] * compute_saturation(level, one.half)
    inputs.agonist = compute_saturation(bound, 1.0)  # agonists compete for one receptor
    inputs.inhibition = compute_inhibition(edges, kinetics, doses, parameters, sex)
    inputs.first_pass = compute_saturation(swallowed, parameters["glands.liver.first_pass"])
    return inputs


def compute_inhibition(
    edges: Array, kinetics: Sequence[Kinetics], doses: Given, parameters: Parameters, sex: str
) -> Array:
    """Return the share of aromatase that stands still, in bins.

    Two inhibitors compete for it: together they hold no more than the better one would alone.

    Parameters
    ----------
    edges
        Shape (bins + 1,), d, ascending.
    sex
        Whose estradiol it is that falls: a man's testes let part of their aromatase escape.

    Returns
    -------
    numpy.ndarray
        Shape (bins,), 0..1.
    """
    taken, still = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    for one, level in pool(edges, kinetics, doses, "inhibits"):
        taken += level / one.half
        still += parameters[f"drugs.{one.drug.name}.maximum_{sex}"] * level / one.half
    return still / (1.0 + taken)


def compute_levels(edges: Array, kinetics: Sequence[Kinetics], doses: Given) -> dict[str, Array]:
    """Return prednisone (mg/d) and pulses of PTH (1), which no gland answers, in bins.

    Parameters
    ----------
    edges
        Shape (bins + 1,), d, ascending.

    Returns
    -------
    dict
        Each of shape (bins,): mg/d and 1.
    """
    levels = {name: np.zeros(len(edges) - 1) for name in ("glucocorticoid", "pth_pulsed")}
    for one, given in zip(kinetics, doses, strict=True):
        if (one.drug.deed, one.drug.on) == ("adds", "glucocorticoid"):
            levels["glucocorticoid"] += one.average(edges, given)
        elif one.drug.deed == "pulses":
            levels["pth_pulsed"] += one.average(edges, given) / one.half
    return levels


def compute_blockade(
    edges: Array, kinetics: Sequence[Kinetics], doses: Given, parameters: Parameters
) -> dict[str, Array]:
    """Return the share of each signal that antibodies neutralise, in bins.

    Parameters
    ----------
    edges
        Shape (bins + 1,), d, ascending.

    Returns
    -------
    dict
        Each of shape (bins,), 0..1.
    """
    blockade: dict[str, Array] = {}
    for one, level in pool(edges, kinetics, doses, "neutralises"):
        share = parameters[f"drugs.{one.drug.name}.maximum"] * compute_saturation(level, one.half)
        free = 1.0 - blockade.get(one.drug.on, np.zeros_like(share))
        blockade[one.drug.on] = 1.0 - free * (1.0 - share)
    return blockade


def collect_doses(
    kinetics: Sequence[Kinetics], doses: Given, parameters: Parameters
) -> dict[str, list[tuple[float, float]]]:
    """Return days and amounts for the kinetics that are stepped with the run, by drug."""
    found: dict[str, list[tuple[float, float]]] = {}
    for one, given in zip(kinetics, doses, strict=True):
        if one.drug.deed == "doses":
            factor = parameters.get(f"drugs.{one.drug.name}.potency", 1.0)
            found.setdefault(one.drug.on, []).extend((day, dose * factor) for day, dose in given)
    return {name: sorted(amounts) for name, amounts in found.items()}
