"""Kernels of precursors against their plain twins, draw by draw."""

import numpy as np
import pytest

import twins.precursors as twins
from kernelworlds import (
    CASES,
    compare,
    find_open,
    make_lattice,
    make_ligands,
    make_matrix,
    make_moment,
    make_rates,
    make_scene,
    make_space,
    make_table,
)
from trabecula.base.codes import HALF
from trabecula.base.columns import make_arrays
from trabecula.base.layouts import Precursors
from trabecula.kernels.precursors import (
    PrecursorRates,
    lose_precursors,
    push_out,
    supply_precursors,
    walk_precursors,
)
from trabecula.kernels.space import make_ball

pytestmark = pytest.mark.twin
RATES = make_rates(
    PrecursorRates, influx=1e-6, motility=700.0, chemotaxis=1.5, adhesion=2.0, half=0.4, power=2.0,
    kd=6.0, death=0.3, mcsf_half=3.0, tnf_half=4.0, tnf_max=2.0,
    alarmin_half=5.0, alarmin_max=0.2,
)  # fmt: skip


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("influx", [2e-6, 6e-6, 4e-5, 1e-4])
def test_supply(seed, periodic, influx):
    """From a few per block to hundreds, all of them born; blocks at the sides are smaller."""
    rng = np.random.default_rng(seed)
    matrix, ligands = make_matrix(rng), make_ligands(rng)
    table, space, moment = make_arrays(Precursors, 4000), make_space(periodic), make_moment(seed)
    rest = (matrix, ligands, space, moment, RATES._replace(influx=np.float64(influx)))
    count, _ = compare(supply_precursors, twins.supply_precursors, table, 3, *rest)
    open_volume = np.count_nonzero(matrix < HALF) * space.voxel**3
    risk = RATES.death * (1 + RATES.mcsf_half / np.median(ligands.mcsf)) * moment.dt
    expected = influx * open_volume * moment.dt * -np.expm1(-risk) / risk
    assert abs(count - 3 - expected) < 5 * np.sqrt(expected)
    full, _ = compare(supply_precursors, twins.supply_precursors,
                      make_arrays(Precursors, count - 1), 3, *rest)  # fmt: skip
    assert full == -1


@pytest.mark.parametrize(("seed", "periodic"), CASES)
def test_loss(seed, periodic):
    rng = np.random.default_rng(seed)
    ligands = make_ligands(rng)
    ligands.mcsf[rng.random(ligands.mcsf.shape) < 0.2] = 0
    table = make_table(rng, Precursors, find_open(make_matrix(rng)), 80)
    deaths, _ = compare(lose_precursors, twins.lose_precursors, table, 75, ligands,
                        make_space(periodic), make_moment(seed), RATES)  # fmt: skip
    assert 20 < deaths < 75


@np.errstate(invalid="ignore")  # without chemotaxis infinity, of who has settled, meets zero
@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize(
    "change", [{}, {"motility": 0.0}, {"adhesion": 0.0}, {"motility": 1.0, "chemotaxis": 0.0}]
)
def test_walk(seed, periodic, change):
    rng = np.random.default_rng(seed)
    lattice, space = make_lattice(rng), make_space(periodic)
    scene = make_scene(lattice, space, settled=60)
    table = make_table(rng, Precursors, find_open(lattice.matrix), 60)
    rates = make_rates(PrecursorRates, **RATES._asdict() | change)
    settled, (after, *_) = compare(
        walk_precursors, twins.walk_precursors, table, 60, scene, make_ligands(rng), space,
        make_moment(seed), rates,
    )  # fmt: skip
    assert (settled > 3) == (rates.adhesion > 0)
    assert ((after.voxel != table.voxel).sum() > 3) == (rates.motility > 0)


@pytest.mark.parametrize(("seed", "periodic"), CASES)
@pytest.mark.parametrize("radius", [1.0, 2.5])
def test_push_out(seed, periodic, radius):
    rng = np.random.default_rng(seed)
    matrix = make_matrix(rng, bone=0.8)
    table = make_table(rng, Precursors, np.arange(matrix.size), 90)
    lost, (_, after, *_) = compare(push_out, twins.push_out, table.uid, table.voxel, 85, matrix,
                                   make_space(periodic), make_ball(radius))  # fmt: skip
    assert (after != table.voxel).sum() > 10
    assert lost > 0 or radius > 1
