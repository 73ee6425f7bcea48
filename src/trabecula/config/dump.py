"""Plain values to YAML."""

import io
from typing import Any


def dump_yaml(values: dict[str, Any]) -> str:
    """Return `values` as YAML: blocks as blocks, lists in one line, switches as on and off."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    def to_node(value: Any) -> Any:
        if isinstance(value, dict):
            return CommentedMap((key, to_node(item)) for key, item in value.items())
        if isinstance(value, list | tuple):
            node = CommentedSeq(to_node(item) for item in value)
            node.fa.set_flow_style()
            return node
        if isinstance(value, bool):
            return "on" if value else "off"
        return value

    yaml = YAML(typ="rt", pure=True)
    yaml.width = 10_000
    stream = io.StringIO()
    yaml.dump(to_node(values), stream)
    return stream.getvalue()
