"""The stages of a step in the life of all cells, in order, each with its switch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trabecula.cells import builders, clearing, network, resorbers, sites
from trabecula.cells.rates import Table as Parameters
from trabecula.cells.rates import compute_seam
from trabecula.cells.scene import Stage
from trabecula.state import State

PARTS = {
    "network": ("osteocyte_ageing",),
    "resorption": ("coupling",),
    "apposition": ("embedding",),
}
"""Switches that take out a part of a stage."""


@dataclass(frozen=True)
class CellStage:
    """One stage: its name, its switches, what it does, and the function.

    It is skipped where all of ``skips`` are off; a switch of ``parts`` takes out only a part of it.
    """

    name: str
    skips: tuple[str, ...]
    parts: tuple[str, ...]
    doc: str
    step: Callable[[State], None]


def make_stages(state: State, p: Parameters, rules: Mapping[str, bool]) -> tuple[CellStage, ...]:
    """Build the stages for lattices of `state`'s shape.

    Parameters
    ----------
    p
        Parameter table, values in canonical units.
    rules
        Rule name -> on; missing names are on.
    """
    stage = Stage(state)

    def on(rule: str) -> bool:
        return rules.get(rule, True)

    entries: list[tuple[str, tuple[str, ...], Callable[[State], None], Callable[..., None]]] = [
        ("scene", (), lambda s: stage.set_up(s, compute_seam(p, s.grid)), Stage.set_up),
        ("clearing", ("clearing",), lambda s: clearing.step_clearing(s, p, stage),
         clearing.step_clearing),
        ("network", (), lambda s: network.step_network(s, p, stage, on("osteocyte_ageing")),
         network.step_network),
        ("triggering", ("triggering",), lambda s: network.step_triggering(s, p, stage),
         network.step_triggering),
        ("opening", ("opening",), lambda s: builders.step_opening(s, p, stage),
         builders.step_opening),
        ("supply", ("supply",), lambda s: resorbers.step_supply(s, p, stage),
         resorbers.step_supply),
        ("walk", ("motion", "differentiation"),
         lambda s: resorbers.step_walk(s, p, stage, on("motion"), on("differentiation")),
         resorbers.step_walk),
        ("fusion", ("fusion",), lambda s: resorbers.step_fusion(s, p, stage),
         resorbers.step_fusion),
        ("nuclei", ("nuclear_turnover",), lambda s: resorbers.step_nuclei(s, p, stage),
         resorbers.step_nuclei),
        ("resorption", ("resorption",),
         lambda s: resorbers.step_resorption(s, p, stage, on("coupling")),
         resorbers.step_resorption),
        ("factor", (), lambda s: builders.step_factor(s, p, stage), builders.step_factor),
        ("modelling", ("modelling",), lambda s: builders.step_modelling(s, p, stage),
         builders.step_modelling),
        ("recruitment", ("recruitment",), lambda s: builders.step_recruitment(s, p, stage),
         builders.step_recruitment),
        ("activation", ("activation",), lambda s: builders.step_activation(s, p, stage),
         builders.step_activation),
        ("osteoblast death", (), lambda s: builders.step_death(s, p, stage), builders.step_death),
        ("apposition", ("apposition",),
         lambda s: builders.step_apposition(s, p, stage, on("embedding")),
         builders.step_apposition),
        ("covering", ("covering",), lambda s: builders.step_covering(s, p, stage),
         builders.step_covering),
        ("sites", (), lambda s: sites.step_sites(
            s, compute_seam(p, s.grid), int(p["cells.osteoclast.fewest_nuclei"])),
         sites.step_sites),
    ]  # fmt: skip
    return tuple(
        CellStage(
            name,
            switches,
            PARTS.get(name, ()),
            (source.__doc__ or "").strip().splitlines()[0],
            step,
        )
        for name, switches, step, source in entries
        if not switches or any(on(rule) for rule in switches)
    )
