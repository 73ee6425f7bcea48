"""Distributions of the fields over the marrow, from snapshots."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError
from trabecula.viz.captions import add_caption, count_columns
from trabecula.viz.panels import to_unit_name
from trabecula.viz.style import BLACK, CYCLE, WIDTH, apply_style, label_steps

COLUMNS = 3
ROW_HEIGHT = 1.35
BINS = 40
OPEN = 0.5
"""Share of matrix below which a block is marrow."""

SHARES = (0.002, 0.998)
"""Quantiles between which an axis runs."""

MARGIN = 1.06
"""Length of an axis over what lies between these."""

DENSE, SPARSE = 1.3, 2.0
"""Decades of an axis from which 1, 3 instead of 1, 2, 5 are labelled, and from which powers alone."""

FEWEST_DECADES = 0.1
"""An axis spans at least this, so that a level that is the same everywhere is a peak, not noise."""

NAMES = {
    "rankl_membrane": "RANKL on cells", "rankl_soluble": "Soluble RANKL", "opg": "OPG",
    "rankl_opg": "RANKL bound to OPG", "il1": "IL-1", "il6": "IL-6", "tnf": "TNF", "tgfb": "TGF-β",
    "igf1": "IGF-1", "mcsf": "M-CSF", "estradiol": "Estradiol made in bone",
    "sed": "Strain energy density",
}  # fmt: skip
SYMBOLS = {"sed": "SED"}


class Marrow(NamedTuple):
    """Fields of one snapshot of one run.

    Parameters
    ----------
    label
        Which run and day it is.
    values
        Value in every block of marrow (of bone for SED), by name.
    units
        Unit by name.
    """

    label: str
    values: Mapping[str, Array]
    units: Mapping[str, str]


def draw_fields(marrows: Sequence[Marrow]) -> Any:
    """Draw the distribution of every field; each of `marrows` is a line of its own colour.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.

    Raises
    ------
    ResultsError
        If there is no field.
    """
    names = list(dict.fromkeys(name for one in marrows for name in one.values))
    names.sort(key=lambda name: name == "sed")
    if not names:
        msg = "the snapshots hold no fields; there is nothing to draw"
        raise ResultsError(msg)
    rows = -(-len(names) // COLUMNS)
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, ROW_HEIGHT * rows + 0.7), layout="constrained")
        axes = figure.subplots(rows, COLUMNS, squeeze=False)
        for number, axis in enumerate(axes.ravel()):
            if number >= len(names):
                axis.set_axis_off()
                continue
            _draw_field(axis, names[number], marrows)
        for row in axes:
            row[0].set_ylabel("share (%)")
        # a molecule that is nowhere has no lines: the legend is that of the fullest panel
        handles, labels = max((a.get_legend_handles_labels() for a in axes.flat), key=_count)
        figure.legend(handles, labels, loc="outside upper center", ncols=count_columns(labels))
        add_caption(
            figure,
            "Share of the marrow (of bone for strain energy) by concentration, in blocks of 2 x 2 x 2 "
            "voxels, over equal steps of its logarithm. Dashed: median. "
            f"Axes end at the {100 * SHARES[0]:g} and {100 * SHARES[1]:g} % quantiles.",
        )
    return figure


def _count(handles_and_labels: tuple[list[Any], list[str]]) -> int:
    return len(handles_and_labels[1])


def _draw_field(axis: Any, name: str, marrows: Sequence[Marrow]) -> None:
    from matplotlib.ticker import NullFormatter

    held = [one for one in marrows if name in one.values]
    positive = [one.values[name][one.values[name] > 0] for one in held]
    every = np.concatenate(positive) if positive else np.zeros(0)
    unit = to_unit_name(held[0].units.get(name, ""))
    axis.set_title(NAMES.get(name, name.replace("_", " ").capitalize()))
    axis.set_xlabel(f"{SYMBOLS.get(name, 'c')} ({unit})", labelpad=1)
    if not len(every):
        axis.text(0.5, 0.5, "none", transform=axis.transAxes, ha="center", fontsize=7)
        axis.set_xticks([])
        axis.set_yticks([])
        return
    low, high = np.log10(np.quantile(every, SHARES))
    half = max(0.5 * (high - low) * MARGIN, FEWEST_DECADES / 2)
    middle = 0.5 * (low + high)
    low, high = middle - half, middle + half
    edges = np.logspace(low, high, BINS + 1)
    for number, (one, values) in enumerate(zip(held, positive, strict=True)):
        color = CYCLE[number % len(CYCLE)]
        if not len(values):
            continue
        weights = np.full(len(values), 100.0 / len(one.values[name]))
        inside = np.clip(values, edges[0], edges[-1])
        axis.hist(inside, edges, weights=weights, histtype="step", color=color, label=one.label)
        axis.axvline(float(np.median(values)), color=color, linestyle=(0, (3, 2)), linewidth=0.8)
    if high - low > 0.9:
        axis.set_xscale("log")
        if high - low < SPARSE:
            label_steps(axis.xaxis, (1.0, 2.0, 5.0) if high - low < DENSE else (1.0, 3.0))
        else:  # labels between decades would run into theirs
            axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlim(edges[0], edges[-1])
    axis.tick_params(axis="x", which="both", colors=BLACK, labelsize=6.5)
    axis.locator_params(axis="y", nbins=3)


def halve(fraction: Array) -> Array:
    """Return the mean over blocks of 2 x 2 x 2 voxels, the last block repeating an odd edge.

    Parameters
    ----------
    fraction
        Matrix, shape (z, y, x), 0..1.

    Returns
    -------
    ndarray
        Shape (z, y, x) of the blocks, 0..1.
    """
    padded = np.pad(fraction, [(0, n % 2) for n in fraction.shape], mode="edge")
    nz, ny, nx = (n // 2 for n in padded.shape)
    blocks: Array = padded.reshape(nz, 2, ny, 2, nx, 2).mean(axis=(1, 3, 5))
    return blocks


def choose_blocks(fraction: Array, values: Array, name: str) -> Array:
    """Return the values of a field in marrow, of strain energy in bone, as one row.

    Parameters
    ----------
    fraction
        Matrix, shape (z, y, x), 0..1.
    values
        Of the same shape, or one per block of 2 x 2 x 2 voxels; in any unit.

    Returns
    -------
    ndarray
        Shape (block,), or (voxel,), in the unit of `values`.
    """
    share = fraction if values.shape == fraction.shape else halve(fraction)
    chosen: Array = values[share >= OPEN] if name == "sed" else values[share < OPEN]
    return chosen
