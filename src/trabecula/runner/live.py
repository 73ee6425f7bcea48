"""Living some steps of one phase."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from trabecula.model import TrabeculaModel
from trabecula.runner.halfway import Halfway
from trabecula.runner.progress import Pacer, Progress
from trabecula.runner.recorder import Recorder
from trabecula.runner.stop import is_asked
from trabecula.state import State

if TYPE_CHECKING:
    from trabecula.config import Config


def live(
    config: "Config",
    state: State,
    steps: int,
    phase: str,
    report: Callable[[Progress], None] | None,
    recorder: Recorder | None = None,
    halfway: Halfway | None = None,
) -> None:
    """Let `state` live `steps` steps, in place.

    Parameters
    ----------
    phase
        ``spin-up`` (replete hormones), ``settle`` or ``run``.
    recorder
        Samples in every phase; in ``run`` it also takes snapshots and commits.
    halfway
        Keeps the state of a phase before day 0 that is not sampled.
    """
    model = TrabeculaModel(config, state, phase == "spin-up")
    until = state.clock.time + steps * state.clock.length
    model.call_every(config.step, Pacer(phase, until, model, report))
    if recorder is not None:
        output = config.output
        model.call_every(output.every, partial(recorder.sample, model))
        if phase == "run":
            model.call_every(output.snapshots, partial(recorder.add_snapshot, model))
            if output.states is not None:
                model.call_every(output.states, partial(recorder.add_state, model))
            if output.checkpoint is None:
                model.call_every(config.step, partial(recorder.commit_in_time, model), last=True)
            else:
                model.call_every(output.checkpoint, partial(recorder.commit, model), last=True)
    save: Callable[[], None] | None = None
    if recorder is not None and phase == "run":
        save = partial(recorder.commit, model, "interrupted")
    elif halfway is not None:
        model.call_every(config.step, partial(halfway.keep_in_time, model), last=True)
        save = partial(halfway.keep, model)
    model.call_every(config.step, partial(_leave_if_asked, save), last=True)
    model.run_steps(steps)
    if recorder is not None and phase == "run":
        recorder.sample(model, complete=True)
        recorder.add_snapshot(model)
        recorder.commit(model, "done")


def _leave_if_asked(save: Callable[[], None] | None) -> None:
    """Between two steps, answer a signal: save what there is, then leave.

    Raises
    ------
    KeyboardInterrupt
        If a signal has asked to stop.
    """
    if is_asked():
        if save is not None:
            save()
        raise KeyboardInterrupt
