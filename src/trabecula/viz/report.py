"""Which page a folder gets: that of a run, of a judged panel, or of many runs."""

from pathlib import Path

from trabecula.records.results import NAME
from trabecula.viz.runpage import make_run_page
from trabecula.viz.studypage import VERDICTS, make_study_page, make_verdict_page


def make_report(place: Path) -> str:
    """Return the page of a run folder, of a judged panel, or of a folder of runs.

    Raises
    ------
    ResultsError
        If `place` is none of these, or what it holds cannot be read.
    """
    if place.is_file() or (place / NAME).is_file():
        return make_run_page(place)
    if (place / VERDICTS).is_file():
        return make_verdict_page(place)
    return make_study_page(place)


def name_page(place: Path) -> Path:
    """Return where the page of `place` stands; the panel's own ``report.html`` is left alone."""
    folder = place.parent if place.is_file() else place
    return folder / ("overview.html" if (folder / VERDICTS).is_file() else "report.html")
