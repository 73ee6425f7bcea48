"""Kinetics of denosumab, OPG-Fc and bisphosphonates.

Amounts of each drug are a list of compartments, the last of which collects what has left the body,
so that the sum of the list is what has been absorbed or waits to be. Classical fourth-order
Runge-Kutta keeps that sum to rounding.
"""

import math
from collections.abc import Callable, Sequence

from trabecula.config.parameters import Parameters

type Rates = Callable[[Sequence[float]], list[float]]

LONGEST_SUBSTEP = 0.1
"""Substep of the integration (d); the fastest rate in the table is below 5 per day."""

NG_PER_MG = 1e6


def make_rates(drug: str, parameters: Parameters) -> Rates:
    """Return the function that gives the rates of change (1/d) of a drug's amounts."""
    return {
        "denosumab": _denosumab_rates,
        "opg_fc": _opg_fc_rates,
        "bisphosphonate": _bisphosphonate_rates,
    }[drug](parameters)


def _denosumab_rates(parameters: Parameters) -> Rates:
    """Depot, central, peripheral, gone (ng): linear and Michaelis-Menten elimination."""
    p = {
        name: parameters[f"hormones.denosumab.{name}"]
        for name in (
            "central_volume",
            "peripheral_volume",
            "clearance",
            "exchange",
            "saturable_rate",
            "saturable_half",
            "absorption",
        )
    }
    absorption, clearance, exchange = p["absorption"], p["clearance"], p["exchange"]
    fastest, half = p["saturable_rate"], p["saturable_half"]
    v1, v2 = p["central_volume"], p["peripheral_volume"]

    def rates(amounts: Sequence[float]) -> list[float]:
        depot, central, peripheral, _ = amounts
        concentration = central / v1
        taken = absorption * depot
        across = exchange * (concentration - peripheral / v2)
        gone = clearance * concentration + fastest * concentration / (half + concentration)
        return [-taken, taken - across - gone, across, gone]

    return rates


def _opg_fc_rates(parameters: Parameters) -> Rates:
    """Depot, central, gone (mg/kg)."""
    absorption = parameters["hormones.opg_fc.absorption"]
    elimination = math.log(2.0) / parameters["hormones.opg_fc.half_life"]

    def rates(amounts: Sequence[float]) -> list[float]:
        taken, gone = absorption * amounts[0], elimination * amounts[1]
        return [-taken, taken - gone, gone]

    return rates


def _bisphosphonate_rates(parameters: Parameters) -> Rates:
    """Blood, bone, gone (relative potency)."""
    binding = parameters["hormones.bisphosphonate.binding"]
    release = math.log(2.0) / parameters["hormones.bisphosphonate.half_life"]

    def rates(amounts: Sequence[float]) -> list[float]:
        bound, gone = binding * amounts[0], release * amounts[1]
        return [-bound, bound - gone, gone]

    return rates


COMPARTMENTS = {"denosumab": 4, "opg_fc": 3, "bisphosphonate": 3}
"""Number of amounts of each drug."""


def compute_absorbed(drug: str, dose: float, parameters: Parameters) -> float:
    """Return what of a `dose` (mg, mg/kg or relative potency) enters the first compartment."""
    if drug == "denosumab":
        return dose * NG_PER_MG * parameters["hormones.denosumab.bioavailability"]
    if drug == "opg_fc":
        return dose * parameters["hormones.opg_fc.bioavailability"]
    return dose


def compute_marrow_concentration(
    drug: str, amounts: Sequence[float], parameters: Parameters
) -> float:
    """Return the concentration in marrow fluid (pM) of a binder that serum alone would give.

    Parameters
    ----------
    amounts
        Amounts in the compartments: denosumab ng, OPG-Fc mg/kg, bisphosphonate relative
        potency (1).
    """
    p = parameters
    if drug == "denosumab":
        serum = amounts[1] / p["hormones.denosumab.central_volume"]
    else:
        serum = amounts[1] * NG_PER_MG / p["hormones.opg_fc.volume"]
    # ng/mL over kDa is 1e-9 mol/L
    molar = serum / p[f"hormones.{drug}.molar_mass"] * 1000.0
    return molar * p[f"hormones.{drug}.marrow_share"]


def retain_in_marrow(
    drug: str, before: float, arriving: float, step: float, parameters: Parameters
) -> float:
    """Return the concentration in marrow fluid (pM) of a binder at the end of a step.

    Marrow fills with serum and empties no faster than by ``hormones.denosumab.marrow_half_life``
    (docs/adr/0040): M = max(serum's, M_before * 2^(-step / half-life)). OPG-Fc leaves with serum.

    Parameters
    ----------
    before
        Concentration in marrow (pM) at the beginning of the step.
    arriving
        What serum alone would give (pM), of :func:`compute_marrow_concentration`.
    step
        Length of the step (d).
    """
    if drug != "denosumab":
        return arriving
    half_life = parameters["hormones.denosumab.marrow_half_life"]
    left: float = before * 0.5 ** (step / half_life)
    return max(arriving, left)


def step_drug(
    drug: str,
    amounts: Sequence[float],
    doses: Sequence[tuple[float, float]],
    parameters: Parameters,
    step: float,
) -> list[float]:
    """Return the amounts after one step.

    Parameters
    ----------
    doses
        Times since the beginning of the step (d, ascending, within the step), and doses.
    step
        Length of the step (d).
    amounts
        Amounts in the compartments: denosumab ng, OPG-Fc mg/kg, bisphosphonate relative
        potency (1); empty before the first dose.

    Returns
    -------
    list
        The amounts at the end, in the same units.
    """
    now = list(amounts) or [0.0] * COMPARTMENTS[drug]
    rates = make_rates(drug, parameters)
    reached = 0.0
    for time, dose in doses:
        now = integrate(rates, now, time - reached)
        now[0] += compute_absorbed(drug, dose, parameters)
        reached = time
    return integrate(rates, now, step - reached)


def integrate(rates: Rates, amounts: list[float], duration: float) -> list[float]:
    """Return `amounts` after `duration` (d), by the classical Runge-Kutta method."""
    if duration <= 0.0 or not any(amounts[:-1]):
        return amounts
    count = math.ceil(duration / LONGEST_SUBSTEP)
    h = duration / count
    for _ in range(count):
        k1 = rates(amounts)
        k2 = rates(_move(amounts, k1, h / 2))
        k3 = rates(_move(amounts, k2, h / 2))
        k4 = rates(_move(amounts, k3, h))
        slopes = [(a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(k1, k2, k3, k4, strict=True)]
        amounts = _move(amounts, slopes, h)
    return amounts


def _move(amounts: Sequence[float], slopes: Sequence[float], h: float) -> list[float]:
    return [a + h * s for a, s in zip(amounts, slopes, strict=True)]
