"""The page of a living bone, served on loopback until Ctrl-C."""

import contextlib
import copy
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from trabecula.base.extras import check_extra
from trabecula.pages.port import HOST, Say, announce, choose_port

if TYPE_CHECKING:
    from trabecula.config import Config

EXTRA = "live"
MODULES = ("altair", "solara", "solara_assets", "uvicorn", "matplotlib", "mesa.visualization")
SETTINGS = {
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
    "SOLARA_ASSETS_PROXY": "true",  # what the extra brought is served from here
    "SOLARA_ASSETS_CDN": "http://127.0.0.1:9/",  # and what it did not bring is fetched nowhere
    "SOLARA_MODE": "production",
    "SOLARA_THEME_LOADER": "plain",
    "SOLARA_THEME_SHOW_BANNER": "false",
    "SOLARA_KERNEL_CULL_TIMEOUT": "10m",
}
"""Nobody is told that the page is open; nothing is fetched; a closed page's bone is let go."""

HOME = "trabecula_live_page"
"""Module under which solara finds the page; it knows pages by name only."""


def live(
    config: "Config",
    state: Any,
    say: Say,
    port: int | None = None,
    with_browser: bool = True,
) -> None:
    """Serve the page on which the bone of `state` lives; returns after Ctrl-C.

    Parameters
    ----------
    state
        The bone of day 0.
    say
        Told where the page is, once it can be opened.
    port
        Port on loopback; 0 for any that is free, None for the usual one or the next.

    Raises
    ------
    InputError
        If the port is taken.
    MissingError
        If the extra is missing.
    """
    chosen = choose_port(port)
    os.environ |= SETTINGS
    from trabecula.pages.livemodel import LiveModel, Start

    start = Start(config, state)
    LiveModel(
        Start(config, copy.deepcopy(state))
    ).step()  # compiles, so that the first Step is quick
    serve(start, say, chosen, with_browser)


def check_live() -> None:
    """Insist on the extra before anything long is begun.

    Raises
    ------
    MissingError
        If it is missing.
    """
    check_extra(MODULES, EXTRA, "the page of a living bone")


def serve(start: Any, say: Say, port: int, with_browser: bool) -> None:
    """Serve the page until Ctrl-C."""
    import uvicorn

    from trabecula.pages.livemodel import ENDED
    from trabecula.pages.livepage import make_page

    home = ModuleType(HOME)
    home.page = make_page(start)  # type: ignore[attr-defined]
    home.__file__ = __file__
    sys.modules[HOME] = home
    from solara.server import app as apps

    apps.apps["__default__"] = apps.AppScript(f"{HOME}:page")
    from solara.server.starlette import app

    settings = uvicorn.Config(
        app, host=HOST, port=port, log_level="error", ws="auto", timeout_graceful_shutdown=2
    )

    class Server(uvicorn.Server):  # type: ignore[misc]
        """Says where it is once it listens."""

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            if self.started:
                announce(say, f"{start.config.name} lives", port, with_browser)

        async def shutdown(self, sockets: Any = None) -> None:
            ENDED.set()  # bones that still live would keep the process
            await super().shutdown(sockets)

    server = Server(settings)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
