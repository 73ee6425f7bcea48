"""The results file of a run: grown in a working copy, published whole at every commit."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.base.errors import ResultsError
from trabecula.base.files import discard, make_folder
from trabecula.records.atomic import copy_whole, edit_whole, open_kind, write_whole
from trabecula.records.ledgerfile import write_ledger
from trabecula.records.series import (
    Metric,
    Rows,
    append_events,
    append_series,
    insist_on_one_length,
    make_events,
    make_series,
    set_intervals,
)
from trabecula.records.snapshots import append_snapshot, make_snapshots
from trabecula.records.trim import IsKept, trim_results
from trabecula.state import Grid, State

KIND = "trabecula results"
FORMAT_VERSION = 1
NAME = "results.h5"
LINK = "results.vtkhdf"
WORKING = ".results.work.h5"


@dataclass(frozen=True)
class Provenance:
    """Where results come from.

    Parameters
    ----------
    seed
        Seed of the run.
    config_text
        The resolved configuration.
    config_digest
        Digest of what it means, the same however it is written; that of the text is kept beside it.
    versions
        Versions of programs by name.
    parameters
        Rows of the parameter table: key, value, unit, low, high, grade, source, note, tuned.
    rules
        Rows of the hormone rule table.
    parameters_digest
        Digest of the numbers in force.
    fit
        Name and digest of the frozen fit that they were taken from; empty if from none.
    origin
        What a branch goes on from, and on which day.
    """

    seed: int
    config_text: str
    config_digest: str
    versions: Mapping[str, str]
    parameters: Sequence[Mapping[str, Any]]
    rules: Sequence[Mapping[str, Any]]
    parameters_digest: str = ""
    fit: tuple[str, str] = ("", "")
    origin: tuple[str, ...] = ()


ORIGIN = "origin"
"""Attribute of the provenance of a branch: what it goes on from, one text for each branching."""


class ResultsWriter:
    """Collects rows and snapshots of one run and publishes ``results.h5``.

    Rows wait in memory, the working file is open only inside :meth:`commit`, and readers see only
    verified copies that were renamed into place. With `kept` (which rows, which snapshots stay) it goes
    on with the file that is there, or with that of another run, `source`.

    Raises
    ------
    ResultsError
        If nothing can be written in `folder`.
    """

    def __init__(
        self,
        folder: Path,
        grid: Grid,
        metrics: Mapping[str, Metric],
        hormones: Mapping[str, Metric],
        provenance: Provenance,
        kept: tuple[IsKept, IsKept] | None = None,
        source: Path | None = None,
    ) -> None:
        self.path = folder / NAME
        self._working = folder / WORKING
        self._rows = Rows()
        make_folder(folder, "the results")
        if kept is not None:
            groups = {"series": metrics, "hormones": hormones}
            self._go_on(provenance, groups, kept, source or self.path)
            return
        with edit_whole(self._working, is_new=True) as file:
            file.attrs["kind"] = KIND
            file.attrs["format_version"] = FORMAT_VERSION
            _write_provenance(file.create_group("provenance"), provenance)
            make_series(file.create_group("series"), metrics)
            make_series(file.create_group("hormones"), hormones)
            make_events(file.create_group("events"))
            make_snapshots(file, grid)
            file.create_group("bmus")
        self._publish()
        write_link(folder)

    def _go_on(
        self,
        provenance: Provenance,
        groups: Mapping[str, Mapping[str, Metric]],
        kept: tuple[IsKept, IsKept],
        source: Path,
    ) -> None:
        """Work on a copy of what `source` holds, less what came after the moment to go on from.

        Raises
        ------
        ResultsError
            If the published file is missing or damaged, or the copy cannot be written.
        """
        verify_results(source)
        copy_whole(source, self._working, verify_results)
        with edit_whole(self._working) as file:
            trim_results(file, *kept)
            before = tuple(file["provenance"].attrs.get(ORIGIN, ()))
            del file["provenance"]
            provenance = replace(provenance, origin=(*before, *provenance.origin))
            _write_provenance(file.create_group("provenance"), provenance)
            for name, metrics in groups.items():
                set_intervals(file[name], metrics)
        if not (self.path.parent / LINK).is_file():  # a branch, or somebody removed it
            write_link(self.path.parent)

    def add_row(
        self,
        time: float,
        values: Mapping[str, float],
        hormones: Mapping[str, float],
        events: Mapping[str, int],
    ) -> None:
        """Add one sample at `time` (d); it is on disk after the next :meth:`commit`.

        Parameters
        ----------
        values, hormones
            Series and levels by key, in their units.
        events
            Cumulative counts by name.
        """
        self._rows.times.append(time)
        self._rows.values.append(dict(values))
        self._rows.hormones.append(dict(hormones))
        self._rows.events.append(dict(events))

    def add_snapshot(self, state: State) -> None:
        """Add the present lattice, fields and cells to the working file."""
        with edit_whole(self._working) as file:
            append_snapshot(file, state)

    def commit(self, state: State) -> None:
        """Write the waiting rows and the BMU ledger, and publish all as one file.

        Raises
        ------
        ResultsError
            If the file cannot be written; the last published one stands.
        """
        rows = self._rows
        with edit_whole(self._working) as file:
            append_series(file["series"], rows.times, rows.values)
            append_series(file["hormones"], rows.times, rows.hormones)
            append_events(file["events"], rows.times, rows.events)
            write_ledger(file, state)
        rows.clear()
        self._publish()

    def close(self) -> None:
        """Remove the working file; the published one stays."""
        discard(self._working)

    def _publish(self) -> None:
        copy_whole(self._working, self.path, verify_results)


def verify_results(path: Path) -> None:
    """Insist that `path` is a results file in which every series is as long as its clock.

    Raises
    ------
    ResultsError
        If it is not.
    """
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        for name in ("series", "hormones", "events"):
            insist_on_one_length(file[name])


def verify_content(path: Path) -> None:
    """Read all that a results file holds, piece by piece; HDF5 compares each with its checksum.

    Files of earlier versions bear none: in those, only what cannot be unpacked is found.

    Raises
    ------
    ResultsError
        If the file is none, or an array is damaged; the message names it.
    """
    verify_results(path)
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        for group in file.values():
            if group.name != "/VTKHDF":  # the lattice by other names
                group.visititems(lambda _, item: _read_through(path, item))


def _read_through(path: Path, item: Any) -> None:
    if not hasattr(item, "chunks"):
        return
    pieces = item.iter_chunks() if item.chunks and item.size else [()]
    try:
        for piece in pieces:
            item[piece]
    except (OSError, RuntimeError) as error:
        msg = (
            f"{path}: {item.name} is damaged: {error}; put a copy of the file in its place, or make the "
            "run again"
        )
        raise ResultsError(msg) from error


def write_link(folder: Path) -> None:
    """Write the small ``results.vtkhdf`` through which ParaView opens ``results.h5``."""
    import h5py

    with write_whole(folder / LINK, lambda _: None) as file:
        file["VTKHDF"] = h5py.ExternalLink(NAME, "/VTKHDF")


def _write_provenance(group: Any, provenance: Provenance) -> None:
    import h5py

    libraries = {"python": platform.python_version(), "numpy": np.__version__}
    versions = {**libraries, "h5py": h5py.__version__, **provenance.versions}
    inner = group.create_group("versions")
    for name, version in versions.items():
        inner.attrs[name] = version
    group.attrs["seed"] = provenance.seed
    group.attrs["config_digest"] = provenance.config_digest
    group.attrs["config_sha256"] = sha256(provenance.config_text.encode()).hexdigest()
    group.attrs["parameters_digest"] = provenance.parameters_digest
    group.attrs["fit"], group.attrs["fit_digest"] = provenance.fit
    if provenance.origin:
        group.attrs.create(ORIGIN, list(provenance.origin), dtype=h5py.string_dtype())
    group.create_dataset("config", data=provenance.config_text, dtype=h5py.string_dtype())
    _write_table(group.create_group("parameters"), provenance.parameters)
    _write_table(group.create_group("rules"), provenance.rules)


def _write_table(group: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store a table column by column: numbers as they are, everything else as text."""
    import h5py

    for name in dict.fromkeys(key for row in rows for key in row):
        column = [row.get(name, "") for row in rows]
        if all(isinstance(item, (int, float)) for item in column):
            group.create_dataset(name, data=np.array(column, dtype=np.float64), fletcher32=True)
        else:
            text = ["" if item is None else str(item) for item in column]
            group.create_dataset(name, data=text, dtype=h5py.string_dtype())
