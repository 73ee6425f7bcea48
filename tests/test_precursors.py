"""Precursors as a crowd: where many of them are in the end."""

import numpy as np
import pytest

from kernelworlds import make_lattice, make_ligands, make_rates, make_scene, make_table
from trabecula.base.layouts import Precursors
from trabecula.kernels.precursors import (
    PrecursorRates,
    lose_precursors,
    supply_precursors,
    walk_precursors,
)
from trabecula.kernels.space import Moment, Space


def test_walkers_gather_as_the_power_of_rankl_that_the_table_says():
    """Over slopes of 2 to 15 % a step, where rounding the chance of a hop up would make 1.5 to 1.4.

    Density is in equilibrium with c^chemotaxis: it is regressed on c over a periodic slab of 48 layers
    (the error of the slope, by the number of walkers, is 0.01).
    """
    rng, walkers, space = np.random.default_rng(4), 100_000, Space(48, 4, 4, 1, 20.0)
    down = np.cumsum(np.linspace(0.02, 0.16, 12))
    ramp = np.exp(-np.concatenate([[0.0], down[:-1], down[::-1]]))
    ligands = make_ligands(rng, (48, 4, 4))
    ligands.rankl_soluble[...] = ramp[:, None, None]
    lattice = make_lattice(rng, (48, 4, 4))
    lattice.matrix[...] = 0
    scene = make_scene(lattice, space, settled=walkers)
    table = make_table(rng, Precursors, np.arange(48 * 16), walkers)
    rates = make_rates(
        PrecursorRates, influx=0.0, motility=20_000.0, chemotaxis=1.5, adhesion=0.0, half=0.4,
        power=2.0, kd=6.0, death=0.0, mcsf_half=3.0, tnf_half=4.0, tnf_max=2.0, alarmin_half=5.0,
        alarmin_max=0.2,
    )  # fmt: skip
    for step in range(10):
        walk_precursors(table, walkers, scene, ligands, space, Moment(7, step, 0.0, 1.0), rates)
    layer = table.voxel[table.uid != 0] // 16 // 2
    density = np.bincount(layer, minlength=24)
    slope = np.polyfit(np.log(ramp), np.log(density), 1, w=np.sqrt(density))[0]
    assert slope == pytest.approx(1.5, abs=0.04)


@pytest.mark.parametrize("length", [0.25, 1.0, 4.0])
def test_their_number_is_influx_over_hazard_whatever_the_step(length):
    """Were newborn cells safe until the next step, there would be a fifth more at steps of four days."""
    rng, space = np.random.default_rng(5), Space(24, 24, 24, 1, 20.0)
    ligands = make_ligands(rng, (24, 24, 24))
    ligands.mcsf[...] = 3.0
    matrix = make_lattice(rng, (24, 24, 24)).matrix
    matrix[...] = 0
    rates = make_rates(
        PrecursorRates, influx=5e-6, motility=0.0, chemotaxis=0.0, adhesion=0.0, half=0.4, power=2.0,
        kd=6.0, death=0.05, mcsf_half=3.0, tnf_half=4.0, tnf_max=2.0, alarmin_half=5.0,
        alarmin_max=0.2,
    )  # fmt: skip
    table, count, numbers = make_table(rng, Precursors, np.arange(1), 0, spare=20_000), 0, []
    for step in range(round(240 / length)):
        moment = Moment(7, step, step * length, length)
        lose_precursors(table, count, ligands, space, moment, rates)
        alive = np.flatnonzero(table.uid[:count])
        for column in table:
            column[: len(alive)] = column[alive]
            column[len(alive) :] = 0
        count = supply_precursors(table, len(alive), matrix, ligands, space, moment, rates)
        if step * length > 60:
            numbers.append(count)
    expected = 5e-6 * 24**3 * 20.0**3 / 0.1
    assert np.mean(numbers) == pytest.approx(expected, rel=0.02)
