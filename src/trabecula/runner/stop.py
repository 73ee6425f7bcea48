"""Being asked to stop: the first signal is noted and answered between two steps, the second kills."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_asked = threading.Event()


def is_asked() -> bool:
    """Whether a signal has asked to stop."""
    return _asked.is_set()


def ask() -> None:
    """Ask the run to stop after its present step."""
    _asked.set()


@contextmanager
def watch_signals() -> Iterator[None]:
    """Note Ctrl-C and SIGTERM instead of dying amid a step; a second one interrupts at once.

    Signals reach the main thread only; elsewhere nothing is changed.
    """
    _asked.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        if _asked.is_set():
            raise KeyboardInterrupt
        _asked.set()

    for number in SIGNALS:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _asked.clear()
