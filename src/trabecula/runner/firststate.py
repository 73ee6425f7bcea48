"""The bone on day 0, without a run folder: lived in as a run would, or raw."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from trabecula.hormones import rest_signals
from trabecula.model.memory import insist_on_memory
from trabecula.runner.cache import StateCache
from trabecula.runner.digest import compute_state_digest
from trabecula.runner.progress import Progress
from trabecula.runner.specimens import insist_on_specimen
from trabecula.runner.spinup import SpinUp
from trabecula.state import State

if TYPE_CHECKING:
    from trabecula.config import Config


def make_first_state(
    config: "Config",
    is_raw: bool,
    report: Callable[[Progress], None] | None = None,
    cache: StateCache | None = None,
) -> State:
    """Return the state of day 0.

    Parameters
    ----------
    is_raw
        Leave spin-up and settling out: the structure as it was generated or imported, nothing at work.
    report
        Told of progress.
    cache
        Where spun-up states are kept; the user's cache if None.

    Raises
    ------
    TrabeculaError
        If the input is wrong, or the memory does not suffice.
    """
    insist_on_memory(config)
    specimen = insist_on_specimen(config)
    if is_raw:
        config = config.model_copy(update={"spin_up": 0.0, "settle": 0.0})
    kept = cache or StateCache()
    maker = SpinUp(config, kept, report, lead=0.0, specimen=specimen)
    state = _fetch_raw(config, maker, kept) if is_raw and specimen is None else maker.make()
    state.loading.is_fixed = True  # the reference of strain: this bone
    state.seed = config.seed
    return state


def _fetch_raw(config: "Config", maker: SpinUp, cache: StateCache) -> State:
    """Take a generated bone from the cache, or generate and keep it: the search takes a while."""
    digest = compute_state_digest(config, 0, False)
    with cache.lock("raw", digest):
        found = cache.load(digest)
        if found is not None:
            rest_signals(found[0].signals, config.parameters, config.patient.sex)
            return found[0]
        state = maker.make()
        cache.store(digest, state, maker.notes)
    return state
