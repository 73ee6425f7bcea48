"""Write the generated parts of the pages anew: ``python docs/generate.py [--check]``."""

import sys
from pathlib import Path

from doctools import floors, reference, tables
from doctools.markers import Makers, fill, find_pages
from trabecula.config.parameters.table import ROOMS

ROOT = Path(__file__).resolve().parents[1]


def find_makers() -> Makers:
    """Return what makes each generated part, by its name between the markers."""
    makers = {
        "state variables": tables.make_state_tables,
        "species": tables.make_species_table,
        "rules of hormones": tables.make_rule_table,
        "stages of a step": tables.make_stage_table,
        "grades": tables.make_grade_table,
        "series": tables.make_series_table,
        "levels": tables.make_level_table,
        "commands": reference.make_commands,
        "configuration": reference.make_configuration,
        "floors": lambda: floors.make_floors(ROOT),
    }
    for room in ROOMS:
        makers[f"parameters of {room}"] = lambda room=room: tables.make_room_table(room)
    return makers


def find_texts() -> dict[Path, str]:
    """Return what every generated page and picture should hold, by its path."""
    makers = find_makers()
    texts = {page: fill(page.read_text(), makers) for page in find_pages(ROOT)}
    return texts | {ROOT / "docs" / "figures" / "floors.svg": floors.draw_floors(ROOT)}


def main() -> int:
    """Write or check the generated parts; 1 if `--check` finds one that is stale."""
    is_check = "--check" in sys.argv
    stale = {path: text for path, text in find_texts().items() if read(path) != text}
    for path, text in stale.items():
        print(f"{path.relative_to(ROOT)}: {'stale' if is_check else 'written'}")
        if not is_check:
            path.write_text(text)
    return int(bool(stale) and is_check)


def read(path: Path) -> str:
    """Return the text of a file, empty where there is none."""
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    raise SystemExit(main())
