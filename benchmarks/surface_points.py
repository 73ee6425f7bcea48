"""Follow single points of the bone surface for years: does the sequence emerge at a place?

Draws ``docs/figures/surface_points.png``. Points are drawn by chance from the flat surface of a
replete bone, quiet for six weeks; those that osteoclasts reach within a year are followed for two years
from the first bite, along the normal of the surface. Run it with
``python benchmarks/surface_points.py [--edge 64] [--seed 1]``.
"""

import argparse
from pathlib import Path

import numpy as np

from replete import make_model
from trabecula.base.codes import FULL, HALF

ROOT = Path(__file__).parents[1]
EVERY = 7
"""Days between frames."""

INSIDE, OUTSIDE = 6, 4
"""Voxels of a column below and above the surface."""

FLAT = 0.85
"""Least cosine between the normal and the axis of a column."""

BITE, LOSS = 5.0, 15.0
"""Loss (um) at which a place counts as bitten, and as a pit."""

AFTER = 730
"""Days from the first bite for which a place is followed."""

PIT = 90
"""Days from the first bite in which the first pit is dug; a later one is another site's."""

FILLED = 300
"""Day after the first bite on which the refill is read."""


def follow(edge: int, seed: int, spin_up: int, days: int):
    """Return state and matrix (quanta) every few days."""
    _, model = make_model(edge, seed)
    state = model.state
    model.run_steps(spin_up)
    frames = [state.lattice.matrix.copy()]
    for _ in range(days // EVERY):
        model.run_steps(EVERY)
        frames.append(state.lattice.matrix.copy())
    return state, frames


def find_columns(matrix, voxel: float, count: int, seed: int):
    """Return flat indices (points, depth) of columns through the surface, and cosines of normals."""
    from scipy.ndimage import gaussian_filter

    bone = matrix >= HALF
    smooth = gaussian_filter(bone.astype(np.float32), 2.0, mode="wrap")
    slope = np.stack([0.5 * (np.roll(smooth, -1, a) - np.roll(smooth, 1, a)) for a in range(3)])
    size = np.sqrt((slope**2).sum(0)) + 1e-9
    columns, cosines = [], []
    for axis in range(3):
        for way in (-1, 1):  # marrow lies on this side
            surface = bone & ~np.roll(bone, -way, axis)
            cosine = -way * slope[axis] / size
            place = np.argwhere(surface & (cosine > FLAT))
            steps = way * np.arange(-INSIDE, OUTSIDE + 1)
            index = [np.repeat(place[:, [a]], len(steps), 1) for a in range(3)]
            index[axis] = (index[axis] + steps) % bone.shape[axis]
            columns.append(np.ravel_multi_index(tuple(index), bone.shape))
            cosines.append(cosine[tuple(place.T)])
    every, cosine = np.concatenate(columns), np.concatenate(cosines)
    chosen = np.random.default_rng(seed).permutation(len(every))[:count]
    return every[chosen], cosine[chosen]


def trace_heights(frames, columns, cosines, voxel: float):
    """Return heights (um) of the surface along the normal, shape (frames, points), 0 at first."""
    heights = np.array([
        frame.reshape(-1)[columns].sum(1, dtype=np.int64) for frame in frames
    ])  # fmt: skip
    return (heights - heights[0]) * (voxel / FULL) * cosines


def align(heights):
    """Return the courses of places bitten in the first year, from six weeks before their first bite."""
    before = 6
    steps = AFTER // EVERY
    found = []
    for course in heights.T:
        bitten = np.flatnonzero(course < -BITE)
        if len(bitten) == 0 or not before <= bitten[0] <= 365 // EVERY:
            continue
        first = bitten[0]
        part = course[first - before : first + steps]
        if len(part) == before + steps and part.min() < -LOSS and abs(part[0]) < BITE:
            found.append(part)
    return (np.arange(-before, steps)) * EVERY, np.array(found)


def draw(days, courses, place: Path) -> None:
    """Draw all courses with their median, the depths, and the heights at the end."""
    from trabecula.viz.style import BLUE, GREEN, GREY, VERMILION, WIDTH, apply_style

    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 2.6), layout="constrained")
        left, middle, right = figure.subplots(1, 3, width_ratios=(2.4, 1, 1))
        for course in courses[:80]:
            left.plot(days, course, color=GREY, lw=0.3, alpha=0.6)
        low, median, high = np.percentile(courses, [25, 50, 75], axis=0)
        left.fill_between(days, low, high, color=BLUE, alpha=0.2, lw=0)
        left.plot(days, median, color=BLUE)
        left.axhline(0, color=GREY, lw=0.5)
        left.set_ylim(-110, 60)
        left.set_xlabel("days from the first bite at the place")
        left.set_ylabel("height of the surface (µm)")
        depth = measure_depth(days, courses)
        middle.axvspan(40, 62, color=GREEN, alpha=0.15, lw=0)
        middle.hist(np.clip(depth, 0, 120), bins=24, range=(0, 120), color=BLUE)
        middle.axvline(np.median(depth), color=VERMILION, lw=0.8)
        middle.set_xlabel("depth (µm)")
        middle.set_ylabel("places")
        rest = courses[:, np.searchsorted(days, FILLED)]
        right.hist(np.clip(rest, -100, 100), bins=25, range=(-100, 100), color=BLUE)
        right.axvline(np.median(rest), color=VERMILION, lw=0.8)
        right.set_xlabel(f"height on day {FILLED} (µm)")
        place.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(place, dpi=200)


def main() -> None:
    """Follow a bone and draw its points."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spin-up", type=int, default=1095)
    parser.add_argument("--points", type=int, default=2000)
    options = parser.parse_args()
    state, frames = follow(options.edge, options.seed, options.spin_up, 365 + AFTER + EVERY)
    voxel = state.grid.voxel
    columns, cosines = find_columns(frames[0], voxel, options.points, options.seed)
    days, courses = align(trace_heights(frames, columns, cosines, voxel))
    draw(days, courses, ROOT / "docs" / "figures" / "surface_points.png")
    report(days, courses, options.points)


def measure_depth(days, courses):
    """Return how deep (um) the first pit at each place was dug."""
    return -courses[:, (days >= 0) & (days <= PIT)].min(1)


def find_first(course, low: int) -> int:
    """Return the first frame after `low` at which half of the depth is refilled; the last if none."""
    late = np.flatnonzero(course[low:] > course[low] / 2)
    return low + int(late[0]) if len(late) else len(course) - 1


def report(days, courses, points: int) -> None:
    """Print how deep places were dug, how long each phase took, and where they ended."""
    pit = (days >= 0) & (days <= PIT)
    deepest = np.flatnonzero(pit)[courses[:, pit].argmin(1)]
    half = np.array([
        find_first(course, low) for course, low in zip(courses, deepest, strict=True)
    ])  # fmt: skip
    filled = courses[:, np.searchsorted(days, FILLED)]
    print(f"{len(courses)} of {points} points were dug in a year and followed for two")
    for words, values in (
        ("depth of the first pit (um)", measure_depth(days, courses)),
        (f"height on day {FILLED} (um)", filled),
        ("height after two years (um)", courses[:, -1]),
        ("first bite to deepest (d)", days[deepest]),
        ("deepest to half refilled (d)", days[half] - days[deepest]),
    ):
        spread = ", ".join(f"{v:.0f}" for v in np.percentile(values, [10, 25, 50, 75, 90]))
        print(f"{words}: mean {np.mean(values):.1f}; 10-25-50-75-90 %: {spread}")


if __name__ == "__main__":
    main()
