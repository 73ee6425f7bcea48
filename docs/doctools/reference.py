"""Reference pages read from the running program: commands and configuration keys."""

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo

from doctools.keys import TAKES, make_defaults, write_protocol
from doctools.markers import write_table
from trabecula.config import make_json_schema

LARGE = 2**53
KINDS = {"string": "a text", "number": "a number", "object": "keys and values"}


def make_commands() -> str:
    """Return every command with its arguments and options, from the application itself."""
    from trabecula.cli.main import app

    found = {c.name or _to_option(c.callback.__name__): c.callback for c in app.registered_commands}
    return "\n\n".join(_write_command(name, found[name]) for name in sorted(found))


def _write_command(name: str, function: Any) -> str:
    hints = get_type_hints(function, include_extras=True)
    usage, rows = ["trabecula", name], []
    for key, parameter in inspect.signature(function).parameters.items():
        kind, info = get_args(hints[key])
        if isinstance(info, ArgumentInfo):
            word = info.metavar or key.upper()
            usage.append(word)
            first, takes = f"`{word}`", ""
        else:
            flags = [text for text in (info.default, *info.param_decls) if isinstance(text, str)]
            first = " ".join(f"`{text}`" for text in flags or [f"--{_to_option(key)}"])
            takes = "" if kind is bool else info.metavar or _write_kind(kind)
        rows.append((first, takes, _unwrap(info.help or ""), _write_default(parameter)))
    words = _unwrap(inspect.getdoc(function) or "")
    table = write_table(("", "takes", "what", "default"), rows) if rows else ""
    return f"### {name}\n\n```text\n{' '.join(usage)} [OPTIONS]\n```\n\n{words}\n\n{table}".strip()


def _to_option(name: str) -> str:
    return name.strip("_").replace("_", "-")


def _write_kind(kind: Any) -> str:
    kinds = [k for k in get_args(kind) if k is not type(None)] or [kind]
    named = {int: "a whole number", float: "a number", str: "a text", Path: "a path"}
    if get_origin(kinds[0]) is list:
        return _write_kind(get_args(kinds[0])[0])
    return named.get(kinds[0], getattr(kinds[0], "__name__", "values").lower())


def _write_default(parameter: inspect.Parameter) -> str:
    value = parameter.default
    if value is inspect.Parameter.empty:
        return "needed"
    if value is None or value is False or value == "":
        return ""
    return f"`{value}`"


def _unwrap(text: str) -> str:
    """Return help text as Markdown: its paragraphs kept, lines within them joined."""
    paragraphs = text.replace("\f", "").strip().split("\n\n")
    return "\n\n".join(" ".join(p.split()) for p in paragraphs)


def make_configuration() -> str:
    """Return every key of a configuration with unit, limits and default, block by block.

    Raises
    ------
    ValueError
        If something is said of a key that there is not.
    """
    schema, known = make_json_schema(), TAKES | make_defaults()
    told: set[str] = set()
    parts = [_write_block(schema, "(top level)", schema, told)]
    for name, value in schema["properties"].items():
        if name == "protocol":
            parts.append(write_protocol())
        for path, block in _find_blocks(schema, {"properties": {name: value}}, ""):
            parts.append(_write_block(schema, path, block, told))
    if not set(known) <= told:
        msg = f"docs/doctools/keys.py: no key {', '.join(sorted(set(known) - told))}"
        raise ValueError(msg)
    return "\n\n".join(parts)


