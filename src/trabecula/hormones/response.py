"""How a cell answers a level: Hill saturation and the multiplier relative to the reference."""

import math


def compute_hill(level: float, half: float, power: float) -> float:
    """Return level^n / (half^n + level^n): 0 at no level, 1/2 at `half`, 1 far above.

    Parameters
    ----------
    level, half
        Level and level of half effect, in one unit.
    power
        Hill coefficient n.
    """
    if level <= 0.0:
        return 0.0
    return 1.0 / (1.0 + math.pow(half / level, power))


def compute_multiplier(direction: int, maximum: float, response: float, reference: float) -> float:
    """Return the multiplier of a rule, exactly 1 where `response` equals `reference`.

    Parameters
    ----------
    direction
        +1: (1 + A h) / (1 + A h_ref); -1: (1 - I h) / (1 - I h_ref).
    maximum
        A >= 0, or I in 0..1.
    response, reference
        h now and in the replete young adult, 0..1.
    """
    signed = direction * maximum
    return (1.0 + signed * response) / (1.0 + signed * reference)
