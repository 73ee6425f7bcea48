"""A study asked to stop by a machine that takes its place: SIGTERM is answered as Ctrl-C is."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from types import FrameType


@contextmanager
def answer_sigterm(passes_on: bool = False) -> Iterator[None]:
    """Raise KeyboardInterrupt at SIGTERM; signals reach the main thread, elsewhere nothing changes.

    Parameters
    ----------
    passes_on
        Whether processes that were started meanwhile get the signal too. Ctrl-C on a terminal reaches
        them by itself, a SIGTERM does not, and who waits for their runs would wait for hours.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    others = set(active_children())

    def leave(number: int, frame: FrameType | None) -> None:
        if passes_on:
            for child in set(active_children()) - others:
                child.terminate()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
