"""A panel judged, as one page that opens from disk: scores, endpoints, a figure for each trial."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from trabecula.study import Panel, Sampling, score_panel
from trabecula.study.scoring import Judged, score_trial
from trabecula.viz.page import Html, embed_figure, escape, make_document
from trabecula.viz.verdicttable import make_verdict_table


def make_page(
    panel: Panel,
    sampling: Sampling,
    judged: Mapping[str, Sequence[Judged]],
    unchanged: Mapping[str, Sequence[Judged]],
    figures: Mapping[str, Any],
) -> str:
    """Return the page as HTML; figures are inside it, nothing is loaded from elsewhere.

    Parameters
    ----------
    judged, unchanged
        Endpoints by trial, and those of the baseline in which nothing changes.
    figures
        A ``matplotlib.figure.Figure`` by trial, where one was drawn.
    """
    trials = panel.trials
    score, base = score_panel(judged), score_panel(unchanged)
    rows = "".join(
        f"<tr><td><a href='#{escape(t.id)}'>{escape(t.id)}</a></td><td>{escape(t.title)}</td>"
        f"<td class=n>{_score(score_trial(judged[t.id]))}</td>"
        f"<td class=n>{_score(score_trial(unchanged[t.id]))}</td></tr>"
        for t in trials
    )
    sections = []
    for trial in trials:
        notes = "".join(f"<p>{escape(note)}</p>" for note in trial.notes)
        picture = embed_figure(figures[trial.id], trial.title) if trial.id in figures else ""
        sections.append(
            f"<h2 id='{escape(trial.id)}'>{escape(trial.id)}: {escape(trial.title)}</h2>"
            f"<p class=source>{escape(trial.source)}</p>{notes}{picture}"
            f"{make_verdict_table([one.to_mapping() for one in judged[trial.id]])}"
        )
    body = (
        f"<h1>{escape(panel.path.name)}: {_score(score)}</h1>"
        f"<p>Mean score of the trials, where 1 is every required endpoint inside its band; a model in "
        f"which nothing changes scores {_score(base)}. {sampling.bones} bones of "
        f"{sampling.volume:.2f} mm<sup>3</sup> an arm, {sampling.settle:g} d under the levels of day "
        f"0 before it. Standard errors by leaving out each bone in turn; an endpoint whose error is "
        f"above a quarter of its band is undetermined and counts half.</p>"
        f"<table><tr><th>trial</th><th></th><th>score</th><th>no change</th></tr>{rows}</table>"
        f"{''.join(sections)}"
    )
    return make_document(panel.path.name, Html(body))


def _score(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "-"
