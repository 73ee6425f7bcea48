"""The reference of the Python code: one page a room, from docstrings."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from doctools.docstrings import Name, find_public, split_entries, split_sections

LEGEND = ("Parameters", "Returns", "Yields", "Raises")


def make_pages(package: Path) -> dict[str, str]:
    """Return the text of one page for every room of the package, by the room's name."""
    rooms: dict[str, list[Name]] = defaultdict(list)
    for name in find_public(package):
        parts = name.module.split(".")
        rooms[parts[1] if len(parts) > 1 else "trabecula"].append(name)
    return {room: _write_room(package, room, names) for room, names in sorted(rooms.items())}


def make_index(package: Path) -> str:
    """Return the page that lists the rooms, with the first line of each."""
    lines = [
        "# Python code",
        "",
        "One page for every room; floors are in [architecture](../../architecture.md).",
        "",
    ]
    rooms = sorted(make_pages(package))
    lines += [
        f"- [{room}]({room}.md): {_first_line(package / room / '__init__.py')}" for room in rooms
    ]
    return "\n".join([*lines, "", "```{toctree}", ":hidden:", "", *rooms, "```", ""])


def _first_line(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_text())) or "").split("\n")[0]


def _write_room(package: Path, room: str, names: list[Name]) -> str:
    parts = [f"# {room}", _first_line(package / room / "__init__.py")]
    module = ""
    for name in names:
        if name.module != module:
            module = name.module
            file = package.parent.joinpath(*module.split("."))
            source = (
                file.with_suffix(".py")
                if file.with_suffix(".py").exists()
                else file / "__init__.py"
            )
            words = ast.get_docstring(ast.parse(source.read_text())) or ""
            parts += [f"## {module}", _to_markdown(words)]
        parts.append(_write_name(name))
    return "\n\n".join(part for part in parts if part) + "\n"


def _write_name(name: Name) -> str:
    level = "####" if "." in name.path else "###"
    sections = split_sections(name.doc)
    parts = [f"{level} {name.path.rpartition('.')[2]}", f"```python\n{_write_signature(name)}\n```"]
    parts.append(_to_markdown(sections.pop("")))
    for heading, text in sections.items():
        if heading in LEGEND:
            lines = [
                f"- `{key}`: {_to_markdown(words)}" for key, words in split_entries(text).items()
            ]
            parts.append(f"*{heading}*\n\n" + "\n".join(lines))
        else:
            parts.append(f"*{heading}*\n\n{_to_markdown(text)}")
    return "\n\n".join(part for part in parts if part)


def _write_signature(name: Name) -> str:
    node = name.node
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    decorated = [d for d in node.decorator_list if getattr(d, "id", "") == "property"]
    arguments = "" if decorated else f"({ast.unparse(node.args)})"
    return f"{name.path}{arguments}{returns}"


def _to_markdown(text: str) -> str:
    """Return docstring text as Markdown: roles and double backticks become code."""
    plain = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text.strip()).replace("``", "`")
    return re.sub(r"<(?=[a-zA-Z])", "&lt;", plain)
