"""A port on loopback, and the line that says where a page is."""

import socket
import webbrowser
from collections.abc import Callable

from trabecula.base.errors import InputError

type Say = Callable[[str], None]
"""Tells the user a line."""

HOST = "127.0.0.1"
"""Nothing but this machine can reach a page."""

USUAL = 8770
TRIED = 30


def choose_port(asked: int | None) -> int:
    """Return a free port: the one that was asked for, or the first free one from :data:`USUAL` on.

    Parameters
    ----------
    asked
        A port; 0 for any; None for the usual one or the next that is free.

    Raises
    ------
    InputError
        If it is no port, or taken.
    """
    if asked is None:
        return next((p for p in range(USUAL, USUAL + TRIED) if is_free(p)), None) or find_any()
    if asked == 0:
        return find_any()
    if not 1024 <= asked <= 65535:
        msg = f"--port: found {asked}; allowed: 1024 to 65535, or 0 for any that is free"
        raise InputError(msg)
    if not is_free(asked):
        msg = f"--port: found {asked}, which another program holds; allowed: a free port, or 0 for any"
        raise InputError(msg)
    return asked


def is_free(port: int) -> bool:
    """Whether nobody listens at `port` on loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def find_any() -> int:
    """Return a port that the system says is free."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def announce(say: Say, what: str, port: int, with_browser: bool) -> None:
    """Say where the page is, and open it."""
    address = f"http://{HOST}:{port}/"
    say(f"{what} is at {address}  (Ctrl-C ends it)")
    if with_browser:
        webbrowser.open(address)
