"""Floor 4: one living bone under Mesa's clock: plan of a step, events, samples, populations.

Names are resolved on first use, because Mesa takes a second to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trabecula.model.metrics import METRICS
    from trabecula.model.model import TrabeculaModel
    from trabecula.model.plan import make_plan
    from trabecula.model.sampling import Sampler

__all__ = ["METRICS", "Sampler", "TrabeculaModel", "make_plan"]

_HOMES = {
    "METRICS": "metrics",
    "Sampler": "sampling",
    "TrabeculaModel": "model",
    "make_plan": "plan",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
