"""The estimate of memory beside what a living bone really takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trabecula.model.memory import BASE_MEMORY, compute_memory

EDGE = 80
LIVE = """
import json, sys
sys.path.insert(0, {benchmarks!r})
import numpy as np
from bench_worker import read_memory, reset_peak
from cases import common
from cases.common import live, make_model, warm_engine
grow = common.make_fraction
common.make_fraction = lambda edge, seed=1: np.tile(np.arange(edge) % 12 < 3, (edge, edge, 1)) * 1.0
warm_engine()  # on plates, which are there at once
common.make_fraction = grow
base = reset_peak()
model = make_model({edge})
live(model, 2)
model.sampler.sample(model.state, True)
print(json.dumps([base, read_memory("VmHWM")]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_estimate_is_within_a_fifth_of_what_a_bone_takes() -> None:
    benchmarks = str(Path(__file__).parents[1] / "benchmarks")
    there = os.environ | {"NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, "-c", LIVE.format(benchmarks=benchmarks, edge=EDGE)]
    for _ in range(2):  # compiling takes memory of its own: the second time nothing is compiled
        done = subprocess.run(command, env=there, capture_output=True, text=True, check=True)
    base, peak = json.loads(done.stdout)
    voxels = EDGE**3
    estimate = compute_memory(voxels, voxels * 8e-6)
    assert estimate - BASE_MEMORY == pytest.approx(peak - base, rel=0.2)


def test_a_voxel_with_its_cells_stays_under_the_aim() -> None:
    """150 bytes a voxel and 120 a cell, some 9,000 cells per mm^3."""
    voxels = 200**3
    volume = voxels * 8e-6
    assert compute_memory(voxels, volume) - BASE_MEMORY < 150 * voxels + 120 * 9000 * volume
