"""A panel judged, as one page that opens from disk: scores, endpoints, a figure for each trial."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from trabecula.study import Panel, Sampling, count_hits, score_panel
from trabecula.study.scoring import Judged, score_trial
from trabecula.viz.page import Html, embed_figure, escape, make_document
from trabecula.viz.verdicttable import make_verdict_table


def make_page(
    panel: Panel,
    sampling: Sampling,
    judged: Mapping[str, Sequence[Judged]],
    baselines: Mapping[str, Mapping[str, Sequence[Judged]]],
    figures: Mapping[str, Any],
) -> str:
    """Return the page as HTML; figures are inside it, nothing is loaded from elsewhere.

    Parameters
    ----------
    judged
        Endpoints by trial.
    baselines
        The same of other models, by their names.
    figures
        A ``matplotlib.figure.Figure`` by trial, where one was drawn.
    """
    trials = panel.trials
    score = score_panel(judged)
    others = ", ".join(f"{name} scores {_number(score_panel(b))}" for name, b in baselines.items())
    rows = "".join(
        f"<tr><td style='white-space: nowrap'><a href='#{escape(t.id)}'>{escape(t.id)}</a></td>"
        f"<td>{escape(t.title)}</td>"
        f"<td class=n>{_number(score_trial(judged[t.id]))}</td>"
        + "".join(f"<td class=n>{_number(score_trial(b[t.id]))}</td>" for b in baselines.values())
        + "</tr>"
        for t in trials
    )
    heads = "".join(f"<th class=n>{escape(name)}</th>" for name in baselines)
    sections = []
    for trial in trials:
        notes = "".join(f"<p>{escape(note)}</p>" for note in trial.notes)
        picture = embed_figure(figures[trial.id], trial.title) if trial.id in figures else ""
        sections.append(
            f"<h2 id='{escape(trial.id)}'>{escape(trial.id)}: {escape(trial.title)}</h2>"
            f"<p class=source>{escape(trial.source)}</p>{notes}{picture}"
            f"{_tabulate(judged[trial.id], {name: b[trial.id] for name, b in baselines.items()})}"
        )
    days = ""
    if sampling.starts > 1:
        days = (
            f"; what is noisy in the first months from up to {sampling.starts} days 0 of each bone"
        )
    body = (
        f"<h1>{escape(panel.path.name)}: {_number(score)}</h1>"
        f"<p>Mean score of the trials, where 1 is every required endpoint inside its band; "
        f"{escape(others)}: a model in which nothing changes, and a ledger of sites without space that "
        f"one curve of estradiol drives. {_count_bones(judged)} of {sampling.volume:.2f} "
        f"mm<sup>3</sup> an arm, {sampling.settle:g} d under the levels of day 0 before it{days}. "
        f"Found: the value with its standard error over bones, and its 95 % interval by Student's t; an "
        f"endpoint whose error is above a quarter of its band is undetermined and counts half: "
        f"{count_hits(judged)}.</p>"
        f"<table><tr><th>trial</th><th></th><th class=n>score</th>{heads}</tr>{rows}</table>"
        f"{''.join(sections)}"
    )
    return make_document(panel.path.name, Html(body))


def _count_bones(judged: Mapping[str, Sequence[Judged]]) -> str:
    """Return how many bones the trials had, in words."""
    counts = {one.found.count for ends in judged.values() for one in ends if one.endpoint.term}
    if len(counts) < 2:
        count = max(counts, default=0)
        return f"{count} bone{'' if count == 1 else 's'}"
    return f"{min(counts)} to {max(counts)} bones"


def _tabulate(judged: Sequence[Judged], baselines: Mapping[str, Sequence[Judged]]) -> Html:
    others = {name: [one.to_mapping() for one in ends] for name, ends in baselines.items()}
    return make_verdict_table([one.to_mapping() for one in judged], others)


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "-"
