"""From parameters and signals to rates: each target moves its own rates, by its own factor."""

from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from trabecula.base.codes import FULL, Population, Sides, Target
from trabecula.cells.rates import (
    compute_face,
    compute_seam,
    count_places,
    make_lining_rates,
    make_osteoblast_rates,
    make_osteoclast_rates,
    make_osteocyte_rates,
    make_precursor_rates,
)
from trabecula.config import load_parameters
from trabecula.kernels.osteoclasts import fits, share_open
from trabecula.kernels.places import Choice
from trabecula.kernels.space import Space
from trabecula.state import Grid, Signals
from trabecula.state.signals import TARGETS

P = load_parameters()
GRID = Grid((8, 8, 8), 20.0, Sides.PERIODIC)
MOVES = {
    (Target.PRECURSOR_SUPPLY, Population.PRECURSOR): {"precursor.influx"},
    (Target.DIFFERENTIATION, Population.PRECURSOR): {"precursor.adhesion"},
    (Target.DEATH, Population.PRECURSOR): {"precursor.death"},
    (Target.DEATH, Population.OSTEOCLAST): {"osteoclast.death"},
    (Target.RESORPTION_ACTIVITY, Population.OSTEOCLAST): {"osteoclast.work"},
    (Target.RECRUITMENT, Population.OSTEOBLAST): {"osteoblast.recruitment"},
    (Target.SYNTHESIS, Population.OSTEOBLAST): {"osteoblast.speed"},
    (Target.GAIN, Population.OSTEOBLAST): {"osteoblast.gain"},
    (Target.DEATH, Population.OSTEOBLAST): {"osteoblast.death", "osteoblast.death_young"},
    (Target.DEATH, Population.OSTEOCYTE): {"osteocyte.death"},
    (Target.TRIGGER_RATE, Population.OSTEOCYTE): {"osteocyte.trigger"},
}


def make_all(
    signals: Signals, grid: Grid = GRID, table: Mapping[str, float] = P
) -> dict[str, float]:
    osteoblast = make_osteoblast_rates(table, signals, grid)
    rates = {
        "precursor": make_precursor_rates(table, signals),
        "osteoclast": make_osteoclast_rates(table, signals, grid),
        "osteoblast": osteoblast,
        "choice": osteoblast.choice,
        "osteocyte": make_osteocyte_rates(table, signals),
        "lining": make_lining_rates(table, grid),
    }
    return {
        f"{cell}.{name}": value
        for cell, found in rates.items()
        for name, value in found._asdict().items()
        if not isinstance(value, np.ndarray | Choice)
    }


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("population", Population)
def test_a_signal_multiplies_its_own_rates_and_no_other(
    target: Target, population: Population
) -> None:
    plain, signals = make_all(Signals()), Signals()
    signals.multiplier[TARGETS.index(target), population] = 3.0
    ratio = {key: value / plain[key] for key, value in make_all(signals).items() if plain[key]}
    moved = {key for key, value in ratio.items() if value != 1.0}
    assert moved == MOVES.get((target, population), set())
    assert all(ratio[key] == pytest.approx(3.0) for key in moved)


def test_at_rest_rates_are_those_of_the_table() -> None:
    rates = make_all(Signals())
    assert rates["precursor.influx"] * P["cells.precursor.life"] == pytest.approx(
        P["cells.precursor.density"] * 1e-9
    )
    assert rates["osteoclast.work"] == P["cells.osteoclast.work"]
    assert rates["osteoclast.death"] * P["cells.osteoclast.nucleus_life"] == pytest.approx(1.0)
    assert rates["osteoblast.death_young"] * P["cells.osteoblast.young_life"] == pytest.approx(1.0)
    assert rates["osteocyte.fading"] * P["cells.osteocyte.fading"] == pytest.approx(1.0)
    assert rates["osteocyte.thinning"] * P["cells.osteocyte.life"] == pytest.approx(1.0)
    assert rates["osteoblast.osteocytes"] == pytest.approx(P["cells.osteocyte.density"] * 1e-9)


@pytest.mark.parametrize(
    ("row", "rate"),
    [
        ("osteoclast.choice_exposed", "osteoclast.exposed"),
        ("osteoclast.choice_begun", "osteoclast.begun"),
        ("osteoclast.choice_signal", "osteoclast.signal"),
        ("osteoblast.choice_begun", "choice.begun"),
        ("osteoblast.choice_eroded", "choice.eroded"),
        ("osteoblast.choice_crowd", "choice.crowd"),
        ("osteoblast.choice_step", "choice.step"),
        ("osteoblast.pit_places", "osteoblast.pit_places"),
    ],
)
def test_a_weight_of_choice_is_its_row_and_no_other(row: str, rate: str) -> None:
    key = f"cells.{row}"
    plain = make_all(Signals())
    moved = make_all(Signals(), table=load_parameters({key: P[key] + 1.0}))
    assert plain[rate] == P[key]
    assert {name for name in plain if moved[name] != plain[name]} == {rate}
    assert moved[rate] == P[key] + 1.0


class Noting(Mapping[str, float]):
    """The table; notes which rows are read, and can have other values in some."""

    def __init__(self, **others: float) -> None:
        self.seen: set[str] = set()
        self._others = others

    def __getitem__(self, key: str) -> float:
        self.seen.add(key)
        return self._others.get(key, P[key])

    def __iter__(self) -> Iterator[str]:
        return iter(P.rows)

    def __len__(self) -> int:
        return len(P.rows)


