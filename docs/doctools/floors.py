"""The floors of the house, drawn from the import contracts."""

import ast
import tomllib
from pathlib import Path

PREFIX = "trabecula."
TOP = "the staircase: a floor imports only lower floors"


def read_floors(root: Path) -> list[list[str]]:
    """Return the rooms of every floor, the lowest floor first, from the contract of layers."""
    with (root / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = next(c for c in contracts if c["name"] == TOP)["layers"]
    return [
        [room.strip().removeprefix(PREFIX) for room in layer.split("|")] for layer in layers[::-1]
    ]


def make_floors(root: Path) -> str:
    """Return the floors as a Mermaid diagram, which GitHub and the site draw, and as a table."""
    floors = read_floors(root)
    lines = ["| floor | room | what |", "|---|---|---|"]
    for number, rooms in reversed(list(enumerate(floors))):
        for room in rooms:
            file = root / "src" / "trabecula" / room / "__init__.py"
            words = (ast.get_docstring(ast.parse(file.read_text())) or "").split("\n")[0]
            lines.append(f"| {number} | `{room}` | {words.partition(': ')[2] or words} |")
    return (
        "![The floors: a room imports only rooms further down](docs/figures/floors.svg)\n\n"
        + "\n".join(lines)
    )


def draw_floors(root: Path) -> str:
    """Return the floors as an SVG picture."""
    floors = read_floors(root)
    width, height, gap = 760, 46, 10
    total = len(floors) * (height + gap) + gap
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" '
        'font-family="sans-serif" font-size="14">',
        f'<rect width="{width}" height="{total}" fill="white"/>',
    ]
    for number, rooms in enumerate(floors):
        top = total - (number + 1) * (height + gap)
        inset = 14.0 * number
        room_width = (width - 60 - 2 * inset - gap * (len(rooms) - 1)) / len(rooms)
        parts.append(
            f'<text x="24" y="{top + height / 2 + 5}" fill="#777" text-anchor="middle">{number}</text>'
        )
        for place, room in enumerate(rooms):
            left = 48 + inset + place * (room_width + gap)
            parts.append(
                f'<rect x="{left:.1f}" y="{top}" width="{room_width:.1f}" height="{height}" rx="5" '
                'fill="#eef3f8" stroke="#4a6fa5"/>'
                f'<text x="{left + room_width / 2:.1f}" y="{top + height / 2 + 5}" '
                f'text-anchor="middle" fill="#1d2b3a">{room}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])
