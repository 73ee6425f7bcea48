"""YAML text to plain data, with the line and column of every key and value."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trabecula.base.errors import ConfigError, Problem

type Key = tuple[str | int, ...]


def to_dotted(path: Key) -> str:
    """Return a path as ``block.key[2]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "(top level)"


@dataclass
class Document:
    """A YAML document.

    Parameters
    ----------
    name
        File name as messages give it.
    data
        Mappings, lists and scalars.
    keys
        Where each key stands, by path.
    values
        Where each value stands, by path.
    problems
        Mistakes that YAML itself forbids, such as a key given twice.
    """

    name: str
    data: Any = None
    keys: dict[Key, str] = field(default_factory=dict)
    values: dict[Key, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def find_key(self, path: Key) -> str:
        """Return where the key at `path` stands, or else its nearest parent."""
        for end in range(len(path), 0, -1):
            for marks in (self.keys, self.values):
                if path[:end] in marks:
                    return marks[path[:end]]
        return f"{self.name}:1:1"

    def find_value(self, path: Key) -> str:
        """Return where the value at `path` stands, or else its nearest parent."""
        return self.values[path] if path in self.values else self.find_key(path)


def parse_yaml(text: str, name: str) -> Document:
    """Parse `text`, one YAML document called `name`.

    Raises
    ------
    ConfigError
        If it is not YAML at all.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    document = Document(name)
    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
        document.data = {} if node is None else _read(node, (), document, yaml, frozenset())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else f"{name}:1:1"
        problem = Problem(where, "(file)", str(error.problem), "YAML")
        raise ConfigError([problem]) from error
    except (YAMLError, ValueError) as error:
        raise ConfigError([Problem(f"{name}:1:1", "(file)", str(error), "YAML")]) from error
    return document


def load_yaml(path: Path) -> Document:
    """Read the YAML file at `path`.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        found = error.strerror or "an unreadable file"
        problem = Problem(str(path), "(file)", found, "a readable YAML file")
        raise ConfigError([problem]) from error
    except UnicodeDecodeError as error:
        problem = Problem(str(path), "(file)", "bytes that are not UTF-8", "YAML text in UTF-8")
        raise ConfigError([problem]) from error
    return parse_yaml(text, str(path))


def _read(node: Any, path: Key, document: Document, yaml: Any, parents: frozenset[int]) -> Any:
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    where = f"{document.name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
    document.values[path] = where
    if id(node) in parents:
        document.problems.append(
            Problem(where, to_dotted(path), "an alias of its own parent", "plain values")
        )
        return None
    parents = parents | {id(node)}
    if isinstance(node, SequenceNode):
        items = enumerate(node.value)
        return [_read(item, (*path, i), document, yaml, parents) for i, item in items]
    if isinstance(node, MappingNode):
        return _read_mapping(node, path, document, yaml, parents)
    return yaml.constructor.construct_object(node) if _is_plain(node) else node.value


def _is_plain(node: Any) -> bool:
    kind = str(node.tag).rsplit(":", 1)[-1]
    return not node.style and kind in {"int", "float", "bool", "null"}


def _read_mapping(
    node: Any, path: Key, document: Document, yaml: Any, parents: frozenset[int]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        here = (*path, key)
        where = f"{document.name}:{key_node.start_mark.line + 1}:{key_node.start_mark.column + 1}"
        if key in result:
            first = document.keys[here].removeprefix(f"{document.name}:")
            document.problems.append(
                Problem(
                    where,
                    to_dotted(here),
                    "a key given twice",
                    "each key once",
                    f"the first stands at {first}",
                )
            )
            continue
        document.keys[here] = where
        result[key] = _read(value_node, here, document, yaml, parents)
    return result
