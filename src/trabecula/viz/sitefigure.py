"""The BMU ledger as a picture: depths, walls, periods, balance, and where sites lay when."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from trabecula.analysis.arms import Arm
from trabecula.base.codes import Phase
from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError
from trabecula.viz.captions import add_caption, count_columns
from trabecula.viz.pictures import add_bar, show_slice
from trabecula.viz.style import BLUE, CYCLE, GREY, WIDTH, apply_style

MEASURES = (
    ("e_de", "E.De (µm)", "Erosion depth"),
    ("w_th", "W.Th (µm)", "Wall thickness"),
    ("footprint", "footprint (10³ µm²)", "Area of the mouth"),
    ("rs_p", "Rs.P (d)", "Resorption period"),
    ("rv_p", "Rv.P (d)", "Reversal period"),
    ("fp", "FP (d)", "Formation period"),
)
"""Column of the ledger, axis, title."""

FACTORS = {"footprint": 1e-3}
FEWEST_BINS, MOST_BINS = 7, 24
BEYOND = 0.98
"""Quantile at which the axis of a distribution ends; rarer sites stand in its last bin."""

LEAST_SITE = 2e4
"""Mouth (um^2) from which a site counts: smaller ones are nibbles of a few voxels."""


class Bone(NamedTuple):
    """What the map shows: bone 0..1 and the last site of each voxel, both (z, y, x); voxel (um)."""

    fraction: Array
    site: Array
    voxel: float


def draw_sites(arms: Sequence[Arm], bone: Bone | None = None) -> Any:
    """Draw distributions of completed sites of each arm, wall against depth, and a map.

    Parameters
    ----------
    bone
        A snapshot of the first run, on which its sites are mapped; no map without one.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.

    Raises
    ------
    ResultsError
        If no site that counts has been completed.
    """
    tables = [_pool([choose_completed(run.bmus) for run in arm.runs]) for arm in arms]
    if not any(len(table.get("e_de", ())) for table in tables):
        msg = (
            f"{arms[0].runs[0].path}: no remodelling site of {LEAST_SITE:g} um^2 or more has been "
            "completed; there is nothing to draw yet"
        )
        raise ResultsError(msg)
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 6.4), layout="constrained")
        grid = figure.add_gridspec(3, 6, height_ratios=(1.0, 1.0, 1.65))
        axes = []
        for number, (key, label, title) in enumerate(MEASURES):
            column = 2 * (number % 3)
            axis = figure.add_subplot(grid[number // 3, column : column + 2])
            _draw_distribution(axis, [table[key] * FACTORS.get(key, 1.0) for table in tables], arms)
            axis.set_xlabel(label)
            axis.set_title(title)
            if number % 3 == 0:
                axis.set_ylabel("share of sites (%)")
            axes.append(axis)
        if len(arms) > 1:
            handles, labels = axes[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper center", ncols=count_columns(labels))
        _draw_balance(figure.add_subplot(grid[2, 0:3]), tables, arms)
        if bone is not None:
            _draw_map(figure, figure.add_subplot(grid[2, 3:6]), arms[0].runs[0].bmus, bone)
        figure.align_ylabels(axes[::3])
        add_caption(figure, _make_caption(tables, arms, bone is not None))
    return figure


def _make_caption(tables: Sequence[Mapping[str, Array]], arms: Sequence[Arm], has_map: bool) -> str:
    counts = ", ".join(
        f"{len(table['e_de'])}{f' in {arm.label}' if len(arms) > 1 else ''}"
        for table, arm in zip(tables, arms, strict=True)
    )
    text = (
        f"Completed sites with a mouth of {LEAST_SITE:.0f} µm² or more since spin-up began: {counts}. "
        "Dashed: median. Periods after the spread in time of the work at a site; the last bin holds all "
        "beyond it."
    )
    if has_map:
        text += (
            " Map: the bone of the first run seen along z at its last snapshot, coloured where a site "
            "has worked, the latest on top."
        )
    return text


def choose_completed(bmus: Mapping[str, Array]) -> dict[str, Array]:
    """Return the columns of the sites that were completed and are large enough to count.

    Parameters
    ----------
    bmus
        Columns of the ledger, each of shape (site,), in its own unit.

    Returns
    -------
    dict
        The same columns, each of shape (chosen site,); none if one that is drawn is missing.
    """
    if "phase" not in bmus or any(key not in bmus for key, _, _ in MEASURES):
        return {}
    chosen = (bmus["phase"] == Phase.COMPLETE) & (bmus["footprint"] >= LEAST_SITE)
    return {name: np.asarray(column)[chosen] for name, column in bmus.items()}


def _pool(tables: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Return the rows of several ledgers as one."""
    held = [table for table in tables if table]
    return {
        key: np.concatenate([table[key] for table in held]) if held else np.zeros(0)
        for key, _, _ in MEASURES
    }


