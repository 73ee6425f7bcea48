"""What fusion costs an osteoclast, at the density after menopause, in ever larger lattices.

``python benchmarks/fusion.py [--edges 100 200 400]``.
"""

import argparse
import time

import numpy as np

from replete import make_model
from trabecula.base.columns import make_arrays
from trabecula.base.layouts import Osteoclasts
from trabecula.cells.rates import make_osteoclast_rates
from trabecula.kernels.osteoclasts import fuse_osteoclasts
from trabecula.kernels.space import Moment, Space

DENSITY = 1.5e-4
"""Osteoclasts in a voxel of 20 um."""

REPEATS = 5


def main() -> None:
    """Print microseconds a cell for each edge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, nargs="+", default=[100, 200, 400])
    config, model = make_model(24)
    rates = make_osteoclast_rates(config.parameters, model.state.signals, model.state.grid)
    for edge in parser.parse_args().edges:
        rng, spent = np.random.default_rng(1), []
        count = round(DENSITY * edge**3)
        for _ in range(REPEATS):
            table = make_arrays(Osteoclasts, count)
            table.uid[:] = np.arange(1, count + 1)
            table.voxel[:] = rng.integers(0, edge**3, count)
            table.nuclei[:] = rng.integers(1, 9, count)
            order, space = rng.permutation(count), Space(edge, edge, edge, 1, 20.0)
            begun = time.perf_counter()
            fuse_osteoclasts(table, order, space, Moment(1, 1, 1.0, 1.0), rates)
            spent.append(time.perf_counter() - begun)
        print(f"{edge}^3, {count} osteoclasts: {1e6 * min(spent) / count:.2f} us each")


if __name__ == "__main__":
    main()
