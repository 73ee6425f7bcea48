"""Commands about configurations: check, params, schema."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trabecula.cli.app import app
from trabecula.cli.options import ConfigFile, Json, Sets, to_settings
from trabecula.cli.schema import find_unit
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from trabecula.config import Config
    from trabecula.hormones import Course
    from trabecula.specimen import Specimen

CHANGE, PRECISION = 5.0, 0.1
"""The effect, and its standard error as a fraction, for which seeds are counted."""


@app.command()
def check(config: ConfigFile, sets: Sets = None, as_json: Json = False) -> None:
    """Check a configuration: every error at once, units resolved, what the run will cost."""
    from trabecula.config import find_warnings, load_config, make_json_schema, telling_places
    from trabecula.hormones import find_course, find_unmet
    from trabecula.model.memory import insist_on_memory
    from trabecula.runner.specimens import insist_on_specimen

    checked = load_config(config, to_settings(sets))
    with telling_places(config, to_settings(sets)):
        insist_on_memory(checked)
        specimen = insist_on_specimen(checked)
    rows = list(flatten(checked.to_mapping()))
    schema = make_json_schema()
    units = {path: find_unit(schema, path) for path, _ in rows}
    estimate = make_estimate(checked, specimen)
    course = find_course(checked)
    warnings, levels = find_warnings(checked), tabulate_levels(checked, course)
    if course is not None:
        warnings += find_unmet(checked.regimens, course.visits)
    if as_json:
        print_json({
            "config": checked.to_mapping(), "estimate": estimate, "warnings": warnings,
            "hormones": [dict(zip(LEVEL_COLUMNS, row, strict=True)) for row in levels],
        })  # fmt: skip
        return
    print_table(
        f"{config}: valid",
        ("key", "value", "unit"),
        (
            row
            for path, value in rows
            for row in (
                tabulate_protocol(checked, course)
                if path == ("protocol",)
                else [(".".join(path), _to_cell(value), units[path])]
            )
        ),
    )
    typer.echo("")
    print_table("Expected", ("what", "value", "unit"), _describe_estimate(estimate))
    if levels:
        typer.echo("")
        print_table("Hormones that patient and protocol give", LEVEL_COLUMNS, levels)
    for warning in warnings:
        typer.echo(f"warning: {warning}")


def tabulate_protocol(config: "Config", course: "Course | None") -> list[tuple[str, str, str]]:
    """Return a row for each prescription as it was read: drug, doses with unit, route, days."""
    from trabecula.hormones import describe_visits

    rows = []
    for index, regimen in enumerate(config.regimens):
        unit, days = regimen.drug.unit, [day for day, _ in regimen.doses]
        doses = sorted({dose for _, dose in regimen.doses})
        amount = f"{doses[0]:g}" if len(doses) < 2 else f"{doses[0]:g} to {doses[-1]:g}"
        words = [f"{regimen.drug.name} {amount} {unit}", regimen.route]
        every = dict(regimen.schedule).get("every", 0.0)
        words += [f"every {every:g} d"] if every else []
        words += [f"{len(days)} x, first day {days[0]:g}, last day {days[-1]:g}"] if days else []
        fitted = "" if course is None else describe_visits(regimen, course.visits.get(index, ()))
        words += [fitted] if fitted else []
        rows.append((f"protocol[{index}]", ", ".join(words), ""))
    return rows or [("protocol", "[]", "")]


LEVEL_COLUMNS = (
    "level",
    "unit",
    "before",
    "first month",
    "middle",
    "last month",
    "lowest",
    "highest",
)

MONTH = 28.0


def tabulate_levels(config: "Config", course: "Course | None") -> list[tuple[Any, ...]]:
    """Return a row for each level that patient and protocol give; none if they are not named."""
    from trabecula.model.metrics import describe_level

    if course is None:
        return []
    end = config.duration
    spans = (
        (-MONTH, 0.0),
        (0.0, MONTH),
        ((end - MONTH) / 2, (end + MONTH) / 2),
        (end - MONTH, end),
    )
    late = course.edges[:-1] >= 0.0
    rows = []
    for name, values in course.levels.items():
        means = [course.average(values, *span) for span in spans]
        extremes = (values[late].min(), values[late].max())
        cells = [f"{value:.3g}" for value in (*means, *extremes)]
        rows.append((name, describe_level(name).unit, *cells))
    return rows


def flatten(
    values: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path and value of every leaf of nested mappings."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, (*path, name))
        else:
            yield (*path, name), value


def _to_cell(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_to_cell(item) for item in value) + "]"
    if isinstance(value, Mapping) and value:
        given = {name: item for name, item in value.items() if item is not None}
        return "{" + ", ".join(f"{name}: {_to_cell(item)}" for name, item in given.items()) + "}"
    return "none" if isinstance(value, Mapping) else str(value)


def make_estimate(config: "Config", specimen: "Specimen | None") -> dict[str, float]:
    """Return what a run will take: tissue (mm^3), memory (MB), core-minutes, sampling error (%)."""
    from trabecula.analysis import expectation
    from trabecula.model.memory import compute_memory
    from trabecula.runner.spinup import count_phases

    shape = config.lattice.shape if specimen is None else specimen.fraction.shape
    assert shape is not None
    voxels = shape[0] * shape[1] * shape[2]
    volume = voxels * config.lattice.voxel**3 * 1e-9
    phases = count_phases(config)
    days = (phases.spin + phases.settle) * config.step + config.duration
    return {
        "volume": volume,
        "voxels": voxels,
        "memory": compute_memory(voxels, volume) / 1e6,
        "core_minutes": 60.0 * expectation.compute_hours(volume, days),
        "core_minutes_when_cached": 60.0 * expectation.compute_hours(volume, config.duration),
        "sd_bv_tv_change": expectation.compute_noise("bv_tv_change", volume),
        "cv_turnover": expectation.compute_noise("turnover", volume),
        "seeds_per_arm": expectation.count_seeds(volume, CHANGE, PRECISION),
    }


def _describe_estimate(estimate: Mapping[str, float]) -> list[tuple[str, Any, str]]:
    seeds = (
        f"bones an arm for a loss of {CHANGE:g} % of BV/TV with a standard error of "
        f"{CHANGE * PRECISION:g} % (spread 1.6 times as large)"
    )
    return [
        ("tissue", estimate["volume"], "mm^3"),
        ("memory", f"{estimate['memory']:.0f}", "MB"),
        ("time with spin-up", f"{estimate['core_minutes']:.3g}", "core-minutes"),
        ("time if spun up before", f"{estimate['core_minutes_when_cached']:.3g}", "core-minutes"),
        ("spread of one year's BV/TV change between seeds", estimate["sd_bv_tv_change"], "%"),
        ("spread of the yearly turnover between seeds", estimate["cv_turnover"], "% of it"),
        (seeds, f"{estimate['seeds_per_arm']:.0f}", ""),
    ]


@app.command()
def params(
    contains: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Only rows with this text in key or source.")
    ] = "",
    grade: Annotated[
        str | None, typer.Option("--grade", metavar="A|B|C|D", help="Only rows of this grade.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List every biological number with unit, range, grade and source."""
    from trabecula.config import load_parameters

    if grade is not None and grade.upper() not in tuple("ABCD"):
        raise typer.BadParameter(f"found {grade}; allowed: A, B, C, D", param_hint="--grade")
    table = load_parameters().to_rows()
    rows = [
        row
        for row in table
        if contains.lower() in f"{row['key']} {row['source']}".lower()
        and (grade is None or row["grade"] == grade.upper())
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        typer.echo(_say_none(contains, grade, table))
        return
    print_table(
        "",
        ("key", "value", "unit", "range", "grade", "source"),
        (
            (r["key"], r["value"], r["unit"], [r["low"], r["high"]], r["grade"], r["source"])
            for r in rows
        ),
    )
    typer.echo(f"{len(rows)} parameters")


def _say_none(contains: str, grade: str | None, table: list[dict[str, Any]]) -> str:
    """Return what is said of a search that finds no row of the table."""
    from trabecula.config.names import find_nearest

    of_grade = f" of grade {grade.upper()}" if grade else ""
    words = {word for row in table for word in (row["key"], *row["key"].split("."))}
    hint = find_nearest(contains.lower(), sorted(words)) or "`trabecula params` lists all of them"
    return f"no parameter{of_grade} has {contains!r} in its key or source; {hint}"


@app.command()
def schema(
    as_json: Annotated[
        bool, typer.Option("--json", help="Changes nothing: a schema is JSON.")
    ] = False,
) -> None:
    """Print the JSON Schema of a configuration."""
    del as_json  # taken since every other command that prints takes it
    from trabecula.config import make_json_schema

    print_json(make_json_schema())
