"""Command sensitivity: what each key of a sweep does to an outcome."""

from pathlib import Path
from typing import Annotated

import typer

from trabecula.cli.app import app
from trabecula.cli.options import Json
from trabecula.cli.tables import print_json, print_table


@app.command()
def sensitivity(
    place: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a sweep.", show_default=False)
    ],
    metric: Annotated[
        str, typer.Option("--metric", metavar="COLUMN", help="Outcome: a column of runs.csv.")
    ] = "bv_tv_change",
    as_json: Json = False,
) -> None:
    """Rank the keys of a sweep with morris or sobol_indices, and draw the tornado."""
    from trabecula.study.indices import compute_sensitivity
    from trabecula.study.merged import describe_column
    from trabecula.viz import save_figure
    from trabecula.viz.sensitivity import draw_tornado

    found = compute_sensitivity(place, metric)
    column = describe_column(metric)
    figure = draw_tornado(found, column.meaning, column.unit)
    paths = save_figure(figure, place / "figures", f"sensitivity_{metric}")
    rows = found.to_rows()
    if as_json:
        print_json({
            "kind": found.kind, "metric": metric, "unit": column.unit, "runs": found.runs,
            "noise": found.noise, "keys": rows,
        })  # fmt: skip
        return
    title = f"{column.meaning} ({column.unit}), {found.runs} runs, {found.kind}"
    print_table(title, list(rows[0]), [list(row.values()) for row in rows])
    for path in paths:
        typer.echo(f"saved {path}")
