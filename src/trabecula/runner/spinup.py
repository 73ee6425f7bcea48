"""From the configuration to the bone that the first sample sees, through the cache of states."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trabecula.base.codes import FULL
from trabecula.hormones import is_replete, make_signals, rest_signals
from trabecula.model.genesis import make_state
from trabecula.model.timeline import count_steps, shift_zero
from trabecula.runner.cache import StateCache
from trabecula.runner.digest import compute_state_digest
from trabecula.runner.halfway import Halfway
from trabecula.runner.live import live
from trabecula.runner.progress import Progress
from trabecula.runner.specimens import find_seed, make_specimen_for
from trabecula.specimen import Specimen
from trabecula.state import State

if TYPE_CHECKING:
    from trabecula.config import Config

LEAD = 90.0
"""Days before day 0 that are sampled: the baseline of every percent. Nothing in them is cached."""

TOLERANCE = 0.008
"""Miss of BV/TV after spin-up at which the structure is generated again; 0.01 is allowed."""

TRIES = 4
"""Structures that are lived in at most: chance of a small bone may be larger than what is allowed."""

OPENING = 365.25
"""Time (d) in which the remodelling space opens."""

type Report = Callable[[Progress], None] | None


@dataclass(frozen=True)
class Phases:
    """Lengths of what comes before day 0, in steps.

    Parameters
    ----------
    spin
        Under replete young-adult hormones.
    settle
        Under the levels of day 0; 0 if these are replete.
    begin
        Steps lived when the first sample is taken.
    """

    spin: int
    settle: int
    begin: int


def count_phases(config: "Config", lead: float = LEAD) -> Phases:
    """Count the steps of each phase; samples begin `lead` (d) before day 0."""
    spin = count_steps(config.spin_up, config.step)
    settle = 0 if is_replete(config) else count_steps(config.settle, config.step)
    return Phases(spin, settle, max(0, spin + settle - count_steps(lead, config.step)))


class SpinUp:
    """Makes the state in which a run's samples begin, or finds it in the cache.

    Parameters
    ----------
    report
        Told of progress.
    lead
        Days before day 0 at which the state is wanted.
    specimen
        The imported specimen, if it has been read already.
    """

    def __init__(
        self,
        config: "Config",
        cache: StateCache,
        report: Report,
        lead: float = LEAD,
        specimen: Specimen | None = None,
    ) -> None:
        self._config, self._cache, self._report = config, cache, report
        self._specimen = specimen
        self.phases = count_phases(config, lead)
        self.notes: list[str] = []
        self.from_cache: list[str] = []

    def make(self) -> State:
        """Return the state at ``phases.begin`` steps, day 0 where it belongs."""
        phases = self.phases
        if phases.begin <= phases.spin:
            state = self._fetch("spin-up", phases.begin, self._spin)
            shift_zero(state, phases.settle)
            return state
        return self._fetch("settle", phases.begin, self._settle)

    def _fetch(self, phase: str, step: int, make: Callable[[int], State]) -> State:
        """Take the state of `phase` at `step` from the cache, or make and keep it.

        Of a spin-up that is sampled from its first day on that is the bone before it.
        """
        if self.phases.spin == 0 and step == 0:
            return make(0)  # a raw bone is as soon made
        digest = compute_state_digest(self._config, step, phase == "settle")
        with self._cache.lock(phase, digest):
            found = self._cache.load(digest)
            if found is not None:
                self.from_cache.append(phase)
                self.notes = found[1]
                if phase == "spin-up":
                    self._rest(found[0])
                return found[0]
            state = make(step)
            self._cache.store(digest, state, self.notes)
        return state

    def _settle(self, step: int) -> State:
        halfway = self._make_halfway(step, "settle")
        found = halfway.find()
        if found is None:
            state = self._fetch("spin-up", self.phases.spin, self._spin)
            shift_zero(state, self.phases.settle)
            state.loading.is_fixed = True
        else:
            state, self.notes = found
        return self._live(state, step, "settle", halfway)

    def _make_halfway(self, step: int, phase: str, made_from: str = "") -> Halfway:
        digest = compute_state_digest(self._config, step, phase == "settle")
        return Halfway(self._cache, digest, made_from)

    def _live(self, state: State, step: int, phase: str, halfway: Halfway) -> State:
        """Live `state` to `step`, kept on its way."""
        halfway.notes = self.notes
        left = step - state.clock.step
        live(self._config, state, left, phase, self._report, halfway=halfway)
        halfway.drop()
        return state

    def _spin(self, step: int) -> State:
        """Live a new bone to `step`; again from a corrected structure while BV/TV is missed."""
        config, asked = self._config, self._config.lattice.bv_tv
        if config.lattice.specimen is not None or asked is None:
            return self._spin_once(step, None)
        share = config.parameters["lattice.remodelling_space"]
        opened = min(1.0, step * config.step / OPENING)
        request = asked / (1.0 - share * opened)
        told: list[str] = []
        nearest, kept = math.inf, None
        for left in reversed(range(TRIES)):
            state = self._spin_once(step, request)
            miss = measure_bv_tv(state) - asked
            if told:
                told[-1] += f" and misses it by {miss:+.4f}"
            if abs(miss) < abs(nearest):
                nearest, kept = miss, (state, self.notes)
            if abs(miss) <= TOLERANCE or left == 0:
                break
            request -= miss
            told.append(
                f"BV/TV after spin-up missed {asked:g} by {miss:+.4f}; the structure was generated "
                f"again with {request:.4f}"
            )
        assert kept is not None
        state, self.notes = kept
        if abs(nearest) > TOLERANCE:
            told.append(
                f"the nearest of these structures is taken: BV/TV is missed by {nearest:+.4f}"
            )
        self.notes = [*self.notes, *told]
        return state

    def _spin_once(self, step: int, bv_tv: float | None) -> State:
        config, seed = self._config, find_seed(self._config)
        halfway = self._make_halfway(step, "spin-up", f"{bv_tv}")
        found = halfway.find()
        if found is not None:
            state, self.notes = found
            self._rest(state)
            return self._live(state, step, "spin-up", halfway)
        specimen = self._specimen or make_specimen_for(config, bv_tv)
        self.notes = [f"specimen: {specimen.origin}", *specimen.report]
        state = make_state(
            specimen.fraction,
            specimen.voxel,
            specimen.sides,
            seed,
            config.step,
            config.parameters,
            make_signals(config),
        )
        shift_zero(state, self.phases.spin)
        return self._live(state, step, "spin-up", halfway)

    def _rest(self, state: State) -> None:
        """Put signals to rest: a state of replete hormones may have been lived under other rules."""
        rest_signals(state.signals, self._config.parameters, self._config.patient.sex)


def measure_bv_tv(state: State) -> float:
    """Return the bone volume fraction by the ledger."""
    return state.volume.expected / FULL / state.grid.size
