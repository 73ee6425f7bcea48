"""Tables of a results file with what is known of their columns."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from trabecula.base.columns import Array
from trabecula.base.errors import InputError
from trabecula.records.atomic import open_kind
from trabecula.records.reader import find_results
from trabecula.records.results import FORMAT_VERSION, KIND
from trabecula.records.series import insist_on_one_length

TABLES = ("series", "hormones", "events", "bmus")
CLOCK = "time"


class StoredTable(NamedTuple):
    """Columns of one length.

    Parameters
    ----------
    columns
        By name, the clock first where there is one.
    notes
        By column: unit, symbol, long_name, interval, as far as the file says.
    """

    columns: Mapping[str, Array]
    notes: Mapping[str, Mapping[str, str]]


def read_table(place: Path, name: str) -> StoredTable:
    """Read one of :data:`TABLES`.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, or of another kind.
    InputError
        If it holds no such table.
    """
    path = find_results(place)
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        if name not in TABLES:
            msg = f"{path}: found no table {name!r}; it holds {', '.join(TABLES)}"
            raise InputError(msg)
        group = file[name]
        insist_on_one_length(group)
        names = sorted(group, key=lambda key: (key != CLOCK, key))
        words = ("unit", "symbol", "long_name", "interval")
        return StoredTable(
            columns={key: group[key][()] for key in names},
            notes={
                key: {
                    word: str(group[key].attrs[word]) for word in words if word in group[key].attrs
                }
                for key in names
            },
        )
