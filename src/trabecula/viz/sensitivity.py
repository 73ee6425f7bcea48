"""Tornado: what each key does to an outcome, the strongest on top."""

from typing import Any

import numpy as np

from trabecula.study.indices import Sensitivity
from trabecula.viz.style import BLACK, BLUE, GREY, SKY, VERMILION, WIDTH, apply_style

LIGHT = "#dcdcdc"


def draw_tornado(found: Sensitivity, title: str, unit: str) -> Any:
    """Draw the indices of every key as bars with their 95 % intervals.

    Parameters
    ----------
    title
        The outcome in words.
    unit
        Its unit.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.
    """
    rows = found.to_rows()[::-1]
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 1.1 + 0.32 * len(rows)), layout="constrained")
        axis = figure.add_subplot()
        if found.kind == "morris":
            _draw_effects(axis, found, rows, unit)
        else:
            _draw_shares(axis, rows)
        labels = [f"{_shorten(row['key'])}\n{row['low']:g} to {row['high']:g}" for row in rows]
        axis.set_yticks(range(len(rows)), labels)
        axis.set_ylim(-0.6, len(rows) - 0.4)
        axis.set_title(title)
        figure.legend(loc="outside lower center", ncols=4)
    return figure


def _draw_effects(axis: Any, found: Sensitivity, rows: list[dict[str, Any]], unit: str) -> None:
    """Draw the mean effect to its side, and its mean magnitude as a paler bar to both."""
    for at, row in enumerate(rows):
        span = row["mu_star"]
        axis.barh(at, 2 * span, left=-span, height=0.62, color=LIGHT, zorder=0)
        color = VERMILION if row["mu"] < 0 else BLUE
        axis.barh(at, row["mu"], height=0.36, color=color, zorder=1)
        axis.errorbar(
            [-span, span], [at, at], xerr=row["mu_star_conf"], fmt="none", ecolor=GREY, lw=0.8,
            capsize=2,
        )  # fmt: skip
    axis.barh(0, 0, color=BLUE, label="mean effect, up")
    axis.barh(0, 0, color=VERMILION, label="mean effect, down")
    axis.barh(0, 0, color=LIGHT, label="mean magnitude, with 95 % interval")
    if np.isfinite(found.noise):
        for side in (-1, 1):
            label = "2 standard errors of a difference" if side > 0 else None
            axis.axvline(
                side * 2 * np.sqrt(2) * found.noise, color=GREY, lw=0.8, ls=":", label=label
            )
    axis.axvline(0.0, color=BLACK, lw=0.6)
    axis.set_xlabel(f"effect of a key over its whole range ({unit})")


def _draw_shares(axis: Any, rows: list[dict[str, Any]]) -> None:
    """Draw total and first order as bars from zero."""
    for shift, name, color, label in (
        (0.17, "total", SKY, "total order, with interactions"),
        (-0.17, "first", BLUE, "first order"),
    ):
        at = np.arange(len(rows)) + shift
        values = [row[name] for row in rows]
        errors = [row[f"{name}_conf"] for row in rows]
        axis.barh(at, values, height=0.32, color=color, label=label)
        axis.errorbar(values, at, xerr=errors, fmt="none", ecolor=BLACK, lw=0.8, capsize=2)
    axis.axvline(0.0, color=BLACK, lw=0.6)
    axis.set_xlabel("share of the variance, 95 % interval")


def _shorten(key: str) -> str:
    return key.replace(".parameters.", ": ")
