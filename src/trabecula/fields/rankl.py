"""RANKL, OPG and their binding in one quasi-steady state.

Ligand and complex of one form move together (the complex of membrane RANKL sits on the same
membrane), so the *total* T of each form obeys a linear equation with lagged loss
k phi + kc (1 - phi) + ki RANK phi/(KD + R), where the free share is
phi = 1 / (1 + O/K_OPG + denosumab/K_d + OPG-Fc/K_f), K = (koff + kc)/kon.
Free OPG obeys div(D grad O) - k O - kc T (O/K) phi + s = 0, solved by Newton: the sink is concave
in O, so the iterates rise to the one solution. Stored are the free parts and the complex.
"""

from dataclasses import dataclass

import numpy as np

from trabecula.base.codes import Species
from trabecula.base.columns import Array
from trabecula.base.errors import SolverError
from trabecula.fields.hierarchy import Hierarchy
from trabecula.fields.numbers import Binding, Table, get_decay, get_diffusion, make_binding
from trabecula.fields.solver import TOLERANCE, solve_coarse, solve_fine
from trabecula.kernels.binding import (
    compute_complex,
    compute_loss_coarse,
    compute_loss_fine,
    linearise_opg,
    scale_fine,
)
from trabecula.kernels.gather import holds_any
from trabecula.kernels.stencil import restrict_fine
from trabecula.state.fieldstack import FieldStack
from trabecula.state.signals import Signals

DAMPED_FROM = 3
"""Round of the alternation from which OPG goes only part of the way, on a logarithmic scale."""

TRACE = np.float32(1e-6)
"""Concentration (pM) that counts as none."""

MAX_ROUNDS = 40


@dataclass(frozen=True)
class Production:
    """Sources and receptors of one moment.

    Parameters
    ----------
    membrane
        Shape (z, y, x), production of membrane RANKL (pM/d).
    soluble, opg
        Shape (z, y, x) of the coarse grid, production (pM/d per whole block).
    rank
        Shape (z, y, x), RANK of precursors and osteoclasts (pM per voxel).
    """

    membrane: Array
    soluble: Array
    opg: Array
    rank: Array


@dataclass
class _Problem:
    """Arrays of one coupled solve; totals and free parts in pM, losses in 1/d."""

    hierarchy: Hierarchy
    production: Production
    binding: Binding
    parameters: Table
    membrane: Array
    soluble: Array
    opg: Array
    free_membrane: Array
    free_soluble: Array
    rank_coarse: Array
    loss: Array
    tolerance: float
    once: bool = False

    def pack(self, species: Species) -> Array:
        """Constants of the loss kernels: k, kc, ki, KD of RANK, K of OPG, B."""
        b = self.binding
        own = get_decay(self.parameters, species)
        return np.array([own, b.clearance, b.internalisation, b.rank_kd, b.opg_constant, b.others])

    def compute_phi(self) -> Array:
        """Free share on the coarse grid, 1."""
        b = self.binding
        decoy = self.opg / b.opg_constant if b.opg_constant > 0 else np.zeros_like(self.opg)
        return (1.0 / (b.others + decoy)).astype(np.float32)


def solve_rankl(
    fields: FieldStack,
    hierarchy: Hierarchy,
    production: Production,
    parameters: Table,
    signals: Signals,
    *,
    binds: bool = True,
    tolerance: float = TOLERANCE,
    rounds: int = 0,
) -> int:
    """Solve membrane and soluble RANKL, OPG and their complex; returns multigrid cycles spent.

    Parameters
    ----------
    fields
        Warm start, then the solution (pM).
    binds
        Whether OPG binds RANKL.
    tolerance
        Residual and imbalance of each equation, relative to its source (1).
    rounds
        Rounds of the alternation after which the rest is left to the next tick, for warm starts. Each
        gives an equation one cycle, since its loss is an old one by the next; the last solves it, with
        the others of the round before. 0 to go on until all agree.

    Raises
    ------
    SolverError
        If a species does not converge, or with `rounds` 0 the coupling of the three.
    """
    problem = _make_problem(fields, hierarchy, production, parameters, signals, binds, tolerance)
    total = 0
    fields.unsettled = 0.0
    for turn in range(rounds or MAX_ROUNDS):
        problem.once = turn < rounds - 1
        ligand = _solve_membrane(problem) + _solve_soluble(problem)
        # OPG of the last round was solved for the very ligand that has now passed its own test
        before, phi = np.maximum(problem.opg, TRACE), problem.compute_phi()
        decoy = _solve_opg(problem) if ligand or turn == 0 else 0
        if turn >= DAMPED_FROM:
            # in a sealed pore OPG and RANKL swap excess for ever; ever smaller steps settle it
            share = np.float32(1.0 / (turn - DAMPED_FROM + 2))
            problem.opg[...] = before * (np.maximum(problem.opg, TRACE) / before) ** share
        total += ligand + decoy
        if ligand + decoy == 0:
            _store(fields, problem)
            return total
    if rounds:
        fields.unsettled = _compute_unsettled(problem, phi)
        _store(fields, problem)
        return total
    msg = f"RANKL and OPG: binding did not settle in {MAX_ROUNDS} rounds at {tolerance:g}"
    raise SolverError(msg)


