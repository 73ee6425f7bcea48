"""Trabecula: the bone microenvironment, cell by cell."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trabecula.base.version import VERSION

if TYPE_CHECKING:
    from trabecula.api import Run, Study, open_run, open_study, run

__all__ = ["Run", "Study", "__version__", "open_run", "open_study", "run"]

__version__ = VERSION

_OFFERED = ("Run", "Study", "open_run", "open_study", "run")
"""Names that come from :mod:`trabecula.api` on first use: importing this package stays free."""


def __getattr__(name: str) -> Any:
    if name not in _OFFERED:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_OFFERED})
