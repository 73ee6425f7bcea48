"""Floor 1: YAML files to validated, unit-free settings; the parameter, rule and species tables.

Names are resolved on first use, so that importing this room costs neither pydantic nor pint.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trabecula.config.advice import find_warnings
    from trabecula.config.load import load_config, make_json_schema
    from trabecula.config.names import RULES
    from trabecula.config.parameters import Parameters, load_parameters
    from trabecula.config.rules import Rule, load_rules
    from trabecula.config.schema import Config, HormoneSettings
    from trabecula.config.wherein import telling_places

__all__ = [
    "RULES",
    "Config",
    "HormoneSettings",
    "Parameters",
    "Rule",
    "find_warnings",
    "load_config",
    "load_parameters",
    "load_rules",
    "make_json_schema",
    "telling_places",
]

_HOMES = {
    "find_warnings": "advice",
    "RULES": "names",
    "Config": "schema",
    "HormoneSettings": "schema",
    "Parameters": "parameters",
    "Rule": "rules",
    "load_config": "load",
    "load_parameters": "parameters",
    "load_rules": "rules",
    "make_json_schema": "load",
    "telling_places": "wherein",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
