"""Tables of the model, read from the code's own specifications."""

import re
from collections import Counter

from doctools.keys import write_clocks
from doctools.markers import write_number, write_table
from trabecula.base import layouts
from trabecula.base.columns import columns_of
from trabecula.config import load_parameters, load_rules
from trabecula.config.parameters.row import GRADES, Row
from trabecula.config.parameters.table import ROOMS
from trabecula.config.species import load_species
from trabecula.model.metrics import LEVELS, METRICS

LAYOUTS = (
    layouts.Lattice,
    layouts.Precursors,
    layouts.Osteoclasts,
    layouts.Osteoblasts,
    layouts.LiningCells,
    layouts.Osteocytes,
    layouts.Sites,
)


def make_state_tables() -> str:
    """Return one table of state variables for every layout of `base/layouts.py`."""
    parts = []
    for layout in LAYOUTS:
        rows = [
            (f"`{name}`", spec.dtype, spec.unit, spec.doc, write_number(spec.default))
            for name, spec in columns_of(layout).items()
        ]
        words = (layout.__doc__ or "").strip().splitlines()[0]
        table = write_table(("variable", "type", "unit", "meaning", "at birth"), rows)
        parts.append(f"**{layout.__name__}.** {words}\n\n{table}")
    return "\n\n".join(parts)


def make_species_table() -> str:
    """Return the diffusing molecules: who makes them, on which grid, how often."""
    rows = []
    for row in load_species():
        made = [
            f"{s.population.name.lower()}"
            + (f" ({s.stage.name.lower()})" if s.stage is not None else "")
            + f": `{s.rate}` per {s.scale}"
            for s in row.sources
        ]
        grid = "twice as coarse" if row.is_coarse else "that of the lattice"
        cells = (f"`{row.species}`", "; ".join(made) or "binding alone", grid)
        rows.append((*cells, f"{row.clock:g}", row.target or "", row.removal))
    columns = ("species", "made by", "grid", "solved every (d)", "hormone target", "without it")
    return write_table(columns, rows)


def make_rule_table() -> str:
    """Return how levels act on cells and ligands: every rule with its numbers and its source."""
    rows = []
    for rule in load_rules():
        numbers = {row.key.rpartition(".")[2]: row for row in rule.rows}
        cells = ", ".join(cell.name.lower() for cell in rule.cells)
        receptors = ", ".join(dict.fromkeys(rule.receptor.values()))
        maximum = numbers["maximum"]
        rows.append(
            (
                f"`{rule.name}`",
                f"{rule.level} {'raises' if rule.direction > 0 else 'lowers'} {rule.target}",
                cells,
                f"{receptors}, {rule.arm}",
                f"{write_number(numbers['ec50'].value)} {_unit(numbers['ec50'])}".strip(),
                write_number(numbers["hill"].value),
                f"{write_number(maximum.value)} ({_range(maximum)})",
                write_number(numbers["lag"].value),
                maximum.grade,
                maximum.source,
            )
        )
    columns = ("rule", "what", "in", "receptor, arm", "half at", "Hill", "maximum", "lag (d)")
    return write_table((*columns, "grade", "source"), rows)


def make_room_table(room: str) -> str:
    """Return all rows of the parameter table of one room, the rules of hormones left out."""
    names = {rule.name for rule in load_rules()}
    rows = [
        (
            f"`{row.key}`",
            write_number(row.value),
            row.unit,
            _range(row),
            row.grade,
            row.source,
            "; ".join(filter(None, (row.note, f"tuned on: {row.tuned}" if row.tuned else ""))),
        )
        for key, row in load_parameters().rows.items()
        if key.split(".")[0] == room and key.split(".")[1] not in names
    ]
    return write_table(("parameter", "value", "unit", "range", "grade", "source", "note"), rows)


def make_grade_table() -> str:
    """Return how many rows of the parameter table have which grade, by room."""
    rows_of = load_parameters().rows
    defined = Counter(
        key.split(".")[0]
        for key, row in rows_of.items()
        if row.grade == "A" and re.match("definition|molar mass", row.source)
    )
    counts = Counter((key.split(".")[0], row.grade) for key, row in rows_of.items())
    tuned = Counter(key.split(".")[0] for key, row in rows_of.items() if row.tuned)
    rows = [
        (
            room,
            *(str(counts[room, grade]) for grade in GRADES),
            str(defined[room]),
            str(tuned[room]),
        )
        for room in ROOMS
    ]
    total = [sum(counts[room, grade] for room in ROOMS) for grade in GRADES]
    sums = (*total, defined.total(), tuned.total())
    rows.append(("all", *(str(number) for number in sums)))
    return write_table(("room", *GRADES, "definitions among A", "tuned within its range"), rows)


def make_series_table() -> str:
    """Return every series that a run writes, with symbol and unit."""
    rows = [
        (f"`{key}`", m.symbol, m.long_name, m.unit, "costly" if m.costly else "daily")
        for key, m in METRICS.items()
    ]
    return write_table(("key", "symbol", "what", "unit", "measured"), rows)


def make_level_table() -> str:
    """Return the levels under `/hormones`, with symbol and unit."""
    rows = [(f"`{key}`", m.symbol, m.long_name, m.unit) for key, m in LEVELS.items()]
    return write_table(("key", "symbol", "what", "unit"), rows)


def make_stage_table() -> str:
    """Return the stages of a step, in order, from the running code."""
    from trabecula.cli.plan import find_stages
    from trabecula.config import Config

    by_species = f"{write_clocks()}, by species"
    rows = [
        (
            str(number), s.name, s.room,
            by_species if s.name == "fields" else f"{s.every:g}",
            ", ".join(s.rules), s.doc,
        )
        for number, s in enumerate(find_stages(Config(duration=1.0)), 1)
    ]  # fmt: skip
    return write_table(("", "stage", "room", "every (d)", "switches", "what"), rows)


def _unit(row: Row) -> str:
    return "" if row.unit == "1" else row.unit


def _range(row: Row) -> str:
    return f"{write_number(row.low)} .. {write_number(row.high)}"
