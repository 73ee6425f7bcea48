"""Reading the parameter table in the words of this room."""

import math
from dataclasses import dataclass
from typing import Protocol

from trabecula.base.codes import Species
from trabecula.state.signals import Signals

MOLECULE = 1661.0
"""Concentration of one molecule in 1 um^3 (pM): 1e27 / Avogadro's number."""


class Table(Protocol):
    """A parameter table: full key to number."""

    def __getitem__(self, key: str, /) -> float: ...


def get_diffusion(parameters: Table, species: Species) -> float:
    """Return the diffusion coefficient of `species` (um^2/d)."""
    return float(parameters[f"fields.{species}.diffusion"])


def get_decay(parameters: Table, species: Species) -> float:
    """Return the decay rate of `species` (1/d): wash-out, or ln 2 over its half-life."""
    if species == Species.ESTRADIOL:
        return float(parameters["fields.estradiol.wash_out"])
    return math.log(2.0) / float(parameters[f"fields.{species}.half_life"])


@dataclass(frozen=True)
class Binding:
    """Mass-action constants in force now.

    Parameters
    ----------
    clearance
        Rate kc at which complexes are cleared (1/d).
    opg_constant
        K = (koff + kc) / kon of OPG (pM), the steady level of free OPG that binds half of the
        ligand; 0 where OPG binds nothing.
    others
        B = 1 + sum of the concentration of other binders over their K, 1.
    rank_kd
        Free RANKL that occupies half of RANK (pM).
    internalisation
        Rate at which occupied RANK is taken in (1/d).
    """

    clearance: float
    opg_constant: float
    others: float
    rank_kd: float
    internalisation: float


def make_binding(parameters: Table, signals: Signals, *, binds: bool = True) -> Binding:
    """Build the binding constants from the table and the circulating binders.

    Parameters
    ----------
    binds
        Whether OPG binds RANKL at all.
    """
    clearance = get_decay(parameters, Species.RANKL_OPG)

    def constant(name: str, off: float) -> float:
        return (off + clearance) / float(parameters[f"fields.{name}.on_rate"])

    antibody = float(parameters["fields.denosumab.kd"])
    antibody_off = antibody * float(parameters["fields.denosumab.on_rate"])
    others = 1.0 + signals.binders["denosumab"] / constant("denosumab", antibody_off)
    decoy_off = float(parameters["fields.opg_fc.off_rate"])
    others += signals.binders["opg_fc"] / constant("opg_fc", decoy_off)
    opg = constant("opg", float(parameters["fields.opg.off_rate"])) if binds else 0.0
    rank_kd = float(parameters["fields.rank.kd"])
    taken_in = float(parameters["fields.rank.internalisation"])
    return Binding(clearance, opg, others, rank_kd, taken_in)
