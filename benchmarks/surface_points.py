"""Follow single points of the bone surface for two years: does the sequence emerge at a place?

Draws ``docs/figures/surface_points.png``: the height of the surface at the sites that opened early in
the window, each relative to its own first days. Run it with
``python benchmarks/surface_points.py [--edge 64] [--seed 1]``.
"""

import argparse
from pathlib import Path

import numpy as np

from replete import make_model
from trabecula.base.codes import FULL

ROOT = Path(__file__).parents[1]
REACH = 5
EVERY = 5


def follow(edge: int, seed: int, spin_up: int, days: int):
    """Return the model and the matrix (um of bone per voxel) every few days."""
    _, model = make_model(edge, seed)
    state = model.state
    model.run_steps(spin_up)
    frames = [state.lattice.matrix / np.float32(FULL) * 20.0]
    for _ in range(days // EVERY):
        model.run_steps(EVERY)
        frames.append(state.lattice.matrix / np.float32(FULL) * 20.0)
    return state, np.array(frames)


def trace_heights(state, frames, start: float, end: float):
    """Heights (um) of the surface under each site activated in the window, along its own normal."""
    rows = state.sites.rows
    chosen = np.flatnonzero((rows.activated >= start) & (rows.activated < end) & (rows.mouth >= 15))
    shape = state.grid.shape
    found = []
    for row in chosen:
        place = np.array(state.grid.to_zyx(int(rows.voxel[row])))
        window = [(place[a] + np.arange(-3, 4)) % shape[a] for a in range(3)]
        block = frames[0][np.ix_(*window)]
        slopes = [
            abs(block.take([0, 1, 2], a).mean() - block.take([4, 5, 6], a).mean()) for a in range(3)
        ]
        axis = int(np.argmax(slopes))
        index = [np.array([place[a]]) for a in range(3)]
        index[axis] = (place[axis] + np.arange(-REACH, REACH + 1)) % shape[axis]
        column = frames[(slice(None), *np.ix_(*index))].reshape(len(frames), -1)
        height = column.sum(1)
        if height[0] - height.min() > 15.0:
            found.append((float(rows.activated[row]), height - height[0]))
    return found


def draw(found, start: float, place: Path) -> None:
    """Draw one panel a point: resorption, reversal, formation, quiescence."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    found = sorted(found, key=lambda point: point[0])[:9]
    fig, axes = plt.subplots(3, 3, figsize=(7.2, 5.4), sharex=True, sharey=True)
    for ax, (activated, height) in zip(axes.flat, found, strict=False):
        ax.axhline(0, color="0.8", lw=0.8)
        ax.plot(np.arange(len(height)) * EVERY, height, color="#0072B2", lw=1.4)
        ax.axvline(activated - start, color="#D55E00", lw=0.8, ls=":")
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes.flat[len(found) :]:
        ax.set_visible(False)
    fig.supxlabel("Time (d)", fontsize=10)
    fig.supylabel("Height of the surface (µm)", fontsize=10)
    fig.tight_layout()
    place.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(place, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--edge", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spin-up", type=int, default=540)
    options = parser.parse_args()
    state, frames = follow(options.edge, options.seed, options.spin_up, 730)
    start = float(state.clock.time) - 730.0
    found = trace_heights(state, frames, start, start + 365.0)
    draw(found, start, ROOT / "docs" / "figures" / "surface_points.png")
    depth = [-height.min() for _, height in found]
    rest = [height[-1] for _, height in found]
    print(
        f"{len(found)} points; depth {np.median(depth):.0f} um; after two years {np.median(rest):.1f} um"
    )


if __name__ == "__main__":
    main()
