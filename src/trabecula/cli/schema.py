"""Units of configuration keys, looked up in the JSON Schema."""

from collections.abc import Iterator, Mapping
from typing import Any


def find_unit(schema: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """Return the unit of the value at `path`, or an empty text where it has none."""
    return next(iter(_find_units(_descend(schema, path))), "")


def _descend(schema: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    node: Any = schema
    for name in path:
        node = _follow(schema, node)
        options = [_follow(schema, item) for item in node.get("anyOf", [])] or [node]
        node = next((o["properties"][name] for o in options if name in o.get("properties", {})), {})
    return node


def _follow(schema: Mapping[str, Any], node: Any) -> Any:
    """Return what ``$ref`` points at."""
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _find_units(node: Any) -> Iterator[str]:
    """Yield the units in `node`; the last entry of a point is its value, so it comes first."""
    if isinstance(node, Mapping):
        if isinstance(node.get("unit"), str):
            yield node["unit"]
        for name in ("items", "anyOf"):
            yield from _find_units(node.get(name))
        for item in reversed(node.get("prefixItems", [])):
            yield from _find_units(item)
    elif isinstance(node, list):
        for item in node:
            yield from _find_units(item)
