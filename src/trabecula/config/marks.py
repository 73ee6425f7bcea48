"""YAML text to plain data, with the line and column of every key and value."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trabecula.base.errors import ConfigError, Problem

type Key = tuple[str | int, ...]

MOST_VALUES = 200_000
"""Values of a document; aliases of aliases can ask for more than any memory holds."""

MOST_LEVELS = 50
"""Levels of nesting; a configuration has six."""

MOST_BYTES = 8 * 2**20
"""Size of a file."""

PLAIN_TAGS = ("map", "seq", "str", "int", "float", "bool", "null", "merge", "timestamp")
"""What values may be; a tag of another kind asks for an object."""


class _TooLargeError(Exception):
    """A document that is not read to its end."""


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
    count
        Values read so far, aliases expanded.
    """

    name: str
    data: Any = None
    keys: dict[Key, str] = field(default_factory=dict)
    values: dict[Key, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

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
    from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError

    document = Document(name)
    if len(text) > MOST_BYTES:
        found = f"{len(text)} characters"
        raise ConfigError([Problem(f"{name}:1:1", "(file)", found, f"at most {MOST_BYTES}")])
    yaml = YAML(typ="safe", pure=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # YAML allows an anchor given anew
            node = yaml.compose(text)
        document.data = {} if node is None else _read(node, (), document, yaml, frozenset())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else f"{name}:1:1"
        problem = Problem(where, "(file)", _tidy(str(error.problem)), "YAML")
        raise ConfigError([problem]) from error
    except (YAMLError, ValueError) as error:
        at = getattr(error, "position", 0)  # of a character that no YAML may hold
        where = _find_place(name, text[:at] if isinstance(at, int) else "")
        raise ConfigError([Problem(where, "(file)", _tidy(str(error)), "YAML")]) from error
    except RecursionError:
        allowed = f"at most {MOST_LEVELS} levels"
        problem = Problem(f"{name}:1:1", "(file)", "values nested too deeply", allowed)
        raise ConfigError([problem]) from None
    except _TooLargeError as error:
        where, found, allowed = error.args
        raise ConfigError([Problem(where, "(file)", found, allowed)]) from None
    return document


def _find_place(name: str, before: str) -> str:
    """Return the place that comes after the text `before` of a file."""
    line = before.count("\n")
    return f"{name}:{line + 1}:{len(before) - before.rfind('\n')}"


def _tidy(reason: str) -> str:
    """Return what a YAML reader complains of, without its advice to programmers."""
    line = reason.splitlines()[0].partition(": special characters")[0]
    return line.removeprefix("but ").removeprefix("found ")


def load_yaml(path: Path) -> Document:
    """Read the YAML file at `path`.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not YAML.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)  # a device may never end
        if len(raw) > MOST_BYTES:
            found = f"more than {MOST_BYTES} bytes"
            problem = Problem(str(path), "(file)", found, f"at most {MOST_BYTES} bytes")
            raise ConfigError([problem])
        text = raw.decode("utf-8")
    except OSError as error:
        found = error.strerror or "an unreadable file"
        problem = Problem(str(path), "(file)", found, "a readable YAML file")
        raise ConfigError([problem]) from error
    except UnicodeDecodeError as error:
        where = _find_place(str(path), raw[: error.start].decode("utf-8"))
        problem = Problem(where, "(file)", "bytes that are not UTF-8", "YAML text in UTF-8")
        raise ConfigError([problem]) from error
    return parse_yaml(text, str(path))


def _locate(document: Document, node: Any) -> str:
    return f"{document.name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _read(node: Any, path: Key, document: Document, yaml: Any, parents: frozenset[int]) -> Any:
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    where = _locate(document, node)
    document.values[path] = where
    document.count += 1
    if document.count > MOST_VALUES:
        found = "more values than fit, aliases expanded"
        raise _TooLargeError(where, found, f"at most {MOST_VALUES} values")
    if len(path) > MOST_LEVELS:
        raise _TooLargeError(where, "values nested too deeply", f"at most {MOST_LEVELS} levels")
    tag = str(node.tag)
    if tag.rsplit(":", 1)[-1] not in PLAIN_TAGS or "python" in tag:
        problem = Problem(where, to_dotted(path), f"a tag {tag}", "plain values without tags")
        document.problems.append(problem)
        return None
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
    if not _is_plain(node):
        return node.value
    try:
        return yaml.constructor.construct_object(node)
    except ValueError:  # Python reads no whole number of more digits
        found = f"a number of {len(node.value)} digits"
        document.problems.append(Problem(where, to_dotted(path), found, "a number"))
        return None


def _is_plain(node: Any) -> bool:
    kind = str(node.tag).rsplit(":", 1)[-1]
    return not node.style and kind in {"int", "float", "bool", "null"}


def _read_mapping(
    node: Any, path: Key, document: Document, yaml: Any, parents: frozenset[int]
) -> dict[str, Any]:
    from ruamel.yaml.nodes import ScalarNode

    result: dict[str, Any] = {}
    shared = _read_shared(node, path, document, yaml, parents)
    for key_node, value_node in node.value:
        if _is_merge(key_node):
            continue
        where = _locate(document, key_node)
        if not isinstance(key_node, ScalarNode):
            found = "a list or a mapping as a key"
            document.problems.append(Problem(where, to_dotted(path), found, "a word"))
            continue
        key = str(key_node.value)
        here = (*path, key)
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
    return shared | result


def _is_merge(key_node: Any) -> bool:
    return str(key_node.tag).endswith(":merge")


def _read_shared(
    node: Any, path: Key, document: Document, yaml: Any, parents: frozenset[int]
) -> dict[str, Any]:
    """Return what a mapping takes from others by ``<<``: of several, what the first has counts."""
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    shared: dict[str, Any] = {}
    at = document.values[path]
    for key_node, value_node in node.value:
        if not _is_merge(key_node):
            continue
        is_list = isinstance(value_node, SequenceNode)
        for one in value_node.value if is_list else [value_node]:
            if not isinstance(one, MappingNode):
                where, key = _locate(document, one), to_dotted((*path, "<<"))
                document.problems.append(Problem(where, key, "no mapping", "a mapping to take in"))
                continue
            found = _read(one, path, document, yaml, parents)
            shared = (found if isinstance(found, dict) else {}) | shared
    document.values[path] = at
    return shared
