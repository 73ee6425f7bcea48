"""Public names of the package and their docstrings, read without importing anything."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

type Definition = ast.FunctionDef | ast.ClassDef

_HEADING = re.compile(r"^(?P<name>[A-Z][A-Za-z ]+)\n-{3,}\n", re.MULTILINE)


@dataclass(frozen=True)
class Name:
    """A public function, class or method.

    Parameters
    ----------
    module
        Dotted module within the package.
    path
        Name, or ``Class.method``.
    line
        Line of its definition.
    node
        Its syntax tree.
    doc
        Its docstring, empty where there is none.
    """

    module: str
    path: str
    line: int
    node: Definition
    doc: str

    @property
    def where(self) -> str:
        """File and line, for messages."""
        return f"{self.module.replace('.', '/')}.py:{self.line} {self.path}"


def find_public(package: Path) -> Iterator[Name]:
    """Yield the public functions, classes and methods of a package, in order of their files."""
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package.parent).with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        yield from read_public(file.read_text(), module)


def read_public(text: str, module: str) -> Iterator[Name]:
    """Yield the public functions, classes and methods of one module's source `text`."""
    for node in ast.parse(text).body:
        if not _is_public(node):
            continue
        assert isinstance(node, ast.FunctionDef | ast.ClassDef)
        yield Name(module, node.name, node.lineno, node, ast.get_docstring(node) or "")
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            if _is_public(inner):
                assert isinstance(inner, ast.FunctionDef | ast.ClassDef)
                doc = ast.get_docstring(inner) or ""
                yield Name(module, f"{node.name}.{inner.name}", inner.lineno, inner, doc)


def _is_public(node: ast.stmt) -> bool:
    named = isinstance(node, ast.FunctionDef | ast.ClassDef)
    return named and not node.name.startswith("_")  # type: ignore[attr-defined]


def split_sections(doc: str) -> dict[str, str]:
    """Return the sections of a NumPy docstring by name; what comes first is called ``""``."""
    found = [(m["name"], m.start(), m.end()) for m in _HEADING.finditer(doc)]
    sections = {"": doc[: found[0][1]] if found else doc}
    ends = [*(start for _, start, _ in found[1:]), len(doc)][: len(found)]
    for (name, _, end), stop in zip(found, ends, strict=True):
        sections[name] = doc[end:stop].strip("\n")
    return sections


def split_entries(section: str) -> dict[str, str]:
    """Return the entries of a section: names (``a, b`` are two) to their text."""
    entries: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line.startswith(" "):
            names = [name.strip(" *`") for name in line.split(":")[0].split(",")]
            entries |= dict.fromkeys(names, "")
        else:
            for name in names:
                entries[name] = f"{entries[name]} {line.strip()}".strip()
    return entries
