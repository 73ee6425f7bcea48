"""Command report: a run or a study as one page that opens from disk."""

from pathlib import Path
from typing import Annotated

import typer

from trabecula.base.errors import InputError, ResultsError
from trabecula.base.outputs import check_kind, check_output
from trabecula.cli.app import app


@app.command()
def report(
    place: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Run folder, or folder of runs.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.html", help="The page [default: DIR/report.html]."),
    ] = None,
) -> None:
    """Write one self-contained page: what was asked, what happened, pictures, provenance."""
    from trabecula.records.atomic import write_text_whole
    from trabecula.viz.page import is_page
    from trabecula.viz.report import make_report, name_page

    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        found = "a folder" if out.is_dir() else f"no folder {out.absolute().parent}"
        msg = f"--out: found {found}; allowed: a file in a folder that is there"
        raise InputError(msg)
    path = out or name_page(place)
    check_output(path, (place,), (".html",))
    check_kind(path, is_page(path), "a page")
    page = make_report(place)
    try:
        write_text_whole(path, page)
    except ResultsError as error:
        msg = f"{error}, or name another with --out"
        raise ResultsError(msg) from error
    typer.echo(f"saved {path}")
