"""The page of a run, served on loopback until Ctrl-C."""

import contextlib
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trabecula.base.extras import check_extra
from trabecula.pages.board import Board
from trabecula.pages.port import HOST, Say, announce, choose_port
from trabecula.pages.viewer import WATCHED, Viewer
from trabecula.viz.stage import Stage

EXTRA = "view"
MODULES = ("pyvista", "trame.app", "trame.widgets.vtk", "trame.widgets.vuetify3", "matplotlib")


def view(place: Path, say: Say, port: int | None = None, with_browser: bool = True) -> None:
    """Serve the page of the run in `place`; returns after Ctrl-C.

    Parameters
    ----------
    say
        Told where the page is, once it can be opened.
    port
        Port on loopback; 0 for any that is free, None for the usual one or the next.

    Raises
    ------
    InputError
        If the port is taken, or the run cannot be read or shown.
    MissingError
        If the extra or OpenGL is missing.
    """
    board = Board(place)
    check_extra(MODULES, EXTRA, "an interactive page")
    chosen = choose_port(port)
    stage = Stage()
    try:
        server = make_server(board, stage, place.resolve().name if place.is_dir() else place.name)
        secret = secrets.token_urlsafe(16)
        server.controller.on_server_bind.add(lambda web: add_launcher(web, chosen, secret))
        server.controller.on_server_ready.add(
            lambda **_: announce(say, f"the page of {place}", chosen, with_browser)
        )
        with replace_arguments(f"--authKey={secret}"):  # one argument: it may begin with a dash
            server.start(
                port=chosen, host=HOST, timeout=0, open_browser=False, show_connection_info=False,
                disable_logging=True,
            )  # fmt: skip
    finally:
        stage.close()


def make_server(board: Board, stage: Stage, title: str) -> Any:
    """Build page and behaviour; the first picture is drawn before anybody asks."""
    from trame.app import get_server

    from trabecula.pages.layout import lay_out

    server = get_server(f"trabecula-{id(board)}", client_type="vue3")
    viewer = Viewer(board, stage, server.state)
    server.state.trame__title = f"{title} · Trabecula"
    server.state.trame__favicon = None
    viewer.refresh()
    stage.take_picture()  # what is compiled for the first picture is compiled before anybody waits
    lay_out(server, board, viewer, title)
    server.state.change(*WATCHED)(viewer.refresh)
    server.state.change("playing")(viewer.play)
    server.controller.on_client_connected.add_task(viewer.refine)
    watch_clicks(stage, viewer)
    return server


def watch_clicks(stage: Stage, viewer: Viewer) -> None:
    """Tell the viewer where the left button goes down and comes up on the picture."""
    interactor = stage.plotter.iren.interactor
    style = interactor.GetInteractorStyle()
    press, release = viewer.note_press, viewer.note_release
    # once the button is down the style keeps the mouse to itself, and tells when it lets go
    interactor.AddObserver("LeftButtonPressEvent", lambda *_: press(interactor.GetEventPosition()))
    style.AddObserver("EndInteractionEvent", lambda *_: release(interactor.GetEventPosition()))


def add_launcher(web: Any, port: int, secret: str) -> None:
    """Answer the page's question where to connect, and with which secret.

    Other pages in the same browser cannot read the answer, so they cannot connect.
    """
    from aiohttp import web as http

    async def answer(_: Any) -> Any:
        return http.json_response({"sessionURL": f"ws://{HOST}:{port}/ws", "secret": secret})

    web.app.router.add_post("/paraview/", answer)


@contextlib.contextmanager
def replace_arguments(*arguments: str) -> Iterator[None]:
    """Let the server read `arguments` instead of our command line, which it would take for its own."""
    before, sys.argv = sys.argv, [sys.argv[0], *arguments]
    try:
        yield
    finally:
        sys.argv = before
