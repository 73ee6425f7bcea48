"""The merged tables of a sweep, written row by row: no more than a block of runs is in memory."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trabecula.analysis import load_results
from trabecula.base.errors import ResultsError
from trabecula.base.files import name_temporary
from trabecula.model.metrics import LEVELS, METRICS, describe_level
from trabecula.records.atomic import publish
from trabecula.study.manifest import Entry
from trabecula.study.sweepplan import to_cell
from trabecula.study.worker import SUMMARY, read_json

if TYPE_CHECKING:
    from trabecula.config.sweepschema import SeriesTable

ROWS_OF_A_BLOCK = 512
"""Rows that are in memory at once, and of a row group of Parquet."""

MISSING_PARQUET = (
    'runs.parquet needs pyarrow: pip install "trabecula[analysis]", then start the sweep again; '
    "runs.csv has the same rows"
)


class Column(NamedTuple):
    """One column: its name, number or text, unit and meaning."""

    name: str
    kind: type[float] | type[int] | type[str]
    unit: str
    meaning: str


FIXED = (
    Column("run", int, "1", "number of the run"),
    Column("folder", str, "", "its folder"),
    Column("status", str, "", "done, failed, interrupted, begun or waiting"),
    Column("attempts", int, "1", "how often it was begun or gone on with"),
    Column("seconds", float, "s", "wall time of the last attempt"),
    Column("error", str, "", "why it failed"),
    Column("seed", int, "1", "seed of all chance after day 0"),
)

WHO = (
    Column("point", int, "1", "point of the design, from 0"),
    Column("draw", int, "1", "draw of the uncertain parameters; 0: as the table has them"),
    Column("patient", int, "1", "number of the virtual patient"),
    Column("life", int, "1", "life of that patient"),
)
"""Columns that a virtual population has."""

VARIES = "drawn: varies between patients"
UNCERTAIN = "drawn: uncertain; empty in draw 0, which has the configuration's own"

PARTS = {
    "start": (None, "on day 0"), "end": (None, "at the end"),
    "change": ("%", "change against day 0, or the baseline"),
    "peak": ("%", "highest 90-day mean, in % of the baseline"), "peak_day": ("d", "day of that peak"),
}  # fmt: skip
"""Ends of a metric's column: unit (that of the metric if None) and meaning."""

SITES = {
    "resorption_period": "d", "reversal_period": "d", "formation_period": "d", "e_de": "um",
    "w_th": "um",
}  # fmt: skip


