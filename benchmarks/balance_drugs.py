"""Tables of what single arms ask: shares of two steroids, and what comes after a blockade."""

from functools import partial
from pathlib import Path

import numpy as np

from balance_parts import find_pairs, jackknife
from balance_tables import Pairs, compare_pooled, head, put
from runs_read import Run, read_runs, summarise

MONTH = (0, 30)
"""Days of the trial of elderly men (d)."""

LET_GO = ((380, 410), (395, 425))
"""Days without the block: the first month, and the second (d)."""

STOPPED = 365
"""Day from which RANKL is let go (d)."""


def report_men(folder: Path) -> None:
    """What share of the rise of resorption each steroid prevents in men that have neither else."""
    arms = ("control", "both_out", "estradiol_only", "testosterone_only")
    runs = {arm: {run.seed: run for run in read_runs(folder / "men", arm)} for arm in arms}
    seeds = sorted(set.intersection(*(set(found) for found in runs.values())))
    if len(seeds) < 3:
        return
    head("Men: share of the rise prevented in the first month", list(runs["control"].values()))
    rows = np.array([
        [runs[arm][seed].gain("resorbed", *MONTH) for arm in arms] for seed in seeds
    ])  # fmt: skip
    put("by estradiol (%)", jackknife(rows, partial(compute_share, 2)), "60-150", 0)
    put("by testosterone (%)", jackknife(rows, partial(compute_share, 3)), "<= 40", 0)


def compute_share(arm: int, resorbed: np.ndarray) -> float:
    """Return the share (%) of the rise that an arm prevents.

    Parameters
    ----------
    arm
        Its place in `resorbed`.
    resorbed
        Shape (arms,), in any unit: by the control, without both, by others.
    """
    return float(100 * (resorbed[1] - resorbed[arm]) / (resorbed[1] - resorbed[0]))


def report_let_go(folder: Path) -> None:
    """Bone against its own day 0 under the block, and against the untreated after it."""
    pairs: Pairs = find_pairs(folder, "denosumab")
    runs: list[Run] = [
        run for run in read_runs(folder / "denosumab", "blocked") if run.seed in pairs
    ]
    if not runs:
        return
    head("denosumab: blocked, against day 0, and let go", runs)
    for day in (60, 182, STOPPED):
        put(f"BV/TV at day {day}, % of day 0", summarise([run.bv_percent(day) for run in runs]), "")
    for start, stop in LET_GO:
        found = compare_pooled(runs, pairs, "resorbed", start, stop)
        put(f"resorbed, day {start}-{stop}, % of control", found, "", 0)
    days = np.arange(STOPPED, min(float(run.day[-1]) for run in runs) + 1, 7)
    gaps = np.array([
        [run.bv_percent(day) - pairs[run.seed].bv_percent(day) for day in days] for run in runs
    ])  # fmt: skip
    least = int(gaps.mean(0).argmin())
    words = f"least BV/TV against control, day {days[least]:.0f} (%)"
    put(words, summarise(list(gaps[:, least])), "-6 to 20")
    put("... of a single bone", (float(gaps.min()), 0.0), "")
    for day in (547, 730):
        found = summarise([run.bv_percent(day) - pairs[run.seed].bv_percent(day) for run in runs])
        put(f"BV/TV at day {day}, % against control", found, "")
