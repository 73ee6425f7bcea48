"""Mesa, imported without its look at the file of every loaded module: a tenth of a start.

To name its loggers Mesa asks ``inspect`` for the module of a frame, which then resolves the paths of all
modules that are loaded, some thousands. A frame knows its module by name.
"""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType


@contextmanager
def ask_frames() -> Iterator[None]:
    """Let ``inspect.getmodule`` believe what a frame says of its module, for as long as this lasts."""
    search = inspect.getmodule

    def get_module(  # as inspect has it
        object: object,  # noqa: A002
        _filename: str | None = None,
    ) -> ModuleType | None:
        if isinstance(object, FrameType):
            return sys.modules.get(object.f_globals.get("__name__", ""))
        return search(object, _filename)

    inspect.getmodule = get_module
    try:
        yield
    finally:
        inspect.getmodule = search


with ask_frames():
    from mesa import Model
    from mesa.experimental.scenarios import Scenario
    from mesa.time import Priority, Schedule

__all__ = ["Model", "Priority", "Scenario", "Schedule"]
