"""Generated parts of a page: what stands between two markers is written by a script."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

_BLOCK = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[\w ./-]+?) -->\n)"
    r"(?P<body>.*?)(?P<end><!-- end of generated: (?P=name) -->)",
    re.DOTALL,
)

type Makers = Mapping[str, Callable[[], str]]


def find_pages(root: Path) -> list[Path]:
    """Return every page of the repository at `root` that people read, in order."""
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    return sorted(page for page in pages if "_build" not in page.parts)


def find_names(text: str) -> list[str]:
    """Return the names of the generated parts of a page.

    Raises
    ------
    ValueError
        If a part is begun and not ended, or ended and not begun.
    """
    names = [found["name"] for found in _BLOCK.finditer(text)]
    begun = re.findall(r"<!-- generated: ([\w ./-]+?) -->", text)
    ended = re.findall(r"<!-- end of generated: ([\w ./-]+?) -->", text)
    if begun != names or ended != names:
        msg = f"markers do not pair: begun {begun}, ended {ended}"
        raise ValueError(msg)
    return names


def fill(text: str, makers: Makers) -> str:
    """Return the page `text` with every generated part made anew.

    Raises
    ------
    ValueError
        If markers do not pair, or name a part that nobody makes.
    """
    unknown = [name for name in find_names(text) if name not in makers]
    if unknown:
        msg = f"no such generated part: {', '.join(unknown)}; allowed: {', '.join(makers)}"
        raise ValueError(msg)

    def replace(found: re.Match[str]) -> str:
        return f"{found['begin']}\n{makers[found['name']]().strip()}\n\n{found['end']}"

    return _BLOCK.sub(replace, text)


def write_table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table; a bar within a cell is escaped."""
    lines = [columns, tuple("---" for _ in columns), *rows]
    cells = ((str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) for row in lines)
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def write_number(value: float) -> str:
    """Return a number as people write it: six digits, no trailing zeros."""
    return f"{value:.6g}"