def test_every_row_that_is_read_moves_a_rate_and_every_rate_is_moved_by_a_row() -> None:
    """More than doubled, since some count in whole voxels or cells; a border is a ball of voxels."""
    table = Noting()
    plain, moves = make_all(Signals(), table=table), {}
    assert len(table.seen) > 60
    for row in table.seen:
        moved = make_all(Signals(), table=Noting(**{row: 2.0 * P[row] + 1.0}))
        moves[row] = {rate for rate, value in moved.items() if value != plain[rate]}
    assert [row for row, rates in moves.items() if not rates] == ["cells.osteoclast.border"]
    assert set(plain) - set().union(*moves.values()) == set()


@pytest.mark.parametrize("voxel", [10.0, 20.0, 40.0])
def test_what_belongs_to_surface_or_volume_does_not_depend_on_the_voxel(voxel: float) -> None:
    grid = Grid((8, 8, 8), voxel, Sides.PERIODIC)
    rates, quanta = make_all(Signals(), grid), FULL / voxel**3
    assert rates["osteoblast.uptake"] == pytest.approx(P["cells.osteoblast.uptake"] * quanta)
    surface = 1.35 * voxel**2
    assert count_places(P, grid) == max(1, round(surface / P["cells.osteoblast.area"]))
    assert rates["osteoblast.area"] * rates["osteoblast.places"] == pytest.approx(surface)
    share = rates["osteoblast.area"] / P["cells.osteoblast.area"]
    assert rates["osteoblast.purse"] == pytest.approx(P["cells.osteoblast.purse"] * quanta * share)
    half = P["cells.osteoblast.bound_half"] * (voxel / 20.0) ** 2 * quanta
    assert rates["osteoblast.bound_half"] == pytest.approx(half)
    assert compute_face(grid) * voxel**3 / FULL == pytest.approx(surface)  # um^3 under 1 um
    assert compute_seam(P, grid) == int(P["lattice.osteoid.seam"] / voxel * FULL)
    assert abs(rates["osteoblast.crumb"] / quanta - P["cells.osteoblast.crumb"]) < 1 / quanta
    woken = rates["lining.waking"] / surface * P["cells.lining.area"]  # one cell to a voxel
    assert woken == pytest.approx(P["cells.lining.waking"])
    assert rates["osteoblast.crawl"] * voxel == pytest.approx(
        P["cells.osteoblast.crawl"] * P["cells.osteoblast.reach"]
    )


@pytest.mark.parametrize(("voxel", "reach"), [(8.0, 2), (10.0, 2), (20.0, 1), (25.0, 1), (50.0, 1)])
def test_the_reach_of_cells_is_one_length(voxel: float, reach: int) -> None:
    """In whole voxels, and at least to the next."""
    rates = make_all(Signals(), Grid((8, 8, 8), voxel, Sides.PERIODIC))
    assert rates["osteoblast.reach"] == rates["lining.reach"] == reach


@pytest.mark.parametrize(
    ("voxel", "stride", "look"),
    [
        (5.0, 4, 16.0),
        (8.0, 2, 6.25),
        (10.0, 2, 4.0),
        (15.0, 1, 3.0),
        (20.0, 1, 3.0),
        (25.0, 1, 3.0),
    ],
)
def test_what_an_osteoclast_looks_at_is_one_length(voxel: float, stride: int, look: float) -> None:
    """Squared, in voxels; and never less than the places around."""
    rates = make_all(Signals(), Grid((8, 8, 8), voxel, Sides.PERIODIC))
    assert rates["osteoclast.stride"] == stride
    assert rates["osteoclast.look"] == pytest.approx(look)


@pytest.mark.parametrize("voxel", [5.0, 10.0, 20.0, 25.0, 32.0, 40.0])
def test_flat_bone_can_be_attacked_on_any_voxel(voxel: float) -> None:
    """Coarse voxels show less open space around their middle; the room asked for shrinks with it.

    With 0.345, nearly all that flat bone shows on 20 um, coarse voxels could not be attacked otherwise.
    """
    asked = 0.345
    table = load_parameters({"cells.osteoclast.room": asked})
    edge = 2 * int(60 / voxel) + 4
    matrix = np.zeros((edge, edge, edge), np.uint16)
    matrix[: edge // 2] = FULL
    space = Space(edge, edge, edge, 0, voxel)
    rates = make_osteoclast_rates(table, Signals(), Grid(matrix.shape, voxel, Sides.PERIODIC))
    first = (edge // 2 - 1, edge // 2, edge // 2)
    share = share_open(matrix, space, rates.border, rates.ways, *first)
    assert fits(matrix, space, rates, *first)
    if share < 47 / 122:
        assert rates.room / share == pytest.approx(asked / (47 / 122))
        assert share < asked * 1.01, "could hardly be attacked without"
    else:
        assert rates.room == asked


@pytest.mark.parametrize("border", [20.0, 40.0, 60.0, 100.0])
def test_the_room_is_the_tables_on_the_voxels_it_was_tuned_on(border: float) -> None:
    """Whatever the border, and on finer voxels, too."""
    other = load_parameters({"cells.osteoclast.border": border})
    for voxel in (10.0, 20.0):
        grid = Grid((8, 8, 8), voxel, Sides.PERIODIC)
        assert make_osteoclast_rates(other, Signals(), grid).room == P["cells.osteoclast.room"]
