"""Entry point of the command ``trabecula``."""

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


def main() -> None:
    """Run the command line; exits 0 done, 2 wrong input, 1 anything else, 130 interrupted."""
    app(prog_name="trabecula")