def _compute_unsettled(problem: _Problem, phi: Array) -> float:
    """Share of free RANKL moved since its free share was `phi` (coarse grid), 1."""
    ligand, now = _compute_ligand(problem), problem.compute_phi()
    free = float((ligand * now).sum(dtype=float))
    return float((ligand * np.abs(now - phi)).sum(dtype=float)) / free if free > 0 else 0.0


def _make_problem(
    fields: FieldStack,
    hierarchy: Hierarchy,
    production: Production,
    parameters: Table,
    signals: Signals,
    binds: bool,
    tolerance: float,
) -> _Problem:
    binding = make_binding(parameters, signals, binds=binds)
    free_membrane = fields.get(Species.RANKL_MEMBRANE)
    free_soluble = fields.get(Species.RANKL_SOLUBLE)
    opg = fields.get(Species.OPG)
    opg *= hierarchy.coarse_pore > 0
    free_soluble *= hierarchy.coarse_pore > 0
    rank = np.empty(hierarchy.coarse_shape, np.float32)
    restrict_fine(production.rank, hierarchy.bits, rank)
    problem = _Problem(
        hierarchy,
        production,
        binding,
        parameters,
        np.empty_like(free_membrane),
        np.empty_like(free_soluble),
        opg,
        free_membrane,
        free_soluble,
        rank,
        np.empty_like(free_membrane),
        tolerance,
    )
    k, b = binding.opg_constant, binding.others
    scale_fine(free_membrane, opg, hierarchy.bits, k, b, True, problem.membrane)
    problem.soluble[...] = free_soluble / problem.compute_phi()
    if not holds_any(production.opg.reshape(-1)):
        opg[...] = 0
    return problem


def _solve_opg(problem: _Problem) -> int:
    if not holds_any(problem.production.opg.reshape(-1)):
        return 0
    ligand = _compute_ligand(problem)
    binding, pore = problem.binding, problem.hierarchy.coarse_pore
    own = get_decay(problem.parameters, Species.OPG)
    packed = np.array([own, binding.clearance, binding.opg_constant * binding.others])
    rhs = np.empty_like(problem.opg)

    def refresh(decay: Array) -> Array:
        linearise_opg(problem.opg, ligand, problem.production.opg, pore, packed, decay, rhs)
        return rhs

    diffusion = get_diffusion(problem.parameters, Species.OPG)
    outcome = solve_coarse(
        problem.hierarchy, problem.opg, refresh, diffusion, "OPG", problem.tolerance,
        once=problem.once,
    )  # fmt: skip
    np.maximum(problem.opg, 0, out=problem.opg)
    return outcome.cycles


def _compute_ligand(problem: _Problem) -> Array:
    """Total RANKL per whole coarse voxel (pM)."""
    ligand = np.empty_like(problem.opg)
    restrict_fine(problem.membrane, problem.hierarchy.bits, ligand)
    ligand += problem.soluble * problem.hierarchy.coarse_pore
    return ligand


def _solve_membrane(problem: _Problem) -> int:
    if not holds_any(problem.production.membrane.reshape(-1)):
        problem.membrane[...] = 0
        problem.free_membrane[...] = 0
        return 0
    hierarchy, binding = problem.hierarchy, problem.binding
    compute_loss_fine(
        problem.free_membrane,
        problem.free_soluble,
        problem.opg,
        hierarchy.bits,
        problem.production.rank,
        problem.pack(Species.RANKL_MEMBRANE),
        problem.loss,
    )
    diffusion = get_diffusion(problem.parameters, Species.RANKL_MEMBRANE)
    outcome = solve_fine(
        hierarchy,
        problem.membrane,
        problem.production.membrane,
        problem.loss,
        diffusion,
        "membrane RANKL",
        problem.tolerance,
        once=problem.once,
    )
    k, b = binding.opg_constant, binding.others
    scale_fine(problem.membrane, problem.opg, hierarchy.bits, k, b, False, problem.free_membrane)
    return outcome.cycles


def _solve_soluble(problem: _Problem) -> int:
    if not holds_any(problem.production.soluble.reshape(-1)):
        problem.soluble[...] = 0
        problem.free_soluble[...] = 0
        return 0
    hierarchy, pore = problem.hierarchy, problem.hierarchy.coarse_pore
    membrane = np.empty_like(problem.soluble)
    restrict_fine(problem.free_membrane, hierarchy.bits, membrane)
    packed = problem.pack(Species.RANKL_SOLUBLE)

    def refresh(decay: Array) -> Array:
        compute_loss_coarse(
            problem.free_soluble, membrane, problem.opg, pore, problem.rank_coarse, packed, decay
        )
        return problem.production.soluble

    diffusion = get_diffusion(problem.parameters, Species.RANKL_SOLUBLE)
    outcome = solve_coarse(
        hierarchy, problem.soluble, refresh, diffusion, "soluble RANKL", problem.tolerance,
        once=problem.once,
    )  # fmt: skip
    problem.free_soluble[...] = problem.soluble * problem.compute_phi()
    return outcome.cycles


def _store(fields: FieldStack, problem: _Problem) -> None:
    """Keep the complex; the free parts are already views of the stack."""
    binding, hierarchy = problem.binding, problem.hierarchy
    compute_complex(
        _compute_ligand(problem),
        problem.opg,
        hierarchy.coarse_pore,
        binding.opg_constant,
        binding.others,
        fields.get(Species.RANKL_OPG),
    )
