"""Daily sums over the lattice against plain twins."""

import numpy as np
import pytest

from bones import make_peopled
from measuretwins import FULL, find_surface, measure_levels, measure_tissue, spread
from trabecula.base.codes import Sides, Species
from trabecula.config import load_parameters
from trabecula.fields import measure_fields
from trabecula.morphometry.histomorphometry import sum_lattice

SHAPES = [(12, 12, 12), (11, 9, 13), (1, 26, 27), (28, 14, 2)]


def make_random(shape, sides, seed=0):
    """A state of random matrix and random fields; fields leak into bone, where nobody reads them."""
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < 0.35
    state = make_peopled(load_parameters({}), shape, seed=seed, sides=sides, mask=mask)
    state.lattice.matrix[...] = np.where(
        mask, rng.integers(FULL // 2, FULL + 1, shape), rng.integers(0, FULL // 2, shape)
    )
    state.lattice.osteoid[...] = state.lattice.matrix * (rng.random(shape) * 0.5)
    state.lattice.mineral[...] = rng.random(shape)
    state.fields.fine[...] = rng.random(state.fields.fine.shape)
    state.fields.coarse[...] = rng.random(state.fields.coarse.shape)
    return state


@pytest.mark.parametrize("sides", list(Sides))
@pytest.mark.parametrize("shape", SHAPES)
def test_levels_are_the_means_over_marrow_and_surface(shape, sides):
    state = make_random(shape, sides, seed=sum(shape))
    fields = state.fields
    found = measure_fields(state, load_parameters({}))
    names = fields.fine_names + fields.coarse_names
    marrow, surface = measure_levels(
        fields.fine, fields.coarse, state.lattice.matrix, sides == Sides.PERIODIC
    )
    for k, species in enumerate(names):
        assert found[f"{species}_surface"] == pytest.approx(surface[k], rel=1e-12)
        assert found[f"{species}_marrow"] == pytest.approx(marrow[k], rel=1e-12)


@pytest.mark.parametrize("sides", list(Sides))
def test_occupancy_is_that_of_the_surface_voxels(sides):
    state, parameters = make_random((11, 9, 13), sides), load_parameters({})
    fields, shape = state.fields, state.grid.shape
    free = fields.get(Species.RANKL_MEMBRANE).astype(float)
    free = free + spread(fields.get(Species.RANKL_SOLUBLE), shape)
    occupied = free / (parameters["fields.rank.kd"] + free)
    there = occupied[find_surface(state.lattice.matrix, sides == Sides.PERIODIC)]
    found = measure_fields(state, parameters)
    assert found["rank_occupancy_surface"] == pytest.approx(there.mean(), rel=1e-12)
    assert found["rank_occupancy_surface_median"] == np.median(there)


def test_the_lattice_is_summed_exactly():
    state = make_random((11, 9, 13), Sides.PERIODIC)
    lattice = state.lattice
    found, expected = sum_lattice(state), measure_tissue(*lattice[:3])
    assert found[0] == expected[0]
    assert found[1] == expected[1]
    assert found[2] == pytest.approx(expected[2], rel=1e-12)
    assert found[3] == expected[3]
