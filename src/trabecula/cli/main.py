"""Entry point of the command ``trabecula``."""

import gc
import sys

from trabecula.cli import (
    calibrating,
    configs,
    exporting,
    paging,
    plan,
    plotting,
    populating,
    reading,
    rendering,
    reporting,
    running,
    sensitivity,
    specimens,
    sweeping,
    trying,
    validating,
)
from trabecula.cli.app import app

COMMANDS = (
    running, specimens, configs, plan, reading, plotting, rendering, exporting, reporting, paging,
    sweeping, sensitivity, populating, trying, validating, calibrating,
)  # fmt: skip


ONE_LIFE = ("run", "resume", "branch")
"""Commands that live one bone and end: next to nothing in them becomes garbage."""

FREED_EVERY = 1_000_000
"""Objects made, less those gone, from which they look for garbage; Python's 2,000 are passed hundreds of
times while libraries are imported. Commands that live many bones let go of each."""


def main() -> None:
    """Run the command line; exits 0 done, 2 wrong input, 1 anything else, 130 interrupted."""
    if sys.argv[1:2] and sys.argv[1] in ONE_LIFE:
        gc.set_threshold(FREED_EVERY, *gc.get_threshold()[1:])
    try:
        app(prog_name="trabecula")
    finally:
        gc.freeze()  # what is left goes with the process: to look through it takes half a second