def write_tables(
    out: Path,
    entries: Sequence[Entry],
    series: "SeriesTable | None" = None,
    roles: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Write ``runs.csv``, ``runs.parquet``, ``columns.csv``, and the table of series if asked for.

    Parameters
    ----------
    roles
        What a changed key is, where it is not simply given in the sweep.

    Returns
    -------
    list of str
        What the user should know, such as a missing library.
    """
    columns = find_columns(out, entries, roles)
    write_table(out / "runs.csv", columns, _make_rows(out, entries, columns))
    units = (
        Column("column", str, "", ""), Column("unit", str, "", ""), Column("meaning", str, "", "")
    )  # fmt: skip
    rows = ([column.name, column.unit, column.meaning] for column in columns)
    write_table(out / "columns.csv", units, rows)
    notes = []
    has_parquet = find_spec("pyarrow") is not None
    if has_parquet:
        write_table(out / "runs.parquet", columns, _make_rows(out, entries, columns))
    else:
        notes.append(MISSING_PARQUET)
    if series is not None:
        table = _list_series_columns(series)
        for ending in ("csv", "parquet") if has_parquet else ("csv",):
            write_table(out / f"series.{ending}", table, _make_series_rows(out, entries, series))
    return notes


def find_columns(
    out: Path, entries: Sequence[Entry], roles: Mapping[str, str] = MappingProxyType({})
) -> list[Column]:
    """Return the columns of the merged table; runs are read one by one for what they measured."""
    kinds: dict[str, set[type]] = {}
    measured: dict[str, None] = {}
    for entry in entries:
        for path, value in entry.parameters.items():
            kinds.setdefault(path, set()).add(type(to_cell(value)))
        measured |= dict.fromkeys(_read_summary(out, entry))
    own = {column.name for column in FIXED}  # a seed that varies is that of the run
    changed = [
        Column(path, _choose_kind(kinds[path]), "", roles.get(path, "as given in the sweep"))
        for path in kinds
        if path not in own
    ]
    who = WHO if any(entry.who for entry in entries) else ()
    return [*FIXED, *who, *changed, *(describe_column(name) for name in measured)]


def _choose_kind(kinds: set[type]) -> type[float] | type[int] | type[str]:
    if kinds == {int}:
        return int
    return float if kinds <= {int, float} else str


def describe_column(name: str) -> Column:
    """Return unit and meaning of an outcome."""
    if name.startswith("sites_"):
        site = name.removeprefix("sites_")
        return Column(name, float, SITES.get(site, "1"), f"remodelling sites: {site}")
    for key, metric in {**METRICS, **LEVELS}.items():
        part = name.removeprefix(f"{key}_")
        if part in PARTS and part != name:
            unit, meaning = PARTS[part]
            return Column(name, float, unit or metric.unit, f"{metric.long_name}: {meaning}")
    stem, _, part = name.rpartition("_")
    if stem and part in PARTS:  # a level that hormones derive, or a signal that is blocked
        metric, (unit, meaning) = describe_level(stem), PARTS[part]
        return Column(name, float, unit or metric.unit, f"{metric.long_name}: {meaning}")
    return Column(name, float, "d" if name == "days" else "1", name)


def _read_summary(out: Path, entry: Entry) -> dict[str, Any]:
    return read_json(out / entry.folder / SUMMARY) if entry.status == "done" else {}


def _make_rows(
    out: Path, entries: Sequence[Entry], columns: Sequence[Column]
) -> Iterator[list[Any]]:
    for entry in entries:
        row = {name: to_cell(value) for name, value in entry.parameters.items()}
        row |= _read_summary(out, entry)
        row |= {**entry.who, **{column.name: getattr(entry, column.name) for column in FIXED}}
        yield [_fit(row.get(column.name), column.kind) for column in columns]


def _fit(value: Any, kind: type) -> Any:
    """Return `value` as its column holds it."""
    if value is None or isinstance(value, kind):
        return value
    return kind(value)


def _list_series_columns(series: "SeriesTable") -> list[Column]:
    words = [(name, METRICS[name]) for name in series.series]
    own = [Column(name, float, metric.unit, metric.long_name) for name, metric in words]
    return [FIXED[0], Column("time", float, "d", "days after day 0"), *own]


def _make_series_rows(
    out: Path, entries: Sequence[Entry], series: "SeriesTable"
) -> Iterator[list[Any]]:
    for entry in entries:
        if entry.status != "done":
            continue
        try:
            results = load_results(out / entry.folder)
        except ResultsError:  # taken away since; the row of the run is still in runs.csv
            continue
        values = [results.get(name).values for name in series.series]
        for index in choose_rows(results.time, series.every):
            numbers = [float(column[index]) for column in values]
            row = [number if np.isfinite(number) else None for number in numbers]
            yield [entry.run, float(results.time[index]), *row]


def choose_rows(time: Any, every: float) -> list[int]:
    """Return the rows of `time` (d) that come first at or after each multiple of `every` (d)."""
    bins = np.floor(np.asarray(time) / every + 1e-9)
    return [int(i) for i in np.flatnonzero(np.diff(bins, prepend=bins[:1] - 1.0) > 0)]


def write_table(path: Path, columns: Sequence[Column], rows: Iterable[list[Any]]) -> None:
    """Write a table beside its place and rename it, in the format that its ending names.

    Raises
    ------
    ResultsError
        If it cannot be written.
    """
    temporary = name_temporary(path)
    try:
        with _open(temporary, path.suffix, columns) as add:
            blocks = iter(rows)
            while block := list(islice(blocks, ROWS_OF_A_BLOCK)):
                add(block)
        publish(temporary, path)
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}; check space and permissions"
        raise ResultsError(msg) from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _open(path: Path, suffix: str, columns: Sequence[Column]) -> Iterator[Any]:
    """Give a function that adds a block of rows."""
    if suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow([column.name for column in columns])
            yield writer.writerows
        return
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    schema = pa.schema([
        pa.field(column.name, kinds[column.kind], metadata=_to_metadata(column)) for column in columns
    ])  # fmt: skip
    with parquet.ParquetWriter(path, schema) as parquet_writer:

        def add(block: list[list[Any]]) -> None:
            arrays = [
                pa.array(values, kinds[column.kind])
                for column, values in zip(columns, zip(*block, strict=True), strict=True)
            ]
            parquet_writer.write_table(pa.table(arrays, schema=schema))

        yield add


def _to_metadata(column: Column) -> Mapping[str, str]:
    return {"unit": column.unit, "meaning": column.meaning}
