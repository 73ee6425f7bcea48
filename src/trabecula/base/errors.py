"""Errors that say where, what was found, what is allowed and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass


class TrabeculaError(Exception):
    """Root of every error that Trabecula raises on purpose; ends a command with status 1."""


class InputError(TrabeculaError):
    """The user's input is wrong; ends a command with status 2, never a traceback."""


@dataclass(frozen=True)
class Problem:
    """One mistake in one place of the input.

    Parameters
    ----------
    where
        ``file:line:column`` or the option that carried the value.
    key
        Dotted path of the offending key.
    found
        What stands there.
    allowed
        What could stand there.
    hint
        What to do, such as the nearest valid key; empty if there is nothing to add.
    """

    where: str
    key: str
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.key}: found {self.found}; allowed: {self.allowed}"
        return f"{text}; {self.hint}" if self.hint else text


class ConfigError(InputError):
    """All mistakes of one configuration at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))

    def __reduce__(self) -> tuple[type["ConfigError"], tuple[list[Problem]]]:
        """Keep the problems when a worker process hands the error on."""
        return type(self), (self.problems,)


class SpecimenError(InputError):
    """A specimen file or generator request that cannot become a lattice.

    Parameters
    ----------
    text
        What is wrong.
    problems
        The same, one by one; none where it is told in words alone.
    """

    def __init__(self, text: str, problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(text)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> "SpecimenError":
        """Return the error of these mistakes, a line each."""
        return cls("\n".join(str(problem) for problem in problems), problems)


class ResultsError(InputError):
    """A results, state or specimen file that is missing, damaged or of another kind."""


class LedgerError(TrabeculaError):
    """A conserved quantity did not close: the state can no longer be trusted."""


class StateError(TrabeculaError):
    """A state that no life leads to: a cell in bone, a negative concentration."""


class SolverError(TrabeculaError):
    """A field solve did not reach its tolerance or left the finite numbers."""


class MissingError(TrabeculaError):
    """Something that a command needs is not on this machine: an extra, or OpenGL."""
