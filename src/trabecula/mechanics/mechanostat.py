"""What strain tells an osteocyte: a curve, lazy zone or none, and the reference it is held against."""

from typing import NamedTuple

import numpy as np

from trabecula.base.columns import Array
from trabecula.mechanics.numbers import Table

STEPS = 60

ENOUGH = 5000
"""Osteocytes, evenly from the least to the most strained, that tell what all of them feel."""


class Answer(NamedTuple):
    """Factors on what each osteocyte does: sclerostin, triggering, and its share of a full grant."""

    secretion: Array
    unrest: Array
    calling: Array


def compute_answer(ratio: Array, p: Table) -> Answer:
    """Return what osteocytes do at strain energy `ratio` to the reference (1), any shape.

    With strain e = sqrt(ratio): disuse d grows from 0 at `lazy_low` to 1 without strain, use u from 0
    at `lazy_high` to 1 at `full`; likewise growth w from `building` to `grown` and damage m from
    `damage` to `broken`. Between the lazy limits nothing is said. Rows mechanics.sensing.*; the curve
    is Frost's mechanostat (doi:10.1002/ar.a.10119), acting in three places: sclerostin 1 + a d - b u,
    triggering 1 + c d + k m, grants of factor w.
    """
    strain = np.sqrt(np.maximum(ratio, 0.0))
    low = p["mechanics.sensing.lazy_low"]
    disuse = np.clip((low - strain) / low, 0.0, 1.0)
    use = _rise(strain, p, "lazy_high", "full")
    growth, damage = _rise(strain, p, "building", "grown"), _rise(strain, p, "damage", "broken")
    less, more = p["mechanics.sclerostin.use"] * use, p["mechanics.sclerostin.disuse"] * disuse
    unrest = 1.0 + p["mechanics.trigger.disuse"] * disuse + p["mechanics.trigger.damage"] * damage
    return Answer(1.0 + more - less, unrest, growth)


def _rise(strain: Array, p: Table, start: str, end: str) -> Array:
    """Return 0 up to the row `start`, 1 from the row `end`, a line between."""
    low, high = p[f"mechanics.sensing.{start}"], p[f"mechanics.sensing.{end}"]
    return np.asarray(np.clip((strain - low) / (high - low), 0.0, 1.0))


def accommodate(reference: float, felt: Array, p: Table) -> float:
    """Return what osteocytes hold strain against when they decide how much sclerostin to secrete (MPa).

    Of a change that all of them feel they get used to a share a at once, of what differs from place to
    place to nothing: R (U / R)^a, with U the reference that they would have now. Row
    mechanics.sensing.accommodation; cells get used to load in the theories of Schriefer 2005 (J Biomech
    38:1838) and Lerebours and Buenzli (arXiv:1512.05602), there with time.

    Parameters
    ----------
    reference
        Strain energy density of the end of spin-up (MPa).
    felt
        Shape (osteocyte,), MPa; their order does not matter.
    """
    ordered = np.sort(felt[felt > 0])
    now = find_reference(ordered[:: ordered.size // ENOUGH + 1], p)
    if np.isnan(now):
        return reference
    return float(reference * (now / reference) ** p["mechanics.sensing.accommodation"])


def find_reference(stimulus: Array, p: Table) -> float:
    """Return the strain energy density at which the osteocytes together ask for nothing (MPa).

    Their mean secretion of sclerostin is then 1: those in disuse and those in use are in balance.
    Where all of them are within the lazy zone, or none of them can ask for less, it is their median.
    Those that bear nothing, as in blocks of too little bone, tell the others nothing of their load.

    Parameters
    ----------
    stimulus
        Shape (osteocyte,), MPa: strain energy density that each feels.
    """
    felt = stimulus[stimulus > 0]
    if felt.size == 0:
        return float("nan")
    middle = float(np.median(felt))

    def ask(reference: float) -> float:
        return float(np.mean(compute_answer(felt / reference, p).secretion)) - 1.0

    low, high = np.log(middle) - 8.0, np.log(middle) + 8.0
    least, most = (ask(float(np.exp(bound))) for bound in (low, high))
    if ask(middle) == 0.0 or least * most >= 0.0:
        return middle
    for _ in range(STEPS):
        guess = 0.5 * (low + high)
        if ask(float(np.exp(guess))) < 0.0:
            low = guess
        else:
            high = guess
    return float(np.exp(0.5 * (low + high)))
