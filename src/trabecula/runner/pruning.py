"""Which full states of a run are kept: evenly over its life, never more than asked for."""

from collections.abc import Sequence


def choose_superfluous(days: Sequence[float], most: int) -> list[float]:
    """Choose which of the states at `days` (d) to give up, so that `most` are left.

    One at a time goes the one that leaves the smallest gap, the oldest of several; the first and the
    last stay. So what is left stays evenly spread, and the longest way that a branch has to be lived
    again from a kept state grows no faster than the run.

    Raises
    ------
    ValueError
        If `most` is less than 2.
    """
    if most < 2:
        msg = f"kept states: found {most}; allowed: 2 and more"
        raise ValueError(msg)
    kept, gone = sorted(days), []
    while len(kept) > most:
        gaps = [round(after - before, 6) for before, after in zip(kept, kept[2:], strict=False)]
        gone.append(kept.pop(gaps.index(min(gaps)) + 1))
    return gone
