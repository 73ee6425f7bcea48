"""The command group: what an error becomes on the way out."""

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from trabecula.base.errors import InputError, TrabeculaError
from trabecula.cli.start import INTERRUPTED

WRONG_INPUT = 2
FAILED = 1


def say_error(text: str) -> None:
    """Print `text` on the standard error stream, as it is: it begins with file:line:column."""
    print(text, file=sys.stderr)


@contextmanager
def advising_to_repeat() -> Iterator[None]:
    """Tell who interrupts a study of many runs how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        say_error("stopped; what is done stays, and the same command goes on")
        raise


SETTING = re.compile(r"[A-Za-z_][\w.]*=")
"""What a word that changes a key of a configuration begins with."""


def spread_lists(words: list[str]) -> list[str]:
    """Return the words of a command with options that take several values repeated before each.

    ``--set A=1 B=2`` is ``--set A=1 --set B=2``; so is ``--only`` of `validate`.

    Raises
    ------
    InputError
        If an option that names a place is followed by an empty word: it would mean the present folder.
    """
    spread: list[str] = []
    option, is_first = "", False
    for word in words:
        if spread[-1:] == ["--out"] and not word.strip():
            msg = "--out: found an empty word; allowed: a path"
            raise InputError(msg)
        if word.startswith("-"):
            option, is_first = (word if word in ("--set", "--only") else ""), True
        elif option and not is_first and _goes_with(option, word, words):
            spread.append(option)
        elif is_first:
            is_first = False
        else:
            option = ""
        spread.append(word)
    return spread


def _goes_with(option: str, word: str, words: list[str]) -> bool:
    if option == "--set":
        return SETTING.match(word) is not None
    return words[0] == "validate"


class Commands(TyperGroup):
    """Turns our errors into messages and exit statuses; anything else keeps its traceback."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of a command; see :func:`spread_lists`.

        Raises
        ------
        typer.Exit
            With status 2 if they cannot be meant.
        """
        try:
            return super().parse_args(ctx, spread_lists(args))
        except InputError as error:
            say_error(str(error))
            raise typer.Exit(WRONG_INPUT) from None

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
