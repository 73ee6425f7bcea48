"""Remodelling leaves a surface as smooth as it found it; osteoblasts that stay put do not."""

import numpy as np
import pytest

from bones import live, make_living
from trabecula.base.codes import HALF

SEEDS, DAYS = range(1, 6), 260
FACES = [(axis, step) for axis in range(3) for step in (-1, 1)]


def count_pits(state):
    """Open voxels with bone on at least five of their six faces."""
    bone = state.lattice.matrix >= HALF
    around = sum(np.roll(bone, step, axis).astype(int) for axis, step in FACES)
    return int((~bone & (around >= 5)).sum())


ALONE = {"cells.osteoblast.crowding": 0.0, "cells.osteoblast.hollow": 0.5}
"""What else smooths a surface is held back: in hollows factor would pay for more as well."""


def live_on(crawl):
    """Pits, and matrix laid per matrix taken, pooled over slabs that were dug and refilled."""
    pits = formed = resorbed = 0
    for seed in SEEDS:
        state, parameters = make_living(seed=seed, **ALONE, **{"cells.osteoblast.crawl": crawl})
        state.cells.osteocytes.rows.stress[::3] = 20.0
        live(state, parameters, DAYS)
        pits += count_pits(state)
        formed += state.volume.formed
        resorbed += state.volume.resorbed
    return pits, formed / resorbed


@pytest.fixture(scope="module")
def ways():
    return {crawl: live_on(crawl) for crawl in (0.0, 0.5)}


def test_creeping_osteoblasts_fill_the_pits(ways):
    assert ways[0.5][0] < 0.7 * ways[0.0][0], ways


def test_it_is_the_place_of_matrix_that_differs_not_its_amount(ways):
    assert ways[0.5][1] == pytest.approx(ways[0.0][1], rel=0.15)
