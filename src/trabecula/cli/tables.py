"""Tables for people, JSON for programs."""

import io
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import typer

WIDE = 1000
"""Width of a table (characters) that does not go to a terminal, so that no line is folded."""


def to_plain(value: Any) -> Any:
    """Return `value` as JSON knows it; NaN and infinity become null, arrays become lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def print_json(value: Any) -> None:
    """Print `value` as JSON on the standard output."""
    typer.echo(json.dumps(to_plain(value), indent=2, ensure_ascii=False))


def to_text(value: Any) -> str:
    """Return `value` for a table: numbers to four digits, a dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return " .. ".join(to_text(item) for item in value)
    return str(value)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; on something that is not a terminal its lines are as long as they need be."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(
        title=Text(title) if title else None, title_justify="left", box=None, pad_edge=False
    )
    for number, name in enumerate(columns):
        table.add_column(Text(name), overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(Text(to_text(value)) for value in row))  # brackets are no markup
    if console.is_terminal:
        console.print(table)
        return
    wide = Console(width=WIDE, file=io.StringIO(), color_system=None)
    wide.print(table)
    for line in wide.file.getvalue().splitlines():  # type: ignore[attr-defined]
        typer.echo(line.rstrip())
