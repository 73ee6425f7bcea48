"""How often trabeculae are holed and cut, and how far from marrow pits reach.

Lives generated bones (structure and life of seeds 1..N) under replete hormones and takes stock once a
quarter: each patch of bone that has gone since, and each that has come, is put into the older image
alone, and what that does to the number of loops is counted; at a face of the lattice, which repeats, a
hole is a notch. Run it with
``python benchmarks/perforation.py [--edge 64] [--seeds 4] [--spin-up 0] [--years 5] [--set ...]``;
what is set goes into the configuration, as with ``trabecula run``.
"""

import argparse
from collections import Counter
from itertools import pairwise

import numpy as np

from replete import make_model

EVERY = 91
"""Days between two looks."""

MARGIN = 2
"""Voxels around a patch within which its loops are counted."""

LAYERS = 6
"""Distances from marrow (voxel) that are told apart."""

MEASURED = ("Conn.D", "Tb.Th", "BV/TV")
LARGE = 200
"""Voxels from which a patch that has gone is a pit whose profile counts."""

NAMES = {(-1, -1): "holed", (-1, 1): "cut", (1, 1): "healed", (1, -1): "bridged"}
"""What a patch that goes (-1) or comes (1) did, by the sign of the change of the Euler number."""


def count_events(before: np.ndarray, after: np.ndarray) -> Counter:
    """Count what made and closed loops between two masks (bool, z y x)."""
    from scipy.ndimage import find_objects, label

    found: Counter = Counter()
    for way, moved in ((-1, before & ~after), (1, after & ~before)):
        patches, _ = label(moved, np.ones((3, 3, 3)))
        for number, box in enumerate(find_objects(patches), 1):
            near = tuple(slice(max(0, side.start - MARGIN), side.stop + MARGIN) for side in box)
            was = before[near]
            now = np.where(patches[near] == number, way > 0, was)
            change = count_euler(now) - count_euler(was)
            if change:
                found[NAMES[way, int(np.sign(change))]] += abs(change)
    return found


def count_euler(mask: np.ndarray) -> int:
    """Euler number of a mask (bool, z y x): pieces less loops plus enclosed hollows."""
    from trabecula.kernels.euler import compute_euler_number

    return round(compute_euler_number(np.pad(mask, 1), periodic=False))


def profile_pits(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Voxels of large patches that went, by their distance from marrow before, shape (LAYERS,)."""
    from scipy.ndimage import distance_transform_edt, label

    depth = np.rint(distance_transform_edt(before)).astype(int)
    patches, count = label(before & ~after, np.ones((3, 3, 3)))
    sizes = np.bincount(patches.reshape(-1), minlength=count + 1)
    sizes[0] = 0
    dug = depth[(sizes >= LARGE)[patches]]
    return np.bincount(np.clip(dug, 1, LAYERS), minlength=LAYERS + 1)[1:]


def follow(edge: int, seed: int, spin_up: int, days: int, sets: list[str]):
    """Return masks, raw and as scanned, every :data:`EVERY` days; the voxel (mm); if it is periodic."""
    from trabecula.base.codes import HALF
    from trabecula.morphometry.components import purify
    from trabecula.morphometry.imaging import make_image

    _, model = make_model(edge, seed, sets)
    state = model.state
    voxel, periodic = state.grid.voxel, state.grid.periodic
    model.run_steps(spin_up)
    raw, scanned = [], []
    for look in range(days // EVERY + 1):
        if look:
            model.run_steps(EVERY)
        matrix = state.lattice.matrix
        raw.append(matrix >= HALF)
        image = make_image((matrix / (2.0 * HALF)).astype(np.float32), voxel, periodic)
        scanned.append(purify(image, periodic))
    return raw, scanned, voxel / 1000.0, periodic


def measure(scanned: list[np.ndarray], periodic: bool) -> list[float]:
    """Conn.D, Tb.Th and BV/TV of the last image over those of the first."""
    from trabecula.morphometry.structure import measure_connectivity
    from trabecula.morphometry.thickness import measure_thickness

    first, last = scanned[0], scanned[-1]
    return [
        measure_connectivity(last, periodic) / measure_connectivity(first, periodic),
        measure_thickness(last, periodic) / measure_thickness(first, periodic),
        last.mean() / first.mean(),
    ]


def main() -> None:
    """Print a line a bone, and what they come to together."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--edge", type=int, default=64)
    arguments.add_argument("--seeds", type=int, default=4)
    arguments.add_argument("--spin-up", type=int, default=0, help="days before the first image")
    arguments.add_argument("--years", type=float, default=5.0)
    arguments.add_argument("--set", action="append", default=[], dest="sets")
    asked = arguments.parse_args()
    days = round(asked.years * 365.25)
    events: Counter = Counter()
    layers = np.zeros(LAYERS)
    ratios, lived = [], 0.0
    for seed in range(1, asked.seeds + 1):
        raw, scanned, voxel, periodic = follow(asked.edge, seed, asked.spin_up, days, asked.sets)
        own = sum((count_events(*pair) for pair in pairwise(scanned)), Counter())
        layers += sum(profile_pits(*pair) for pair in pairwise(raw))
        ratios.append(measure(scanned, periodic))
        lived += (voxel * asked.edge) ** 3 * (len(raw) - 1) * EVERY / 365.25
        events += own
        print(
            f"seed {seed}: {dict(own)}; Conn.D, Tb.Th, BV/TV x {np.round(ratios[-1], 3)}",
            flush=True,
        )
    for name in NAMES.values():
        print(f"{name}: {events[name] / lived:.2f} per mm^3 and year as scanned")
    shares = " ".join(f"{share:.3f}" for share in layers / max(layers[0], 1))
    print(f"voxels of pits by distance from marrow, over those at the surface: {shares}")
    count = len(ratios)
    spread = np.std(ratios, axis=0, ddof=1) / np.sqrt(count) if count > 1 else [np.nan] * 3
    for name, mean, error in zip(MEASURED, np.mean(ratios, 0), spread, strict=True):
        print(f"{name} as scanned, last over first: {mean:.3f} +- {error:.3f}")


if __name__ == "__main__":
    main()
