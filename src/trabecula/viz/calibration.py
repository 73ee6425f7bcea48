"""A calibration as one page that opens from disk, and the profile of every row."""

import math
from typing import Any

import numpy as np

from trabecula.config.calibrations import Calibration
from trabecula.config.fits import FrozenFit
from trabecula.study.calibrating import Fitted
from trabecula.study.determination import Determination, Determined, list_findings
from trabecula.study.freezing import (
    ROW_COLUMNS,
    STAGE_COLUMNS,
    TARGET_COLUMNS,
    list_comparisons,
    list_row_cells,
    list_stage_cells,
    list_target_cells,
    say_kind,
    say_noise,
    say_scores,
)
from trabecula.viz.page import (
    Html,
    embed_figure,
    escape,
    make_document,
    make_heading,
    make_links,
    make_paragraph,
    make_section,
    make_table,
    make_text_block,
)
from trabecula.viz.style import BLACK, BLUE, GREY, ORANGE, SKY, VERMILION, WIDTH, apply_style

ACROSS = 3
"""Panels of the figure side by side."""


def draw_profiles(known: Determination, fitted: Fitted) -> Any:
    """Draw for each row what was tried, and the least loss that the surrogate has at each value.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    down = math.ceil(len(known.rows) / ACROSS)
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 0.5 + 1.9 * down), layout="constrained")
        axes = figure.subplots(down, min(ACROSS, len(known.rows)), squeeze=False).ravel()
        tried = [one for one in fitted.stages[known.stage] if one.is_done]
        losses = np.array([one.loss for one in tried])
        top = float(np.quantile(losses, 0.9)) if losses.size else 1.0
        for axis, one in zip(axes, known.rows, strict=False):
            _draw_profile(axis, one, [t.values[one.row.key] for t in tried], losses)
            least = float(losses.min(initial=top))
            span = max(top - least, 1e-9)
            axis.set_ylim(least - 0.05 * span, top + 0.1 * span)
        for axis in axes[len(known.rows) :]:
            axis.set_axis_off()
        axes[0].set_ylabel("loss")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


def _draw_profile(axis: Any, one: Determined, tried: list[float], losses: Any) -> None:
    """Draw one row: evaluations, profile with its deviation, interval, table's and chosen value."""
    axis.plot(tried, losses, ".", color=GREY, ms=3, label="evaluations")
    if one.profile:
        values, profile = np.array(one.values), np.array(one.profile)
        spread = np.array(one.spread)
        axis.fill_between(values, profile - spread, profile + spread, color=SKY, alpha=0.35, lw=0)
        axis.plot(values, profile, color=BLUE, label="least loss, others free")
        axis.axvspan(one.low, one.high, color=ORANGE, alpha=0.2, lw=0, label="as good")
    axis.axvline(one.row.start, color=BLACK, lw=0.8, ls=":", label="before")
    axis.axvline(one.best, color=VERMILION, lw=1.0, label="fitted")
    if one.row.is_log:
        _scale_by_ratios(axis)
    axis.set_xlim(one.row.low, one.row.high)
    axis.set_title(one.row.key.partition(".")[2], fontsize=7)
    axis.set_xlabel(f"value ({one.row.row.unit}); {one.verdict}", fontsize=7)


def _scale_by_ratios(axis: Any) -> None:
    """Let the value's axis go by ratios, with 1, 2 and 5 of each decade in plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())


def make_page(
    calibration: Calibration, fitted: Fitted, known: Determination, fit: FrozenFit, figure: Any
) -> str:
    """Return the page as HTML; the figure is inside it, nothing is loaded from elsewhere."""
    made = fit.made_from
    comparisons = list_comparisons(fitted)
    findings = list_findings(known, *comparisons[-1][1:], fitted.failed)
    lead = (
        f"Loss {made['loss_before']:.4g} before, {made['loss']:.4g} ± {made['loss_error']:.2g} after "
        f"{made['evaluations']} evaluations ({len(fitted.failed)} failed) and {made['core_hours']:.3g} "
        f"core-hours. Fitted to {', '.join(made['trials'])} of {made['panel']}, {made['bones']} bones "
        f"an arm of {made['edge']} voxels' edge."
    )
    links = [("rows", "Rows"), ("rounds", "Rounds"), ("endpoints", "Endpoints"),
             ("findings", "Findings"), ("made", "Made from")]  # fmt: skip
    endpoints: list[Html] = []
    for title, before, after in comparisons:
        endpoints += [make_heading(title, 3), make_paragraph(say_scores(before, after))]
        endpoints.append(make_table(TARGET_COLUMNS, list_target_cells(before, after), (1, 2, 3)))
    items = "".join(f"<li>{escape(text)}</li>" for text in findings or ["none"])
    use = f"fit: fit.yaml    # digest {fit.digest}"
    return make_document(
        f"{calibration.name}: calibration",
        make_heading(f"{calibration.name}: calibration"),
        make_paragraph(lead, "lead"),
        make_links(links),
        make_section(
            "rows", "Rows", make_table(ROW_COLUMNS, list_row_cells(known), (1, 2, 3, 4)),
            make_paragraph(say_noise(known), "source"),
            embed_figure(figure, "Profile of the loss over each row"),
            make_paragraph(say_kind(calibration), "source"), _tell_sources(calibration),
        ),
        make_section(
            "rounds", "Rounds", make_table(STAGE_COLUMNS, list_stage_cells(fitted), (1, 2, 3, 4))
        ),
        make_section("endpoints", "Endpoints before and after", *endpoints),
        make_section("findings", "Findings", Html(f"<ul>{items}</ul>")),
        make_section(
            "made", "Made from", make_table(("what", ""), [(k, str(v)) for k, v in made.items()]),
            make_text_block(use),
        ),
    )  # fmt: skip


def _tell_sources(calibration: Calibration) -> Html:
    rows = [
        (one.key, f"{one.row.low:g} to {one.row.high:g}", one.row.tuned, one.row.source)
        for one in calibration.rows
    ]
    return make_table(("row", "range of evidence", "tuned by hand to", "source"), rows)
