"""The command group: what an error becomes on the way out."""

import errno
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from trabecula.base.errors import InputError, TrabeculaError

WRONG_INPUT = 2
FAILED = 1
INTERRUPTED = 130


def say_error(text: str) -> None:
    """Print `text` on the standard error stream, as it is: it begins with file:line:column."""
    print(text, file=sys.stderr)


class Commands(TyperGroup):
    """Turns our errors into messages and exit statuses; anything else keeps its traceback."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write every command with its whole first sentence, wrapped and not cut."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        rows = [(name, c.get_short_help_str(1000)) for name, c in commands.items() if c is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command.

        Raises
        ------
        typer.Exit
            With status 2 for wrong input, 1 for another of our errors, 130 when interrupted.
        """
        try:
            return super().invoke(ctx)
        except InputError as error:
            say_error(str(error))
            raise typer.Exit(WRONG_INPUT) from None
        except TrabeculaError as error:
            say_error(f"trabecula: {type(error).__name__}: {error}")
            raise typer.Exit(FAILED) from None
        except OSError as error:
            if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
                raise
            say_error(f"{error.filename}: found {error.strerror}; allowed: a path that can be")
            raise typer.Exit(WRONG_INPUT) from None
        except KeyboardInterrupt:
            say_error("trabecula: interrupted")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="trabecula",
    cls=Commands,
    help="Cell-by-cell simulation of the trabecular bone microenvironment under hormones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing rich takes as long as all the rest
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"trabecula {version('trabecula')}")
        raise typer.Exit


@app.callback()
def prepare(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version, and end."
        ),
    ] = False,
) -> None:
    """Cell-by-cell simulation of the trabecular bone microenvironment under hormones."""


def apply_threads(count: int | None) -> None:
    """Make `count` threads what numba starts with; numba must not have been imported yet.

    Raises
    ------
    InputError
        If there are fewer cores than that.
    """
    cores = os.cpu_count() or 1
    if count is None:
        return
    if count > cores:
        msg = f"--threads: found {count}; allowed: 1 to {cores}, the cores of this machine"
        raise InputError(msg)
    os.environ["NUMBA_NUM_THREADS"] = str(count)
