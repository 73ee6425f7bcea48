"""What happens in a step, in order, as data: the model runs it, ``trabecula plan`` prints it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trabecula.base.codes import Lateral
from trabecula.cells import make_stages
from trabecula.fields import step_fields
from trabecula.hormones import make_exposure, step_signals
from trabecula.lattice import check_ledgers, step_mineralisation
from trabecula.mechanics import Load, compute_stress, step_mechanics
from trabecula.state import State

if TYPE_CHECKING:
    from trabecula.config import Config


JUMP = 0.02
"""Difference of a stress from that which was solved last, as a share of it, that is felt at once."""


@dataclass(frozen=True)
class Step:
    """One entry of the plan.

    Parameters
    ----------
    name
        Short name.
    room
        The room whose code it is.
    every
        Interval (d).
    rules
        Switches under ``cells.rules`` or ``fields.sources``; empty where there is none.
    doc
        What it does.
    apply
        Changes the state.
    """

    name: str
    room: str
    every: float
    rules: tuple[str, ...]
    doc: str
    apply: Callable[[State], None]


def make_plan(config: "Config", state: State, replete: bool) -> tuple[Step, ...]:
    """Build the ordered steps for lattices of `state`'s shape.

    Parameters
    ----------
    replete
        Whether the hormones are those of a young adult, whatever the configuration gives.
    """
    dt, parameters, rules = config.step, config.parameters, config.cells.rules
    cells = tuple(
        Step(stage.name, "cells", dt, stage.skips + stage.parts, stage.doc, stage.step)
        for stage in make_stages(state, parameters, rules)  # type: ignore[arg-type]
    )
    mineral = _make_mineral_step(config)
    order = Step("order", "model", dt, (), _first_line(order_cells), order_cells)
    return (
        order,
        _make_signal_step(config, replete),
        _make_field_step(config),
        *([_make_mechanics_step(config)] if config.mechanics.active else []),
        *cells,
        *([mineral] if rules.get("mineralisation", True) else []),
        Step("ledgers", "lattice", dt, (), _first_line(check_ledgers), check_ledgers),
        order,
    )


def order_cells(state: State) -> None:
    """Drop the dead and sort every population by place, so that no sum depends on row order."""
    state.cells.sort()


def _first_line(function: Callable[..., object]) -> str:
    return (function.__doc__ or "").strip().splitlines()[0]


class SignalStep:
    """Renews the signals; `exposure` may be replaced while the bone lives."""

    def __init__(self, config: "Config", replete: bool) -> None:
        self.exposure = make_exposure(config, replete=replete)

    def __call__(self, state: State) -> None:
        """Renew them for the step that begins now."""
        now, dt = state.clock.time, state.clock.length
        step_signals(state.signals, self.exposure, now, dt)


def find_signals(plan: tuple[Step, ...]) -> SignalStep:
    """Return the step of a plan that renews the signals."""
    return next(entry.apply for entry in plan if isinstance(entry.apply, SignalStep))


def _make_signal_step(config: "Config", replete: bool) -> Step:
    doc = _first_line(step_signals)
    return Step("signals", "hormones", config.step, (), doc, SignalStep(config, replete))


def _make_field_step(config: "Config") -> Step:
    parameters, sources, every = config.parameters, config.fields.sources, config.fields.every

    def apply(state: State) -> None:
        step_fields(state, parameters, sources, every=every)

    rules = tuple(f"sources.{name}" for name in sources)
    return Step("fields", "fields", max(every, config.step), rules, _first_line(step_fields), apply)


def _make_mechanics_step(config: "Config") -> Step:
    parameters, settings = config.parameters, config.mechanics

    def apply(state: State) -> None:
        clock = state.clock
        stress = compute_stress(settings.stress, parameters, clock.time)
        former = state.loading.stress or stress  # a state of an older program does not say
        is_new = any(abs(a - b) > JUMP * b for a, b in zip(stress, former, strict=True))
        if clock.is_due(settings.every) or is_new or not state.loading.is_known:
            is_coarse, lateral = settings.mesh == "coarse", Lateral[settings.lateral.upper()]
            step_mechanics(state, parameters, Load(stress, is_coarse, settings.tolerance, lateral))

    every = max(settings.every, config.step)
    return Step("mechanics", "mechanics", every, (), _first_line(step_mechanics), apply)


def _make_mineral_step(config: "Config") -> Step:
    parameters = config.parameters
    lag = parameters["lattice.mineral.lag"]
    primary = parameters["lattice.mineral.primary"]
    secondary = parameters["lattice.mineral.secondary_time"]

    def apply(state: State) -> None:
        step_mineralisation(state, lag, primary, secondary)

    doc = _first_line(step_mineralisation)
    return Step("mineralisation", "lattice", config.step, ("mineralisation",), doc, apply)


def run_step(plan: tuple[Step, ...], state: State) -> None:
    """Live one step: everything reads the clock at its beginning, then time goes on."""
    for entry in plan:
        entry.apply(state)
    state.clock.step += 1
