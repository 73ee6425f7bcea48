"""The same bone seen with voxels twice as wide: how much surface and osteoid it shows.

A seam is seen wherever a voxel holds osteoid, and one osteoblast that works in a voxel of 20 um makes a
seam of all of its surface. What two runs on different voxels show therefore differs even if the bone is
the same: each snapshot of a run is measured as it is, and again with blocks of 2^3 voxels as one. Run it
with ``python benchmarks/coarse_look.py FOLDER ... [--after 200]``.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from trabecula.base.codes import FULL
from trabecula.base.layouts import Lattice
from trabecula.config import load_parameters
from trabecula.kernels.histology import OSTEOID, SURFACE, sum_covers
from trabecula.kernels.space import Space
from trabecula.kernels.surface import WEIGHTS
from trabecula.mechanics.step import halve


class Tissue(NamedTuple):
    """Quanta of matrix and of osteoid, shape (z, y, x) each."""

    matrix: np.ndarray
    osteoid: np.ndarray


def widen(tissue: Tissue) -> Tissue:
    """Return the tissue in blocks of 2^3 voxels, whose quanta are the means."""
    return Tissue(*(np.rint(halve(values)).astype(values.dtype) for values in tissue))


def look(tissue: Tissue, voxel: float, seam: int) -> tuple[float, float]:
    """Return BS (mm^2) and OS/BS (%) as the program's histomorphometry has them.

    `voxel` in um, `seam` in quanta; the lattice repeats itself.
    """
    sums = np.empty((tissue.matrix.shape[0], 3))
    rest = np.zeros_like(tissue.matrix)  # osteoid hangs on none of it
    lattice = Lattice(*(getattr(tissue, name, rest) for name in Lattice._fields))
    sum_covers(lattice, WEIGHTS, Space(*tissue.matrix.shape, 1, voxel), seam, sums)
    faces = float(sums[:, SURFACE].sum())
    return faces * voxel**2 * 1e-6, 100 * float(sums[:, OSTEOID].sum()) / faces


def main() -> None:
    """Command line: a line for each run, means of its snapshots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs with snapshots")
    parser.add_argument("--after", type=float, default=200.0, help="first day that counts")
    options = parser.parse_args()
    thinnest = load_parameters()["lattice.osteoid.seam"]
    print("| run | voxel (um) | BS (mm^2), OS/BS (%) | with voxels twice as wide |")
    print("|---" * 4 + "|")
    for folder in options.runs:
        with h5py.File(folder / "results.h5") as file:
            snapshots = file["snapshots"]
            voxel = float(snapshots.attrs["voxel"])
            found = []
            for number, day in enumerate(snapshots["time"][...]):
                if day < options.after:
                    continue
                tissue = Tissue(*(snapshots[name][number] for name in Tissue._fields))
                seams = [max(1, round(thinnest / edge * FULL)) for edge in (voxel, 2 * voxel)]
                found.append(
                    [*look(tissue, voxel, seams[0]), *look(widen(tissue), 2 * voxel, seams[1])]
                )
        means = [f"{value:.2f}" for value in np.mean(found, axis=0)]
        print(f"| {folder.name} | {voxel:g} | {', '.join(means[:2])} | {', '.join(means[2:])} |")


if __name__ == "__main__":
    main()
