"""Floor 5: one simulation from start to finish: specimen, spin-up, settling, main job, results.

Names are resolved on first use, because the model takes a second to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trabecula.runner.branching import branch
    from trabecula.runner.continuation import resume
    from trabecula.runner.job import run
    from trabecula.runner.progress import Progress
    from trabecula.runner.summary import RunSummary
    from trabecula.runner.verification import verify_folder

__all__ = ["Progress", "RunSummary", "branch", "resume", "run", "verify_folder"]

_HOMES = {
    "branch": "branching",
    "verify_folder": "verification",
    "Progress": "progress",
    "RunSummary": "summary",
    "resume": "continuation",
    "run": "job",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
