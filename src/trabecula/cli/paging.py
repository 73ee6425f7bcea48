"""Commands that serve a page on loopback: view, live."""

import sys
from typing import Annotated

import typer

from trabecula.cli.app import app, apply_threads
from trabecula.cli.options import ConfigFile, RunPlace, Sets, Threads, to_settings
from trabecula.cli.progress import make_watch

Port = Annotated[
    int | None,
    typer.Option(
        "--port", metavar="N", help="Port on loopback; 0 for any [default: 8770 or the next]."
    ),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")]


def say(line: str) -> None:
    """Print a line at once, so that whoever started the page reads where it is."""
    typer.echo(line)
    sys.stdout.flush()


@app.command()
def view(place: RunPlace, port: Port = None, no_browser: NoBrowser = False) -> None:
    """Show a run on an interactive page: time, layers, cuts, remodelling sites; Ctrl-C ends it."""
    from trabecula.pages.viewserver import view as serve

    serve(place, say, port, not no_browser)
    typer.echo("ended")


@app.command()
def live(
    config: ConfigFile,
    port: Port = None,
    no_browser: NoBrowser = False,
    spin_up: Annotated[
        bool,
        typer.Option("--spin-up", help="Let the bone live in first, as run does; else it is raw."),
    ] = False,
    threads: Threads = None,
    sets: Sets = None,
) -> None:
    """Let a bone live on a page: start, pause, change hormones and drugs; Ctrl-C ends it."""
    apply_threads(threads)
    from trabecula.config import load_config, telling_places
    from trabecula.pages.liveserver import check_live
    from trabecula.pages.liveserver import live as serve
    from trabecula.pages.port import choose_port

    checked = load_config(config, to_settings(sets))
    check_live()
    chosen = choose_port(port)
    from trabecula.runner.firststate import make_first_state

    kind = (
        "lives in first (minutes, unless the cache has it)"
        if spin_up
        else "is raw; --spin-up lives it in"
    )
    typer.echo(f"making {checked.name}; the bone {kind}")
    with telling_places(config, to_settings(sets)), make_watch() as watch:
        state = make_first_state(checked, not spin_up, watch)
    serve(checked, state, say, chosen, not no_browser)
    typer.echo("ended")
