"""The model: Mesa gives clock, events and views, the arrays of the state are the model."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trabecula.mechanics import forget_load
from trabecula.model.framework import Model, Priority, Scenario, Schedule
from trabecula.model.measures import MeasureSet
from trabecula.model.plan import find_signals, make_plan, run_step
from trabecula.model.populations import PopulationView
from trabecula.model.sampling import Sampler
from trabecula.model.timeline import count_steps, is_due, is_passed
from trabecula.state import State

if TYPE_CHECKING:
    from trabecula.config import Config
    from trabecula.config.schema import HormoneSettings

POPULATIONS = ("precursors", "osteoclasts", "osteoblasts", "lining", "osteocytes")


class BoneScenario(Scenario):  # type: ignore[misc]
    """What one model is built from.

    Parameters
    ----------
    config
        The resolved configuration.
    replete
        Whether it lives under replete young-adult hormones.
    """

    config: Any = None
    replete: bool = False


class TrabeculaModel(Model):  # type: ignore[misc]
    """One living bone.

    A unit of Mesa's time is one step, counted from the moment the model was made, so that time is
    a whole number; days are in ``state.clock``. Chance is keyed by the state's seed: Mesa's own
    generators serve shuffled views and nothing else.

    Parameters
    ----------
    config
        The resolved configuration.
    state
        The bone; changed in place.
    replete
        Live under replete young-adult hormones, whatever the configuration gives.
    sampler
        Goes on from this sampler's memory; a fresh one if None.
    rng
        Seed of Mesa's generators; the run's seed if None.
    """

    def __init__(
        self,
        config: "Config",
        state: State,
        replete: bool = False,
        sampler: Sampler | None = None,
        rng: int | None = None,
    ) -> None:
        seed = config.seed if rng is None else rng
        super().__init__(scenario=BoneScenario(rng=seed, config=config, replete=replete))
        self.state = state
        if not config.mechanics.active:
            forget_load(state)
        self.plan = make_plan(config, state, replete)
        self.sampler = sampler or Sampler(config.parameters)
        self._config = config
        self._kept: list[Callable[[], None]] = []
        self.data_registry.add_dataset(MeasureSet("measures", self.measure))

    def step(self) -> None:
        """Live one step."""
        run_step(self.plan, self.state)

    @property
    def hormones(self) -> "HormoneSettings":
        """Levels, blockades and doses; replaced, they hold from the next step."""
        return find_signals(self.plan).exposure.settings

    @hormones.setter
    def hormones(self, settings: "HormoneSettings") -> None:
        """Let other levels, blockades and doses hold from the next step."""
        signals = find_signals(self.plan)
        signals.exposure = replace(signals.exposure, settings=settings)

    def get_population(self, name: str) -> PopulationView:
        """Return Mesa's view of a population: precursors, osteoclasts, osteoblasts, lining or
        osteocytes.
        """
        return PopulationView(getattr(self.state.cells, name), self.random)

    @property
    def populations(self) -> Mapping[str, PopulationView]:
        """All five views by name."""
        return {name: self.get_population(name) for name in POPULATIONS}

    def measure(self) -> dict[str, float]:
        """Measure every series of the present state, in its unit; the costly ones as in results.

        These are measured at the first of the samples (``output.every``) after they are due.
        """
        clock, output = self.state.clock, self._config.output
        costly = is_passed(clock, clock.time, output.costly, output.every)
        return self.sampler.sample(self.state, costly)

    def is_due(self, interval: float) -> bool:
        """Whether now is a whole number of `interval` (d) from day 0."""
        clock = self.state.clock
        return is_due(clock, clock.time, interval)

    def call_every(self, interval: float, function: Callable[[], None], last: bool = False) -> None:
        """Call `function` now if due, and at every whole number of `interval` (d) from day 0.

        It is called after the step that ends at that moment. Mesa holds events by weak reference;
        the model keeps the function, so that it cannot vanish.

        Parameters
        ----------
        last
            Call it after everything else that is due at the same moment.
        """
        clock = self.state.clock
        ticks = max(1, count_steps(interval, clock.length))
        wait = (clock.zero - clock.step) % ticks
        self._kept.append(function)
        schedule = Schedule(interval=ticks, start=int(self.time) + wait)
        priority = Priority.LOW if last else Priority.DEFAULT
        self.schedule_recurring(function, schedule, priority=priority)

    def run_steps(self, steps: int) -> None:
        """Live `steps` steps; events due at the first and the last moment are included."""
        if steps > 0:
            self.run_for(steps)