def _find_blocks(
    schema: Mapping[str, Any], node: Mapping[str, Any], path: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in node.get("properties", {}).items():
        below = _find_block(schema, value)
        if below is not None:
            suffix = "[]" if value.get("type") == "array" else ".NAME" if _is_map(value) else ""
            place = f"{path}.{name}{suffix}".lstrip(".")
            yield place, below
            yield from _find_blocks(schema, below, place)


def _is_map(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("additionalProperties"), Mapping)


def _find_block(schema: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the block that a key holds, or holds a list or a mapping of."""
    options = [
        value,
        *value.get("anyOf", []),
        value.get("items"),
        value.get("additionalProperties"),
    ]
    for option in options:
        if isinstance(option, Mapping) and "$ref" in option:
            found = schema["$defs"][option["$ref"].rpartition("/")[2]]
            return found if "properties" in found else None
    return None


def _write_block(
    schema: Mapping[str, Any], path: str, block: Mapping[str, Any], told: set[str]
) -> str:
    """Return a block as a table, and add the paths of its keys to `told`."""
    rows, defaults = [], make_defaults()
    for name, value in block["properties"].items():
        place = name if path == "(top level)" else f"{path}.{name}"
        told.add(place)
        is_block = _find_block(schema, value) is not None
        default = "" if is_block else _write_value(value.get("default"))
        if name in block.get("required", ()):
            default = "needed"
        takes = TAKES.get(place) or (_name_block(value) if is_block else _allowed(value))
        rows.append((f"`{name}`", takes, defaults.get(place, default)))
    words = "" if path == "(top level)" else block.get("description", "")
    return f"### {path}\n\n{words}\n\n{write_table(('key', 'takes', 'default'), rows)}"


def _name_block(value: Mapping[str, Any]) -> str:
    if value.get("type") == "array":
        return "a list of blocks"
    return "names to blocks" if _is_map(value) else "a block"


def _write_value(value: Any) -> str:
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _allowed(value: Mapping[str, Any]) -> str:
    """Return in words what a key takes."""
    if "enum" in value or value.get("type") == "boolean":
        if not {"on", "off"}.isdisjoint(value.get("enum", ["on"])):
            return "`on` or `off`"
        return ", ".join(f"`{item}`" for item in value["enum"])
    if value.get("type") == "null":
        return ""
    if value.get("type") == "array" or "prefixItems" in value:
        return _allowed_list(value)
    if "unit" in value or value.get("type") in ("number", "integer"):
        return _allowed_number(value)
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(filter(None, (_allowed(v) for v in value["anyOf"]))))
    if value.get("type") == "object":
        inner = value.get("additionalProperties")
        takes = _allowed(inner) if isinstance(inner, Mapping) else ""
        return f"names to {takes or 'numbers, or texts with a unit'}"
    kind = value.get("type")
    if isinstance(kind, list):
        return " or ".join(KINDS[k] for k in kind)
    return "a text" if kind == "string" else ""


def _allowed_list(value: Mapping[str, Any]) -> str:
    if "prefixItems" in value:
        inner = list(dict.fromkeys(_allowed(item) for item in value["prefixItems"]))
        count = len(value["prefixItems"])
        return f"{count} of: {inner[0]}" if len(inner) == 1 else f"[{'; '.join(inner)}]"
    inner_text = _allowed(value["items"]) if isinstance(value.get("items"), Mapping) else "values"
    return f"a list of {inner_text}"


def _allowed_number(value: Mapping[str, Any]) -> str:
    number = next((v for v in value.get("anyOf", [value]) if v.get("type") != "string"), value)
    if number.get("type") == "array":
        return _allowed_list(number)
    unit = value.get("unit", "")
    low, high = number.get("minimum"), number.get("maximum")
    above = number.get("exclusiveMinimum")
    kind = "a whole number" if number.get("type") == "integer" else "a number"
    words = [kind if low is None and above is None and high is None else ""]
    if above is not None:
        words.append(f"above {above:g}")
    if low is not None:
        words.append(f"{low:g}" if high is not None and abs(high) < LARGE else f"at least {low:g}")
    if high is not None and abs(high) < LARGE:
        words.append(f"{'to' if low is not None else 'up to'} {high:g}")
    if kind == "a whole number" and words[0] == "":
        words.append("(whole)")
    meaning = number.get("description", "") if number.get("type") == "number" else ""
    return " ".join(filter(None, (*words, "" if unit in ("", "1") else unit, meaning)))
