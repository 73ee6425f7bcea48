"""Entry point of the command ``trabecula``."""

from trabecula.cli import (
    configs,
    plan,
    reading,
    running,
    sensitivity,
    specimens,
    sweeping,
    validating,
)
from trabecula.cli.app import app

COMMANDS = (running, specimens, configs, plan, reading, validating, sweeping, sensitivity)


def main() -> None:
    """Run the command line; exits 0 done, 2 wrong input, 1 anything else, 130 interrupted."""
    app(prog_name="trabecula")