def _draw_distribution(axis: Any, columns: Sequence[Array], arms: Sequence[Arm]) -> None:
    known = [column[np.isfinite(column)] for column in columns]
    every = np.concatenate(known)
    top = float(np.quantile(every, BEYOND)) if len(every) else 1.0
    bins = int(np.clip(2.0 * max(map(len, known)) ** (1 / 3), FEWEST_BINS, MOST_BINS))
    edges = np.linspace(0.0, top or 1.0, bins + 1)
    for number, (values, arm) in enumerate(zip(known, arms, strict=True)):
        if not len(values):
            continue
        color = CYCLE[number % len(CYCLE)]
        weights = np.full(len(values), 100.0 / len(values))
        filled = len(arms) == 1
        axis.hist(
            np.minimum(values, edges[-1]), edges, weights=weights, color=color, label=arm.label,
            histtype="stepfilled" if filled else "step", alpha=0.45 if filled else 1.0, lw=1.2,
        )  # fmt: skip
        middle = float(np.median(values))
        axis.axvline(middle, color=color, linestyle=(0, (3, 2)), linewidth=0.9)
        if filled:
            axis.text(
                middle, 0.97, f" {middle:.3g}", transform=axis.get_xaxis_transform(), fontsize=7,
                va="top",
            )  # fmt: skip
    axis.set_xlim(edges[0], edges[-1])


def _draw_balance(axis: Any, tables: Sequence[Mapping[str, Array]], arms: Sequence[Arm]) -> None:
    """Draw wall against depth; on the line a site gave back what it took."""
    top = 1.0
    for number, (table, arm) in enumerate(zip(tables, arms, strict=True)):
        depth, wall = table["e_de"], table["w_th"]
        if not len(depth):
            continue
        size = np.clip(table["footprint"] / LEAST_SITE, 1.0, 20.0) * 6.0
        color = BLUE if len(arms) == 1 else CYCLE[number % len(CYCLE)]
        axis.scatter(depth, wall, s=size, color=color, alpha=0.45, linewidths=0, label=arm.label)
        top = max(top, float(np.quantile(np.concatenate([depth, wall]), 0.995)))
    axis.plot([0, top], [0, top], color=GREY, linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
    axis.text(
        1.04 * top, 0.01 * top, "dashed: all given back", fontsize=7, color=GREY, ha="right",
        va="bottom",
    )  # fmt: skip
    axis.set_xlim(0, 1.05 * top)
    axis.set_ylim(0, 1.05 * top)
    axis.set_aspect("equal")
    axis.set_xlabel("E.De (µm)")
    axis.set_ylabel("W.Th (µm)")
    axis.set_title("Balance of a site (area: its mouth)")


def _draw_map(figure: Any, axis: Any, bmus: Mapping[str, Array], bone: Bone) -> None:
    """Draw what sites remodelled, seen along z, the latest on top; colour is when they began."""
    _, ny, nx = bone.fraction.shape
    ground = bone.fraction.mean(axis=0)
    show_slice(axis, ground, 0.0, float(max(np.quantile(ground, 0.99), 1e-6)) * 2.0, "Greys")
    begun = np.concatenate([[np.nan], np.asarray(bmus["activated"], dtype=float)])
    when = begun[np.clip(bone.site, 0, len(begun) - 1)]
    latest = np.where(np.isfinite(when), when, -np.inf).max(axis=0)
    shown = axis.imshow(
        np.ma.masked_invalid(latest), cmap="viridis", interpolation="nearest", alpha=0.85
    )
    bar = figure.colorbar(shown, ax=axis, shrink=0.8, pad=0.02)
    bar.set_label("began on day t (d)")
    bar.outline.set_visible(False)
    add_bar(axis, (ny, nx), bone.voxel)
    axis.set_xlim(-0.5, nx - 0.5)
    axis.set_ylim(ny - 0.5, -0.5)
    axis.set_title("Where and when sites worked")
