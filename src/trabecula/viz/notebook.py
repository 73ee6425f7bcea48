"""What a notebook shows of a run or a study: a small table and bone volume over time."""

from collections.abc import Sequence
from contextlib import suppress

from trabecula.analysis import Results, describe, summarise
from trabecula.analysis.arms import Arm
from trabecula.base.errors import ResultsError
from trabecula.viz.page import Html, embed_figure, make_heading, make_list, make_table
from trabecula.viz.series import draw_arms

SENTENCES = 12
SHOWN = ("bv_tv",)


def make_run_card(results: Results, name: str) -> str:
    """Return a run as HTML: name, what happened, bone volume."""
    parts = [make_heading(name, 4)]
    if len(results.time):
        parts.append(make_list(describe(summarise(results))[:SENTENCES]))
    return _wrap(parts, [Arm(name, (results,))])


def make_study_card(arms: Sequence[Arm]) -> str:
    """Return a study as HTML: its arms, bone volume of each."""
    rows = [(arm.label, len(arm.runs), max(run.duration for run in arm.runs)) for arm in arms]
    return _wrap([make_table(("arm", "runs", "days"), rows, (1, 2))], arms)


def _wrap(parts: list[Html], arms: Sequence[Arm]) -> str:
    with suppress(ResultsError, ImportError):  # too short, or no matplotlib: words only
        parts.append(embed_figure(draw_arms(arms, SHOWN), "Bone volume over time"))
    return f"<div style='max-width: 50em'>{''.join(parts)}</div>"
