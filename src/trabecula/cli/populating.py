"""Command population: what a virtual population predicts, and how much of it is of what."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trabecula.base.errors import InputError
from trabecula.cli.app import app
from trabecula.cli.options import Json
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from trabecula.config.populationschema import PopulationSettings

MOST_PATIENTS = 8
"""Patients that a dry run shows."""

USUAL = ("bv_tv_change", "resorption_rate_change", "formation_rate_change")
"""Outcomes that are printed if none is named."""

QUANTILES = ("q05", "q25", "q50", "q75", "q95")
PARTS = ("parameters", "patients", "interaction", "chance", "together")


@app.command()
def population(
    place: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a sweep.", show_default=False)
    ],
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", metavar="COLUMN", help="Outcome: a column of runs.csv; repeatable."
        ),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key", metavar="SERIES", help="Series to draw; repeatable [default: those of table]."
        ),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(
            "--every", metavar="DAYS", min=0.01, help="Interval [default: that of table]."
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="png|svg|pdf", help="Repeatable [default: png, svg]."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Predictive intervals of a sweep with a population, as tables and a fan chart."""
    from trabecula.study.cohort import load_cohort
    from trabecula.study.forecast import predict_series
    from trabecula.study.forecasttables import (
        tabulate_intervals,
        tabulate_variance,
        write_forecast,
    )
    from trabecula.viz import FORMATS, KNOWN_FORMATS, save_figure
    from trabecula.viz.fans import draw_fans
    from trabecula.viz.figures import check_names

    endings = check_names("--format", [f.lower() for f in formats or FORMATS], KNOWN_FORMATS)
    cohort = load_cohort(place)
    outcomes = cohort.read_outcomes()
    chosen = _choose(place, list(outcomes), metrics)
    courses = predict_series(cohort, keys or cohort.series, every or cohort.every)
    some = {name: outcomes[name] for name in chosen}
    intervals, variance = tabulate_intervals(cohort, some), tabulate_variance(cohort, some)
    paths = save_figure(draw_fans(courses, variance), place / "figures", "population", endings)
    tables = write_forecast(cohort, courses)
    if as_json:
        print_json({"about": cohort.about, "intervals": intervals, "variance": variance})
        return
    _say_intervals(intervals)
    _say_variance(variance)
    for path in (*(place / name for name in tables), *paths):
        typer.echo(f"saved {path}")


def _choose(place: Path, known: list[str], asked: Sequence[str] | None) -> list[str]:
    """Return the outcomes that are told.

    Raises
    ------
    InputError
        If one is unknown, or no run is done.
    """
    from trabecula.config.names import find_nearest

    if not known:
        msg = f"{place}: found no run that is done; allowed: a sweep with some; start it again"
        raise InputError(msg)
    for name in asked or ():
        if name not in known:
            hint = find_nearest(name, known) or f"columns of {place / 'runs.csv'}"
            msg = f"--metric: found {name!r}; allowed: an outcome of the runs that are done; {hint}"
            raise InputError(msg)
    return list(asked or [name for name in USUAL if name in known] or known[:3])


def _say_intervals(rows: Sequence[Mapping[str, Any]]) -> None:
    columns = ("outcome", "unit", "point", "over", "patients", *QUANTILES, "covers 90 %")
    print_table("Predictive intervals of a new patient", columns, [
        (
            row["outcome"], row["unit"], _say_side(row), row["spread"].replace("_", " "),
            row["patients"], *(row[q] for q in QUANTILES), row["covers_90"],
        )
        for row in rows
    ])  # fmt: skip


def _say_variance(rows: Sequence[Mapping[str, Any]]) -> None:
    columns = ("outcome", "point", "sd", *PARTS)
    print_table("Shares of the variance, with standard errors", columns, [
        (
            row["outcome"], _say_side(row), row["sd"],
            *(_say_share(row[part], row[f"{part}_error"]) for part in PARTS),
        )
        for row in rows
    ])  # fmt: skip


def _say_side(row: Mapping[str, Any]) -> str:
    return f"{row['label']} minus {row['against']}" if row["against"] else str(row["label"])


def _say_share(share: float | None, error: float | None) -> str:
    if share is None:
        return "-"
    return f"{share:.2f}" if error is None else f"{share:.2f} +- {error:.2f}"


def describe_plan(settings: "PopulationSettings") -> dict[str, Any]:
    """Return distributions, and the first patients and draws, of a population that is to be lived."""
    from trabecula.study.patients import Patients, summarise_distributions

    patients = Patients(settings)
    count = 0 if settings.uncertain is None else settings.uncertain.draws
    is_own = settings.structures == "own"
    return {
        "distributions": summarise_distributions(settings),
        "patients": [
            {
                "patient": number,
                **({"lattice.seed": patients.find_structure(number)} if is_own else {}),
                **patients.draw_patient(number),
            }
            for number in range(1, min(settings.patients, MOST_PATIENTS) + 1)
        ],
        "draws": [
            {"draw": number, **patients.draw_parameters(number)}
            for number in range(1, min(count, MOST_PATIENTS) + 1)
        ],
    }  # fmt: skip


def say_plan(settings: "PopulationSettings") -> None:
    """Print distributions, and the first patients and draws, of a population that is to be lived."""
    plan = describe_plan(settings)
    names = ("key", "kind", "distribution", "q05", "median", "q95", "unit", "grade", "source")
    rows = [[row[name] for name in names] for row in plan["distributions"]]
    print_table("What varies between patients, and what is uncertain", names, rows)
    more = settings.patients - len(plan["patients"])
    rest = f", the first {len(plan['patients'])}" if more else ""
    draws = 0 if settings.uncertain is None else settings.uncertain.draws
    for title, people in (
        (f"{settings.patients} patients of {settings.lives} lives{rest}", plan["patients"]),
        (f"{draws} draws of the uncertain parameters, beside those of the table", plan["draws"]),
    ):
        if people:
            print_table(title, list(people[0]), [list(one.values()) for one in people])
