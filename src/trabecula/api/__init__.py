"""Floor 9: what Python and notebooks use: `run`, `open_run`, `open_study`, and what they return.

Names are resolved on first use, so that ``import trabecula`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trabecula.api.lives import Run, open_run, run
    from trabecula.api.pictures import Picture
    from trabecula.api.studies import Study, open_study

__all__ = ["Picture", "Run", "Study", "open_run", "open_study", "run"]

_HOMES = {
    "Picture": "pictures",
    "Run": "lives",
    "open_run": "lives",
    "run": "lives",
    "Study": "studies",
    "open_study": "studies",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
