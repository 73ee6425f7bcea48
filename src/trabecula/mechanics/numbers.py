"""How mechanics reads the parameter table."""

from typing import Protocol


class Table(Protocol):
    """Whatever gives a number by its full key, such as ``mechanics.modulus.tissue``."""

    def __getitem__(self, key: str, /) -> float:
        """Return the number of a row in the row's unit."""
