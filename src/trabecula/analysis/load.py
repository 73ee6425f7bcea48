"""From a results file to :class:`Results`."""

from collections.abc import Mapping
from pathlib import Path

from trabecula.analysis.results import Results, Series
from trabecula.records.reader import StoredSeries, read_results


def load_results(path: Path | str) -> Results:
    """Load a run's results from its folder or from the file itself.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, of another kind or of another format version.
    """
    stored = read_results(Path(path))
    return Results(
        path=stored.path,
        time=stored.time,
        series=_to_series(stored.series),
        hormones=_to_series(stored.hormones),
        bmus=stored.bmus,
        events=stored.events,
        snapshots=stored.snapshots,
        provenance=stored.provenance,
    )


def _to_series(stored: Mapping[str, StoredSeries]) -> dict[str, Series]:
    return {key: Series(*series) for key, series in stored.items()}
