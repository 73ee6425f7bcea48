"""A panel judged, as one page that opens from disk: scores, endpoints, a figure for each trial."""

import base64
import html
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from trabecula.study import Panel, Sampling, score_panel
from trabecula.study.scoring import Judged, score_trial
from trabecula.viz.style import apply_style

STYLE = """
body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: #222; max-width: 60em; margin: 2em auto;
       padding: 0 1em; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.2em; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: 3px 8px; border-bottom: 1px solid #ddd; vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; } img { max-width: 100%; }
.hit { color: #00704f; } .near, .undetermined { color: #8a6100; }
.miss, .wrong { color: #a94400; font-weight: bold; } .not { color: #777; }
p.source { color: #555; font-size: 13px; }
"""


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
        f"<tr><td><a href='#{_escape(t.id)}'>{_escape(t.id)}</a></td><td>{_escape(t.title)}</td>"
        f"<td class=n>{_number(score_trial(judged[t.id]))}</td>"
        + "".join(f"<td class=n>{_number(score_trial(b[t.id]))}</td>" for b in baselines.values())
        + "</tr>"
        for t in trials
    )
    heads = "".join(f"<th class=n>{_escape(name)}</th>" for name in baselines)
    sections = []
    for trial in trials:
        notes = "".join(f"<p>{_escape(note)}</p>" for note in trial.notes)
        picture = _embed(figures[trial.id], trial.title) if trial.id in figures else ""
        sections.append(
            f"<h2 id='{_escape(trial.id)}'>{_escape(trial.id)}: {_escape(trial.title)}</h2>"
            f"<p class=source>{_escape(trial.source)}</p>{notes}{picture}"
            f"{_tabulate(judged[trial.id], {name: b[trial.id] for name, b in baselines.items()})}"
        )
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        f"<title>{_escape(panel.path.name)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{_escape(panel.path.name)}: {_number(score)}</h1>"
        f"<p>Mean score of the trials, where 1 is every required endpoint inside its band; {others}: "
        f"a model in which nothing changes, and a ledger of sites without space that one curve of "
        f"estradiol drives. {_count_bones(judged)} bones of {sampling.volume:.2f} mm<sup>3</sup> an "
        f"arm, {sampling.settle:g} d under the levels of day 0 before it. Found: the value with its "
        f"standard error over bones, and its 95 % interval by Student's t; an endpoint whose error is "
        f"above a quarter of its band is undetermined and counts half.</p>"
        f"<table><tr><th>trial</th><th></th><th class=n>score</th>{heads}</tr>{rows}</table>"
        f"{''.join(sections)}</body></html>\n"
    )


def _count_bones(judged: Mapping[str, Sequence[Judged]]) -> str:
    """Return how many bones the trials had, as a number or a range."""
    counts = {one.found.count for ends in judged.values() for one in ends if one.endpoint.term}
    if len(counts) < 2:
        return str(max(counts, default=0))
    return f"{min(counts)} to {max(counts)}"


def _tabulate(judged: Sequence[Judged], baselines: Mapping[str, Sequence[Judged]]) -> str:
    rows = []
    for index, one in enumerate(judged):
        end, found = one.endpoint, one.found
        error = f" ± {found.error:.2g}" if math.isfinite(found.error) else ""
        if math.isfinite(found.reach):
            low, high = found.value - found.reach, found.value + found.reach
            error += f"<br>({low:.3g} to {high:.3g})"
        value = f"{found.value:.3g}{error}" if math.isfinite(found.value) else ""
        band = f"{end.band[0]:g} to {end.band[1]:g}" if math.isfinite(end.band[0]) else ""
        verdict = str(one.verdict)
        rows.append(
            f"<tr><td>{_escape(end.label)}{'' if end.required else ' (not required)'}</td>"
            f"<td>{_escape(end.published)}</td><td class=n>{band}</td><td class=n>{value}</td>"
            f"<td class={verdict.split(maxsplit=1)[0]}>{verdict}{_explain(end.reason)}</td>"
            + "".join(_tell(theirs[index]) for theirs in baselines.values())
            + "</tr>"
        )
    heads = "".join(f"<th class=n>{_escape(name)}</th>" for name in baselines)
    head = (
        "<tr><th>endpoint</th><th>published</th><th class=n>band</th><th class=n>found</th>"
        f"<th>verdict</th>{heads}</tr>"
    )
    return f"<table>{head}{''.join(rows)}</table>"


def _tell(one: Judged) -> str:
    """Return the cell of a baseline: its value and verdict."""
    if one.endpoint.term is None:
        return "<td></td>"
    value = f"{one.found.value:.3g} " if math.isfinite(one.found.value) else ""
    verdict = str(one.verdict)
    return f"<td class=n>{value}<span class={verdict.split(maxsplit=1)[0]}>{verdict}</span></td>"


def _explain(reason: str) -> str:
    return f": {_escape(reason)}" if reason else ""


def _embed(figure: Any, title: str) -> str:
    buffer = io.BytesIO()
    with apply_style():
        figure.savefig(buffer, format="png", dpi=130, bbox_inches="tight", pad_inches=0.05)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"<img alt='{_escape(title)}' src='data:image/png;base64,{data}'>"


def _escape(text: str) -> str:
    return html.escape(text, quote=True)


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "-"
